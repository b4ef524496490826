//! Handing something over to be sent. Success means stored: from then on it is sent once or stopped with a reason.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::ids::{ChannelId, SendId, TaskNumber, WorkspaceId};
use crate::domain::mrkdwn::escape;
use crate::domain::notice::{Checked, Draft, Kinds, Refusal, draft};
use crate::domain::split::{MESSAGE_CHARS, split};
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::store::notices::Accepted;
use crate::store::outbox::{Part, Submitted};
use crate::store::{Plot, Store, StoreError};

/// Most parts a reply is split into: more is a document, not an answer.
const MOST_PARTS: usize = 20;

/// The way into the outbox. Clones share it.
#[derive(Clone)]
pub struct Outgoing {
    store: Store,
    bell: Bell,
}

/// The way in for notices. Clones share it.
#[derive(Clone)]
pub struct Inlet {
    store: Store,
    kinds: watch::Receiver<Arc<Kinds>>,
    /// Rung when there is something to route.
    bell: Bell,
}

/// Why drafts were not taken: the index of each with what is wrong with it.
pub type Refused = Vec<(usize, Refusal)>;

impl Inlet {
    /// A way in for notices of these kinds, which may change while it is open.
    pub fn new(store: Store, kinds: watch::Receiver<Arc<Kinds>>, bell: Bell) -> Inlet {
        Inlet { store, kinds, bell }
    }

    /// Takes notices of `source` for a whole workspace: all of them are stored, or none when one of them is refused.
    pub async fn submit(
        &self,
        workspace: WorkspaceId,
        drafts: &[Draft],
        source: &str,
        now: Timestamp,
    ) -> Result<Result<Vec<Accepted>, Refused>, StoreError> {
        let space = self.store.of(&workspace);
        let keep = async move |checked| space.submit_notices(checked, now).await;
        self.keep(self.check(drafts, source, now), keep).await
    }

    /// The same for a project, to which they belong from then on.
    pub async fn submit_to(
        &self,
        plot: &Plot,
        drafts: &[Draft],
        source: &str,
        now: Timestamp,
    ) -> Result<Result<Vec<Accepted>, Refused>, StoreError> {
        let keep = async move |checked| plot.submit_notices(checked, now).await;
        self.keep(self.check(drafts, source, now), keep).await
    }

    /// Stores what was checked, unless something of it was refused.
    async fn keep(
        &self,
        checked: Result<Vec<Checked>, Refused>,
        keep: impl AsyncFnOnce(Vec<Checked>) -> Result<Vec<Accepted>, StoreError>,
    ) -> Result<Result<Vec<Accepted>, Refused>, StoreError> {
        let checked = match checked {
            Ok(checked) => checked,
            Err(refused) => return Ok(Err(refused)),
        };
        let accepted = keep(checked).await?;
        self.bell.ring();
        Ok(Ok(accepted))
    }

    fn check(&self, drafts: &[Draft], source: &str, now: Timestamp) -> Result<Vec<Checked>, Refused> {
        let kinds = self.kinds.borrow().clone();
        let (mut checked, mut refused) = (Vec::new(), Refused::new());
        for (at, given) in drafts.iter().enumerate() {
            match draft::check(given, source, &kinds, now) {
                Ok(notice) => checked.push(notice),
                Err(refusals) => refused.extend(refusals.into_iter().map(|refusal| (at, refusal))),
            }
        }
        if refused.is_empty() { Ok(checked) } else { Err(refused) }
    }
}

/// Why a reply was not taken.
#[derive(Debug, Error)]
pub enum NotTaken {
    /// There is no task with this number.
    #[error("there is no task {0}")]
    NoTask(TaskNumber),
    /// There is nothing in it.
    #[error("the reply is empty")]
    Empty,
    /// It is too long to be read in Slack.
    #[error("the reply is too long: at most {MOST_PARTS} messages of {MESSAGE_CHARS} characters")]
    TooLong,
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Outgoing {
    /// A way into the outbox; `bell` wakes whoever sends.
    pub fn new(store: Store, bell: Bell) -> Outgoing {
        Outgoing { store, bell }
    }

    /// Answers a task in its channel and thread. The text is what a person typed: it is escaped, so that nobody is
    /// notified by accident, and split at paragraph ends where it is long.
    pub async fn reply(
        &self,
        workspace: WorkspaceId,
        task: TaskNumber,
        text: &str,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Submitted, NotTaken> {
        let texts = split(&escape(text.trim()), MESSAGE_CHARS);
        if text.trim().is_empty() || texts.is_empty() {
            return Err(NotTaken::Empty);
        }
        if texts.len() > MOST_PARTS {
            return Err(NotTaken::TooLong);
        }
        let submitted = self.store.of(&workspace).submit_reply(task, parts(texts), actor, now).await?;
        self.bell.ring();
        submitted.ok_or(NotTaken::NoTask(task))
    }

    /// Tells a channel something of deskd's own. The text says everything, as Slack encodes it, and is split where it is
    /// long; the blocks show the same more nicely, and are left out where Slack does not take them.
    pub async fn notice(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        text: &str,
        blocks: Option<&serde_json::Value>,
        now: Timestamp,
    ) -> Result<Vec<SendId>, NotTaken> {
        let texts = split(text, MESSAGE_CHARS);
        if texts.is_empty() {
            return Err(NotTaken::Empty);
        }
        // Blocks stand for the whole text: beside one part of several they would say everything twice.
        let blocks = blocks.filter(|_| texts.len() == 1).map(ToString::to_string).unwrap_or_default();
        let sends = self.store.of(&workspace).submit_notice(channel, parts(texts), blocks, now).await?;
        self.bell.ring();
        Ok(sends)
    }

    /// Says that rows became due by other means: a person retried one.
    pub fn ring(&self) {
        self.bell.ring();
    }
}

fn parts(texts: Vec<String>) -> Vec<Part> {
    texts.into_iter().map(|text| Part { key: Uuid::now_v7().to_string(), text }).collect()
}
