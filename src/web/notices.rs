//! Notices: what systems hand in. Success means stored.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::{Front, ourselves};
use crate::domain::notice::Draft;
use crate::domain::notice::draft;
use std::collections::BTreeMap;

/// A notice as a caller writes it. The fields are those of `Draft`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoticeBody {
    kind: String,
    severity: String,
    status: String,
    title: String,
    text: String,
    link: String,
    fields: BTreeMap<String, Scalar>,
    key: String,
    at: Option<Scalar>,
    since: Option<Scalar>,
    to: Vec<String>,
}

/// A text, a number or a truth: all are kept as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number, as it was written.
    Number(serde_json::Number),
    /// Yes or no.
    Truth(bool),
}

impl Scalar {
    fn into_text(self) -> String {
        match self {
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
            Scalar::Truth(truth) => truth.to_string(),
        }
    }
}

impl NoticeBody {
    /// As what is checked.
    pub fn draft(self) -> Draft {
        let NoticeBody { kind, severity, status, title, text, link, fields, key, at, since, to } = self;
        let words = |scalar: Option<Scalar>| scalar.map(Scalar::into_text).unwrap_or_default();
        let fields = fields.into_iter().map(|(name, value)| (name, value.into_text())).collect();
        let (at, since) = (words(at), words(since));
        Draft { kind, severity, status, title, text, link, fields, key, at, since, to }
    }
}

/// One notice or many.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Bodies {
    /// Many.
    Many(Vec<NoticeBody>),
    /// One.
    One(Box<NoticeBody>),
}

/// What became of the notices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// That they are stored.
    pub ok: bool,
    /// One for each, in order.
    pub notices: Vec<TakenNotice>,
}

/// A notice that is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakenNotice {
    /// Its row.
    pub id: i64,
    /// Its problem's row.
    pub problem: i64,
    /// What it is to its problem: `begins`, `adds`, `ends`, `repeats` or `ends_nothing`.
    pub effect: String,
}

/// `POST /v1/notices`.
pub async fn submit(
    State(front): State<Front>,
    ConnectInfo(_caller): ConnectInfo<Caller>,
    Given(bodies): Given<Bodies>,
) -> Result<Json<Taken>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let bodies = match bodies {
        Bodies::One(one) => vec![*one],
        Bodies::Many(many) => many,
    };
    let drafts: Vec<Draft> = bodies.into_iter().map(NoticeBody::draft).collect();
    let taken = front.inlet.submit(workspace, &drafts, "local", (front.now)()).await;
    let accepted = taken?.map_err(|refused| {
        let all: Vec<String> = refused.iter().map(|(at, no)| told(*at, no, drafts.len())).collect();
        Refusal::new(Code::BadRequest, all.join("; "))
    })?;
    let notices = accepted.iter().map(|accepted| TakenNotice {
        id: accepted.id.0,
        problem: accepted.problem.0,
        effect: accepted.effect.as_str().to_owned(),
    });
    Ok(Json(Taken { ok: true, notices: notices.collect() }))
}

fn told(at: usize, refusal: &draft::Refusal, count: usize) -> String {
    let which = if count > 1 { format!("notice {}: ", at + 1) } else { String::new() };
    format!("{which}{} ({}): {}", refusal.field, refusal.code, refusal.reason)
}
