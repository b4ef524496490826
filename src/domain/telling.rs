//! What is told of a trouble, in words: for a message, a mail, a terminal. Codes and numbers only, never what people wrote.

use std::time::Duration;

use super::alarm::Phase;
use super::own::{Own, Raised, Severity};
use super::time::Timestamp;

/// One trouble as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// What it tells of.
    pub raised: Raised,
    /// Its beginning or its end.
    pub phase: Phase,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// Whether it is only a test of the way.
    pub test: bool,
}

/// What a kind means, as a sentence without its subject.
pub fn meaning(own: Own) -> &'static str {
    match own {
        Own::NoSocket => "no socket to Slack is open",
        Own::NotAllowed => "Slack does not accept a token, or Socket Mode is off",
        Own::ForeignSockets => "Slack counts more sockets of this app than deskd has",
        Own::CanaryMissed => "the canary was posted and did not come back",
        Own::NotWritable => "the database cannot be written, so nothing is acknowledged",
        Own::JournalLagging => "events wait too long to be decoded",
        Own::OutboxLagging => "messages wait too long to be sent",
        Own::DeadLetter => "a message did not go out",
        Own::DestinationBroken => "a channel no longer takes messages",
        Own::DeliveryFailed => "a notice was not delivered",
        Own::NoticesExpired => "notices waited for their destination until nobody needs them",
        Own::TemplateFailed => "the template of a kind does not work, so its cards are plain",
        Own::RecoveryFailed => "missed messages of a channel cannot be read",
        Own::BackupOld => "the last backup is too old",
        Own::WorkerStuck => "a part of deskd is stuck",
    }
}

/// What to do about it.
pub fn advice(own: Own) -> &'static str {
    match own {
        Own::NoSocket => "deskd status shows why; deskd doctor looks at the network and the tokens",
        Own::NotAllowed => "run deskd doctor: it says which token or setting to mend",
        Own::ForeignSockets => "is a second deskd or another program using the app's token? Stop it",
        Own::CanaryMissed => "deskd has opened fresh sockets; run deskd doctor if it happens again",
        Own::NotWritable => "look at the free space, the owner and the mode of the database's folder",
        Own::JournalLagging => "deskd status --watch shows whether it moves; look at the log",
        Own::OutboxLagging => "deskd queue list shows what waits and why",
        Own::DeadLetter => "deskd queue list, then deskd queue retry ID or drop ID",
        Own::DestinationBroken => "bring the channel back, or invite the bot again",
        Own::DeliveryFailed => {
            "deskd why \"delivery N\" says what happened; deskd test tries every destination"
        }
        Own::NoticesExpired => {
            "deskd notices list --state dead shows them; deskd test tries every destination"
        }
        Own::TemplateFailed => "mend the template of that [[kind]]; deskd check tries it with all fields",
        Own::RecoveryFailed => "invite the bot to the channel, or check the scopes with deskd doctor",
        Own::BackupOld => "run deskd backup FILE, best from a timer",
        Own::WorkerStuck => "look at the log; systemd restarts deskd by its watchdog",
    }
}

/// What the subject of a kind is called.
pub fn subject_word(own: Own) -> &'static str {
    match own {
        Own::DeadLetter => "send",
        Own::DestinationBroken | Own::RecoveryFailed => "channel",
        Own::WorkerStuck => "worker",
        Own::DeliveryFailed => "delivery",
        Own::NoticesExpired => "destination",
        Own::TemplateFailed => "kind",
        Own::NotAllowed => "token",
        Own::NoSocket
        | Own::ForeignSockets
        | Own::CanaryMissed
        | Own::NotWritable
        | Own::JournalLagging
        | Own::OutboxLagging
        | Own::BackupOld => "",
    }
}

/// The kind with its subject and detail: `a message did not go out (send 7, invalid_auth)`.
pub fn sentence(raised: &Raised) -> String {
    let Raised { own, subject, detail } = raised;
    let subject = match subject.as_str() {
        "" => String::new(),
        subject => format!("{} {subject}", subject_word(*own)).trim_start().to_owned(),
    };
    let more: Vec<&str> = [subject.as_str(), detail].into_iter().filter(|part| !part.is_empty()).collect();
    match more.is_empty() {
        true => meaning(*own).to_owned(),
        false => format!("{} ({})", meaning(*own), more.join(", ")),
    }
}

/// A span as people say it: `3 min`.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

impl Telling {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.raised.own.severity()
    }

    /// One line: what begins or what is over.
    pub fn headline(&self) -> String {
        let sentence = sentence(&self.raised);
        match (self.test, self.phase) {
            (true, _) => "test: this is only a test of the alarm".to_owned(),
            (false, Phase::Raised) => format!("{}: {sentence}", self.severity().as_str()),
            (false, Phase::Resolved) => format!("over: {sentence}"),
        }
    }

    /// What follows the headline: since when, for how long, what to do.
    pub fn rest(&self) -> String {
        match (self.test, self.phase, self.resolved_at) {
            (true, ..) => "Nothing is wrong. Somebody ran deskd alarm test.".to_owned(),
            (false, Phase::Resolved, Some(over)) => {
                format!("It lasted {}, from {} to {over}.", span(over.since(self.raised_at)), self.raised_at)
            }
            (false, ..) => format!("Since {}. Hint: {}.", self.raised_at, advice(self.raised.own)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Own, Phase, Raised, Telling, Timestamp, advice, meaning};

    #[test]
    fn a_notice_says_what_since_when_and_what_to_do() {
        let raised = Raised { own: Own::DeadLetter, subject: "7".into(), detail: "unreachable".into() };
        let begun = Telling {
            raised,
            phase: Phase::Raised,
            raised_at: Timestamp(1_700_000_000_000),
            resolved_at: None,
            test: false,
        };
        insta::assert_snapshot!(format!("{}\n{}", begun.headline(), begun.rest()), @"
        warning: a message did not go out (send 7, unreachable)
        Since 2023-11-14T22:13:20.000Z. Hint: deskd queue list, then deskd queue retry ID or drop ID.
        ");
        let over =
            Telling { phase: Phase::Resolved, resolved_at: Some(Timestamp(1_700_000_200_000)), ..begun };
        insta::assert_snapshot!(format!("{}\n{}", over.headline(), over.rest()), @"
        over: a message did not go out (send 7, unreachable)
        It lasted 3 min, from 2023-11-14T22:13:20.000Z to 2023-11-14T22:16:40.000Z.
        ");
    }

    #[test]
    fn every_kind_has_a_meaning_and_an_advice() {
        for own in Own::ALL {
            assert!(!meaning(own).is_empty() && advice(own).len() > 10, "{own:?}");
        }
    }
}
