//! The bells of the workers, and what rings some of them from outside.

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
    /// Workspaces are to be looked at.
    pub workspace: Bell,
    /// A directory is to be read.
    pub directory: Bell,
    /// Events are to be decoded.
    pub gather: Bell,
    /// Bundles are closed.
    pub triage: Bell,
    /// A task is to be talked over with a language model.
    pub advise: Bell,
    /// Something is to be sent.
    pub send: Bell,
    /// A message of our own was heard.
    pub canary: Bell,
    /// Something is to be read from the history.
    pub recover: Bell,
    /// An answer is late.
    pub late: Bell,
    /// A trouble is to be told.
    pub tell: Bell,
    /// A chart is to be uploaded.
    pub upload: Bell,
    /// Notices are to be routed.
    pub route: Bell,
    /// A destination has room.
    pub feed: Bell,
    /// A delivery leaves by another way than Slack.
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
    let directory = bells.directory.clone();
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
                }
                else => return,
            }
        }
    }
}
