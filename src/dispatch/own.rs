//! deskd's own troubles as notices, for the routes that name `deskd.*`: they read the table of troubles and hand in what is new.
//!
//! The ways of `[alarm]` do not depend on this. A notice about deskd never raises a trouble, so nothing can go in a circle.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use crate::domain::notice::derived::names_own;
use crate::domain::route::Rules;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;

/// How often the table is looked at while somebody wants to know.
const PACE: Duration = Duration::from_secs(5);

/// Hands in deskd's own troubles.
pub struct OwnNotices {
    store: Store,
    rules: watch::Receiver<Arc<Rules>>,
    /// Rung when there is something to route.
    route: Bell,
}

impl OwnNotices {
    /// One that works while `rules` name deskd's own kinds.
    pub fn new(store: Store, rules: watch::Receiver<Arc<Rules>>, route: Bell) -> OwnNotices {
        OwnNotices { store, rules, route }
    }

    fn is_wanted(&self) -> bool {
        let rules = self.rules.borrow();
        names_own(rules.routes.iter().flat_map(|route| route.matcher.kinds.iter().map(String::as_str)))
    }
}

impl Worker for OwnNotices {
    fn name(&self) -> &'static str {
        "own"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        if !self.is_wanted() {
            return Ok(Next::Bell);
        }
        let untold = self.store.untold_troubles(now).await?;
        if !untold.is_empty() {
            for (workspace, notice) in untold {
                self.store.of(&workspace).submit_notices(vec![notice], now).await?;
            }
            self.route.ring();
        }
        Ok(Next::At(now.plus(PACE)))
    }
}
