//! What came before the message it is about: an edit, a deletion, a teammate's answer. Slack delivers in no promised order,
//! and a message whose socket broke comes seconds or minutes after what followed it.
//!
//! Such an event ends as not for us, with its reason, like any other. It is remembered here, and decided again when the message
//! is kept after all. Only ids are held; after a start they are read from the journal.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::ids::{ChannelId, EventId, MessageTs, WorkspaceId};
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

/// A message, by its workspace, channel and `ts`.
type Key = (WorkspaceId, ChannelId, MessageTs);

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
        // What is of no workspace of ours waits for nothing.
        let key = |channel: &ChannelId, ts: &MessageTs| {
            decoded.whose.ours().map(|workspace| (workspace.clone(), channel.clone(), ts.clone()))
        };
        match &decoded.arrival {
            Ok(Arrival::Posted(message)) => {
                concerns = message.thread.as_ref().and_then(|thread| key(&message.channel, thread));
                is = key(&message.channel, &message.ts);
            }
            Ok(Arrival::Edited(edit)) => concerns = key(&edit.channel, &edit.ts),
            Ok(Arrival::Deleted { channel, ts }) => concerns = key(channel, ts),
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

#[cfg(test)]
mod tests {
    use super::{About, Arrival, ChannelId, Early, EventId, EventReason, MessageTs, Timestamp, WorkspaceId};
    use crate::domain::ids::BundleId;
    use crate::domain::message::{Author, Message};
    use crate::store::{Decoded, Whose};

    fn about(event: i64, workspace: &str, arrival: Arrival) -> About {
        About::of(&Decoded {
            id: EventId(event),
            whose: Whose::Ours(WorkspaceId(workspace.to_owned())),
            app: String::new(),
            received_at: Timestamp(1_000),
            recovered: false,
            arrival: Ok(arrival),
        })
    }

    #[test]
    fn oau_17_a_message_wakes_what_waits_for_it_in_its_own_workspace_alone() {
        let (channel, ts) = (ChannelId("C1".into()), MessageTs("1.1".into()));
        let deleted = || Arrival::Deleted { channel: channel.clone(), ts: ts.clone() };
        let posted = || {
            Arrival::Posted(Message {
                channel: channel.clone(),
                ts: ts.clone(),
                thread: None,
                author: Author::default(),
                text: String::new(),
                files: Vec::new(),
                mentions_us: false,
                subtype: None,
                client_msg_id: None,
                edited_at: None,
            })
        };
        let (mut early, now) = (Early::default(), Timestamp(2_000));
        let opened = [EventReason::OpenedBundle(BundleId(1))];
        let waiting = vec![about(1, "T1", deleted()), about(2, "T2", deleted())];
        assert_eq!(early.note(waiting, &[EventReason::UnknownMessage, EventReason::UnknownMessage], now), []);
        assert_eq!(early.note(vec![about(3, "T2", posted())], &opened, now), [EventId(2)]);
        assert_eq!(early.note(vec![about(4, "T1", posted())], &opened, now), [EventId(1)]);
    }
}
