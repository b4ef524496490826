//! One envelope's contents on the way to the app, its frame, and what its ack means.
//!
//! When and where it is sent is up to the post office (`post.rs`).

use serde_json::{Value, json};

/// One thing for the app: an event, a command, an interaction.
#[derive(Debug)]
pub struct Parcel {
    /// The envelope's `type`.
    pub kind: String,
    /// The envelope's payload; emptied once acked.
    pub payload: Value,
    /// When it was raised, Unix milliseconds.
    pub raised_ms: i64,
    /// Number of the delivery under way, 0 for the first.
    pub attempt: u32,
    /// What went wrong with the delivery before, in Slack's words.
    pub reason: &'static str,
    /// Where it stands.
    pub state: State,
    /// When something is due for it, Unix milliseconds.
    pub due_ms: i64,
    /// The ack's payload.
    pub answer: Option<Value>,
    /// When it was acked, Unix milliseconds.
    pub answered_ms: i64,
    /// What the ack means.
    pub purpose: Purpose,
}

/// Where a parcel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No socket was open; with `on_connect` the next one takes it at once.
    Waiting {
        /// Whether it goes out as soon as a socket connects.
        on_connect: bool,
    },
    /// Late on the way to the app, as a fault wants it.
    Held,
    /// Sent, not acked yet.
    Out,
    /// Acked.
    Acked,
    /// Given up.
    Lost,
}

/// What an acknowledgement means for the person who caused the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing further.
    Nothing,
    /// A slash command: the ack may carry a message.
    Command {
        /// User id of who ran it.
        user: String,
        /// Channel id of where.
        channel: String,
    },
    /// A submitted view: the ack may carry a response action.
    Submission {
        /// View id.
        view: String,
    },
}

/// What became of a command, click or submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Acked within three seconds.
    pub acked: bool,
    /// Payload of the ack, if it had one.
    pub payload: Option<Value>,
    /// Milliseconds from raising to ack.
    pub took_ms: i64,
}

/// An ack that counted, for the workspace to act on.
#[derive(Debug)]
pub struct Acked {
    /// What the envelope was for.
    pub purpose: Purpose,
    /// The ack's payload.
    pub payload: Option<Value>,
}

impl Parcel {
    /// A parcel raised now.
    pub fn new(kind: &str, payload: Value, purpose: Purpose, now_ms: i64) -> Self {
        Self {
            kind: kind.to_owned(),
            payload,
            raised_ms: now_ms,
            attempt: 0,
            reason: "timeout",
            state: State::Waiting { on_connect: false },
            due_ms: now_ms,
            answer: None,
            answered_ms: now_ms,
            purpose,
        }
    }

    /// Whether it is an event: only those are sent again, and their acks carry nothing.
    pub fn is_event(&self) -> bool {
        self.kind == "events_api"
    }

    /// The text frame of this delivery.
    pub fn frame(&self, envelope_id: &str) -> String {
        let mut frame = json!({
            "envelope_id": envelope_id, "type": self.kind, "payload": self.payload,
            "accepts_response_payload": !self.is_event(),
        });
        if self.is_event() {
            frame["retry_attempt"] = json!(self.attempt);
            frame["retry_reason"] = json!(if self.attempt == 0 { "" } else { self.reason });
        }
        frame.to_string()
    }

    /// What became of it; `None` while that is open.
    pub fn outcome(&self) -> Option<Answer> {
        match self.state {
            State::Held | State::Out | State::Waiting { .. } => None,
            State::Lost => Some(Answer { acked: false, payload: None, took_ms: 0 }),
            State::Acked => {
                let took_ms = self.answered_ms - self.raised_ms;
                Some(Answer { acked: true, payload: self.answer.clone(), took_ms })
            }
        }
    }
}

/// Whether an ack's payload says nothing: Node's SDK always sends an empty object.
pub fn says_nothing(payload: &Value) -> bool {
    match payload {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}
