//! Who a payload is for and which one it is: the few fields that are stored beside the raw text.
//!
//! This runs before the acknowledgement, for every envelope, so it reads each payload once and copies only the ids.
//! It never fails: what cannot be read is `None`, and the raw payload is stored all the same.

use serde::Deserialize;

use super::loose::{self, Loose, Text};
use super::mend;

/// The identity of a payload; every part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The workspace (`T…`), or the organisation (`E…`) where Slack names no workspace.
    pub workspace: Option<String>,
    /// Our app's id (`A…`).
    pub app: Option<String>,
    /// The inner type: of the event (`message`), of the interaction (`block_actions`), or the command's name.
    pub kind: Option<String>,
    /// What Slack repeats when it delivers again: `event_id` of an event, `trigger_id` of a command or interaction.
    pub event_id: Option<String>,
}

/// Reads the keys of a payload; `envelope_kind` is the frame's type, for instance `events_api`.
pub fn keys(envelope_kind: &str, payload: &str) -> Keys {
    read(envelope_kind, payload).or_else(|| read(envelope_kind, &mend::mended(payload)?)).unwrap_or_default()
}

/// `None` for what cannot be read.
fn read(envelope_kind: &str, payload: &str) -> Option<Keys> {
    let slip = serde_json::from_str::<Loose<'_, Slip<'_>>>(payload).ok()?;
    let Loose::Object(slip) = slip else {
        return Some(Keys::default());
    };
    let inner = slip.event.object().and_then(|event| loose::filled(&event.kind));
    let outer = loose::filled(&slip.kind);
    let kind = if envelope_kind == "slash_commands" { loose::filled(&slip.command) } else { None };
    let id = loose::filled(&slip.event_id).or_else(|| loose::filled(&slip.trigger_id));
    Some(Keys {
        workspace: slip.workspace(),
        app: loose::filled(&slip.api_app_id),
        kind: kind.or(inner).or(outer),
        event_id: id,
    })
}

#[derive(Deserialize)]
struct Slip<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    enterprise_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    api_app_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    event_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    trigger_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    command: Text<'a>,
    #[serde(borrow, default)]
    event: Loose<'a, Kind<'a>>,
    #[serde(borrow, default)]
    team: Loose<'a, Id<'a>>,
    #[serde(borrow, default)]
    user: Loose<'a, Member<'a>>,
    #[serde(borrow, default)]
    enterprise: Loose<'a, Id<'a>>,
}

impl Slip<'_> {
    /// The workspace, wherever this kind of payload says it: org installs write `"team": null` in interactions.
    fn workspace(&self) -> Option<String> {
        let team = || self.team.object().and_then(|team| loose::filled(&team.id));
        let home = || self.user.object().and_then(|user| loose::filled(&user.team_id));
        let organisation = || self.enterprise.object().and_then(|enterprise| loose::filled(&enterprise.id));
        loose::filled(&self.team_id)
            .or_else(team)
            .or_else(home)
            .or_else(|| loose::filled(&self.enterprise_id))
            .or_else(organisation)
    }
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    kind: Text<'a>,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
}

#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team_id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::{Keys, keys};

    fn expected(workspace: &str, kind: &str, event_id: &str) -> Keys {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Keys { workspace: some(workspace), app: None, kind: some(kind), event_id: some(event_id) }
    }

    #[test]
    fn each_kind_of_payload_says_where_it_belongs_and_which_one_it_is() {
        for (envelope, payload, keys_of_it) in [
            (
                "events_api",
                r#"{"team_id":"T1","type":"event_callback","event_id":"Ev1","event":{"type":"message","user":"U1"}}"#,
                expected("T1", "message", "Ev1"),
            ),
            (
                "slash_commands",
                r#"{"team_id":"T1","command":"/desk","trigger_id":"1.2.x"}"#,
                expected("T1", "/desk", "1.2.x"),
            ),
            (
                "interactive",
                r#"{"type":"block_actions","team":null,"user":{"id":"U1","team_id":"T2"},"trigger_id":"9"}"#,
                expected("T2", "block_actions", "9"),
            ),
            (
                "events_api",
                r#"{"type":"app_rate_limited","team_id":"T1"}"#,
                expected("T1", "app_rate_limited", ""),
            ),
            ("events_api", r#"{"team_id":5,"event":"odd","type":null}"#, expected("5", "", "")),
            ("events_api", "null", Keys::default()),
            ("events_api", "[1,2]", Keys::default()),
            ("events_api", "{broken", Keys::default()),
        ] {
            assert_eq!(keys(envelope, payload), keys_of_it, "{payload}");
        }
    }
}
