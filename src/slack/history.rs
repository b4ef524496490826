//! `conversations.history` and `conversations.replies`, a page at a time, and the payloads that make events of what they
//! hold: what was read goes through the same journal and the same decoder as what arrives.
//!
//! Only the fields that `decode` reads are taken over. Reactions and counts of replies change all the time, and the same
//! message read twice shall be the same event.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::decode::decode;
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::rooms::More;
use crate::domain::ids::{ChannelId, MessageTs, WorkspaceId};
use crate::domain::message::{Arrival, Message, Ourselves};
use crate::domain::time::Timestamp;

/// The kind under which recovered messages stand in the journal, beside `events_api` and the others.
pub const RECOVERED: &str = "recovered";

/// Messages a page: about 1 MiB at most. Apps under the limits of 2025 get 15 of them.
const PAGE: &str = "200";

/// The fields of a message that the decoder reads.
const FIELDS: [&str; 14] = [
    "subtype",
    "user",
    "text",
    "ts",
    "thread_ts",
    "client_msg_id",
    "bot_id",
    "app_id",
    "bot_profile",
    "team",
    "user_team",
    "files",
    "attachments",
    "edited",
];

/// The part of a channel or thread that is asked for; both ends are left out.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// Later than this.
    pub oldest: &'a MessageTs,
    /// Earlier than this.
    pub latest: Option<&'a MessageTs>,
    /// Where Slack said to go on, if the page before held nothing.
    pub cursor: &'a str,
}

/// A page of messages, in Slack's order.
#[derive(Debug)]
pub struct Page {
    /// What could be read of it.
    pub messages: Vec<Past>,
    /// The lowest and the highest `ts` on it, of anything at all.
    pub span: Option<(MessageTs, MessageTs)>,
    /// Whether there is more.
    pub has_more: bool,
    /// Where Slack says to go on.
    pub cursor: String,
    /// What Slack's clock showed.
    pub said_at: Option<Timestamp>,
}

/// A message of a page.
#[derive(Debug)]
pub struct Past {
    /// What it says.
    pub message: Message,
    /// Whether its text may differ from the one it had at first: edited, or taken back with its replies left.
    pub changed: bool,
    /// The newest reply of the thread that it is the parent of.
    pub latest_reply: Option<MessageTs>,
    /// The payload of an event that posts it.
    pub posted: String,
    /// The payload of an event that changes it into what it is now.
    pub change: String,
}

impl Api {
    /// `conversations.history`: one page of what stands in the channel itself, the newest first.
    pub async fn history(
        &self,
        ours: &Ourselves,
        channel: &ChannelId,
        stretch: Stretch<'_>,
    ) -> Result<Page, Failure> {
        self.page("conversations.history", ours, channel, stretch, None).await
    }

    /// `conversations.replies`: one page of a thread, the oldest first.
    pub async fn replies(
        &self,
        ours: &Ourselves,
        channel: &ChannelId,
        thread: &MessageTs,
        stretch: Stretch<'_>,
    ) -> Result<Page, Failure> {
        self.page("conversations.replies", ours, channel, stretch, Some(thread)).await
    }

    async fn page(
        &self,
        method: &str,
        ours: &Ourselves,
        channel: &ChannelId,
        stretch: Stretch<'_>,
        thread: Option<&MessageTs>,
    ) -> Result<Page, Failure> {
        let mut form = vec![("channel", channel.0.as_str()), ("limit", PAGE), ("oldest", &stretch.oldest.0)];
        form.extend(thread.map(|thread| ("ts", thread.0.as_str())));
        form.extend(stretch.latest.map(|latest| ("latest", latest.0.as_str())));
        form.extend((!stretch.cursor.is_empty()).then_some(("cursor", stretch.cursor)));
        let done = self.read(method, &form).await?;
        let raw: Raw<'_> = serde_json::from_slice(&done.body).map_err(|_| unread())?;
        let Value::Array(found) = raw.messages else { return Err(unread()) };
        // The parent leads every page of its thread; it belongs to the channel and says nothing about the reading.
        let here: Vec<&Map<String, Value>> = found
            .iter()
            .filter_map(Value::as_object)
            .filter(|message| thread.is_none_or(|thread| text(message, "ts") != Some(&thread.0)))
            .collect();
        let mut stamps: Vec<&str> = here.iter().filter_map(|message| text(message, "ts")).collect();
        stamps.sort_unstable();
        let stamp = |ts: Option<&&str>| ts.map(|ts| MessageTs((*ts).to_owned()));
        Ok(Page {
            span: stamp(stamps.first()).zip(stamp(stamps.last())),
            messages: here.into_iter().filter_map(|message| past(ours, channel, message)).collect(),
            has_more: raw.has_more,
            cursor: raw
                .response_metadata
                .object()
                .and_then(|more| loose::filled(&more.next_cursor))
                .unwrap_or_default(),
            said_at: done.said_at,
        })
    }
}

fn unread() -> Failure {
    Failure::Unknown { what: "the page of history cannot be read".to_owned() }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(default)]
    messages: Value,
    #[serde(default, deserialize_with = "loose::flag")]
    has_more: bool,
    #[serde(borrow, default)]
    response_metadata: Loose<'a, More<'a>>,
}

#[derive(Deserialize)]
struct Stamp<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    latest_reply: Text<'a>,
}

/// What the decoder makes of a message; `None` for what it cannot read or has no use for.
fn past(ours: &Ourselves, channel: &ChannelId, found: &Map<String, Value>) -> Option<Past> {
    let kept: Map<String, Value> = FIELDS
        .iter()
        .filter_map(|field| found.get(*field).map(|value| ((*field).to_owned(), value.clone())))
        .collect();
    let mut said = kept.clone();
    // The first reply makes a message the parent of itself.
    if said.get("thread_ts").is_some_and(|thread| Some(thread) == said.get("ts")) {
        said.remove("thread_ts");
    }
    said.insert("type".to_owned(), json!("message"));
    said.insert("channel".to_owned(), json!(channel.0));
    let posted = payload(&ours.workspace, &Value::Object(said));
    let Ok(Arrival::Posted(message)) = decode(RECOVERED, &posted, Some(&ours.person)) else { return None };
    let changed = json!({
        "type": "message", "subtype": "message_changed", "channel": channel.0, "message": kept,
    });
    Some(Past {
        changed: found.contains_key("edited") || message.subtype.as_deref() == Some("tombstone"),
        latest_reply: Stamp::deserialize(found)
            .ok()
            .and_then(|stamp| loose::filled(&stamp.latest_reply))
            .map(MessageTs),
        change: payload(&ours.workspace, &changed),
        posted,
        message,
    })
}

fn payload(workspace: &WorkspaceId, event: &Value) -> String {
    json!({ "type": "event_callback", "team_id": workspace.0, "event": event }).to_string()
}

fn text<'a>(message: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    message.get(field).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::{ChannelId, Ourselves, RECOVERED, Value, json, past};
    use crate::domain::ids::{PersonId, WorkspaceId};
    use crate::domain::message::Arrival;
    use crate::slack::decode::decode;

    fn read(message: &Value) -> Option<super::Past> {
        let ours = Ourselves {
            workspace: WorkspaceId("T1".into()),
            workspace_name: String::new(),
            url: String::new(),
            person: PersonId("UBOT".into()),
            bot: "BBOT".into(),
            app: None,
        };
        past(&ours, &ChannelId("C1".into()), message.as_object().expect("the sample is an object"))
    }

    #[test]
    fn a_message_read_twice_is_the_same_event_whatever_became_of_its_thread() {
        let quiet = json!({"type": "message", "ts": "1.2", "user": "U1", "text": "<@UBOT> help"});
        let busy = json!({"type": "message", "ts": "1.2", "user": "U1", "text": "<@UBOT> help",
            "thread_ts": "1.2", "latest_reply": "7.0", "reply_count": 2, "reactions": [{"name": "eyes"}]});
        let (quiet, busy) = (read(&quiet).expect("read"), read(&busy).expect("read"));
        assert!(quiet.message.mentions_us);
        assert_eq!(busy.latest_reply.map(|ts| ts.0).as_deref(), Some("7.0"));
        assert_eq!(quiet.posted, busy.posted);
    }

    #[test]
    fn an_edited_message_makes_an_edit_and_a_tombstone_a_deletion() {
        let edited = json!({"ts": "1.2", "user": "U1", "text": "new", "edited": {"user": "U1", "ts": "3.0"}});
        let edited = read(&edited).expect("read");
        assert!(edited.changed);
        let Ok(Arrival::Edited(edit)) = decode(RECOVERED, &edited.change, None) else { panic!("no edit") };
        assert_eq!((edit.ts.0.as_str(), edit.text.as_str()), ("1.2", "new"));
        let gone =
            json!({"ts": "1.2", "user": "USLACKBOT", "subtype": "tombstone", "text": "This was deleted."});
        let gone = read(&gone).expect("read");
        assert!(gone.changed);
        assert!(matches!(decode(RECOVERED, &gone.change, None), Ok(Arrival::Deleted { .. })));
    }

    #[test]
    fn what_has_no_ts_is_left_out() {
        for odd in [json!({}), json!({"ts": null, "text": "x"}), json!({"ts": [], "user": 3})] {
            assert!(read(&odd).is_none(), "{odd}");
        }
    }
}
