//! The router: takes the notices whose time has come, has `domain::route` decide, stores what was decided.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tracing::debug;

use crate::domain::route::{Rules, State, decide};
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;

/// How many notices are routed in one transaction: enough for one commit to serve a storm, few enough for a critical one
/// that comes meanwhile not to wait for long.
const BATCH: usize = 200;

/// Routes notices.
pub struct Router {
    store: Store,
    rules: watch::Receiver<Arc<Rules>>,
    /// Rung when there are deliveries.
    feed: Bell,
    /// Rung then, too, for those that do not go through the outbox.
    carry: Bell,
}

impl Router {
    /// A router by `rules`, which may change while it runs.
    pub fn new(store: Store, rules: watch::Receiver<Arc<Rules>>, feed: Bell) -> Router {
        Router { store, rules, feed, carry: Bell::new() }
    }

    /// The same, waking whoever carries what does not go through the outbox.
    pub fn waking(self, carry: Bell) -> Router {
        Router { carry, ..self }
    }
}

impl Worker for Router {
    fn name(&self) -> &'static str {
        "route"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let found = self.store.unrouted(BATCH, now).await?;
        if found.now.is_empty() {
            return Ok(found.next.map_or(Next::Bell, Next::At));
        }
        let rules = self.rules.borrow_and_update().clone();
        let state = State::default();
        let routed: Vec<_> = found
            .now
            .into_iter()
            .map(|unrouted| {
                let decision = decide(&unrouted.notice.content, unrouted.effect, &rules, &state, now);
                (unrouted, decision)
            })
            .collect();
        for (unrouted, decision) in &routed {
            let (id, count) = (unrouted.notice.id, decision.deliveries.len());
            debug!(notice.id = id.0, count, "Notice {id} becomes {count} deliveries");
        }
        self.store.file_routed(routed, now).await?;
        self.feed.ring();
        self.carry.ring();
        Ok(Next::Again)
    }
}
