//! Gap recovery as rows: up to where channels are complete, and which stretches are to be read. What is found in them is
//! in `recovered`.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::bundle::{Monitor, Pick};
use crate::domain::ids::{ChannelId, MessageTs, WorkspaceId};
use crate::domain::recovery::{self, Cause, Fate, MARGIN, Wanted};
use crate::domain::time::Timestamp;

/// How long after the beginning of a minute in which Slack kept events back its messages are all in the history.
const WITHHELD: Duration = Duration::from_secs(75);

/// How long after a failure a channel is tried again by itself: somebody may have invited the bot meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(3600);

/// A stretch that is being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// The thread in it, or none for what stands in the channel itself.
    pub thread: Option<MessageTs>,
    /// Everything later than this is wanted.
    pub oldest: Timestamp,
    /// A channel has been read down to here; none before its first page.
    pub position: Option<MessageTs>,
    /// Where Slack said to go on; empty where it goes on by position.
    pub cursor: String,
    /// Pages read so far.
    pub pages: i64,
    /// Calls in a row that failed.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// What is to be done next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Todo {
    /// A channel that has been read; what was found waits to enter the journal.
    pub filing: Option<ChannelId>,
    /// A channel to be read on.
    pub channel: Option<Reading>,
    /// A thread to be read on.
    pub thread: Option<Reading>,
    /// When the next stretch is due that has to wait.
    pub next_at: Option<Timestamp>,
}

/// How recovery stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Channels of the round under way; 0 when there is none.
    pub channels: i64,
    /// Channels of it that are not read to their end.
    pub left: i64,
    /// Messages read in it; when there is none, in the one before.
    pub messages: i64,
    /// What of that we had not known.
    pub found: i64,
    /// When the newest stretch ended.
    pub finished_at: Option<Timestamp>,
    /// Channels that could not be read, with the reason.
    pub failed: Vec<(ChannelId, String)>,
}

impl Store {
    /// Moves on up to where the channels of these workspaces are complete, while a socket has been connected all the time: not
    /// those that are being read, and not those that cannot be, which are tried again after an hour. One commit for all.
    pub async fn keep_coverage(
        &self,
        workspaces: Vec<WorkspaceId>,
        monitor: Monitor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| workspaces.iter().try_for_each(|one| keep_coverage(tx, one, monitor, now))).await
    }
}

impl Space {
    /// Asks for channels to be read again; says how many. What is being read already is read to its end first.
    pub async fn request_recovery(
        &self,
        monitor: Monitor,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |tx, workspace| {
            let covered = covered(tx, workspace, monitor)?;
            let chosen = match wanted.channels.is_empty() {
                true => covered,
                false => wanted.channels,
            };
            for channel in &chosen {
                cover(tx, workspace, channel, now)?;
                request(tx, workspace, channel, (wanted.since, wanted.cause), now)?;
            }
            Ok(chosen.len())
        })
        .await
    }

    /// What is to be done next: of the stretches that are due, those of which the least has been read. A thread waits for
    /// its channel, since its parent may be among what is found there.
    pub async fn next_recovery(&self, now: Timestamp) -> Result<Todo, StoreError> {
        self.read(move |tx, workspace| {
            let mut filing = tx.prepare_cached(
                "SELECT channel FROM recoveries WHERE finished_at IS NULL AND state = 'filing' AND workspace = ?
                 ORDER BY requested_at, channel LIMIT 1",
            )?;
            let filing = filing.query_row([&workspace.0], |row| row.get(0).map(ChannelId)).optional()?;
            let one = |threads: bool| -> Result<Option<Reading>, StoreError> {
                let mut query = tx.prepare_cached(
                    "SELECT channel, thread, oldest, position, cursor, pages, attempts, requested_at
                     FROM recoveries r
                     WHERE finished_at IS NULL AND state = 'reading' AND workspace = ?1 AND next_at <= ?2
                       AND (thread <> '') = ?3
                       AND NOT (thread <> '' AND EXISTS (
                           SELECT 1 FROM recoveries c WHERE c.workspace = r.workspace AND c.channel = r.channel
                             AND c.thread = '' AND c.finished_at IS NULL))
                     ORDER BY pages, requested_at, channel, thread LIMIT 1",
                )?;
                let row = |row: &Row<'_>| reading(workspace, row);
                Ok(query.query_row((&workspace.0, now.0, threads), row).optional()?)
            };
            let mut later = tx.prepare_cached(
                "SELECT MIN(next_at) FROM recoveries
                 WHERE finished_at IS NULL AND state = 'reading' AND workspace = ? AND next_at > ?",
            )?;
            let next_at: Option<i64> = later.query_row((&workspace.0, now.0), |row| row.get(0))?;
            Ok(Todo {
                filing,
                channel: one(false)?,
                thread: one(true)?,
                next_at: next_at.map(Timestamp),
            })
        })
        .await
    }
}

impl Store {
    /// The workspaces in which something is to be read or filed.
    pub async fn unfinished_recoveries(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.read(|tx| {
            let sql =
                "SELECT DISTINCT workspace FROM recoveries WHERE finished_at IS NULL ORDER BY workspace";
            let mut query = tx.prepare_cached(sql)?;
            let rows = query.query_map([], |row| row.get(0).map(WorkspaceId))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores what becomes of a stretch whose call failed.
    pub async fn set_back(&self, reading: Reading, fate: Fate, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let thread = thread_key(&reading);
            let key = (&reading.workspace.0, &reading.channel.0, thread);
            let at = "WHERE workspace = ?1 AND channel = ?2 AND thread = ?3";
            match fate {
                Fate::Again(until) => {
                    let sql = format!("UPDATE recoveries SET attempts = attempts + 1, next_at = ?4 {at}");
                    tx.execute(&sql, (key.0, key.1, key.2, until.0))?;
                }
                Fate::Anew => {
                    let sql = format!("UPDATE recoveries SET attempts = attempts + 1, cursor = '' {at}");
                    tx.execute(&sql, key)?;
                }
                Fate::Over(reason) => {
                    let sql =
                        format!("UPDATE recoveries SET state = 'done', reason = ?4, finished_at = ?5 {at}");
                    tx.execute(&sql, (key.0, key.1, key.2, reason, now.0))?;
                }
                // What has been read of a channel so far is filed first.
                Fate::Failed(reason) if reading.thread.is_none() => {
                    let sql = format!("UPDATE recoveries SET state = 'filing', reason = ?4 {at}");
                    tx.execute(&sql, (key.0, key.1, key.2, reason))?;
                }
                Fate::Failed(reason) => {
                    let sql =
                        format!("UPDATE recoveries SET state = 'failed', reason = ?4, finished_at = ?5 {at}");
                    tx.execute(&sql, (key.0, key.1, key.2, &reason, now.0))?;
                    super::recovered::tell(tx, &reading.workspace, &reading.channel, &reason, now)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// How recovery stands.
    pub async fn recovery_progress(&self) -> Result<Progress, StoreError> {
        self.read(|tx| {
            // A round is what was asked for since the oldest request that is not done; else the newest one.
            let mut round = tx.prepare_cached(
                "SELECT COALESCE((SELECT MIN(requested_at) FROM recoveries WHERE finished_at IS NULL),
                     (SELECT MAX(requested_at) FROM recoveries), 0),
                     (SELECT MAX(finished_at) FROM recoveries)",
            )?;
            let (since, finished): (i64, Option<i64>) =
                round.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let mut sums = tx.prepare_cached(
                "SELECT COUNT(DISTINCT channel), COUNT(DISTINCT CASE WHEN finished_at IS NULL THEN channel END),
                     COALESCE(SUM(messages), 0), COALESCE(SUM(found), 0)
                 FROM recoveries WHERE requested_at >= ?",
            )?;
            let progress = sums.query_row([since], |row| {
                Ok(Progress {
                    channels: row.get(0)?,
                    left: row.get(1)?,
                    messages: row.get(2)?,
                    found: row.get(3)?,
                    finished_at: finished.map(Timestamp),
                    failed: Vec::new(),
                })
            })?;
            let mut failed = tx.prepare_cached(
                "SELECT channel, MIN(reason) FROM recoveries WHERE state = 'failed'
                 GROUP BY channel ORDER BY channel",
            )?;
            let rows = failed.query_map([], |row| Ok((ChannelId(row.get(0)?), row.get(1)?)))?;
            Ok(Progress { failed: rows.collect::<Result<_, _>>()?, ..progress })
        })
        .await
    }

    /// Whether a send whose outcome is unknown is about to look itself up: it needs the same calls, and goes first.
    pub async fn look_up_due(&self, by: Timestamp) -> Result<bool, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT 1 FROM sends WHERE state IN ('waiting', 'sending') AND next_at <= ? AND look_up = 1 LIMIT 1",
            )?;
            Ok(query.exists([by.0])?)
        })
        .await
    }
}

/// Begins to cover a channel at `now`, if that has not begun: nobody wants years of history.
pub(super) fn cover(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO coverage (workspace, channel, complete_to) VALUES (?, ?, ?)
         ON CONFLICT (workspace, channel) DO NOTHING",
    )?
    .execute((&workspace.0, &channel.0, now.0))?;
    Ok(())
}

/// A channel's time begins, or ends, with somebody's pick: what was to be read of it before is of no interest any more.
pub(super) fn picked(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    pick: Pick,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = (&workspace.0, &channel.0);
    for table in ["coverage", "recoveries", "recovered"] {
        tx.execute(&format!("DELETE FROM {table} WHERE workspace = ? AND channel = ?"), key)?;
    }
    super::recovered::resolve(tx, workspace, channel, now)?;
    match pick {
        Pick::Monitor => cover(tx, workspace, channel, now),
        Pick::None | Pick::Ignore => Ok(()),
    }
}

/// Slack kept events back in a minute: every channel is read from its beginning on, when the last of its messages are surely
/// in the history.
pub(super) fn withheld(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    monitor: Monitor,
    minute: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    for channel in covered(tx, workspace, monitor)? {
        cover(tx, workspace, &channel, now)?;
        request(tx, workspace, &channel, (Some(minute), Cause::Gap), now)?;
        tx.prepare_cached(
            "UPDATE recoveries SET next_at = MAX(next_at, ?3)
             WHERE workspace = ?1 AND channel = ?2 AND thread = '' AND state = 'reading' AND finished_at IS NULL",
        )?
        .execute((&workspace.0, &channel.0, minute.plus(WITHHELD).0))?;
    }
    Ok(())
}

fn keep_coverage(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    monitor: Monitor,
    now: Timestamp,
) -> Result<(), StoreError> {
    for channel in covered(tx, workspace, monitor)? {
        cover(tx, workspace, &channel, now)?;
        if failed_before(tx, workspace, &channel, now.minus(TRY_AGAIN))? {
            request(tx, workspace, &channel, (None, Cause::Gap), now)?;
        }
    }
    tx.prepare_cached(
        "UPDATE coverage SET complete_to = ?2
         WHERE workspace = ?1 AND complete_to < ?2 AND NOT EXISTS (
             SELECT 1 FROM recoveries r
             WHERE r.workspace = coverage.workspace AND r.channel = coverage.channel AND r.thread = ''
               AND r.state <> 'done')",
    )?
    .execute((&workspace.0, now.minus(MARGIN).0))?;
    Ok(())
}

fn covered(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    monitor: Monitor,
) -> Result<Vec<ChannelId>, StoreError> {
    let channels = super::channels::all(tx, workspace)?;
    let wanted =
        channels.into_iter().filter(|channel| recovery::covers(monitor, channel.pick, channel.is_member));
    Ok(wanted.map(|channel| channel.id).collect())
}

fn failed_before(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT 1 FROM recoveries WHERE workspace = ? AND channel = ? AND state = 'failed' AND finished_at <= ?",
    )?;
    Ok(query.exists((&workspace.0, &channel.0, before.0))?)
}

/// Asks for one channel: a new stretch, a longer one while nothing of it is read, or one more after that under way.
fn request(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    (since, cause): (Option<Timestamp>, Cause),
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = (&workspace.0, &channel.0);
    let sql = "SELECT complete_to FROM coverage WHERE workspace = ? AND channel = ?";
    let complete_to = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0).map(Timestamp))?;
    let oldest = recovery::oldest(complete_to, since);
    let mut running = tx.prepare_cached(
        "SELECT newest FROM recoveries WHERE workspace = ? AND channel = ? AND thread = '' AND finished_at IS NULL",
    )?;
    let newest: Option<i64> = running.query_row(key, |row| row.get(0)).optional()?;
    match newest {
        Some(0) => {
            tx.prepare_cached(
                "UPDATE recoveries SET oldest = MIN(oldest, ?3)
                 WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
            )?
            .execute((key.0, key.1, oldest.0))?;
        }
        Some(newest) => {
            let again = since.map_or(newest, |since| since.0.min(newest));
            tx.prepare_cached(
                "UPDATE recoveries SET again = MIN(COALESCE(again, ?3), ?3)
                 WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
            )?
            .execute((key.0, key.1, again))?;
        }
        None => {
            // A thread that could not be read is wanted from where it was wanted before.
            let mut unread = tx.prepare_cached(
                "SELECT MIN(oldest) FROM recoveries
                 WHERE workspace = ? AND channel = ? AND thread <> '' AND state = 'failed'",
            )?;
            let unread: Option<i64> = unread.query_row(key, |row| row.get(0))?;
            let oldest = unread.map_or(oldest, |unread| oldest.min(Timestamp(unread)));
            tx.prepare_cached(
                "DELETE FROM recoveries WHERE workspace = ? AND channel = ? AND finished_at IS NOT NULL",
            )?
            .execute(key)?;
            insert(tx, workspace, (channel, ""), (oldest, cause), (now, now))?;
        }
    }
    Ok(())
}

/// Stores a stretch of which nothing has been read, in place of one that is over. One of a thread that is under way goes on,
/// from its beginning if more of it is wanted now.
pub(super) fn insert(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    (channel, thread): (&ChannelId, &str),
    (oldest, cause): (Timestamp, Cause),
    (requested_at, now): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO recoveries (workspace, channel, thread, state, cause, oldest, newest, position, cursor, pages,
             messages, found, attempts, next_at, reason, requested_at)
         VALUES (?1, ?2, ?3, 'reading', ?4, ?5, 0, '', '', 0, 0, 0, 0, ?6, '', ?7)
         ON CONFLICT (workspace, channel, thread) DO UPDATE SET state = 'reading', cause = excluded.cause,
             cursor = CASE WHEN finished_at IS NULL AND oldest <= excluded.oldest THEN cursor ELSE '' END,
             oldest = CASE WHEN finished_at IS NULL THEN MIN(oldest, excluded.oldest) ELSE excluded.oldest END,
             pages = CASE WHEN finished_at IS NULL THEN pages ELSE 0 END,
             attempts = 0, reason = '', requested_at = excluded.requested_at, finished_at = NULL",
    )?
    .execute((&workspace.0, &channel.0, thread, cause.as_str(), oldest.0, now.0, requested_at.0))?;
    Ok(())
}

/// The thread of a stretch as a key: '' is the channel itself.
pub(super) fn thread_key(reading: &Reading) -> &str {
    reading.thread.as_ref().map_or("", |thread| &thread.0)
}

fn reading(workspace: &WorkspaceId, row: &Row<'_>) -> rusqlite::Result<Reading> {
    let filled = |text: String| (!text.is_empty()).then_some(MessageTs(text));
    Ok(Reading {
        workspace: workspace.clone(),
        channel: ChannelId(row.get(0)?),
        thread: filled(row.get(1)?),
        oldest: Timestamp(row.get(2)?),
        position: filled(row.get(3)?),
        cursor: row.get(4)?,
        pages: row.get(5)?,
        attempts: row.get(6)?,
        requested_at: Timestamp(row.get(7)?),
    })
}
