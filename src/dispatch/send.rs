//! The sender: claims a row of the outbox, calls Slack, stores what came of it.
//!
//! Several senders run side by side, each with one call under way, so that one slow channel holds up no other. Which row
//! may go is the store's claim; what an answer means is `domain::send`; here is only the call between the two.

use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::ids::MessageTs;
use crate::domain::send::{Attempt, Effort, Fate, REPEAT_MARK, decide};
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::clock::Clock;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::{Api, Post};
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::slack::sent::{LookUp, Unfinished};
use crate::store::Store;
use crate::store::outbox::{Claim, ClaimedSend};

/// How many calls may be under way at once: channels whose calls hang in a timeout leave the others room.
pub const SENDERS: usize = 8;

/// How long a claim holds: longer than the longest call with its look-up, so that nobody else takes the row meanwhile.
const LEASE: Duration = Duration::from_secs(120);

/// Slack's word for a thread that is not there.
const THREAD_GONE: &str = "thread_not_found";

/// A sender.
pub struct Sender {
    store: Store,
    apis: Apis,
    clock: Clock,
    give_up: Duration,
    /// Rung when a send has ended: the next of its lane may go, by whichever sender is free.
    bell: Bell,
    /// Rung with it: its destination has room for another delivery.
    feed: Bell,
}

impl Sender {
    /// A sender that gives up on a send after `give_up`.
    pub fn new(
        store: Store,
        apis: impl Into<Apis>,
        clock: Clock,
        give_up: Duration,
        (bell, feed): (Bell, Bell),
    ) -> Sender {
        Sender { store, apis: apis.into(), clock, give_up, bell, feed }
    }

    async fn attempt(&self, send: &mut ClaimedSend) -> Result<Attempt> {
        let api = match self.apis.through(&send.app, &send.workspace) {
            Ok(api) => api,
            Err(failure) => return Ok(judge(failure)),
        };
        if send.look_up {
            match self.look_up(&api, send).await? {
                Ok(Some(ts)) => return Ok(Attempt::Posted(Some(ts))),
                // Certainly not there: go on and send it.
                Ok(None) => {}
                // A parent that is deleted stays as a tombstone while its thread has replies [slack-facts 4.5]: ours is not
                // among them, and there is no place for it any more.
                Err(Failure::Refused { error, .. }) if error == THREAD_GONE => {
                    return Ok(Attempt::Refused(error));
                }
                Err(failure) => return Ok(unsure(failure)),
            }
        }
        // What we stored is JSON; if it is not, the text alone goes.
        let blocks: Option<serde_json::Value> = serde_json::from_str(&send.blocks).ok();
        let post = Post {
            channel: &send.channel,
            thread: send.thread.as_ref(),
            text: &send.text,
            blocks: blocks.as_ref(),
            key: &send.key,
        };
        let done = match &send.target {
            Some(ts) => api.update_message(&post, ts).await.map(|()| Some(ts.clone())),
            None => api.post_message(&post).await.map(|posted| {
                send.posted_in = Some(posted.channel);
                posted.ts
            }),
        };
        match done {
            Ok(ts) => Ok(Attempt::Posted(ts)),
            Err(failure) => {
                if let Failure::RateLimited { retry_after } = &failure {
                    let until = self.clock.now().plus(*retry_after);
                    self.store.of(&send.workspace).hold_method(send.method(), until).await?;
                }
                Ok(judge(failure))
            }
        }
    }

    /// Looks for the send, going on where the last attempt had to stop.
    async fn look_up(&self, api: &Api, send: &ClaimedSend) -> Result<Result<Option<MessageTs>, Failure>> {
        let found = api.find_sent(LookUp {
            channel: &send.channel,
            thread: send.thread.as_ref(),
            key: &send.key,
            since: send.first_claimed_at,
            from: &send.look_up_from,
        });
        let (found, from) = match found.await {
            Ok(found) => (Ok(found), String::new()),
            Err(Unfinished { failure, from }) => (Err(failure), from),
        };
        if from != send.look_up_from {
            self.store.note_look_up(send.id, from, self.clock.now()).await?;
        }
        Ok(found)
    }

    async fn finish(&self, send: ClaimedSend, attempt: Attempt, now: Timestamp) -> Result<()> {
        let effort = Effort {
            kind: send.kind,
            has_blocks: !send.blocks.is_empty(),
            marked: send.text.starts_with(REPEAT_MARK),
            created_at: send.created_at,
            attempts: send.attempts,
            look_up: send.look_up,
            give_up: self.give_up,
            expires_at: send.expires_at,
            repeatable: send.target.is_some(),
            jitter: fastrand::f64(),
        };
        let fate = decide(attempt, &effort, now);
        let (id, attempts) = (send.id, send.attempts);
        match &fate {
            Fate::Sent(_) => info!(send.id = id.0, attempts, "Send {id} is in Slack"),
            Fate::Retry { at, reason, .. } => {
                info!(send.id = id.0, attempts, reason, "Send {id} waits until {at}")
            }
            Fate::Reshape { reason, .. } => {
                warn!(send.id = id.0, attempts, reason, "Send {id} is tried in a plainer form")
            }
            Fate::Held { broken, .. } => {
                let (channel, reason) = (&send.channel, broken.as_str());
                warn!(send.id = id.0, channel = %channel, reason, "Send {id} waits for channel {channel}")
            }
            Fate::Stop { state, reason } => {
                warn!(send.id = id.0, attempts, reason, "Send {id} stopped as {}", state.as_str());
            }
        }
        self.store.finish_send(send, fate, now).await?;
        self.bell.ring();
        self.feed.ring();
        Ok(())
    }
}

impl Worker for Sender {
    fn name(&self) -> &'static str {
        "send"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        match self.store.claim_send(LEASE, now).await? {
            Claim::Idle => Ok(Next::Bell),
            Claim::At(at) => Ok(Next::At(at)),
            Claim::Send(mut send) => {
                // Another sender may take the next one meanwhile.
                self.bell.ring();
                let attempt = self.attempt(&mut send).await?;
                self.finish(*send, attempt, self.clock.now()).await?;
                Ok(Next::Again)
            }
        }
    }
}

/// What a failed post means for the send.
fn judge(failure: Failure) -> Attempt {
    match failure {
        Failure::RateLimited { retry_after } => Attempt::Limited(retry_after),
        Failure::Unreachable { .. } => Attempt::Unreachable,
        Failure::Unknown { .. } => Attempt::Unclear,
        Failure::Token { error } => Attempt::NotAllowed(error),
        Failure::Refused { error, .. } => Attempt::Refused(error),
    }
}

/// What a failed look-up means: the outcome stays unknown.
fn unsure(failure: Failure) -> Attempt {
    match failure {
        Failure::RateLimited { retry_after } => Attempt::Limited(retry_after),
        Failure::Unreachable { .. } | Failure::Unknown { .. } => Attempt::Unclear,
        // An operator may mend the token; looking is tried again then.
        Failure::Token { error } => Attempt::NotAllowed(error),
        Failure::Refused { error, .. } => Attempt::Unknowable(error),
    }
}
