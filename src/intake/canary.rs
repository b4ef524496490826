//! The canary: posts a message of ours now and then, expects its event to come back through the journal, and deletes it.
//! A socket can look alive and deliver nothing; nothing but an event of our own shows that.
//!
//! What is in flight is kept in memory alone. A canary that a process before us left behind is found by its metadata and
//! deleted before the first one is posted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::domain::canary::{DEADLINE, Fate, Flight, judge};
use crate::domain::ids::{ChannelId, MessageTs, WorkspaceId};
use crate::domain::message::{Arrival, Ourselves};
use crate::domain::own::{Own, Raised};
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::slack::socket::Links;
use crate::store::{Decoded, Store};

/// Messages of our own that are remembered: the answer to our post may come after the event, and a busy desk sends several
/// messages in between.
const REMEMBERED: usize = 64;

/// When to look again while no socket is up: a canary could not come back then.
const LATER: Duration = Duration::from_secs(5);

/// When to look again while events wait to be decoded: the canary's may be among them.
const BACKLOG: Duration = Duration::from_secs(2);

/// Where and how often.
#[derive(Clone, Debug)]
pub struct Perch {
    /// `#name` or an id.
    pub channel: String,
    /// How often.
    pub every: Duration,
}

/// One of our own messages, with the moment its event was recorded.
type Heard = (ChannelId, MessageTs, Timestamp);

/// Our own messages as the gatherer met them. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Echo {
    heard: Arc<Mutex<VecDeque<Heard>>>,
    bell: Bell,
}

impl Echo {
    /// One that rings `bell` with each message of ours.
    pub fn new(bell: Bell) -> Echo {
        Echo { heard: Arc::default(), bell }
    }

    /// What there is to remember of an event.
    pub fn of(decoded: &Decoded, spaces: &Spaces) -> Option<(ChannelId, MessageTs, Timestamp)> {
        let ours = decoded.whose.ours().and_then(|workspace| spaces.of(workspace))?;
        match &decoded.arrival {
            Ok(Arrival::Posted(message)) if ours.wrote(&message.author) => {
                Some((message.channel.clone(), message.ts.clone(), decoded.received_at))
            }
            _ => None,
        }
    }

    /// Remembers messages of ours.
    pub fn heard(&self, own: Vec<(ChannelId, MessageTs, Timestamp)>) {
        if own.is_empty() {
            return;
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(own);
        let surplus = heard.len().saturating_sub(REMEMBERED);
        heard.drain(..surplus);
        drop(heard);
        self.bell.ring();
    }

    fn back_at(&self, channel: &ChannelId, ts: &MessageTs) -> Option<Timestamp> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().find(|(place, id, _)| place == channel && id == ts).map(|(.., at)| *at)
    }
}

/// How the canary fares, for `status` and metrics. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Figures(Arc<Mutex<Fares>>);

/// How the canary fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fares {
    /// How long the last one that came back took.
    pub round_trip: Option<Duration>,
    /// When that was.
    pub back_at: Option<Timestamp>,
    /// How many came back since the start.
    pub back: u64,
    /// How many did not, although we were connected.
    pub missed: u64,
    /// Since when they do not come back.
    pub missing_since: Option<Timestamp>,
    /// Why none can be posted, when that is so: a code.
    pub grounded: Option<String>,
}

impl Figures {
    /// As they stand.
    pub fn now(&self) -> Fares {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Fares> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for what may have been missed to be read from Slack's history. Never waits.
pub type Recover = Arc<dyn Fn() + Send + Sync>;

/// The worker.
pub struct Canary {
    perch: Perch,
    store: Store,
    apis: Apis,
    links: Links,
    ours: watch::Receiver<Option<Ourselves>>,
    echo: Echo,
    recover: Recover,
    figures: Figures,
    out: Option<Out>,
    /// When the next one is due.
    due: Timestamp,
    /// Whether canaries that were left behind may still stand in the channel.
    strays: bool,
}

/// A canary in flight.
struct Out {
    channel: ChannelId,
    ts: MessageTs,
    posted_at: Timestamp,
    /// Gaps of the connection when it was posted.
    gaps: u64,
}

impl Canary {
    /// A canary that nobody hears yet: see `wired`.
    pub fn new(
        perch: Perch,
        store: Store,
        apis: impl Into<Apis>,
        links: Links,
        ours: watch::Receiver<Option<Ourselves>>,
    ) -> Canary {
        let apis = apis.into();
        let (echo, figures): (Echo, Figures) = Default::default();
        let recover: Recover = Arc::new(|| {});
        let (out, due, strays) = (None, Timestamp(0), true);
        Canary { perch, store, apis, links, ours, echo, recover, figures, out, due, strays }
    }

    /// The same, listening to `echo`, calling `recover` after a miss and keeping `figures`.
    pub fn wired(self, echo: Echo, recover: Recover, figures: Figures) -> Canary {
        Canary { echo, recover, figures, ..self }
    }

    async fn post(&mut self, api: &Api, workspace: &WorkspaceId, now: Timestamp) -> Result<Next> {
        if now < self.due {
            return Ok(Next::At(self.due));
        }
        if !self.links.any_connected() {
            return Ok(Next::At(now.plus(LATER)));
        }
        self.due = now.plus(self.perch.every);
        let Some(channel) = self.channel(workspace).await? else {
            self.ground("channel_not_found", "the channel is not known: create it and invite the bot");
            return Ok(Next::At(self.due));
        };
        if self.strays
            && let Err(failure) = self.clear_strays(api, &channel).await
        {
            warn!(error = failure.code(), "Cannot look for canaries left behind: {failure}");
        }
        match api.post_canary(&channel).await {
            Ok(ts) => {
                self.figures.held().grounded = None;
                self.out = Some(Out { channel, ts, posted_at: now, gaps: self.links.gaps() });
                Ok(Next::At(now.plus(DEADLINE)))
            }
            Err(failure) => {
                // Whether it stands there or not, it is none: nobody knows its id. It is looked for before the next.
                self.strays = true;
                self.ground(failure.code(), &failure.sentence());
                Ok(Next::At(self.due))
            }
        }
    }

    async fn channel(&self, workspace: &WorkspaceId) -> Result<Option<ChannelId>> {
        let found = self.store.of(workspace).find_channel(self.perch.channel.clone()).await?;
        let named = self.perch.channel.starts_with('#');
        Ok(found
            .map(|channel| channel.id)
            .or_else(|| (!named).then(|| ChannelId(self.perch.channel.clone()))))
    }

    async fn clear_strays(&mut self, api: &Api, channel: &ChannelId) -> Result<(), Failure> {
        for ts in api.stray_canaries(channel).await? {
            api.delete_message(channel, &ts).await?;
        }
        self.strays = false;
        Ok(())
    }

    /// Notes why none can be posted; logged once.
    fn ground(&self, code: &str, why: &str) {
        let mut fares = self.figures.held();
        if fares.grounded.as_deref() != Some(code) {
            warn!(error = code, "No canary can be posted: {why}");
        }
        fares.grounded = Some(code.to_owned());
    }

    async fn watch(&mut self, api: &Api, out: Out, workspace: &WorkspaceId, now: Timestamp) -> Result<Next> {
        let standing = self.store.standing().await?;
        let flight = Flight {
            posted_at: out.posted_at,
            back_at: self.echo.back_at(&out.channel, &out.ts),
            connected: self.links.any_connected() && self.links.gaps() == out.gaps,
            oldest_pending: standing.oldest_pending,
        };
        match judge(&flight, now) {
            Fate::Wait => {
                let due = out.posted_at.plus(DEADLINE);
                let next = if due > now { due } else { now.plus(BACKLOG) };
                self.out = Some(out);
                return Ok(Next::At(next));
            }
            Fate::Back(round_trip) => self.back(round_trip, workspace, now).await?,
            Fate::Missed => self.missed(&out, workspace, now).await?,
            Fate::Void => info!("A canary is not counted: there was no socket for a while"),
        }
        if api.delete_message(&out.channel, &out.ts).await.is_err() {
            self.strays = true;
        }
        Ok(Next::At(self.due))
    }

    async fn back(&self, round_trip: Duration, workspace: &WorkspaceId, now: Timestamp) -> Result<()> {
        if self.store.of(workspace).resolve(Own::CanaryMissed, String::new(), now).await? {
            info!("The canary came back again");
        }
        let mut fares = self.figures.held();
        fares.round_trip = Some(round_trip);
        fares.back_at = Some(now);
        fares.back += 1;
        fares.missing_since = None;
        Ok(())
    }

    /// First what mends it, then what fetches what was lost, and at last what tells somebody.
    async fn missed(&self, out: &Out, workspace: &WorkspaceId, now: Timestamp) -> Result<()> {
        self.links.recycle();
        (self.recover)();
        let limit = DEADLINE.as_secs();
        error!(
            "A message that deskd posted did not come back within {limit} s: its sockets are opened afresh"
        );
        {
            let mut fares = self.figures.held();
            fares.missed += 1;
            fares.missing_since.get_or_insert(out.posted_at);
        }
        let detail = format!("no event within {limit} s");
        let raised = Raised { own: Own::CanaryMissed, subject: String::new(), detail };
        self.store.of(workspace).raise(raised, now).await?;
        Ok(())
    }
}

impl Worker for Canary {
    fn name(&self) -> &'static str {
        "canary"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let known = self.ours.borrow().as_ref().map(|ours| ours.workspace.clone());
        let api = known.map(|workspace| (self.apis.of(&workspace), workspace));
        let Some((Ok(api), workspace)) = api else { return Ok(Next::At(now.plus(LATER))) };
        match self.out.take() {
            Some(out) => self.watch(&api, out, &workspace, now).await,
            None => self.post(&api, &workspace, now).await,
        }
    }
}
