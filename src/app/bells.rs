//! The bells of a desk: which there are, and who rings them without being a worker.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::spaces::Spaces;
use crate::intake::workspace::Trouble;
use crate::runtime::bell::Bell;
use crate::slack::socket::Links;

/// Rung when there may be work, one for each kind of worker.
#[derive(Clone, Default)]
pub struct Bells {
    /// Who we are, and which channels there are.
    pub workspace: Bell,
    /// Who there is.
    pub directory: Bell,
    /// Events to be gathered.
    pub gather: Bell,
    /// Bundles to be judged.
    pub triage: Bell,
    /// Examples to be learned.
    pub learn: Bell,
    /// Questions to a language model.
    pub advise: Bell,
    /// Rows of the outbox.
    pub send: Bell,
    /// A canary that came back.
    pub canary: Bell,
    /// Gaps to be read.
    pub recover: Bell,
    /// Late answers to commands.
    pub late: Bell,
    /// Troubles to be told.
    pub tell: Bell,
    /// Charts to be uploaded.
    pub upload: Bell,
    /// Projects that may be bound otherwise.
    pub bind: Bell,
    /// Notices to be routed.
    pub route: Bell,
    /// Deliveries that may enter the outbox.
    pub feed: Bell,
    /// Deliveries that go other ways.
    pub carry: Bell,
}

/// Rings a bell for those who must not know the machinery.
pub fn ringing(bell: &Bell) -> Arc<dyn Fn() + Send + Sync> {
    let bell = bell.clone();
    Arc::new(move || bell.ring())
}

/// Rings when sockets come and go, and when we learn who we are: nothing can be read before.
pub fn ring_for_recovery(
    links: &Links,
    mut spaces: watch::Receiver<Arc<Spaces>>,
    (bells, trouble): (&Bells, &Trouble),
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let (mut line, bell) = (links.line(), bells.recover.clone());
    let (workspace, trouble) = (bells.workspace.clone(), trouble.clone());
    let (directory, bind, learn) = (bells.directory.clone(), bells.bind.clone(), bells.learn.clone());
    async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Ok(()) = line.changed() => {
                    bell.ring();
                    // What could not be asked while Slack was away can be asked again.
                    if trouble.now().is_some() {
                        workspace.ring();
                    }
                }
                Ok(()) = spaces.changed() => {
                    bell.ring();
                    directory.ring();
                    bind.ring();
                    // What was learned in a workspace that was left is forgotten.
                    learn.ring();
                }
                else => return,
            }
        }
    }
}
