//! What came before the message it is about: an edit, a deletion, a teammate's answer. Slack delivers in no promised order,
//! and a message whose socket broke comes seconds or minutes after what followed it.
//!
//! Such an event ends as not for us, with its reason, like any other. It is remembered here, and decided again when the message
//! is kept after all. Only ids are held; after a start they are read from the journal.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::ids::{ChannelId, EventId, MessageTs};
use crate::domain::message::Arrival;
use crate::domain::reason::EventReason;
use crate::domain::time::Timestamp;
use crate::store::Decoded;

/// How long a message may be on its way: Slack's last redelivery comes after five minutes.
pub const LATEST: Duration = Duration::from_secs(600);

/// Outcomes of events that may have come too early.
pub const TOO_EARLY: [&str; 2] = ["unknown_message", "internal"];

/// So many messages are waited for at most; more are a sign that none of them will come.
const MOST: usize = 10_000;

/// A message, by its channel and `ts`.
type Key = (ChannelId, MessageTs);

/// Events that wait for a message.
#[derive(Debug, Default)]
pub struct Early(HashMap<Key, Vec<(EventId, Timestamp)>>);

/// An event and the message it would wait for, or the one that it is.
pub struct About {
    event: EventId,
    came: Timestamp,
    concerns: Option<Key>,
    is: Option<Key>,
}

impl About {
    /// What a decoded event is about.
    pub fn of(decoded: &Decoded) -> About {
        let (mut concerns, mut is) = (None, None);
        match &decoded.arrival {
            Ok(Arrival::Posted(message)) => {
                concerns = message.thread.clone().map(|thread| (message.channel.clone(), thread));
                is = Some((message.channel.clone(), message.ts.clone()));
            }
            Ok(Arrival::Edited(edit)) => concerns = Some((edit.channel.clone(), edit.ts.clone())),
            Ok(Arrival::Deleted { channel, ts }) => concerns = Some((channel.clone(), ts.clone())),
            Ok(_) | Err(_) => {}
        }
        About { event: decoded.id, came: decoded.received_at, concerns, is }
    }
}

impl Early {
    /// Takes note of how events ended; the answer is which earlier ones have to be decided again, in their order.
    pub fn note(&mut self, events: Vec<About>, reasons: &[EventReason], now: Timestamp) -> Vec<EventId> {
        let mut again = Vec::new();
        for (about, reason) in events.into_iter().zip(reasons) {
            match reason {
                EventReason::UnknownMessage | EventReason::Teammate if now.since(about.came) < LATEST => {
                    if let Some(key) = about.concerns {
                        self.0.entry(key).or_default().push((about.event, about.came));
                    }
                }
                EventReason::OpenedBundle(_)
                | EventReason::JoinedBundle(_)
                | EventReason::Answered(_)
                | EventReason::AnsweredBundle(_) => {
                    let waited = about.is.and_then(|key| self.0.remove(&key)).unwrap_or_default();
                    again.extend(waited.into_iter().map(|(event, _)| event));
                }
                _ => {}
            }
        }
        self.forget(now);
        again.sort_unstable();
        again.dedup();
        again
    }

    fn forget(&mut self, now: Timestamp) {
        if self.0.len() > MOST {
            self.0.clear();
        }
        self.0.retain(|_, waiting| waiting.iter().any(|(_, came)| now.since(*came) < LATEST));
    }
}
