//! What arrived, and the only way to acknowledge it.
//!
//! An envelope remembers the very socket it came from: Slack promises nothing for an ack on another one. When that
//! socket is gone the ack goes nowhere, Slack delivers the event again, and the journal knows it already. What comes as an
//! HTTP request is an envelope, too; its ack is the answer to that request.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::super::loose;
use super::super::wire::Head;
use crate::domain::durable::Durable;

/// The largest frame we send, in bytes. Slack closes the socket at 20,480 (close code 1009).
const LARGEST_FRAME: usize = 16 * 1024;

/// The one answer to an HTTP request.
type Answer = oneshot::Sender<Option<Value>>;

/// Acks on their way to a socket. Not bounded: there is one per envelope, and the envelopes are.
pub(super) type Outbox = UnboundedSender<Vec<Utf8Bytes>>;

/// One delivery, before anybody read its payload.
pub struct Envelope {
    /// Slack's id of the delivery, the same when it is delivered again.
    pub id: String,
    /// The frame's type: `events_api`, `slash_commands`, `interactive`, or one we do not know.
    pub kind: String,
    /// The payload as Slack wrote it; `null` when there was none.
    pub payload: Raw,
    /// How often Slack tried before.
    pub retry_attempt: u32,
    /// Whether Slack reads a payload in the ack.
    pub accepts_payload: bool,
    /// The app it came for, as the socket or the signature says; none where only the payload knows.
    pub app: Option<String>,
    from: Origin,
}

/// Where an ack goes: the way the envelope came.
enum Origin {
    /// The socket.
    Socket(Outbox),
    /// The HTTP request that waits for it, until it has been answered; what is sent is what Slack shall read in the answer.
    Request(Mutex<Option<Answer>>),
    /// Nowhere.
    Nowhere,
}

/// What an HTTP request brought, its signature being good.
pub struct Delivery {
    /// What stands for the delivery where the payload names no id of its own.
    pub id: String,
    /// `events_api`, `slash_commands` or `interactive`, as over a socket.
    pub kind: &'static str,
    /// The payload as JSON.
    pub payload: String,
    /// `X-Slack-Retry-Num`; 0 on the first try.
    pub retry_attempt: u32,
}

/// A piece of a received frame; a clone shares the bytes.
#[derive(Clone)]
pub struct Raw {
    frame: Utf8Bytes,
    part: Range<usize>,
}

/// What became of an ack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acked {
    /// On its way.
    Queued,
    /// On its way, but without the payload: too large for a frame, or not accepted for this envelope. Answer otherwise.
    WithoutPayload,
    /// The socket is gone; Slack will deliver again.
    SocketGone,
}

/// Acknowledges an envelope that is on disk, on the socket it came from.
pub fn ack(envelope: &Envelope, proof: &impl Durable, payload: Option<&Value>) -> Acked {
    let _ = proof.event();
    match &envelope.from {
        Origin::Socket(outbox) => {
            let (frame, acked) = frame_for(envelope, payload);
            outbox.send(vec![frame]).map_or(Acked::SocketGone, |()| acked)
        }
        Origin::Request(answer) => {
            let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            let answered = answer.and_then(|answer| answer.send(payload.cloned()).ok());
            answered.map_or(Acked::SocketGone, |()| Acked::Queued)
        }
        Origin::Nowhere => Acked::SocketGone,
    }
}

/// Bare acks for a whole batch: one message to each socket, so that each writes once.
#[derive(Default)]
pub struct Acks {
    sockets: Vec<(Outbox, Vec<Utf8Bytes>)>,
}

impl Acks {
    /// Adds an envelope that is on disk.
    pub fn add(&mut self, envelope: &Envelope, proof: &impl Durable) {
        let Origin::Socket(outbox) = &envelope.from else {
            ack(envelope, proof, None);
            return;
        };
        let _ = proof.event();
        let frame = Utf8Bytes::from(bare(&envelope.id));
        match self.sockets.iter_mut().find(|(known, _)| known.same_channel(outbox)) {
            Some((_, frames)) => frames.push(frame),
            None => self.sockets.push((outbox.clone(), vec![frame])),
        }
    }

    /// Sends them all; those of a socket that is gone go nowhere. `self` is empty afterwards and may be used again.
    pub fn send(&mut self) {
        for (outbox, frames) in self.sockets.drain(..) {
            // A closed channel is a closed socket: Slack delivers again.
            let _ = outbox.send(frames);
        }
    }
}

impl Envelope {
    /// An envelope that came over no socket (a replay, a test): its ack goes nowhere.
    pub fn without_socket(id: &str, kind: &str, payload: &str) -> Envelope {
        Envelope {
            id: id.to_owned(),
            kind: kind.to_owned(),
            payload: Raw::owned(payload),
            retry_attempt: 0,
            accepts_payload: false,
            app: None,
            from: Origin::Nowhere,
        }
    }

    /// An envelope that came as an HTTP request signed for `app`. The ack arrives at the other end: what Slack shall read in the answer. It
    /// never arrives when the envelope could not be recorded.
    pub fn over_http(
        delivery: Delivery,
        app: Option<String>,
    ) -> (Envelope, oneshot::Receiver<Option<Value>>) {
        let (answer, answered) = oneshot::channel();
        let Delivery { id, kind, payload, retry_attempt } = delivery;
        let accepts_payload = kind != "events_api";
        let (payload, from) = (Raw::owned(payload), Origin::Request(Mutex::new(Some(answer))));
        let envelope =
            Envelope { id, kind: kind.to_owned(), payload, retry_attempt, accepts_payload, app, from };
        (envelope, answered)
    }

    /// The envelope in a frame; `None` when it has no id, so that it could never be acknowledged.
    pub(super) fn of(
        head: &Head<'_>,
        frame: &Utf8Bytes,
        (app, outbox): (&Option<String>, &Outbox),
    ) -> Option<Envelope> {
        Some(Envelope {
            id: loose::filled(&head.envelope_id)?,
            kind: head.kind().to_owned(),
            payload: head
                .payload
                .map_or_else(|| Raw::owned("null"), |payload| Raw::within(frame, payload.get())),
            retry_attempt: head.retry_attempt.unwrap_or(0),
            accepts_payload: head.accepts_response_payload,
            app: app.clone(),
            from: Origin::Socket(outbox.clone()),
        })
    }
}

impl Raw {
    fn owned(text: impl Into<Utf8Bytes>) -> Raw {
        let frame = text.into();
        Raw { part: 0..frame.len(), frame }
    }

    /// `part`, which is borrowed from `frame`, without copying it.
    fn within(frame: &Utf8Bytes, part: &str) -> Raw {
        let start = (part.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
        let range = start..start.wrapping_add(part.len());
        match frame.get(range.clone()) {
            Some(same) if same.as_ptr() == part.as_ptr() => Raw { frame: frame.clone(), part: range },
            Some(_) | None => Raw::owned(part),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // The range was cut from this very frame, so it is always inside.
        self.frame.get(self.part.clone()).unwrap_or_default()
    }
}

impl Deref for Raw {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.part.len())
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envelope({} {}, {:?})", self.kind, self.id, self.payload)
    }
}

fn frame_for(envelope: &Envelope, payload: Option<&Value>) -> (Utf8Bytes, Acked) {
    let without = |acked| (Utf8Bytes::from(bare(&envelope.id)), acked);
    let Some(payload) = payload else {
        return without(Acked::Queued);
    };
    if !envelope.accepts_payload {
        return without(Acked::WithoutPayload);
    }
    let mut frame = bare(&envelope.id);
    frame.pop();
    frame.push_str(",\"payload\":");
    frame.push_str(&payload.to_string());
    frame.push('}');
    if frame.len() > LARGEST_FRAME {
        without(Acked::WithoutPayload)
    } else {
        (Utf8Bytes::from(frame), Acked::Queued)
    }
}

fn bare(id: &str) -> String {
    const HEAD: &str = "{\"envelope_id\":";
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let mut frame = String::with_capacity(HEAD.len() + id.len() + 3);
    frame.push_str(HEAD);
    if plain {
        frame.push('"');
        frame.push_str(id);
        frame.push('"');
    } else {
        frame.push_str(&Value::from(id).to_string());
    }
    frame.push('}');
    frame
}

#[cfg(test)]
mod tests {
    use super::{Acked, Acks, Envelope, ack};
    use crate::domain::durable::Durable;
    use crate::domain::ids::EventId;
    use crate::slack::wire::Head;
    use serde_json::{Value, json};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
    use tokio_tungstenite::tungstenite::Utf8Bytes;

    struct Stored;

    impl Durable for Stored {
        fn event(&self) -> EventId {
            EventId(1)
        }
    }

    fn received(id: &str, accepts: bool) -> (Envelope, UnboundedReceiver<Vec<Utf8Bytes>>) {
        let (outbox, queue) = unbounded_channel();
        let frame = json!({"type": "interactive", "envelope_id": id, "accepts_response_payload": accepts,
            "payload": {"type": "view_submission", "text": "a \"b\""}});
        let frame = Utf8Bytes::from(frame.to_string());
        let head = Head::read(&frame).expect("the frame is JSON");
        (Envelope::of(&head, &frame, (&None, &outbox)).expect("the frame has an id"), queue)
    }

    fn sent(queue: &mut UnboundedReceiver<Vec<Utf8Bytes>>) -> Vec<Value> {
        let frames = queue.try_recv().unwrap_or_default();
        frames.iter().map(|frame| serde_json::from_str(frame).expect("an ack is JSON")).collect()
    }

    #[test]
    fn the_payload_is_a_piece_of_the_frame() {
        let (envelope, _queue) = received("e1", true);
        assert_eq!(&*envelope.payload, r#"{"text":"a \"b\"","type":"view_submission"}"#);
        assert_eq!(&*envelope.payload.clone(), &*envelope.payload);
        assert_eq!(format!("{envelope:?}"), "Envelope(interactive e1, 43 bytes)");
    }

    #[test]
    fn an_ack_carries_a_payload_only_where_slack_reads_one_and_only_if_it_fits() {
        let small = json!({"response_action": "clear"});
        let large = json!({"text": "ü".repeat(9_000)});
        for (id, accepts, payload, acked, frame) in [
            ("e-1", true, None, Acked::Queued, json!({"envelope_id": "e-1"})),
            ("e\"2", true, None, Acked::Queued, json!({"envelope_id": "e\"2"})),
            ("e3", true, Some(&small), Acked::Queued, json!({"envelope_id": "e3", "payload": small.clone()})),
            ("e4", false, Some(&small), Acked::WithoutPayload, json!({"envelope_id": "e4"})),
            ("e5", true, Some(&large), Acked::WithoutPayload, json!({"envelope_id": "e5"})),
        ] {
            let (envelope, mut queue) = received(id, accepts);
            assert_eq!(ack(&envelope, &Stored, payload), acked, "{id}");
            assert_eq!(sent(&mut queue), [frame], "{id}");
        }
    }

    #[test]
    fn f25_an_ack_for_a_socket_that_is_gone_goes_nowhere() {
        let (envelope, queue) = received("e1", true);
        drop(queue);
        assert_eq!(ack(&envelope, &Stored, None), Acked::SocketGone);
        assert_eq!(
            ack(&Envelope::without_socket("e1", "events_api", "{}"), &Stored, None),
            Acked::SocketGone
        );
    }

    #[test]
    fn a_batch_goes_to_each_socket_in_one_piece() {
        let (one, mut first) = received("e1", false);
        let (two, mut second) = received("e2", false);
        let mut acks = Acks::default();
        for envelope in [&one, &two, &one] {
            acks.add(envelope, &Stored);
        }
        acks.send();
        assert_eq!(sent(&mut first), [json!({"envelope_id": "e1"}), json!({"envelope_id": "e1"})]);
        assert_eq!(sent(&mut second), [json!({"envelope_id": "e2"})]);
    }
}
