//! Both directions of a WebSocket in one step: flushes what is written and reads what is there, and waits only when
//! neither is possible. Writing never holds up reading, so two sides that write at the same time cannot block each other.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::Ws;
use super::ending::Ending;

/// Frames read in one go. Enough to pay for a turn of the loop, few enough that acks do not wait long.
const FRAME_BATCH: usize = 128;

/// Waits for frames (into `inbox`) or for the flush; returns the ending when the socket has one. With `reading` false,
/// nothing is taken from the socket.
pub async fn pump(ws: &mut Ws, inbox: &mut Vec<Message>, dirty: &mut bool, reading: bool) -> Option<Ending> {
    poll_fn(|cx| {
        let mut flushed = false;
        if *dirty {
            match ws.poll_flush_unpin(cx) {
                Poll::Ready(Ok(())) => {
                    *dirty = false;
                    flushed = true;
                }
                // The reading side knows better why: a close frame may be waiting there.
                Poll::Ready(Err(_)) if reading => *dirty = false,
                Poll::Ready(Err(error)) => return Poll::Ready(Some(over(Some(&error)))),
                Poll::Pending => {}
            }
        }
        while reading && inbox.len() < FRAME_BATCH {
            match ws.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(message))) => inbox.push(message),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(over(Some(&error)))),
                Poll::Ready(None) => return Poll::Ready(Some(over(None))),
                Poll::Pending => break,
            }
        }
        if flushed || !inbox.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// What an error of the WebSocket means; the error itself may hold what the server wrote and is not kept.
pub fn over(error: Option<&Error>) -> Ending {
    match error {
        None | Some(Error::ConnectionClosed | Error::AlreadyClosed) => Ending::Closed { code: None },
        Some(Error::Io(_) | Error::Tls(_) | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
            Ending::Dropped
        }
        Some(_) => Ending::Broken,
    }
}
