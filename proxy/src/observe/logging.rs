//! The process log: to standard error, in text or JSON, at a level that a reload can change.

use std::sync::OnceLock;

use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt as _, reload::Handle, util::SubscriberInitExt as _,
};

use crate::config::{LogFormat, LogLevel};

static FILTER: OnceLock<Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts the process log. `RUST_LOG` goes before the configured level, now and after every reload.
pub fn start(format: LogFormat) {
    let (filter, handle) = tracing_subscriber::reload::Layer::new(filter(LogLevel::Info));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second start, as in tests, keeps the first.
    let started = match format {
        LogFormat::Text => registry.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
    if started.is_ok() {
        let _ = FILTER.set(handle);
    }
}

/// Changes the level.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = FILTER.get() {
        // It fails only when the log has ended.
        let _ = handle.reload(filter(level));
    }
}

fn filter(level: LogLevel) -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(match level {
            LogLevel::Error => "error",
            // The `h2` crate warns of single frames: a client must not be able to fill the log.
            LogLevel::Warn => "warn,h2=error",
            LogLevel::Info => "info,h2=error",
            // The protocol crates at this level write several lines per frame.
            LogLevel::Debug => "info,h2=error,foxtrot=debug",
        })
    })
}
