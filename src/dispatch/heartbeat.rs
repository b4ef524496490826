//! Listens for heartbeats: tells of those that are silent for longer than they promised.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{error, info};

use crate::domain::caller::LOCAL;
use crate::domain::heartbeat::{MISSED, Promise, Pulse, Seen, judge};
use crate::domain::message::Ourselves;
use crate::domain::notice::{Checked, Draft, Kinds, Severity, draft};
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;

/// The way that beats come by. Clones share it.
#[derive(Clone)]
pub struct Beats {
    store: Store,
    kinds: watch::Receiver<Arc<Kinds>>,
    /// Rung when there is something to route.
    route: Bell,
}

impl Beats {
    /// A way for beats.
    pub fn new(store: Store, kinds: watch::Receiver<Arc<Kinds>>, route: Bell) -> Beats {
        Beats { store, kinds, route }
    }

    /// Notes a beat; says whether it ended a silence that had been told.
    pub async fn beat(&self, ours: &Ourselves, promise: &Promise, now: Timestamp) -> Result<bool> {
        let end = notice(&promise.name, None, None, &self.kinds.borrow(), now)?;
        let ended = self.store.of(&ours.workspace).beat(promise.name.clone(), end, now).await?;
        if ended.is_some() {
            self.route.ring();
        }
        Ok(ended.is_some())
    }
}

/// Listens for those who promised to beat.
pub struct Listener {
    beats: Beats,
    promises: watch::Receiver<Arc<Vec<Promise>>>,
    ours: watch::Receiver<Option<Ourselves>>,
    started: Timestamp,
}

impl Listener {
    /// A listener for `promises`, which may change while it runs; nobody could beat before `started`.
    pub fn new(
        beats: Beats,
        promises: watch::Receiver<Arc<Vec<Promise>>>,
        ours: watch::Receiver<Option<Ourselves>>,
        started: Timestamp,
    ) -> Listener {
        Listener { beats, promises, ours, started }
    }

    async fn miss(&self, ours: &Ourselves, promise: &Promise, seen: Seen, now: Timestamp) -> Result<()> {
        let notice =
            notice(&promise.name, Some(promise.severity), seen.last, &self.beats.kinds.borrow(), now)?;
        let (workspace, name) = (ours.workspace.clone(), promise.name.clone());
        if self.beats.store.of(&workspace).miss_heartbeat(name, seen, notice, now).await? {
            error!(heartbeat = promise.name, "Heartbeat {} is missed", promise.name);
            self.beats.route.ring();
        }
        Ok(())
    }
}

impl Worker for Listener {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let promises = self.promises.borrow_and_update().clone();
        let Some(ours) = self.ours.borrow().clone() else { return Ok(Next::Bell) };
        let names: Vec<String> = promises.iter().map(|promise| promise.name.clone()).collect();
        let known = self.beats.store.promise_heartbeats(names, now).await?;
        for name in known.keys().filter(|name| !promises.iter().any(|promise| promise.name == **name)) {
            let end = notice(name, None, None, &self.beats.kinds.borrow(), now)?;
            self.beats.store.of(&ours.workspace).forget_heartbeat(name.clone(), end, now).await?;
            info!(heartbeat = name, "Heartbeat {name} is promised no more");
            self.beats.route.ring();
        }
        let mut due: Option<Timestamp> = None;
        for (promise, seen) in
            promises.iter().filter_map(|promise| Some((promise, *known.get(&promise.name)?)))
        {
            match judge(promise, seen, self.started, now) {
                Pulse::Well(until) => due = Some(due.map_or(until, |due| due.min(until))),
                Pulse::Silent => self.miss(&ours, promise, seen, now).await?,
                Pulse::Told => {}
            }
        }
        Ok(due.map_or(Next::Bell, Next::At))
    }
}

/// The notice of a silence with this severity, or of its end.
fn notice(
    name: &str,
    silent: Option<Severity>,
    last: Option<Timestamp>,
    kinds: &Kinds,
    now: Timestamp,
) -> Result<Checked> {
    let mut fields = std::collections::BTreeMap::from([("heartbeat".to_owned(), name.to_owned())]);
    let (title, status) = match silent {
        Some(_) => (format!("Heartbeat {name} is missed"), "firing"),
        None => (format!("Heartbeat {name}"), "resolved"),
    };
    if silent.is_some() {
        fields.insert("last".to_owned(), last.map_or_else(|| "never".to_owned(), |last| last.to_string()));
    }
    let draft = Draft {
        kind: MISSED.to_owned(),
        severity: silent.map_or("", Severity::as_str).to_owned(),
        status: status.to_owned(),
        title,
        fields,
        ..Draft::default()
    };
    draft::check(&draft, LOCAL, kinds, now).map_err(|refusals| {
        let wrong: Vec<String> = refusals.into_iter().map(|no| format!("{} {}", no.field, no.code)).collect();
        anyhow::anyhow!("the kind {MISSED} does not take a silence: {}", wrong.join(", "))
    })
}
