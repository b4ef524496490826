//! The life of a notice: what became of it, delivery by delivery.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::notices::{self, effect_of, notice};
use super::plot::Plot;
use super::space::Space;
use crate::domain::ids::{DeliveryId, NoticeId, ProblemId, ProjectName, WorkspaceId};
use crate::domain::notice::Notice;
use crate::domain::notice::problem::Effect;
use crate::domain::outcome::{Reached, reached};
use crate::domain::time::Timestamp;

/// A notice with what became of it.
#[derive(Clone, Debug)]
pub struct Life {
    /// It.
    pub notice: Notice,
    /// The project it belongs to; `None` for the workspace as a whole.
    pub project: Option<ProjectName>,
    /// Its problem.
    pub problem: ProblemId,
    /// What it was to its problem.
    pub effect: Effect,
    /// `waiting`, `routed`, `dropped` or `cancelled`.
    pub state: String,
    /// Why it was dropped; empty for it was not.
    pub reason: String,
    /// Each route that was looked at, and what spoke against it.
    pub tried: Vec<(String, Option<String>)>,
    /// When it is to be routed.
    pub due_at: Timestamp,
    /// Its deliveries, in the order they were planned.
    pub deliveries: Vec<Delivered>,
}

/// A delivery with what became of it.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// Its row.
    pub id: DeliveryId,
    /// Its notice; of a digest, the last of those it tells.
    pub notice: NoticeId,
    /// Where to, as stored.
    pub destination: String,
    /// The route that says so; empty when the caller did.
    pub route: String,
    /// `card`, `digest` or `recap`.
    pub form: String,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: String,
    /// The delivery that tells it.
    pub merged_into: Option<i64>,
    /// Attempts so far.
    pub attempts: i64,
    /// When it may go.
    pub next_at: Timestamp,
    /// Its row of the outbox.
    pub send: Option<i64>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Which notices to list.
#[derive(Clone, Debug, Default)]
pub struct NoticeFilter {
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this kind, or of those that begin so.
    pub kind: Option<String>,
    /// At most so many, the newest.
    pub most: u32,
}

const DELIVERY: &str =
    "d.id, d.notice, d.destination, d.route, d.form, d.state, d.reason, d.merged_into, d.attempts, d.next_at,
     d.send, d.created_at, d.updated_at, COALESCE(s.attempts, 0) AS tries";

impl Space {
    /// The newest notices, the newest first.
    pub async fn notices(&self, filter: NoticeFilter) -> Result<Vec<Life>, StoreError> {
        self.read(move |tx, workspace| newest(tx, (workspace, None), &filter)).await
    }

    /// One notice with everything that became of it.
    pub async fn notice_life(&self, id: NoticeId) -> Result<Option<Life>, StoreError> {
        self.read(move |tx, workspace| life(tx, workspace, id)).await
    }

    /// How far a notice has come. One that is not there any more counts as delivered: what is over is forgotten in time.
    pub async fn reached(&self, id: NoticeId) -> Result<Reached, StoreError> {
        self.read(move |tx, workspace| how_far(tx, (workspace, None), id)).await
    }
}

impl Plot {
    /// The project's newest notices, the newest first.
    pub async fn notices(&self, filter: NoticeFilter) -> Result<Vec<Life>, StoreError> {
        self.read(move |tx, owner| newest(tx, (owner.workspace, Some(owner.project)), &filter)).await
    }

    /// One notice of the project with everything that became of it.
    pub async fn notice_life(&self, id: NoticeId) -> Result<Option<Life>, StoreError> {
        self.read(move |tx, owner| {
            let found = life(tx, owner.workspace, id)?;
            let is_own = |life: &Life| life.project.as_ref().is_some_and(|name| name.0 == owner.project);
            Ok(found.filter(is_own))
        })
        .await
    }

    /// How far a notice of the project has come, as [`Space::reached`] says it.
    pub async fn reached(&self, id: NoticeId) -> Result<Reached, StoreError> {
        self.read(move |tx, owner| how_far(tx, (owner.workspace, Some(owner.project)), id)).await
    }
}

/// The newest notices of a workspace, or of one project in it.
fn newest(
    tx: &Transaction<'_>,
    (workspace, project): (&WorkspaceId, Option<&str>),
    filter: &NoticeFilter,
) -> Result<Vec<Life>, StoreError> {
    let NoticeFilter { state, kind, most } = filter;
    let narrow = "(?2 IS NULL OR state = ?2) AND (?3 IS NULL OR kind = ?3 OR kind GLOB ?3)";
    let sql = match project {
        None => format!(
            "SELECT id FROM notices WHERE workspace = ?1 AND ?5 IS NULL AND {narrow} ORDER BY id DESC LIMIT ?4"
        ),
        Some(_) => format!(
            "SELECT id FROM notices WHERE workspace = ?1 AND project = ?5 AND project <> '' AND {narrow}
             ORDER BY id DESC LIMIT ?4"
        ),
    };
    let mut query = tx.prepare_cached(&sql)?;
    let row = (&workspace.0, state, kind, most, project);
    let ids = query.query_map(row, |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    ids.into_iter().filter_map(|id| life(tx, workspace, NoticeId(id)).transpose()).collect()
}

/// How far a notice of a workspace, or of one project in it, has come.
fn how_far(
    tx: &Transaction<'_>,
    (workspace, project): (&WorkspaceId, Option<&str>),
    id: NoticeId,
) -> Result<Reached, StoreError> {
    let sql =
        "SELECT state, reason FROM notices WHERE id = ? AND workspace = ? AND project = COALESCE(?, project)";
    let mut query = tx.prepare_cached(sql)?;
    let own =
        query.query_row((id.0, &workspace.0, project), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((state, reason)): Option<(String, String)> = own else { return Ok(Reached::Delivered) };
    let mut query = tx.prepare_cached(
        "SELECT COALESCE(i.state, d.state) FROM deliveries d LEFT JOIN deliveries i ON i.id = d.merged_into
         WHERE d.notice = ? AND d.form = 'card'",
    )?;
    let states = query.query_map([id.0], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(reached(&state, &reason, states.iter().map(String::as_str)))
}

/// One notice with everything that became of it.
pub(super) fn life(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    id: NoticeId,
) -> Result<Option<Life>, StoreError> {
    let sql = format!(
        "SELECT {}, project, problem, effect, state, reason, tried, due_at FROM notices WHERE id = ? AND workspace = ?",
        notices::COLUMNS
    );
    let mut query = tx.prepare_cached(&sql)?;
    let mut rows = query.query((id.0, &workspace.0))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let tried: String = row.get("tried")?;
    let sql = format!(
        "SELECT {DELIVERY} FROM deliveries d LEFT JOIN sends s ON s.id = d.send WHERE d.notice = ? ORDER BY d.id"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let deliveries = query.query_map([id.0], delivered)?.collect::<Result<_, _>>()?;
    Ok(Some(Life {
        notice: notice(row)?,
        project: notices::project(row)?,
        problem: ProblemId(row.get("problem")?),
        effect: effect_of(row.get("effect")?)?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        tried: serde_json::from_str(&tried).unwrap_or_default(),
        due_at: Timestamp(row.get("due_at")?),
        deliveries,
    }))
}

/// One delivery.
pub(super) fn delivery(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    id: DeliveryId,
) -> Result<Option<Delivered>, StoreError> {
    let sql = format!(
        "SELECT {DELIVERY} FROM deliveries d LEFT JOIN sends s ON s.id = d.send WHERE d.id = ? AND d.workspace = ?"
    );
    Ok(tx.prepare_cached(&sql)?.query_row((id.0, &workspace.0), delivered).optional()?)
}

fn delivered(row: &Row<'_>) -> rusqlite::Result<Delivered> {
    let (own, tries): (i64, i64) = (row.get("attempts")?, row.get("tries")?);
    Ok(Delivered {
        id: DeliveryId(row.get("id")?),
        notice: NoticeId(row.get("notice")?),
        destination: row.get("destination")?,
        route: row.get("route")?,
        form: row.get("form")?,
        state: row.get("state")?,
        reason: row.get("reason")?,
        merged_into: row.get("merged_into")?,
        attempts: own.max(tries),
        next_at: Timestamp(row.get("next_at")?),
        send: row.get("send")?,
        created_at: Timestamp(row.get("created_at")?),
        updated_at: Timestamp(row.get("updated_at")?),
    })
}
