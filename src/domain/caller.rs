//! Callers: the systems that hand notices in over the network, what each may say and how often.

use super::project::Binding;
use super::time::Timestamp;

/// The source of what comes over the unix socket.
pub const LOCAL: &str = "local";

/// The source of what comes with the token of `[api]`.
pub const API: &str = "api";

/// The field that holds a message as another tool wrote it for Slack: text, blocks and attachments as JSON.
pub const PASSED: &str = "blocks";

/// A system that hands notices in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its name: the source of its notices.
    pub name: String,
    /// The kinds it may use, a star at the end for all that begin so: `payment.*`; empty for all.
    pub kinds: Vec<String>,
    /// How many notices it may hand in.
    pub pace: Pace,
    /// Whether a message of its own making may call everybody in a channel.
    pub allow_broad: bool,
    /// The project it belongs to: what it hands in goes to that project's channel, and it sees nothing else. `None` for the desk
    /// as a whole.
    pub project: Option<Binding>,
}

impl Caller {
    /// Whether it may use a kind.
    pub fn may(&self, kind: &str) -> bool {
        let takes = |allowed: &String| match allowed.strip_suffix('*') {
            Some(begin) => kind.starts_with(begin),
            None => allowed == kind,
        };
        self.kinds.is_empty() || self.kinds.iter().any(takes)
    }
}

/// How many notices a caller may hand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// In a minute, in the long run.
    pub per_minute: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// What a caller has left of its pace. A request that is larger than what is left is taken all the same, because nobody can
/// send it in smaller parts; the next one waits until it is made up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Thousandths of a notice; below zero is owed.
    left: i64,
    at: Timestamp,
}

/// A notice in thousandths.
const WHOLE: i64 = 1000;

impl Allowance {
    /// That of a caller who has not called yet.
    pub fn new(pace: Pace, now: Timestamp) -> Allowance {
        Allowance { left: i64::from(pace.burst) * WHOLE, at: now }
    }

    /// Takes `count` notices out of it; otherwise says when it is worth trying again.
    pub fn take(&mut self, count: usize, pace: Pace, now: Timestamp) -> Result<(), Timestamp> {
        let per_minute = i64::from(pace.per_minute.max(1));
        let passed = i64::try_from(now.since(self.at).as_millis()).unwrap_or(i64::MAX);
        let gained = passed.saturating_mul(per_minute).saturating_mul(WHOLE) / 60_000;
        self.left = self.left.saturating_add(gained).min(i64::from(pace.burst.max(1)) * WHOLE);
        self.at = now;
        if self.left < WHOLE {
            let missing = WHOLE - self.left;
            let wait = (missing.saturating_mul(60_000) + per_minute * WHOLE - 1) / (per_minute * WHOLE);
            return Err(Timestamp(now.0.saturating_add(wait)));
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.left = self.left.saturating_sub(count.saturating_mul(WHOLE));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Caller, Pace, Timestamp};

    const PACE: Pace = Pace { per_minute: 60, burst: 3 };

    #[test]
    fn a_caller_may_use_the_kinds_that_are_named_and_all_when_none_is() {
        let caller = |kinds: &[&str]| Caller {
            name: "shop".to_owned(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            pace: PACE,
            allow_broad: false,
            project: None,
        };
        for (kinds, kind, may) in [
            (&[][..], "alert", true),
            (&["payment.*"], "payment.failed", true),
            (&["payment.*"], "alert", false),
            (&["alert", "payment.*"], "alert", true),
        ] {
            assert_eq!(caller(kinds).may(kind), may, "{kinds:?} {kind}");
        }
    }

    #[test]
    fn a_pace_lets_a_burst_through_and_then_one_at_a_time() {
        let mut left = Allowance::new(PACE, Timestamp(0));
        for _ in 0..3 {
            assert_eq!(left.take(1, PACE, Timestamp(0)), Ok(()));
        }
        assert_eq!(left.take(1, PACE, Timestamp(0)), Err(Timestamp(1_000)));
        assert_eq!(left.take(1, PACE, Timestamp(999)), Err(Timestamp(1_000)));
        assert_eq!(left.take(1, PACE, Timestamp(1_000)), Ok(()));
    }

    #[test]
    fn a_large_request_is_taken_and_made_up_for() {
        let mut left = Allowance::new(PACE, Timestamp(0));
        assert_eq!(left.take(100, PACE, Timestamp(0)), Ok(()));
        assert_eq!(left.take(1, PACE, Timestamp(0)), Err(Timestamp(98_000)));
        assert_eq!(left.take(1, PACE, Timestamp(98_000)), Ok(()));
    }

    #[test]
    fn a_pause_fills_up_to_the_burst_and_no_further() {
        let mut left = Allowance::new(PACE, Timestamp(0));
        assert_eq!(left.take(4, PACE, Timestamp(3_600_000)), Ok(()));
        assert_eq!(left.take(1, PACE, Timestamp(3_600_000)), Err(Timestamp(3_602_000)));
    }
}
