//! `/services/CALLER/TOKEN`: what Slack's incoming webhooks take, with their answers, so that a tool that writes to Slack writes
//! to deskd by another address.

use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::desk::Front;
use super::doors::admit;
use super::errors::{Code, Refusal};
use super::notices::take;
use crate::config::callers::Stranger;
use crate::domain::caller::PASSED;
use crate::domain::notice::Draft;
use crate::slack::passed::{self, Unfit};

/// The kind of what comes this way.
pub const KIND: &str = "message";

/// `POST /services/CALLER/TOKEN`, as JSON or as a form with `payload`.
pub async fn post(
    front: Front,
    Path(way): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let source = match admit(&front, &way) {
        Ok(source) => source,
        Err(Stranger::Unknown) => return plain(StatusCode::NOT_FOUND, "no_service"),
        Err(Stranger::WrongToken) => return plain(StatusCode::FORBIDDEN, "invalid_token"),
    };
    let Ok(body) = body else {
        front.doors.count.refuse(Code::TooLarge);
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large");
    };
    let is_form =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
    let draft = match payload(&body, is_form).and_then(|payload| draft(&payload)) {
        Ok(draft) => draft,
        Err(unfit) => {
            front.doors.count.refuse(Code::InvalidNotice);
            return plain(StatusCode::BAD_REQUEST, unfit.as_str());
        }
    };
    match take(&front, &source, vec![draft]).await {
        Ok(_) => plain(StatusCode::OK, "ok"),
        Err(refusal) => {
            front.doors.count.refuse(refusal.code);
            refused(refusal)
        }
    }
}

/// The payload: the body, or the field `payload` of a form. Tools that forget the content type send JSON all the same.
fn payload(body: &[u8], is_form: bool) -> Result<Value, Unfit> {
    if !is_form || body.trim_ascii_start().starts_with(b"{") {
        return serde_json::from_slice(body).map_err(|_| Unfit::InvalidPayload);
    }
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "payload");
    let (_, text) = field.ok_or(Unfit::InvalidPayload)?;
    serde_json::from_str(&text).map_err(|_| Unfit::InvalidPayload)
}

fn draft(payload: &Value) -> Result<Draft, Unfit> {
    let passed = passed::read(payload)?;
    let text = payload["text"].as_str().unwrap_or_default().chars().take(passed::KEPT).collect();
    let fields = [(PASSED.to_owned(), passed.kept)].into();
    Ok(Draft { kind: KIND.to_owned(), title: passed.title, text, fields, ..Draft::default() })
}

/// A refusal in Slack's words, which such tools know.
fn refused(refusal: Refusal) -> Response {
    let (status, word) = match refusal.code {
        Code::ForbiddenKind | Code::OtherProject => (StatusCode::FORBIDDEN, "action_prohibited"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        code if code.row().retryable => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        code if code.row().status.is_server_error() => (StatusCode::INTERNAL_SERVER_ERROR, "rollup_error"),
        _ => (StatusCode::BAD_REQUEST, "invalid_payload"),
    };
    let mut answer = plain(status, word);
    if let Some(seconds) = refusal.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn plain(status: StatusCode, word: &'static str) -> Response {
    (status, word).into_response()
}

#[cfg(test)]
mod tests {
    use super::{Unfit, draft, payload};

    #[test]
    fn a_payload_is_json_or_a_field_of_a_form() {
        let json = br#"{"text":"a & b"}"#;
        let form = b"channel=%23x&payload=%7B%22text%22%3A%22a+%26+b%22%7D";
        for (body, is_form) in [(&json[..], false), (json, true), (form, true)] {
            let title = payload(body, is_form).and_then(|payload| draft(&payload)).map(|draft| draft.title);
            assert_eq!(title.as_deref(), Ok("a & b"));
        }
        for (body, is_form) in [(&b"text"[..], false), (b"", false), (b"text=x", true), (b"payload=x", true)]
        {
            assert_eq!(payload(body, is_form), Err(Unfit::InvalidPayload));
        }
    }
}
