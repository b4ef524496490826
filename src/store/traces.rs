//! What a raw payload says of whom: found by walking its JSON, so that a field Slack adds tomorrow is found as well.
//!
//! A payload names a person when it is by them or about them. Somebody else's words in which a person is only mentioned are
//! theirs and not the person's, so `blocks` and plain text are not looked into.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Keys whose value is the person that an object is by or about.
const NAMING: [&str; 5] = ["user", "user_id", "author_id", "bot_id", "item_user"];

/// Where the words of others are, and the app's own user.
const CLOSED: [&str; 3] = ["blocks", "elements", "authorizations"];

/// Keys that place an object in a conversation.
const PLACING: [&str; 3] = ["ts", "thread_ts", "deleted_ts"];

/// What an event says beside its payload once it is erased.
pub(super) const ERASED: &str = r#"{"erased":true}"#;

/// A person named by an object of a payload.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// Slack's id.
    pub person: String,
    /// The object's own `ts`; `None` when it has none.
    pub ts: Option<String>,
}

/// Everybody whom a payload is by or about; `None` when it is no JSON.
pub(super) fn named(payload: &str) -> Option<BTreeSet<Named>> {
    serde_json::from_str(payload).ok().map(|value| named_in(&value))
}

fn named_in(payload: &Value) -> BTreeSet<Named> {
    let mut found = BTreeSet::new();
    walk(payload, &mut |object| {
        let ts = text(object, "ts");
        found.extend(NAMING.iter().filter_map(|key| object.get(*key)).filter_map(|value| {
            let id = value.as_str().or_else(|| value.get("id").and_then(Value::as_str))?;
            Some(Named { person: id.to_owned(), ts: ts.clone() })
        }));
    });
    found
}

/// The traces of one contact: who they are in Slack, and where its tasks are.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces {
    /// Slack ids.
    pub people: BTreeSet<String>,
    /// The `ts` of everything in its tasks, and their threads, by channel.
    pub places: BTreeMap<String, BTreeSet<String>>,
}

/// How a payload concerns a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// Not at all.
    None,
    /// It is by them or about them.
    Theirs,
    /// Somebody else said it in the conversation of their tasks.
    Around,
}

impl Traces {
    /// How a payload concerns the contact.
    pub(super) fn concern(&self, payload: &str) -> Concern {
        let mentioned = self.people.iter().any(|person| payload.contains(person.as_str()));
        let near = self.places.keys().any(|channel| payload.contains(channel.as_str()));
        if !mentioned && !near {
            return Concern::None;
        }
        let Ok(value) = serde_json::from_str::<Value>(payload) else {
            return if mentioned { Concern::Theirs } else { Concern::None };
        };
        if mentioned && named_in(&value).iter().any(|named| self.people.contains(&named.person)) {
            return Concern::Theirs;
        }
        if near && self.is_placed(&value) { Concern::Around } else { Concern::None }
    }

    fn is_placed(&self, payload: &Value) -> bool {
        let channel = payload.get("event").and_then(|event| event.get("channel"));
        let channel = channel.and_then(|value| value.as_str().or_else(|| value.get("id")?.as_str()));
        let Some(places) = channel.and_then(|channel| self.places.get(channel)) else { return false };
        let mut placed = false;
        walk(payload, &mut |object| {
            placed |= PLACING.iter().filter_map(|key| text(object, key)).any(|ts| places.contains(&ts));
        });
        placed
    }
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Visits every object of a payload. The parser has limited the depth.
fn walk(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            for (_, inner) in object.iter().filter(|(key, _)| !CLOSED.contains(&key.as_str())) {
                walk(inner, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Concern, Traces};
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_payload_is_theirs_when_it_is_by_or_about_them_and_not_when_it_mentions_them() {
        let traces = Traces {
            people: BTreeSet::from(["U1".to_owned()]),
            places: BTreeMap::from([("C1".to_owned(), BTreeSet::from(["5.0".to_owned()]))]),
        };
        for (sentence, payload, concern) in [
            ("written by them", r#"{"event":{"type":"message","user":"U1","ts":"1.0"}}"#, Concern::Theirs),
            ("edited", r#"{"event":{"message":{"user":"U1","ts":"1.0"}}}"#, Concern::Theirs),
            ("taken back", r#"{"event":{"previous_message":{"user":"U1"}}}"#, Concern::Theirs),
            ("root of a broadcast", r#"{"event":{"user":"U2","root":{"user":"U1"}}}"#, Concern::Theirs),
            ("their profile", r#"{"event":{"type":"user_change","user":{"id":"U1"}}}"#, Concern::Theirs),
            ("their command", r#"{"command":"/desk","user_id":"U1","text":"x"}"#, Concern::Theirs),
            ("their click", r#"{"type":"block_actions","user":{"id":"U1"}}"#, Concern::Theirs),
            ("quoted", r#"{"event":{"user":"U2","attachments":[{"author_id":"U1"}]}}"#, Concern::Theirs),
            ("not JSON", r#"{"event":{"user":"U1"#, Concern::Theirs),
            ("mentioned", r#"{"event":{"user":"U2","text":"hi <@U1>"}}"#, Concern::None),
            (
                "mentioned in blocks",
                r#"{"event":{"user":"U2","blocks":[{"type":"user","user_id":"U1"}]}}"#,
                Concern::None,
            ),
            ("somebody else", r#"{"event":{"user":"U12","channel":"C9","ts":"5.0"}}"#, Concern::None),
            (
                "answered in their thread",
                r#"{"event":{"user":"U2","channel":"C1","ts":"6.0","thread_ts":"5.0"}}"#,
                Concern::Around,
            ),
            (
                "elsewhere in the channel",
                r#"{"event":{"user":"U2","channel":"C1","ts":"6.0"}}"#,
                Concern::None,
            ),
        ] {
            assert_eq!(traces.concern(payload), concern, "{sentence}");
        }
    }
}
