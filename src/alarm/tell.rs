//! Gets troubles out of the house: each, its beginning and its end, by the ways that `domain::telling` decides on.
//!
//! A call is counted before it is made, so after a crash in the middle somebody may be told twice, but never not at all.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{info, warn};

use super::ways::{Untold, Ways};
use crate::domain::alarm::{Facts, Phase, TellingState, Verdict, Way, again, decide};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::message::Ourselves;
use crate::domain::mrkdwn::escape;
use crate::domain::telling::Telling;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::outbox::Part;
use crate::store::tellings::{Due, Outcome};

/// How often it looks: for rows of the outbox that have ended, and for troubles that others raised.
const EVERY: Duration = Duration::from_secs(5);

/// How long a claim holds: longer than any way takes.
const LEASE: Duration = Duration::from_secs(60);

/// The worker.
pub struct Teller {
    store: Store,
    ways: Ways,
    ours: watch::Receiver<Option<Ourselves>>,
    /// Rung when there is something for the senders.
    send: Bell,
}

impl Teller {
    /// A teller that uses `ways`; `send` wakes whoever sends to Slack.
    pub fn new(store: Store, ways: Ways, ours: watch::Receiver<Option<Ourselves>>, send: Bell) -> Teller {
        Teller { store, ways, ours, send }
    }

    /// Says whether a call was made that may have taken its time.
    async fn one(&self, workspace: &WorkspaceId, ways: &[Way], due: Due, now: Timestamp) -> Result<bool> {
        let facts = Facts {
            own: due.trouble.raised.own,
            phase: due.phase,
            way: due.way,
            ways,
            planned_at: due.planned_at,
            over: due.trouble.resolved_at.is_some(),
            unsure: due.unsure,
            slack: due.slack,
            beginning: due.beginning,
        };
        let (state, next_at, why) = match decide(&facts, now) {
            Verdict::Tell(_) if due.way == Way::Slack => {
                return self.by_slack(workspace, &due, now).await.map(|()| false);
            }
            Verdict::Tell(why) => return self.by_second(&due, why.as_str(), now).await.map(|()| true),
            Verdict::Wait(next_at, why) => (TellingState::Waiting, next_at, why),
            Verdict::Drop(why) => (TellingState::Dropped, now, why),
        };
        self.finish(&due, Outcome { state, next_at, reason: why.as_str().to_owned() }, now).await?;
        Ok(false)
    }

    async fn by_slack(&self, workspace: &WorkspaceId, due: &Due, now: Timestamp) -> Result<()> {
        let Some(channel) = self.channel(workspace).await? else {
            self.store.claim_telling(due.id, now.plus(LEASE), now).await?;
            return self.failed(due, Untold::new("no_such_channel"), now).await;
        };
        let telling = telling(due);
        let mark = match due.phase {
            Phase::Raised => ":rotating_light:",
            Phase::Resolved => ":white_check_mark:",
        };
        let text = escape(&format!("{mark} deskd: {}\n{}", telling.headline(), telling.rest()));
        // The same telling has the same key, whenever it is handed over.
        let key = format!("trouble-{}-{}-{}", workspace.0, due.trouble.id.0, due.phase.as_str());
        self.store.of(workspace).tell_slack(due.id, channel, Part { key, text }, now).await?;
        self.send.ring();
        Ok(())
    }

    async fn by_second(&self, due: &Due, why: &str, now: Timestamp) -> Result<()> {
        self.store.claim_telling(due.id, now.plus(LEASE), now).await?;
        let (trouble, way, phase) = (due.trouble.id.0, due.way.as_str(), due.phase.as_str());
        match self.ways.tell(due.way, &telling(due), Some(due.trouble.id), now).await {
            Ok(()) => {
                info!(trouble, way, phase, why, "Told of trouble {trouble} ({phase}) by {way}");
                let outcome = Outcome { state: TellingState::Sent, next_at: now, reason: why.to_owned() };
                self.finish(due, outcome, now).await
            }
            Err(untold) => self.failed(due, untold, now).await,
        }
    }

    async fn failed(&self, due: &Due, Untold(reason): Untold, now: Timestamp) -> Result<()> {
        let (trouble, way) = (due.trouble.id.0, due.way.as_str());
        warn!(trouble, way, reason, "Cannot tell of trouble {trouble} by {way}: {reason}");
        let outcome = match again(due.attempts + 1, now) {
            Some(next_at) => Outcome { state: TellingState::Waiting, next_at, reason },
            None => Outcome { state: TellingState::Failed, next_at: now, reason },
        };
        self.finish(due, outcome, now).await
    }

    async fn finish(&self, due: &Due, outcome: Outcome, now: Timestamp) -> Result<()> {
        Ok(self.store.finish_telling(due.id, outcome, now).await?)
    }

    /// The alarm channel's id; `None` when its name is not known (yet).
    async fn channel(&self, workspace: &WorkspaceId) -> Result<Option<ChannelId>> {
        let Some(named) = self.ways.channel() else { return Ok(None) };
        channel(&self.store, workspace, named).await
    }
}

/// The id of a channel that is named as people do: `#name`, or the id itself.
pub async fn channel(store: &Store, workspace: &WorkspaceId, named: &str) -> Result<Option<ChannelId>> {
    let Some(name) = named.strip_prefix('#') else { return Ok(Some(ChannelId(named.to_owned()))) };
    let known = store.of(workspace).channels().await?;
    Ok(known.into_iter().find(|channel| channel.name == name).map(|channel| channel.id))
}

fn telling(due: &Due) -> Telling {
    Telling {
        raised: due.trouble.raised.clone(),
        phase: due.phase,
        raised_at: due.trouble.raised_at,
        resolved_at: due.trouble.resolved_at.filter(|_| due.phase == Phase::Resolved),
        test: false,
    }
}

impl Worker for Teller {
    fn name(&self) -> &'static str {
        "tell"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let ways = self.ways.all();
        let Some(workspace) = self.ours.borrow().as_ref().map(|ours| ours.workspace.clone()) else {
            return Ok(Next::At(now.plus(EVERY)));
        };
        if ways.is_empty() {
            return Ok(Next::Bell);
        }
        for due in self.store.of(&workspace).due_tellings(ways.clone(), now).await? {
            // One call a step: each may take half a minute.
            if self.one(&workspace, &ways, due, now).await? {
                return Ok(Next::Again);
            }
        }
        Ok(Next::At(now.plus(EVERY)))
    }
}
