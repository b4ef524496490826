//! The gatherer: decodes what was recorded, lets `domain::bundle` decide, and closes bundles whose time is up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

use super::canary::Echo;
use super::early::{About, Early, LATEST, TOO_EARLY};
use super::kin::Kin;
use super::listen::Tally;
use crate::domain::bundle::{Desk, Desks, Monitor, Quiet};
use crate::domain::ids::{EventId, WorkspaceId};
use crate::domain::message::Ourselves;
use crate::domain::reason::EventReason;
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::decode::decode;
use crate::slack::history::RECOVERED;
use crate::slack::origin::origins;
use crate::store::{Decoded, Store, StoredEvent, Whose};

/// Events in one transaction: enough to share a commit, few enough that a recording need not wait long for the writer.
const BATCH: u32 = 512;

/// Pause between two gatherings while there is no backlog. Bundles stay open for seconds, so nobody notices; and events
/// that came meanwhile share one commit instead of taking the writer from the recording after each.
const PACE: Duration = Duration::from_millis(100);

/// How far gathering may fall behind while events pour in: recording, which Slack waits for, goes first. Short beside the
/// quiet period, so nobody notices that either.
const BEHIND: Duration = Duration::from_secs(5);

/// How messages are gathered, as configured.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How long bundles stay open.
    pub quiet: Quiet,
    /// App and bot ids whose posts count as a person's.
    pub trusted_bots: Vec<String>,
    /// Which channels are listened to.
    pub monitor: Monitor,
    /// Whether a notice is raised when a contact adds to a task.
    pub notify_replies: bool,
    /// Our further apps.
    pub kin: Kin,
}

impl Habits {
    /// The same for the workspaces of these events.
    pub fn desks(&self, spaces: &Spaces, events: &[Decoded]) -> Desks {
        let mut named: Vec<&WorkspaceId> = events.iter().filter_map(|event| event.whose.ours()).collect();
        named.sort_unstable();
        named.dedup();
        named.into_iter().filter_map(|id| spaces.of(id)).map(|ours| self.desk(ours.clone())).collect()
    }

    /// The same for a workspace in which we are `ours`.
    pub fn desk(&self, ours: Ourselves) -> Desk {
        let (kin, trusted_bots) = (self.kin.within(&ours.workspace), self.trusted_bots.clone());
        Desk { ours, kin, trusted_bots, monitor: self.monitor, quiet: self.quiet }
    }
}

/// How events ended since the start, by the code of their reason. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Endings(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Endings {
    /// The counts so far.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, reasons: &[EventReason]) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for reason in reasons {
            *counts.entry(reason.code()).or_default() += 1;
        }
    }
}

/// Gathers messages into bundles.
pub struct Gatherer {
    store: Store,
    habits: watch::Receiver<Habits>,
    spaces: watch::Receiver<Arc<Spaces>>,
    triage: Bell,
    endings: Endings,
    tally: Arc<Tally>,
    /// Commits of the recorder when we looked last.
    recorded: u64,
    /// Told of our own messages: one of them may be a canary.
    echo: Echo,
    /// Rung when a click changes a card.
    feed: Option<Bell>,
    /// Rung when the app is said to have left a workspace.
    left: Option<Bell>,
    /// Whether the write-ahead log may hold what was taken out of an event that is none of our business.
    unswept: bool,
    /// How often a further app had said where it is when we looked last at what waits for that; `None` before the first look.
    placed: Option<u64>,
    /// What came before the message it is about; `None` until it has been read from the journal.
    early: Option<Early>,
}

impl Gatherer {
    /// A gatherer that rings `triage` when bundles are closed and gives way to a recorder whose `tally` moves. It waits until
    /// we know who we are.
    pub fn new(
        store: Store,
        habits: watch::Receiver<Habits>,
        spaces: watch::Receiver<Arc<Spaces>>,
        triage: Bell,
        tally: Arc<Tally>,
    ) -> Gatherer {
        let endings = Endings::default();
        let (echo, feed, left, early, placed) = (Echo::default(), None, None, None, None);
        Gatherer {
            store,
            habits,
            spaces,
            triage,
            endings,
            tally,
            recorded: 0,
            echo,
            feed,
            left,
            unswept: false,
            placed,
            early,
        }
    }

    /// The same, ringing `feed` when a click changes a card, and `left` when the app is said to have left a
    /// workspace.
    pub fn waking(self, feed: &Bell, left: &Bell) -> Gatherer {
        Gatherer { feed: Some(feed.clone()), left: Some(left.clone()), ..self }
    }

    /// The same, telling `echo` of our own messages.
    pub fn echoing(self, echo: Echo) -> Gatherer {
        Gatherer { echo, ..self }
    }

    /// How the events it takes end.
    pub fn endings(&self) -> Endings {
        self.endings.clone()
    }

    /// Gathers a batch, and after it what had come too early for one of its messages.
    async fn take(&mut self, batch: Vec<StoredEvent>, spaces: &Spaces, now: Timestamp) -> Result<()> {
        let mut early = match self.early.take() {
            Some(early) => early,
            None => self.remember(spaces, now).await?,
        };
        let reasons = self.gather(&mut early, batch, spaces, now).await?;
        self.early = Some(early);
        self.endings.add(&reasons);
        if reasons.iter().any(|reason| matches!(reason, EventReason::OpenedBundle(_))) {
            // Opening a bundle may have closed the one before it.
            self.triage.ring();
        }
        let clicked = reasons.iter().any(|reason| matches!(reason, EventReason::Handled(_)));
        if let Some(feed) = self.feed.as_ref().filter(|_| clicked) {
            feed.ring();
        }
        self.unswept |= reasons.contains(&EventReason::NotInstalled);
        let doubted = reasons.iter().any(|reason| matches!(reason, EventReason::DepartureDoubted(_)));
        if let Some(left) = self.left.as_ref().filter(|_| doubted) {
            left.ring();
        }
        Ok(())
    }

    /// Decides again what came too early shortly before the last stop: the message may have been kept as the last thing.
    async fn remember(&self, spaces: &Spaces, now: Timestamp) -> Result<Early> {
        let mut early = Early::default();
        let batch = self.too_early(now).await?;
        self.gather(&mut early, batch, spaces, now).await?;
        Ok(early)
    }

    async fn too_early(&self, now: Timestamp) -> Result<Vec<StoredEvent>> {
        let reasons = TOO_EARLY.map(str::to_owned).to_vec();
        Ok(self.store.recent_outcomes(now.minus(LATEST), reasons).await?)
    }

    async fn gather(
        &self,
        early: &mut Early,
        mut batch: Vec<StoredEvent>,
        spaces: &Spaces,
        now: Timestamp,
    ) -> Result<Vec<EventReason>> {
        let mut ended = Vec::new();
        while !batch.is_empty() {
            let kin = self.habits.borrow().kin.clone();
            let decoded: Vec<Decoded> =
                batch.into_iter().map(|event| understand(event, spaces, &kin)).collect();
            let about = decoded.iter().map(About::of).collect();
            let own: Vec<_> = decoded.iter().filter_map(|decoded| Echo::of(decoded, spaces)).collect();
            let desks = self.habits.borrow().desks(spaces, &decoded);
            let reasons = self.store.gather(decoded, desks, now).await?;
            self.echo.heard(own);
            let again = early.note(about, &reasons, now);
            // Answers that hung on a dropped bundle are free again.
            let dropped = reasons.iter().any(|reason| matches!(reason, EventReason::DroppedBundle(_)));
            if ended.is_empty() {
                ended = reasons;
            }
            batch = match (dropped, again.is_empty()) {
                (true, _) => self.too_early(now).await?,
                (false, true) => Vec::new(),
                (false, false) => self.store.events(again).await?,
            };
        }
        Ok(ended)
    }

    /// Looks again at what came for a further app before it was known which workspace that is in.
    async fn place(&mut self, spaces: &Spaces, now: Timestamp) -> Result<()> {
        let heard = self.habits.borrow().kin.heard();
        if self.placed == Some(heard) {
            return Ok(());
        }
        let mut after = EventId(0);
        loop {
            let batch = self.store.unplaced(after).await?;
            let Some(last) = batch.last() else { break };
            after = last.id;
            self.take(batch, spaces, now).await?;
        }
        self.placed = Some(heard);
        Ok(())
    }

    async fn close_due(&self, now: Timestamp) -> Result<Next> {
        match self.store.next_due().await? {
            Some(due) if due <= now => {
                self.store.seal_due(now).await?;
                self.triage.ring();
                Ok(Next::Again)
            }
            Some(due) => Ok(Next::At(due)),
            None => Ok(Next::Bell),
        }
    }
}

impl Worker for Gatherer {
    fn name(&self) -> &'static str {
        "bundle"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let spaces = self.spaces.borrow().clone();
        // Before we know any workspace an event may yet turn out to be ours; after we left the last one it is not.
        if spaces.count() == 0 && !self.store.was_left().await? {
            return Ok(Next::Bell);
        }
        self.place(&spaces, now).await?;
        let events = self.store.next_events(BATCH).await?;
        // Only when nothing is left to decode is a bundle's silence really silence.
        if events.is_empty() {
            if self.unswept {
                // Not while somebody reads: then at the next look.
                self.unswept = !self.store.truncate_log().await?;
            }
            return self.close_due(now).await;
        }
        let recorded = self.tally.batches();
        let alone = std::mem::replace(&mut self.recorded, recorded) == recorded;
        let behind = now.since(events[0].received_at) > BEHIND;
        let hurry = events.len() == BATCH as usize && (alone || behind);
        let through = events.last().map_or(now, |event| event.received_at).min(now);
        self.take(events, &spaces, now).await?;
        // What was recorded by then is decoded, so a bundle due before it has been silent, however many still write.
        if !hurry {
            self.close_due(through).await?;
        }
        Ok(if hurry { Next::Again } else { Next::NotBefore(now.plus(PACE)) })
    }
}

/// Decodes a stored event. What cannot be decoded keeps the place of the problem as its reason.
pub fn understand(event: StoredEvent, spaces: &Spaces, kin: &Kin) -> Decoded {
    let named = WorkspaceId(event.workspace);
    let ours = spaces.of(&named).or_else(|| spaces.whose(&origins(&event.payload)));
    let whose = match ours {
        Some(ours) => Whose::Ours(ours.workspace.clone()),
        None if kin.is_awaited(&event.app) => Whose::Awaited,
        None if named.0.is_empty() => Whose::Unsaid,
        None => Whose::Nobodys,
    };
    // Whoever speaks to a further app of ours mentions that one.
    let person =
        ours.map(|ours| kin.person(&event.app, &ours.workspace).unwrap_or_else(|| ours.person.clone()));
    let arrival = decode(&event.kind, &event.payload, person.as_ref()).map_err(|broken| broken.problem);
    let recovered = event.kind == RECOVERED;
    Decoded { id: event.id, whose, app: event.app, received_at: event.received_at, recovered, arrival }
}
