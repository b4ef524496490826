//! Secrets in the database: sealed on the way in, opened on the way out, and sealed anew when the key changes.
//!
//! Whoever adds a column that holds a secret adds it to `SEALED`: what is not in that list is not rotated.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::{KeyId, Keyring, Locked, NONCE_BYTES, Nonce, Place, key_of};
use crate::domain::secret::Secret;

/// Every column that holds sealed values, in tables whose rows have `id` and `workspace`.
pub(super) const SEALED: [(&str, &str); 1] = [("webhooks", "url")];

/// The sealed values of a database, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// By the key that sealed them.
    pub by_key: BTreeMap<KeyId, i64>,
    /// Those of which no key can be read.
    pub unreadable: i64,
}

impl Store {
    /// Which keys the secrets in the database were sealed with.
    pub async fn sealed_inventory(&self) -> Result<Inventory, StoreError> {
        self.read(move |tx| {
            let mut inventory = Inventory::default();
            for (table, column) in SEALED {
                let mut query = tx.prepare_cached(&format!("SELECT {column} FROM {table} ORDER BY id"))?;
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    match key_of(row.get_ref(0)?.as_blob().unwrap_or_default()) {
                        Ok(id) => *inventory.by_key.entry(id).or_default() += 1,
                        Err(_) => inventory.unreadable += 1,
                    }
                }
            }
            Ok(inventory)
        })
        .await
    }

    /// Seals every secret with the first key of `keys`, in one transaction: all of them, or none when one cannot be opened.
    /// Says how many there are.
    pub async fn reseal(&self, keys: Keyring) -> Result<usize, StoreError> {
        self.write(move |tx| SEALED.into_iter().map(|sealed| reseal(tx, sealed, &keys)).sum()).await
    }
}

fn reseal(tx: &Transaction<'_>, (table, column): (&str, &str), keys: &Keyring) -> Result<usize, StoreError> {
    let mut query = tx.prepare(&format!("SELECT id, {column} FROM {table} ORDER BY id"))?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    for (id, sealed) in &rows {
        let workspace = workspace_of(tx, table, *id)?;
        let place = Place { table, column, workspace: &workspace, row: *id };
        let secret = keys.open(place, sealed).map_err(StoreError::Sealed)?;
        put(tx, keys, (table, column, *id), &secret)?;
    }
    Ok(rows.len())
}

/// Seals a secret for a row that is there.
pub(super) fn put(
    tx: &Transaction<'_>,
    keys: &Keyring,
    (table, column, id): (&str, &str, i64),
    secret: &Secret,
) -> Result<(), StoreError> {
    let workspace = workspace_of(tx, table, id)?;
    let place = Place { table, column, workspace: &workspace, row: id };
    let set = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
    tx.execute(&set, (id, keys.seal(place, secret, nonce()?)))?;
    Ok(())
}

/// Opens the secret of a row; `None` when there is no such row.
pub(super) fn take(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    (table, column, id): (&str, &str, i64),
    workspace: &WorkspaceId,
) -> Result<Option<Result<Secret, Locked>>, StoreError> {
    let of = format!("SELECT {column} FROM {table} WHERE id = ? AND workspace = ?");
    let sealed: Option<Vec<u8>> = tx.query_row(&of, (id, &workspace.0), |row| row.get(0)).optional()?;
    let place = Place { table, column, workspace: &workspace.0, row: id };
    Ok(sealed.map(|sealed| keys.ok_or(Locked::NoKey).and_then(|keys| keys.open(place, &sealed))))
}

fn workspace_of(tx: &Transaction<'_>, table: &str, id: i64) -> Result<String, StoreError> {
    let of = format!("SELECT workspace FROM {table} WHERE id = ?");
    Ok(tx.query_row(&of, [id], |row| row.get(0))?)
}

fn nonce() -> Result<Nonce, StoreError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| StoreError::NoRandomness)?;
    Ok(nonce)
}
