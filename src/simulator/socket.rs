//! One Socket Mode connection: handshake, hello, frames in and out, its end.
//!
//! Which envelope goes where is the post office's business (`post.rs`). Compression is never
//! accepted, whatever the client offers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{MissedTickBehavior, Sleep, interval, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{self, Message};

use super::faults::Handshake;
use super::server::Shared;

/// Slack closes a socket whose client sends a frame over this many bytes, with code 1009.
const MAX_CLIENT_FRAME_BYTES: usize = 20_480;
/// How often the server pings.
const PING_EVERY: Duration = Duration::from_secs(10);
/// How long the TCP side stays open after the close handshake at most. Slack is known not to close
/// it at once (notes of socket-mode 3.2.0); the gaps of 5 to 12 s seen in clients give the length.
const LINGER: Duration = Duration::from_secs(5);
/// How long a socket that no longer answers stays registered and swallows its share.
const GHOST_LIFE: Duration = Duration::from_secs(60);

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// What the workspace tells a socket's task.
#[derive(Clone, Debug)]
pub enum Order {
    /// Send this text frame.
    Text(String),
    /// Send this binary frame.
    Binary(Vec<u8>),
    /// Send a disconnect frame and close when its time has come.
    Disconnect(Reason),
    /// Send a close frame with this code.
    Close(u16),
    /// Close the TCP connection without a close frame.
    Cut,
    /// Neither read nor write any more, without closing.
    Stall,
    /// Read on, but write nothing any more: to the client it is as if inbound packets were dropped.
    Mute,
    /// Answer pings and swallow everything that should be sent: the socket looks alive and is deaf.
    Deafen,
    /// Break the TCP connection with a reset.
    Reset,
    /// Send a disconnect frame and close only after this time.
    LeaveLate(Reason, Duration),
}

/// Reasons of a `disconnect` frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// About ten seconds before the server closes.
    Warning,
    /// The planned end of life.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
    /// One socket too many.
    TooManyWebsockets,
    /// Anything else a server might say.
    Other(String),
}

impl Reason {
    /// The word in the frame.
    pub fn word(&self) -> &str {
        match self {
            Self::Warning => "warning",
            Self::RefreshRequested => "refresh_requested",
            Self::LinkDisabled => "link_disabled",
            Self::TooManyWebsockets => "too_many_websockets",
            Self::Other(word) => word,
        }
    }

    /// The reason behind a word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "warning" => Self::Warning,
            "refresh_requested" => Self::RefreshRequested,
            "link_disabled" => Self::LinkDisabled,
            "too_many_websockets" => Self::TooManyWebsockets,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Time from the frame to the server's close.
    fn grace(&self) -> Duration {
        match self {
            Self::Warning => Duration::from_secs(10),
            Self::RefreshRequested | Self::LinkDisabled | Self::Other(_) => Duration::from_secs(1),
            Self::TooManyWebsockets => Duration::ZERO,
        }
    }

    fn frame(&self) -> String {
        json!({"type": "disconnect", "reason": self.word(), "debug_info": {"host": "applink-simulated"}})
            .to_string()
    }
}

/// Answers the handshake and leaves a task behind that serves the socket.
pub fn open(shared: &Arc<Shared>, request: &mut Request<Body>) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (Some(accept), Some(upgrade)) = (key, request.extensions_mut().remove::<OnUpgrade>()) else {
        return refuse(StatusCode::BAD_REQUEST);
    };
    let admission = {
        let mut workspace = shared.lock();
        let known = workspace.tickets.redeem(&query);
        if known { workspace.faults.next_handshake() } else { Handshake::Refuse(404) }
    };
    if let Handshake::Refuse(status) = admission {
        return refuse(StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND));
    }
    let short = query.contains("debug_reconnects=true");
    let task = shared.clone();
    shared.spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            Connection::serve(task, stream, admission, short).await;
        }
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::UPGRADE, "websocket")
        .header(header::CONNECTION, "Upgrade")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty());
    response.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR))
}

fn refuse(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from("the link is not valid"));
    *response.status_mut() = status;
    response
}

/// What a frame or order leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stay,
    Gone,
    Linger,
    Stall,
    Mute,
    Reset,
}

/// Where the connection stands on the way to its planned or ordered end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Settled,
    Warned,
    Closing,
}

struct Connection {
    shared: Arc<Shared>,
    stream: Stream,
    line: u64,
    /// Whether orders to send are swallowed.
    deaf: bool,
    phase: Phase,
    /// When the phase ends.
    deadline: Pin<Box<Sleep>>,
}

impl Connection {
    async fn serve(shared: Arc<Shared>, mut stream: Stream, admission: Handshake, short: bool) {
        let (orders, inbox) = unbounded_channel();
        let opened = shared.lock().post.open_line(orders);
        let Some(line) = opened else {
            // Observed: the frame comes right after the open, then the connection breaks (1006).
            let _ = stream.send(Message::text(Reason::TooManyWebsockets.frame())).await;
            return;
        };
        let life_s = if short { 360 } else { u64::from(shared.lock().setup.connection_life_s) };
        let life = Duration::from_secs(life_s).saturating_sub(Reason::Warning.grace());
        let mut connection = Self {
            shared,
            stream,
            line,
            deaf: false,
            phase: Phase::Settled,
            deadline: Box::pin(sleep(life)),
        };
        match connection.run(inbox, admission, life_s).await {
            Next::Stall => connection.haunt().await,
            Next::Linger => connection.linger().await,
            Next::Mute => connection.swallow().await,
            Next::Reset => connection.reset(),
            Next::Gone | Next::Stay => connection.leave(),
        }
    }

    async fn run(&mut self, mut inbox: UnboundedReceiver<Order>, admission: Handshake, life_s: u64) -> Next {
        match admission {
            Handshake::Normal => {
                if self.greet(life_s, None).await == Next::Gone {
                    return Next::Gone;
                }
            }
            Handshake::Hello(connections) => {
                if self.greet(life_s, Some(connections)).await == Next::Gone {
                    return Next::Gone;
                }
            }
            Handshake::Disconnect(reason) => {
                if self.disconnect(&reason).await == Next::Gone {
                    return Next::Gone;
                }
            }
            Handshake::NoHello | Handshake::Refuse(_) => {}
        }
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        loop {
            let next = tokio::select! {
                biased;
                frame = self.stream.next() => self.take(frame).await,
                order = inbox.recv() => self.obey(order).await,
                () = &mut self.deadline => self.next_phase().await,
                _ = pings.tick() => self.send(Message::Ping("sim".into())).await,
            };
            if next != Next::Stay {
                return next;
            }
        }
    }

    async fn greet(&mut self, life_s: u64, connections: Option<u32>) -> Next {
        let hello = {
            let workspace = self.shared.lock();
            let open = u32::try_from(workspace.post.sockets()).unwrap_or(u32::MAX);
            json!({
                "type": "hello", "num_connections": connections.unwrap_or(open),
                "connection_info": {"app_id": workspace.setup.app.id},
                "debug_info": {
                    "host": "applink-simulated", "build_number": 1, "approximate_connection_time": life_s,
                },
            })
        };
        let next = self.send(Message::text(hello.to_string())).await;
        if next == Next::Stay {
            self.shared
                .act(|workspace, now_ms| workspace.post.line_is_live(self.line, &mut workspace.ids, now_ms));
        }
        next
    }

    async fn take(&mut self, frame: Option<Result<Message, tungstenite::Error>>) -> Next {
        match frame {
            Some(Ok(Message::Text(text))) if text.len() > MAX_CLIENT_FRAME_BYTES => self.refuse_frame().await,
            Some(Ok(Message::Text(text))) => {
                self.shared.act(|workspace, now_ms| workspace.on_frame(self.line, &text, now_ms));
                Next::Stay
            }
            Some(Ok(Message::Binary(_))) => {
                self.shared.act(|workspace, _| workspace.post.complaints.push("a binary frame".to_owned()));
                Next::Stay
            }
            Some(Ok(Message::Close(_))) => {
                // Reading on once more lets tungstenite send the answering close frame.
                let _ = self.stream.flush().await;
                Next::Linger
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Next::Stay,
            Some(Err(_)) | None => Next::Gone,
        }
    }

    async fn refuse_frame(&mut self) -> Next {
        let reason = format!("Max frame length of {MAX_CLIENT_FRAME_BYTES} has been exceeded.");
        self.close(CloseCode::Size, reason).await
    }

    async fn obey(&mut self, order: Option<Order>) -> Next {
        match order {
            Some(Order::Text(_)) if self.deaf => Next::Stay,
            Some(Order::Text(text)) => self.send(Message::text(text)).await,
            Some(Order::Binary(bytes)) => self.send(Message::binary(bytes)).await,
            Some(Order::Disconnect(reason)) => self.disconnect(&reason).await,
            Some(Order::Close(code)) => self.close(CloseCode::from(code), String::new()).await,
            Some(Order::Cut) | None => Next::Gone,
            Some(Order::Stall) => Next::Stall,
            Some(Order::Mute) => Next::Mute,
            Some(Order::Deafen) => {
                self.deaf = true;
                Next::Stay
            }
            Some(Order::Reset) => Next::Reset,
            Some(Order::LeaveLate(reason, grace)) => {
                let next = self.disconnect(&reason).await;
                self.deadline = Box::pin(sleep(grace));
                next
            }
        }
    }

    async fn disconnect(&mut self, reason: &Reason) -> Next {
        self.phase = Phase::Closing;
        self.deadline = Box::pin(sleep(reason.grace()));
        let next = self.send(Message::text(reason.frame())).await;
        if *reason == Reason::TooManyWebsockets { Next::Gone } else { next }
    }

    async fn next_phase(&mut self) -> Next {
        match self.phase {
            Phase::Settled => {
                self.phase = Phase::Warned;
                self.deadline = Box::pin(sleep(Reason::Warning.grace()));
                self.send(Message::text(Reason::Warning.frame())).await
            }
            Phase::Warned => self.disconnect(&Reason::RefreshRequested).await,
            Phase::Closing => self.close(CloseCode::Normal, String::new()).await,
        }
    }

    async fn close(&mut self, code: CloseCode, reason: String) -> Next {
        let frame = CloseFrame { code, reason: reason.into() };
        let _ = self.stream.send(Message::Close(Some(frame))).await;
        Next::Linger
    }

    async fn send(&mut self, message: Message) -> Next {
        if self.stream.send(message).await.is_ok() { Next::Stay } else { Next::Gone }
    }

    fn leave(&self) {
        self.shared.act(|workspace, _| workspace.post.close_line(self.line));
    }

    /// After the close handshake Slack leaves the TCP side to the client for a while.
    async fn linger(mut self) {
        self.leave();
        let rest = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = timeout(LINGER, rest).await;
        let mut bytes = [0_u8; 256];
        let drain = async { while let Ok(1..) = self.stream.get_mut().read(&mut bytes).await {} };
        let _ = timeout(LINGER, drain).await;
    }

    /// A TCP connection that does not linger when it is closed is reset.
    fn reset(self) {
        self.leave();
        let upgraded = self.stream.into_inner().into_inner();
        if let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() {
            let _ = parts.io.inner().set_zero_linger();
        }
    }

    /// Takes bytes and gives none, not even pongs, until the client leaves.
    async fn swallow(mut self) {
        let mut bytes = [0_u8; 4096];
        while let Ok(1..) = self.stream.get_mut().read(&mut bytes).await {}
        self.leave();
    }

    /// A ghost: registered for a while, then only an open TCP connection, until the client leaves.
    async fn haunt(self) {
        sleep(GHOST_LIFE).await;
        self.leave();
        self.shared.stopped().await;
    }
}
