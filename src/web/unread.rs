//! A connection whose other side has to read. Whoever asks and never reads the answers would keep its place for ever: neither
//! the time for a head nor the one for a body runs while an answer waits to be written.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Longest time in which nothing of what is to be written is taken. Slack and proxies read at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stream that breaks when nobody reads what is written to it.
pub struct Unread<S> {
    stream: S,
    /// Runs while something waits to be written.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Unread<S> {
    /// Over a connection.
    pub fn new(stream: S) -> Unread<S> {
        Unread { stream, patience: None }
    }

    /// What came of writing, or the end of patience.
    fn within<T>(&mut self, done: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.patience = None;
            return done;
        }
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        patience.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unread<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unread<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, written: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, written);
        self.within(done, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(cx);
        self.within(done, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.within(done, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Unread};
    use std::io::ErrorKind;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{sleep, timeout};

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_breaks_the_connection_and_what_is_read_slowly_does_not() {
        let (near, mut far) = tokio::io::duplex(4);
        let mut near = Unread::new(near);
        let slowly = async {
            for _ in 0..4 {
                sleep(PATIENCE / 2).await;
                assert_eq!(far.read_exact(&mut [0; 4]).await.expect("there"), 4);
            }
        };
        let (written, ()) = tokio::join!(near.write_all(&[0; 16]), slowly);
        written.expect("somebody reads");
        let moment = PATIENCE / 100;
        let unread = near.write_all(&[0; 16]);
        tokio::pin!(unread);
        assert!(timeout(PATIENCE - moment, &mut unread).await.is_err(), "there is still time");
        let unread = timeout(2 * moment, unread).await.expect("and now there is none");
        assert_eq!(unread.map_err(|problem| problem.kind()), Err(ErrorKind::TimedOut));
    }
}
