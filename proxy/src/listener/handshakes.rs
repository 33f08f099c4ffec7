//! TLS handshakes under way, and which of them gives way when they are too many.
//!
//! The oldest does: an honest handshake takes a few round trips, and whatever has taken longer than all others is most likely a
//! client that holds its place for nothing. Turning the newest away instead would let some hundred silent connections lock
//! everybody out for `timeouts.handshake`.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Handshakes of a listener.
#[derive(Debug, Default)]
pub struct Handshakes(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    next: u64,
    /// By the order in which they began.
    all: BTreeMap<u64, Arc<Notify>>,
}

/// A handshake under way; over when dropped.
#[derive(Debug)]
pub struct Handshake<'a> {
    among: &'a Handshakes,
    number: u64,
    displaced: Arc<Notify>,
}

impl Handshakes {
    /// Begins a handshake, in the place of the oldest if `max` are under way.
    pub fn begin(&self, max: usize) -> Handshake<'_> {
        let mut begun = self.0.lock();
        while begun.all.len() >= max.max(1) {
            let Some((_, oldest)) = begun.all.pop_first() else { break };
            oldest.notify_one();
        }
        let (number, displaced) = (begun.next, Arc::new(Notify::new()));
        begun.next += 1;
        begun.all.insert(number, Arc::clone(&displaced));
        Handshake { among: self, number, displaced }
    }
}

impl Handshake<'_> {
    /// Waits until a newer one takes its place.
    pub async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for Handshake<'_> {
    fn drop(&mut self) {
        self.among.0.lock().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_oldest_gives_way() {
        let handshakes = Handshakes::default();
        let gives_way = |one: &Handshake<'_>| one.displaced().now_or_never().is_some();
        let (first, second) = (handshakes.begin(3), handshakes.begin(3));
        let third = handshakes.begin(3);
        drop(second);
        let fourth = handshakes.begin(3);
        assert!(!gives_way(&first));
        let fifth = handshakes.begin(3);
        assert!(gives_way(&first));
        drop(first);
        assert!(![&third, &fourth, &fifth].into_iter().any(gives_way));
        // A reload may lower the number.
        let sixth = handshakes.begin(1);
        assert!([&third, &fourth, &fifth].into_iter().all(gives_way) && !gives_way(&sixth));
        drop((third, fourth, fifth, sixth));
        assert!(handshakes.0.lock().all.is_empty());
    }
}
