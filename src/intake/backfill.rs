//! The recoverer: after every gap it reads from Slack's history what did not arrive, one page or one batch a step.
//!
//! It only calls and hands on; what is to be read and how far that has got are rows (`store::recovery`), what a failed call
//! means is `domain::recovery`. Live traffic goes first: while many events wait to be decoded nothing is read, and a send
//! that has to look itself up is let through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::bundle::Habits;
use crate::domain::bundle::Monitor;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::limit::Admission;
use crate::domain::message::Ourselves;
use crate::domain::recovery::{self, Cause, KEEP, Setback, Wanted, ts_of};
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Soonest, Worker};
use crate::slack::apis::Apis;
use crate::slack::history::{Page, Past, RECOVERED, Stretch};
use crate::slack::outcome::Failure;
use crate::slack::socket::Line;
use crate::store::recovered::{Filed, Found, PageRead};
use crate::store::recovery::Reading;
use crate::store::{Store, StoreError};

/// Undecoded events from which recovery stands aside: one batch of the gatherer.
const BUSY: i64 = 256;

/// How long it stands aside before it looks again.
const ASIDE: Duration = Duration::from_millis(500);

/// How soon a look-up has to be due for recovery to leave it the next call: one call a minute may be all there is.
const SOON: Duration = Duration::from_secs(60);

/// Between two looks at what is complete the machine was asleep if they lie so much further apart than they should.
const ASLEEP: Duration = Duration::from_secs(2 * 300);

const HISTORY: &str = "conversations.history";
const REPLIES: &str = "conversations.replies";

/// What recovery has done since the start.
#[derive(Debug, Default)]
pub struct Totals {
    messages: AtomicU64,
    found: AtomicU64,
    failures: AtomicU64,
}

impl Totals {
    /// Messages read from Slack's history.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Messages among them that had not arrived by themselves.
    pub fn found(&self) -> u64 {
        self.found.load(Ordering::Relaxed)
    }

    /// Channels and threads that could not be read, or not to their end.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// The way to ask for a recovery; clones share it.
#[derive(Clone)]
pub struct Recovery {
    store: Store,
    habits: watch::Receiver<Habits>,
    bell: Bell,
    /// Whether a canary was missed since the last recovery.
    canary_missed: Arc<AtomicBool>,
    totals: Arc<Totals>,
}

impl Recovery {
    /// Asks for a recovery by rows and rings `bell` for whoever does it.
    pub fn new(store: Store, habits: watch::Receiver<Habits>, bell: Bell) -> Recovery {
        Recovery { store, habits, bell, canary_missed: Arc::default(), totals: Arc::default() }
    }

    /// Asks for channels to be read again; says how many. Whatever happens afterwards, they will be.
    pub async fn request(
        &self,
        workspace: WorkspaceId,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let channels = self.store.of(&workspace).request_recovery(self.monitor(), wanted, now).await?;
        self.bell.ring();
        Ok(channels)
    }

    /// Asks for everything to be read again because the canary's event did not come back. Never waits; should the process end
    /// before it is noted, the next start reads everything anyway.
    pub fn canary_missed(&self) {
        self.canary_missed.store(true, Ordering::Relaxed);
        self.bell.ring();
    }

    /// What has been done since the start.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    fn monitor(&self) -> Monitor {
        self.habits.borrow().monitor
    }
}

/// Reads what is to be read.
pub struct Recoverer {
    store: Store,
    apis: Apis,
    spaces: watch::Receiver<Arc<Spaces>>,
    line: watch::Receiver<Line>,
    recovery: Recovery,
    /// Rung when something has entered the journal.
    gather: Bell,
    /// Cancelled when the desk stops: a page that is not there yet is read again at the next start.
    stop: CancellationToken,
    rounds: BTreeMap<WorkspaceId, Round>,
    /// The workspace that was read last: the others come before it.
    last: Option<WorkspaceId>,
}

/// How a workspace stands.
#[derive(Debug, Default)]
struct Round {
    /// Gaps for which a recovery has been asked for.
    answered: u64,
    /// When we last moved on what is complete.
    kept: Option<Timestamp>,
    /// How long Slack made us wait at the last 429, by method.
    asked_to_wait: BTreeMap<&'static str, Duration>,
}

impl Recoverer {
    /// One that closes the gaps of `line` in every workspace that `apis` speak in, and rings `gather`. A call under way is dropped at
    /// `stop`, so that nobody waits for Slack.
    pub fn new(
        recovery: Recovery,
        apis: Apis,
        line: watch::Receiver<Line>,
        gather: Bell,
        stop: CancellationToken,
    ) -> Recoverer {
        let (store, spaces) = (recovery.store.clone(), apis.spaces());
        let rounds = BTreeMap::new();
        Recoverer { store, apis, spaces, line, recovery, gather, stop, rounds, last: None }
    }

    /// Asks for a recovery after a gap; says whether there was none for so long that what is complete moves on.
    async fn watch(&mut self, workspace: &WorkspaceId, canary: bool, now: Timestamp) -> Result<bool> {
        let Line { connected, gaps } = *self.line.borrow();
        let round = self.rounds.entry(workspace.clone()).or_default();
        let asleep = round.kept.is_some_and(|kept| now.since(kept) > ASLEEP);
        if gaps > round.answered || asleep || canary {
            let cause = match round.answered {
                0 => Cause::Start,
                _ if canary => Cause::Canary,
                _ => Cause::Gap,
            };
            let channels = self.recovery.request(workspace.clone(), Wanted::everything(cause), now).await?;
            if channels > 0 {
                info!(channels, "Reading what was said in {channels} channels while nobody listened");
            }
            round.answered = gaps;
            round.kept = Some(now);
        }
        let due = round.kept.is_none_or(|kept| now.since(kept) >= KEEP);
        Ok(due && round.answered > 0 && connected)
    }

    /// Moves on what is complete in these workspaces.
    async fn keep(&mut self, workspaces: Vec<WorkspaceId>, now: Timestamp) -> Result<()> {
        if workspaces.is_empty() {
            return Ok(());
        }
        for workspace in &workspaces {
            self.rounds.entry(workspace.clone()).or_default().kept = Some(now);
        }
        Ok(self.store.keep_coverage(workspaces, self.recovery.monitor(), now).await?)
    }

    /// Does the next thing that may be done now, in whichever workspace has waited longest.
    async fn proceed(&mut self, spaces: &Spaces, now: Timestamp) -> Result<Next> {
        if self.store.backlog().await? > BUSY {
            return Ok(Next::NotBefore(now.plus(ASIDE)));
        }
        let mut waiting = self.store.unfinished_recoveries().await?;
        if let Some(last) = waiting.iter().position(|workspace| Some(workspace) == self.last.as_ref()) {
            waiting.rotate_left(last + 1);
        }
        let mut next = Soonest::default();
        for ours in waiting.iter().filter_map(|workspace| spaces.of(workspace)) {
            match self.go_on(ours, now).await? {
                Next::Again => {
                    self.last = Some(ours.workspace.clone());
                    return Ok(Next::Again);
                }
                Next::At(at) => next.due(at),
                Next::NotBefore(at) => return Ok(Next::NotBefore(at)),
                Next::Bell => return Ok(Next::Bell),
            }
        }
        Ok(match next.next() {
            Next::Bell => Next::At(now.plus(KEEP)),
            next => next,
        })
    }

    /// Does the next thing in one workspace.
    async fn go_on(&mut self, ours: &Ourselves, now: Timestamp) -> Result<Next> {
        let todo = self.store.of(&ours.workspace).next_recovery(now).await?;
        if let Some(channel) = todo.filing {
            return self.file(&ours.workspace, channel, now).await;
        }
        let readings = [(HISTORY, todo.channel), (REPLIES, todo.thread)];
        let mut later: Vec<Timestamp> = todo.next_at.into_iter().collect();
        for (method, reading) in readings {
            let Some(reading) = reading else { continue };
            if self.store.look_up_due(now.plus(SOON)).await? {
                return Ok(Next::NotBefore(now.plus(ASIDE)));
            }
            match self.store.of(&ours.workspace).admit_call(method, now).await? {
                Admission::Now { .. } => return self.read(method, reading, ours, now).await,
                Admission::At(at) => later.push(at),
            }
        }
        Ok(later.into_iter().min().map_or(Next::At(now.plus(KEEP)), Next::At))
    }

    async fn read(
        &mut self,
        method: &'static str,
        reading: Reading,
        ours: &Ourselves,
        now: Timestamp,
    ) -> Result<Next> {
        let oldest = ts_of(reading.oldest);
        let cursor = reading.cursor.as_str();
        let stretch = Stretch { oldest: &oldest, latest: reading.position.as_ref(), cursor };
        let call = async {
            let api = self.apis.of(&ours.workspace)?;
            match &reading.thread {
                None => api.history(ours, &reading.channel, stretch).await,
                Some(thread) => api.replies(ours, &reading.channel, thread, stretch).await,
            }
        };
        let page = tokio::select! {
            page = call => page,
            () = self.stop.cancelled() => return Ok(Next::Bell),
        };
        let page = match page {
            Ok(page) => page,
            Err(failure) => return self.set_back(method, reading, failure, now).await,
        };
        let asked = self.rounds.get(&ours.workspace).and_then(|round| round.asked_to_wait.get(method));
        if let Some(pause) = recovery::spacing(asked.copied()) {
            self.store.of(&ours.workspace).hold_method(method, now.plus(pause)).await?;
        }
        let page = page_read(page, ours, now);
        self.recovery.totals.messages.fetch_add(page.messages.len() as u64, Ordering::Relaxed);
        let channel = reading.channel.clone();
        let filed = self.store.take_page(reading, page, now).await?;
        self.tell(&channel, &filed);
        Ok(Next::Again)
    }

    async fn file(&self, workspace: &WorkspaceId, channel: ChannelId, now: Timestamp) -> Result<Next> {
        let filed = self.store.of(workspace).file_recovered(channel.clone(), RECOVERED, now).await?;
        self.tell(&channel, &filed);
        Ok(Next::Again)
    }

    async fn set_back(
        &mut self,
        method: &'static str,
        reading: Reading,
        failure: Failure,
        now: Timestamp,
    ) -> Result<Next> {
        if let Failure::RateLimited { retry_after } = &failure {
            let round = self.rounds.entry(reading.workspace.clone()).or_default();
            round.asked_to_wait.insert(method, *retry_after);
            self.store.of(&reading.workspace).hold_method(method, now.plus(*retry_after)).await?;
            // The method waits, not the stretch.
            return Ok(Next::Again);
        }
        let code = failure.code().to_owned();
        let fate = recovery::after(setback(failure), reading.attempts + 1, fastrand::f64(), now);
        // A channel's failure is told when what was read of it is filed.
        if matches!(fate, recovery::Fate::Failed(_)) && reading.thread.is_some() {
            let channel = &reading.channel;
            warn!(channel = %channel, error = code, "Cannot read a thread of channel {channel}: {code}");
            self.recovery.totals.failures.fetch_add(1, Ordering::Relaxed);
        }
        self.store.set_back(reading, fate, now).await?;
        Ok(Next::Again)
    }

    fn tell(&self, channel: &ChannelId, filed: &Filed) {
        if filed.found > 0 {
            self.recovery.totals.found.fetch_add(filed.found as u64, Ordering::Relaxed);
            let found = filed.found;
            info!(channel = %channel, found, "Recovered {found} messages of channel {channel}");
            self.gather.ring();
        }
        if let Some(Err(reason)) = &filed.ended {
            warn!(channel = %channel, reason, "Not everything in channel {channel} could be recovered: {reason}");
            self.recovery.totals.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Worker for Recoverer {
    fn name(&self) -> &'static str {
        "recover"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let spaces = self.spaces.borrow().clone();
        if spaces.count() == 0 {
            return Ok(Next::Bell);
        }
        self.rounds.retain(|workspace, _| spaces.of(workspace).is_some());
        let canary = self.recovery.canary_missed.swap(false, Ordering::Relaxed);
        let mut complete = Vec::new();
        for ours in spaces.all() {
            if self.watch(&ours.workspace, canary, now).await? {
                complete.push(ours.workspace.clone());
            }
        }
        self.keep(complete, now).await?;
        // Without a socket there is trouble enough, and what is read now would have to be read again.
        let connected = self.line.borrow().connected;
        match connected {
            true => self.proceed(&spaces, now).await,
            false => Ok(Next::Bell),
        }
    }
}

/// What the store wants to know of a page. What we said ourselves is known.
fn page_read(page: Page, ours: &Ourselves, now: Timestamp) -> PageRead {
    let foreign = page.messages.into_iter().filter(|past| !ours.wrote(&past.message.author));
    PageRead {
        kind: RECOVERED,
        messages: foreign.map(found).collect(),
        span: page.span,
        has_more: page.has_more,
        cursor: page.cursor,
        newest: recovery::newest(page.said_at, now),
    }
}

fn found(past: Past) -> Found {
    Found {
        ts: past.message.ts,
        person: past.message.author.id(),
        text: past.message.text,
        changed: past.changed,
        latest_reply: past.latest_reply,
        posted: past.posted,
        change: past.change,
    }
}

fn setback(failure: Failure) -> Setback {
    match failure {
        Failure::RateLimited { retry_after } => Setback::Limited(retry_after),
        Failure::Unreachable { .. } | Failure::Unknown { .. } | Failure::Token { .. } => Setback::Passing,
        Failure::Refused { error, .. } => Setback::Refused(error),
    }
}
