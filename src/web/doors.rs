//! Drop-in addresses: tools that speak to Slack, or call webhooks, reach deskd by another address and nothing else. Caller and
//! token stand in the path, which is therefore written nowhere.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use super::alertmanager;
use super::desk::Front;
use super::errors::{Code, Refusal};
use super::notices::take;
use super::services;
use super::source::Source;
use crate::config::callers::Stranger;
use crate::domain::notice::Draft;

/// Longest time for one request.
const PATIENCE: Duration = Duration::from_secs(25);

/// Largest body, in bytes: a group of some thousand alerts.
const LARGEST_BODY: usize = 8 << 20;

/// The drop-in addresses.
pub fn doors(front: Front) -> Router {
    Router::new()
        .route("/services/{caller}/{token}", post(services::post))
        .route("/in/alertmanager/{caller}/{token}", post(alerts))
        .route("/in/grafana/{caller}/{token}", post(grafana))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(hurry))
        .with_state(front)
}

async fn hurry(request: Request, next: Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Refusal::new(Code::TooSlow, "it took too long; hint: send it again").into_response(),
    }
}

/// The caller whose name and token stand in the path.
pub fn admit(front: &Front, (name, token): &(String, String)) -> Result<Source, Stranger> {
    let admitted = front.doors.callers.borrow().admit(name, token).map(Source::Caller);
    admitted.inspect_err(|_| front.doors.count.refuse(Code::Unauthorised))
}

async fn alerts(
    front: Front,
    Path(way): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    hand_in(&front, &way, body, alertmanager::drafts).await
}

async fn grafana(
    front: Front,
    Path(way): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    hand_in(&front, &way, body, alertmanager::grafana).await
}

async fn hand_in(
    front: &Front,
    way: &(String, String),
    body: Result<Bytes, BytesRejection>,
    read: fn(&Value) -> Result<Vec<Draft>, String>,
) -> Result<StatusCode, Refusal> {
    let handed = async {
        let source = admit(front, way).map_err(|_| {
            let what = "the address holds no caller with this token; hint: see [[caller]]";
            Refusal::new(Code::Unauthorised, what)
        })?;
        let body = body.map_err(|problem| match problem.into_response().status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Code::TooLarge, "the request is too large"),
            _ => Refusal::bad("the request broke off; hint: send it again"),
        })?;
        let document = serde_json::from_slice(&body)
            .map_err(|_| Refusal::bad("the body is no JSON; hint: is the address the right one?"))?;
        let drafts = read(&document).map_err(|what| Refusal::new(Code::InvalidNotice, what))?;
        take(front, &source, drafts).await
    };
    let taken = handed.await.inspect_err(|refusal| front.doors.count.refuse(refusal.code));
    taken.map(|_| StatusCode::OK)
}
