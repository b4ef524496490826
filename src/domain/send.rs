//! What becomes of a send after an attempt: sent, tried again later, looked up first, or stopped with a reason.

use std::time::Duration;

use super::backoff;
use super::ids::MessageTs;
use super::time::Timestamp;

/// How long a message may take to show in a channel's history; looking it up earlier could miss it. Our estimate.
pub const SETTLE: Duration = Duration::from_secs(3);

/// The reason of a send of which nobody can tell whether Slack has it.
pub const UNKNOWN_OUTCOME: &str = "outcome_unknown";

/// Where a row of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// To be sent when its time and its turn come.
    Waiting,
    /// Claimed: a call may be under way.
    Sending,
    /// Slack has it.
    Sent,
    /// Slack refused it for good.
    Failed,
    /// Slack could not be reached for too long.
    Dead,
    /// Nobody can tell whether Slack has it; a person decides.
    Unknown,
    /// A person dropped it.
    Dropped,
}

impl SendState {
    /// All of them.
    pub const ALL: [SendState; 7] = [
        SendState::Waiting,
        SendState::Sending,
        SendState::Sent,
        SendState::Failed,
        SendState::Dead,
        SendState::Unknown,
        SendState::Dropped,
    ];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            SendState::Waiting => "waiting",
            SendState::Sending => "sending",
            SendState::Sent => "sent",
            SendState::Failed => "failed",
            SendState::Dead => "dead",
            SendState::Unknown => "unknown",
            SendState::Dropped => "dropped",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<SendState> {
        SendState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What an attempt ended with, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Slack has the message, under this `ts` if its answer could be read.
    Posted(Option<MessageTs>),
    /// Slack asked to wait.
    Limited(Duration),
    /// Certainly not done: no connection.
    Unreachable,
    /// May have been done: a timeout, a cut, a server error.
    Unclear,
    /// Slack will not take it as it is; the text is Slack's error name.
    Refused(String),
    /// The token is not accepted; the text is Slack's error name. Worth trying again: an operator may mend it.
    NotAllowed(String),
    /// A look-up found nothing: it was certainly not posted.
    NotFound,
    /// A look-up is not permitted, so nobody can tell.
    Unknowable(String),
}

/// What is stored after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done; the `ts` is missing when Slack's answer could not be read.
    Sent(Option<MessageTs>),
    /// Try again then. `look_up`: look for the message before sending again.
    Retry {
        /// Not before this instant.
        at: Timestamp,
        /// Whether the outcome of this attempt is unknown.
        look_up: bool,
        /// Why.
        reason: &'static str,
    },
    /// Over, in this state.
    Stop {
        /// Failed, dead or unknown.
        state: SendState,
        /// Why: a stable word, or Slack's error name.
        reason: String,
    },
}

/// How a send is judged.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// When it was handed over.
    pub created_at: Timestamp,
    /// Attempts made, this one included.
    pub attempts: u32,
    /// Whether an earlier attempt may have been done.
    pub look_up: bool,
    /// How long it is tried.
    pub give_up: Duration,
    /// A number from 0 to 1 that spreads retries.
    pub jitter: f64,
}

/// Decides what becomes of a send after an attempt that ended at `now`.
pub fn decide(attempt: Attempt, effort: &Effort, now: Timestamp) -> Fate {
    let (reason, look_up, wait) = match attempt {
        Attempt::Posted(ts) => return Fate::Sent(ts),
        Attempt::Refused(error) => return Fate::Stop { state: SendState::Failed, reason: error },
        Attempt::Unknowable(error) => return Fate::Stop { state: SendState::Unknown, reason: error },
        // Nothing is there: the next attempt may simply send.
        Attempt::NotFound => return Fate::Retry { at: now, look_up: false, reason: "not_found" },
        Attempt::Limited(wait) => ("rate_limited", effort.look_up, wait),
        Attempt::Unreachable => ("unreachable", effort.look_up, pause(effort)),
        Attempt::Unclear => (UNKNOWN_OUTCOME, true, pause(effort).max(SETTLE)),
        Attempt::NotAllowed(_) => ("not_allowed", effort.look_up, pause(effort)),
    };
    match now.since(effort.created_at) >= effort.give_up {
        true => Fate::Stop { state: SendState::Dead, reason: reason.to_owned() },
        false => Fate::Retry { at: now.plus(wait), look_up, reason },
    }
}

fn pause(effort: &Effort) -> Duration {
    backoff::delay(effort.attempts, effort.jitter)
}
