//! The simulator's own clock: a wall-clock time given at start plus elapsed tokio time.
//!
//! It deliberately never asks the machine for the time of day, so that under tokio's paused clock
//! a whole simulated day passes in milliseconds and every `ts` is reproducible.

use tokio::time::Instant;

/// A clock that starts at a given Unix time and then follows tokio's time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch_ms: i64,
    started: Instant,
}

impl Clock {
    /// Starts the clock at `epoch_ms` (Unix milliseconds). Call it inside a tokio runtime.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator stands outside deskd and keeps its own time"
    )]
    pub fn start(epoch_ms: i64) -> Self {
        Self { epoch_ms, started: Instant::now() }
    }

    /// Unix time in microseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator stands outside deskd and keeps its own time"
    )]
    pub fn now_us(&self) -> i64 {
        let elapsed = Instant::now().saturating_duration_since(self.started);
        self.epoch_ms * 1000 + i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX / 2)
    }

    /// Unix time in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.now_us() / 1000
    }
}
