//! Heartbeats: somebody promises to say something every so often, and their silence is told.

use std::time::Duration;

use super::notice::Severity;
use super::time::Timestamp;

/// The kind of the notice that tells of a silence.
pub const MISSED: &str = "heartbeat.missed";

/// What somebody promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its name.
    pub name: String,
    /// How often it beats.
    pub every: Duration,
    /// How late a beat may be.
    pub grace: Duration,
    /// How much its silence matters.
    pub severity: Severity,
}

/// What is known of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Since when it is promised: one that never beat counts from here.
    pub since: Timestamp,
    /// The last beat.
    pub last: Option<Timestamp>,
    /// Since when its silence has been told.
    pub missed: Option<Timestamp>,
}

/// What is to be done about a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// It beats; nobody need look before this instant.
    Well(Timestamp),
    /// It is silent, and somebody is to be told.
    Silent,
    /// It is silent, and somebody has been told.
    Told,
}

/// Judges a heartbeat. Nobody could beat before deskd was there at `started`, so a beat that was due before gets its grace
/// from then on: a restart tells of nobody who comes back at once, and forgives nobody who does not.
pub fn judge(promise: &Promise, seen: Seen, started: Timestamp, now: Timestamp) -> Pulse {
    if seen.missed.is_some() {
        return Pulse::Told;
    }
    let last = seen.last.unwrap_or(seen.since);
    let due = last.plus(promise.every).plus(promise.grace).max(started.plus(promise.grace));
    if now < due { Pulse::Well(due) } else { Pulse::Silent }
}

#[cfg(test)]
mod tests {
    use super::Pulse::{Silent, Told, Well};
    use super::{Promise, Seen, Severity, Timestamp, judge};
    use std::time::Duration;

    #[test]
    fn silence_longer_than_promised_is_told_once() {
        let promise = Promise {
            name: "backup".to_owned(),
            every: Duration::from_secs(100),
            grace: Duration::from_secs(10),
            severity: Severity::Error,
        };
        let at = |seconds: i64| Timestamp(seconds * 1000);
        let seen = |last: Option<i64>, missed: Option<i64>| Seen {
            since: at(1000),
            last: last.map(at),
            missed: missed.map(at),
        };
        let table = [
            ("never seen, counted from its first configuration", None, None, 0, 1109, Well(at(1110))),
            ("never seen, for too long", None, None, 0, 1110, Silent),
            ("it beats", Some(2000), None, 0, 2050, Well(at(2110))),
            ("late, within its grace", Some(2000), None, 0, 2109, Well(at(2110))),
            ("too late", Some(2000), None, 0, 2110, Silent),
            ("too late, and told already", Some(2000), Some(2110), 0, 9000, Told),
            ("due while deskd was away", Some(2000), None, 5000, 5005, Well(at(5010))),
            ("due while deskd was away, and not back in its grace", Some(2000), None, 5000, 5010, Silent),
        ];
        for (what, last, missed, started, now, expected) in table {
            assert_eq!(judge(&promise, seen(last, missed), at(started), at(now)), expected, "{what}");
        }
    }
}
