//! Projects as rows: kept in step with the configuration, one for each project of each workspace that is served.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::plot::Plot;
use super::sqlite::Store;
use crate::domain::ids::{ProjectName, WorkspaceId};
use crate::domain::project::{Project, Projects};
use crate::domain::route::{Destination, Dropped};
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// A project as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Its channel.
    pub channel: Destination,
    /// Whether its notices are told at all.
    pub enabled: bool,
    /// Whether the bot may write in its channel; `None` where nobody knows the channel.
    pub is_open: Option<bool>,
}

/// What keeping in step came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Projects that are new, or are bound otherwise than before.
    pub bound: usize,
    /// Projects that left.
    pub left: usize,
    /// Projects in whose workspace the app is not installed.
    pub missing: usize,
}

impl Store {
    /// Makes the projects of these workspaces what the configuration says. One that it does not have any more leaves, and
    /// what it handed in belongs to nobody from then on; what still waited is dropped. Those in `unsure`, of which nobody can
    /// say now where they are, stay; so does everything of other workspaces.
    pub async fn hold_projects(
        &self,
        wanted: BTreeMap<WorkspaceId, Projects>,
        unsure: BTreeSet<ProjectName>,
        now: Timestamp,
    ) -> Result<Kept, StoreError> {
        self.write(move |tx| {
            let mut kept = Kept::default();
            for (workspace, name) in rows(tx)? {
                let Some(projects) = wanted.get(&workspace) else { continue };
                if !projects.contains_key(&name) && !unsure.contains(&name) {
                    leave(tx, &workspace, &name, now)?;
                    kept.left += 1;
                }
            }
            for (workspace, projects) in &wanted {
                for project in projects.values() {
                    match bind(tx, workspace, project, now)? {
                        Some(bound) => kept.bound += usize::from(bound),
                        None => kept.missing += 1,
                    }
                }
            }
            Ok(kept)
        })
        .await
    }
}

impl Plot {
    /// The row of the project, with what is known of its channel; `None` where the app is not installed.
    pub async fn bound(&self) -> Result<Option<Bound>, StoreError> {
        self.read(|tx, owner| {
            let sql =
                "SELECT p.channel, p.enabled FROM projects p JOIN installations i ON i.id = p.installation
                       WHERE p.workspace = ? AND p.name = ? AND i.state = 'active'";
            let key = (&owner.workspace.0, owner.project);
            let row = tx.prepare_cached(sql)?.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)));
            let Some((channel, enabled)): Option<(String, bool)> = row.optional()? else { return Ok(None) };
            let channel = Destination::parse(&channel)
                .ok_or(StoreError::Unreadable { what: "channel of a project", word: channel })?;
            let is_open = is_open(tx, owner.workspace, &channel)?;
            Ok(Some(Bound { channel, enabled, is_open }))
        })
        .await
    }
}

fn rows(tx: &Transaction<'_>) -> Result<Vec<(WorkspaceId, ProjectName)>, StoreError> {
    let mut query = tx.prepare_cached("SELECT workspace, name FROM projects ORDER BY workspace, name")?;
    let rows = query.query_map([], |row| Ok((WorkspaceId(row.get(0)?), ProjectName(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes one project; says whether that changed anything, `None` where the app is not installed.
fn bind(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    project: &Project,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    let sql = "SELECT id FROM installations WHERE workspace = ? AND state = 'active'";
    let installation: Option<i64> =
        tx.prepare_cached(sql)?.query_row([&workspace.0], |row| row.get(0)).optional()?;
    let Some(installation) = installation else { return Ok(None) };
    let mut upsert = tx.prepare_cached(
        "INSERT INTO projects (workspace, name, installation, channel, enabled, updated_at)
         VALUES (?1, ?2, ?6, ?3, ?4, ?5)
         ON CONFLICT (workspace, name) DO UPDATE SET installation = excluded.installation,
             channel = excluded.channel, enabled = excluded.enabled, updated_at = excluded.updated_at
         WHERE installation <> excluded.installation OR channel <> excluded.channel
             OR enabled <> excluded.enabled",
    )?;
    let channel = project.channel.to_string();
    let row = (&workspace.0, &project.name.0, channel, project.enabled, now.0, installation);
    Ok(Some(upsert.execute(row)? > 0))
}

/// Takes a project out.
fn leave(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    name: &ProjectName,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = (&workspace.0, &name.0);
    tx.prepare_cached("DELETE FROM projects WHERE workspace = ? AND name = ?")?.execute(key)?;
    let sql = "UPDATE notices SET state = 'dropped', reason = ?3
               WHERE workspace = ?1 AND project = ?2 AND project <> '' AND state = 'waiting'";
    tx.prepare_cached(sql)?.execute((&workspace.0, &name.0, Dropped::NoProject.word()))?;
    let sql = "UPDATE notices SET project = '' WHERE workspace = ? AND project = ? AND project <> ''";
    tx.prepare_cached(sql)?.execute(key)?;
    // What was about the project alone is over: it must not begin to be about the whole workspace.
    let sql = "UPDATE problems SET project = '', status = IIF(status = 'firing', 'resolved', status),
                   ended_at = IIF(status = 'firing', ?3, ended_at)
               WHERE workspace = ?1 AND project = ?2 AND project <> ''";
    tx.prepare_cached(sql)?.execute((&workspace.0, &name.0, now.0))?;
    let sql = "UPDATE silences SET project = '', until_at = MIN(until_at, ?3),
                   ended_by = IIF(until_at > ?3, ?4, ended_by)
               WHERE workspace = ?1 AND project = ?2 AND project <> ''";
    tx.prepare_cached(sql)?.execute((&workspace.0, &name.0, now.0, Actor::Desk.word()))?;
    Ok(())
}

/// Whether the bot may write in a channel.
fn is_open(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &Destination,
) -> Result<Option<bool>, StoreError> {
    let Destination::Channel(wanted) = channel else { return Ok(None) };
    let wanted = wanted.trim_start_matches('#');
    let mut query = tx.prepare_cached(
        "SELECT is_member AND NOT is_archived FROM channels
         WHERE workspace = ?1 AND (channel = ?2 OR name = ?2 COLLATE NOCASE) ORDER BY is_archived, channel LIMIT 1",
    )?;
    Ok(query.query_row((&workspace.0, wanted), |row| row.get(0)).optional()?)
}
