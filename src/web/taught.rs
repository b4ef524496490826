//! What was taught and what came of it: how good the judgements were, words worth configuring, examples out and in.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::ConnectInfo;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::arguments::{Asked, Given};
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::replay::start;
use super::{Front, ourselves};
use crate::domain::classify::{Compiled, Learn};
use crate::domain::ids::{TaskNumber, WorkspaceId};
use crate::domain::learn::report::{Outcome, Report, Window, report as made};
use crate::domain::learn::suggest::{Looked, Suggestion, suggest as proposed, toml};
use crate::domain::learn::tsv::{self, Line};
use crate::domain::learn::{Basis, Example, Source};
use crate::domain::time::Timestamp;
use crate::store::examples::{About, Imported, Kept};
use crate::store::judgements::Judged;

/// How far back a report looks when nobody says.
const SINCE: &str = "30d";
/// Examples of an import that are stored in one transaction: events are recorded between two.
const BATCH: usize = 200;

/// What a report is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Since when: a span or an instant.
    since: Option<String>,
    /// The IANA zone in which days begin; UTC when none is given.
    zone: Option<String>,
}

/// How good the judgements were.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportDocument {
    /// Always true.
    pub ok: bool,
    /// Since when, RFC 3339.
    pub since: String,
    /// `on`, `shadow` or `off`.
    pub learn: String,
    /// Tasks that were judged; of those not in `judged` nobody has said what is right.
    pub tasks: usize,
    /// The figures.
    #[serde(flatten)]
    pub report: Report,
}

/// Words worth configuring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuggestDocument {
    /// Always true.
    pub ok: bool,
    /// Examples that were looked at.
    pub examples: usize,
    /// By category.
    pub suggestions: Vec<Suggestion>,
    /// The same as TOML, to be pasted into `config.toml`.
    pub toml: String,
}

/// The examples that people taught.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExamplesDocument {
    /// Always true.
    pub ok: bool,
    /// How many.
    pub examples: usize,
    /// One per line: category, tab, text.
    pub tsv: String,
}

/// Examples to be learned.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// One per line: category, tab, text.
    pub tsv: String,
}

/// What an import did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportedDocument {
    /// Always true.
    pub ok: bool,
    /// Examples that are new.
    pub new: usize,
    /// Examples that were there.
    pub known: usize,
    /// Lines that cannot be read, by number.
    pub wrong: Vec<WrongLine>,
    /// Categories of the file that are not configured: their examples wait until they are.
    pub waiting: Vec<String>,
    /// What whoever did it should know.
    pub remark: Option<String>,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongLine {
    /// Its number, counted from one.
    pub line: usize,
    /// What is wrong with it; never what stands in it.
    pub why: String,
}

/// `GET /v1/triage/report?since=30d&zone=Europe/Vilnius`.
pub async fn report(
    front: Front,
    Asked(Period { since, zone }): Asked<Period>,
) -> Result<Json<ReportDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let now = (front.now)();
    let from = start(since.as_deref().unwrap_or(SINCE), now)?;
    let zone = match zone.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| {
            Refusal::bad(format!("{name:?} is no time zone; hint: for instance Europe/Vilnius"))
        })?,
    };
    let judged = front.store.of(&workspace).judgements(from).await?;
    let basis = Basis::of(front.learned.rules.borrow().rules());
    let (tasks, outcomes) = outcomes(judged, &basis);
    let taught = front.store.of(&workspace).taught().await?.under(|name| basis.current(name).to_owned());
    // What was judged at this very instant is a part of it.
    let window = Window { from, to: Timestamp(now.0.saturating_add(1)), zone };
    let learn = front.learned.policy.borrow().learn;
    Ok(Json(ReportDocument {
        ok: true,
        since: from.to_string(),
        learn: word(learn).to_owned(),
        tasks,
        report: made(&outcomes, &taught, &window),
    }))
}

/// The examples of categories, each under the name that its category has now.
async fn kept(front: &Front, workspace: &WorkspaceId) -> Result<Vec<Kept>, Refusal> {
    let basis = Basis::of(front.learned.rules.borrow().rules());
    let rows = front.store.of(workspace).examples(About::Category, 0).await?.rows;
    Ok(rows.into_iter().map(|kept| Kept { example: basis.renamed(kept.example), ..kept }).collect())
}

/// `GET /v1/triage/suggest`.
pub async fn suggest(front: Front) -> Result<Json<SuggestDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let kept = kept(&front, &workspace).await?;
    let compiled = front.learned.rules.borrow().clone();
    let work = move || words_worth(&kept, &compiled);
    beside(work).await.map(Json)
}

/// `GET /v1/triage/examples`: what people said, here or in a file. What silence and language models said stays.
pub async fn export(front: Front) -> Result<Json<ExamplesDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let said: Vec<Line> = kept(&front, &workspace)
        .await?
        .into_iter()
        .filter(|kept| matches!(kept.source, Source::Person | Source::Imported))
        .map(line)
        .collect();
    Ok(Json(ExamplesDocument { ok: true, examples: said.len(), tsv: tsv::written(&said) }))
}

/// `POST /v1/triage/examples`: lines that cannot be read are named and harm no other; what is there already stays as it is.
pub async fn import(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Lines { tsv }): Given<Lines>,
) -> Result<Json<ImportedDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let table = tsv::lines(&tsv);
    let wrong: Vec<WrongLine> =
        table.wrong.iter().map(|(line, why)| WrongLine { line: *line, why: why.to_string() }).collect();
    let basis = Basis::of(front.learned.rules.borrow().rules());
    let lines: Vec<Line> =
        table.rows.into_iter().map(|line| Line { example: basis.renamed(line.example), ..line }).collect();
    let waiting = waiting(&lines, &basis);
    let rows = foreseen(&front, &workspace, lines, basis).await?;
    let all = rows.len();
    let mut new = 0;
    for batch in rows.chunks(BATCH) {
        let (actor, now) = (caller.actor(), (front.now)());
        new += front.store.of(&workspace).import_examples(batch.to_vec(), actor, now).await?;
    }
    (front.learned.learn)();
    info!(new, "Imported {new} examples");
    let learns = front.learned.policy.borrow().learns();
    let remark = (!learns)
        .then(|| "they are kept; nothing is learned from them: [triage] learn is \"off\"".to_owned());
    Ok(Json(ImportedDocument { ok: true, new, known: all - new, wrong, waiting, remark }))
}

/// The first judgement of each task whose right category is known by now: what was said of it before anything could be
/// learned from it. Also how many tasks were judged.
fn outcomes(judged: Vec<Judged>, basis: &Basis) -> (usize, Vec<Outcome>) {
    let mut seen: BTreeSet<TaskNumber> = BTreeSet::new();
    let first = judged.into_iter().filter(|judged| seen.insert(judged.task)).collect::<Vec<_>>();
    let count = first.len();
    // What was no request is of no category, and so says nothing about them.
    let known = first.into_iter().filter_map(|judged| {
        let right = judged.truth.clone().filter(|truth| !truth.is_empty())?;
        Some(outcome(judged, basis.current(&right).to_owned(), basis))
    });
    (count, known.collect())
}

fn outcome(judged: Judged, right: String, basis: &Basis) -> Outcome {
    let Judged { at, category: acted, confidence, learned, learned_confidence, truth_by, .. } = judged;
    let [acted, learned] = [acted, learned].map(|name| basis.current(&name).to_owned());
    let (said, confidence) =
        if learned.is_empty() { (acted.clone(), confidence) } else { (learned, learned_confidence) };
    Outcome {
        at,
        said,
        confidence: confidence as f32,
        acted,
        right,
        told: truth_by == Source::Person.as_str(),
    }
}

fn words_worth(kept: &[Kept], compiled: &Compiled) -> SuggestDocument {
    let texts: Vec<(Vec<String>, &str)> = kept
        .iter()
        .filter(|kept| kept.is_request)
        .map(|kept| (kept.example.texts().into_iter().map(str::to_owned).collect(), kept.example.category()))
        .collect();
    let looked: Vec<Looked<'_>> = texts.iter().map(|(texts, category)| Looked { texts, category }).collect();
    let suggestions = proposed(&looked, compiled);
    let toml = toml(&suggestions, compiled.rules());
    SuggestDocument { ok: true, examples: looked.len(), suggestions, toml }
}

fn line(kept: Kept) -> Line {
    Line { example: kept.example, is_request: kept.is_request }
}

/// The categories of lines that the configuration does not have.
fn waiting(lines: &[Line], basis: &Basis) -> Vec<String> {
    let requests = lines.iter().filter(|line| line.is_request);
    let names: BTreeSet<&str> = requests.map(|line| line.example.category()).collect();
    let is_known = |name: &&str| basis.categories.iter().any(|known| known == name);
    names.into_iter().filter(|name| !is_known(name)).map(str::to_owned).collect()
}

/// The lines with what a model would have said of each that knew what was taught before it: confidence is learned from that.
async fn foreseen(
    front: &Front,
    workspace: &WorkspaceId,
    lines: Vec<Line>,
    basis: Basis,
) -> Result<Vec<Imported>, Refusal> {
    let kept = kept(front, workspace).await?;
    let work = move || {
        let is_request: Vec<bool> = lines.iter().map(|line| line.is_request).collect();
        let before: Vec<Example> =
            kept.into_iter().filter(|kept| kept.is_request).map(|kept| kept.example).collect();
        let new: Vec<Example> = lines.into_iter().map(|line| line.example).collect();
        let told = basis.foresee(&before, &new);
        let imported = |(example, is_request)| Imported { example, is_request };
        told.into_iter().zip(is_request).map(imported).collect::<Vec<Imported>>()
    };
    beside(work).await
}

/// Does what takes a while beside the requests of others.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    // It ends without an answer only when the daemon does.
    let stopped = || Refusal::new(Code::TooSlow, "deskd is stopping; hint: try again in a moment");
    tokio::task::spawn_blocking(work).await.map_err(|_| stopped())
}

fn word(learn: Learn) -> &'static str {
    Learn::WORDS.iter().find(|(_, known)| *known == learn).map_or("off", |(word, _)| word)
}
