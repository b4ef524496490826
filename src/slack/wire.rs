//! The head of a Socket Mode frame and the identity of a payload: all that is read before the acknowledgement.
//!
//! Nothing here looks into a message. A payload stays the text that Slack sent; `decode` reads it after it is stored.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{self, Text};

pub use super::keys::{Keys, keys};

/// The outermost object of a text frame, borrowed from it. Every field may be missing: a frame that has only a
/// `type` is still a frame.
#[derive(Debug, Default, Deserialize)]
pub struct Head<'a> {
    /// What the frame is: `hello`, `disconnect`, `events_api`, `slash_commands`, `interactive`, or news to us.
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    pub kind: Text<'a>,
    /// The id to acknowledge; only envelopes have one.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub envelope_id: Text<'a>,
    /// Whether Slack reads a payload in the acknowledgement.
    #[serde(default, deserialize_with = "loose::flag")]
    pub accepts_response_payload: bool,
    /// How often Slack tried before; 0 or absent on the first try.
    #[serde(default, deserialize_with = "loose::count")]
    pub retry_attempt: Option<u32>,
    /// Why Slack tries again, for instance `timeout`; empty on the first try.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub retry_reason: Text<'a>,
    /// Why the server leaves (`disconnect` only).
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub reason: Text<'a>,
    /// How many sockets this app has open, this one included (`hello` only).
    #[serde(default, deserialize_with = "loose::count")]
    pub num_connections: Option<u32>,
    /// Slack's host and the expected life of the socket (`hello` and `disconnect`).
    #[serde(borrow, default)]
    pub debug_info: Option<&'a RawValue>,
    /// The payload, untouched.
    #[serde(borrow, default)]
    pub payload: Option<&'a RawValue>,
}

impl<'a> Head<'a> {
    /// Reads the head of a text frame; `None` for what is not a JSON object.
    pub fn read(frame: &'a str) -> Option<Head<'a>> {
        // serde would take an array for the fields in order.
        if frame.trim_ascii_start().starts_with('{') { serde_json::from_str(frame).ok() } else { None }
    }

    /// The frame's type, empty when it has none.
    pub fn kind(&self) -> &str {
        loose::or_empty(&self.kind)
    }
}
