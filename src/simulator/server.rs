//! The HTTP server: one port for the Web API, Socket Mode, response URLs, webhooks and the control API.
//!
//! It runs on hyper directly, because an injected fault must be able to close a connection without
//! an answer. It knows no Slack method.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::workspace::Workspace;
use super::{control, files, oauth, response_url, socket, web, webhook};

/// Bodies over this many bytes are refused; Slack's largest argument, a view, is 250 kB.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// What every task of one simulator shares.
pub struct Shared {
    /// Where the simulator listens.
    pub address: SocketAddr,
    workspace: Mutex<Workspace>,
    /// Rung when something new may be due.
    bell: Notify,
    /// Rung when something changed that somebody may wait for.
    pub changed: Notify,
    stop: CancellationToken,
    /// Whether the network is there.
    network: watch::Sender<bool>,
    /// Other workspaces at the same address.
    others: Mutex<Vec<Arc<Shared>>>,
}

/// The connection is closed without an answer.
#[derive(Debug)]
pub struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut by an injected fault")
    }
}

impl std::error::Error for Cut {}

impl Shared {
    /// Wraps a workspace.
    pub fn new(workspace: Workspace, address: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            address,
            workspace: Mutex::new(workspace),
            bell: Notify::new(),
            changed: Notify::new(),
            stop: CancellationToken::new(),
            network: watch::Sender::new(true),
            others: Mutex::default(),
        })
    }

    /// Another workspace at the same address.
    pub fn take_in(&self, other: Arc<Shared>) {
        self.others.lock().unwrap_or_else(PoisonError::into_inner).push(other);
    }

    /// All workspaces at this address, this one first.
    pub fn places(self: &Arc<Self>) -> Vec<Arc<Shared>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner).clone();
        std::iter::once(self.clone()).chain(others).collect()
    }

    /// The workspace that a token is of; this one for a token that is of none.
    pub fn of_token(self: &Arc<Self>, token: Option<&str>) -> Arc<Shared> {
        let Some(token) = token else { return self.clone() };
        let knows = |place: &Arc<Shared>| {
            let workspace = place.lock();
            workspace.token(token, workspace.clock.now_ms()).is_some()
        };
        self.places().into_iter().find(knows).unwrap_or_else(|| self.clone())
    }

    /// The workspace with this team id.
    pub fn of_team(self: &Arc<Self>, team: &str) -> Option<Arc<Shared>> {
        self.places().into_iter().find(|place| place.lock().setup.team_id == team)
    }

    /// The workspace. Never hold it across an await; clippy would not let you anyway.
    pub fn lock(&self) -> MutexGuard<'_, Workspace> {
        self.workspace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the workspace at the present moment and wakes whoever waits for changes.
    pub fn act<T>(&self, change: impl FnOnce(&mut Workspace, i64) -> T) -> T {
        let result = {
            let mut workspace = self.lock();
            let now_ms = workspace.clock.now_ms();
            change(&mut workspace, now_ms)
        };
        self.bell.notify_one();
        self.changed.notify_waiters();
        result
    }

    /// Runs a task until it ends or the simulator stops.
    pub fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// Takes the network away and brings it back after `span`.
    pub fn cut_network(self: &Arc<Self>, span: Duration) {
        self.network.send_replace(false);
        let shared = self.clone();
        self.spawn(async move {
            tokio::time::sleep(span).await;
            shared.network.send_replace(true);
        });
    }

    /// Waits while there is no network; says whether there was none.
    async fn without_network(&self) -> bool {
        if *self.network.borrow() {
            return false;
        }
        let _ = self.network.subscribe().wait_for(|up| *up).await;
        true
    }

    /// Waits until the network is taken away.
    async fn network_gone(&self) {
        let _ = self.network.subscribe().wait_for(|up| !*up).await;
    }

    /// Ends every task; all connections break.
    pub fn stop(&self) {
        for other in self.others.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            other.stop();
        }
        self.stop.cancel();
    }

    /// Waits until the simulator is stopped.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

/// Takes connections until the simulator stops. While there is no network nobody listens.
pub async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut listener = Some(listener);
    loop {
        let Some(open) = &listener else {
            shared.without_network().await;
            listener = bind(shared.address).ok();
            continue;
        };
        let accepted = tokio::select! {
            accepted = open.accept() => accepted,
            () = shared.network_gone() => {
                listener = None;
                continue;
            }
        };
        match accepted {
            Ok((stream, _)) => {
                // Without it every second small frame would wait 40 ms for the other side's ack.
                let _ = stream.set_nodelay(true);
                shared.spawn(connection(shared.clone(), stream));
            }
            // Out of file descriptors, most likely: trying again at once would spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Rings in due redeliveries and expiries until the simulator stops.
pub async fn keep_time(shared: Arc<Shared>) {
    loop {
        let wait = {
            let workspace = shared.lock();
            workspace.post.next_due().map(|due| due - workspace.clock.now_ms())
        };
        let due = async {
            match wait {
                Some(ms) => tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.bell.notified() => {}
            () = due => {
                let mut workspace = shared.lock();
                let now_ms = workspace.clock.now_ms();
                workspace.tick(now_ms);
                drop(workspace);
                shared.changed.notify_waiters();
            }
        }
    }
}

/// Opens the listening socket. Other machines have no business with a test tool.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    if !listen.ip().is_loopback() {
        let reason = format!("the simulator listens on loopback addresses only, not on {}", listen.ip());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let service = service_fn(move |request| answer(shared.clone(), request));
    // An error is a client that left or a fault that was asked for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    if shared.without_network().await {
        return Err(Cut);
    }
    let mut request = request.map(Body::new);
    let path = request.uri().path().trim_matches('/').to_owned();
    if path == "link" {
        return Ok(socket::open(&shared, &mut request));
    }
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"));
    };
    let first = path.split('/').next().unwrap_or_default();
    match first {
        "sim" => Ok(control::answer(&shared, &head, &path, &body).await),
        "upload" => files::take(&shared, &path, &body).await,
        "commands" | "actions" => response_url::answer(&shared, &path, &body).await,
        "services" => webhook::answer(&shared, &head, &path, &body).await,
        "oauth" => Ok(oauth::authorize(&shared, &head)),
        "" => Ok(plain(StatusCode::OK, "a simulated Slack workspace: see /sim/ for what it can do\n")),
        _ => web::answer(&shared, &head, path.strip_prefix("api/").unwrap_or(&path), &body).await,
    }
}

/// A plain text answer.
pub fn plain(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    respond(status, "text/plain; charset=utf-8", text.into())
}

/// A JSON answer.
pub fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    respond(status, "application/json; charset=utf-8", value.to_string())
}

/// An answer with this content type.
pub fn respond(status: StatusCode, content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

/// Waits for good; for calls that are never answered.
pub async fn never() -> Infallible {
    std::future::pending().await
}
