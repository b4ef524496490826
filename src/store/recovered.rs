//! What was read in a gap's recovery: filtered, put in order, and recorded in the journal like everything else.
//!
//! A channel's history comes newest first. Its pages wait in a table of their own until the oldest is there; then they are
//! recorded in the order in which they were said, so that they are bundled as they would have been. Only when the last of
//! them is recorded does the channel count as complete. A thread comes oldest first and is recorded page by page.

use rusqlite::{OptionalExtension, Transaction, params};

use super::error::StoreError;
use super::events::{Incoming, record};
use super::recovery::{Reading, insert, thread_key};
use super::space::Space;
use super::sqlite::Store;
use super::{erasures, troubles};
use crate::domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use crate::domain::own::{Own, Raised};
use crate::domain::recovery::{Cause, MOST_PAGES, MOST_THREADS, RECENTLY_DONE, ts_of};
use crate::domain::time::Timestamp;

/// Messages that enter the journal in one transaction: the recording of live events waits no longer than for that.
const BATCH: u32 = 128;

/// The reason of a channel of which only the newest pages were read.
const CUT: &str = "too_many_messages";

/// The reason of a stretch whose pages lead nowhere.
const NO_END: &str = "history_without_end";

/// A message as it was found in the history.
#[derive(Clone)]
pub struct Found {
    /// Its id.
    pub ts: MessageTs,
    /// Who wrote it.
    pub person: Option<PersonId>,
    /// Its text now.
    pub text: String,
    /// Whether its text may differ from the one it had at first.
    pub changed: bool,
    /// The newest reply of the thread that it is the parent of.
    pub latest_reply: Option<MessageTs>,
    /// The payload of an event that posts it.
    pub posted: String,
    /// The payload of an event that changes it into what it is now.
    pub change: String,
}

/// One page as it was read.
#[derive(Clone)]
pub struct PageRead {
    /// The kind that its messages get in the journal.
    pub kind: &'static str,
    /// What is on it.
    pub messages: Vec<Found>,
    /// The lowest and the highest `ts` on it.
    pub span: Option<(MessageTs, MessageTs)>,
    /// Whether there is more.
    pub has_more: bool,
    /// Where Slack says to go on.
    pub cursor: String,
    /// Up to where the channel is complete once all has been read that this page begins.
    pub newest: Timestamp,
}

/// What became of a page or of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// Messages that entered the journal.
    pub found: usize,
    /// Whether the stretch is over, and why it failed if it did.
    pub ended: Option<Result<(), String>>,
}

impl Space {
    /// Records a batch of what was found in a channel, the oldest first; with the last batch the channel's stretch is over.
    pub async fn file_recovered(
        &self,
        channel: ChannelId,
        kind: &'static str,
        now: Timestamp,
    ) -> Result<Filed, StoreError> {
        self.write(move |tx, workspace| {
            let waiting = staged(tx, workspace, &channel)?;
            let mut found = 0;
            for (message, read_at) in &waiting {
                found += usize::from(record_recovered(tx, (workspace, &channel), (message, kind), *read_at, now)?);
                tx.prepare_cached("DELETE FROM recovered WHERE workspace = ? AND channel = ? AND ts = ?")?
                    .execute((&workspace.0, &channel.0, &message.ts.0))?;
            }
            tx.prepare_cached(
                "UPDATE recoveries SET found = found + ?3 WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
            )?
            .execute(params![workspace.0, channel.0, count(found)])?;
            let ended = match waiting.len() < BATCH as usize {
                true => Some(finish(tx, workspace, &channel, now)?),
                false => None,
            };
            Ok(Filed { found, ended })
        })
        .await
    }
}

impl Store {
    /// Stores a page of a stretch and how far that has been read, in one transaction: a stop in between reads at most one
    /// page twice. Slack's calls for the next page do not begin before.
    pub async fn take_page(
        &self,
        reading: Reading,
        page: PageRead,
        now: Timestamp,
    ) -> Result<Filed, StoreError> {
        self.write(move |tx| {
            let key = (&reading.workspace.0, &reading.channel.0, thread_key(&reading));
            let mut query = tx.prepare_cached(
                "SELECT 1 FROM recoveries WHERE workspace = ? AND channel = ? AND thread = ? AND state = 'reading'",
            )?;
            if !query.exists(key)? {
                // Nobody listens to the channel any more.
                return Ok(Filed { found: 0, ended: Some(Ok(())) });
            }
            match reading.thread {
                None => channel_page(tx, &reading, &page, now),
                Some(_) => thread_page(tx, &reading, &page, now),
            }
        })
        .await
    }
}

/// Records one message of the history, unless we have it: the one place that decides what of the past comes back. Says
/// whether it is news.
fn record_recovered(
    tx: &Transaction<'_>,
    (workspace, channel): (&WorkspaceId, &ChannelId),
    (message, kind): (&Found, &str),
    read_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (payload, mark) = match news(tx, workspace, channel, message, read_at)? {
        None => return Ok(false),
        Some(News::Said) => (&message.posted, ""),
        Some(News::Changed) => (&message.change, ":changed"),
    };
    let incoming = Incoming {
        workspace: workspace.0.clone(),
        app: String::new(),
        kind: kind.to_owned(),
        inner: "message".to_owned(),
        event_id: format!("recovered:{channel}:{}{mark}", message.ts),
        retry: 0,
        payload: payload.clone(),
    };
    Ok(record(tx, &incoming, now)?.is_fresh())
}

/// What of a message is new to us.
enum News {
    /// All of it.
    Said,
    /// Its text.
    Changed,
}

fn news(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    message: &Found,
    read_at: Timestamp,
) -> Result<Option<News>, StoreError> {
    if let Some(person) = &message.person
        && erasures::erased(tx, workspace, person, &message.ts)?
    {
        return Ok(None);
    }
    let mut query = tx.prepare_cached(
        "SELECT text, deleted_at IS NOT NULL OR COALESCE(edited_at, 0) > ?4 FROM messages
         WHERE channel = ?1 AND ts = ?2 AND workspace = ?3",
    )?;
    let key = (&channel.0, &message.ts.0, &workspace.0, read_at.0);
    let stored: Option<(String, bool)> =
        query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(match stored {
        None => Some(News::Said),
        // What was edited after we read it is newer than what we read.
        Some((text, settled)) => {
            (message.changed && !settled && text != message.text).then_some(News::Changed)
        }
    })
}

fn channel_page(
    tx: &Transaction<'_>,
    reading: &Reading,
    page: &PageRead,
    now: Timestamp,
) -> Result<Filed, StoreError> {
    let Reading { workspace, channel, .. } = reading;
    for message in &page.messages {
        if news(tx, workspace, channel, message, now)?.is_some() {
            stage(tx, reading, message, now)?;
        }
        if message.latest_reply.as_ref().is_some_and(|latest| *latest > ts_of(reading.oldest)) {
            let place = (channel, message.ts.0.as_str());
            insert(tx, workspace, place, (reading.oldest, cause(tx, reading)?), (reading.requested_at, now))?;
        }
    }
    let lowest = page.span.as_ref().map(|(lowest, _)| lowest.clone());
    let moved = match (&lowest, &reading.position) {
        (Some(lowest), Some(position)) => lowest < position,
        (Some(_), None) => true,
        (None, _) => !page.cursor.is_empty() && page.cursor != reading.cursor,
    };
    let reason = match (page.has_more, moved, reading.pages + 1 >= MOST_PAGES) {
        (false, ..) => Some(""),
        (true, false, _) => Some(NO_END),
        (true, true, true) => Some(CUT),
        (true, true, false) => None,
    };
    let position = lowest.or_else(|| reading.position.clone()).map(|ts| ts.0).unwrap_or_default();
    // A cursor is needed only where there is no message to go on from.
    let cursor = if page.span.is_none() { page.cursor.as_str() } else { "" };
    tx.prepare_cached(
        "UPDATE recoveries SET pages = pages + 1, messages = messages + ?3, position = ?4, cursor = ?5, attempts = 0,
             next_at = ?6, newest = CASE WHEN newest = 0 THEN ?7 ELSE newest END, state = ?8, reason = ?9
         WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
    )?
    .execute(params![
        workspace.0,
        channel.0,
        count(page.messages.len()),
        position,
        cursor,
        now.0,
        page.newest.0,
        if reason.is_some() { "filing" } else { "reading" },
        reason.unwrap_or_default(),
    ])?;
    Ok(Filed { found: 0, ended: None })
}

fn stage(tx: &Transaction<'_>, reading: &Reading, message: &Found, now: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO recovered (workspace, channel, ts, person, text, changed, posted, change, read_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace, channel, ts) DO UPDATE SET text = excluded.text, changed = excluded.changed,
             posted = excluded.posted, change = excluded.change, read_at = excluded.read_at",
    )?
    .execute(params![
        reading.workspace.0,
        reading.channel.0,
        message.ts.0,
        message.person.as_ref().map_or("", |person| &person.0),
        message.text,
        message.changed,
        message.posted,
        message.change,
        now.0,
    ])?;
    Ok(())
}

fn staged(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
) -> Result<Vec<(Found, Timestamp)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT ts, person, text, changed, posted, change, read_at FROM recovered
         WHERE workspace = ? AND channel = ? ORDER BY ts LIMIT ?",
    )?;
    let rows = query.query_map((&workspace.0, &channel.0, BATCH), |row| {
        let person: String = row.get(1)?;
        let found = Found {
            ts: MessageTs(row.get(0)?),
            person: (!person.is_empty()).then_some(PersonId(person)),
            text: row.get(2)?,
            changed: row.get(3)?,
            latest_reply: None,
            posted: row.get(4)?,
            change: row.get(5)?,
        };
        Ok((found, Timestamp(row.get(6)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The end of a channel's stretch. Complete up to the instant at which its reading began, it hands on to its threads.
fn finish(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Timestamp,
) -> Result<Result<(), String>, StoreError> {
    let key = (&workspace.0, &channel.0);
    let mut query = tx.prepare_cached(
        "SELECT reason, cause, oldest, newest, requested_at, again FROM recoveries
         WHERE workspace = ? AND channel = ? AND thread = ''",
    )?;
    let found = query
        .query_row(key, |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get(2)?,
                row.get::<_, i64>(3)?,
                row.get(4)?,
                row.get::<_, Option<i64>>(5)?,
            ))
        })
        .optional()?;
    // Nobody listens to the channel any more.
    let Some((reason, cause, oldest, newest, requested_at, again)) = found else { return Ok(Ok(())) };
    let is_read = reason.is_empty() || reason == CUT;
    match reason.is_empty() {
        true => resolve(tx, workspace, channel, now)?,
        false => tell(tx, workspace, channel, &reason, now)?,
    }
    tx.prepare_cached(
        "UPDATE recoveries SET state = ?3, finished_at = ?4 WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
    )?
    .execute((key.0, key.1, if is_read { "done" } else { "failed" }, now.0))?;
    if !is_read {
        return Ok(Err(reason));
    }
    tx.prepare_cached(
        "UPDATE coverage SET complete_to = MAX(complete_to, ?3) WHERE workspace = ?1 AND channel = ?2",
    )?
    .execute((key.0, key.1, newest))?;
    let cause = read_cause(&cause)?;
    for thread in followed(tx, workspace, channel, now)? {
        insert(
            tx,
            workspace,
            (channel, &thread),
            (Timestamp(oldest), cause),
            (Timestamp(requested_at), now),
        )?;
    }
    if let Some(again) = again {
        tx.prepare_cached(
            "UPDATE recoveries SET state = 'reading', oldest = ?3, newest = 0, position = '', cursor = '',
                 again = NULL, pages = 0, attempts = 0, next_at = ?4, finished_at = NULL
             WHERE workspace = ?1 AND channel = ?2 AND thread = ''",
        )?
        .execute((key.0, key.1, again, now.0))?;
    }
    Ok(if reason.is_empty() { Ok(()) } else { Err(reason) })
}

/// The threads whose tasks are not done, or have been for a short while only.
fn followed(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT thread FROM tasks WHERE workspace = ? AND channel = ? AND (status <> 'done' OR updated_at > ?)
         GROUP BY thread ORDER BY MIN(status = 'done'), MAX(updated_at) DESC LIMIT ?",
    )?;
    let recently = now.minus(RECENTLY_DONE).0;
    let rows = query.query_map((&workspace.0, &channel.0, recently, MOST_THREADS), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn thread_page(
    tx: &Transaction<'_>,
    reading: &Reading,
    page: &PageRead,
    now: Timestamp,
) -> Result<Filed, StoreError> {
    let Reading { workspace, channel, .. } = reading;
    let mut messages: Vec<&Found> = page.messages.iter().collect();
    messages.sort_by(|one, other| one.ts.cmp(&other.ts));
    let mut found = 0;
    for message in messages {
        found += usize::from(record_recovered(tx, (workspace, channel), (message, page.kind), now, now)?);
    }
    let goes_on = page.has_more && !page.cursor.is_empty() && page.cursor != reading.cursor;
    let ended = match (page.has_more, goes_on && reading.pages + 1 < MOST_PAGES) {
        (false, _) => Some(Ok(())),
        (true, true) => None,
        (true, false) => Some(Err(if goes_on { CUT } else { NO_END }.to_owned())),
    };
    let (state, reason) = match &ended {
        None => ("reading", ""),
        Some(Ok(())) => ("done", ""),
        Some(Err(reason)) => ("failed", reason.as_str()),
    };
    tx.prepare_cached(
        "UPDATE recoveries SET pages = pages + 1, messages = messages + ?4, found = found + ?5, cursor = ?6,
             attempts = 0, next_at = ?7, state = ?8, reason = ?9, finished_at = ?10
         WHERE workspace = ?1 AND channel = ?2 AND thread = ?3",
    )?
    .execute(params![
        workspace.0,
        channel.0,
        thread_key(reading),
        count(page.messages.len()),
        count(found),
        page.cursor,
        now.0,
        state,
        reason,
        ended.as_ref().map(|_| now.0),
    ])?;
    if let Some(Err(reason)) = &ended {
        tell(tx, workspace, channel, reason, now)?;
    }
    Ok(Filed { found, ended })
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Raises the trouble that a channel could not be read, or not all of it.
pub(super) fn tell(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let raised = Raised { own: Own::RecoveryFailed, subject: channel.0.clone(), detail: reason.to_owned() };
    troubles::raise(tx, workspace, &raised, now).map(|_| ())
}

/// Resolves it.
pub(super) fn resolve(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    troubles::resolve(tx, workspace, Own::RecoveryFailed, &channel.0, now).map(|_| ())
}

fn cause(tx: &Transaction<'_>, reading: &Reading) -> Result<Cause, StoreError> {
    let sql = "SELECT cause FROM recoveries WHERE workspace = ? AND channel = ? AND thread = ''";
    let key = (&reading.workspace.0, &reading.channel.0);
    let word: String = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0))?;
    read_cause(&word)
}

fn read_cause(word: &str) -> Result<Cause, StoreError> {
    Cause::from_word(word).ok_or(StoreError::Unreadable { what: "cause", word: word.to_owned() })
}
