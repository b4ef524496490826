//! How long to wait before a send is tried again, and when to stop.
//!
//! Only for what may pass by itself (network, 5xx, unknown outcome). A 429 says itself how long; see `limit`.

use std::time::Duration;

use super::time::Timestamp;

/// Wait after the first failed attempt: most hiccups are over by then.
const FIRST: Duration = Duration::from_secs(1);

/// Longest wait: after an outage of Slack the backlog starts moving within five minutes of its end.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// How much of the wait the jitter may take off, so that many sends that failed together do not return together.
const JITTER_SHARE: f64 = 0.25;

/// The wait after the `attempt`-th failed attempt (from 1): 1 s, doubling up to 5 min, less up to a quarter. `jitter`
/// is a random number from 0 to 1: 0 gives the whole wait. Numbers outside are taken as the nearer end.
pub fn delay(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let whole = (FIRST * (1 << doublings)).min(LONGEST);
    let share = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    whole.mul_f64(1.0 - JITTER_SHARE * share)
}

/// Whether what was `created` has waited so long at `now` that it becomes a dead letter; `after` is the patience.
pub fn give_up(created: Timestamp, now: Timestamp, after: Duration) -> bool {
    now.since(created) >= after
}

#[cfg(test)]
mod tests {
    use super::{delay, give_up};
    use crate::domain::time::Timestamp;
    use std::time::Duration;

    #[test]
    fn the_wait_doubles_from_a_second_to_five_minutes() {
        let seconds: Vec<u64> = (0..12).map(|attempt| delay(attempt, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(delay(u32::MAX, 0.0), Duration::from_secs(300));
    }

    #[test]
    fn jitter_takes_off_up_to_a_quarter() {
        assert_eq!(delay(3, 1.0), Duration::from_secs(3));
        assert_eq!(delay(3, 0.5), Duration::from_millis(3_500));
        assert_eq!(delay(3, f64::NAN), Duration::from_secs(4));
        assert_eq!(delay(3, 7.0), Duration::from_secs(3));
    }

    #[test]
    fn patience_ends_exactly_after_the_given_time() {
        let day = Duration::from_secs(86_400);
        assert!(!give_up(Timestamp(0), Timestamp(86_399_999), day));
        assert!(give_up(Timestamp(0), Timestamp(86_400_000), day));
        assert!(!give_up(Timestamp(5), Timestamp(0), day), "a clock set back gives nothing up");
    }
}
