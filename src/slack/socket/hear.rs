//! What a text frame means for its socket: a pure decision over the frame's head.

use super::super::loose;
use super::super::wire::Head;
use super::ending::Ending;

/// What to do about a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The connection is up.
    Hello {
        /// How many sockets Slack counts for this app, this one included.
        num_connections: Option<u32>,
    },
    /// Something to store and acknowledge.
    Envelope,
    /// Open a replacement; the server closes this socket soon.
    Leave(Ending),
    /// Valid, but nothing we know and nothing to acknowledge: count it.
    Unknown,
    /// Not a frame of Socket Mode at all: count it, and leave the socket when it repeats.
    Garbage,
}

/// Decides on a text frame; `head` is `None` when it is not a JSON object.
pub fn hear(head: Option<&Head<'_>>) -> Heard {
    let Some(head) = head else {
        return Heard::Garbage;
    };
    match head.kind() {
        "hello" => Heard::Hello { num_connections: head.num_connections },
        "disconnect" => Heard::Leave(match loose::or_empty(&head.reason) {
            "warning" | "refresh_requested" => Ending::Refresh,
            "link_disabled" => Ending::Disabled,
            "too_many_websockets" => Ending::Crowded,
            _ => Ending::Unexplained,
        }),
        // A new kind of envelope is stored and acknowledged like the known ones; only what has no id cannot be.
        _ if loose::filled(&head.envelope_id).is_some() => Heard::Envelope,
        _ => Heard::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Head, Heard, hear};

    #[test]
    fn every_frame_has_a_meaning() {
        for (frame, heard) in [
            (
                r#"{"type":"hello","num_connections":2,"debug_info":{}}"#,
                Heard::Hello { num_connections: Some(2) },
            ),
            (r#"{"type":"hello"}"#, Heard::Hello { num_connections: None }),
            (r#"{"type":"disconnect","reason":"warning"}"#, Heard::Leave(Ending::Refresh)),
            (r#"{"type":"disconnect","reason":"refresh_requested"}"#, Heard::Leave(Ending::Refresh)),
            (r#"{"type":"disconnect","reason":"link_disabled"}"#, Heard::Leave(Ending::Disabled)),
            (r#"{"type":"disconnect","reason":"too_many_websockets"}"#, Heard::Leave(Ending::Crowded)),
            (r#"{"type":"disconnect"}"#, Heard::Leave(Ending::Unexplained)),
            (r#"{"type":"events_api","envelope_id":"e","payload":{}}"#, Heard::Envelope),
            (r#"{"type":"brand_new","envelope_id":"e"}"#, Heard::Envelope),
            (r#"{"envelope_id":"e"}"#, Heard::Envelope),
            (r#"{"type":"events_api","envelope_id":null,"payload":{}}"#, Heard::Unknown),
            (r#"{"type":"brand_new"}"#, Heard::Unknown),
            ("UNAUTHENTICATED: cache_error", Heard::Garbage),
            ("[1]", Heard::Garbage),
            ("", Heard::Garbage),
        ] {
            assert_eq!(hear(Head::read(frame).as_ref()), heard, "{frame}");
        }
    }
}
