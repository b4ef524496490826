//! Keeps the projects of the database in step with the configuration and with the workspaces that are served.
//!
//! Nothing waits for it: what is routed is decided by the configuration itself. The rows say whose notices there may be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::info;

use crate::domain::project::{Projects, place};
use crate::domain::route::Rules;
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;

/// When it is looked again at a workspace that is served and whose installation is not written yet.
const AGAIN: Duration = Duration::from_secs(10);

/// Keeps the rows of projects.
pub struct Bindings {
    store: Store,
    rules: watch::Receiver<Arc<Rules>>,
    spaces: watch::Receiver<Arc<Spaces>>,
    /// What the rows were made of last.
    held: Option<(Arc<Rules>, Arc<Spaces>)>,
}

impl Bindings {
    /// Keeps them by `rules` in `spaces`; both may change while it runs.
    pub fn new(
        store: Store,
        rules: watch::Receiver<Arc<Rules>>,
        spaces: watch::Receiver<Arc<Spaces>>,
    ) -> Bindings {
        Bindings { store, rules, spaces, held: None }
    }
}

impl Worker for Bindings {
    fn name(&self) -> &'static str {
        "bindings"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let newest = (self.rules.borrow_and_update().clone(), self.spaces.borrow_and_update().clone());
        let same = |(rules, spaces): &(Arc<Rules>, Arc<Spaces>)| {
            Arc::ptr_eq(rules, &newest.0) && Arc::ptr_eq(spaces, &newest.1)
        };
        if self.held.as_ref().is_some_and(same) {
            return Ok(Next::Bell);
        }
        let (rules, spaces) = &newest;
        let none = spaces.all().map(|ours| (ours.workspace.clone(), Projects::new()));
        let mut wanted: BTreeMap<_, _> = none.collect();
        let mut unsure = BTreeSet::new();
        for project in &rules.projects {
            let place = place(project.workspace.as_deref(), spaces).and_then(|place| wanted.get_mut(place));
            match place {
                Some(projects) => {
                    projects.insert(project.name.clone(), project.clone());
                }
                // A workspace that was left, was renamed, or shares its name.
                None => {
                    unsure.insert(project.name.clone());
                }
            }
        }
        let kept = self.store.hold_projects(wanted, unsure, now).await?;
        if kept.bound + kept.left > 0 {
            info!("Projects: {} bound anew, {} left", kept.bound, kept.left);
        }
        if kept.missing > 0 {
            return Ok(Next::At(now.plus(AGAIN)));
        }
        self.held = Some(newest);
        Ok(Next::Bell)
    }
}
