//! How long an endpoint keeps an idle connection, learned from what it says and does, so that ours are closed first.
//!
//! A request that meets the endpoint's FIN on the way is lost or must be sent again (field notes, "stale keep-alive race").
//! Two sources: the `timeout` parameter of its Keep-Alive field, and the age at which it closed idle connections of ours.

use std::time::Duration;

use crate::clock::Instant;

/// What was learned about one endpoint.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    said: Option<Duration>,
    seen: Option<(Duration, Instant)>,
    /// Seen once: a restart closes connections of any age, so one closing proves nothing.
    suspected: Option<Duration>,
}

impl Learned {
    /// The endpoint said in a Keep-Alive field how long it keeps connections.
    pub fn say(&mut self, timeout: Duration) {
        self.said = Some(timeout);
    }

    /// The endpoint closed a connection that had been idle for `alive` when it was last seen open and for `dead` when it was
    /// found closed.
    pub fn see_close(&mut self, alive: Duration, dead: Duration, now: Instant) {
        let age = if alive > Duration::ZERO { alive } else { dead / 2 };
        if age < AGE_MIN {
            return;
        }
        let agrees = |other: &Duration| age.abs_diff(*other) <= TOLERANCE.max(*other / 5);
        let known = self.seen.map(|(age, _)| age);
        match self.suspected.take().filter(agrees).or(known.filter(agrees)) {
            Some(witness) => self.seen = Some((age.min(witness), now)),
            None => self.suspected = Some(age),
        }
    }

    /// The longest that a connection to this endpoint should be idle, where something is known. What was seen is forgotten
    /// after ten minutes: the endpoint may have been configured anew.
    pub fn limit(&self, now: Instant) -> Option<Duration> {
        let seen = self.seen.filter(|(_, at)| now < *at + MEMORY).map(|(age, _)| age);
        let shortest = match (self.said, seen) {
            (Some(said), Some(seen)) => Some(said.min(seen)),
            (said, seen) => said.or(seen),
        };
        shortest.map(undercut)
    }
}

/// The `timeout` parameter of a Keep-Alive field (RFC 2068, 19.7.1), in seconds.
pub fn parse(field: &[u8]) -> Option<Duration> {
    let field = std::str::from_utf8(field).ok()?;
    let (_, value) = field
        .split(',')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    let seconds: u32 = value.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

/// Below what the endpoint does: a tenth, at least a second for the way there and back, but half of what is short.
fn undercut(timeout: Duration) -> Duration {
    let margin = (timeout / 10).max(Duration::from_secs(1));
    timeout.saturating_sub(margin).max(timeout / 2)
}

const AGE_MIN: Duration = Duration::from_millis(50);
const TOLERANCE: Duration = Duration::from_millis(1_500);
const MEMORY: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn keep_alive_field_is_read() {
        assert_eq!(parse(b"timeout=5"), Some(S(5)));
        assert_eq!(parse(b"max=100, Timeout = 15"), Some(S(15)));
        assert_eq!(parse(b"timeout=\"7\""), Some(S(7)));
        for none in
            [&b"max=100"[..], b"timeout=-1", b"timeout=x", b"", b"timeout=99999999999", b"\xff"]
        {
            assert_eq!(parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn what_is_said_is_undercut() {
        let mut learned = Learned::default();
        assert_eq!(learned.limit(clock::now()), None);
        learned.say(S(5));
        assert_eq!(learned.limit(clock::now()), Some(S(4)));
        learned.say(S(60));
        assert_eq!(learned.limit(clock::now()), Some(S(54)));
    }

    #[test]
    fn one_closing_proves_nothing_two_do() {
        let now = clock::now();
        let mut learned = Learned::default();
        learned.see_close(S(20), S(21), now);
        assert_eq!(learned.limit(now), None);
        learned.see_close(S(4), S(5), now);
        assert_eq!(learned.limit(now), None, "ages that differ are a restart");
        learned.see_close(S(5), S(6), now);
        assert_eq!(learned.limit(now), Some(S(3)));
    }

    #[test]
    fn what_was_seen_shrinks_on_two_witnesses_and_is_forgotten() {
        let now = clock::now();
        let mut learned = Learned::default();
        learned.see_close(S(30), S(31), now);
        learned.see_close(S(30), S(31), now);
        assert_eq!(learned.limit(now), Some(S(27)));
        learned.see_close(S(5), S(6), now);
        assert_eq!(learned.limit(now), Some(S(27)));
        learned.see_close(S(5), S(6), now);
        assert_eq!(learned.limit(now), Some(S(4)));
        assert_eq!(learned.limit(now + S(601)), None);
    }

    proptest! {
        #[test]
        fn ours_is_always_shorter(ms in 1u64..10_000_000) {
            let timeout = Duration::from_millis(ms);
            prop_assert!(undercut(timeout) < timeout);
        }

        #[test]
        fn any_field_parses_without_panic(field: Vec<u8>) {
            let _ = parse(&field);
        }
    }
}
