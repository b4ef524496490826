//! Socket Mode: keeps the wanted number of WebSockets to Slack open and hands over what arrives.
//!
//! Each link is a task of its own: `link` opens one socket after another, `open` is the life of one open socket,
//! `hear` decides what a frame means and `backoff` how long to wait after an ending, both without I/O. `status` is what
//! others may see of it, `envelope` what arrived and the only way to acknowledge it.
//!
//! Deliberately absent: storing and understanding payloads. A frame is read no further than its head here, and without
//! a proof that it is stored nothing is acknowledged; Slack then delivers it again.

mod backoff;
mod dial;
mod ending;
mod envelope;
mod hear;
mod link;
mod open;
mod parting;
mod pump;

mod status;

use std::future::Future;
use std::panic;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::api::Api;
use crate::domain::time::Now;

pub use envelope::{Acked, Acks, Delivery, Envelope, Raw, ack};
pub use status::{Counts, Line, LinkState, LinkStatus, Links};

/// Slack's limit of sockets per app. Whoever wants all of them has each replaced only after it closed.
const MOST_SOCKETS: usize = 10;

/// What the links need to know.
pub struct SocketSettings {
    /// How many sockets to keep open, 1 to 10; none where everything comes over HTTP.
    pub wanted: usize,
    /// For `apps.connections.open`.
    pub api: Api,
    /// The same for further apps.
    pub further: Vec<FurtherApp>,
    /// The clock, for what `Links` shows and to notice that the machine slept.
    pub now: Now,
}

/// The sockets of one further app.
pub struct FurtherApp {
    /// What the app is called here.
    pub name: String,
    /// Slack's id of it: its envelopes are kept under it.
    pub id: String,
    /// How many sockets to keep open.
    pub wanted: usize,
    /// For `apps.connections.open`, with the app's own token.
    pub api: Api,
}

/// Everything a link and its sockets share.
#[derive(Clone)]
struct Shared {
    api: Api,
    now: Now,
    out: mpsc::Sender<Envelope>,
    stop: CancellationToken,
    links: Links,
    /// The app that the sockets are of; none where only the payloads know.
    app: Option<String>,
    /// One permit for each socket from before it is opened until its TCP connection is gone.
    room: Arc<Semaphore>,
    /// How many permits there are in all.
    most: usize,
}

impl Shared {
    /// How many sockets there are, those being opened or left included.
    fn sockets(&self) -> usize {
        self.most.saturating_sub(self.room.available_permits())
    }
}

/// Prepares the links. Nothing is opened before the future is polled; it ends soon after `stop`, at most 2 s, when every
/// socket has sent its close frame. Envelopes go to `out`; while it is full the sockets are not read.
pub fn run(
    settings: SocketSettings,
    out: mpsc::Sender<Envelope>,
    stop: CancellationToken,
) -> (Links, impl Future<Output = ()> + Send + use<>) {
    let SocketSettings { wanted, api, further, now } = settings;
    let counts = further.iter().map(|app| (Some(app.name.clone()), app.wanted));
    let links = Links::new([(None, wanted)].into_iter().chain(counts).collect(), now());
    let of = |app: Option<String>, api: Api, wanted: usize| {
        // One more than wanted, so that a replacement can be opened before the old socket is left.
        let most = (wanted + 1).min(MOST_SOCKETS);
        let (out, stop, room) = (out.clone(), stop.clone(), Arc::new(Semaphore::new(most)));
        let shared = Shared { api, now: now.clone(), out, stop, links: links.clone(), app, room, most };
        vec![shared; wanted]
    };
    let mut shares = of(None, api, wanted);
    for FurtherApp { id, wanted, api, .. } in further {
        shares.extend(of(Some(id), api, wanted));
    }
    let all = async move {
        let mut tasks = JoinSet::new();
        for (number, shared) in shares.into_iter().enumerate() {
            tasks.spawn(link::keep(shared, number));
        }
        if tasks.is_empty() {
            stop.cancelled().await;
        }
        // What arrives over HTTP is let in until the sockets are closed, too.
        let _out = out;
        join(&mut tasks).await;
    };
    (links, all)
}

/// Waits for all tasks; a panic in one of them is a panic here, so that the process notices.
async fn join(tasks: &mut JoinSet<()>) {
    while let Some(done) = tasks.join_next().await {
        if let Err(broken) = done
            && broken.is_panic()
        {
            panic::resume_unwind(broken.into_panic());
        }
    }
}
