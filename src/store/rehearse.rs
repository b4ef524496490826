//! What a rehearsal of other rules needs from the database, which it opens for reading only.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Transaction;

use super::error::StoreError;
use super::rows;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::bundle::Pick;
use crate::domain::classify::Verdict;
use crate::domain::ids::{BundleId, ChannelId, MessageTs, PersonId, TaskNumber, WorkspaceId};
use crate::domain::rehearsal::Facts;
use crate::domain::time::Timestamp;

/// Where a message is in earnest.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its bundle.
    pub bundle: BundleId,
    /// Its task and what classification said of it last, when it has become one.
    pub task: Option<(TaskNumber, Verdict)>,
}

/// Where messages are in earnest, by channel and `ts`.
pub type KeptMessages = BTreeMap<(ChannelId, MessageTs), Kept>;

impl Space {
    /// The facts that decisions since then rest on, and where the contacts' messages since then went.
    pub async fn rehearsal(&self, since: Timestamp) -> Result<(Facts, KeptMessages), StoreError> {
        self.read(move |tx, workspace| Ok((facts(tx, workspace, since)?, kept(tx, workspace, since)?))).await
    }
}

impl Store {
    /// Opens the database at `path` for reading only, beside a daemon or without one. Refuses one whose schema is not this
    /// version's: it would have to be changed.
    pub async fn open_to_read(path: &Path) -> Result<Store, StoreError> {
        Store::reader(path).await
    }
}

fn facts(tx: &Transaction<'_>, workspace: &WorkspaceId, since: Timestamp) -> Result<Facts, StoreError> {
    let mut facts = Facts::default();
    let mut query = tx.prepare("SELECT channel, pick, name FROM channels WHERE workspace = ?")?;
    let mut found = query.query([&workspace.0])?;
    while let Some(row) = found.next()? {
        let channel = ChannelId(row.get(0)?);
        let pick = match row.get::<_, String>(1)?.as_str() {
            "monitor" => Pick::Monitor,
            "ignore" => Pick::Ignore,
            _ => Pick::None,
        };
        facts.picks.insert(channel.clone(), pick);
        facts.names.extend(
            Some(row.get::<_, String>(2)?).filter(|name| !name.is_empty()).map(|name| (channel, name)),
        );
    }
    let mut query = tx.prepare("SELECT person FROM teammates WHERE workspace = ?")?;
    for person in query.query_map([&workspace.0], |row| row.get(0).map(PersonId))? {
        facts.teammates.insert(person?);
    }
    let mut query = tx.prepare("SELECT person, email FROM people WHERE workspace = ? AND email <> ''")?;
    for row in query.query_map([&workspace.0], |row| Ok((PersonId(row.get(0)?), row.get(1)?)))? {
        facts.emails.extend([row?]);
    }
    let mut query = tx.prepare(
        "SELECT channel, thread FROM tasks WHERE workspace = ?1 AND created_at < ?2
         UNION SELECT channel, ts FROM messages WHERE workspace = ?1 AND at < ?2",
    )?;
    let rows = query
        .query_map((&workspace.0, since.0), |row| Ok((ChannelId(row.get(0)?), MessageTs(row.get(1)?))))?;
    for row in rows {
        facts.threads.insert(row?);
    }
    Ok(facts)
}

fn kept(tx: &Transaction<'_>, workspace: &WorkspaceId, since: Timestamp) -> Result<KeptMessages, StoreError> {
    let mut query = tx.prepare(
        "SELECT m.channel, m.ts, m.bundle, t.number, t.verdict
         FROM messages m JOIN bundles b ON b.id = m.bundle LEFT JOIN tasks t ON t.id = b.task
         WHERE m.workspace = ? AND m.at >= ? AND m.role = 'contact' ORDER BY m.id",
    )?;
    let mut found = query.query((&workspace.0, since.0))?;
    let mut kept = KeptMessages::new();
    while let Some(row) = found.next()? {
        let verdict: Option<String> = row.get(4)?;
        let verdict = verdict.map(|json| rows::verdict(&json)).transpose()?;
        let number: Option<i64> = row.get(3)?;
        let place = (ChannelId(row.get(0)?), MessageTs(row.get(1)?));
        let task = number.map(TaskNumber).zip(verdict);
        kept.insert(place, Kept { bundle: BundleId(row.get(2)?), task });
    }
    Ok(kept)
}
