//! What the control thread has the event log say.

use foxtrot_api::{Cause, EventKind, LocatedError};
use serde_json::json;

use super::Control;

/// Errors of a configuration that one event names.
const ERRORS_MAX: usize = 10;

impl Control {
    pub(super) fn say_started(&self) {
        let fields = [
            ("version", json!(env!("CARGO_PKG_VERSION"))),
            ("pid", json!(std::process::id())),
            ("generation", json!(self.snapshot().generation)),
            ("config_hash", json!(self.config_hash())),
        ];
        self.events.record(EventKind::Start, None, fields);
    }

    pub(super) fn say_stopped(&self) {
        self.events.record(EventKind::Stop, None, [("pid", json!(std::process::id()))]);
    }

    pub(super) fn say_reload(
        &self,
        result: &str,
        cause: Cause,
        generation: u64,
        errors: &[LocatedError],
    ) {
        let error = |error: &LocatedError| json!({"path": error.path, "error": error.message});
        let told: Vec<_> = errors.iter().take(ERRORS_MAX).map(error).collect();
        let fields = [
            ("result", json!(result)),
            ("cause", json!(cause.to_string())),
            ("generation", json!(generation)),
            ("config_hash", json!(self.config_hash())),
            ("errors", if told.is_empty() { json!(null) } else { json!(told) }),
        ];
        self.events.record(EventKind::Reload, None, fields);
    }

    /// A block was put on a list (`added`), taken off (`removed`), or its time is over (`ended`).
    pub fn say_list(&self, change: &str, list: &str, block: &str, reason: Option<&str>) {
        let fields = [
            ("change", json!(change)),
            ("list", json!(list)),
            ("block", json!(block)),
            ("reason", json!(reason)),
        ];
        self.events.record(EventKind::List, None, fields);
    }

    fn config_hash(&self) -> Option<String> {
        self.with_history(|history| history.latest().map(|entry| entry.facts.hash.clone()))
    }
}
