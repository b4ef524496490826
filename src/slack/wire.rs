//! The head of a Socket Mode frame and the identity of a payload: all that is read before the acknowledgement.
//!
//! Nothing here looks into a message. A payload stays the text that Slack sent; `decode` reads it after it is stored.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::loose::{self, Text};

pub use super::keys::{Keys, keys};

/// The outermost object of a text frame, borrowed from it. Every field may be missing: a frame that has only a
/// `type` is still a frame. A member that cannot be read is one that is missing; of a repeated one the last counts.
#[derive(Debug, Default)]
pub struct Head<'a> {
    /// What the frame is: `hello`, `disconnect`, `events_api`, `slash_commands`, `interactive`, or news to us.
    pub kind: Text<'a>,
    /// The id to acknowledge; only envelopes have one.
    pub envelope_id: Text<'a>,
    /// Whether Slack reads a payload in the acknowledgement.
    pub accepts_response_payload: bool,
    /// How often Slack tried before; 0 or absent on the first try.
    pub retry_attempt: Option<u32>,
    /// Why the server leaves (`disconnect` only).
    pub reason: Text<'a>,
    /// How many sockets this app has open, this one included (`hello` only).
    pub num_connections: Option<u32>,
    /// Slack's host and the expected life of the socket (`hello` and `disconnect`).
    pub debug_info: Option<&'a RawValue>,
    /// The payload, untouched.
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
    fn take(&mut self, name: &str, value: &'a RawValue) {
        match name {
            "type" => self.kind = loose::text_of(value),
            "envelope_id" => self.envelope_id = loose::text_of(value),
            "accepts_response_payload" => {
                self.accepts_response_payload = loose::is_on(&loose::text_of(value))
            }
            "retry_attempt" => self.retry_attempt = loose::number(&loose::text_of(value)),
            "reason" => self.reason = loose::text_of(value),
            "num_connections" => self.num_connections = loose::number(&loose::text_of(value)),
            "debug_info" => self.debug_info = Some(value),
            "payload" => self.payload = Some(value).filter(|value| value.get() != "null"),
            _ => {}
        }
    }
}

// By hand, because a derived reader gives a whole frame up for one member that is odd or there twice, and an envelope
// that is given up is never acknowledged.
impl<'de: 'a, 'a> Deserialize<'de> for Head<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Head<'de>, A::Error> {
        let mut head = Head::default();
        while let Some((name, value)) = members.next_entry::<&RawValue, &RawValue>()? {
            match name.get().trim_matches('"') {
                escaped if escaped.contains('\\') => {
                    let name: String = serde_json::from_str(name.get()).unwrap_or_default();
                    head.take(&name, value);
                }
                plain => head.take(plain, value),
            }
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn f26_an_odd_or_repeated_member_does_not_cost_the_envelope() {
        for frame in [
            r#"{"envelope_id":"e1","type":"events_api","payload":{"a":1}}"#,
            r#"{"type":"x","envelope_id":"e0","envelope_id":"e1","type":"events_api","payload":{"a":1}}"#,
            r#"{"envelope_id":"e1","retry_attempt":1e400,"type":"events_api","payload":{"a":1}}"#,
            r#"{"envelope_id":"e1","reason":"\ud800","type":"events_api","payload":{"a":1}}"#,
            r#"{"\ud800":1,"env\u0065lope_id":"e1","type":"events_api","reason":[[{}]],"payload":{"a":1}}"#,
        ] {
            let head = Head::read(frame).expect(frame);
            assert_eq!(head.envelope_id.as_deref(), Some("e1"), "{frame}");
            assert_eq!((head.kind(), head.retry_attempt), ("events_api", None), "{frame}");
            assert_eq!(head.payload.map(|payload| payload.get()), Some(r#"{"a":1}"#), "{frame}");
        }
        let deep = format!(r#"{{"envelope_id":"e1","payload":{}{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
        assert!(Head::read(&deep).is_some_and(|head| head.payload.is_some()), "depth is no matter");
        assert!(Head::read(r#"{"envelope_id":"e1"} {}"#).is_none(), "two objects are no frame");
    }
}
