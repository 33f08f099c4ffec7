//! Puts a compiled configuration in the place of the one before it. Nothing here can fail.

use std::sync::Arc;

use foxtrot_api::{Cause, ReloadOutcome, ReloadResult};
use tracing::info;

use super::{
    super::{Snapshot, plan::Plan, read::Read, state::last},
    Control,
};
use crate::{clock, drain::drain, listener::ListenerState, rollout, upstream, worker::Held};

impl Control {
    pub(super) fn put_in_force(
        &self,
        before: &Arc<Snapshot>,
        snapshot: Arc<Snapshot>,
        plan: Plan,
        read: &Read,
        cause: Cause,
    ) -> ReloadResult {
        let generation = snapshot.generation;
        // First, so that no request of a listener that goes meets a snapshot without it.
        let gone = retire(before, &plan);
        if let Some(workers) = &*self.workers.lock() {
            workers.publish(&snapshot);
        }
        self.rollouts.adopt(&snapshot.rollouts, rollout::drive::Cause::Reload);
        upstream::replaced(&before.clusters, &snapshot.clusters);
        self.listen(plan);
        self.end(gone, before);
        // Those who watch have ended only if the process has.
        self.clusters.send_replace(snapshot.clusters.clone());
        self.announce(&snapshot);
        self.count("applied");
        {
            let mut state = self.state.lock();
            let old = std::mem::replace(&mut state.current, snapshot);
            state.retired.push(old);
            state.hash = read.loaded.hash;
            state.named = read.named.clone();
            state.heard(read);
            state.history.push(
                generation,
                clock::since_epoch(),
                cause,
                read.loaded.text.as_str().into(),
            );
            state.last = last(ReloadOutcome::Applied, cause, Vec::new());
        }
        self.look_at_files();
        info!(generation, %cause, "configuration applied");
        self.say_reload("applied", cause, generation, &[]);
        ReloadResult { result: ReloadOutcome::Applied, generation, errors: Vec::new() }
    }

    /// Listeners that are gone end in order.
    fn end(&self, gone: Vec<Arc<ListenerState>>, before: &Snapshot) {
        if gone.is_empty() {
            return;
        }
        self.state.lock().draining.extend(gone.iter().cloned());
        tokio::spawn(drain(gone, before.config.drain.deadline.0));
    }

    pub(super) fn listen(&self, plan: Plan) {
        if let Some(workers) = &*self.workers.lock() {
            for (state, sockets) in plan.sockets {
                info!(listener = %state.name, address = %state.address, "listening");
                workers.listen(&state, sockets);
            }
        }
    }

    /// Tells those who are not workers.
    pub(super) fn announce(&self, snapshot: &Snapshot) {
        crate::observe::logging::set_level(snapshot.config.log.level);
        snapshot.limits.start();
        self.token.set(snapshot.admin_token.clone());
        self.overload.turn_to(&snapshot.overload);
        self.posture.turn_to(snapshot.waf.posture(), &self.metrics);
        self.metrics.config_generation().set(snapshot.generation as f64);
    }
}

/// The listeners that `plan` does not keep. What is on its way to them is served as they were.
fn retire(before: &Arc<Snapshot>, plan: &Plan) -> Vec<Arc<ListenerState>> {
    let states = before.listeners.iter().map(|listener| &listener.state);
    let kept =
        |state: &&Arc<ListenerState>| plan.states.values().any(|kept| Arc::ptr_eq(kept, state));
    let gone: Vec<_> = states.filter(|state| !kept(state)).cloned().collect();
    let held = Arc::new(Held::new(Arc::clone(before)));
    for state in &gone {
        state.retire(Arc::clone(&held));
    }
    gone
}
