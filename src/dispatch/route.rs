//! The router: takes the notices whose time has come, has `domain::route` decide, stores what was decided.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tracing::debug;

use crate::domain::ids::WorkspaceId;
use crate::domain::route::{Asked, Decision, Rules, State, decide};
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::notices::Unrouted;

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
        let mut states = BTreeMap::new();
        for workspace in found.now.iter().map(|unrouted| &unrouted.workspace) {
            if !states.contains_key(workspace) {
                let state = self.store.of(workspace).routing_state(rules.muting_kinds(), now).await?;
                states.insert(workspace.clone(), state);
            }
        }
        let routed = routed(found.now, &rules, &states, now);
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

/// Decides about a batch in its order: what one notice makes known counts for the next of the same problem.
/// A workspace that has no state mutes nothing.
fn routed(
    batch: Vec<Unrouted>,
    rules: &Rules,
    states: &BTreeMap<WorkspaceId, State>,
    now: Timestamp,
) -> Vec<(Unrouted, Decision)> {
    let nothing = State::default();
    let mut told = HashSet::new();
    let mut routed = Vec::with_capacity(batch.len());
    for unrouted in batch {
        let asked = Asked {
            content: &unrouted.notice.content,
            source: &unrouted.notice.source,
            problem: Some(unrouted.problem),
            effect: unrouted.effect,
            told: unrouted.told || told.contains(&unrouted.problem.0),
        };
        let decision = decide(&asked, rules, states.get(&unrouted.workspace).unwrap_or(&nothing), now);
        if !decision.deliveries.is_empty() {
            told.insert(unrouted.problem.0);
        }
        routed.push((unrouted, decision));
    }
    routed
}
