//! How the addresses that Slack and browsers reach say no: the number of the registry and its meaning, never a word of
//! what went wrong inside, and always in the same shape.
//!
//! `contain` stands around all of them: what axum refuses by itself gets the shape, too, and a panic ends one request.

use std::panic::AssertUnwindSafe;

use axum::Json;
use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use serde::Serialize;
use tracing::error;
use uuid::Uuid;

use super::registry::{Code, Row};

/// A refusal by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered(pub Code);

/// A refusal by number as it travels.
#[derive(Serialize)]
struct NumberedDocument<'a> {
    ok: bool,
    code: u32,
    message: &'a str,
    retryable: bool,
    trace_id: &'a str,
}

/// Marks an answer that has the shape already.
#[derive(Clone, Copy)]
struct Shaped;

impl Numbered {
    /// The document, with `trace_id` in it.
    pub fn document(self, trace_id: &str) -> String {
        let Row { number, retryable, meaning, .. } = self.0.row();
        let document = NumberedDocument { ok: false, code: number, message: meaning, retryable, trace_id };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// The answer that `trace_id` finds in the log.
    pub fn traced(self, trace_id: &str) -> Response {
        let Row { number, status, retryable, meaning, .. } = self.0.row();
        let document = NumberedDocument { ok: false, code: number, message: meaning, retryable, trace_id };
        let mut answer = (status, Json(document)).into_response();
        if retryable {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        answer.extensions_mut().insert(Shaped);
        answer
    }

    /// What a bare status of HTTP means.
    pub fn of_status(status: StatusCode) -> Numbered {
        Numbered(match status {
            StatusCode::NOT_FOUND => Code::NoSuchRoute,
            StatusCode::METHOD_NOT_ALLOWED => Code::BadMethod,
            StatusCode::REQUEST_TIMEOUT => Code::TooLate,
            StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
            StatusCode::URI_TOO_LONG => Code::AddressTooLong,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Code::HeadTooLarge,
            StatusCode::TOO_MANY_REQUESTS => Code::RateLimited,
            status if status.is_server_error() => Code::Internal,
            _ => Code::Malformed,
        })
    }
}

impl IntoResponse for Numbered {
    fn into_response(self) -> Response {
        self.traced(&trace_id())
    }
}

/// What finds one request in the log.
pub fn trace_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Gives every refusal the shape, and makes a panic the end of one request instead of a connection's.
pub async fn contain(request: Request, next: Next) -> Response {
    match caught(request, next).await {
        Ok(answer) if answer.status().is_success() || answer.status().is_redirection() => answer,
        Ok(answer) if answer.extensions().get::<Shaped>().is_some() => answer,
        Ok(answer) => Numbered::of_status(answer.status()).into_response(),
        Err(trace_id) => Numbered(Code::Internal).traced(&trace_id),
    }
}

/// Runs a request; after a panic there is a line in the log, found by the id that comes back.
pub async fn caught(request: Request, next: Next) -> Result<Response, String> {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.map_err(|_| {
        let trace_id = trace_id();
        error!(trace_id, "A request ended in a panic; the others go on");
        trace_id
    })
}

#[cfg(test)]
mod tests {
    use super::{Code, Numbered, StatusCode};

    #[test]
    fn a_bare_status_gets_the_code_that_belongs_to_it() {
        for (status, code) in [
            (StatusCode::NOT_FOUND, Code::NoSuchRoute),
            (StatusCode::METHOD_NOT_ALLOWED, Code::BadMethod),
            (StatusCode::REQUEST_TIMEOUT, Code::TooLate),
            (StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge),
            (StatusCode::URI_TOO_LONG, Code::AddressTooLong),
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, Code::HeadTooLarge),
            (StatusCode::BAD_REQUEST, Code::Malformed),
            (StatusCode::HTTP_VERSION_NOT_SUPPORTED, Code::Internal),
        ] {
            assert_eq!(Numbered::of_status(status), Numbered(code), "{status}");
        }
    }
}
