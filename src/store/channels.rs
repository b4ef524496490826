//! Channels: what Slack says of them, and which ones somebody picked.

use std::path::PathBuf;

use rusqlite::{OpenFlags, OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::destinations;
use super::error::StoreError;
use super::known::Lookups;
use super::recovery;
use super::space::Space;
use super::sqlite::{blocking, connect};
use crate::domain::audit::{Act, Deed};
use crate::domain::bundle::Pick;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::message::{ChannelChange, ChannelNews, Ourselves};
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// A channel as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name without `#`; empty when Slack has not said it yet.
    pub name: String,
    /// Whether only members see it.
    pub is_private: bool,
    /// Whether our bot is a member: without that no event arrives.
    pub is_member: bool,
    /// Whether it is archived or deleted.
    pub is_archived: bool,
    /// What was picked for it.
    pub pick: Pick,
}

impl Space {
    /// Brings the stored channels up to date with what Slack lists; picks stay. A channel that is not listed any more is
    /// one we are no member of.
    pub async fn sync_channels(&self, listed: Vec<Channel>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            tx.execute("UPDATE channels SET is_member = 0 WHERE workspace = ?", [&workspace.0])?;
            for channel in &listed {
                upsert(tx, workspace, channel, now)?;
            }
            Ok(())
        })
        .await
    }

    /// All known channels, by name.
    pub async fn channels(&self) -> Result<Vec<Channel>, StoreError> {
        self.read(all).await
    }

    /// The channel with this id or name (with or without `#`), if it is known.
    pub async fn find_channel(&self, wanted: String) -> Result<Option<Channel>, StoreError> {
        self.read(move |tx, workspace| {
            let name = wanted.trim_start_matches('#');
            let mut query = tx.prepare_cached(
                "SELECT channel, name, is_private, is_member, is_archived, pick FROM channels
                 WHERE workspace = ?1 AND (channel = ?2 OR name = ?2 COLLATE NOCASE)
                 ORDER BY is_archived, channel LIMIT 1",
            )?;
            Ok(query.query_row((&workspace.0, name), channel).optional()?)
        })
        .await
    }

    /// Picks a channel. It need not be known yet: then only its id is stored. What was said in it before is not asked for.
    pub async fn pick_channel(
        &self,
        id: ChannelId,
        pick: Pick,
        by: Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let before = Lookups::default().pick(tx, workspace, &id)?;
            if before != pick {
                recovery::picked(tx, workspace, &id, pick, now)?;
                let act = Act::new(&by, Deed::ChannelPicked, &id.0).with(word(pick));
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            tx.execute(
                "INSERT INTO channels (workspace, channel, name, is_private, is_member, is_archived, pick, updated_at)
                 VALUES (?1, ?2, '', 0, 0, 0, ?3, ?4)
                 ON CONFLICT (workspace, channel) DO UPDATE SET pick = excluded.pick",
                (&workspace.0, &id.0, word(pick), now.0),
            )?;
            Ok(())
        })
        .await
    }
}

/// Ids and names of the channels in the database at `path`, without opening it for good: none when there is no file.
pub async fn peek(path: PathBuf) -> Result<Vec<(String, String)>, StoreError> {
    blocking(move || {
        if !path.exists() {
            return Ok(Vec::new());
        }
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = reader.prepare("SELECT channel, name FROM channels ORDER BY name, channel")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
    .await
}

/// All known channels, by name.
pub(super) fn all(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<Vec<Channel>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT channel, name, is_private, is_member, is_archived, pick FROM channels
         WHERE workspace = ? ORDER BY name, channel",
    )?;
    let rows = query.query_map([&workspace.0], channel)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn word(pick: Pick) -> &'static str {
    match pick {
        Pick::None => "none",
        Pick::Monitor => "monitor",
        Pick::Ignore => "ignore",
    }
}

fn channel(row: &Row<'_>) -> rusqlite::Result<Channel> {
    let pick: String = row.get(5)?;
    Ok(Channel {
        id: ChannelId(row.get(0)?),
        name: row.get(1)?,
        is_private: row.get(2)?,
        is_member: row.get(3)?,
        is_archived: row.get(4)?,
        pick: match pick.as_str() {
            "monitor" => Pick::Monitor,
            "ignore" => Pick::Ignore,
            _ => Pick::None,
        },
    })
}

fn upsert(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &Channel,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO channels (workspace, channel, name, is_private, is_member, is_archived, pick, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, 'none', ?)
         ON CONFLICT (workspace, channel) DO UPDATE SET name = excluded.name, is_private = excluded.is_private,
             is_member = excluded.is_member, is_archived = excluded.is_archived, updated_at = excluded.updated_at",
    )?;
    insert.execute((
        &workspace.0,
        &channel.id.0,
        &channel.name,
        channel.is_private,
        channel.is_member,
        channel.is_archived,
        now.0,
    ))?;
    Ok(())
}

/// Brings one channel up to date with an event. A channel we have never heard of stays unknown until the next sync,
/// but for our own joining, which is when it begins to matter.
pub(super) fn note(
    tx: &Transaction<'_>,
    ours: &Ourselves,
    news: &ChannelNews,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = (&ours.workspace.0, &news.channel.0);
    match &news.change {
        ChannelChange::Renamed(name) => {
            tx.execute(
                "UPDATE channels SET name = ?3 WHERE workspace = ?1 AND channel = ?2",
                (key.0, key.1, name),
            )?;
        }
        ChannelChange::Closed => set_archived(tx, key, true)?,
        ChannelChange::Reopened => {
            set_archived(tx, key, false)?;
            destinations::works(tx, &ours.workspace, &news.channel, now)?;
        }
        ChannelChange::Joined(person) if *person == ours.person => {
            tx.execute(
                "INSERT INTO channels (workspace, channel, name, is_private, is_member, is_archived, pick, updated_at)
                 VALUES (?1, ?2, '', 0, 1, 0, 'none', ?3)
                 ON CONFLICT (workspace, channel) DO UPDATE SET is_member = 1",
                (key.0, key.1, now.0),
            )?;
            destinations::works(tx, &ours.workspace, &news.channel, now)?;
        }
        ChannelChange::Left(person) if *person == ours.person => {
            tx.execute("UPDATE channels SET is_member = 0 WHERE workspace = ?1 AND channel = ?2", key)?;
        }
        ChannelChange::Joined(_) | ChannelChange::Left(_) => {}
        ChannelChange::Moved(to) => moved(tx, key, to, now)?,
    }
    Ok(())
}

fn set_archived(tx: &Transaction<'_>, key: (&String, &String), archived: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channels SET is_archived = ?3 WHERE workspace = ?1 AND channel = ?2",
        (key.0, key.1, archived),
    )?;
    Ok(())
}

/// A channel's id changed: everything that names it follows, and what waited for the old id may go to the new one.
fn moved(
    tx: &Transaction<'_>,
    key: (&String, &String),
    to: &ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if *key.1 == to.0 {
        return Ok(());
    }
    let row = (key.0, key.1, &to.0);
    tx.execute("DELETE FROM recovered WHERE workspace = ?1 AND channel = ?2", key)?;
    for sql in [
        "UPDATE OR REPLACE channels SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE OR REPLACE coverage SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE OR REPLACE recoveries SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        // What was read under the old id is read again under the new one.
        "UPDATE recoveries SET state = 'reading', position = '', cursor = '', pages = 0
         WHERE workspace = ?1 AND channel = ?3 AND finished_at IS NULL AND ?2 <> ?3",
        "UPDATE tasks SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        // A person who goes on writing under the new id has a bundle open there already.
        "UPDATE bundles SET state = 'sealed' WHERE workspace = ?1 AND channel = ?2 AND state = 'open'
         AND EXISTS (SELECT 1 FROM bundles n WHERE n.workspace = ?1 AND n.channel = ?3 AND n.state = 'open'
                     AND n.thread = bundles.thread AND n.person = bundles.person
                     AND n.recovered = bundles.recovered)",
        "UPDATE bundles SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE OR IGNORE messages SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE sends SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE OR REPLACE limits SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
        "UPDATE whispers SET channel = ?3 WHERE workspace = ?1 AND channel = ?2",
    ] {
        tx.execute(sql, row)?;
    }
    let workspace = WorkspaceId(key.0.clone());
    destinations::works(tx, &workspace, &ChannelId(key.1.clone()), now)?;
    tx.execute("DELETE FROM destinations WHERE workspace = ? AND channel = ?", key)?;
    Ok(())
}
