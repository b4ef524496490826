//! Reading a body that nobody has verified yet: bounded in size, and all bodies together bounded in memory.
//!
//! A small body, as nearly every event is, has its place with its connection: however many large ones strangers hold back,
//! there is room for it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::registry::Code;

/// Largest body, in bytes: the largest payloads have a few hundred kilobytes.
const LARGEST_BODY: usize = 1 << 20;
/// How much of a body that is too large is read and thrown away, so that its sender hears why.
const LISTENED_TO: usize = 8 << 20;
/// A body up to this many bytes takes none of the room that all share: with every connection it is 4 MiB at most.
const SMALL: usize = 16 << 10;
/// Memory for all larger bodies at once, in kilobytes.
const ROOM: usize = 8 << 10;
/// How long a larger body waits for room: others need as long at most to arrive.
const PATIENCE: Duration = Duration::from_secs(1);

/// Room for bodies. Clones share it.
#[derive(Clone)]
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Room {
        Room(Arc::new(Semaphore::new(ROOM)))
    }
}

/// The room that a body takes until it is dropped.
pub struct Taken(Vec<OwnedSemaphorePermit>);

impl Taken {
    /// Takes what `bytes` need beyond what is taken already.
    async fn grow(&mut self, room: &Room, bytes: usize) -> Result<(), Code> {
        if bytes <= SMALL {
            return Ok(());
        }
        let held: usize = self.0.iter().map(OwnedSemaphorePermit::num_permits).sum();
        let missing = bytes.div_ceil(1024).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Code::TooLarge)?;
        let granted = timeout(PATIENCE, room.0.clone().acquire_many_owned(missing)).await;
        let Ok(Ok(permit)) = granted else { return Err(Code::Busy) };
        match self.0.first_mut() {
            Some(first) => first.merge(permit),
            None => self.0.push(permit),
        }
        Ok(())
    }
}

/// Reads a body. What is too large is refused, by its own word for it or when it turns out to be.
pub async fn collect(headers: &HeaderMap, body: Body, room: &Room) -> Result<(Bytes, Taken), Code> {
    let said = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let mut frames = body.into_data_stream();
    if said.is_some_and(|said| said > LARGEST_BODY) {
        drain(&mut frames).await;
        return Err(Code::TooLarge);
    }
    let (mut taken, mut whole) = (Taken(Vec::new()), Vec::new());
    let mut first: Option<Bytes> = None;
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Code::Malformed)?;
        let length = whole.len() + first.as_ref().map_or(0, Bytes::len) + frame.len();
        if length > LARGEST_BODY {
            drain(&mut frames).await;
            return Err(Code::TooLarge);
        }
        taken.grow(room, length).await?;
        match first.take() {
            // Most bodies are one frame, which need not be copied.
            None if whole.is_empty() => first = Some(frame),
            before => {
                before.iter().for_each(|before| whole.extend_from_slice(before));
                whole.extend_from_slice(&frame);
            }
        }
    }
    Ok((first.unwrap_or_else(|| Bytes::from(whole)), taken))
}

/// Reads on for a while without keeping anything: who is still writing would hear nothing but a reset.
async fn drain(frames: &mut axum::body::BodyDataStream) {
    let mut seen = 0;
    while let Some(Ok(frame)) = frames.next().await
        && seen < LISTENED_TO
    {
        seen += frame.len();
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Code, HeaderMap, LARGEST_BODY, PATIENCE, Room, SMALL, collect, timeout};
    use axum::body::Bytes;
    use futures_util::stream;

    fn in_pieces(count: usize, length: usize) -> Body {
        let pieces = (0..count).map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; length])));
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_read_in_any_number_of_pieces_up_to_its_largest_size() {
        let (room, headers) = (Room::default(), HeaderMap::new());
        for (count, length, outcome) in [
            (0, 0, Ok(0)),
            (1, 10, Ok(10)),
            (3, 10, Ok(30)),
            (1024, 1024, Ok(LARGEST_BODY)),
            (1025, 1024, Err(Code::TooLarge)),
        ] {
            let read = collect(&headers, in_pieces(count, length), &room).await;
            assert_eq!(read.map(|(body, _)| body.len()), outcome, "{count} pieces of {length}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_that_are_held_take_room_and_give_it_back_and_small_ones_need_none() {
        let (room, headers) = (Room::default(), HeaderMap::new());
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(collect(&headers, in_pieces(1024, 1024), &room).await.map_err(|code| code.row().word));
        }
        assert!(held.iter().all(Result::is_ok), "eight of the largest fit in");
        let (just_before, ninth) = (PATIENCE - PATIENCE / 100, collect(&headers, in_pieces(2, SMALL), &room));
        tokio::pin!(ninth);
        assert!(timeout(just_before, &mut ninth).await.is_err(), "it waits for room");
        assert_eq!(ninth.await.map(|(body, _)| body.len()), Err(Code::Busy));
        assert!(collect(&headers, in_pieces(1, SMALL), &room).await.is_ok(), "a small one needs none");
        let (waiting, ()) =
            tokio::join!(collect(&headers, in_pieces(2, SMALL), &room), async { drop(held.pop()) });
        assert!(waiting.is_ok(), "and the next has it when one is gone");
    }
}
