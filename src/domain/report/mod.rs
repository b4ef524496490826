//! Reports: what is told to a channel at a due time, and what a run ends with.
//!
//! A report's numbers are of whole days before the day it is due, in the zone of its schedule. Running one is `dispatch`'s;
//! here is what its template is given, which series its chart shows, and what is said when it cannot be made.

use std::time::Duration;

use serde_json::{Value, json};

use super::figures::{Figures, Point, Sum};
use super::ids::WorkspaceId;
use super::mrkdwn::escape;
use super::schedule::{DaySpan, Schedule};
use super::template::{Flaw, Template};
use super::time::Timestamp;

/// Days that a series covers at least: a chart of one day would be one bar.
pub const SERIES_DAYS: u8 = 14;

/// How late a report may begin and still count as in time: longer than a poll of the worker.
const PUNCTUAL: Duration = Duration::from_secs(120);

/// Kinds of notices whose amounts come in.
const REVENUE: [&str; 2] = ["invoice.paid", "subscription.renewed"];
/// Kinds of notices whose amounts go out again.
const REFUNDS: [&str; 1] = ["refund.issued"];

/// The templates that deskd brings along, by name.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("recap", include_str!("recap.txt")),
    ("deployments", include_str!("deployments.txt")),
    ("team", include_str!("team.txt")),
];

/// A report as configured.
#[derive(Clone, Debug)]
pub struct Report {
    /// What people type.
    pub name: String,
    /// What stands above it and its chart.
    pub title: String,
    /// When it is due.
    pub schedule: Schedule,
    /// Where it goes: `#name` or an id.
    pub channel: String,
    /// Its text.
    pub template: Template,
    /// How many days it is about.
    pub days: u8,
    /// A program whose output the template is given, too.
    pub command: Option<Program>,
    /// The series that is drawn: a path in what the template is given.
    pub chart: Option<String>,
    /// Whether it tells what was held for the morning in its channel.
    pub tells_held: bool,
}

/// A program that prints JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its path and arguments; no shell is asked.
    pub command: Vec<String>,
    /// How long it may take.
    pub patience: Duration,
}

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It has not run yet.
    New,
    /// The last run was handed over to be sent.
    Made,
    /// The last run could not be made; the channel was told so where there is one.
    Failed,
}

impl ReportState {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportState::New => "new",
            ReportState::Made => "made",
            ReportState::Failed => "failed",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<ReportState> {
        [ReportState::New, ReportState::Made, ReportState::Failed]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Why a run ended as it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was due.
    OnTime,
    /// It was due while nobody ran, and runs once now.
    Late,
    /// A person asked for it.
    Asked,
    /// The template made no text: there is nothing to tell.
    NothingToTell,
    /// The program did not do its work.
    Program(Broken),
    /// The template did not do its work.
    Template(Flaw),
    /// The channel is not known.
    NoChannel,
}

/// What a program did instead of printing JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// It is not there.
    NotFound,
    /// It may not be run.
    NotExecutable,
    /// It ended with this code.
    Exit(i32),
    /// A signal ended it.
    Killed,
    /// It took too long and was ended.
    TooSlow,
    /// It printed more than is read.
    TooMuch,
    /// What it printed is not JSON.
    NotJson,
    /// It could not be run for another reason.
    NotRun,
}

impl Why {
    /// Why a run that is due at `due` and begins at `now` runs.
    pub fn of_due(due: Timestamp, now: Timestamp) -> Why {
        if now.since(due) <= PUNCTUAL { Why::OnTime } else { Why::Late }
    }

    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Why::OnTime => "on_time",
            Why::Late => "late",
            Why::Asked => "asked",
            Why::NothingToTell => "nothing_to_tell",
            Why::Program(_) => "program_failed",
            Why::Template(_) => "template_failed",
            Why::NoChannel => "no_such_channel",
        }
    }

    /// Whether the report could not be made.
    pub fn is_failure(&self) -> bool {
        match self {
            Why::OnTime | Why::Late | Why::Asked | Why::NothingToTell => false,
            Why::Program(_) | Why::Template(_) | Why::NoChannel => true,
        }
    }

    /// The same as people read it. It holds nothing that a program printed or a template was given.
    pub fn sentence(&self) -> String {
        match self {
            Why::OnTime => "made when it was due".to_owned(),
            Why::Late => "made late: nobody ran when it was due".to_owned(),
            Why::Asked => "made because somebody asked for it".to_owned(),
            Why::NothingToTell => "its template made no text, so nothing was posted".to_owned(),
            Why::Program(broken) => format!("its program {}", broken.words()),
            Why::Template(flaw) => format!("its template failed: {flaw}"),
            Why::NoChannel => "its channel is not known; is the bot in it?".to_owned(),
        }
    }
}

impl Broken {
    fn words(self) -> String {
        match self {
            Broken::NotFound => "is not there".to_owned(),
            Broken::NotExecutable => "may not be run".to_owned(),
            Broken::Exit(code) => format!("ended with exit code {code}"),
            Broken::Killed => "was ended by a signal".to_owned(),
            Broken::TooSlow => "took too long and was ended".to_owned(),
            Broken::TooMuch => "printed too much".to_owned(),
            Broken::NotJson => "did not print JSON".to_owned(),
            Broken::NotRun => "could not be run".to_owned(),
        }
    }
}

/// The last due time of a report that tells what is held: until it has run, that is left to it.
pub fn taking(report: &Report, now: Timestamp) -> Option<Timestamp> {
    if report.tells_held { report.schedule.latest(now) } else { None }
}

/// What a template is given.
pub struct Given<'a> {
    /// When the run is due, or was asked for.
    pub due: Timestamp,
    /// The days it is about.
    pub span: &'a DaySpan,
    /// The desk's numbers.
    pub figures: &'a Figures,
    /// What its program printed; null without one.
    pub data: Value,
    /// Notices that were held for this morning, a line each.
    pub held: Vec<String>,
}

impl Report {
    /// The values that the template sees.
    pub fn values(&self, given: Given<'_>) -> Value {
        let figures = given.figures;
        let mut values = serde_json::to_value(figures).unwrap_or_default();
        let due = self.schedule.local(given.due);
        let due = due.map(|due| due.strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
        values["report"] = json!({ "name": self.name, "title": self.title, "due": due });
        values["from"] = json!(given.span.first.to_string());
        values["to"] = json!(given.span.last.to_string());
        values["days"] = json!(self.days);
        values["span"] = json!(span_name(given.span));
        values["revenue"] = sums(&figures.money(&REVENUE, &REFUNDS));
        values["received"] = sums(&figures.money(&REVENUE, &[]));
        values["refunded"] = sums(&figures.money(&REFUNDS, &[]));
        values["held"] = json!(given.held);
        values["data"] = given.data;
        values
    }

    /// What is said in place of a report that could not be made.
    pub fn excuse(&self, why: &Why) -> String {
        format!(
            ":warning: The report *{}* could not be made: {}.\nThe next one comes at its time; `deskd report run {}` tries it again.",
            escape(&self.title),
            escape(&why.sentence()),
            self.name
        )
    }

    /// What the send keys of a run begin with: the same due time gives the same keys.
    pub fn key(&self, workspace: &WorkspaceId, due: Timestamp) -> String {
        format!("report-{workspace}-{}-{}", self.name, due.0)
    }
}

/// The series at `path` in the values: a list of numbers, or of objects with `label` and `value`. A name may itself hold
/// dots, so the longest name that is there counts.
pub fn series(values: &Value, path: &str) -> Option<Vec<Point>> {
    let list = walk(values, path)?.as_array()?;
    list.iter().enumerate().map(|(at, item)| point(at, item)).collect()
}

fn walk<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let mut ends: Vec<usize> = path.match_indices('.').map(|(at, _)| at).collect();
    ends.reverse();
    ends.into_iter().find_map(|end| walk(value.get(&path[..end])?, &path[end + 1..]))
}

fn point(at: usize, item: &Value) -> Option<Point> {
    let number = |value: &Value| match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    };
    match item {
        Value::Object(fields) => {
            let label = match fields.get("label") {
                Some(Value::String(label)) => label.clone(),
                Some(other) => other.to_string(),
                None => (at + 1).to_string(),
            };
            Some(Point { label, value: number(fields.get("value")?)? })
        }
        other => Some(Point { label: (at + 1).to_string(), value: number(other)? }),
    }
}

fn sums(sums: &[Sum]) -> Value {
    serde_json::to_value(sums).unwrap_or_default()
}

/// `Friday, 20 November 2026`, or `16 to 22 November 2026`.
fn span_name(span: &DaySpan) -> String {
    let (first, last) = (span.first, span.last);
    let long = |date: jiff::civil::Date| date.strftime("%-d %B %Y").to_string();
    if first == last {
        return last.strftime("%A, %-d %B %Y").to_string();
    }
    match (first.year() == last.year(), first.month() == last.month()) {
        (true, true) => format!("{} to {}", first.day(), long(last)),
        (true, false) => format!("{} to {}", first.strftime("%-d %B"), long(last)),
        (false, _) => format!("{} to {}", long(first), long(last)),
    }
}

#[cfg(test)]
mod tests;
