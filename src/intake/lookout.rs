//! The lookout: watches the connection as a whole and says so when somebody has to know. Who is told, and how, is another's
//! business; so is reading what was missed.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::warn;

use super::workspace::Trouble;
use crate::domain::connection::{Foreign, Suspicion, Tally};
use crate::domain::ids::WorkspaceId;
use crate::domain::message::Ourselves;
use crate::domain::own::{Own, Raised};
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::slack::socket::{LinkState, Links};
use crate::store::Store;

/// How often it looks: a look costs a lock.
const GLANCE: Duration = Duration::from_secs(2);

/// The subject of a trouble about the sockets, which the app token opens.
const SOCKETS: &str = "sockets";

/// The subject of a trouble about the Web API, which the bot token opens.
const BOT: &str = "bot";

/// Watches the links.
pub struct Lookout {
    store: Store,
    links: Links,
    ours: watch::Receiver<Option<Ourselves>>,
    trouble: Trouble,
    suspicion: Suspicion,
    told: Told,
}

/// What was told last, so that nothing is written while nothing changes. `None` until the first look: a process before us
/// may have left a trouble open.
#[derive(Default)]
struct Told {
    foreign: Option<Option<Tally>>,
    sockets: Option<Option<String>>,
    bot: Option<Option<String>>,
}

impl Lookout {
    /// A lookout that watches `links`.
    pub fn new(
        store: Store,
        links: Links,
        ours: watch::Receiver<Option<Ourselves>>,
        trouble: Trouble,
    ) -> Lookout {
        let (suspicion, told) = (Suspicion::default(), Told::default());
        Lookout { store, links, ours, trouble, suspicion, told }
    }

    async fn foreign(&mut self, workspace: &WorkspaceId, now: Timestamp) -> Result<()> {
        let (verdict, ask) = self.suspicion.judge(self.links.tally(), now);
        if ask {
            self.links.renew();
        }
        let found = match verdict {
            Foreign::Perhaps => return Ok(()),
            Foreign::No => None,
            Foreign::Yes => self.links.tally(),
        };
        let known = self.told.foreign.flatten();
        let same = found.map(|tally| tally.seen) == known.map(|tally| tally.seen);
        if self.told.foreign.is_some() && same {
            return Ok(());
        }
        let detail = found.map(|Tally { seen, ours, .. }| {
            warn!(
                num_connections = seen,
                "Slack counts {seen} sockets of this app, we have {ours}: another process, or ghosts that swallow events"
            );
            format!("Slack counts {seen}, we have {ours}")
        });
        self.write(workspace, (Own::ForeignSockets, ""), detail, now).await?;
        self.told.foreign = Some(found);
        Ok(())
    }

    async fn refused(&mut self, workspace: &WorkspaceId, now: Timestamp) -> Result<()> {
        let links = self.links.states();
        let refused = links.iter().find_map(|link| link.refused().map(str::to_owned));
        // A link that looks again every few minutes is not mended by looking: only by being connected.
        let mended = links.iter().all(|link| link.state == LinkState::Connected);
        if (refused.is_some() || mended) && self.told.sockets.as_ref() != Some(&refused) {
            self.write(workspace, (Own::NotAllowed, SOCKETS), refused.clone(), now).await?;
            self.told.sockets = Some(refused);
        }
        let refused = self.trouble.refused().map(|refused| refused.code);
        let mended = self.trouble.now().is_none();
        if (refused.is_some() || mended) && self.told.bot.as_ref() != Some(&refused) {
            self.write(workspace, (Own::NotAllowed, BOT), refused.clone(), now).await?;
            self.told.bot = Some(refused);
        }
        Ok(())
    }

    /// Raises a trouble with this detail, or resolves it when there is none.
    async fn write(
        &self,
        workspace: &WorkspaceId,
        (own, subject): (Own, &str),
        detail: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        let (workspace, subject) = (workspace.clone(), subject.to_owned());
        match detail {
            Some(detail) => self.store.of(&workspace).raise(Raised { own, subject, detail }, now).await?,
            None => self.store.of(&workspace).resolve(own, subject, now).await?,
        };
        Ok(())
    }
}

impl Worker for Lookout {
    fn name(&self) -> &'static str {
        "lookout"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let known = self.ours.borrow().as_ref().map(|ours| ours.workspace.clone());
        if let Some(workspace) = known {
            self.foreign(&workspace, now).await?;
            self.refused(&workspace, now).await?;
        }
        Ok(Next::At(now.plus(GLANCE)))
    }
}
