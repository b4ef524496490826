//! Reports: made when they are due, or when a person asks, and handed to the outbox.
//!
//! A run reads (the desk's numbers, a program) and then writes once: its due time is dealt with, its message and its chart
//! are stored. A crash before that runs it again and doubles nothing, because its send keys come from its due time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::sync::watch;
use tracing::{info, warn};
use uuid::Uuid;

use super::program;
use crate::domain::chart;
use crate::domain::figures::Figures;
use crate::domain::ids::{ChannelId, SendId, WorkspaceId};
use crate::domain::message::Ourselves;
use crate::domain::report::{Given, Report, SERIES_DAYS, Why, series};
use crate::domain::schedule::Due;
use crate::domain::split::{MESSAGE_CHARS, split};
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::held::HeldForRecap;
use crate::store::outbox::Part;
use crate::store::reports::{Chart, Message, Run, Standing};
use crate::store::{Store, StoreError};

/// How often a new desk looks whether it knows its workspace.
const INTRODUCTION: Duration = Duration::from_secs(1);

/// How often it is looked whether an unknown channel is known.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What would be told by a message of its own within this time after a recap is told by the recap.
const MORNING: Duration = Duration::from_secs(3_600);

/// How long a step may take: the most patience with a program, and some for the database.
const LONGEST_STEP: Duration = Duration::from_secs(360);

/// The reports of the configuration. Clones share them.
#[derive(Clone)]
pub struct Reports {
    store: Store,
    configured: watch::Receiver<Arc<Vec<Report>>>,
    /// Rung when there is something to send.
    send: Bell,
    /// Rung when there is a chart to upload.
    upload: Bell,
}

/// A report that was made and is not stored yet.
pub struct Made {
    /// Its text as Slack encodes it; empty when there is nothing to tell.
    pub text: String,
    /// The picture that goes with it.
    pub chart: Option<Vec<u8>>,
    /// Why it is what it is.
    pub why: Why,
    /// Held deliveries that it tells.
    held: Vec<i64>,
}

/// A report as listed.
pub struct Listed {
    /// The report.
    pub report: Report,
    /// Its row.
    pub standing: Standing,
    /// When it is due next; `None` when it is over. The past, when it waits for something.
    pub next: Option<Timestamp>,
}

impl Reports {
    /// The reports that `configured` holds; `send` and `upload` wake those who bring them to Slack.
    pub fn new(
        store: Store,
        configured: watch::Receiver<Arc<Vec<Report>>>,
        send: Bell,
        upload: Bell,
    ) -> Reports {
        Reports { store, configured, send, upload }
    }

    /// The report of this name.
    pub fn find(&self, name: &str) -> Option<Report> {
        self.configured.borrow().iter().find(|report| report.name == name).cloned()
    }

    /// The names of all.
    pub fn names(&self) -> Vec<String> {
        self.configured.borrow().iter().map(|report| report.name.clone()).collect()
    }

    /// All reports with where they stand.
    pub async fn list(&self, workspace: &WorkspaceId, now: Timestamp) -> Result<Vec<Listed>, StoreError> {
        let reports = self.configured.borrow().clone();
        let names = reports.iter().map(|report| (report.name.clone(), report.schedule.to_string())).collect();
        let standings = self.store.of(workspace).report_standings(names, now).await?;
        let listed = |(report, standing): (&Report, Standing)| {
            let next = match report.schedule.due(standing.seen, now) {
                Due::Run(at) | Due::Wait(at) => Some(at),
                Due::Over => None,
            };
            Listed { report: report.clone(), standing, next }
        };
        Ok(reports.iter().zip(standings).map(listed).collect())
    }

    /// Makes a report as of `due`, without storing anything. What fails is said in its text.
    pub async fn make(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
        due: Timestamp,
        why: Why,
    ) -> Result<Made, StoreError> {
        let held = self.held(workspace, report, due).await?;
        let data = match &report.command {
            Some(command) => match program::run(command).await {
                Ok(data) => data,
                Err(broken) => return Ok(failed(report, Why::Program(broken))),
            },
            None => Value::Null,
        };
        let days = |days| report.schedule.days_before(due, days);
        // Only an instant beyond what calendars know has no days before it.
        let (Some(span), Some(stretch)) = (days(report.days), days(report.days.max(SERIES_DAYS))) else {
            return Ok(nothing());
        };
        let facts = self.store.of(workspace).facts(stretch.from(), stretch.to()).await?;
        let figures = Figures::of(&facts, &span, &stretch);
        let values = report.values(Given { due, span: &span, figures: &figures, data, held: held.lines });
        match report.template.render(&values) {
            Ok(text) if text.is_empty() => Ok(nothing()),
            Ok(text) => {
                let drawn = report.chart.as_ref().and_then(|path| series(&values, path));
                let chart = drawn.and_then(|points| chart::png(&report.title, &points));
                Ok(Made { text, chart, why, held: held.deliveries })
            }
            Err(flaw) => Ok(failed(report, Why::Template(flaw))),
        }
    }

    /// Runs a report because a person asks for it. `None` when its channel is not known.
    pub async fn run(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
        now: Timestamp,
    ) -> Result<Option<(Made, Vec<SendId>)>, StoreError> {
        let Some(channel) = self.channel(workspace, report).await? else { return Ok(None) };
        let mut made = self.make(workspace, report, now, Why::Asked).await?;
        // Asked for in between, it shows what is held; the recap of the morning tells it.
        made.held.clear();
        let key = format!("report-{workspace}-{}-{}", report.name, Uuid::now_v7());
        let sends = self.finish(workspace, report, (None, &made), (channel, key), now).await?;
        Ok(Some((made, sends.unwrap_or_default())))
    }

    /// Runs a report that is due. `false` when it cannot be posted yet: its channel is not known.
    async fn run_due(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let name = &report.name;
        let Some(channel) = self.channel(workspace, report).await? else {
            self.store.of(workspace).report_waits(name.clone(), Why::NoChannel, now).await?;
            return Ok(false);
        };
        let made = self.make(workspace, report, due, Why::of_due(due, now)).await?;
        let reason = made.why.code();
        match made.why.is_failure() {
            true => warn!(report = name, reason, "Report {name} of {due} could not be made: {reason}"),
            false => info!(report = name, reason, "Report {name} of {due} is made"),
        }
        let key = report.key(workspace, due);
        self.finish(workspace, report, (Some(due), &made), (channel, key), now).await?;
        Ok(true)
    }

    async fn finish(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
        (due, made): (Option<Timestamp>, &Made),
        (channel, key): (ChannelId, String),
        now: Timestamp,
    ) -> Result<Option<Vec<SendId>>, StoreError> {
        let texts = split(&made.text, MESSAGE_CHARS);
        let part = |(at, text): (usize, String)| Part { key: format!("{key}-{at}"), text };
        let parts: Vec<Part> = texts.into_iter().enumerate().map(part).collect();
        let chart = made.chart.clone().map(|png| Chart {
            key: format!("{key}-chart"),
            title: report.title.clone(),
            png,
        });
        let message =
            (!parts.is_empty()).then_some(Message { channel, parts, chart, held: made.held.clone() });
        let run = Run { name: report.name.clone(), due, why: made.why.clone(), message };
        let sends = self.store.of(workspace).finish_report(run, now).await?;
        self.send.ring();
        self.upload.ring();
        Ok(sends)
    }

    /// What is held for the morning in the report's channel, where it tells that.
    async fn held(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
        due: Timestamp,
    ) -> Result<HeldForRecap, StoreError> {
        let channel = if report.tells_held { self.channel(workspace, report).await? } else { None };
        match channel {
            Some(channel) => self.store.of(workspace).held_for_recap(channel, due.plus(MORNING)).await,
            None => Ok(HeldForRecap::default()),
        }
    }

    /// The id of the report's channel, which is named as people do.
    async fn channel(
        &self,
        workspace: &WorkspaceId,
        report: &Report,
    ) -> Result<Option<ChannelId>, StoreError> {
        let Some(name) = report.channel.strip_prefix('#') else {
            return Ok(Some(ChannelId(report.channel.clone())));
        };
        let known = self.store.of(workspace).channels().await?;
        Ok(known.into_iter().find(|channel| channel.name == name).map(|channel| channel.id))
    }
}

fn nothing() -> Made {
    Made { text: String::new(), chart: None, why: Why::NothingToTell, held: Vec::new() }
}

fn failed(report: &Report, why: Why) -> Made {
    Made { text: report.excuse(&why), chart: None, why, held: Vec::new() }
}

/// The worker: runs what is due.
pub struct Reporter {
    reports: Reports,
    ours: watch::Receiver<Option<Ourselves>>,
}

impl Reporter {
    /// A worker over `reports`, once it is known who we are.
    pub fn new(reports: Reports, ours: watch::Receiver<Option<Ourselves>>) -> Reporter {
        Reporter { reports, ours }
    }
}

impl Worker for Reporter {
    fn name(&self) -> &'static str {
        "report"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let Some(workspace) = self.ours.borrow().as_ref().map(|ours| ours.workspace.clone()) else {
            return Ok(Next::At(now.plus(INTRODUCTION)));
        };
        let mut next = None;
        for Listed { report, next: at, .. } in self.reports.list(&workspace, now).await? {
            let at = match at {
                // One report a step: its program may take its time.
                Some(due) if due <= now => match self.reports.run_due(&workspace, &report, due, now).await? {
                    true => return Ok(Next::Again),
                    false => Some(now.plus(LOOK_AGAIN)),
                },
                other => other,
            };
            next = next.into_iter().chain(at).min();
        }
        Ok(next.map_or(Next::Bell, Next::At))
    }

    fn longest_step(&self) -> Duration {
        LONGEST_STEP
    }
}
