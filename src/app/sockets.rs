//! The way in from Slack as one thing that opens and closes.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::WeakSender;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::intake::listen::{BATCH, Listener};
use crate::slack::socket::{self, Envelope, Links, SocketSettings};

/// The way in from Slack: the sockets, and the listener that they feed.
pub struct Sockets {
    stop: CancellationToken,
    /// The way to the listener, for what comes over HTTP; it closes with the sockets.
    pub deliver: WeakSender<Envelope>,
    /// Ends when all sockets are closed.
    pub links: JoinHandle<()>,
    /// Told to give up when what it holds cannot be recorded although we are leaving.
    give_up: CancellationToken,
    /// Ends when what they delivered is recorded.
    pub listener: JoinHandle<()>,
}

impl Sockets {
    /// Opens the way in.
    pub fn open(listener: Listener, settings: SocketSettings) -> (Links, Sockets) {
        let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
        let (deliver, delivered) = mpsc::channel(BATCH);
        let listener = tokio::spawn(listener.run(delivered, give_up.clone()));
        let weak = deliver.downgrade();
        let (links, running) = socket::run(settings, deliver, stop.clone());
        (links, Sockets { stop, deliver: weak, links: tokio::spawn(running), give_up, listener })
    }

    /// Closes the sockets with a close frame and waits until what has arrived is recorded.
    pub async fn close(self) {
        self.stop.cancel();
        let _ = self.links.await;
        // What has arrived is recorded if it can be; on a full disk Slack will have to send it again.
        if tokio::time::timeout(Duration::from_secs(1), self.listener).await.is_err() {
            self.give_up.cancel();
        }
    }
}
