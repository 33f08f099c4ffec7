//! A timer of the system's finest grain. The runtime's own ticks once a millisecond, which at a thousand requests per second
//! is the whole distance between two of them.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd, RawFd},
    time::Duration,
};

use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};
use tokio::io::{Interest, unix::AsyncFd};

use crate::clock::{self, Instant};

/// A timer for one sleeper.
pub struct Timer(AsyncFd<Descriptor>);

struct Descriptor(TimerFd);

impl Timer {
    /// A timer; must be made within a runtime.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        #[allow(
            deprecated,
            reason = "its successor is unsafe; the descriptor is owned by what it registers"
        )]
        let registered = AsyncFd::with_interest(Descriptor(timer), Interest::READABLE)?;
        Ok(Self(registered))
    }

    /// Sleeps until a time, or a little less: what is due within ten microseconds is due now.
    pub async fn until(&self, at: Instant) -> io::Result<()> {
        loop {
            let left = at.saturating_duration_since(clock::now());
            if left < SLACK {
                return Ok(());
            }
            // Long sleeps are cut in pieces, so that a run that is stopped wakes up.
            let piece = TimeSpec::from_duration(left.min(PIECE));
            let flags = TimerSetTimeFlags::empty();
            self.0.get_ref().0.set(Expiration::OneShot(piece), flags)?;
            // Setting it again takes the last expiry back, so there is nothing to be read.
            self.0.readable().await?.clear_ready();
            if left > PIECE {
                return Ok(());
            }
        }
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

const SLACK: Duration = Duration::from_micros(10);
const PIECE: Duration = Duration::from_millis(200);
