//! Problems that somebody takes care of: a click on a card, and what it changes.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::notices::status_of;
use crate::domain::ids::{PersonId, ProblemId, WorkspaceId};
use crate::domain::message::{Click, Clicked};
use crate::domain::notice::kind::WORTH_READING;
use crate::domain::notice::problem::{Handling, handle};
use crate::domain::reason::EventReason;
use crate::domain::time::Timestamp;

/// What a delivery is held for that only says that its problem is handled now. It tells no notice.
pub(super) const HANDLED: &str = "handled";

/// What a click on a card does. Whoever sees a card may click it; who did is kept.
pub(super) fn click(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    click: &Click,
    now: Timestamp,
) -> Result<EventReason, StoreError> {
    let Click { person, on } = click;
    let Clicked::Handled(problem) = *on else { return Ok(EventReason::Opened) };
    let mut query =
        tx.prepare_cached("SELECT status, handled_by FROM problems WHERE id = ? AND workspace = ?")?;
    let found: Option<(String, String)> =
        query.query_row((problem.0, &workspace.0), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((status, handled_by)) = found else { return Ok(EventReason::UnknownProblem(problem)) };
    match handle(status_of(status)?, !handled_by.is_empty()) {
        Handling::Already => Ok(EventReason::HandledAlready(problem)),
        Handling::Over => Ok(EventReason::HandledOver(problem)),
        Handling::Marks => {
            mark(tx, problem, person, now)?;
            Ok(EventReason::Handled(problem))
        }
    }
}

/// Marks a problem as handled and has each of its cards say so. A person waits for that: it goes by the first lane.
fn mark(
    tx: &Transaction<'_>,
    problem: ProblemId,
    person: &PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE problems SET handled_by = ?2, handled_at = ?3 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute((problem.0, &person.0, now.0))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO deliveries (workspace, notice, problem, destination, route, mention, form, lane, state, reason,
             held_for, merged_into, attempts, next_at, expires_at, send, created_at, updated_at)
         SELECT c.workspace, n.id, c.problem, c.destination, '', '[]', 'card', 0, 'waiting', '',
             ?2, NULL, 0, ?3, ?4, NULL, ?3, ?3
         FROM cards c JOIN notices n ON n.id = (SELECT MAX(id) FROM notices WHERE problem = c.problem
                                                AND state = 'routed')
         WHERE c.problem = ?1",
    )?;
    insert.execute((problem.0, HANDLED, now.0, now.plus(WORTH_READING).0))?;
    Ok(())
}
