//! Looking for a message of our own: after a send whose outcome is unknown, and never anything else.
//!
//! Slack has no idempotency key. Every message we post carries our send key in its metadata instead, and this looks for
//! the key in the channel's or the thread's history. "Not there" is an answer only when everything since the send was
//! read; otherwise it is an error, because a wrong "not there" posts twice.

use std::time::Duration;

use serde::Deserialize;

use super::api::{Api, SENT_BY_US};
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::rooms::More;
use crate::domain::ids::{ChannelId, MessageTs};
use crate::domain::time::Timestamp;

/// Messages a page: about 1 MiB at most.
const PAGE: &str = "200";
/// The most pages read: 5,000 messages since the send.
const MOST_PAGES: usize = 25;
/// How much before the send to begin in a channel: Slack's clock is not ours, and a machine without NTP is minutes off. A
/// thread is read from its beginning, so no clock matters there.
const CLOCKS_DIFFER: Duration = Duration::from_secs(15 * 60);

impl Api {
    /// The message with this send key, posted to the channel (or thread) at or after `since`; `None` if it is surely
    /// not there. Needs the history scope of the channel.
    pub async fn find_sent(
        &self,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<MessageTs>, Failure> {
        let oldest = format!("{}.000000", since.minus(CLOCKS_DIFFER).unix_seconds());
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut form = vec![("channel", channel.0.as_str()), ("limit", PAGE)];
            form.extend([("include_all_metadata", "true"), ("inclusive", "true")]);
            form.push(thread.map_or(("oldest", &oldest), |thread| ("ts", &thread.0)));
            form.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let method = if thread.is_some() { "conversations.replies" } else { "conversations.history" };
            let done = self.read(method, &form).await?;
            let page: Page<'_> = serde_json::from_slice(&done.body).map_err(|_| unread())?;
            let Loose::List(messages) = page.messages else { return Err(unread()) };
            if let Some(found) =
                messages.iter().filter_map(Loose::object).find(|message| carries(message, key))
            {
                return loose::filled(&found.ts).map(|ts| Some(MessageTs(ts))).ok_or_else(unread);
            }
            match page.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor)) {
                Some(next) if next != cursor => cursor = next,
                Some(_) => return Err(unread()),
                None if page.has_more => return Err(unread()),
                None => return Ok(None),
            }
        }
        Err(unread())
    }
}

fn unread() -> Failure {
    Failure::Unknown { what: "the channel's history could not be read to its end".to_owned() }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    messages: Loose<'a, Found<'a>>,
    #[serde(default, deserialize_with = "loose::flag")]
    has_more: bool,
    #[serde(borrow, default)]
    response_metadata: Loose<'a, More<'a>>,
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    ts: Text<'a>,
    #[serde(borrow, default)]
    metadata: Loose<'a, Metadata<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    event_type: Text<'a>,
    #[serde(borrow, default)]
    event_payload: Loose<'a, SendKey<'a>>,
}

#[derive(Deserialize)]
struct SendKey<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    key: Text<'a>,
}

fn carries(message: &Found<'_>, key: &str) -> bool {
    message.metadata.object().is_some_and(|metadata| {
        let ours =
            metadata.event_payload.object().is_some_and(|payload| loose::or_empty(&payload.key) == key);
        ours && loose::or_empty(&metadata.event_type) == SENT_BY_US
    })
}
