//! User groups: what events say of them, and what is listed.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::directory;
use super::error::StoreError;
use super::space::Space;
use crate::domain::directory::{Group, GroupNews};
use crate::domain::ids::{GroupId, PersonId, WorkspaceId};
use crate::domain::time::Timestamp;

/// A group as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The group.
    pub group: Group,
    /// Who is in it, by id.
    pub members: Vec<PersonId>,
}

impl Space {
    /// All groups that are in use, by handle.
    pub async fn groups(&self) -> Result<Vec<Listed>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT user_group, handle, name, changed_at FROM user_groups
                 WHERE workspace = ? AND closed = 0 ORDER BY handle COLLATE NOCASE, user_group",
            )?;
            let groups: Vec<Group> = query.query_map([&workspace.0], group)?.collect::<Result<_, _>>()?;
            groups
                .into_iter()
                .map(|group| Ok(Listed { members: members(tx, workspace, &group.id)?, group }))
                .collect()
        })
        .await
    }
}

/// Takes in what an event says. News of before what we know changes nothing; news of a group that we do not know asks for
/// the directory to be read.
pub(super) fn note(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    news: &GroupNews,
) -> Result<(), StoreError> {
    let (id, at) = match news {
        GroupNews::Changed { group, .. } => (&group.id, group.changed_at),
        GroupNews::Closed { group, at } | GroupNews::Staffed { group, at, .. } => (group, *at),
    };
    let known = known(tx, workspace, id)?;
    // Of two changes in one second the closing one counts: Slack's order is not the order of arrival.
    let is_older = |known: Known| at < known.changed_at || (at == known.changed_at && known.closed);
    if known.is_some_and(is_older) {
        return Ok(());
    }
    let is_open = known.is_some_and(|known| !known.closed);
    match news {
        GroupNews::Changed { group, members } => {
            let round = directory::round(tx, workspace)?;
            upsert(tx, workspace, group, round)?;
            match members {
                Some(members) => staff(tx, workspace, &group.id, members, round)?,
                None if !is_open => directory::want(tx, workspace)?,
                None => {}
            }
        }
        GroupNews::Closed { group, at } => close(tx, workspace, group, *at)?,
        GroupNews::Staffed { .. } if !is_open => directory::want(tx, workspace)?,
        GroupNews::Staffed { group, added, removed, .. } => {
            added.iter().try_for_each(|person| add(tx, workspace, group, person))?;
            let mut delete = tx.prepare_cached(
                "DELETE FROM group_members WHERE workspace = ? AND user_group = ? AND person = ?",
            )?;
            for person in removed {
                delete.execute((&workspace.0, &group.0, &person.0))?;
            }
        }
    }
    Ok(())
}

/// Stores a group as it is now, listed in this reading.
pub(super) fn upsert(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &Group,
    round: i64,
) -> Result<(), StoreError> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO user_groups (workspace, user_group, handle, name, changed_at, closed, round, staffed)
         VALUES (?, ?, ?, ?, ?, 0, ?, 0)
         ON CONFLICT (workspace, user_group) DO UPDATE SET round = MAX(round, excluded.round),
             closed = CASE WHEN excluded.changed_at < changed_at THEN closed ELSE 0 END,
             handle = CASE WHEN excluded.changed_at < changed_at THEN handle ELSE excluded.handle END,
             name = CASE WHEN excluded.changed_at < changed_at THEN name ELSE excluded.name END,
             changed_at = MAX(changed_at, excluded.changed_at)",
    )?;
    let Group { id, handle, name, changed_at } = group;
    upsert.execute((&workspace.0, &id.0, handle, name, changed_at.0, round))?;
    Ok(())
}

/// Puts these people and nobody else into a group.
pub(super) fn staff(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
    members: &[PersonId],
    round: i64,
) -> Result<(), StoreError> {
    let key = (&workspace.0, &group.0);
    tx.prepare_cached("DELETE FROM group_members WHERE workspace = ? AND user_group = ?")?.execute(key)?;
    members.iter().try_for_each(|person| add(tx, workspace, group, person))?;
    tx.prepare_cached("UPDATE user_groups SET staffed = ? WHERE workspace = ? AND user_group = ?")?
        .execute((round, &workspace.0, &group.0))?;
    Ok(())
}

fn add(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
    person: &PersonId,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO group_members (workspace, user_group, person) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    tx.prepare_cached(sql)?.execute((&workspace.0, &group.0, &person.0))?;
    Ok(())
}

fn members(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
) -> Result<Vec<PersonId>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT person FROM group_members WHERE workspace = ? AND user_group = ? ORDER BY person",
    )?;
    let rows = query.query_map((&workspace.0, &group.0), |row| row.get(0).map(PersonId))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is known of a group that news are about.
#[derive(Clone, Copy)]
struct Known {
    changed_at: Timestamp,
    closed: bool,
}

fn known(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
) -> Result<Option<Known>, StoreError> {
    let sql = "SELECT changed_at, closed FROM user_groups WHERE workspace = ? AND user_group = ?";
    let known = tx.prepare_cached(sql)?.query_row((&workspace.0, &group.0), |row| {
        Ok(Known { changed_at: Timestamp(row.get(0)?), closed: row.get(1)? })
    });
    Ok(known.optional()?)
}

/// Notes that a group is not in use any more, be it known or not.
fn close(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let key = (&workspace.0, &group.0);
    tx.execute("DELETE FROM group_members WHERE workspace = ? AND user_group = ?", key)?;
    tx.execute(
        "INSERT INTO user_groups (workspace, user_group, handle, name, changed_at, closed, round, staffed)
         VALUES (?, ?, '', '', ?, 1, 0, 0)
         ON CONFLICT (workspace, user_group) DO UPDATE SET closed = 1, changed_at = excluded.changed_at",
        (&workspace.0, &group.0, at.0),
    )?;
    Ok(())
}

/// A row of id, handle, name and time of change.
pub(super) fn group(row: &Row<'_>) -> rusqlite::Result<Group> {
    Ok(Group {
        id: GroupId(row.get(0)?),
        handle: row.get(1)?,
        name: row.get(2)?,
        changed_at: Timestamp(row.get(3)?),
    })
}
