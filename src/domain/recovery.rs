//! Gap recovery: what was said while nobody listened is read from Slack's history. What is read, from when on, what a
//! failed call means and when a channel has been read enough.

use std::time::Duration;

use super::backoff;
use super::bundle::{Monitor, Pick, listens};
use super::ids::{ChannelId, MessageTs};
use super::time::Timestamp;

/// How far clocks may differ, how long a socket may be dead before we notice, and how late Slack may deliver: what is known
/// to be complete ends that long before now. What is read twice by that is not recorded twice.
pub const MARGIN: Duration = Duration::from_secs(15 * 60);

/// How long Slack may take to show in the history what it says was posted.
pub const SETTLING: Duration = Duration::from_secs(10);

/// How often what is known to be complete is moved on while a socket is connected.
pub const KEEP: Duration = Duration::from_secs(5 * 60);

/// From this many pages on a channel has been read enough for one request: 20,000 messages, or 1,500 at the pace of one
/// call a minute. More is no gap but an import.
pub const MOST_PAGES: i64 = 100;

/// How many threads of a channel are read for one request; those with the newest tasks go first.
pub const MOST_THREADS: u32 = 200;

/// A task that was done so recently still has its thread read: people answer "thanks, but ...".
pub const RECENTLY_DONE: Duration = Duration::from_secs(3 * 24 * 3600);

/// A 429 that asks for a longer wait than this speaks of one call a minute, not of a burst.
const TIGHT: Duration = Duration::from_secs(20);

/// The pause between calls of a method that allows one a minute.
const ONE_A_MINUTE: Duration = Duration::from_secs(60);

/// Why something is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The daemon has just started.
    Start,
    /// No socket was connected for a while.
    Gap,
    /// The canary's event did not come back.
    Canary,
    /// Somebody asked for it.
    Asked,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 4] = [Cause::Start, Cause::Gap, Cause::Canary, Cause::Asked];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Start => "start",
            Cause::Gap => "gap",
            Cause::Canary => "canary",
            Cause::Asked => "asked",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// What shall be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which channels; every monitored one when empty.
    pub channels: Vec<ChannelId>,
    /// From when on, if further back than the cursor.
    pub since: Option<Timestamp>,
    /// Why.
    pub cause: Cause,
}

impl Wanted {
    /// Every monitored channel, each from where it is known to be complete.
    pub fn everything(cause: Cause) -> Wanted {
        Wanted { channels: Vec::new(), since: None, cause }
    }
}

/// What went wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setback {
    /// Slack asked to wait that long.
    Limited(Duration),
    /// It may pass by itself: no network, a timeout, a server's error, a token that an operator may mend.
    Passing,
    /// Slack said no, with this error name.
    Refused(String),
}

/// What becomes of a stretch after a setback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The same page again at this instant.
    Again(Timestamp),
    /// The same page again, without the cursor that Slack does not know any more.
    Anew,
    /// It is over, for this reason; nothing is missing.
    Over(&'static str),
    /// It cannot be read, for this reason; a person has to do something about it.
    Failed(String),
}

/// Decides what becomes of a stretch whose `attempts`-th call in a row failed.
pub fn after(setback: Setback, attempts: u32, jitter: f64, now: Timestamp) -> Fate {
    match setback {
        Setback::Limited(wait) => Fate::Again(now.plus(wait)),
        Setback::Passing => Fate::Again(now.plus(backoff::delay(attempts, jitter))),
        Setback::Refused(error) => match error.as_str() {
            "invalid_cursor" => Fate::Anew,
            "thread_not_found" | "message_not_found" => Fate::Over("thread_gone"),
            _ => Fate::Failed(error),
        },
    }
}

/// How long to leave a method alone after a call, when Slack once asked to wait for `asked`: so that one call a minute does
/// not become one refusal a minute.
pub fn spacing(asked: Option<Duration>) -> Option<Duration> {
    asked.filter(|asked| *asked > TIGHT).map(|asked| asked.clamp(ONE_A_MINUTE, ONE_A_MINUTE * 5))
}

/// Whether a channel is read without anybody naming it. One that was picked is tried although the bot is not in it: that is
/// a trouble somebody should hear of.
pub fn covers(monitor: Monitor, pick: Pick, is_member: bool) -> bool {
    listens(monitor, pick) && (is_member || pick == Pick::Monitor)
}

/// From when on to read a channel that is complete up to `complete_to`.
pub fn oldest(complete_to: Timestamp, since: Option<Timestamp>) -> Timestamp {
    since.map_or(complete_to, |since| since.min(complete_to))
}

/// Up to where a channel is complete once everything before a first page has been read: by Slack's own clock when it said
/// what that showed, unless ours is behind; else by ours with the margin.
pub fn newest(said_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    said_at.map_or(now.minus(MARGIN), |said| said.min(now).minus(SETTLING))
}

/// The instant at which a message was said, by Slack's clock; `None` for what is no `ts`.
pub fn said_at(ts: &MessageTs) -> Option<Timestamp> {
    let (seconds, fraction) = ts.0.split_once('.').unwrap_or((&ts.0, ""));
    let seconds: i64 = seconds.parse().ok()?;
    let millis: i64 = match fraction.get(..3) {
        Some(digits) => digits.parse().ok()?,
        None => 0,
    };
    Some(Timestamp(seconds.checked_mul(1000)?.checked_add(millis)?))
}

/// An instant in the form of a `ts`, as `oldest` and `latest` want it.
pub fn ts_of(at: Timestamp) -> MessageTs {
    let at = at.0.max(0);
    MessageTs(format!("{}.{:03}000", at / 1000, at % 1000))
}

#[cfg(test)]
mod tests {
    use super::{
        Fate, MessageTs, Setback, Timestamp, after, covers, newest, oldest, said_at, spacing, ts_of,
    };
    use crate::domain::bundle::{Monitor, Pick};
    use std::time::Duration;

    #[test]
    fn a_setback_says_whether_to_wait_to_go_on_or_to_stop() {
        let refused = |error: &str| Setback::Refused(error.into());
        let now = Timestamp(1_000);
        for (setback, fate) in [
            (Setback::Limited(Duration::from_secs(59)), Fate::Again(Timestamp(60_000))),
            (Setback::Passing, Fate::Again(Timestamp(5_000))),
            (refused("invalid_cursor"), Fate::Anew),
            (refused("thread_not_found"), Fate::Over("thread_gone")),
            (refused("not_in_channel"), Fate::Failed("not_in_channel".into())),
            (refused("brand_new"), Fate::Failed("brand_new".into())),
        ] {
            assert_eq!(after(setback.clone(), 3, 0.0, now), fate, "{setback:?}");
        }
    }

    #[test]
    fn one_call_a_minute_is_learnt_from_the_first_refusal() {
        let seconds = |asked: Option<u64>| spacing(asked.map(Duration::from_secs)).map(|span| span.as_secs());
        for (asked, expected) in [
            (None, None),
            (Some(3), None),
            (Some(30), Some(60)),
            (Some(90), Some(90)),
            (Some(9000), Some(300)),
        ] {
            assert_eq!(seconds(asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn a_ts_and_an_instant_are_two_forms_of_one_thing() {
        let said = |ts: &str| said_at(&MessageTs(ts.into())).map(|at| at.0);
        assert_eq!(said("1767603600.123456"), Some(1_767_603_600_123));
        assert_eq!(said("1767603600"), Some(1_767_603_600_000));
        for odd in ["", "x.y", "1.é2", "99999999999999999999.000000", "9223372036854775807.999999"] {
            assert_eq!(said(odd), None, "{odd}");
        }
        assert_eq!(ts_of(Timestamp(1_767_603_600_123)).0, "1767603600.123000");
        assert_eq!(ts_of(Timestamp(-5)).0, "0.000000");
    }

    #[test]
    fn reading_begins_where_the_channel_is_complete_or_earlier_never_later() {
        let since = |ms: i64| Some(Timestamp(ms));
        for (asked, expected) in [(None, 500), (since(200), 200), (since(900), 500)] {
            assert_eq!(oldest(Timestamp(500), asked).0, expected, "{asked:?}");
        }
        for (said, now, expected) in [(100_000, 500_000, 90_000), (900_000, 500_000, 490_000)] {
            assert_eq!(newest(since(said), Timestamp(now)).0, expected, "the clock that is behind counts");
        }
        assert_eq!(newest(None, Timestamp(1_000_000)).0, 100_000);
    }

    #[test]
    fn a_picked_channel_is_read_even_without_us_a_joined_one_only_with_us() {
        for (monitor, pick, is_member, read) in [
            (Monitor::Picked, Pick::Monitor, false, true),
            (Monitor::Picked, Pick::None, true, false),
            (Monitor::Joined, Pick::None, true, true),
            (Monitor::Joined, Pick::None, false, false),
            (Monitor::Joined, Pick::Ignore, true, false),
        ] {
            assert_eq!(covers(monitor, pick, is_member), read, "{monitor:?} {pick:?} {is_member}");
        }
    }
}
