//! Tokens that have to be changed in time, each with what the next one is asked for with, and what takes its place. Nothing takes
//! the place of what somebody else has put there meanwhile.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::installations::{COLUMN, TABLE, Tokens, put_all};
use super::sealed;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::{Pair, TOKEN_ENDS, Whose};
use crate::domain::seal::{Keyring, Locked};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// A token that has to be changed in time.
pub struct Rotating {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Whose it is.
    pub whose: Whose,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// What the next pair is asked for with, or why it cannot be read.
    pub refresh: Result<Secret, Locked>,
}

impl Store {
    /// The tokens that are good no longer than until `before`, the next one first.
    pub async fn rotating(&self, before: Timestamp) -> Result<Vec<Rotating>, StoreError> {
        let keys = self.keys();
        self.read(move |tx| {
            let mut rotating = bots(tx, keys.as_deref(), before)?;
            rotating.extend(persons(tx, keys.as_deref())?.into_iter().filter(|one| one.expires_at <= before));
            rotating.sort_by_key(|one| one.expires_at);
            Ok(rotating)
        })
        .await
    }

    /// When the next token ends that is not good for ever; `None` when none does.
    pub async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        let keys = self.keys();
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT MIN(expires_at) FROM installations
                 WHERE state = 'active' AND reason = '' AND expires_at IS NOT NULL",
            )?;
            let bots = query.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp);
            let persons = persons(tx, keys.as_deref())?.into_iter().map(|one| one.expires_at);
            Ok(bots.into_iter().chain(persons).min())
        })
        .await
    }
}

impl Space {
    /// Puts the next pair in the place of that whose refresh token was `used`. Says whether it was still there: whoever installed
    /// the app again meanwhile, or handed over a token, has brought something newer.
    pub async fn renew(
        &self,
        whose: Whose,
        used: Secret,
        next: Pair,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys().ok_or(StoreError::Sealed(Locked::NoKey))?;
        self.write_anyway(move |tx, workspace| {
            let Some(installation) = still(tx, &keys, workspace, (whose, &used))? else { return Ok(false) };
            match whose {
                Whose::Bot => {
                    let sql = "UPDATE installations SET expires_at = ?2, reason = '' WHERE id = ?1";
                    tx.execute(sql, (installation, next.expires_at.map(|at| at.0)))?;
                    let Pair { token: bot, refresh, expires_at } = next;
                    let tokens = Tokens { bot, user: None, refresh, expires_at };
                    put_all(tx, &keys, (installation, workspace), &tokens, now)?;
                }
                Whose::Person => put_persons(tx, &keys, installation, &next, now)?,
            }
            Ok(true)
        })
        .await
    }

    /// Notes that Slack takes the refresh token `used` no more: the token is good until its end, and nobody asks for another
    /// with what is left. Says whether that is so, and nobody has brought something newer.
    pub async fn token_ends(&self, whose: Whose, used: Secret, now: Timestamp) -> Result<bool, StoreError> {
        let keys = self.keys().ok_or(StoreError::Sealed(Locked::NoKey))?;
        self.write_anyway(move |tx, workspace| {
            let Some(installation) = still(tx, &keys, workspace, (whose, &used))? else { return Ok(false) };
            match whose {
                Whose::Bot => {
                    let sql = "UPDATE installations SET reason = ?2 WHERE id = ?1";
                    tx.execute(sql, (installation, TOKEN_ENDS))?;
                }
                Whose::Person => {
                    if let Some(Ok(pair)) = persons_pair(tx, Some(&keys), installation, workspace)? {
                        let alone = Pair { refresh: None, expires_at: None, ..pair };
                        put_persons(tx, &keys, installation, &alone, now)?;
                    }
                }
            }
            Ok(true)
        })
        .await
    }
}

fn bots(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    before: Timestamp,
) -> Result<Vec<Rotating>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT i.workspace, i.expires_at, t.id FROM installations i
         JOIN tokens t ON t.installation = i.id AND t.kind = 'refresh'
         WHERE i.state = 'active' AND i.reason = '' AND i.expires_at IS NOT NULL AND i.expires_at <= ?
         ORDER BY i.expires_at, i.id",
    )?;
    let rows = query.query_map([before.0], |row| {
        Ok((WorkspaceId(row.get(0)?), Timestamp(row.get(1)?), row.get::<_, i64>(2)?))
    })?;
    let found: Vec<_> = rows.collect::<Result<_, _>>()?;
    let mut rotating = Vec::with_capacity(found.len());
    for (workspace, expires_at, token) in found {
        if let Some(refresh) = sealed::take(tx, keys, (TABLE, COLUMN, token), &workspace)? {
            rotating.push(Rotating { workspace, whose: Whose::Bot, expires_at, refresh });
        }
    }
    Ok(rotating)
}

/// The tokens of persons that end. When that is stands in what is sealed; of one that cannot be opened nothing is known, and the
/// bot's of the same installation says so.
fn persons(tx: &Transaction<'_>, keys: Option<&Keyring>) -> Result<Vec<Rotating>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT i.workspace, i.id FROM installations i JOIN tokens t ON t.installation = i.id AND t.kind = 'user'
         WHERE i.state = 'active' ORDER BY i.id",
    )?;
    let rows = query.query_map([], |row| Ok((WorkspaceId(row.get(0)?), row.get::<_, i64>(1)?)))?;
    let found: Vec<_> = rows.collect::<Result<_, _>>()?;
    let mut rotating = Vec::new();
    for (workspace, installation) in found {
        let pair = persons_pair(tx, keys, installation, &workspace)?.and_then(Result::ok);
        let Some(Pair { refresh: Some(refresh), expires_at: Some(expires_at), .. }) = pair else { continue };
        rotating.push(Rotating { workspace, whose: Whose::Person, expires_at, refresh: Ok(refresh) });
    }
    Ok(rotating)
}

/// The installation whose pair is still the one with this refresh token.
fn still(
    tx: &Transaction<'_>,
    keys: &Keyring,
    workspace: &WorkspaceId,
    (whose, used): (Whose, &Secret),
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT id FROM installations WHERE workspace = ? AND state = 'active'";
    let id: Option<i64> = tx.query_row(sql, [&workspace.0], |row| row.get(0)).optional()?;
    let Some(id) = id else { return Ok(None) };
    let refresh = match whose {
        Whose::Bot => {
            let sql = "SELECT id FROM tokens WHERE installation = ? AND kind = 'refresh'";
            let row: Option<i64> = tx.query_row(sql, [id], |row| row.get(0)).optional()?;
            let Some(row) = row else { return Ok(None) };
            sealed::take(tx, Some(keys), (TABLE, COLUMN, row), workspace)?.and_then(Result::ok)
        }
        Whose::Person => {
            let found = persons_pair(tx, Some(keys), id, workspace)?;
            found.and_then(|pair| pair.ok()?.refresh)
        }
    };
    Ok(refresh.filter(|refresh| refresh.expose() == used.expose()).map(|_| id))
}

fn persons_pair(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    installation: i64,
    workspace: &WorkspaceId,
) -> Result<Option<Result<Pair, Locked>>, StoreError> {
    let sql = "SELECT id FROM tokens WHERE installation = ? AND kind = 'user'";
    let row: Option<i64> = tx.query_row(sql, [installation], |row| row.get(0)).optional()?;
    let Some(row) = row else { return Ok(None) };
    let sealed = sealed::take(tx, keys, (TABLE, COLUMN, row), workspace)?;
    Ok(sealed.map(|sealed| sealed.map(|sealed| Pair::opened(&sealed))))
}

fn put_persons(
    tx: &Transaction<'_>,
    keys: &Keyring,
    installation: i64,
    pair: &Pair,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE tokens SET made_at = ?2 WHERE installation = ?1 AND kind = 'user' RETURNING id";
    let row: i64 = tx.query_row(sql, (installation, now.0), |row| row.get(0))?;
    sealed::put(tx, keys, (TABLE, COLUMN, row), &pair.sealed())
}
