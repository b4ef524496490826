//! A stage for scenes with the Socket Mode links: the least that can stand for Slack. It answers
//! `apps.connections.open` as told, and hands every WebSocket that is opened to the scene, which plays the server.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskd::domain::durable::Durable;
use deskd::domain::ids::EventId;
use deskd::domain::time::{Now, Timestamp};
use deskd::slack::socket::{Envelope, LinkState, Links, SocketSettings, run};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};
use tokio_util::sync::CancellationToken;

use crate::web::{self, Answer};

/// The far end of a socket: the scene is the server.
pub type Far = WebSocketStream<TcpStream>;

/// One run of the links against the stage.
pub struct Stage {
    pub links: Links,
    pub envelopes: mpsc::Receiver<Envelope>,
    pub stop: CancellationToken,
    pub done: JoinHandle<()>,
    calls: Arc<AtomicUsize>,
    sockets: mpsc::UnboundedReceiver<Far>,
    start: Instant,
    /// How far the wall clock is ahead of the running time, in milliseconds: the machine slept that long.
    asleep_ms: Arc<AtomicI64>,
}

/// A proof for scenes, which have no database.
pub struct Stored;

impl Durable for Stored {
    fn event(&self) -> EventId {
        EventId(1)
    }
}

impl Stage {
    /// Starts `wanted` links whose envelopes wait in a queue of `room`; the Web API begins with `answers`.
    pub async fn open(wanted: usize, room: usize, answers: Vec<Answer>) -> Stage {
        crate::log::start();
        let ws = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("ws://{}/link/?ticket=secret", ws.local_addr().expect("a listener has an address"));
        let (opened, sockets) = mpsc::unbounded_channel();
        tokio::spawn(serve_sockets(ws, opened));
        let (calls, answers) = (Arc::new(AtomicUsize::new(0)), Mutex::new(VecDeque::from(answers)));
        let counter = Arc::clone(&calls);
        let api = web::serve(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            let next = answers.lock().expect("no scene panicked").pop_front();
            next.unwrap_or_else(|| (200, "", format!(r#"{{"ok":true,"url":"{url}"}}"#)))
        })
        .await;
        let (out, envelopes) = mpsc::channel(room);
        let (stop, start) = (CancellationToken::new(), instant());
        let asleep_ms = Arc::new(AtomicI64::new(0));
        let asleep = asleep_ms.clone();
        let now: Now = Arc::new(move || {
            Timestamp(1_700_000_000_000 + asleep.load(Ordering::Relaxed)).plus(instant() - start)
        });
        let (links, all) = run(SocketSettings { wanted, api, further: Vec::new(), now }, out, stop.clone());
        let done = tokio::spawn(all);
        Stage { links, envelopes, stop, done, calls, sockets, start, asleep_ms }
    }

    /// The next socket that deskd opens; waits up to 10 minutes.
    pub async fn socket(&mut self) -> Far {
        let opened = timeout(Duration::from_secs(600), self.sockets.recv()).await;
        opened.expect("deskd opens a socket").expect("the stage listens")
    }

    /// The next socket, greeted.
    pub async fn greeted(&mut self) -> Far {
        let mut far = self.socket().await;
        say(&mut far, r#"{"type":"hello","num_connections":1}"#).await;
        until(|| self.links.states().iter().any(|link| link.state == LinkState::Connected)).await;
        far
    }

    /// Whether deskd opens no socket for `span`.
    pub async fn no_socket_for(&mut self, span: Duration) -> bool {
        timeout(span, self.sockets.recv()).await.is_err()
    }

    /// How often `apps.connections.open` was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        instant() - self.start
    }

    /// The machine sleeps: the wall clock goes on, nothing else does.
    pub fn sleep(&self, span: Duration) {
        let ms = i64::try_from(span.as_millis()).expect("nobody sleeps that long");
        self.asleep_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Stops and waits for the end; returns how long that took.
    pub async fn close(self) -> Duration {
        let before = instant();
        self.stop.cancel();
        timeout(Duration::from_secs(60), self.done).await.expect("the links stop").expect("no link panicked");
        instant() - before
    }
}

/// Sends a text frame.
pub async fn say(far: &mut Far, text: &str) {
    far.send(Message::text(text)).await.expect("the socket is open");
}

/// Sends an event with this envelope id.
pub async fn event(far: &mut Far, id: &str) {
    let frame = format!(r#"{{"type":"events_api","envelope_id":"{id}","payload":{{"event_id":"Ev{id}"}}}}"#);
    say(far, &frame).await;
}

/// What deskd sends next, without pings and pongs; `None` once the socket is closed.
pub async fn heard(far: &mut Far) -> Option<String> {
    loop {
        match far.next().await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(frame))) => {
                return Some(format!("close {}", frame.map_or(0, |frame| u16::from(frame.code))));
            }
            Some(Ok(other)) => panic!("deskd sent {other:?}"),
            Some(Err(_)) | None => return None,
        }
    }
}

/// Lets the far end live by itself: it answers pings and reads everything, until it is closed.
pub fn live(mut far: Far) -> JoinHandle<()> {
    tokio::spawn(async move { while let Some(Ok(_)) = far.next().await {} })
}

/// Waits until `condition` holds, at most a virtual minute.
pub async fn until(condition: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the condition never held");
}

#[allow(clippy::disallowed_methods, reason = "the stage is the clock of its scenes")]
fn instant() -> Instant {
    Instant::now()
}

async fn serve_sockets(listener: TcpListener, opened: mpsc::UnboundedSender<Far>) {
    while let Ok((stream, _)) = listener.accept().await {
        let opened = opened.clone();
        tokio::spawn(async move {
            if let Ok(far) = accept_async(stream).await {
                let _ = opened.send(far);
            }
        });
    }
}
