//! The one loop: step, then wait for the due time, the bell or stop.
//!
//! State is rows, so a step may fail or be repeated at any time. Tests call `step` by hand.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::bell::Bell;
use super::clock::{Clock, POLL};
use crate::domain::time::Timestamp;

/// Longest pause after repeated errors: short enough that a mended disk is noticed within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a step leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more: step again at once.
    Again,
    /// Nothing is due before this instant.
    At(Timestamp),
    /// Nothing is due until the bell rings.
    Bell,
    /// Come back at this instant and not earlier, however often the bell rings until then.
    NotBefore(Timestamp),
}

/// Something that takes work from a table, one step at a time.
pub trait Worker: Send {
    /// The worker's name in logs, metrics and `deskd status`.
    fn name(&self) -> &'static str;

    /// Does what is due at `now`. An error is logged once and the step retried later; nothing is lost by it.
    fn step(&mut self, now: Timestamp) -> impl Future<Output = anyhow::Result<Next>> + Send;
}

/// What others can see of a running worker.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Unix milliseconds at which the step under way began; 0 between steps.
    busy_since_ms: AtomicI64,
    /// Steps that failed since the last one that did not.
    failures: AtomicU64,
}

impl Pulse {
    /// How long the step under way has been running at `now`; zero between steps.
    pub fn busy_for(&self, now: Timestamp) -> Duration {
        match self.busy_since_ms.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => now.since(Timestamp(since)),
        }
    }

    /// Steps that failed in a row.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// When and on what a worker runs.
#[derive(Clone)]
pub struct Shift {
    /// Rings when there may be work.
    pub bell: Bell,
    /// Where `now` comes from.
    pub clock: Clock,
    /// Cancelled when the worker shall finish its step and end.
    pub stop: CancellationToken,
    /// What others can see of it.
    pub pulse: Arc<Pulse>,
}

/// Runs a worker until stop. A step under way is always finished.
pub async fn run<W: Worker>(mut worker: W, shift: Shift) {
    while !shift.stop.is_cancelled() {
        let now = shift.clock.now();
        shift.pulse.busy_since_ms.store(now.0, Ordering::Relaxed);
        let outcome = worker.step(now).await;
        shift.pulse.busy_since_ms.store(0, Ordering::Relaxed);
        let next = settle(outcome, worker.name(), &shift);
        let (due, listens) = match next {
            Next::Again => continue,
            Next::At(at) => (at.min(shift.clock.now().plus(POLL)), true),
            Next::Bell => (shift.clock.now().plus(POLL), true),
            // The bell keeps a ring that nobody heard.
            Next::NotBefore(at) => (at, false),
        };
        tokio::select! {
            () = shift.stop.cancelled() => {}
            () = shift.bell.heard(), if listens => {}
            () = shift.clock.sleep_until(due) => {}
        }
    }
}

fn settle(outcome: anyhow::Result<Next>, name: &'static str, shift: &Shift) -> Next {
    match outcome {
        Ok(next) => {
            let failed = shift.pulse.failures.swap(0, Ordering::Relaxed);
            if failed > 0 {
                info!(worker = name, "Worker {name} works again after {failed} failed steps");
            }
            next
        }
        Err(problem) => {
            let failed = shift.pulse.failures.fetch_add(1, Ordering::Relaxed);
            // Logged once per outage: the disk stays full for many steps.
            if failed == 0 {
                error!(worker = name, "Worker {name} cannot do its step and will retry: {problem:#}");
            }
            // A ringing bell must not turn the pauses of a failing worker into a hot loop.
            Next::NotBefore(shift.clock.now().plus(pause(failed)))
        }
    }
}

fn pause(failed_before: u64) -> Duration {
    Duration::from_secs(1 << failed_before.min(6)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::{Bell, Clock, Next, Pulse, Shift, Timestamp, Worker, run};

    struct Failing(Arc<AtomicU32>);

    impl Worker for Failing {
        fn name(&self) -> &'static str {
            "failing"
        }

        async fn step(&mut self, _now: Timestamp) -> anyhow::Result<Next> {
            self.0.fetch_add(1, Ordering::Relaxed);
            anyhow::bail!("the disk is full")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_worker_pauses_longer_and_longer_even_while_its_bell_rings() {
        let steps = Arc::new(AtomicU32::new(0));
        let shift = Shift {
            bell: Bell::new(),
            clock: Clock::starting_at(Timestamp(0)),
            stop: CancellationToken::new(),
            pulse: Arc::new(Pulse::default()),
        };
        let (bell, stop, pulse) = (shift.bell.clone(), shift.stop.clone(), shift.pulse.clone());
        let running = tokio::spawn(run(Failing(steps.clone()), shift));
        for _ in 0..30 {
            bell.ring();
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
        // Steps at 0, 1, 3, 7 and 15 s; the next would be at 31 s.
        assert_eq!(steps.load(Ordering::Relaxed), 5);
        assert_eq!(pulse.failures(), 5);
        stop.cancel();
        running.await.unwrap();
    }
}
