//! The canary's calls: a message of our own that is posted to see its event come back, and then deleted.
//!
//! It carries metadata of its own kind, so that a canary left behind by a crash is found again and never taken for a send.

use serde::Deserialize;
use serde_json::json;

use super::api::{Api, lenient, missing};
use super::loose::{self, Text};
use super::outcome::Failure;
use super::sent::Found;
use crate::domain::ids::{ChannelId, MessageTs};

/// The `event_type` of a canary's metadata.
const CANARY: &str = "deskd_canary";

/// What people see for a moment.
const WORDS: &str = "deskd checks that its messages come back. This one goes away by itself.";

/// How far back leftovers are looked for, in messages: the least that Slack gives every app at once.
const PAGE: &str = "15";

impl Api {
    /// Posts a canary.
    pub async fn post_canary(&self, channel: &ChannelId) -> Result<MessageTs, Failure> {
        let metadata = json!({ "event_type": CANARY, "event_payload": { "by": "deskd" } }).to_string();
        let form = [("channel", channel.0.as_str()), ("text", WORDS), ("metadata", metadata.as_str())];
        let done = self.write("chat.postMessage", &form).await?;
        let answer: Told<'_> = lenient(&done.body);
        loose::filled(&answer.ts).map(MessageTs).ok_or_else(|| missing("message id"))
    }

    /// Deletes a message of ours; one that is gone already is fine.
    pub async fn delete_message(&self, channel: &ChannelId, ts: &MessageTs) -> Result<(), Failure> {
        match self.write("chat.delete", &[("channel", &channel.0), ("ts", &ts.0)]).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused { error, .. }) if error == "message_not_found" => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Canaries among the newest messages of a channel: a process before us did not come to delete them.
    pub async fn stray_canaries(&self, channel: &ChannelId) -> Result<Vec<MessageTs>, Failure> {
        let form = [("channel", channel.0.as_str()), ("limit", PAGE), ("include_all_metadata", "true")];
        let done = self.read("conversations.history", &form).await?;
        let page: Page<'_> = lenient(&done.body);
        let ours = |found: &&Found<'_>| {
            found.metadata.object().is_some_and(|metadata| loose::or_empty(&metadata.event_type) == CANARY)
        };
        Ok(page
            .messages
            .iter()
            .filter(ours)
            .filter_map(|found| loose::filled(&found.ts).map(MessageTs))
            .collect())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    ts: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow, deserialize_with = "loose::objects")]
    messages: Vec<Found<'a>>,
}
