//! What becomes of a chart after each try to bring it into its channel.
//!
//! Three steps: Slack gives an address and a file id, takes the bytes, and shares the file. Nothing is to be seen before
//! the third, so the first two are simply done again. The third works once for a file id: after a try whose outcome is
//! unknown the file is looked for in the channel, and shared again under the same id if it is not there.

use std::time::Duration;

use super::backoff;
use super::send::{SETTLE, SendState};
use super::time::Timestamp;

/// Where a chart stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartState {
    /// On its way.
    Waiting,
    /// In its channel.
    Shared,
    /// Not there, and not tried any more.
    Failed,
    /// Nobody can tell whether it is there; not tried any more, because once is better than twice.
    Unknown,
}

impl ChartState {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            ChartState::Waiting => "waiting",
            ChartState::Shared => "shared",
            ChartState::Failed => "failed",
            ChartState::Unknown => "unknown",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<ChartState> {
        [ChartState::Waiting, ChartState::Shared, ChartState::Failed, ChartState::Unknown]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// What is to be done for a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The message that it follows is on its way.
    Wait,
    /// The message that it follows did not go out: there is nothing to follow.
    Drop,
    /// Slack does not have the bytes.
    Upload,
    /// Slack has the bytes and nobody was shown them.
    Share,
    /// Sharing was tried before: look whether it is there, then share.
    LookUp,
}

/// Decides what is to be done: `has_file` when Slack has the bytes, `tried` when sharing was tried.
pub fn work(message: SendState, has_file: bool, tried: bool) -> Work {
    match message {
        SendState::Waiting | SendState::Sending => Work::Wait,
        SendState::Failed | SendState::Dead | SendState::Unknown | SendState::Dropped => Work::Drop,
        SendState::Sent => match (has_file, tried) {
            (false, _) => Work::Upload,
            (true, false) => Work::Share,
            (true, true) => Work::LookUp,
        },
    }
}

/// What a try ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Slack has the bytes, under this file id.
    Uploaded(String),
    /// It is in the channel.
    Shared,
    /// Slack asked to wait.
    Limited(Duration),
    /// Slack could not be reached, or nobody can tell what it did.
    Unclear(&'static str),
    /// Slack said no; the text is its error name.
    Refused(String),
}

/// What is stored after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Slack has the bytes: go on at once.
    Uploaded(String),
    /// Again then.
    Again(Timestamp, String),
    /// Over.
    Over(ChartState, String),
}

/// How a chart is judged.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Whether sharing was tried before this attempt.
    pub tried: bool,
    /// Attempts, this one included.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long it is tried.
    pub give_up: Duration,
    /// A number from 0 to 1 that spreads retries.
    pub jitter: f64,
}

/// Decides what becomes of a chart after an attempt that ended at `now`.
pub fn decide(attempt: Attempt, effort: &Effort, now: Timestamp) -> Fate {
    // Where sharing was tried it may have happened, whatever Slack says of a second time.
    let lost = if effort.tried { ChartState::Unknown } else { ChartState::Failed };
    let (wait, reason) = match attempt {
        Attempt::Uploaded(file) => return Fate::Uploaded(file),
        Attempt::Shared => return Fate::Over(ChartState::Shared, String::new()),
        Attempt::Refused(error) => return Fate::Over(lost, error),
        Attempt::Limited(wait) => (wait, "rate_limited"),
        Attempt::Unclear(reason) => (backoff::delay(effort.attempts, effort.jitter).max(SETTLE), reason),
    };
    match backoff::give_up(effort.created_at, now, effort.give_up) {
        true => Fate::Over(lost, reason.to_owned()),
        false => Fate::Again(now.plus(wait), reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, ChartState, Effort, Fate, Work, decide, work};
    use crate::domain::send::SendState;
    use crate::domain::time::Timestamp;
    use std::time::Duration;

    fn effort(tried: bool) -> Effort {
        let give_up = Duration::from_secs(86_400);
        Effort { tried, attempts: 1, created_at: Timestamp(0), give_up, jitter: 0.0 }
    }

    #[test]
    fn a_chart_follows_its_message_and_is_shared_once() {
        for (message, has_file, tried, expected) in [
            (SendState::Waiting, false, false, Work::Wait),
            (SendState::Dead, false, false, Work::Drop),
            (SendState::Sent, false, false, Work::Upload),
            (SendState::Sent, true, false, Work::Share),
            (SendState::Sent, true, true, Work::LookUp),
        ] {
            assert_eq!(work(message, has_file, tried), expected);
        }
    }

    #[test]
    fn a_refusal_after_a_try_of_unknown_outcome_is_no_proof_that_it_is_not_there() {
        let refused = || Attempt::Refused("file_not_found".to_owned());
        let over = |state| Fate::Over(state, "file_not_found".to_owned());
        assert_eq!(decide(refused(), &effort(false), Timestamp(1)), over(ChartState::Failed));
        assert_eq!(decide(refused(), &effort(true), Timestamp(1)), over(ChartState::Unknown));
    }

    #[test]
    fn what_may_pass_is_waited_for_until_the_time_is_up() {
        let unclear = || Attempt::Unclear("unknown_outcome");
        assert!(
            matches!(decide(unclear(), &effort(true), Timestamp(1)), Fate::Again(at, _) if at.0 >= 3_000)
        );
        let late = decide(unclear(), &effort(true), Timestamp(86_400_000));
        assert_eq!(late, Fate::Over(ChartState::Unknown, "unknown_outcome".to_owned()));
        let limited = decide(Attempt::Limited(Duration::from_secs(9)), &effort(false), Timestamp(1_000));
        assert_eq!(limited, Fate::Again(Timestamp(10_000), "rate_limited".to_owned()));
    }
}
