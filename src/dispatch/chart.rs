//! Charts: uploaded after the message that they belong to. What is done next, and what an attempt means, is
//! `domain::upload`.

use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::limit::Admission;
use crate::domain::mrkdwn::escape;
use crate::domain::send::{SETTLE, UNKNOWN_OUTCOME};
use crate::domain::time::Timestamp;
use crate::domain::upload::{Attempt, ChartState, Effort, Fate, Work, decide, work};
use crate::runtime::clock::Clock;
use crate::runtime::worker::{Next, Worker};
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::slack::upload::{File, Share};
use crate::store::Store;
use crate::store::charts::{Chart, NextChart};

/// How often it is looked whether the message before a chart is sent.
const GLANCE: Duration = Duration::from_secs(2);

const BEGIN: &str = "files.getUploadURLExternal";
const SHARE: &str = "files.completeUploadExternal";
const LOOK: &str = "conversations.history";

/// The worker.
pub struct Uploader {
    store: Store,
    apis: Apis,
    clock: Clock,
    give_up: Duration,
}

impl Uploader {
    /// An uploader that gives up on a chart after `give_up`.
    pub fn new(store: Store, apis: Apis, clock: Clock, give_up: Duration) -> Uploader {
        Uploader { store, apis, clock, give_up }
    }

    /// Does the next thing for a chart; `None` when a method's pace asks to wait until then.
    async fn attempt(&self, chart: &Chart, todo: Work, now: Timestamp) -> Result<Result<Attempt, Timestamp>> {
        let method = match todo {
            Work::Wait => return Ok(Err(now.plus(GLANCE))),
            Work::Drop => return Ok(Ok(Attempt::Refused("message_not_sent".to_owned()))),
            Work::Upload => BEGIN,
            Work::Share => SHARE,
            Work::LookUp => LOOK,
        };
        if let Admission::At(at) = self.store.of(&chart.workspace).admit_call(method, now).await? {
            return Ok(Err(at));
        }
        let attempt = match todo {
            Work::Upload => self.upload(chart).await,
            Work::LookUp => match self.look(chart, now).await {
                Ok(true) => Ok(Attempt::Shared),
                // The id works once: if the first try arrives late after all, this one is refused.
                Ok(false) => self.share(chart).await,
                Err(failure) => Err(failure),
            },
            Work::Share | Work::Wait | Work::Drop => {
                self.store.chart_is_tried(chart.id, now).await?;
                self.share(chart).await
            }
        };
        if let Err(Failure::RateLimited { retry_after }) = &attempt {
            let until = self.clock.now().plus(*retry_after);
            self.store.of(&chart.workspace).hold_method(method, until).await?;
        }
        Ok(Ok(attempt.unwrap_or_else(judge)))
    }

    async fn upload(&self, chart: &Chart) -> Result<Attempt, Failure> {
        let name = format!("{}.png", chart.report);
        let file = File { name: &name, alt: &chart.title, bytes: &chart.png };
        self.apis.of(&chart.workspace)?.upload_file(&file).await.map(Attempt::Uploaded)
    }

    async fn share(&self, chart: &Chart) -> Result<Attempt, Failure> {
        let comment = format!("Chart: {}", escape(&chart.title));
        let share =
            Share { file: &chart.file, title: &chart.title, channel: &chart.channel, comment: &comment };
        self.apis.of(&chart.workspace)?.share_file(&share).await.map(|()| Attempt::Shared)
    }

    async fn look(&self, chart: &Chart, now: Timestamp) -> Result<bool, Failure> {
        let api = self.apis.of(&chart.workspace)?;
        api.find_file(&chart.channel, &chart.file, chart.tried_at.unwrap_or(now)).await
    }

    async fn finish(&self, chart: &Chart, attempt: Attempt, now: Timestamp) -> Result<()> {
        let effort = Effort {
            tried: chart.tried_at.is_some(),
            attempts: chart.attempts + 1,
            created_at: chart.created_at,
            give_up: self.give_up,
            jitter: fastrand::f64(),
        };
        let fate = decide(attempt, &effort, now);
        let (id, report) = (chart.id, &chart.report);
        match &fate {
            Fate::Uploaded(_) => {}
            Fate::Again(at, reason) => info!(chart = id, reason, "The chart of {report} waits until {at}"),
            Fate::Over(ChartState::Shared, _) => info!(chart = id, "The chart of {report} is in Slack"),
            Fate::Over(state, reason) => {
                warn!(chart = id, reason, "The chart of {report} stopped as {}: {reason}", state.as_str());
            }
        }
        Ok(self.store.finish_chart(id, fate, now).await?)
    }
}

/// What a failed call means for the chart. A call of unknown outcome is waited for, so that its effect can be seen.
fn judge(failure: Failure) -> Attempt {
    match failure {
        Failure::RateLimited { retry_after } => Attempt::Limited(retry_after),
        Failure::Unreachable { .. } => Attempt::Unclear("unreachable"),
        Failure::Unknown { .. } => Attempt::Unclear(UNKNOWN_OUTCOME),
        Failure::Token { .. } => Attempt::Unclear("not_allowed"),
        Failure::Refused { error, .. } => Attempt::Refused(error),
    }
}

impl Worker for Uploader {
    fn name(&self) -> &'static str {
        "chart"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let chart = match self.store.next_chart(now).await? {
            NextChart::Idle => return Ok(Next::Bell),
            NextChart::At(at) => return Ok(Next::At(at)),
            NextChart::Due(chart) => chart,
        };
        let todo = work(chart.message, !chart.file.is_empty(), chart.tried_at.is_some());
        // A daemon that ended in the middle of a try: what it did shows after a moment.
        let settled = chart.tried_at.is_none_or(|tried| now.since(tried) >= SETTLE);
        if todo == Work::LookUp && !settled {
            self.store.chart_waits(chart.id, now.plus(SETTLE)).await?;
            return Ok(Next::Again);
        }
        match self.attempt(&chart, todo, now).await? {
            Ok(attempt) => self.finish(&chart, attempt, self.clock.now()).await?,
            Err(at) => self.store.chart_waits(chart.id, at).await?,
        }
        Ok(Next::Again)
    }
}
