//! Which troubles of deskd's own hold at this moment, judged by what can be measured, and when one of them is over.
//!
//! Only the kinds that are a level (a state that lasts while it is seen) are judged here. What is an event of its own, such
//! as a dead letter or a canary that did not come back, is raised and resolved where it happens.

use std::collections::BTreeMap;
use std::time::Duration;

use super::own::{Own, Raised};
use super::time::Timestamp;

/// How long an event may wait to be decoded: a flood at the start is taken up in seconds.
pub const JOURNAL_LATE: Duration = Duration::from_secs(60);

/// How long a message may wait to be sent: Slack's rate limits and a short outage fit in.
pub const OUTBOX_LATE: Duration = Duration::from_secs(10 * 60);

/// How long the database may refuse to be written: a backup tool that holds it for a moment is no trouble.
pub const NOT_WRITABLE: Duration = Duration::from_secs(30);

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Since when no socket is up; `None` while one is.
    pub no_socket_since: Option<Timestamp>,
    /// Why, as the first link says it: a stable word.
    pub no_socket_reason: Option<String>,
    /// Whether only an operator can mend that: it is told as such, and not once more as a missing socket.
    pub refused: bool,
    /// When the oldest event without an outcome was recorded.
    pub oldest_pending: Option<Timestamp>,
    /// When the oldest row that still has to go out was due for the first time.
    pub oldest_send: Option<Timestamp>,
    /// When the last sound backup was made, or the database itself where there is none.
    pub last_backup: Option<Timestamp>,
    /// The workers that are stuck, by name, and since when.
    pub stuck: BTreeMap<String, Timestamp>,
}

/// From when on something is a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Time without a socket.
    pub no_socket: Duration,
    /// Age of the last backup; `None` when nobody wants to be told.
    pub backup: Option<Duration>,
}

/// A trouble that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// As it is raised.
    pub raised: Raised,
    /// Since when it is so: earlier than it is raised.
    pub since: Timestamp,
    /// Whether it has lasted long enough to be raised. One that has not only keeps an open trouble open.
    pub due: bool,
}

/// Whether a kind is a level, and for how long it has to be gone before it is over: a link that comes and goes is one trouble
/// and not fifty. `None` for what is raised and resolved elsewhere.
pub fn calm(own: Own) -> Option<Duration> {
    match own {
        Own::NoSocket | Own::JournalLagging | Own::OutboxLagging => Some(Duration::from_secs(60)),
        Own::NotWritable | Own::WorkerStuck => Some(Duration::from_secs(30)),
        // A backup does not flap.
        Own::BackupOld => Some(Duration::ZERO),
        Own::NotAllowed
        | Own::ForeignSockets
        | Own::CanaryMissed
        | Own::DeadLetter
        | Own::DestinationBroken
        | Own::DeliveryFailed
        | Own::NoticesExpired
        | Own::TemplateFailed
        | Own::RecoveryFailed => None,
    }
}

/// All troubles that are seen at `now`.
pub fn standing(seen: &Observed, thresholds: &Thresholds, now: Timestamp) -> Vec<Trouble> {
    let reason = seen.no_socket_reason.as_deref().unwrap_or_default();
    // Never due by age, but it keeps open what was raised before.
    let no_socket = if seen.refused { Duration::MAX } else { thresholds.no_socket };
    let half = |span: Duration| span / 2;
    // From when on it is raised, and from when on it only keeps an open trouble open.
    let single = [
        (Own::NoSocket, seen.no_socket_since, Some(no_socket), Duration::ZERO, reason),
        (Own::JournalLagging, seen.oldest_pending, Some(JOURNAL_LATE), half(JOURNAL_LATE), ""),
        (Own::OutboxLagging, seen.oldest_send, Some(OUTBOX_LATE), half(OUTBOX_LATE), ""),
        (Own::BackupOld, seen.last_backup, thresholds.backup, thresholds.backup.unwrap_or_default(), ""),
    ];
    let trouble = |own: Own, subject: &str, detail: &str, since: Timestamp, due: bool| {
        let raised = Raised { own, subject: subject.to_owned(), detail: detail.to_owned() };
        Trouble { raised, since, due }
    };
    let mut found: Vec<Trouble> = single
        .into_iter()
        .filter_map(|(own, since, after, keeps, detail)| Some((own, since?, after?, keeps, detail)))
        .filter(|(_, since, _, keeps, _)| now.since(*since) >= *keeps)
        .map(|(own, since, after, _, detail)| trouble(own, "", detail, since, now.since(since) >= after))
        .collect();
    found
        .extend(seen.stuck.iter().map(|(worker, since)| trouble(Own::WorkerStuck, worker, "", *since, true)));
    found
}

/// What to do with one trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new, or its detail is.
    Raise(Raised),
    /// It is over.
    Resolve(Own, String),
}

/// Remembers since when a trouble that is still open has not been seen.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    gone_since: BTreeMap<(Own, String), Timestamp>,
}

impl Memory {
    /// Compares what holds with the troubles that are open.
    pub fn compare(&mut self, standing: &[Trouble], open: &[Raised], now: Timestamp) -> Vec<Change> {
        let holds = |trouble: &Raised| {
            standing
                .iter()
                .any(|found| (found.raised.own, &found.raised.subject) == (trouble.own, &trouble.subject))
        };
        let mut changes: Vec<Change> = standing
            .iter()
            .filter(|found| found.due && !open.contains(&found.raised))
            .map(|found| Change::Raise(found.raised.clone()))
            .collect();
        self.gone_since.retain(|(own, subject), _| {
            open.iter().any(|trouble| (trouble.own, &trouble.subject) == (*own, subject) && !holds(trouble))
        });
        for trouble in open.iter().filter(|trouble| !holds(trouble)) {
            let Some(calm) = calm(trouble.own) else { continue };
            let key = (trouble.own, trouble.subject.clone());
            let gone = *self.gone_since.entry(key).or_insert(now);
            if now.since(gone) >= calm {
                changes.push(Change::Resolve(trouble.own, trouble.subject.clone()));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Duration, Memory, Observed, Own, Raised, Thresholds, Timestamp, standing};

    const THRESHOLDS: Thresholds =
        Thresholds { no_socket: Duration::from_secs(60), backup: Some(Duration::from_secs(3600)) };

    fn kinds(seen: &Observed, second: i64) -> Vec<Own> {
        let found = standing(seen, &THRESHOLDS, Timestamp(second * 1000));
        found.into_iter().filter(|trouble| trouble.due).map(|trouble| trouble.raised.own).collect()
    }

    #[test]
    fn a_trouble_holds_from_its_threshold_on() {
        let at = Some(Timestamp(0));
        let table = [
            (Observed { no_socket_since: at, ..Observed::default() }, 59, 60, Own::NoSocket),
            (Observed { oldest_pending: at, ..Observed::default() }, 59, 60, Own::JournalLagging),
            (Observed { oldest_send: at, ..Observed::default() }, 599, 600, Own::OutboxLagging),
            (Observed { last_backup: at, ..Observed::default() }, 3599, 3600, Own::BackupOld),
        ];
        for (seen, before, after, own) in table {
            assert_eq!(kinds(&seen, before), [], "{own:?}");
            assert_eq!(kinds(&seen, after), [own]);
        }
        assert_eq!(kinds(&Observed::default(), 1_000_000), []);
    }

    #[test]
    fn nobody_is_told_of_backups_who_did_not_ask() {
        let seen = Observed { last_backup: Some(Timestamp(0)), ..Observed::default() };
        let thresholds = Thresholds { backup: None, ..THRESHOLDS };
        assert_eq!(standing(&seen, &thresholds, Timestamp(i64::MAX)), []);
    }

    #[test]
    fn a_trouble_that_comes_and_goes_is_one_and_is_over_when_it_stays_away() {
        let mut memory = Memory::default();
        let raised = Raised { own: Own::NoSocket, subject: String::new(), detail: String::new() };
        let down = Observed { no_socket_since: Some(Timestamp(0)), ..Observed::default() };
        let (up, open) = (Observed::default(), [raised.clone()]);
        let mut look = |seen: &Observed, open: &[Raised], second: i64| {
            let now = Timestamp(second * 1000);
            memory.compare(&standing(seen, &THRESHOLDS, now), open, now)
        };
        assert_eq!(look(&down, &[], 60), [Change::Raise(raised)]);
        assert_eq!(look(&down, &open, 65), []);
        assert_eq!(look(&up, &open, 70), []);
        assert_eq!(look(&up, &open, 125), [], "away for 55 s");
        let down = Observed { no_socket_since: Some(Timestamp(126_000)), ..Observed::default() };
        assert_eq!(look(&down, &open, 128), [], "and back, for a moment");
        assert_eq!(look(&up, &open, 130), []);
        assert_eq!(look(&up, &open, 189), []);
        assert_eq!(look(&up, &open, 190), [Change::Resolve(Own::NoSocket, String::new())]);
    }

    #[test]
    fn what_others_raise_is_not_resolved_here() {
        let open = [Raised { own: Own::DeadLetter, subject: "7".into(), detail: String::new() }];
        let mut memory = Memory::default();
        assert_eq!(memory.compare(&[], &open, Timestamp(0)), []);
        assert_eq!(memory.compare(&[], &open, Timestamp(i64::MAX)), []);
    }
}
