//! A connection whose every refusal has the shape. What cannot be read as HTTP never reaches a handler: hyper answers it
//! by itself, with a bare status and no body. Such an answer is exchanged on its way out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::numbered::{Numbered, trace_id};

/// How an answer of ours never begins without a body.
const REFUSED: [&[u8]; 2] = [b"HTTP/1.1 4", b"HTTP/1.0 4"];
/// The longest head that hyper writes by itself, in bytes.
const LONGEST_HEAD: usize = 512;

/// A stream with worded refusals.
pub struct Worded<S> {
    stream: S,
    /// What goes out in the place of a bare refusal, and how much of it has.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S> Worded<S> {
    /// Over a connection.
    pub fn new(stream: S) -> Worded<S> {
        Worded { stream, instead: None }
    }
}

/// Where a bare refusal begins that ends what is written, and its status.
fn bare(written: &[u8]) -> Option<(usize, StatusCode)> {
    if !written.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = written.len().saturating_sub(LONGEST_HEAD);
    let tail = written.get(from..)?;
    let at = (0..tail.len()).rev().find(|at| {
        tail[*at..].starts_with(b"HTTP/1.") && REFUSED.iter().any(|r| tail[*at..].starts_with(r))
    })?;
    let head = std::str::from_utf8(tail.get(at..)?).ok()?;
    // Ours have a body, whose bytes would follow the head.
    let empty = head.split("\r\n").any(|line| line.eq_ignore_ascii_case("content-length: 0"));
    let one = head.matches("\r\n\r\n").count() == 1;
    let status = head.get(9..12)?.parse().ok()?;
    (empty && one).then_some((from + at, status))
}

fn worded(status: StatusCode) -> Vec<u8> {
    let refusal = Numbered::of_status(status);
    let body = refusal.document(&trace_id());
    let status = refusal.0.row().status;
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, written: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.instead.is_none() {
            match bare(written) {
                None => return Pin::new(&mut this.stream).poll_write(cx, written),
                Some((0, status)) => this.instead = Some((worded(status), 0)),
                // What stands before it goes first; the rest is offered again.
                Some((at, _)) => return Pin::new(&mut this.stream).poll_write(cx, &written[..at]),
            }
        }
        if let Some((bytes, done)) = &mut this.instead {
            while let Some(rest) = bytes.get(*done..).filter(|rest| !rest.is_empty()) {
                match ready!(Pin::new(&mut this.stream).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => *done += count,
                }
            }
        }
        this.instead = None;
        Poll::Ready(Ok(written.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{Worded, bare};
    use axum::http::StatusCode;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn only_a_refusal_without_a_body_is_bare() {
        let ours = BARE.replace("length: 0", "length: 3") + "{}\n";
        for (written, found) in [
            (BARE.to_owned(), Some((0, StatusCode::BAD_REQUEST))),
            (format!("{OK}{BARE}"), Some((OK.len(), StatusCode::BAD_REQUEST))),
            (OK.to_owned(), None),
            (format!("{BARE}{OK}"), None),
            (ours, None),
            (BARE.replace("400 Bad", "431 Bad"), Some((0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE))),
            ("HTTP/1.1 4\r\n\r\n".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(bare(written.as_bytes()), found, "{written}");
        }
    }

    #[tokio::test]
    async fn a_bare_refusal_leaves_with_a_body_and_everything_else_as_it_is() {
        let (near, mut far) = tokio::io::duplex(7);
        let heard = tokio::spawn(async move {
            let mut text = String::new();
            far.read_to_string(&mut text).await.map(|_| text)
        });
        let mut near = Worded::new(near);
        near.write_all(format!("{OK}{BARE}").as_bytes()).await.expect("written");
        near.shutdown().await.expect("shut down");
        drop(near);
        let text = heard.await.expect("no panic").expect("heard");
        let rest = text.strip_prefix(OK).expect("the first answer is untouched");
        let (head, body) = rest.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.starts_with("{\"ok\":false,\"code\":2010,") && body.contains("trace_id"), "{body}");
    }
}
