//! Every way in which the local API says no: one registry of codes, one shape of answer.
//!
//! Messages are written for whoever called and end with a next step. What went wrong inside stays in the log, found by
//! the `trace_id` of the answer.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::warn;
use uuid::Uuid;

use crate::dispatch::submit::NotTaken;
use crate::slack::outcome::Failure;
use crate::store::StoreError;

/// What went wrong, as a stable word that programs may compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An argument is missing, of the wrong type, or means nothing.
    BadRequest,
    /// The request is not understood as HTTP: wrong method, wrong content type.
    BadMethod,
    /// There is no such address.
    NoSuchRoute,
    /// The bearer token is missing or wrong.
    Unauthorised,
    /// The `Host` header names something that is not this machine.
    WrongHost,
    /// The body is larger than any request of this kind should be.
    TooLarge,
    /// There is no task with this number.
    NoSuchTask,
    /// There is no such channel.
    NoSuchChannel,
    /// There is no such contact.
    NoSuchContact,
    /// There is no such person in Slack.
    NoSuchPerson,
    /// There is no such row in the outbox.
    NoSuchSend,
    /// There is no such category.
    NoSuchCategory,
    /// There is no such report.
    NoSuchReport,
    /// The reference points at nothing that is stored.
    NothingKnown,
    /// What is asked for does not fit the present state.
    WrongState,
    /// There is no such notice.
    NoSuchNotice,
    /// There is no such heartbeat.
    NoSuchHeartbeat,
    /// A notice cannot be taken as it is.
    InvalidNotice,
    /// There is no such kind of notice.
    UnknownKind,
    /// There are more notices in one request than are taken at once.
    TooMany,
    /// This caller may not use this kind, or this address.
    ForbiddenKind,
    /// This caller hands in more than its rate.
    RateLimited,
    /// There is no webhook of this name.
    NoSuchWebhook,
    /// The key of the secrets is missing or another one.
    SecretsLocked,
    /// We do not know yet which workspace we work in.
    NoWorkspace,
    /// We are in several workspaces, and it was not said which is meant.
    WhichWorkspace,
    /// We are in no workspace of this name.
    NoSuchWorkspace,
    /// The workspace was disconnected.
    NotConfigured,
    /// This is no bot token.
    WrongToken,
    /// A token is not allowed what deskd needs.
    MissingScopes,
    /// Slack said no.
    SlackRefused,
    /// Slack could not be reached, or asked us to wait.
    SlackAway,
    /// The database could not do it now.
    DatabaseAway,
    /// The database cannot do it.
    DatabaseBroken,
    /// It took too long.
    TooSlow,
}

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What programs compare; never changes.
    pub word: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

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

impl Code {
    /// All of them.
    pub const ALL: [Code; 35] = [
        Code::BadRequest,
        Code::BadMethod,
        Code::NoSuchRoute,
        Code::Unauthorised,
        Code::WrongHost,
        Code::TooLarge,
        Code::NoSuchTask,
        Code::NoSuchChannel,
        Code::NoSuchContact,
        Code::NoSuchPerson,
        Code::NoSuchSend,
        Code::NoSuchCategory,
        Code::NoSuchReport,
        Code::NothingKnown,
        Code::WrongState,
        Code::NoSuchNotice,
        Code::NoSuchHeartbeat,
        Code::InvalidNotice,
        Code::UnknownKind,
        Code::TooMany,
        Code::ForbiddenKind,
        Code::RateLimited,
        Code::NoSuchWebhook,
        Code::SecretsLocked,
        Code::NoWorkspace,
        Code::WhichWorkspace,
        Code::NoSuchWorkspace,
        Code::NotConfigured,
        Code::WrongToken,
        Code::MissingScopes,
        Code::SlackRefused,
        Code::SlackAway,
        Code::DatabaseAway,
        Code::DatabaseBroken,
        Code::TooSlow,
    ];

    /// The registry.
    pub fn row(self) -> Row {
        let (word, status, retryable) = match self {
            Code::BadRequest => ("bad_request", StatusCode::BAD_REQUEST, false),
            Code::BadMethod => ("bad_method", StatusCode::METHOD_NOT_ALLOWED, false),
            Code::NoSuchRoute => ("no_such_route", StatusCode::NOT_FOUND, false),
            Code::Unauthorised => ("unauthorised", StatusCode::UNAUTHORIZED, false),
            Code::WrongHost => ("wrong_host", StatusCode::FORBIDDEN, false),
            Code::TooLarge => ("too_large", StatusCode::PAYLOAD_TOO_LARGE, false),
            Code::NoSuchTask => ("no_such_task", StatusCode::NOT_FOUND, false),
            Code::NoSuchChannel => ("no_such_channel", StatusCode::NOT_FOUND, false),
            Code::NoSuchContact => ("no_such_contact", StatusCode::NOT_FOUND, false),
            Code::NoSuchPerson => ("no_such_person", StatusCode::NOT_FOUND, false),
            Code::NoSuchSend => ("no_such_send", StatusCode::NOT_FOUND, false),
            Code::NoSuchCategory => ("no_such_category", StatusCode::BAD_REQUEST, false),
            Code::NoSuchReport => ("no_such_report", StatusCode::NOT_FOUND, false),
            Code::NothingKnown => ("nothing_known", StatusCode::NOT_FOUND, false),
            Code::WrongState => ("wrong_state", StatusCode::CONFLICT, false),
            Code::NoSuchNotice => ("no_such_notice", StatusCode::NOT_FOUND, false),
            Code::NoSuchHeartbeat => ("no_such_heartbeat", StatusCode::NOT_FOUND, false),
            Code::InvalidNotice => ("invalid_notice", StatusCode::BAD_REQUEST, false),
            Code::UnknownKind => ("unknown_kind", StatusCode::BAD_REQUEST, false),
            Code::TooMany => ("too_many", StatusCode::BAD_REQUEST, false),
            Code::ForbiddenKind => ("forbidden_kind", StatusCode::FORBIDDEN, false),
            Code::RateLimited => ("rate_limited", StatusCode::TOO_MANY_REQUESTS, true),
            Code::NoSuchWebhook => ("no_such_webhook", StatusCode::NOT_FOUND, false),
            Code::SecretsLocked => ("secrets_locked", StatusCode::CONFLICT, false),
            Code::NoWorkspace => ("no_workspace", StatusCode::SERVICE_UNAVAILABLE, true),
            Code::WhichWorkspace => ("which_workspace", StatusCode::BAD_REQUEST, false),
            Code::NoSuchWorkspace => ("no_such_workspace", StatusCode::NOT_FOUND, false),
            Code::NotConfigured => ("not_configured", StatusCode::CONFLICT, false),
            Code::WrongToken => ("wrong_token", StatusCode::BAD_REQUEST, false),
            Code::MissingScopes => ("missing_scopes", StatusCode::CONFLICT, false),
            Code::SlackRefused => ("slack_refused", StatusCode::BAD_GATEWAY, false),
            Code::SlackAway => ("slack_away", StatusCode::SERVICE_UNAVAILABLE, true),
            Code::DatabaseAway => ("database_away", StatusCode::SERVICE_UNAVAILABLE, true),
            Code::DatabaseBroken => ("database_broken", StatusCode::INTERNAL_SERVER_ERROR, false),
            Code::TooSlow => ("too_slow", StatusCode::GATEWAY_TIMEOUT, true),
        };
        Row { word, status, retryable }
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
        let Row { word, status, retryable } = self.code.row();
        let trace_id = Uuid::new_v4().simple().to_string();
        if status.is_server_error() {
            warn!(code = word, trace_id, "A request failed: {word}");
        }
        let code = word.to_owned();
        let Refusal { message, problems, retry_after, code: _ } = self;
        let answer = RefusalDocument { ok: false, code, message, retryable, trace_id, problems };
        let mut answer = (status, Json(answer)).into_response();
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
