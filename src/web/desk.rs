//! What the local API works with: handed over by `app` once, shared by every request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::model::Asked;
use super::source::Doors;
use crate::alarm::Ways;
use crate::config::keys::KeyLook;
use crate::dispatch::heartbeat::Beats;
use crate::dispatch::report::Reports;
use crate::dispatch::submit::{Inlet, Outgoing};
use crate::domain::classify::{Compiled, Policy};
use crate::domain::message::Ourselves;
use crate::domain::route::Rules as Routing;
use crate::domain::time::{Now, Timestamp};
use crate::intake::account::Accounts;
use crate::intake::advise::Advice;
use crate::intake::backfill::Recovery;
use crate::intake::bundle::{Endings, Habits};
use crate::intake::canary::Figures;
use crate::intake::learn::Mind;
use crate::intake::listen::Tally;
use crate::intake::workspace::Trouble;
use crate::runtime::crew::Seen;
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::slack::socket::Links;
use crate::store::Store;
use crate::store::retention::Forgotten;

/// Everything a request may need. Clones share it.
#[derive(Clone)]
pub struct Front {
    /// The database.
    pub store: Store,
    /// The way into the outbox.
    pub outgoing: Outgoing,
    /// The way in for notices.
    pub inlet: Inlet,
    /// Who may hand them in.
    pub doors: Doors,
    /// The way in for beats.
    pub beats: Beats,
    /// Slack's Web API with the configured token, and for calls that need none.
    pub api: Api,
    /// Slack's Web API in each workspace: for permalinks, and for people and channels that a caller names.
    pub apis: Apis,
    /// The way to connect workspaces and to leave them.
    pub accounts: Accounts,
    /// Whether tokens that do not last are renewed: the app's client id and secret are there.
    pub renews: bool,
    /// The workspace that the request names; `None` when it names none.
    pub wanted: Option<String>,
    /// Who we are, once we know.
    pub ours: watch::Receiver<Option<Ourselves>>,
    /// The Socket Mode links.
    pub links: Links,
    /// What keeps us from knowing the workspace.
    pub trouble: Trouble,
    /// How the canary fares; `None` when there is none.
    pub canary: Option<Figures>,
    /// Since when readiness is red, and why.
    pub reds: Reds,
    /// What came in since the start.
    pub tally: Arc<Tally>,
    /// What calls of the language model came to since the start.
    pub advice: Advice,
    /// How events ended since the start.
    pub endings: Endings,
    /// Rows deleted in time since the start.
    pub forgotten: Forgotten,
    /// The way to ask for a recovery, and what it has done.
    pub recovery: Recovery,
    /// The scheduled reports.
    pub reports: Reports,
    /// Asks for a fresh list of channels.
    pub refresh: Arc<dyn Fn() + Send + Sync>,
    /// Asks for the directory to be looked at: somebody wants it read.
    pub read_directory: Arc<dyn Fn() + Send + Sync>,
    /// How messages are gathered: a replay decides by the same rules as the gatherer.
    pub habits: watch::Receiver<Habits>,
    /// Wakes the gatherer: a replay may have opened bundles whose time is up.
    pub gather: Arc<dyn Fn() + Send + Sync>,
    /// What was learned, and who decides with it.
    pub learned: Learned,
    /// How the workers fare at an instant.
    pub health: Arc<dyn Fn(Timestamp) -> Health + Send + Sync>,
    /// The key of the secrets in the database, or why there is none.
    pub keys: Arc<KeyLook>,
    /// Where `now` comes from.
    pub now: Now,
    /// What the running configuration looks like from outside; changes with a reload.
    pub settings: watch::Receiver<Settings>,
    /// The rules of routing; they change with a reload.
    pub routing: watch::Receiver<Arc<Routing>>,
    /// The ways out of deskd, for its own trouble.
    pub ways: Ways,
    /// When the daemon started.
    pub started_at: Timestamp,
}

/// What was learned, and who decides with it. Clones share it.
#[derive(Clone)]
pub struct Learned {
    /// What was learned.
    pub mind: Mind,
    /// Wakes the learner: something was taught or taken back.
    pub learn: Arc<dyn Fn() + Send + Sync>,
    /// Wakes whoever makes tasks of bundles.
    pub triage: Arc<dyn Fn() + Send + Sync>,
    /// The rules of classification; they change with a reload.
    pub rules: watch::Receiver<Arc<Compiled>>,
    /// How far the learner may go; changes with a reload.
    pub policy: watch::Receiver<Policy>,
}

/// The reasons for which readiness was red when somebody asked last, each with the moment it was seen first: for those
/// that do not know by themselves since when they hold. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Reds(Arc<Mutex<BTreeMap<String, Timestamp>>>);

impl Reds {
    /// Keeps the reasons that hold at `now`, forgets the others, and returns since when each of them holds.
    pub fn hold(&self, reasons: &[&str], now: Timestamp) -> Vec<Timestamp> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|reason, _| reasons.contains(&reason.as_str()));
        reasons.iter().map(|reason| *held.entry((*reason).to_owned()).or_insert(now)).collect()
    }
}

/// What the crew looks like from outside.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Every worker; several may share a name.
    pub workers: Vec<Seen>,
    /// Since when the database cannot be written; `None` while it can.
    pub unwritable_since: Option<Timestamp>,
}

impl Health {
    /// The workers that are stuck, each name once, and since when.
    pub fn stuck(&self) -> BTreeMap<&'static str, Timestamp> {
        let mut stuck = BTreeMap::new();
        for (name, since) in self.workers.iter().filter_map(|seen| Some((seen.name, seen.stuck_since?))) {
            let first = stuck.entry(name).or_insert(since);
            *first = since.min(*first);
        }
        stuck
    }

    /// Since when the first of those whose last step failed has been failing.
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.workers.iter().filter_map(|seen| seen.failing_since).min()
    }

    /// The workers whose last step failed, each name once.
    pub fn failing(&self) -> BTreeSet<&'static str> {
        self.workers.iter().filter(|seen| seen.failures > 0).map(|seen| seen.name).collect()
    }
}

/// What the running configuration looks like from outside.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Short hash of the effective configuration.
    pub config_hash: String,
    /// Whether every channel that the bot has joined is listened to, picked or not.
    pub monitor_joined: bool,
    /// The category names that exist, in their order.
    pub categories: Vec<String>,
    /// The incoming webhooks that the configuration posts to.
    pub webhooks_in_use: BTreeSet<String>,
    /// The language model; `None` where there is none.
    pub model: Option<Asked>,
    /// How long a caller of `--wait` is kept at most.
    pub longest_wait: Duration,
    /// The apps that have addresses here, each with whether its signing secret is there.
    pub signed: Vec<(Option<String>, bool)>,
    /// What of the newest configuration takes effect at the next start only, as people read it.
    pub behind: Vec<String>,
}
