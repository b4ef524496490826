//! Scheduled reports: where they stand, and running one at any time.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::errors::{Code, Refusal};
use super::tasks::time;
use super::{Front, ourselves};
use crate::dispatch::report::{Listed, Made};
use crate::domain::report::{Report, Why};
use crate::domain::upload::ChartState;

/// A report as listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportRow {
    /// What people type.
    pub name: String,
    /// What stands above it.
    pub title: String,
    /// When it is due, as configured, with its zone.
    pub schedule: String,
    /// Where it goes, as configured.
    pub channel: String,
    /// When it is due next, RFC 3339; nothing when it is over. In the past, it waits for what `sentence` says.
    pub next_at: Option<String>,
    /// How the last run ended: `new`, `made` or `failed`.
    pub state: String,
    /// Why, as a stable word.
    pub reason: Option<String>,
    /// The same as people read it.
    pub sentence: Option<String>,
    /// When the last run was, RFC 3339.
    pub ran_at: Option<String>,
    /// When the last run was due, RFC 3339; nothing when it was asked for.
    pub due_at: Option<String>,
    /// Where its last chart stands: `waiting`, `shared`, `failed` or `unknown`.
    pub chart: Option<String>,
    /// Why the chart stands there: a stable word or Slack's error name.
    pub chart_reason: Option<String>,
}

/// How to run a report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    #[serde(default)]
    dry_run: bool,
}

/// What running a report made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ran {
    /// Whether it could be made.
    pub ok: bool,
    /// The report.
    pub name: String,
    /// Where it goes, as configured.
    pub channel: String,
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// Its text as Slack encodes it; empty when there is nothing to tell.
    pub text: String,
    /// The size of its chart in bytes; nothing without one.
    pub chart_bytes: Option<usize>,
    /// Why it is what it is, as a stable word.
    pub reason: String,
    /// The same as people read it.
    pub sentence: String,
    /// Its rows in the outbox.
    pub sends: Vec<i64>,
}

/// `GET /v1/reports`: in the order of the configuration.
pub async fn list(front: Front) -> Result<Json<Vec<ReportRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let listed = front.reports.list(&workspace, (front.now)()).await?;
    Ok(Json(listed.into_iter().map(row).collect()))
}

/// `POST /v1/reports/recap/run`.
pub async fn run(
    front: Front,
    Path(name): Path<String>,
    Given(Wish { dry_run }): Given<Wish>,
) -> Result<Json<Ran>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let report = front.reports.find(&name).ok_or_else(|| no_report(&front, &name))?;
    let now = (front.now)();
    if dry_run {
        let made = front.reports.make(&workspace, &report, now, Why::Asked).await?;
        return Ok(Json(ran(&report, made, Vec::new(), dry_run)));
    }
    match front.reports.run(&workspace, &report, now).await? {
        Some((made, sends)) => {
            Ok(Json(ran(&report, made, sends.iter().map(|send| send.0).collect(), dry_run)))
        }
        None => {
            let what = format!("the channel {} of this report is not known", report.channel);
            let hint = "see \"deskd channels list\"; a private channel is known once the bot is in it";
            Err(Refusal::new(Code::NoSuchChannel, format!("{what}; hint: {hint}")))
        }
    }
}

fn no_report(front: &Front, name: &str) -> Refusal {
    let names = front.reports.names();
    let hint = match names.is_empty() {
        true => "none is configured: see [recap] and [[report]] in config.toml.example".to_owned(),
        false => format!("there are {}", names.join(", ")),
    };
    let name: String = name.chars().take(40).collect();
    Refusal::new(Code::NoSuchReport, format!("there is no report {name:?}; hint: {hint}"))
}

fn ran(report: &Report, made: Made, sends: Vec<i64>, dry_run: bool) -> Ran {
    Ran {
        ok: !made.why.is_failure(),
        name: report.name.clone(),
        channel: report.channel.clone(),
        dry_run,
        text: made.text,
        chart_bytes: made.chart.map(|png| png.len()),
        reason: made.why.code().to_owned(),
        sentence: made.why.sentence(),
        sends,
    }
}

fn row(Listed { report, standing, next }: Listed) -> ReportRow {
    let filled = |text: String| (!text.is_empty()).then_some(text);
    let (chart, chart_reason) = match standing.chart {
        Some((state, reason)) => (Some(state), filled(reason)),
        None => (None, None),
    };
    ReportRow {
        name: report.name,
        title: report.title,
        schedule: report.schedule.to_string(),
        channel: report.channel,
        next_at: time(next),
        state: standing.state.as_str().to_owned(),
        reason: filled(standing.reason),
        sentence: filled(standing.sentence),
        ran_at: time(standing.ran_at),
        due_at: time(standing.due_at),
        chart: chart.map(ChartState::as_str).map(str::to_owned),
        chart_reason,
    }
}
