//! Tellings: each trouble, its beginning and its end, to each way that is configured, once. A row is planned, claimed before
//! the call, and finished after it; one that goes through Slack follows its row of the outbox.

use rusqlite::{Row, Transaction};

use super::error::StoreError;
use super::outbox::{self, Part};
use super::space::Space;
use super::sqlite::Store;
use super::troubles::{self, Trouble};
use crate::domain::alarm::{Phase, TellingState, Way, Why};
use crate::domain::ids::{ChannelId, SendId, TroubleId, WorkspaceId};
use crate::domain::own::Raised;
use crate::domain::time::Timestamp;

/// Troubles that ended longer ago than this are not planned for: a way that is configured today is not told of last week.
const NEWS_MS: i64 = 24 * 60 * 60 * 1000;

/// The reason of a telling whose call is under way, or was when the daemon died.
const UNDER_WAY: &str = "under_way";

/// A telling that waits and whose time has come, with what a decision about it depends on.
#[derive(Clone, Debug)]
pub struct Due {
    /// The row.
    pub id: i64,
    /// What it tells of.
    pub trouble: Trouble,
    /// Its beginning or its end.
    pub phase: Phase,
    /// By which way.
    pub way: Way,
    /// Attempts so far.
    pub attempts: u32,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// Whether an attempt began of which nobody knows how it ended.
    pub unsure: bool,
    /// How the same phase fares in Slack.
    pub slack: Option<TellingState>,
    /// How the beginning fared by this way.
    pub beginning: Option<TellingState>,
}

/// A telling as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its beginning or its end.
    pub phase: Phase,
    /// By which way; a word of `Way`.
    pub way: Way,
    /// Where it stands.
    pub state: TellingState,
    /// Attempts so far.
    pub attempts: u32,
    /// Why: a word of `Why`, or the error of the last attempt.
    pub reason: String,
    /// Its row of the outbox, when it goes through Slack.
    pub send: Option<SendId>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// What is stored after an attempt or a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where it stands now.
    pub state: TellingState,
    /// When it is looked at again, if it waits.
    pub next_at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Space {
    /// Plans what is new for `ways`, follows what went through the outbox, and returns what is due.
    pub async fn due_tellings(&self, ways: Vec<Way>, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        self.write(move |tx, workspace| {
            for way in &ways {
                plan(tx, workspace, *way, now)?;
            }
            take_back(tx, workspace, now)?;
            follow(tx, workspace, now)?;
            due(tx, workspace, &ways, now)
        })
        .await
    }

    /// Hands a telling to the outbox: the message and the link to it in one transaction.
    pub async fn tell_slack(
        &self,
        id: i64,
        channel: ChannelId,
        part: Part,
        now: Timestamp,
    ) -> Result<SendId, StoreError> {
        self.write(move |tx, workspace| {
            let send = outbox::insert_notice(tx, workspace, &channel, &part, "", now)?;
            let mut link = tx.prepare_cached(
                "UPDATE tellings SET send = ?2, attempts = attempts + 1, reason = ?3, updated_at = ?4
                 WHERE id = ?1 AND workspace = ?5",
            )?;
            match link.execute((id, send.0, Why::AlarmChannel.as_str(), now.0, &workspace.0))? {
                // Of no workspace but this one; the message goes back with the transaction.
                0 => Err(rusqlite::Error::QueryReturnedNoRows.into()),
                _ => Ok(send),
            }
        })
        .await
    }

    /// Puts a test of the alarm channel into the outbox.
    pub async fn submit_test(
        &self,
        channel: ChannelId,
        part: Part,
        now: Timestamp,
    ) -> Result<SendId, StoreError> {
        self.write(move |tx, workspace| outbox::insert_notice(tx, workspace, &channel, &part, "", now)).await
    }

    /// Notes a trouble that was told and was over while nothing could be written.
    pub async fn note_told(
        &self,
        raised: Raised,
        told: Vec<Way>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let Raised { own, subject, .. } = &raised;
            troubles::raise(tx, workspace, &raised, since)?;
            troubles::resolve(tx, workspace, *own, subject, now)?;
            let mut insert = tx.prepare_cached(
                "INSERT INTO tellings (workspace, trouble, phase, destination, state, attempts, next_at, reason,
                     created_at, updated_at)
                 SELECT workspace, id, ?2, ?3, 'sent', 1, ?5, ?4, ?5, ?5 FROM troubles
                 WHERE workspace = ?1 AND kind = ?6 AND subject = ?7 ORDER BY id DESC LIMIT 1",
            )?;
            let why = Why::ToldWithoutDatabase.as_str();
            for (phase, way) in Phase::ALL.iter().flat_map(|phase| told.iter().map(move |way| (phase, way))) {
                let row = (&workspace.0, phase.as_str(), way.as_str(), why, now.0, own.as_str(), subject);
                insert.execute(row)?;
            }
            Ok(())
        })
        .await
    }

    /// The troubles with their tellings, newest first: the open ones, or all that are still stored.
    pub async fn troubles(&self, all: bool) -> Result<Vec<(Trouble, Vec<Told>)>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind, subject, detail, raised_at, resolved_at FROM troubles
                 WHERE workspace = ? AND (? OR resolved_at IS NULL) ORDER BY id DESC LIMIT 500",
            )?;
            let mut rows = query.query((&workspace.0, all))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let trouble = troubles::trouble(row)?;
                let tellings = tellings(tx, trouble.id)?;
                found.push((trouble, tellings));
            }
            Ok(found)
        })
        .await
    }
}

impl Store {
    /// Claims a telling: the attempt is counted before the call. `until` is when it is taken up again after a crash.
    pub async fn claim_telling(&self, id: i64, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let mut claim = tx.prepare_cached(
                "UPDATE tellings SET attempts = attempts + 1, reason = ?2, next_at = ?3, updated_at = ?4
                 WHERE id = ?1 AND state = 'waiting'",
            )?;
            claim.execute((id, UNDER_WAY, until.0, now.0))?;
            Ok(())
        })
        .await
    }

    /// Stores what became of a telling.
    pub async fn finish_telling(&self, id: i64, outcome: Outcome, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| finish(tx, id, &outcome, now)).await
    }
}

/// A row for each phase of a trouble that has none for this way. An old trouble that is over is nobody's news.
fn plan(tx: &Transaction<'_>, workspace: &WorkspaceId, way: Way, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO tellings (workspace, trouble, phase, destination, state, attempts, next_at, reason, created_at,
             updated_at)
         SELECT n.workspace, n.id, p.phase, ?2, 'waiting', 0, ?3, '', ?3, ?3
         FROM troubles n, (SELECT 'raised' AS phase UNION ALL SELECT 'resolved') p
         WHERE n.workspace = ?1 AND (n.resolved_at IS NULL AND p.phase = 'raised' OR n.resolved_at > ?4)
           AND NOT EXISTS (SELECT 1 FROM tellings d
                           WHERE d.trouble = n.id AND d.phase = p.phase AND d.destination = ?2)
         ORDER BY n.id, p.phase",
    )?;
    insert.execute((&workspace.0, way.as_str(), now.0, now.0 - NEWS_MS))?;
    Ok(())
}

/// A beginning that is still untried in the outbox when it is over need not be told any more.
fn take_back(tx: &Transaction<'_>, workspace: &WorkspaceId, now: Timestamp) -> Result<(), StoreError> {
    let mut drop = tx.prepare_cached(
        "UPDATE sends SET state = 'dropped', reason = ?2, updated_at = ?3
         WHERE state = 'waiting' AND look_up = 0 AND id IN (
             SELECT d.send FROM tellings d JOIN troubles n ON n.id = d.trouble
             WHERE d.state = 'waiting' AND d.workspace = ?1 AND d.phase = 'raised' AND d.send IS NOT NULL
               AND n.resolved_at IS NOT NULL)",
    )?;
    drop.execute((&workspace.0, Why::OverBeforeTold.as_str(), now.0))?;
    Ok(())
}

/// A telling through Slack stands where its row of the outbox stands.
fn follow(tx: &Transaction<'_>, workspace: &WorkspaceId, now: Timestamp) -> Result<(), StoreError> {
    let mut follow = tx.prepare_cached(
        "UPDATE tellings SET updated_at = ?2,
             state = (SELECT CASE s.state WHEN 'sent' THEN 'sent' WHEN 'dropped' THEN 'dropped' ELSE 'failed' END
                      FROM sends s WHERE s.id = tellings.send),
             reason = (SELECT CASE s.state WHEN 'sent' THEN tellings.reason ELSE s.reason END
                       FROM sends s WHERE s.id = tellings.send)
         WHERE workspace = ?1 AND state = 'waiting' AND send IN (
             SELECT id FROM sends WHERE state IN ('sent', 'failed', 'dead', 'unknown', 'dropped'))",
    )?;
    follow.execute((&workspace.0, now.0))?;
    Ok(())
}

fn due(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    ways: &[Way],
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT n.id, n.kind, n.subject, n.detail, n.raised_at, n.resolved_at, d.id, d.phase, d.destination,
             d.attempts, d.created_at, d.reason = ?3,
             (SELECT s.state FROM tellings s
              WHERE s.trouble = d.trouble AND s.phase = d.phase AND s.destination = 'slack'),
             (SELECT b.state FROM tellings b
              WHERE b.trouble = d.trouble AND b.phase = 'raised' AND b.destination = d.destination)
         FROM tellings d JOIN troubles n ON n.id = d.trouble
         WHERE d.state = 'waiting' AND d.next_at <= ?2 AND d.workspace = ?1 AND d.send IS NULL
         ORDER BY d.next_at, d.id LIMIT 100",
    )?;
    let mut rows = query.query((&workspace.0, now.0, UNDER_WAY))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let due = Due {
            id: row.get(6)?,
            trouble: troubles::trouble(row)?,
            phase: phase(row.get(7)?)?,
            way: way(row.get(8)?)?,
            attempts: row.get(9)?,
            planned_at: Timestamp(row.get(10)?),
            unsure: row.get(11)?,
            slack: row.get::<_, Option<String>>(12)?.map(state).transpose()?,
            beginning: row.get::<_, Option<String>>(13)?.map(state).transpose()?,
        };
        // A way that is no longer configured keeps its rows until they are forgotten.
        if ways.contains(&due.way) {
            found.push(due);
        }
    }
    Ok(found)
}

fn finish(tx: &Transaction<'_>, id: i64, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let Outcome { state, next_at, reason } = outcome;
    let mut update = tx.prepare_cached(
        "UPDATE tellings SET state = ?2, next_at = ?3, reason = ?4, updated_at = ?5
         WHERE id = ?1 AND state = 'waiting'",
    )?;
    update.execute((id, state.as_str(), next_at.0, reason, now.0))?;
    Ok(())
}

/// The tellings of one trouble, in the order they were planned.
pub(super) fn tellings(tx: &Transaction<'_>, trouble: TroubleId) -> Result<Vec<Told>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT phase, destination, state, attempts, reason, send, updated_at FROM tellings
         WHERE trouble = ? ORDER BY id",
    )?;
    let mut rows = query.query([trouble.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(telling(row)?);
    }
    Ok(found)
}

fn telling(row: &Row<'_>) -> Result<Told, StoreError> {
    Ok(Told {
        phase: phase(row.get(0)?)?,
        way: way(row.get(1)?)?,
        state: state(row.get(2)?)?,
        attempts: row.get(3)?,
        reason: row.get(4)?,
        send: row.get::<_, Option<i64>>(5)?.map(SendId),
        updated_at: Timestamp(row.get(6)?),
    })
}

fn phase(word: String) -> Result<Phase, StoreError> {
    Phase::from_word(&word).ok_or(StoreError::Unreadable { what: "phase", word })
}

fn way(word: String) -> Result<Way, StoreError> {
    Way::from_word(&word).ok_or(StoreError::Unreadable { what: "way", word })
}

fn state(word: String) -> Result<TellingState, StoreError> {
    TellingState::from_word(&word).ok_or(StoreError::Unreadable { what: "telling", word })
}
