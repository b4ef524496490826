//! How the local API says no: a word of the registry, one shape of answer.
//!
//! Messages are written for whoever called and end with a next step. What went wrong inside stays in the log, found by
//! the `trace_id` of the answer.

use axum::Json;
use axum::extract::Request;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use super::numbered::{Numbered, caught};
pub use super::registry::{Code, Row};
use crate::dispatch::submit::NotTaken;
use crate::slack::outcome::Failure;
use crate::store::StoreError;

/// The answer to a request that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What went wrong.
    pub code: Code,
    /// For whoever called: what, and what to do about it.
    pub message: String,
    /// What is wrong with each notice, where notices were handed in.
    pub problems: Vec<FieldProblem>,
    /// In how many seconds it is worth trying again, where that is known.
    pub retry_after: Option<u64>,
}

/// What is wrong with one field of one notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// Which notice of the request, counted from 1.
    pub notice: usize,
    /// The field, for instance `fields.amount`.
    pub field: String,
    /// A word that never changes, for instance `missing`.
    pub code: String,
    /// The reason and the next step as people read them.
    pub reason: String,
}

/// A refusal as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalDocument {
    /// Always false.
    pub ok: bool,
    /// The word of the registry.
    pub code: String,
    /// For whoever called.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Finds the request in the log.
    pub trace_id: String,
    /// What is wrong with each notice, where notices were handed in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldProblem>,
}

/// Goes along with an answer that says no: what it says, for whoever has to say it otherwise.
#[derive(Clone)]
struct Said {
    code: Code,
    trace_id: String,
}

/// Says no by number and meaning where strangers may read it, as under `/slack`: everything under `/api/slack`. Everywhere else
/// a panic is the end of one request and is said in words.
pub async fn by_number(request: Request, next: Next) -> Response {
    let numbered = request.uri().path().starts_with("/api/slack");
    let answer = match caught(request, next).await {
        Ok(answer) => answer,
        Err(trace_id) if numbered => return Numbered(Code::Internal).traced(&trace_id),
        Err(trace_id) => {
            let what = format!("something went wrong inside; hint: the log has it under {trace_id}");
            return Refusal::new(Code::Internal, what).into_response();
        }
    };
    if !numbered || answer.status().is_success() {
        return answer;
    }
    match answer.extensions().get::<Said>() {
        Some(Said { code, trace_id }) => Numbered(*code).traced(trace_id),
        None => Numbered::of_status(answer.status()).into_response(),
    }
}

impl Refusal {
    /// A refusal with its message.
    pub fn new(code: Code, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), problems: Vec::new(), retry_after: None }
    }

    /// An argument that means nothing.
    pub fn bad(message: impl Into<String>) -> Refusal {
        Refusal::new(Code::BadRequest, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Row { word, status, retryable, .. } = self.code.row();
        let trace_id = Uuid::new_v4().simple().to_string();
        if status.is_server_error() {
            warn!(code = word, trace_id, "A request failed: {word}");
        }
        let code = word.to_owned();
        let Refusal { message, problems, retry_after, code: _ } = self;
        let answer = RefusalDocument { ok: false, code, message, retryable, trace_id, problems };
        let said = Said { code: self.code, trace_id: answer.trace_id.clone() };
        let mut answer = (status, Json(answer)).into_response();
        answer.extensions_mut().insert(said);
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

impl From<StoreError> for Refusal {
    fn from(problem: StoreError) -> Refusal {
        let code = match &problem {
            StoreError::Sealed(_) => Code::SecretsLocked,
            StoreError::Left => Code::NotConnected,
            StoreError::Full | StoreError::Locked | StoreError::InUse(_) | StoreError::Disk => {
                Code::DatabaseAway
            }
            StoreError::ReadOnly
            | StoreError::Corrupt
            | StoreError::CannotOpen(_)
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::Unreadable { .. }
            | StoreError::File { .. }
            | StoreError::NoRandomness
            | StoreError::Sql { .. } => Code::DatabaseBroken,
        };
        let told = problem.to_string();
        let hint = if told.contains("hint:") { "" } else { "; hint: run \"deskd doctor\"" };
        Refusal::new(code, format!("{told}{hint}"))
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        let (code, hint) = match &failure {
            Failure::RateLimited { .. } | Failure::Unreachable { .. } | Failure::Unknown { .. } => {
                (Code::SlackAway, "try again in a moment, or run \"deskd doctor\"")
            }
            Failure::Token { .. } | Failure::Refused { .. } => (Code::SlackRefused, "run \"deskd doctor\""),
        };
        Refusal::new(code, format!("{}; hint: {hint}", failure.sentence()))
    }
}

impl From<NotTaken> for Refusal {
    fn from(problem: NotTaken) -> Refusal {
        match problem {
            NotTaken::NoTask(number) => super::tasks::no_task(number),
            NotTaken::Empty => Refusal::bad("the reply is empty; hint: deskd reply 12 \"text\""),
            NotTaken::TooLong => Refusal::bad(format!("{problem}; hint: share a file or a link instead")),
            NotTaken::Store(problem) => problem.into(),
        }
    }
}
