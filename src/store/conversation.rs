//! What moves a task: its history, and the status that follows from it.

use rusqlite::Transaction;

use super::error::StoreError;
use super::rows;
use crate::domain::ids::TaskId;
use crate::domain::task::{self, Actor, Change, Status};
use crate::domain::time::Timestamp;

/// Adds an entry to a task's history and marks the task as touched.
pub(super) fn note(
    tx: &Transaction<'_>,
    task: TaskId,
    actor: &Actor,
    change: &Change,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO history (workspace, task, at, actor, change)
         SELECT workspace, id, ?2, ?3, ?4 FROM tasks WHERE id = ?1",
    )?;
    let change = serde_json::to_string(change).unwrap_or_default();
    insert.execute((task.0, at.0, actor.word(), change))?;
    tx.prepare_cached("UPDATE tasks SET updated_at = MAX(updated_at, ?2) WHERE id = ?1")?
        .execute((task.0, at.0))?;
    Ok(())
}

/// Moves a task to another status, with an entry in its history. The same status is not a move.
pub(super) fn move_to(
    tx: &Transaction<'_>,
    task: TaskId,
    actor: &Actor,
    to: Status,
    at: Timestamp,
) -> Result<(), StoreError> {
    let from = status(tx, task)?;
    if from == to {
        return Ok(());
    }
    tx.prepare_cached("UPDATE tasks SET status = ?2, snoozed_until = NULL WHERE id = ?1")?
        .execute((task.0, to.as_str()))?;
    note(tx, task, actor, &Change::Moved { from, to }, at)
}

/// The team answered: the first response is noted and it is the contact's turn.
pub(super) fn answered(
    tx: &Transaction<'_>,
    task: TaskId,
    actor: &Actor,
    change: &Change,
    at: Timestamp,
) -> Result<(), StoreError> {
    note(tx, task, actor, change, at)?;
    tx.prepare_cached("UPDATE tasks SET first_response_at = ?2 WHERE id = ?1 AND first_response_at IS NULL")?
        .execute((task.0, at.0))?;
    move_to(tx, task, actor, task::after_answer(status(tx, task)?), at)
}

/// Where a task stands.
pub(super) fn status(tx: &Transaction<'_>, task: TaskId) -> Result<Status, StoreError> {
    let mut query = tx.prepare_cached("SELECT status FROM tasks WHERE id = ?")?;
    rows::status(&query.query_row([task.0], |row| row.get::<_, String>(0))?)
}
