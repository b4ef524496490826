//! Rate limits: the tiers of the methods and the special limit of posting.
//!
//! A limit only says how long to wait; the HTTP answer is made by the server.

use std::collections::{HashMap, VecDeque};

/// How many calls a method allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// 20 a minute.
    Two,
    /// 50 a minute.
    Three,
    /// 100 a minute.
    Four,
    /// Hundreds a minute.
    Special,
}

impl Tier {
    fn calls_a_minute(self) -> usize {
        match self {
            Self::Two => 20,
            Self::Three => 50,
            Self::Four => 100,
            Self::Special => 600,
        }
    }
}

const MINUTE_MS: i64 = 60_000;
/// Messages a channel takes at once before the pace of one a second holds ("short bursts").
const POST_BURST: i64 = 4;
const POST_EVERY_MS: i64 = 1_000;

/// Counters of past calls.
#[derive(Debug, Default)]
pub struct Limits {
    calls: HashMap<String, VecDeque<i64>>,
    /// Per channel: the moment up to which its allowance is used up, one second per message.
    posts: HashMap<String, i64>,
}

impl Limits {
    /// Counts a call of `method`; `Err` holds the seconds to wait.
    pub fn call(&mut self, method: &str, tier: Tier, now_ms: i64) -> Result<(), u64> {
        self.window(method, tier.calls_a_minute(), now_ms)
    }

    /// Counts a call of a method that allows one a minute (`conversations.history` for some apps).
    pub fn once_a_minute(&mut self, method: &str, now_ms: i64) -> Result<(), u64> {
        self.window(&format!("{method} (distributed)"), 1, now_ms)
    }

    /// Counts a post to a channel: about one a second, with a small burst.
    pub fn post(&mut self, channel: &str, now_ms: i64) -> Result<(), u64> {
        let used_up = self.posts.entry(channel.to_owned()).or_insert(0);
        let start = (*used_up).max(now_ms);
        let ahead = start - now_ms;
        if ahead >= POST_BURST * POST_EVERY_MS {
            return Err(seconds(ahead - (POST_BURST - 1) * POST_EVERY_MS));
        }
        *used_up = start + POST_EVERY_MS;
        Ok(())
    }

    fn window(&mut self, key: &str, allowed: usize, now_ms: i64) -> Result<(), u64> {
        let calls = self.calls.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|&at| at + MINUTE_MS <= now_ms) {
            calls.pop_front();
        }
        match calls.front() {
            Some(&oldest) if calls.len() >= allowed => Err(seconds(oldest + MINUTE_MS - now_ms)),
            Some(_) | None => {
                calls.push_back(now_ms);
                Ok(())
            }
        }
    }
}

/// Whole seconds to wait, at least one.
fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Limits, Tier};

    #[test]
    fn a_channel_takes_a_burst_of_four_and_then_one_a_second() {
        let mut limits = Limits::default();
        for _ in 0..4 {
            assert_eq!(limits.post("C1", 10_000), Ok(()));
        }
        assert_eq!(limits.post("C1", 10_000), Err(1));
        assert_eq!(limits.post("C2", 10_000), Ok(()), "other channels are not affected");
        assert_eq!(limits.post("C1", 11_000), Ok(()));
        assert_eq!(limits.post("C1", 11_000), Err(1));
    }

    #[test]
    fn a_tier_counts_the_last_minute_and_says_how_long_to_wait() {
        let mut limits = Limits::default();
        for second in 0..20 {
            assert_eq!(limits.call("users.list", Tier::Two, second * 1000), Ok(()));
        }
        assert_eq!(limits.call("users.list", Tier::Two, 20_000), Err(40));
        assert_eq!(limits.call("users.info", Tier::Two, 20_000), Ok(()));
        assert_eq!(limits.call("users.list", Tier::Two, 60_000), Ok(()));
    }
}
