//! Channels, direct messages and their threads.
//!
//! Who may see or post is decided by the Web API methods, not here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::messages::Message;

/// What kind of conversation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Public channel.
    Public,
    /// Private channel.
    Private,
    /// Direct message between our bot and this user id.
    Im(String),
    /// Group direct message.
    Mpim,
}

impl Kind {
    /// Prefix of the scopes that cover it (`channels:history`).
    pub fn scope_prefix(&self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Im(_) => "im",
            Self::Mpim => "mpim",
        }
    }

    /// The `channel_type` of message events.
    pub fn channel_type(&self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Im(_) => "im",
            Self::Mpim => "mpim",
        }
    }

    /// The name in the `types` argument of the list methods.
    pub fn list_type(&self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Im(_) => "im",
            Self::Mpim => "mpim",
        }
    }
}

/// One conversation.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Id (`C…`, `G…`, `D…`).
    pub id: String,
    /// Name; empty for direct messages.
    pub name: String,
    /// Names it had before.
    pub previous_names: Vec<String>,
    /// Kind.
    pub kind: Kind,
    /// User ids of the members.
    pub members: BTreeSet<String>,
    /// Archived.
    pub is_archived: bool,
    /// Shared with another organisation.
    pub is_ext_shared: bool,
    /// Unix seconds of creation.
    pub created: i64,
    /// All messages, deleted ones too, by `ts`.
    pub messages: BTreeMap<String, Message>,
    /// Reply `ts` lists by parent `ts`.
    pub threads: BTreeMap<String, Vec<String>>,
}

impl Channel {
    /// The messages `conversations.history` shows, oldest first: no thread replies, no deleted ones.
    pub fn top_level(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages
            .values()
            .filter(|message| self.is_shown(message) && (!message.is_reply() || message.broadcast))
    }

    /// Parent and replies of a thread, oldest first, without deleted replies.
    pub fn thread(&self, parent: &str) -> Vec<&Message> {
        let replies = self.threads.get(parent).into_iter().flatten();
        std::iter::once(parent)
            .chain(replies.map(String::as_str))
            .filter_map(|ts| self.messages.get(ts))
            .filter(|message| self.is_shown(message))
            .collect()
    }

    /// Whether the Web API still shows it: not deleted, or a deleted parent that left a tombstone.
    pub fn is_shown(&self, message: &Message) -> bool {
        !message.deleted || self.live_replies(&message.ts).next().is_some()
    }

    /// The message object with its thread facts, as history and events show it.
    pub fn show(&self, message: &Message, with_metadata: bool) -> Map<String, Value> {
        let mut object = if message.deleted { tombstone(message) } else { message.as_object(with_metadata) };
        if message.is_reply() {
            let parent = message.thread_ts.as_ref().and_then(|ts| self.messages.get(ts));
            if let Some(user) = parent.and_then(|parent| parent.user.as_ref()) {
                object.insert("parent_user_id".to_owned(), json!(user));
            }
            return object;
        }
        let replies: Vec<&Message> = self.live_replies(&message.ts).collect();
        if let Some(latest) = replies.last() {
            let users: BTreeSet<&String> = replies.iter().filter_map(|reply| reply.user.as_ref()).collect();
            object.insert("thread_ts".to_owned(), json!(message.ts));
            object.insert("reply_count".to_owned(), json!(replies.len()));
            object.insert("reply_users_count".to_owned(), json!(users.len()));
            object.insert("latest_reply".to_owned(), json!(latest.ts));
            object.insert("reply_users".to_owned(), json!(users));
            object.insert("is_locked".to_owned(), json!(false));
            object.insert("subscribed".to_owned(), json!(false));
        }
        object
    }

    /// The conversation object; `me` is the user that asks.
    pub fn as_object(&self, me: &str, team_id: &str) -> Value {
        if let Kind::Im(user) = &self.kind {
            return json!({
                "id": self.id, "created": self.created, "is_archived": self.is_archived, "is_im": true,
                "is_org_shared": false, "context_team_id": team_id, "user": user, "is_user_deleted": false,
                "priority": 0,
            });
        }
        let private = self.kind != Kind::Public;
        json!({
            "id": self.id, "name": self.name, "name_normalized": self.name, "is_channel": !private,
            "is_group": self.kind == Kind::Private, "is_im": false, "is_mpim": self.kind == Kind::Mpim,
            "is_private": private, "created": self.created, "is_archived": self.is_archived,
            "is_general": self.name == "general", "unlinked": 0, "is_shared": self.is_ext_shared,
            "is_org_shared": false, "is_ext_shared": self.is_ext_shared, "is_pending_ext_shared": false,
            "pending_shared": [], "pending_connected_team_ids": [], "shared_team_ids": [team_id],
            "context_team_id": team_id, "updated": self.created * 1000, "parent_conversation": null,
            "creator": "USLACKBOT", "is_member": self.members.contains(me),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "previous_names": self.previous_names, "num_members": self.members.len(),
        })
    }

    fn live_replies(&self, parent: &str) -> impl Iterator<Item = &Message> {
        let replies = self.threads.get(parent).into_iter().flatten();
        replies.filter_map(|ts| self.messages.get(ts)).filter(|reply| !reply.deleted)
    }
}

/// What is left of a deleted parent that has replies (docs: chat.delete).
fn tombstone(message: &Message) -> Map<String, Value> {
    let object = json!({
        "type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT",
        "hidden": true, "ts": message.ts, "thread_ts": message.ts,
    });
    object.as_object().cloned().unwrap_or_default()
}
