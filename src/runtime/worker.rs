//! The one loop: step, then wait for the due time, the bell or stop.
//!
//! State is rows, so a step may fail or be repeated at any time. Tests call `step` by hand.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::bell::Bell;
use super::clock::{Clock, POLL, Steady};
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

/// What comes first of what several things leave to do that one worker looks after in turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Soonest {
    due: Option<Timestamp>,
    wait: Option<Timestamp>,
}

impl Soonest {
    /// One is due then.
    pub fn due(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// One is not to be looked at before then, whoever rings.
    pub fn wait(&mut self, until: Timestamp) {
        self.wait = Some(self.wait.map_or(until, |wait| wait.min(until)));
    }

    /// All of it as one: where everything waits, so does the worker.
    pub fn next(self) -> Next {
        match (self.due, self.wait) {
            (Some(due), wait) => Next::At(wait.map_or(due, |wait| wait.min(due))),
            (None, Some(wait)) => Next::NotBefore(wait),
            (None, None) => Next::Bell,
        }
    }
}

/// Something that takes work from a table, one step at a time.
pub trait Worker: Send {
    /// The worker's name in logs, metrics and `deskd status`.
    fn name(&self) -> &'static str;

    /// Does what is due at `now`. An error is logged once and the step retried later; nothing is lost by it.
    fn step(&mut self, now: Timestamp) -> impl Future<Output = anyhow::Result<Next>> + Send;

    /// How long an honest step takes at most. A longer one counts as stuck, and the watchdog is no longer fed.
    fn longest_step(&self) -> Duration {
        LONGEST_STEP
    }
}

/// How long a step may take unless the worker says otherwise: every single call has a timeout well below.
pub const LONGEST_STEP: Duration = Duration::from_secs(120);

/// How late a worker may begin a step that is due: the runtime is busy for moments, not for a minute.
pub const LATEST_START: Duration = Duration::from_secs(60);

/// What others can see of a running worker.
#[derive(Debug)]
pub struct Pulse {
    steady: Steady,
    longest_step: Duration,
    /// When the step under way began, by `steady`; 0 between steps.
    busy_since_ms: AtomicU64,
    /// When the next step begins at the latest, by `steady`; 0 during a step and before the first one.
    due_ms: AtomicU64,
    /// When the last step ended, by `steady`; 0 before the first one.
    ended_ms: AtomicU64,
    /// Steps that failed since the last one that did not.
    failures: AtomicU64,
    /// When the first of them ended, by `steady`; 0 when the last step did not fail.
    failing_ms: AtomicU64,
    steps: AtomicU64,
    failed: AtomicU64,
}

impl Pulse {
    /// The pulse of a worker whose steps take at most `longest_step`.
    pub fn new(longest_step: Duration) -> Pulse {
        let zero = || AtomicU64::new(0);
        let steady = Steady::start();
        // A task that is never polled is late, too.
        let due_ms = AtomicU64::new(steady.elapsed_ms());
        let (busy_since_ms, ended_ms, failures, failing_ms) = (zero(), zero(), zero(), zero());
        let (steps, failed) = (zero(), zero());
        Pulse { steady, longest_step, busy_since_ms, due_ms, ended_ms, failures, failing_ms, steps, failed }
    }

    /// For how long the worker has been stuck: in a step that takes longer than any honest one, or due and not begun.
    /// `None` while it is well; counted from when the step began or should have begun.
    pub fn stuck_for(&self) -> Option<Duration> {
        let past = |at: &AtomicU64| match at.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            at => Duration::from_millis(self.steady.elapsed_ms().saturating_sub(at)),
        };
        let (busy, late) = (past(&self.busy_since_ms), past(&self.due_ms));
        let busy = Some(busy).filter(|busy| *busy > self.longest_step);
        busy.or(Some(late).filter(|late| *late > LATEST_START))
    }

    /// Steps that failed in a row.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// For how long every step has failed; `None` when the last one did not.
    pub fn failing_for(&self) -> Option<Duration> {
        let since = self.failing_ms.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_millis(self.steady.elapsed_ms().saturating_sub(since)))
    }

    /// Steps since the start, and those of them that failed.
    pub fn steps(&self) -> (u64, u64) {
        (self.steps.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    /// How long ago the last step ended; `None` before the first one has.
    pub fn last_step(&self) -> Option<Duration> {
        let ended = self.ended_ms.load(Ordering::Relaxed);
        (ended > 0).then(|| Duration::from_millis(self.steady.elapsed_ms().saturating_sub(ended)))
    }

    fn begin(&self) {
        self.due_ms.store(0, Ordering::Relaxed);
        self.busy_since_ms.store(self.steady.elapsed_ms(), Ordering::Relaxed);
    }

    fn end(&self, failed: bool) {
        self.busy_since_ms.store(0, Ordering::Relaxed);
        self.ended_ms.store(self.steady.elapsed_ms(), Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        let now = if failed { self.steady.elapsed_ms() } else { 0 };
        if !failed || self.failing_ms.load(Ordering::Relaxed) == 0 {
            self.failing_ms.store(now, Ordering::Relaxed);
        }
    }

    fn due_in(&self, wait: Duration) {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.due_ms.store(self.steady.elapsed_ms().saturating_add(wait), Ordering::Relaxed);
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
        shift.pulse.begin();
        let outcome = worker.step(now).await;
        shift.pulse.end(outcome.is_err());
        let next = settle(outcome, worker.name(), &shift);
        let (due, listens) = match next {
            Next::Again => continue,
            Next::At(at) => (at.min(shift.clock.now().plus(POLL)), true),
            Next::Bell => (shift.clock.now().plus(POLL), true),
            // The bell keeps a ring that nobody heard.
            Next::NotBefore(at) => (at, false),
        };
        shift.pulse.due_in(due.since(shift.clock.now()));
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

    use super::{Bell, Clock, LONGEST_STEP, Next, Pulse, Shift, Timestamp, Worker, run};

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
            pulse: Arc::new(Pulse::new(LONGEST_STEP)),
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
