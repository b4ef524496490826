//! HTTP mode: Slack's deliveries as signed requests, behind the user's own TLS proxy. Each is verified, recorded by the
//! same listener as a frame of a socket, and then answered: the 200 is the acknowledgement.
//!
//! Nothing is parsed, written or logged for a request whose signature is not good; it counts, and that is all. Slack
//! allows 3 s for an answer: when the event cannot be recorded in time, the answer is 503 and Slack delivers it again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc::WeakSender;
use uuid::Uuid;

use crate::config::Secret;
use crate::domain::time::Now;
use crate::intake::listen::Tally;
use crate::slack::delivery::{self, Address, Retry};
use crate::slack::signature::verify;
use crate::slack::socket::Envelope;

/// Largest body, in bytes: the largest payloads have a few hundred kilobytes.
const LARGEST_BODY: usize = 1 << 20;
/// Time for a whole request, the reading of its body included: Slack gives up after 3 s.
const PATIENCE: Duration = Duration::from_millis(2_800);

/// What the door to Slack works with. Clones share it.
#[derive(Clone)]
pub struct Doorway {
    /// The way to the listener; gone when the desk stops.
    pub deliver: WeakSender<Envelope>,
    /// What the app signs its requests with.
    pub secret: Arc<Secret>,
    /// Where refusals are counted.
    pub tally: Arc<Tally>,
    /// Where `now` comes from.
    pub now: Now,
}

/// Why a delivery is not acknowledged: a code that never changes, and whether Slack shall try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Signature,
    TooLarge,
    NotRecorded,
    NoSuchAddress,
}

/// The addresses that are entered in the app's settings.
pub fn hooks(doorway: Doorway) -> Router {
    let events = |door, headers, body| answer(Address::Events, door, headers, body);
    let interactive = |door, headers, body| answer(Address::Interactive, door, headers, body);
    let commands = |door, headers, body| answer(Address::Commands, door, headers, body);
    Router::new()
        .route("/slack/events", post(events))
        .route("/slack/interactive", post(interactive))
        .route("/slack/options", post(interactive))
        .route("/slack/commands", post(commands))
        .fallback(async || Refused::NoSuchAddress)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(axum::middleware::from_fn(hurry))
        .with_state(doorway)
}

async fn hurry(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Refused::NotRecorded.into_response(),
    }
}

async fn answer(
    address: Address,
    State(door): State<Doorway>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Refused> {
    let body = body.map_err(|_| Refused::TooLarge)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (header("x-slack-request-timestamp"), header("x-slack-signature"));
    if let Err(unsigned) = verify(&door.secret, timestamp, signature, &body, (door.now)()) {
        // A new address is tried before its secret is known to work; the echo has no effect on anything.
        if let (Address::Events, Some(challenge)) = (address, delivery::challenge(&body)) {
            return Ok(echo(challenge));
        }
        door.tally.refuse(unsigned.code());
        return Err(Refused::Signature);
    }
    if let (Address::Events, Some(challenge)) = (address, delivery::challenge(&body)) {
        return Ok(echo(challenge));
    }
    if address == Address::Commands && delivery::is_ssl_check(&body) {
        return Ok(StatusCode::OK.into_response());
    }
    let retry = Retry {
        attempt: header("x-slack-retry-num").parse().unwrap_or_default(),
        reason: header("x-slack-retry-reason").to_owned(),
    };
    record(&door, Envelope::over_http(delivery::read(address, &body, retry))).await
}

/// Hands the envelope to the listener and waits until it is on disk.
async fn record(
    door: &Doorway,
    (envelope, mut answered): (Envelope, tokio::sync::mpsc::UnboundedReceiver<Option<Value>>),
) -> Result<Response, Refused> {
    let deliver = door.deliver.upgrade().ok_or(Refused::NotRecorded)?;
    deliver.send(envelope).await.map_err(|_| Refused::NotRecorded)?;
    drop(deliver);
    match answered.recv().await {
        Some(Some(payload)) => Ok(Json(payload).into_response()),
        Some(None) => Ok(StatusCode::OK.into_response()),
        None => Err(Refused::NotRecorded),
    }
}

fn echo(challenge: String) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, "text/plain"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, challenge).into_response()
}

impl Refused {
    fn row(self) -> (StatusCode, u32, &'static str, bool) {
        match self {
            Refused::Signature => (StatusCode::UNAUTHORIZED, 2004, "the signature is not valid", false),
            Refused::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 2005, "the body is too large", false),
            Refused::NoSuchAddress => (StatusCode::NOT_FOUND, 2006, "there is no such address", false),
            Refused::NotRecorded => {
                (StatusCode::SERVICE_UNAVAILABLE, 3001, "the event could not be recorded in time", true)
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, code, message, retryable) = self.row();
        let trace_id = Uuid::new_v4().simple().to_string();
        let document = json!({
            "ok": false, "code": code, "message": message, "retryable": retryable, "trace_id": trace_id,
        });
        let mut answer = (status, Json(document)).into_response();
        if retryable {
            answer.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("1"));
        }
        answer
    }
}
