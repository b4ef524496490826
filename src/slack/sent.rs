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

/// What is looked for, and where.
#[derive(Clone, Copy, Debug)]
pub struct LookUp<'a> {
    /// The channel it was posted to.
    pub channel: &'a ChannelId,
    /// The thread, if any.
    pub thread: Option<&'a MessageTs>,
    /// The send key.
    pub key: &'a str,
    /// When it may have been posted at the earliest.
    pub since: Timestamp,
    /// Where an unfinished look-up goes on; empty to begin.
    pub from: &'a str,
}

/// A look-up that did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Why.
    pub failure: Failure,
    /// Where it goes on; empty when it has to begin anew.
    pub from: String,
}

impl Api {
    /// The message with this send key; `None` if it is surely not there. Needs the history scope of the channel.
    pub async fn find_sent(&self, look_up: LookUp<'_>) -> Result<Option<MessageTs>, Unfinished> {
        let mut from = look_up.from.to_owned();
        let mut found = self.search(look_up, &mut from).await;
        // A cursor that Slack no longer knows.
        if matches!(&found, Err(Failure::Refused { error, .. }) if error == "invalid_cursor" && !from.is_empty())
        {
            from.clear();
            found = self.search(look_up, &mut from).await;
        }
        found.map_err(|failure| {
            // A history that could not be understood is read from its beginning.
            let goes_on = matches!(failure, Failure::RateLimited { .. } | Failure::Unreachable { .. });
            Unfinished { from: if goes_on { from } else { String::new() }, failure }
        })
    }

    /// Reads on from `cursor`, which says at each moment where the next page begins.
    async fn search(&self, look_up: LookUp<'_>, cursor: &mut String) -> Result<Option<MessageTs>, Failure> {
        let LookUp { channel, thread, key, since, from: _ } = look_up;
        let oldest = format!("{}.000000", since.minus(CLOCKS_DIFFER).unix_seconds());
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
                Some(next) if next != *cursor => *cursor = next,
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

/// A message of a history as far as our own are told by it.
#[derive(Deserialize)]
pub(super) struct Found<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub(super) ts: Text<'a>,
    #[serde(borrow, default)]
    pub(super) metadata: Loose<'a, Metadata<'a>>,
}

/// What we write into the metadata of what we post.
#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub(super) event_type: Text<'a>,
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
