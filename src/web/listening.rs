//! Listening for strangers: whoever can reach the proxy can send anything here. Before a request is even looked at it is
//! bounded in connections, in time and in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::unread::Unread;
use super::wording::Worded;

/// Most connections at once; further ones wait to be taken. A proxy keeps a few dozen.
const CONNECTIONS: usize = 256;
/// Longest time for the head of a request, and for an idle connection to be kept: a proxy shall close first.
const HEAD: Duration = Duration::from_secs(20);
/// Largest head, in bytes. Slack's has less than 1 KiB.
const LARGEST_HEAD: usize = 32 << 10;
/// The pause when no connection can be taken: out of file descriptors, most likely.
const BREATH: Duration = Duration::from_millis(50);

/// Serves `app` until `stop`; then requests under way get `last_words` to end.
pub async fn serve(listener: TcpListener, app: Router, last_words: Duration, stop: CancellationToken) {
    let (room, connections) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
    let accepting = async {
        while let Ok(place) = room.clone().acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BREATH).await;
                continue;
            };
            let connection = converse(stream, app.clone(), stop.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
    connections.close();
    let _ = timeout(last_words, connections.wait()).await;
}

/// One connection from its first request to its end.
async fn converse(stream: TcpStream, app: Router, stop: CancellationToken) {
    // Without it the second answer of a connection would wait 40 ms for the other side.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LARGEST_HEAD);
    let service = TowerToHyperService::new(app);
    let mut connection =
        std::pin::pin!(builder.serve_connection(TokioIo::new(Worded::new(Unread::new(stream))), service));
    // An error is a client that left or was too slow: nobody is there to be told.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
