//! Which way a trouble leaves deskd, decided for one trouble, one phase and one way at a time.
//!
//! Slack is the usual way. The others (a command, a webhook, a mail) are the second way: for what Slack itself is the trouble
//! of, and for what has not arrived in Slack within two minutes.

use std::time::Duration;

use super::own::Own;
use super::time::Timestamp;

/// How long Slack gets to take a trouble before it leaves by the second way.
pub const SLACK_GETS: Duration = Duration::from_secs(120);

/// Most attempts by one way: with the pauses between them about an hour and a half.
pub const MOST_ATTEMPTS: u32 = 12;

/// The pause after the first failed attempt; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// A way out of deskd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A message in the alarm channel.
    Slack,
    /// A program that is run.
    Command,
    /// An address that is called.
    Webhook,
    /// A mail.
    Email,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 4] = [Way::Slack, Way::Command, Way::Webhook, Way::Email];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Way::Slack => "slack",
            Way::Command => "command",
            Way::Webhook => "webhook",
            Way::Email => "email",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// What is told of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// That it was raised.
    Raised,
    /// That it is over.
    Resolved,
}

impl Phase {
    /// Both.
    pub const ALL: [Phase; 2] = [Phase::Raised, Phase::Resolved];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Raised => "raised",
            Phase::Resolved => "resolved",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.as_str() == word)
    }
}

/// Where a telling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TellingState {
    /// To be told, or told without success so far.
    Waiting,
    /// The other side took it.
    Sent,
    /// Given up.
    Failed,
    /// Not to be told by this way, for a reason.
    Dropped,
}

impl TellingState {
    /// All of them.
    pub const ALL: [TellingState; 4] =
        [TellingState::Waiting, TellingState::Sent, TellingState::Failed, TellingState::Dropped];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            TellingState::Waiting => "waiting",
            TellingState::Sent => "sent",
            TellingState::Failed => "failed",
            TellingState::Dropped => "dropped",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<TellingState> {
        TellingState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a telling goes, waits or does not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It goes to the alarm channel.
    AlarmChannel,
    /// Slack is what the trouble is about, so another way is taken.
    SlackIsTheTrouble,
    /// There is no alarm channel.
    NoChannel,
    /// Slack has two minutes to take it.
    SlackFirst,
    /// Slack did not take it in time.
    SlackIsLate,
    /// Slack will not take it.
    SlackRefused,
    /// It is told in Slack.
    ToldInSlack,
    /// It ended before anybody was told.
    OverBeforeTold,
    /// Its beginning was told by this way, so is its end.
    Over,
    /// Its beginning was not told by this way, so its end is not.
    BeginningNotTold,
    /// How the telling of its beginning ends is not known yet.
    BeginningUnderWay,
    /// Told while the database could not be written.
    ToldWithoutDatabase,
}

impl Why {
    const ALL: [Why; 12] = [
        Why::AlarmChannel,
        Why::SlackIsTheTrouble,
        Why::NoChannel,
        Why::SlackFirst,
        Why::SlackIsLate,
        Why::SlackRefused,
        Why::ToldInSlack,
        Why::OverBeforeTold,
        Why::Over,
        Why::BeginningNotTold,
        Why::BeginningUnderWay,
        Why::ToldWithoutDatabase,
    ];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::AlarmChannel => "alarm_channel",
            Why::SlackIsTheTrouble => "slack_is_the_trouble",
            Why::NoChannel => "no_channel",
            Why::SlackFirst => "slack_first",
            Why::SlackIsLate => "slack_is_late",
            Why::SlackRefused => "slack_refused",
            Why::ToldInSlack => "told_in_slack",
            Why::OverBeforeTold => "over_before_told",
            Why::Over => "over",
            Why::BeginningNotTold => "beginning_not_told",
            Why::BeginningUnderWay => "beginning_under_way",
            Why::ToldWithoutDatabase => "told_without_database",
        }
    }

    /// Reads the word back; what is no word of ours is the error of an attempt.
    pub fn from_word(word: &str) -> Option<Why> {
        Why::ALL.into_iter().find(|why| why.as_str() == word)
    }

    /// The reason as people read it.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::AlarmChannel => "to the alarm channel",
            Why::SlackIsTheTrouble => "Slack is the trouble, so the second way is taken",
            Why::NoChannel => "there is no alarm channel",
            Why::SlackFirst => "Slack has two minutes to take it first",
            Why::SlackIsLate => "Slack did not take it within two minutes",
            Why::SlackRefused => "Slack did not take it",
            Why::ToldInSlack => "it was told in Slack",
            Why::OverBeforeTold => "it was over before anybody was told",
            Why::Over => "its beginning was told this way",
            Why::BeginningNotTold => "its beginning was not told this way",
            Why::BeginningUnderWay => "its beginning is still being told",
            Why::ToldWithoutDatabase => "told at once, because the database could not be written",
        }
    }
}

/// What one decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What the trouble tells of.
    pub own: Own,
    /// Its beginning or its end.
    pub phase: Phase,
    /// The way that is decided about.
    pub way: Way,
    /// All ways that are configured.
    pub ways: &'a [Way],
    /// When this telling was planned.
    pub planned_at: Timestamp,
    /// Whether the trouble is over.
    pub over: bool,
    /// Whether an attempt began of which nobody knows how it ended.
    pub unsure: bool,
    /// How the same phase fares in Slack.
    pub slack: Option<TellingState>,
    /// How the beginning fared by this way.
    pub beginning: Option<TellingState>,
}

/// What becomes of a telling now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Tell(Why),
    /// It is looked at again then.
    Wait(Timestamp, Why),
    /// It does not go.
    Drop(Why),
}

/// Whether Slack is what the trouble is about, so that a message there would not be read.
pub fn concerns_slack(own: Own) -> bool {
    match own {
        Own::NoSocket | Own::NotAllowed | Own::CanaryMissed | Own::OutboxLagging => true,
        Own::ForeignSockets
        | Own::NotWritable
        | Own::JournalLagging
        | Own::DeadLetter
        | Own::DestinationBroken
        | Own::DeliveryFailed
        | Own::NoticesExpired
        | Own::TemplateFailed
        | Own::RecoveryFailed
        | Own::BackupOld
        | Own::WorkerStuck => false,
    }
}

/// Decides about one telling that has not ended.
pub fn decide(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    match facts.phase {
        Phase::Raised => beginning(facts, now),
        Phase::Resolved => end(facts, now),
    }
}

/// When to try again after the `attempts`-th attempt failed; `None` when it was the last.
pub fn again(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let pause = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    (attempts < MOST_ATTEMPTS).then(|| now.plus(pause))
}

fn beginning(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    let second = facts.ways.iter().any(|way| *way != Way::Slack);
    // A call that was cut off by a crash may have been heard: then the beginning is told again and the end follows.
    if facts.over && !facts.unsure {
        return Verdict::Drop(Why::OverBeforeTold);
    }
    match (facts.way, concerns_slack(facts.own)) {
        (Way::Slack, true) if second => Verdict::Drop(Why::SlackIsTheTrouble),
        (Way::Slack, _) => Verdict::Tell(Why::AlarmChannel),
        (_, true) => Verdict::Tell(Why::SlackIsTheTrouble),
        (_, false) if !facts.ways.contains(&Way::Slack) => Verdict::Tell(Why::NoChannel),
        (_, false) => match facts.slack {
            Some(TellingState::Sent) => Verdict::Drop(Why::ToldInSlack),
            Some(TellingState::Failed | TellingState::Dropped) => Verdict::Tell(Why::SlackRefused),
            Some(TellingState::Waiting) | None => {
                let until = facts.planned_at.plus(SLACK_GETS);
                match now >= until {
                    true => Verdict::Tell(Why::SlackIsLate),
                    false => Verdict::Wait(until, Why::SlackFirst),
                }
            }
        },
    }
}

fn end(facts: &Facts<'_>, now: Timestamp) -> Verdict {
    match facts.beginning {
        Some(TellingState::Sent) => Verdict::Tell(Why::Over),
        Some(TellingState::Waiting) => Verdict::Wait(now.plus(FIRST_PAUSE), Why::BeginningUnderWay),
        Some(TellingState::Failed | TellingState::Dropped) | None => Verdict::Drop(Why::BeginningNotTold),
    }
}

#[cfg(test)]
mod tests {
    use super::TellingState::{Failed, Sent, Waiting};
    use super::{Facts, Own, Phase, Timestamp, Verdict, Way, Why, again, decide};
    use crate::domain::alarm::MOST_ATTEMPTS;

    const BOTH: &[Way] = &[Way::Slack, Way::Command];

    fn facts(own: Own, way: Way, ways: &[Way]) -> Facts<'_> {
        Facts {
            own,
            phase: Phase::Raised,
            way,
            ways,
            planned_at: Timestamp(0),
            over: false,
            unsure: false,
            slack: Some(Waiting),
            beginning: None,
        }
    }

    #[test]
    fn a_beginning_goes_to_slack_unless_slack_is_the_trouble() {
        let waits = Verdict::Wait(Timestamp(120_000), Why::SlackFirst);
        for (own, way, ways, verdict) in [
            (Own::DeadLetter, Way::Slack, BOTH, Verdict::Tell(Why::AlarmChannel)),
            (Own::DeadLetter, Way::Command, BOTH, waits),
            (Own::DeadLetter, Way::Command, &[Way::Command][..], Verdict::Tell(Why::NoChannel)),
            (Own::NoSocket, Way::Slack, BOTH, Verdict::Drop(Why::SlackIsTheTrouble)),
            (Own::NoSocket, Way::Command, BOTH, Verdict::Tell(Why::SlackIsTheTrouble)),
            (Own::NoSocket, Way::Slack, &[Way::Slack][..], Verdict::Tell(Why::AlarmChannel)),
        ] {
            assert_eq!(decide(&facts(own, way, ways), Timestamp(1)), verdict, "{own:?} {way:?} {ways:?}");
        }
    }

    #[test]
    fn the_second_way_is_taken_when_slack_is_late_or_refuses_and_not_when_it_was_told_there() {
        let by = |slack| Facts { slack: Some(slack), ..facts(Own::DeadLetter, Way::Command, BOTH) };
        let late = Timestamp(120_000);
        assert_eq!(decide(&by(Waiting), late), Verdict::Tell(Why::SlackIsLate));
        assert_eq!(decide(&by(Failed), Timestamp(1)), Verdict::Tell(Why::SlackRefused));
        assert_eq!(decide(&by(Sent), late), Verdict::Drop(Why::ToldInSlack));
    }

    #[test]
    fn an_end_is_told_where_the_beginning_was() {
        let end = |beginning| Facts {
            phase: Phase::Resolved,
            over: true,
            beginning,
            ..facts(Own::NoSocket, Way::Command, BOTH)
        };
        for (beginning, verdict) in [
            (Some(Sent), Verdict::Tell(Why::Over)),
            (Some(Failed), Verdict::Drop(Why::BeginningNotTold)),
            (Some(Waiting), Verdict::Wait(Timestamp(5_001), Why::BeginningUnderWay)),
            (None, Verdict::Drop(Why::BeginningNotTold)),
        ] {
            assert_eq!(decide(&end(beginning), Timestamp(1)), verdict, "{beginning:?}");
        }
    }

    #[test]
    fn what_is_over_before_it_was_told_is_not_told_unless_somebody_may_have_heard() {
        let over = Facts { over: true, ..facts(Own::NoSocket, Way::Command, BOTH) };
        assert_eq!(decide(&over, Timestamp(1)), Verdict::Drop(Why::OverBeforeTold));
        let unsure = Facts { unsure: true, ..over };
        assert_eq!(decide(&unsure, Timestamp(1)), Verdict::Tell(Why::SlackIsTheTrouble));
    }

    #[test]
    fn attempts_come_to_an_end() {
        let mut now = Timestamp(0);
        for attempt in 1..MOST_ATTEMPTS {
            let next = again(attempt, now).unwrap();
            assert!(next > now);
            now = next;
        }
        assert_eq!(again(MOST_ATTEMPTS, now), None);
        assert!((3600..7200).contains(&now.unix_seconds()), "{}", now.unix_seconds());
    }

    #[test]
    fn every_reason_is_read_back() {
        assert!(Why::ALL.into_iter().all(|why| Why::from_word(why.as_str()) == Some(why)));
        assert!(Why::ALL.into_iter().all(|why| !why.sentence().is_empty()));
    }
}
