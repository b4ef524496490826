//! The directory of a workspace: its people and user groups, what Slack tells of groups, and when all of it is read anew.

use jiff::tz::TimeZone;

use super::ids::{GroupId, PersonId};
use super::message::Profile;
use super::night;
use super::time::Timestamp;

/// A user group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Slack's id of it.
    pub id: GroupId,
    /// The handle without `@`, unique in a workspace.
    pub handle: String,
    /// What people call it.
    pub name: String,
    /// When it was last changed, by Slack's clock.
    pub changed_at: Timestamp,
}

/// People and groups, as many of them as a question needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// People, closed accounts included.
    pub people: Vec<Profile>,
    /// Groups that are in use.
    pub groups: Vec<Group>,
}

/// What happened to a user group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupNews {
    /// It is there and looks like this.
    Changed {
        /// The group now.
        group: Group,
        /// Who is in it, when Slack says so.
        members: Option<Vec<PersonId>>,
    },
    /// It was switched off.
    Closed {
        /// Which one.
        group: GroupId,
        /// When.
        at: Timestamp,
    },
    /// People came and went.
    Staffed {
        /// Which group.
        group: GroupId,
        /// Who is in it now and was not before.
        added: Vec<PersonId>,
        /// Who was in it before and is not now.
        removed: Vec<PersonId>,
        /// When.
        at: Timestamp,
    },
}

/// What is known while no reading is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Whether somebody asked for a reading, or an event spoke of a group that is not known.
    pub wanted: bool,
    /// When the last reading ended, complete or not.
    pub ended_at: Option<Timestamp>,
}

/// What the directory is read for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// Whether the configuration names people or groups.
    pub is_named: bool,
    /// When the daemon started.
    pub since: Timestamp,
    /// Where its nights are.
    pub zone: TimeZone,
}

/// When the next reading begins: at once when it is wanted, or when the configuration names somebody and there was none yet;
/// else in the night after the last one. A machine that was off at night has missed it and reads when it is back.
pub fn next_reading(rest: Rest, purpose: &Purpose) -> Timestamp {
    match rest.ended_at {
        _ if rest.wanted => Timestamp(0),
        Some(ended_at) => night::next(ended_at, &purpose.zone),
        None if purpose.is_named => Timestamp(0),
        None => night::next(purpose.since, &purpose.zone),
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Rest, TimeZone, Timestamp, next_reading};

    #[test]
    fn the_directory_is_read_when_wanted_when_first_named_and_every_night() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let noon = Some(at("2026-11-21T12:00:00Z"));
        let (now, night) = (Timestamp(0), at("2026-11-22T03:00:00Z"));
        let second_night = at("2026-11-23T03:00:00Z");
        for (sentence, wanted, is_named, ended_at, next) in [
            ("never read and nobody named", false, false, None, second_night),
            ("never read and somebody named", false, true, None, now),
            ("asked for before the first", true, false, None, now),
            ("asked for", true, false, noon, now),
            ("the night after the last one, whoever is named", false, true, noon, night),
        ] {
            let purpose = Purpose { is_named, since: at("2026-11-22T12:00:00Z"), zone: TimeZone::UTC };
            assert_eq!(next_reading(Rest { wanted, ended_at }, &purpose), next, "{sentence}");
        }
    }
}
