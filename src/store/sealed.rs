//! Secrets in the database: sealed on the way in, opened on the way out, and sealed anew when the key changes.
//!
//! Whoever adds a column that holds a secret adds it to `SEALED`: what is not in that list is not rotated.

use std::path::PathBuf;

use rusqlite::{OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::audit::{self, note_all};
use super::error::StoreError;
use super::migrate;
use super::sqlite::{Occupied, Store, blocking, connect};
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::{Inventory, Keyring, Locked, NONCE_BYTES, Nonce, Place, key_of};
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// Every column that holds sealed values, in tables whose rows have `id` and `workspace`.
pub(super) const SEALED: [(&str, &str); 2] = [("tokens", "token"), ("webhooks", "url")];

impl Store {
    /// Which keys the secrets in the database were sealed with, and which of them are good for nothing. Those whose key is here
    /// are really opened.
    pub async fn sealed_inventory(&self) -> Result<Inventory, StoreError> {
        let keys = self.keys();
        self.read(move |tx| inventory(tx, keys.as_deref())).await
    }
}

/// The same for a database that is not open, without changing anything in it. Its schema must be the one we know.
pub async fn peek(path: PathBuf, keys: Option<Keyring>) -> Result<Inventory, StoreError> {
    blocking(move || {
        let mut reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::expect_newest(&reader)?;
        inventory(&reader.transaction()?, keys.as_ref())
    })
    .await
}

/// A secret that cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// What it is, by the names that people know.
    pub what: String,
    /// Why it cannot be opened.
    pub why: Locked,
    /// How deskd is given it again.
    pub again: String,
}

/// Every secret of the database at `path` that does not open with `keys`, without changing anything in it.
pub async fn shut(path: PathBuf, keys: Keyring) -> Result<Vec<Shut>, StoreError> {
    blocking(move || {
        let mut reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrate::expect_newest(&reader)?;
        let tx = reader.transaction()?;
        let mut found = Vec::new();
        for sealed in SEALED {
            for (id, workspace, value) in values(&tx, sealed)? {
                let place = Place { table: sealed.0, column: sealed.1, workspace: &workspace, row: id };
                if let Err(why) = keys.open(place, &value) {
                    let (what, again) = named(&tx, sealed.0, id)?;
                    found.push(Shut { what, why, again });
                }
            }
        }
        Ok(found)
    })
    .await
}

/// What people know a secret by, and the command that takes it again.
fn named(tx: &Transaction<'_>, table: &str, id: i64) -> Result<(String, String), StoreError> {
    let text = |sql: &str| tx.query_row(sql, [id], |row| row.get::<_, String>(0));
    if table == "webhooks" {
        let name = text("SELECT name FROM webhooks WHERE id = ?")?;
        return Ok((format!("the address of webhook {name}"), format!("deskd webhook rotate {name}")));
    }
    let kind = text("SELECT kind FROM tokens WHERE id = ?")?;
    let workspace = text("SELECT workspace FROM tokens WHERE id = ?")?;
    let again = format!("deskd token rotate --workspace {workspace}");
    Ok((format!("the {kind} token of {workspace}"), again))
}

/// All sealed values of a column: row, workspace and bytes.
fn values(
    tx: &Transaction<'_>,
    (table, column): (&str, &str),
) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError> {
    let mut query = tx.prepare(&format!("SELECT id, workspace, {column} FROM {table} ORDER BY id"))?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Seals every secret of the database at `path` with the first key of `keys`, in one transaction: all of them, or none when
/// one cannot be opened. Says how many there are. `alone`: a daemon would go on with the old key.
pub async fn reseal(
    path: PathBuf,
    keys: Keyring,
    (by, now): (Actor, Timestamp),
    alone: &Occupied,
) -> Result<usize, StoreError> {
    let _ = alone;
    blocking(move || {
        let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        migrate::expect_newest(&writer)?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.pragma_update(None, "secure_delete", true)?;
        audit::begin_memory(&writer)?;
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut count = 0;
        for sealed in SEALED {
            count += reseal_column(&tx, sealed, &keys)?;
        }
        audit::look_at_start(&tx, Some(&keys), now)?;
        let act = Act::new(&by, Deed::KeyRotated, keys.first().id().to_string());
        note_all(&tx, Some(&keys), act, now)?;
        tx.commit()?;
        // What the old key opens does not stay in the log either.
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(count)
    })
    .await
}

fn inventory(tx: &Transaction<'_>, keys: Option<&Keyring>) -> Result<Inventory, StoreError> {
    let mut inventory = Inventory::default();
    for (table, column) in SEALED {
        for (row, workspace, sealed) in values(tx, (table, column))? {
            let place = Place { table, column, workspace: &workspace, row };
            inventory.count(keys.map_or_else(|| key_of(&sealed), |keys| keys.look(place, &sealed)));
        }
    }
    Ok(inventory)
}

fn reseal_column(
    tx: &Transaction<'_>,
    (table, column): (&str, &str),
    keys: &Keyring,
) -> Result<usize, StoreError> {
    let rows = values(tx, (table, column))?;
    for (id, workspace, sealed) in &rows {
        let place = Place { table, column, workspace, row: *id };
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

#[cfg(test)]
mod tests {
    use super::SEALED;
    use crate::domain::time::Timestamp;
    use rusqlite::Connection;

    /// Pictures of numbers are bytes, too, and no secrets.
    #[test]
    fn every_column_of_bytes_holds_secrets_and_is_sealed_anew_with_a_new_key() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::migrate::up(&mut connection, std::path::Path::new("unused"), Timestamp(0)).unwrap();
        let sql = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                   WHERE t.type = 'table' AND c.type = 'BLOB' AND t.name || '.' || c.name <> 'charts.png' ORDER BY 1, 2";
        let mut query = connection.prepare(sql).unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let columns: Vec<(String, String)> = rows.collect::<Result<_, _>>().unwrap();
        let sealed = SEALED.map(|(table, column)| (table.to_owned(), column.to_owned()));
        assert_eq!(columns, sealed, "a column of bytes that is not sealed, or not in the list");
    }
}
