//! Broken channels: looks whether they work again, and sees to what waits for them.

use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::destination::{self, Broken, Fallbacks, Look, Verdict};
use crate::domain::limit::Admission;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::store::Store;
use crate::store::destinations::Destination;

/// What a channel is looked at with.
const METHOD: &str = "conversations.info";

/// Sees to what waits for channels that take no messages.
pub struct Detour {
    store: Store,
    apis: Apis,
    fallbacks: Fallbacks,
    give_up: Duration,
    /// Rung when something may be sent.
    send: Bell,
}

impl Detour {
    /// A worker that tells `fallbacks` what waits, and gives up on what is older than `give_up`.
    pub fn new(store: Store, apis: Apis, fallbacks: Fallbacks, give_up: Duration, send: Bell) -> Detour {
        Detour { store, apis, fallbacks, give_up, send }
    }

    /// Looks at one channel; `None` when the method's pace or Slack asks to wait.
    async fn look(&self, broken: &Destination, now: Timestamp) -> Result<Option<Look>> {
        let workspace = broken.workspace.clone();
        let Ok(api) = self.apis.through(&broken.app, &workspace) else { return Ok(Some(Look::Unclear)) };
        if let Admission::At(_) = self.store.of(&workspace).admit_call(METHOD, now).await? {
            return Ok(None);
        }
        Ok(Some(match api.conversation_info(&broken.channel).await {
            Ok(info) if info.is_archived => Look::Closed(Broken::Archived),
            Ok(info) if info.is_member || info.is_im => Look::Open,
            Ok(_) => Look::Closed(Broken::NotMember),
            Err(Failure::RateLimited { retry_after }) => {
                self.store.of(&workspace).hold_method(METHOD, now.plus(retry_after)).await?;
                return Ok(None);
            }
            Err(Failure::Refused { error, .. }) => {
                Broken::from_error(&error).map_or(Look::Hidden, Look::Closed)
            }
            Err(Failure::Unreachable { .. } | Failure::Unknown { .. } | Failure::Token { .. }) => {
                Look::Unclear
            }
        }))
    }

    async fn judge(&self, broken: Destination, now: Timestamp) -> Result<()> {
        let Some(look) = self.look(&broken, now).await? else { return Ok(()) };
        let verdict = destination::judge(broken.broken, look);
        let channel = &broken.channel;
        match verdict {
            Verdict::Works => info!(channel = %channel, "Channel {channel} takes messages again"),
            Verdict::Try => info!(channel = %channel, "Channel {channel} is tried again"),
            Verdict::Stays(reason) => {
                info!(channel = %channel, reason = reason.as_str(), "Channel {channel} takes no messages yet");
            }
        }
        self.store.of(&broken.workspace).looked_at(broken.channel, verdict, now).await?;
        if !matches!(verdict, Verdict::Stays(_)) {
            self.send.ring();
        }
        Ok(())
    }
}

impl Worker for Detour {
    fn name(&self) -> &'static str {
        "detour"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let broken = self.store.broken_destinations().await?;
        if broken.is_empty() {
            return Ok(Next::Bell);
        }
        let round = self.store.detour(self.fallbacks.clone(), self.give_up, now).await?;
        if round.given_up > 0 {
            warn!(count = round.given_up, "Gave up on {} sends to broken channels", round.given_up);
        }
        if round.detoured > 0 {
            self.send.ring();
        }
        for destination in broken.into_iter().filter(|destination| destination.next_look <= now) {
            self.judge(destination, now).await?;
        }
        Ok(Next::Bell)
    }
}
