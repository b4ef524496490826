//! The carrier: takes deliveries to endpoints, incoming webhooks and mailboxes, makes the call, stores what came of it.
//!
//! Several carriers run side by side, each with one call under way, so that a system that hangs holds up no other. Which
//! delivery may go is the store's claim, what a failure means is `domain::carry`; here is only the call between the two.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::sync::watch;
use tracing::{info, warn};

use super::hook::Endpoints;
use super::mail::Mailer;
use crate::domain::card::{draw, line};
use crate::domain::carry::{Effort, Failed, Fate, Why, decide, delivery_id, door};
use crate::domain::handout::{Handout, document, letter};
use crate::domain::limit::Admission;
use crate::domain::notice::Kinds;
use crate::domain::notice::problem::Effect;
use crate::domain::route::Destination;
use crate::domain::send::REPEAT_MARK;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Posted;
use crate::runtime::bell::Bell;
use crate::runtime::clock::Clock;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::Api;
use crate::slack::blocks;
use crate::slack::incoming::{self, Failure};
use crate::slack::plain::plain_for_webhook;
use crate::store::Store;
use crate::store::carried::{Carried, Claim};
use crate::store::webhooks::NoUrl;

/// How many calls may be under way at once: systems that hang leave the others room.
pub const CARRIERS: usize = 4;

/// How long a claim holds: longer than any call takes, so that nobody else takes the delivery meanwhile.
const LEASE: Duration = Duration::from_secs(90);

/// What carriers go by. Clones share it.
#[derive(Clone)]
pub struct Doors {
    /// Slack, for incoming webhooks.
    pub api: Api,
    /// The user's systems.
    pub endpoints: Endpoints,
    /// The mail server.
    pub mailer: Arc<Mailer>,
    /// How cards of each kind look.
    pub kinds: watch::Receiver<Arc<Kinds>>,
}

/// A carrier.
pub struct Carrier {
    store: Store,
    doors: Doors,
    clock: Clock,
    /// Rung when a delivery has ended: the next of its door may go, by whichever carrier is free.
    bell: Bell,
}

/// What an attempt came to.
enum Tried {
    /// It was made.
    Made(Result<(), Failed>),
    /// It was not made: the door takes nothing before then.
    NotBefore(Timestamp),
}

impl Carrier {
    /// A carrier that goes by `doors`.
    pub fn new(store: Store, doors: Doors, clock: Clock, bell: Bell) -> Carrier {
        Carrier { store, doors, clock, bell }
    }

    async fn attempt(&self, carried: &Carried, now: Timestamp) -> Result<Tried> {
        let id = delivery_id(&carried.workspace, carried.id.0, carried.planned_at);
        let made = match &carried.destination {
            Destination::Endpoint(name) => {
                let body = document(&id, &handouts(carried), carried.head.told).to_string();
                self.doors.endpoints.call(name, &id, body, now).await
            }
            Destination::Mail(address) => {
                let letter = letter(&handouts(carried), carried.head.told);
                self.doors.mailer.send(address, &letter, &id, now).await.map_err(Failed::from)
            }
            Destination::Webhook(name) => return self.post(carried, name, now).await,
            // The feeder's: the claim hands none of them out.
            Destination::Channel(_) | Destination::Person(_) => Err(Why::NotConfigured.into()),
        };
        Ok(Tried::Made(made))
    }

    /// Posts to an incoming webhook, at its pace.
    async fn post(&self, carried: &Carried, name: &str, now: Timestamp) -> Result<Tried> {
        let workspace = || carried.workspace.clone();
        match self.store.of(&workspace()).webhook_turn(name.to_owned(), now).await? {
            Some(Admission::Now { .. }) => {}
            Some(Admission::At(at)) => return Ok(Tried::NotBefore(at)),
            None => return Ok(Tried::Made(Err(Why::NotConfigured.into()))),
        }
        let url = match self.store.of(&workspace()).webhook_url(name.to_owned()).await {
            Ok(url) => url,
            Err(NoUrl::Store(problem)) => return Err(problem.into()),
            Err(NoUrl::NoSuch) => return Ok(Tried::Made(Err(Why::NotConfigured.into()))),
            Err(NoUrl::Disabled(_) | NoUrl::Locked(_)) => {
                return Ok(Tried::Made(Err(Why::NoAddressKept.into())));
            }
        };
        let (text, blocks) = self.message(carried);
        let posted = incoming::post(&self.doors.api, &url, &text, Some(&blocks)).await;
        let outcome = posted.as_ref().err().map_or(Posted::Delivered, Failure::posted);
        self.store.of(&workspace()).note_webhook(name.to_owned(), outcome, now).await?;
        Ok(Tried::Made(posted.map_err(failed)))
    }

    /// What an incoming webhook shows: the card, or the list of a digest, without anything to press.
    fn message(&self, carried: &Carried) -> (String, Value) {
        let head = &carried.head;
        let content = &head.notice.content;
        let message = if head.listed.is_empty() {
            let kinds = self.doors.kinds.borrow().clone();
            let mention = head.mention.join(" ");
            blocks::card(&draw(content, kinds.get(&content.kind), &head.standing, &mention))
        } else {
            let lines: Vec<String> =
                head.listed.iter().map(|content| line(content, Effect::Begins)).collect();
            let more = head.told - i64::try_from(lines.len()).unwrap_or(i64::MAX);
            blocks::list(&format!("{} notices", head.told), &lines, more)
        };
        let mark = if carried.unsure { REPEAT_MARK } else { "" };
        let mut shown: Vec<Value> = Vec::new();
        if carried.unsure {
            let text = serde_json::json!({ "type": "plain_text", "text": REPEAT_MARK.trim() });
            shown.push(serde_json::json!({ "type": "context", "elements": [text] }));
        }
        // What hangs at a coloured bar in a channel stands below here: a webhook takes blocks.
        let below = message.parts["attachments"].as_array().into_iter().flatten().map(|part| &part["blocks"]);
        let parts = std::iter::once(&message.parts["blocks"]).chain(below).filter_map(Value::as_array);
        shown.extend(parts.flatten().cloned());
        (format!("{mark}{}", message.text), plain_for_webhook(&Value::Array(shown)).blocks)
    }

    async fn finish(&self, carried: Carried, made: Result<(), Failed>, now: Timestamp) -> Result<()> {
        let effort = Effort {
            attempts: carried.attempts,
            failures: carried.failures,
            unsure: carried.unsure,
            expires_at: carried.head.expires,
        };
        let fate = decide(made, &effort, now);
        let (id, kind) = (carried.id.0, kind(&carried.destination));
        match &fate {
            Fate::Sent => info!(delivery.id = id, kind, "Carried delivery {id} to its {kind}"),
            Fate::Again { at, why, .. } => {
                info!(delivery.id = id, kind, %why, "Delivery {id} to its {kind} is tried again at {at}: {why}");
            }
            Fate::Unknown { why } | Fate::Failed { why, .. } => {
                warn!(delivery.id = id, kind, %why, "Gave up on delivery {id} to its {kind}: {why}");
            }
        }
        if let Fate::Again { why, holds: true, .. } = &fate
            && carried.failures == 0
        {
            let door = door(&carried.destination);
            warn!(door, %why, "Nothing goes to {door} for now: {}", why.sentence());
        }
        Ok(self.store.finish_carried(carried, fate, now).await?)
    }
}

/// What is told, oldest first.
fn handouts(carried: &Carried) -> Vec<Handout<'_>> {
    let head = &carried.head;
    match head.listed.is_empty() {
        true => vec![Handout::of(&head.notice)],
        false => head.listed.iter().map(Handout::listed).collect(),
    }
}

fn kind(destination: &Destination) -> &'static str {
    match destination {
        Destination::Channel(_) => "channel",
        Destination::Person(_) => "person",
        Destination::Webhook(_) => "webhook",
        Destination::Endpoint(_) => "endpoint",
        Destination::Mail(_) => "mailbox",
    }
}

fn failed(failure: Failure) -> Failed {
    match failure {
        Failure::RetryAfter { after } => Failed { why: Why::Http(429), retry_after: Some(after) },
        Failure::Retry { .. } => Why::Unreachable.into(),
        Failure::Refused(refused) => Why::Refused(refused).into(),
        Failure::Unclear { .. } => Why::Unclear.into(),
    }
}

impl Worker for Carrier {
    fn name(&self) -> &'static str {
        "carry"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let carried = match self.store.claim_carried(now.plus(LEASE), now).await? {
            Claim::Here(carried) => *carried,
            Claim::At(at) => return Ok(Next::At(at)),
            Claim::Idle => return Ok(Next::Bell),
        };
        // Another carrier may take what goes elsewhere meanwhile.
        self.bell.ring();
        match self.attempt(&carried, now).await? {
            Tried::Made(made) => self.finish(carried, made, self.clock.now()).await?,
            Tried::NotBefore(at) => self.store.put_back_carried(carried, at, now).await?,
        }
        self.bell.ring();
        Ok(Next::Again)
    }
}
