//! The only place that reads a clock. Everything else is given `now`.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::{Now, Timestamp};

/// Where `now` comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's wall clock.
    Wall,
    /// A start instant plus the time that tokio says has passed: virtual time when tokio's clock is paused.
    Since {
        /// What the clock showed at the start.
        epoch: Timestamp,
        /// When it was started.
        started: tokio::time::Instant,
    },
}

impl Clock {
    /// A clock that shows `epoch` now and runs with tokio's time.
    pub fn starting_at(epoch: Timestamp) -> Clock {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let started = tokio::time::Instant::now();
        Clock::Since { epoch, started }
    }

    /// The instant this clock shows.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::Wall => {
                #[expect(clippy::disallowed_methods, reason = "this is the clock")]
                let now = jiff::Timestamp::now();
                Timestamp(now.as_millisecond())
            }
            Clock::Since { epoch, started } => epoch.plus(started.elapsed()),
        }
    }

    /// Waits until this clock shows `at`.
    pub async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now())).await;
    }

    /// The clock as a plain function, for loops that cannot take `now` as an argument.
    pub fn reader(self) -> Now {
        Arc::new(move || self.now())
    }
}

/// Counts time that the machine was awake, whatever somebody does to its clock: a sleep or a corrected clock must not make a
/// healthy worker look stuck.
#[derive(Clone, Copy, Debug)]
pub struct Steady(tokio::time::Instant);

impl Steady {
    /// Begins to count.
    pub fn start() -> Steady {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let started = tokio::time::Instant::now();
        Steady(started)
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// The same in milliseconds, 1 at least.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

/// How often a worker looks at its table although no bell rang: a bell may be lost, a row is not.
pub const POLL: Duration = Duration::from_secs(30);
