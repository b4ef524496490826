//! Keeps promises: tells people what could not travel with the acknowledgement of their command.

use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::time::Timestamp;
use crate::domain::whisper::{Answer, Fate, Way, decide, way};
use crate::runtime::clock::Clock;
use crate::runtime::worker::{Next, Worker};
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::store::Store;
use crate::store::whispers::Due;

/// How long a claim holds: longer than the call.
const LEASE: Duration = Duration::from_secs(60);

/// Tells people what they were promised.
pub struct Whisperer {
    store: Store,
    apis: Apis,
    clock: Clock,
}

impl Whisperer {
    /// A whisperer over what `store` holds.
    pub fn new(store: Store, apis: Apis, clock: Clock) -> Whisperer {
        Whisperer { store, apis, clock }
    }

    async fn tell(&self, due: &Due, way: Way) -> Answer {
        let told = match way {
            Way::ResponseUrl => self.apis.configured().respond(&due.payload, &due.text).await,
            Way::Ephemeral => match self.apis.through(&due.app, &due.workspace) {
                Ok(api) => api.post_ephemeral(&due.channel, &due.person, &due.text).await,
                Err(failure) => Err(failure),
            },
        };
        match told {
            Ok(()) => Answer::Taken,
            Err(Failure::RateLimited { retry_after }) => Answer::NotNow(Some(retry_after)),
            // Read twice by one person is better than waited for in vain.
            Err(Failure::Unreachable { .. } | Failure::Unknown { .. } | Failure::Token { .. }) => {
                Answer::NotNow(None)
            }
            Err(Failure::Refused { error, .. }) => Answer::Refused(error),
        }
    }
}

impl Worker for Whisperer {
    fn name(&self) -> &'static str {
        "whisper"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let Some(due) = self.store.claim_whisper(LEASE, now).await? else {
            return Ok(self.store.next_whisper().await?.map_or(Next::Bell, Next::At));
        };
        let way = way(due.came, due.uses, now);
        let answer = self.tell(&due, way).await;
        let (event, now) = (due.event, self.clock.now());
        let fate = decide(way, answer, due.came, due.uses + 1, now);
        let how = way.as_str();
        match &fate {
            Fate::Told => info!(event.id = event.0, how, "Answered event {event} after its acknowledgement"),
            Fate::Again(at) => info!(event.id = event.0, how, "The answer to event {event} waits until {at}"),
            Fate::Spent(reason) => info!(
                event.id = event.0,
                reason, "Event {event} cannot be answered at its address, so the person is written to"
            ),
            Fate::Failed(reason) => {
                warn!(event.id = event.0, how, reason, "The answer to event {event} did not arrive")
            }
        }
        self.store.finish_whisper(event, fate, now).await?;
        Ok(Next::Again)
    }
}
