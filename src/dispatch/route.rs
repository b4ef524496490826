//! The router: takes the notices whose time has come, has `domain::route` decide, stores what was decided.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tracing::debug;

use crate::domain::ids::{ProjectName, WorkspaceId};
use crate::domain::project::of_workspace;
use crate::domain::route::{Asked, Decision, Rules, State, decide};
use crate::domain::spaces::Spaces;
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
    /// Which workspaces there are: a project is in one of them.
    spaces: watch::Receiver<Arc<Spaces>>,
    /// Rung when there are deliveries.
    feed: Bell,
    /// Rung then, too, for those that do not go through the outbox.
    carry: Bell,
}

impl Router {
    /// A router by `rules`, which may change while it runs.
    pub fn new(store: Store, rules: watch::Receiver<Arc<Rules>>, feed: Bell) -> Router {
        let (_, spaces) = watch::channel(Arc::default());
        Router { store, rules, spaces, feed, carry: Bell::new() }
    }

    /// The same in these workspaces; without them, every project that names none is where it is asked for.
    pub fn serving(self, spaces: watch::Receiver<Arc<Spaces>>) -> Router {
        Router { spaces, ..self }
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
        let mut states = States::new();
        for unrouted in &found.now {
            if let Entry::Vacant(missing) = states.entry(owner(unrouted)) {
                let state = self.state(missing.key(), &rules, now).await?;
                missing.insert(state);
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

/// Whose a notice is.
type Owner = (WorkspaceId, Option<ProjectName>);

/// What is known beside the rules, for each whose notices are routed.
type States = BTreeMap<Owner, State>;

fn owner(unrouted: &Unrouted) -> Owner {
    (unrouted.workspace.clone(), unrouted.project.clone())
}

impl Router {
    async fn state(&self, owner: &Owner, rules: &Rules, now: Timestamp) -> Result<State> {
        let (workspace, project) = owner;
        let (space, kinds) = (self.store.of(workspace), rules.muting_kinds());
        let state = match project {
            Some(name) => space.project(name).routing_state(kinds, now).await?,
            None => space.routing_state(kinds, now).await?,
        };
        let projects = of_workspace(&rules.projects, workspace, &self.spaces.borrow());
        Ok(State { projects, ..state })
    }
}

/// Decides about a batch in its order: what one notice makes known counts for the next of the same problem.
/// An owner that has no state mutes nothing.
fn routed(batch: Vec<Unrouted>, rules: &Rules, states: &States, now: Timestamp) -> Vec<(Unrouted, Decision)> {
    let nothing = State::default();
    let mut told = HashSet::new();
    let mut routed = Vec::with_capacity(batch.len());
    for unrouted in batch {
        let asked = Asked {
            content: &unrouted.notice.content,
            source: &unrouted.notice.source,
            project: unrouted.project.as_ref(),
            problem: Some(unrouted.problem),
            effect: unrouted.effect,
            told: unrouted.told || told.contains(&unrouted.problem.0),
        };
        let decision = decide(&asked, rules, states.get(&owner(&unrouted)).unwrap_or(&nothing), now);
        if !decision.deliveries.is_empty() {
            told.insert(unrouted.problem.0);
        }
        routed.push((unrouted, decision));
    }
    routed
}
