//! A message as the workspace keeps it, and as the Web API and events show it.
//!
//! Threads are a matter of the channel; a message only knows its parent's `ts`.

use serde_json::{Map, Value, json};

/// One message, including what became of it. This is also what tests look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Identity within the channel.
    pub ts: String,
    /// Parent's `ts` for a reply.
    pub thread_ts: Option<String>,
    /// Author's user id; classic integrations have none.
    pub user: Option<String>,
    /// Bot id, when an app wrote it.
    pub bot_id: Option<String>,
    /// App id, when an app wrote it.
    pub app_id: Option<String>,
    /// Customised or classic bot name.
    pub username: Option<String>,
    /// Author's team.
    pub team: Option<String>,
    /// Text in Slack's encoding.
    pub text: String,
    /// Blocks, with ids filled in.
    pub blocks: Option<Value>,
    /// Legacy attachments (also unfurls).
    pub attachments: Option<Value>,
    /// Message metadata.
    pub metadata: Option<Value>,
    /// Files.
    pub files: Vec<Value>,
    /// Subtype, such as `file_share`.
    pub subtype: Option<String>,
    /// Id a human's client gives the message.
    pub client_msg_id: Option<String>,
    /// Who edited it and when (`ts`).
    pub edited: Option<(String, String)>,
    /// Whether it was deleted; deleted messages are kept for tests and hidden from the Web API.
    pub deleted: bool,
    /// A thread reply that is also shown in the channel.
    pub broadcast: bool,
    /// Emoji name to the user ids that reacted.
    pub reactions: Vec<(String, Vec<String>)>,
    /// Profile of the bot that wrote it.
    pub bot_profile: Option<Value>,
}

impl Message {
    /// Whether this is a reply in a thread (not the parent).
    pub fn is_reply(&self) -> bool {
        self.thread_ts.as_ref().is_some_and(|parent| *parent != self.ts)
    }

    /// The message object; metadata in full only when asked for.
    pub fn as_object(&self, with_metadata: bool) -> Map<String, Value> {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| {
            if !value.is_null() {
                object.insert(key.to_owned(), value);
            }
        };
        put("type", json!("message"));
        put("subtype", json!(self.subtype));
        put("user", json!(self.user));
        put("ts", json!(self.ts));
        put("client_msg_id", json!(self.client_msg_id));
        put("bot_id", json!(self.bot_id));
        put("app_id", json!(self.app_id));
        put("username", json!(self.username));
        put("text", json!(self.text));
        put("team", json!(self.team));
        put("bot_profile", json!(self.bot_profile));
        put("blocks", json!(self.blocks));
        put("attachments", json!(self.attachments));
        put("thread_ts", json!(self.thread_ts));
        if !self.files.is_empty() {
            put("files", json!(self.files));
            put("upload", json!(false));
            put("display_as_bot", json!(false));
        }
        if let Some((user, ts)) = &self.edited {
            put("edited", json!({"user": user, "ts": ts}));
        }
        if !self.reactions.is_empty() {
            put("reactions", self.reactions_json());
        }
        if let Some(metadata) = &self.metadata {
            put("metadata", shown_metadata(metadata, with_metadata));
        }
        object
    }

    /// The `reactions` list of a message.
    pub fn reactions_json(&self) -> Value {
        self.reactions
            .iter()
            .map(|(name, users)| json!({"name": name, "users": users, "count": users.len()}))
            .collect()
    }
}

/// Without `include_all_metadata` the payload is left out (docs: conversations.history).
fn shown_metadata(metadata: &Value, in_full: bool) -> Value {
    if in_full { metadata.clone() } else { json!({"event_type": metadata["event_type"]}) }
}

/// The `rich_text` block a human's client adds beside the plain text.
pub fn rich_text(text: &str, block_id: &str) -> Value {
    json!([{
        "type": "rich_text", "block_id": block_id,
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }])
}
