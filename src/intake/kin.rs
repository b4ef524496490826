//! Our further apps: asked who their bots are, so that nothing that one of them posts is taken for a contact's message.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tracing::warn;

use crate::domain::backoff;
use crate::domain::message::Sibling;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::Api;
use crate::store::Store;

/// How often they are asked although nothing said that anything changed.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Our further apps, as far as they are known. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Kin(Arc<Mutex<Vec<Sibling>>>);

impl Kin {
    /// These, of which perhaps only the ids are known.
    pub fn new(apps: Vec<Sibling>) -> Kin {
        Kin(Arc::new(Mutex::new(apps)))
    }

    /// All of them.
    pub fn now(&self) -> Vec<Sibling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds what is known of one: an app may have another bot in each workspace.
    pub fn learn(&self, app: Sibling) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&app) {
            known.push(app);
        }
    }
}

/// One further app and its token.
pub struct Asked {
    /// What it is called here.
    pub name: String,
    /// Slack's id of it.
    pub id: String,
    /// What asks with its bot token.
    pub api: Api,
}

/// Asks the further apps who they are.
pub struct Kinship {
    store: Store,
    apps: Vec<Asked>,
    kin: Kin,
    failures: u32,
}

impl Kinship {
    /// A worker that tells `kin` what it learns.
    pub fn new(store: Store, apps: Vec<Asked>, kin: Kin) -> Kinship {
        Kinship { store, apps, kin, failures: 0 }
    }

    /// Asks one app; false when it has to be asked again.
    async fn ask(&self, app: &Asked, now: Timestamp) -> Result<bool> {
        let who = match app.api.auth_test().await {
            Ok(identity) => identity.ourselves,
            Err(failure) => {
                let told = failure.sentence();
                warn!(
                    app = app.name,
                    error = failure.code(),
                    "Slack does not say who {} is: {told}",
                    app.name
                );
                return Ok(false);
            }
        };
        if who.app.as_ref().is_some_and(|id| *id != app.id) {
            warn!(app = app.name, "The bot token of {} belongs to another app than its id says", app.name);
        }
        let (name, id) = (app.name.clone(), app.id.clone());
        let bot = Some(who.bot).filter(|bot| !bot.is_empty());
        let sibling = Sibling { name, app: id, person: Some(who.person), bot };
        self.kin.learn(sibling.clone());
        self.store.of(&who.workspace).note_app(sibling, now).await?;
        Ok(true)
    }
}

impl Worker for Kinship {
    fn name(&self) -> &'static str {
        "kinship"
    }

    /// One call for each app.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let mut all = true;
        for app in &self.apps {
            all &= self.ask(app, now).await?;
        }
        self.failures = if all { 0 } else { self.failures.saturating_add(1) };
        let wait = if all { EVERY } else { backoff::delay(self.failures, fastrand::f64()) };
        Ok(Next::At(now.plus(wait)))
    }
}
