//! Measures how deskd fares, every few seconds, and keeps the troubles of its own trouble true.
//!
//! A database that cannot be written cannot hold the trouble of that either: it is kept here and told by the second way at
//! once, and noted when it can be.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::ways::Ways;
use crate::domain::alarm::{Phase, Way};
use crate::domain::message::Ourselves;
use crate::domain::own::{Own, Raised};
use crate::domain::telling::{Telling, meaning, sentence};
use crate::domain::time::Timestamp;
use crate::domain::trouble::{Change, Memory, NOT_WRITABLE, Observed, Thresholds, calm, standing};
use crate::runtime::bell::Bell;
use crate::runtime::crew::Watch;
use crate::runtime::worker::{Next, Worker};
use crate::slack::socket::Links;
use crate::store::Store;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(5);

/// How often it tries to write: each try is a commit.
const PROBE: Duration = Duration::from_secs(15);

/// How long to wait before a way that failed is tried again while the database cannot be written.
const PAUSE: Duration = Duration::from_secs(60);

/// Since when the database cannot be written, for all who show it.
#[derive(Clone, Default)]
pub struct Unwritable(Arc<Mutex<Option<Timestamp>>>);

impl Unwritable {
    /// Since when; `None` while it can be written.
    pub fn since(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// What is watched.
pub struct Watched {
    /// The database.
    pub store: Store,
    /// The sockets.
    pub links: Links,
    /// The workers.
    pub crew: Watch,
    /// Since when no event can be recorded; `None` while that works.
    pub recording: Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>,
    /// Who we are, once we know: troubles belong to a workspace.
    pub ours: watch::Receiver<Option<Ourselves>>,
}

/// The worker.
pub struct Watcher {
    watched: Watched,
    thresholds: Thresholds,
    ways: Ways,
    /// Rung when a trouble was raised or resolved.
    tell: Bell,
    memory: Memory,
    unwritable: Unwritable,
    probed_at: Option<Timestamp>,
    without: Option<Without>,
}

/// A time without a database that somebody is told of.
struct Without {
    since: Timestamp,
    told: Vec<Way>,
    next_try: Timestamp,
    /// When it could be written again.
    back_at: Option<Timestamp>,
}

impl Watcher {
    /// A watcher that rings `tell` when there is news.
    pub fn new(watched: Watched, thresholds: Thresholds, ways: Ways, tell: Bell) -> Watcher {
        let (memory, unwritable) = (Memory::default(), Unwritable::default());
        Watcher { watched, thresholds, ways, tell, memory, unwritable, probed_at: None, without: None }
    }

    /// Since when the database cannot be written, as far as this watcher knows.
    pub fn unwritable(&self) -> Unwritable {
        self.unwritable.clone()
    }

    async fn observe(&self, now: Timestamp) -> Result<Observed> {
        let Watched { store, links, crew, .. } = &self.watched;
        let waiting = store.waiting().await?;
        let states = links.states();
        let refused = states.iter().any(|link| link.refused().is_some());
        let reason = states.into_iter().find_map(|link| link.reason);
        let stuck = crew.seen(now).into_iter();
        Ok(Observed {
            no_socket_since: links.none_since(),
            no_socket_reason: reason.filter(|_| !links.any_connected()),
            refused,
            oldest_pending: waiting.oldest_pending,
            oldest_send: waiting.oldest_send,
            last_backup: waiting.last_backup.or(waiting.made_at),
            stuck: stuck.filter_map(|seen| Some((seen.name.to_owned(), seen.stuck_since?))).collect(),
        })
    }

    async fn keep_true(&mut self, ours: &Ourselves, now: Timestamp) -> Result<()> {
        let seen = self.observe(now).await?;
        let holds = standing(&seen, &self.thresholds, now);
        let (store, workspace) = (&self.watched.store, &ours.workspace);
        let open = store.of(workspace).open_troubles().await?;
        let open: Vec<Raised> = open.into_iter().map(|trouble| trouble.raised).collect();
        for change in self.memory.compare(&holds, &open, now) {
            match change {
                Change::Raise(raised) => {
                    let kind = raised.own.as_str();
                    let told = sentence(&raised);
                    if store.of(workspace).raise(raised, now).await? {
                        warn!(kind, "In trouble: {told}");
                    }
                }
                Change::Resolve(own, subject) => {
                    store.of(workspace).resolve(own, subject, now).await?;
                    info!(kind = own.as_str(), "Over: {}", meaning(own));
                }
            }
            self.tell.ring();
        }
        Ok(())
    }

    /// Whether the database can be written: what comes in is recorded, and a small change works.
    async fn probe(&mut self, now: Timestamp) -> bool {
        let failing = (self.watched.recording)();
        let known = failing.or(self.unwritable.since());
        if known.is_none() && self.probed_at.is_some_and(|at| now.since(at) < PROBE) {
            return true;
        }
        self.probed_at = Some(now);
        // On a full disk there may be room for a small change and none for an event.
        if failing.is_none() && self.watched.store.probe().await.is_ok() {
            self.unwritable.set(None);
            return true;
        }
        let since = self.unwritable.since().or(known).unwrap_or(now);
        self.unwritable.set(Some(since));
        if now.since(since) >= NOT_WRITABLE && self.without.is_none() {
            error!("In trouble: {}", meaning(Own::NotWritable));
            self.without = Some(Without { since, told: Vec::new(), next_try: now, back_at: None });
        }
        false
    }

    /// Tells of a database that cannot be written, and that it can be again, without it.
    async fn tell_directly(&mut self, writable: bool, now: Timestamp) -> Result<()> {
        let Some(mut without) = self.without.take() else { return Ok(()) };
        if !writable {
            without.back_at = None;
            self.tell_begun(&mut without, now).await;
            self.without = Some(without);
            return Ok(());
        }
        let back_at = *without.back_at.get_or_insert(now);
        if now.since(back_at) < calm(Own::NotWritable).unwrap_or_default() {
            self.without = Some(without);
            return Ok(());
        }
        let over = telling(&without, Some(back_at));
        for way in &without.told {
            if let Err(untold) = self.ways.tell(*way, &over, None, now).await {
                warn!(way = way.as_str(), reason = untold.0, "Cannot tell that the database is back");
            }
        }
        info!("Over: {}", meaning(Own::NotWritable));
        let ours = self.watched.ours.borrow().clone();
        if let Some(ours) = ours {
            let Without { since, told, .. } = without;
            self.watched.store.of(&ours.workspace).note_told(raised(), told, since, back_at).await?;
        }
        Ok(())
    }

    async fn tell_begun(&self, without: &mut Without, now: Timestamp) {
        if now < without.next_try {
            return;
        }
        without.next_try = now.plus(PAUSE);
        let begun = telling(without, None);
        for way in
            self.ways.second().into_iter().filter(|way| !without.told.contains(way)).collect::<Vec<_>>()
        {
            match self.ways.tell(way, &begun, None, now).await {
                Ok(()) => without.told.push(way),
                Err(untold) => {
                    warn!(way = way.as_str(), reason = untold.0, "Cannot tell of the database");
                }
            }
        }
    }
}

fn raised() -> Raised {
    Raised { own: Own::NotWritable, subject: String::new(), detail: String::new() }
}

fn telling(without: &Without, over: Option<Timestamp>) -> Telling {
    let phase = if over.is_some() { Phase::Resolved } else { Phase::Raised };
    Telling { raised: raised(), phase, raised_at: without.since, resolved_at: over, test: false }
}

impl Worker for Watcher {
    fn name(&self) -> &'static str {
        "alarm"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let writable = self.probe(now).await;
        self.tell_directly(writable, now).await?;
        let ours = self.watched.ours.borrow().clone();
        if let Some(ours) = ours.filter(|_| writable) {
            self.keep_true(&ours, now).await?;
        }
        Ok(Next::At(now.plus(EVERY)))
    }
}
