//! User groups as Slack describes them, in lists and in the `subteam_…` events.

use serde::Deserialize;

use super::loose::{self, Loose, Text};
use crate::domain::directory::{Group, GroupNews};
use crate::domain::ids::{GroupId, PersonId};
use crate::domain::time::Timestamp;

/// The fields of a user group that we use.
#[derive(Debug, Deserialize)]
pub struct Subteam<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    handle: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    name: Text<'a>,
    /// Unix seconds.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    date_update: Text<'a>,
    /// Unix seconds, 0 while the group is in use.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    date_delete: Text<'a>,
    /// Left out where Slack was not asked for it.
    #[serde(default, deserialize_with = "members")]
    users: Option<Vec<String>>,
}

/// The wrapper of an event about a group. Such events are read apart from all others, whose shape contains itself: each field
/// there costs stack at every level of a payload that somebody nested.
#[derive(Deserialize)]
struct Callback<'a> {
    #[serde(borrow, default)]
    event: Loose<'a, GroupEvent<'a>>,
}

#[derive(Deserialize)]
struct GroupEvent<'a> {
    /// The whole group, in `subteam_created` and `subteam_updated`.
    #[serde(borrow, default)]
    subteam: Loose<'a, Subteam<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    subteam_id: Text<'a>,
    #[serde(default, deserialize_with = "loose::texts")]
    added_users: Vec<String>,
    #[serde(default, deserialize_with = "loose::texts")]
    removed_users: Vec<String>,
    /// Unix seconds.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    date_update: Text<'a>,
}

/// The group, or `None` for one without an id and for one that is switched off.
pub fn group(subteam: &Subteam<'_>) -> Option<Group> {
    let id = GroupId(loose::filled(&subteam.id)?);
    let handle = loose::filled(&subteam.handle).unwrap_or_else(|| id.0.clone());
    let name = loose::filled(&subteam.name).unwrap_or_else(|| handle.clone());
    let group = Group { id, handle, name, changed_at: seconds(&subteam.date_update) };
    (seconds(&subteam.date_delete) == Timestamp(0)).then_some(group)
}

/// Whether an event of this type is about a group.
pub fn is_theirs(kind: &str) -> bool {
    kind.starts_with("subteam_")
}

/// Reads an event about a group; `None` for one that we have no use for and for one without a group.
pub fn news(kind: &str, payload: &str) -> Option<GroupNews> {
    let callback: Callback<'_> = serde_json::from_str(payload).ok()?;
    let event = callback.event.object()?;
    match kind {
        "subteam_created" | "subteam_updated" => {
            let subteam = event.subteam.object()?;
            match group(subteam) {
                Some(group) => Some(GroupNews::Changed { group, members: subteam.users.clone().map(people) }),
                None => Some(GroupNews::Closed {
                    group: GroupId(loose::filled(&subteam.id)?),
                    at: seconds(&subteam.date_update),
                }),
            }
        }
        "subteam_members_changed" => Some(GroupNews::Staffed {
            group: GroupId(loose::filled(&event.subteam_id)?),
            added: people(event.added_users.clone()),
            removed: people(event.removed_users.clone()),
            at: seconds(&event.date_update),
        }),
        _ => None,
    }
}

/// User ids as people.
pub fn people(ids: Vec<String>) -> Vec<PersonId> {
    ids.into_iter().map(PersonId).collect()
}

fn members<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    loose::texts(from).map(Some)
}

/// Unix seconds; what cannot be read counts as 0.
fn seconds(text: &Text<'_>) -> Timestamp {
    Timestamp(loose::or_empty(text).parse::<i64>().unwrap_or_default().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::super::decode::decode;
    use crate::domain::directory::{Group, GroupNews};
    use crate::domain::ids::{GroupId, PersonId};
    use crate::domain::message::Arrival;
    use crate::domain::time::Timestamp;

    fn decoded(event: &str) -> Arrival {
        decode("events_api", &format!(r#"{{"type":"event_callback","event":{event}}}"#), None).unwrap()
    }

    #[test]
    fn events_of_groups_are_read_with_what_they_say() {
        let group = |at| Group {
            id: GroupId("S1".into()),
            handle: "team-db".into(),
            name: "Databases".into(),
            changed_at: Timestamp(at),
        };
        let people = |ids: &[&str]| ids.iter().map(|id| PersonId((*id).into())).collect::<Vec<_>>();
        let subteam = r#""id":"S1","handle":"team-db","name":"Databases""#;
        for (event, news) in [
            (
                format!(r#"{{"type":"subteam_created","subteam":{{{subteam},"date_update":5,"users":["U1",7]}}}}"#),
                GroupNews::Changed { group: group(5000), members: Some(people(&["U1", "7"])) },
            ),
            (
                format!(r#"{{"type":"subteam_updated","subteam":{{{subteam},"date_update":"6"}}}}"#),
                GroupNews::Changed { group: group(6000), members: None },
            ),
            (
                format!(
                    r#"{{"type":"subteam_updated","subteam":{{{subteam},"date_update":7,"date_delete":7}}}}"#
                ),
                GroupNews::Closed { group: GroupId("S1".into()), at: Timestamp(7000) },
            ),
            (
                r#"{"type":"subteam_members_changed","subteam_id":"S1","date_update":8,"added_users":["U2"]}"#
                    .into(),
                GroupNews::Staffed {
                    group: GroupId("S1".into()),
                    added: people(&["U2"]),
                    removed: Vec::new(),
                    at: Timestamp(8000),
                },
            ),
        ] {
            assert_eq!(decoded(&event), Arrival::Group(news), "{event}");
        }
        let odd = decoded(r#"{"type":"subteam_updated","subteam":[]}"#);
        assert_eq!(odd, Arrival::Other { kind: "subteam_updated".into() });
    }
}
