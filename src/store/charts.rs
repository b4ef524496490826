//! Charts on their way: the next one that is due, and what became of it.

use rusqlite::Row;

use super::error::StoreError;
use super::rows;
use super::sqlite::Store;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::send::SendState;
use crate::domain::time::Timestamp;
use crate::domain::upload::{ChartState, Fate};

/// A chart that is not over.
#[derive(Clone)]
pub struct Chart {
    /// The row.
    pub id: i64,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The report it belongs to.
    pub report: String,
    /// Where it goes.
    pub channel: ChannelId,
    /// What is said with it.
    pub title: String,
    /// The picture.
    pub png: Vec<u8>,
    /// Slack's id of the file; empty while Slack does not have the bytes.
    pub file: String,
    /// When sharing it was tried first.
    pub tried_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where its message stands.
    pub message: SendState,
}

/// What there is to do.
pub enum NextChart {
    /// This one, now.
    Due(Box<Chart>),
    /// Nothing before this instant.
    At(Timestamp),
    /// Nothing at all.
    Idle,
}

const CHART: &str =
    "SELECT c.id, c.workspace, c.report, c.channel, c.title, c.png, c.file, c.tried_at, c.attempts,
    c.created_at, s.state, c.next_at
    FROM charts c JOIN sends s ON s.id = c.send
    WHERE c.state = 'waiting' ORDER BY c.next_at, c.id LIMIT 1";

impl Store {
    /// The chart that is due first.
    pub async fn next_chart(&self, now: Timestamp) -> Result<NextChart, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(CHART)?;
            let mut found = query.query([])?;
            let Some(row) = found.next()? else { return Ok(NextChart::Idle) };
            match Timestamp(row.get(11)?) {
                at if at > now => Ok(NextChart::At(at)),
                _ => Ok(NextChart::Due(Box::new(chart(row)?))),
            }
        })
        .await
    }

    /// Notes that sharing is about to be tried: from now on the chart may be in its channel.
    pub async fn chart_is_tried(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql = "UPDATE charts SET tried_at = COALESCE(tried_at, ?2), updated_at = ?2 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute((id, now.0))?;
            Ok(())
        })
        .await
    }

    /// Stores what an attempt ended with.
    pub async fn finish_chart(&self, id: i64, fate: Fate, now: Timestamp) -> Result<(), StoreError> {
        let (state, file, next_at, reason) = match fate {
            Fate::Uploaded(file) => (ChartState::Waiting, file, now, String::new()),
            Fate::Again(at, reason) => (ChartState::Waiting, String::new(), at, reason),
            Fate::Over(state, reason) => (state, String::new(), now, reason),
        };
        self.write(move |tx| {
            let mut update = tx.prepare_cached(
                "UPDATE charts SET state = ?2, file = CASE ?3 WHEN '' THEN file ELSE ?3 END, next_at = ?4, reason = ?5,
                     attempts = attempts + 1, updated_at = ?6, png = CASE ?2 WHEN 'waiting' THEN png ELSE x'' END
                 WHERE id = ?1",
            )?;
            update.execute((id, state.as_str(), file, next_at.0, reason, now.0))?;
            Ok(())
        })
        .await
    }

    /// Comes back to a chart later; this was no attempt.
    pub async fn chart_waits(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE charts SET next_at = ?2 WHERE id = ?1")?.execute((id, at.0))?;
            Ok(())
        })
        .await
    }
}

fn chart(row: &Row<'_>) -> Result<Chart, StoreError> {
    Ok(Chart {
        id: row.get(0)?,
        workspace: WorkspaceId(row.get(1)?),
        report: row.get(2)?,
        channel: ChannelId(row.get(3)?),
        title: row.get(4)?,
        png: row.get(5)?,
        file: row.get(6)?,
        tried_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
        attempts: row.get(8)?,
        created_at: Timestamp(row.get(9)?),
        message: rows::send_state(&row.get::<_, String>(10)?)?,
    })
}
