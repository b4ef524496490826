//! What the store knows around one message, as the decision wants it.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction};

use super::erasures;
use super::error::StoreError;
use crate::domain::bundle::{Known, OpenBundle, Pick, Place, Root, Seen};
use crate::domain::ids::{BundleId, ChannelId, MessageTs, PersonId, TaskId, WorkspaceId};
use crate::domain::message::Message;
use crate::domain::time::Timestamp;

/// What was looked up for one batch: picks and teammates do not change within a transaction.
#[derive(Default)]
pub(super) struct Lookups {
    picks: HashMap<ChannelId, Pick>,
    teammates: HashMap<PersonId, bool>,
    erasures: Option<bool>,
}

impl Lookups {
    /// Whether anybody was erased in this workspace.
    pub(super) fn erasures(
        &mut self,
        tx: &Transaction<'_>,
        workspace: &WorkspaceId,
    ) -> Result<bool, StoreError> {
        match self.erasures {
            Some(any) => Ok(any),
            None => Ok(*self.erasures.insert(erasures::any(tx, workspace)?)),
        }
    }

    /// What was picked for a channel.
    pub(super) fn pick(
        &mut self,
        tx: &Transaction<'_>,
        workspace: &WorkspaceId,
        channel: &ChannelId,
    ) -> Result<Pick, StoreError> {
        if let Some(pick) = self.picks.get(channel) {
            return Ok(*pick);
        }
        let mut query = tx.prepare_cached("SELECT pick FROM channels WHERE workspace = ? AND channel = ?")?;
        let word: Option<String> =
            query.query_row((&workspace.0, &channel.0), |row| row.get(0)).optional()?;
        let pick = match word.as_deref() {
            Some("monitor") => Pick::Monitor,
            Some("ignore") => Pick::Ignore,
            Some(_) | None => Pick::None,
        };
        self.picks.insert(channel.clone(), pick);
        Ok(pick)
    }

    fn teammate(
        &mut self,
        tx: &Transaction<'_>,
        workspace: &WorkspaceId,
        person: &PersonId,
    ) -> Result<bool, StoreError> {
        if let Some(teammate) = self.teammates.get(person) {
            return Ok(*teammate);
        }
        let mut query = tx.prepare_cached("SELECT 1 FROM teammates WHERE workspace = ? AND person = ?")?;
        let teammate = query.exists((&workspace.0, &person.0))?;
        self.teammates.insert(person.clone(), teammate);
        Ok(teammate)
    }

    /// Everything the decision about `message` wants to know; `author` is who stands for its author.
    pub(super) fn around(
        &mut self,
        tx: &Transaction<'_>,
        workspace: &WorkspaceId,
        message: &Message,
        author: &PersonId,
    ) -> Result<Known, StoreError> {
        let (open, past) = open(tx, workspace, &place(message, author))?;
        Ok(Known {
            teammate: self.teammate(tx, workspace, author)?,
            seen: seen(tx, workspace, message)?,
            root: match &message.thread {
                Some(thread) => root(tx, workspace, &message.channel, thread)?,
                None => None,
            },
            open,
            past,
        })
    }
}

/// The key under which a message is gathered.
pub(super) fn place(message: &Message, author: &PersonId) -> Place {
    Place { channel: message.channel.clone(), thread: message.thread.clone(), person: author.clone() }
}

/// A thread as a key: '' is the channel itself.
pub(super) fn thread_key(thread: Option<&MessageTs>) -> &str {
    thread.map_or("", |thread| &thread.0)
}

fn seen(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    message: &Message,
) -> Result<Option<Seen>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT mentioned FROM messages WHERE channel = ? AND ts = ? AND workspace = ?")?;
    let mentioned =
        query.query_row((&message.channel.0, &message.ts.0, &workspace.0), |row| row.get(0)).optional()?;
    Ok(mentioned.map(|mentioned| Seen { mentioned }))
}

/// Where the thread with parent `thread` belongs: by a message that we keep, else by a task made for it.
pub(super) fn root(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    thread: &MessageTs,
) -> Result<Option<Root>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT b.task, b.id FROM messages m JOIN bundles b ON b.id = m.bundle
         WHERE m.channel = ?1 AND m.ts = ?2 AND m.workspace = ?3
         UNION ALL
         SELECT t.id, (SELECT MIN(id) FROM bundles WHERE task = t.id) FROM tasks t
         WHERE t.workspace = ?3 AND t.channel = ?1 AND t.thread = ?2
         UNION ALL
         SELECT b.task, b.id FROM bundles b
         WHERE b.workspace = ?3 AND b.channel = ?1 AND b.thread = ?2 AND b.state = 'open'
         UNION ALL
         SELECT b.task, b.id FROM bundles b
         WHERE b.workspace = ?3 AND b.channel = ?1 AND b.thread = ?2 AND b.state = 'sealed'
         LIMIT 1",
    )?;
    let found: Option<(Option<i64>, i64)> = query
        .query_row((&channel.0, &thread.0, &workspace.0), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(task, bundle)| match task {
        Some(task) => Root::Task(TaskId(task), BundleId(bundle)),
        None => Root::Bundle(BundleId(bundle)),
    }))
}

/// The open bundles of a place: of what arrives, and of what was recovered.
fn open(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    place: &Place,
) -> Result<(Option<OpenBundle>, Option<OpenBundle>), StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT recovered, id, opened_at, last_at, due, last_client_msg_id FROM bundles
         WHERE workspace = ? AND channel = ? AND thread = ? AND person = ? AND state = 'open'",
    )?;
    let key = (&workspace.0, &place.channel.0, thread_key(place.thread.as_ref()), &place.person.0);
    let rows = query.query_map(key, |row| {
        let bundle = OpenBundle {
            id: BundleId(row.get(1)?),
            opened_at: Timestamp(row.get(2)?),
            last_at: Timestamp(row.get(3)?),
            due: Timestamp(row.get(4)?),
            last_client_msg_id: row.get(5)?,
        };
        Ok((row.get::<_, bool>(0)?, bundle))
    })?;
    let (mut live, mut past) = (None, None);
    for row in rows {
        match row? {
            (false, bundle) => live = Some(bundle),
            (true, bundle) => past = Some(bundle),
        }
    }
    Ok((live, past))
}
