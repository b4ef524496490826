//! What Slack says of the end of an installation, and what comes of it: nothing is deleted before Slack has refused the token that
//! we have now. An event may be late, or be about a token that was replaced long ago.

use rusqlite::{OptionalExtension, Transaction};

use super::departures::{note, part};
use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::ids::{EventId, WorkspaceId};
use crate::domain::installation::{Farewell, Parting, is_outdated};
use crate::domain::reason::EventReason;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// An end that was heard of, about which Slack is to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Where.
    pub workspace: WorkspaceId,
    /// What was heard first.
    pub parting: Parting,
    /// The last event that says so.
    pub last: EventId,
}

/// What Slack says to the token that we have now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes it.
    Good,
    /// It refuses it.
    Refused,
}

impl Store {
    /// The workspaces of which it is said that the app has left them, in the order in which that was heard.
    pub async fn doubts(&self) -> Result<Vec<Doubt>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT o.workspace, o.detail, o.event FROM outcomes o
                 JOIN installations i ON i.workspace = o.workspace AND i.state = 'active'
                 WHERE o.reason = 'departure_doubted' ORDER BY o.event",
            )?;
            let mut rows = query.query([])?;
            let mut doubts: Vec<Doubt> = Vec::new();
            while let Some(row) = rows.next()? {
                let (workspace, last) = (WorkspaceId(row.get(0)?), EventId(row.get(2)?));
                if let Some(known) = doubts.iter_mut().find(|known| known.workspace == workspace) {
                    known.last = last;
                    continue;
                }
                let word: String = row.get(1)?;
                let parting = Parting::from_word(&word)
                    .ok_or(StoreError::Unreadable { what: "way to leave a workspace", word })?;
                doubts.push(Doubt { workspace, parting, last });
            }
            Ok(doubts)
        })
        .await
    }
}

impl Space {
    /// Ends an installation, or does not, by what Slack said to its token after all events up to `last`; says whether it is over.
    /// With that commit nothing of the workspace is served any more; what it left behind goes with `clear_out`.
    pub async fn decide_departure(
        &self,
        (parting, last): (Parting, EventId),
        standing: Standing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write_anyway(move |tx, workspace| {
            let is_over = standing == Standing::Refused && part(tx, workspace, parting, now)?;
            if is_over {
                note(tx, keys.as_deref(), workspace, (&Actor::Desk, parting.as_str()), now)?;
            }
            let reason = match standing {
                Standing::Good => EventReason::StillInstalled(String::new()),
                Standing::Refused => EventReason::Departed(String::new()),
            };
            let sql = "UPDATE outcomes SET reason = ?, at = ?
                       WHERE reason = 'departure_doubted' AND workspace = ? AND event <= ?";
            tx.execute(sql, (reason.code(), now.0, &workspace.0, last.0))?;
            Ok(is_over)
        })
        .await
    }
}

/// What comes of news that came at `at`: a person's token goes with it, and the rest is asked about.
pub(super) fn hear(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    farewell: &Farewell,
    at: Timestamp,
) -> Result<EventReason, StoreError> {
    let (ended_at, word) = (farewell.at.unwrap_or(at), farewell.word().to_owned());
    let with_user = farewell.is_of_person && drop_user_token(tx, workspace, ended_at)?;
    if farewell.parting.is_none() {
        return Ok(if with_user { EventReason::UserTokenRevoked } else { EventReason::Unused(word) });
    }
    Ok(match changed_at(tx, workspace)? {
        Some(changed_at) if is_outdated(ended_at, changed_at) => EventReason::DepartureOutdated(word),
        Some(_) | None => EventReason::DepartureDoubted(word),
    })
}

/// When the app was installed or its token was changed last.
fn changed_at(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT MAX(i.installed_at, COALESCE(t.made_at, 0)) FROM installations i
               LEFT JOIN tokens t ON t.installation = i.id AND t.kind = 'bot' WHERE i.workspace = ?";
    Ok(tx.prepare_cached(sql)?.query_row([&workspace.0], |row| row.get(0).map(Timestamp)).optional()?)
}

fn drop_user_token(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    ended_at: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT id, made_at FROM tokens WHERE workspace = ? AND kind = 'user'";
    let found: Option<(i64, i64)> =
        tx.query_row(sql, [&workspace.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((id, made_at)) = found else { return Ok(false) };
    if is_outdated(ended_at, Timestamp(made_at)) {
        return Ok(false);
    }
    Ok(tx.execute("DELETE FROM tokens WHERE id = ?", [id])? == 1)
}
