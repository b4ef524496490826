//! Leaving a socket properly: outstanding acks, then a close frame, then the end of TCP. A socket left without a close
//! frame stays registered at Slack for a while and swallows its share of the events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::dial::Ws;
use super::ending::Ending;

/// How long envelopes that were handed over may take to be acknowledged; a commit takes some milliseconds.
const SETTLE: Duration = Duration::from_millis(500);
/// How long to wait for the other side after the close frame; Slack never closes TCP by itself.
const LINGER: Duration = Duration::from_secs(1);

/// Leaves; takes at most 1.5 s. The queue ends when the last envelope of this socket is gone.
pub async fn leave(mut ws: Ws, mut queue: UnboundedReceiver<Vec<Utf8Bytes>>, ending: &Ending) {
    match ending {
        // The connection is gone.
        Ending::Dropped | Ending::Broken => return,
        // The close handshake is under way; what is left is our half of it.
        Ending::Closed { .. } => {}
        // The other side is there and waits for acks.
        Ending::Stopped
        | Ending::Overdue
        | Ending::Crowded
        | Ending::Disabled
        | Ending::Slept
        | Ending::Recycled => {
            let _ = timeout(SETTLE, settle(&mut ws, &mut queue)).await;
        }
        Ending::NotOpened(_)
        | Ending::NotDialled { .. }
        | Ending::NoHello
        | Ending::Refresh
        | Ending::Renewed
        | Ending::Unexplained
        | Ending::Silent
        | Ending::Garbage => {}
    }
    // From here on an ack finds its socket gone, and whatever the other side still sends, it will send again.
    drop(queue);
    let _ = timeout(LINGER, part(&mut ws)).await;
}

async fn settle(ws: &mut Ws, queue: &mut UnboundedReceiver<Vec<Utf8Bytes>>) {
    while let Some(frames) = queue.recv().await {
        for frame in frames {
            if ws.feed(Message::Text(frame)).await.is_err() {
                return;
            }
        }
        if queue.is_empty() && ws.flush().await.is_err() {
            return;
        }
    }
}

async fn part(ws: &mut Ws) {
    let farewell = CloseFrame { code: CloseCode::Away, reason: Utf8Bytes::default() };
    if ws.close(Some(farewell)).await.is_err() {
        // They closed first: our answer is queued already and only has to go out.
        let _ = ws.flush().await;
        return;
    }
    while let Some(Ok(message)) = ws.next().await {
        if message.is_close() {
            return;
        }
    }
}
