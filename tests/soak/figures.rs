//! What is measured meanwhile, and the line that tells of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskd::runtime::clock::Clock;
use deskd::simulator::{AckTime, Simulator};
use tokio::time::sleep;

use super::desk::Desk;
use super::faults::Mischief;
use super::proof::Proof;
use super::talk::Talk;

/// How long after a fault times are not counted as calm.
const AFTERMATH_MS: i64 = 5_000;

/// Counters that begin anew with each process, added up over all of them.
const COUNTERS: [&str; 2] = ["deskd_socket_reconnects_total", "deskd_events_repeated_total"];

/// Looks at the process once a second.
pub struct Sampler {
    pid: Arc<AtomicU32>,
    talk: Talk,
    peak_kib: AtomicU64,
    counted: Mutex<BTreeMap<&'static str, (u32, u64, u64)>>,
    /// Spans in which something was wrong, in Unix milliseconds.
    faults: Mutex<Vec<i64>>,
}

/// What the line tells beside what was sampled.
pub struct Told<'a> {
    /// The seed.
    pub seed: u64,
    /// For how long there were faults.
    pub minutes: f64,
    /// What the comparison found.
    pub proof: &'a Proof,
    /// What went wrong.
    pub mischief: &'a Mischief,
    /// Envelopes never acknowledged.
    pub unacked: usize,
}

impl Sampler {
    /// Looks at this desk.
    pub fn new(desk: &Desk) -> Sampler {
        Sampler {
            pid: desk.pid(),
            talk: Talk::new(desk),
            peak_kib: AtomicU64::new(0),
            counted: Mutex::default(),
            faults: Mutex::default(),
        }
    }

    /// Looks again and again.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.look().await;
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Looks once.
    pub async fn look(&self) {
        self.look_at_memory();
        let pid = self.pid.load(Ordering::Relaxed);
        let Ok(metrics) = self.talk.text("/metrics").await else { return };
        if pid == 0 || pid != self.pid.load(Ordering::Relaxed) {
            return;
        }
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for name in COUNTERS {
            let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
            let entry = counted.entry(name).or_insert((pid, 0, 0));
            if entry.0 != pid {
                *entry = (pid, 0, entry.2 + entry.1);
            }
            entry.1 = value.map_or(entry.1, |value| value as u64);
        }
    }

    /// The most memory the process has had.
    pub fn look_at_memory(&self) {
        let pid = self.pid.load(Ordering::Relaxed);
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return };
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        self.peak_kib.fetch_max(peak.unwrap_or(0), Ordering::Relaxed);
    }

    /// MiB at most.
    pub fn peak_mib(&self) -> u64 {
        self.peak_kib.load(Ordering::Relaxed).div_ceil(1024)
    }

    /// Notes that something is wrong at this moment.
    pub fn fault_now(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(Clock::Wall.now().0);
    }

    /// The line of figures.
    pub fn line(&self, told: &Told<'_>, slack: &Simulator) -> String {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |name: &str| counted.get(name).map_or(0, |(_, now, before)| now + before);
        let times = slack.ack_times();
        let kinds: Vec<String> =
            told.mischief.done.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let proof = told.proof;
        format!(
            "soak: seed {} minutes {} messages {} tasks {} replies {} faults {} ({}) kills {} restarts {} reconnects {} \
             retries_absorbed {} rss_max_mib {} ack_ms p50 {} p99 {} calm_p99 {} missed {} lost {} doubled {} never_acked {} \
             pending {}",
            told.seed,
            told.minutes,
            proof.messages,
            proof.tasks,
            proof.replies,
            told.mischief.done.values().sum::<u32>(),
            kinds.join(", "),
            told.mischief.kills,
            told.mischief.restarts,
            count(COUNTERS[0]),
            count(COUNTERS[1]),
            self.peak_mib(),
            percentile(&times, 50),
            percentile(&times, 99),
            percentile(&self.calm(&times), 99),
            proof.missed,
            proof.lost,
            proof.doubled,
            told.unacked,
            proof.pending,
        )
    }

    /// The times of deliveries with no fault in the seconds before.
    fn calm(&self, times: &[AckTime]) -> Vec<AckTime> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let calm = |time: &&AckTime| {
            let after = faults.partition_point(|&at| at <= time.sent_ms + 1_000);
            after == 0 || time.sent_ms > faults[after - 1] + AFTERMATH_MS
        };
        times.iter().filter(calm).copied().collect()
    }
}

/// The so-manieth percentile of the times, in milliseconds.
pub fn percentile(times: &[AckTime], percent: usize) -> i64 {
    let mut took: Vec<i64> = times.iter().map(|time| time.took_ms).collect();
    took.sort_unstable();
    took.get((took.len() * percent / 100).min(took.len().saturating_sub(1))).copied().unwrap_or(0)
}
