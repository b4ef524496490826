//! Silences: what somebody does not want to be told for a while.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::Front;
use super::arguments::{Asked, Given, Numbered};
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::ground::{Ground, ground};
use super::handling::Nothing;
use super::source::Source;
use crate::config::span;
use crate::domain::notice::draft;
use crate::domain::route::Matcher;
use crate::domain::time::Timestamp;
use crate::store::silences::Silenced;

/// Longest reason, in characters.
const REASON: usize = 500;

/// A silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceRow {
    /// Its number.
    pub id: i64,
    /// The project whose notices alone it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Names and the values each may have.
    #[serde(rename = "match")]
    pub matcher: BTreeMap<String, Vec<String>>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub made_by: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// When it ends, RFC 3339.
    pub until: String,
    /// Who ended it before its time; empty for nobody.
    pub ended_by: String,
}

/// A silence as a caller asks for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(rename = "match")]
    matcher: BTreeMap<String, Vec<String>>,
    /// How long, as in `2h`, or an instant in RFC 3339.
    until: String,
    #[serde(default)]
    reason: String,
}

/// Which silences to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    all: bool,
}

/// What became of ending one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expired {
    /// Always true.
    pub ok: bool,
    /// Its number.
    pub id: i64,
    /// Whether it held until now.
    pub changed: bool,
}

/// `GET /v1/silences`: newest first. `all=true` includes what is over.
pub async fn list(
    front: Front,
    source: Source,
    Asked(Filter { all }): Asked<Filter>,
) -> Result<Json<Vec<SilenceRow>>, Refusal> {
    let now = (front.now)();
    let found = match ground(&front, &source).await? {
        Ground::Space(space) => space.silences(all, now).await?,
        Ground::Plot(plot) => plot.silences(all, now).await?,
    };
    Ok(Json(found.into_iter().map(row).collect()))
}

/// `POST /v1/silences`.
pub async fn add(
    front: Front,
    source: Source,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(wanted): Given<Wanted>,
) -> Result<Json<SilenceRow>, Refusal> {
    let ground = ground(&front, &source).await?;
    let by = source.actor(&caller);
    let now = (front.now)();
    let until = end(&wanted.until, now)?;
    let pairs: Vec<(String, Vec<String>)> = wanted.matcher.into_iter().collect();
    let matcher = Matcher::of(&pairs).map_err(Refusal::bad)?;
    if matcher.is_empty() || pairs.iter().any(|(_, values)| values.is_empty()) {
        let what = "a silence has to say what it is about; hint: --match kind=alert,system=db-1";
        return Err(Refusal::bad(what));
    }
    if wanted.reason.chars().count() > REASON {
        return Err(Refusal::bad(format!("the reason is longer than {REASON} characters")));
    }
    let mut silence = Silenced {
        id: 0,
        project: None,
        pairs,
        reason: wanted.reason.trim().to_owned(),
        made_by: by.word(),
        made_at: now,
        until,
        ended_by: String::new(),
    };
    silence.id = match ground {
        Ground::Space(space) => space.add_silence(silence.clone(), by).await?,
        Ground::Plot(plot) => {
            silence.project = Some(plot.name().clone());
            plot.add_silence(silence.clone(), by).await?
        }
    };
    Ok(Json(row(silence)))
}

/// `POST /v1/silences/{number}/expire`.
pub async fn expire(
    front: Front,
    source: Source,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(id): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Expired>, Refusal> {
    let (by, now) = (source.actor(&caller), (front.now)());
    let ended = match ground(&front, &source).await? {
        Ground::Space(space) => space.expire_silence(id, by, now).await?,
        Ground::Plot(plot) => plot.expire_silence(id, by, now).await?,
    };
    match ended {
        Some(changed) => Ok(Json(Expired { ok: true, id, changed })),
        None => {
            let what = format!("there is no silence {id}; hint: deskd silence list --all");
            Err(Refusal::new(Code::NothingKnown, what))
        }
    }
}

fn end(text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    let until = span::parse(text).map(|span| now.plus(span)).or_else(|| draft::time(text));
    match until {
        Some(until) if until > now => Ok(until),
        Some(_) => Err(Refusal::bad("that is over already; hint: --until 2h, or an instant ahead")),
        None => Err(Refusal::bad("no end is given; hint: --until 2h, or --until 2026-11-21T18:00:00Z")),
    }
}

fn row(silence: Silenced) -> SilenceRow {
    let Silenced { id, project, pairs, reason, made_by, made_at, until, ended_by } = silence;
    SilenceRow {
        id,
        project: project.map(|name| name.0),
        matcher: pairs.into_iter().collect(),
        reason,
        made_by,
        made_at: made_at.to_string(),
        until: until.to_string(),
        ended_by,
    }
}
