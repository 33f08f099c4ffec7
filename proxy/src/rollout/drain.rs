//! Draining a colour that has lost its share: what it has under way ends, and nothing is kept open for more.
//!
//! A client's connection belongs to no colour, so clients are told nothing: their next request goes where the split says. What
//! ends are the connections to the colour's endpoints. Idle ones close at once; those in use with their exchange, whose request
//! says so (`Connection: close`); HTTP/2 connections with their last stream (GOAWAY). A tunnel lives until the deadline and is
//! cut then: its bytes are not ours to put a close frame between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::watch, time::sleep_until};

use super::outcomes::Outcomes;
use crate::{
    clock::{self, Instant},
    config::Colour,
    upstream::Cluster,
};

/// Drains of both colours.
#[derive(Debug)]
pub struct Drains {
    deadlines: watch::Sender<Deadlines>,
    cut: [AtomicU64; 2],
}

/// When the drain of each colour ends, where there is one.
pub type Deadlines = [Option<Instant>; 2];

/// A countdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The colour.
    pub colour: Colour,
    /// Until what is left of its tunnels is cut.
    pub left: Duration,
    /// Its requests under way, tunnels included.
    pub in_flight: u64,
    /// Its tunnels.
    pub tunnels: u64,
    /// Tunnels that were cut.
    pub cut: u64,
}

impl Drains {
    /// None yet.
    pub fn new() -> Self {
        Self { deadlines: watch::Sender::new([None; 2]), cut: Default::default() }
    }

    /// Begins to drain a colour. Its cluster keeps no connections until the deadline, or until the drain is called off.
    pub fn begin(&self, colour: Colour, until: Instant, cluster: &Arc<Cluster>) {
        self.cut[colour as usize].store(0, Relaxed);
        self.deadlines.send_modify(|deadlines| deadlines[colour as usize] = Some(until));
        cluster.wind_down();
        let (mut deadlines, cluster) = (self.deadlines.subscribe(), Arc::clone(cluster));
        tokio::spawn(async move {
            let called_off = deadlines.wait_for(|now| now[colour as usize] != Some(until));
            tokio::select! {
                _ = called_off => {}
                () = sleep_until(until) => {}
            }
            let now = *deadlines.borrow();
            if now[colour as usize].is_none_or(|until| until <= clock::now()) {
                cluster.wind_up();
            }
        });
    }

    /// Calls a drain off: the colour is to serve again.
    pub fn call_off(&self, colour: Colour) {
        self.deadlines.send_if_modified(|deadlines| deadlines[colour as usize].take().is_some());
    }

    /// The countdown of a colour, as long as it is being drained.
    pub fn status(&self, colour: Colour, outcomes: &Outcomes, now: Instant) -> Option<Status> {
        let until = self.deadlines.borrow()[colour as usize]?;
        Some(Status {
            colour,
            left: until.saturating_duration_since(now),
            in_flight: outcomes.in_flight(colour),
            tunnels: outcomes.tunnels(colour),
            cut: self.cut[colour as usize].load(Relaxed),
        })
    }

    /// What a tunnel watches.
    pub fn deadlines(&self) -> watch::Receiver<Deadlines> {
        self.deadlines.subscribe()
    }

    /// Counts a tunnel that was cut.
    pub fn count_cut(&self, colour: Colour) {
        self.cut[colour as usize].fetch_add(1, Relaxed);
    }
}

impl Default for Drains {
    fn default() -> Self {
        Self::new()
    }
}

/// Ends when the drain of `colour` does by its deadline; never, if nobody can drain it any more.
pub async fn deadline(deadlines: &mut watch::Receiver<Deadlines>, colour: Colour) {
    loop {
        let until = deadlines.borrow_and_update()[colour as usize];
        let gone = match until {
            None => deadlines.changed().await.is_err(),
            Some(until) => tokio::select! {
                () = sleep_until(until) => return,
                changed = deadlines.changed() => changed.is_err(),
            },
        };
        if gone {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_ends_with_the_deadline_of_its_own_colour() {
        let drains = Drains::new();
        let metrics = crate::observe::metrics::Metrics::new(1);
        let config = crate::config::Cluster::default();
        let cluster = Cluster::compile("app", &config, None, &metrics).unwrap();
        let mut deadlines = drains.deadlines();
        let begun = clock::now();
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(60));
        drains.begin(Colour::Green, begun + short, &cluster);
        drains.begin(Colour::Blue, begun + long, &cluster);
        deadline(&mut deadlines, Colour::Blue).await;
        assert_eq!(clock::now() - begun, long);
    }

    #[tokio::test(start_paused = true)]
    async fn the_countdown_is_visible_and_can_be_called_off() {
        let drains = Drains::new();
        let outcomes = Outcomes::new(1);
        let class = outcomes.class("web");
        class.in_flight(0, Colour::Green, 2);
        class.tunnels(0, Colour::Green, 1);
        let metrics = crate::observe::metrics::Metrics::new(1);
        let config = crate::config::Cluster::default();
        let cluster = Cluster::compile("app", &config, None, &metrics).unwrap();
        let now = clock::now();
        assert_eq!(drains.status(Colour::Green, &outcomes, now), None);
        drains.begin(Colour::Green, now + Duration::from_secs(60), &cluster);
        let status = drains.status(Colour::Green, &outcomes, now + Duration::from_secs(20));
        let expected = Status {
            colour: Colour::Green,
            left: Duration::from_secs(40),
            in_flight: 2,
            tunnels: 1,
            cut: 0,
        };
        assert_eq!(status, Some(expected));
        assert!(cluster.is_winding_down());
        drains.call_off(Colour::Green);
        assert_eq!(drains.status(Colour::Green, &outcomes, now), None);
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(!cluster.is_winding_down());
    }
}
