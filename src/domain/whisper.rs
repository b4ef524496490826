//! Telling a person what there was no time to say within the acknowledgement: by the address that came with the command,
//! and when that does not work any more, as a message that only this person sees.

use std::time::Duration;

use super::backoff;
use super::time::Timestamp;

/// How often Slack takes an answer at such an address [slack-facts 5.7].
pub const USES: u32 = 5;

/// How long Slack takes one [slack-facts 5.7].
pub const LIFE: Duration = Duration::from_secs(30 * 60);

/// After this nobody waits for the answer to a command any more.
pub const GIVE_UP: Duration = Duration::from_secs(60 * 60);

/// How long an answer may take to travel inside the acknowledgement. Slack shows an error after three seconds; the third is
/// for the way.
pub const BUDGET: Duration = Duration::from_secs(2);

/// How a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the address that came with the command.
    ResponseUrl,
    /// By `chat.postEphemeral`.
    Ephemeral,
}

impl Way {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::ResponseUrl => "response_url",
            Way::Ephemeral => "ephemeral",
        }
    }
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Slack took it.
    Taken,
    /// Slack said no; the text is its error name.
    Refused(String),
    /// It may be tried again, after this wait if Slack asked for one.
    NotNow(Option<Duration>),
}

/// What is stored after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The person was told.
    Told,
    /// Try again then.
    Again(Timestamp),
    /// The address is of no use any more: try the other way at once.
    Spent(String),
    /// Over; the text says why.
    Failed(String),
}

/// How to tell somebody whose command came at `came`, after so many `uses` of the address.
pub fn way(came: Timestamp, uses: u32, now: Timestamp) -> Way {
    match uses < USES && now.since(came) < LIFE {
        true => Way::ResponseUrl,
        false => Way::Ephemeral,
    }
}

/// Decides what becomes of a whisper after an attempt that ended at `now`; `attempts` counts this one.
pub fn decide(way: Way, answer: Answer, came: Timestamp, attempts: u32, now: Timestamp) -> Fate {
    match (answer, way) {
        (Answer::Taken, _) => Fate::Told,
        (Answer::Refused(error), Way::ResponseUrl) => Fate::Spent(error),
        (Answer::Refused(error), Way::Ephemeral) => Fate::Failed(error),
        (Answer::NotNow(_), _) if now.since(came) >= GIVE_UP => Fate::Failed("too_late".to_owned()),
        (Answer::NotNow(wait), _) => {
            Fate::Again(now.plus(wait.unwrap_or_else(|| backoff::delay(attempts, 0.0))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Fate, Way, decide, way};
    use crate::domain::time::Timestamp;

    const MINUTE: i64 = 60_000;

    #[test]
    fn f37_an_address_serves_five_times_within_thirty_minutes() {
        for (uses, minutes, expected) in [
            (0, 0, Way::ResponseUrl),
            (4, 29, Way::ResponseUrl),
            (5, 0, Way::Ephemeral),
            (0, 30, Way::Ephemeral),
        ] {
            assert_eq!(way(Timestamp(0), uses, Timestamp(minutes * MINUTE)), expected, "{uses} {minutes}");
        }
    }

    #[test]
    fn f37_a_refused_address_leads_to_the_other_way_and_that_one_to_an_end() {
        let refused = || Answer::Refused("expired_url".to_owned());
        let decide = |way, answer, minutes| decide(way, answer, Timestamp(0), 1, Timestamp(minutes * MINUTE));
        assert_eq!(decide(Way::ResponseUrl, refused(), 1), Fate::Spent("expired_url".to_owned()));
        assert_eq!(decide(Way::Ephemeral, refused(), 1), Fate::Failed("expired_url".to_owned()));
        assert_eq!(decide(Way::Ephemeral, Answer::NotNow(None), 1), Fate::Again(Timestamp(MINUTE + 1_000)));
        assert_eq!(decide(Way::Ephemeral, Answer::NotNow(None), 60), Fate::Failed("too_late".to_owned()));
        assert_eq!(decide(Way::ResponseUrl, Answer::Taken, 1), Fate::Told);
    }
}
