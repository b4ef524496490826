//! One link: opens a socket, and when that ends or is about to end, the next one. A socket that Slack has announced to
//! close is not left before its replacement is up: it lives on in its own task until it closes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::backoff::{Backoff, Life, Pause};
use super::dial::dial;
use super::ending::Ending;
use super::open::{News, OpenSocket};
use super::status::LinkState;
use super::{Shared, join};

/// Keeps one link until the stop; returns when all its sockets are gone.
pub async fn keep(shared: Shared, number: usize) {
    let mut sockets = JoinSet::new();
    let mut backoff = Backoff::default();
    while !shared.stop.is_cancelled() {
        let (ending, life) = tokio::select! {
            over = one_life(&shared, number, &mut sockets) => over,
            () = shared.stop.cancelled() => break,
        };
        let pause = backoff.after(&ending, life, fastrand::f64());
        tell(&shared, number, &ending, pause);
        let (Pause::Wait(wait) | Pause::Stop(wait)) = pause;
        tokio::select! {
            () = sleep(wait) => {}
            () = shared.stop.cancelled() => break,
        }
        // Sockets that are gone by now need no memory any more; a panic in one shows here.
        while let Some(done) = sockets.try_join_next() {
            reraise(done);
        }
    }
    join(&mut sockets).await;
    shared.links.turn(number, LinkState::Stopped, Some(&Ending::Stopped), (shared.now)());
}

/// Opens a socket and waits until it ends or Slack announces its end.
async fn one_life(shared: &Shared, number: usize, sockets: &mut JoinSet<()>) -> (Ending, Life) {
    let Ok(room) = Arc::clone(&shared.room).acquire_owned().await else {
        return (Ending::Stopped, Life::default());
    };
    shared.links.turn(number, LinkState::Connecting, None, (shared.now)());
    let ws = match dial(&shared.api).await {
        Ok(ws) => ws,
        Err(ending) => return (ending, Life::default()),
    };
    let (news, mut told) = mpsc::unbounded_channel();
    let socket = OpenSocket::new(shared.clone(), number, ws, news);
    sockets.spawn(async move {
        socket.live().await;
        drop(room);
    });
    match told.recv().await {
        Some(News { ending, life }) => (ending, life),
        // Only a panic ends a socket without news; `keep` raises it again.
        None => (Ending::Broken, Life::default()),
    }
}

fn reraise(done: Result<(), tokio::task::JoinError>) {
    if let Err(broken) = done
        && broken.is_panic()
    {
        std::panic::resume_unwind(broken.into_panic());
    }
}

fn tell(shared: &Shared, number: usize, ending: &Ending, pause: Pause) {
    let (code, hint) = (ending.code(), ending.hint());
    let state = match pause {
        Pause::Wait(Duration::ZERO) => LinkState::Connecting,
        Pause::Wait(_) => LinkState::Waiting,
        Pause::Stop(_) => LinkState::Stopped,
    };
    shared.links.turn(number, state, Some(ending), (shared.now)());
    match pause {
        Pause::Wait(_) if *ending == Ending::Stopped => debug!(link = number, "Link {number} stops"),
        Pause::Wait(wait) if matches!(ending, Ending::Refresh | Ending::Renewed) => {
            info!(link = number, reason = code, "Replacing the socket of link {number} in {wait:?}: {hint}");
        }
        Pause::Wait(wait) => {
            warn!(link = number, reason = code, "Link {number} connects again in {wait:?}: {hint}")
        }
        Pause::Stop(wait) => {
            tracing::error!(
                link = number,
                reason = code,
                "Link {number} stopped, next look in {wait:?}: {hint}"
            );
        }
    }
}
