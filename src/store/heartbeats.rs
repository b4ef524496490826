//! Heartbeats: promises, beats and silences. A silence is told, and its end, in the transaction that notes it.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::notices::{self, Accepted};
use super::plot::Owner;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::heartbeat::Seen;
use crate::domain::notice::Checked;
use crate::domain::time::Timestamp;

impl Space {
    /// Notes a beat; where its silence was told, `end` ends that. Says whether it did.
    pub async fn beat(
        &self,
        name: String,
        end: Checked,
        now: Timestamp,
    ) -> Result<Option<Accepted>, StoreError> {
        self.write(move |tx, workspace| {
            let sql = "SELECT missed_at FROM heartbeats WHERE name = ?";
            let missed: Option<Option<i64>> =
                tx.prepare_cached(sql)?.query_row([&name], |row| row.get(0)).optional()?;
            tx.prepare_cached(
                "INSERT INTO heartbeats (name, since, last_at, missed_at) VALUES (?1, ?2, ?2, NULL)
                 ON CONFLICT (name) DO UPDATE SET last_at = excluded.last_at, missed_at = NULL",
            )?
            .execute((&name, now.0))?;
            match missed.flatten() {
                Some(_) => notices::submit(tx, Owner::whole(workspace), &end, now).map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    /// Notes a silence and tells of it, unless it beat meanwhile.
    pub async fn miss_heartbeat(
        &self,
        name: String,
        seen: Seen,
        notice: Checked,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx, workspace| {
            let mut update = tx.prepare_cached(
                "UPDATE heartbeats SET missed_at = ?2 WHERE name = ?1 AND missed_at IS NULL AND last_at IS ?3",
            )?;
            if update.execute((&name, now.0, seen.last.map(|last| last.0)))? == 0 {
                return Ok(false);
            }
            notices::submit(tx, Owner::whole(workspace), &notice, now)?;
            Ok(true)
        })
        .await
    }

    /// Forgets a heartbeat that is promised no more; where its silence was told, `end` ends that.
    pub async fn forget_heartbeat(
        &self,
        name: String,
        end: Checked,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let sql = "DELETE FROM heartbeats WHERE name = ? RETURNING missed_at";
            let missed: Option<Option<i64>> =
                tx.prepare_cached(sql)?.query_row([&name], |row| row.get(0)).optional()?;
            if missed.flatten().is_some() {
                notices::submit(tx, Owner::whole(workspace), &end, now)?;
            }
            Ok(())
        })
        .await
    }
}

impl Store {
    /// Notes which heartbeats are promised: new ones count from now, the others are forgotten. All that are known come back,
    /// those included that are promised no more; `forget_heartbeat` ends them.
    pub async fn promise_heartbeats(
        &self,
        names: Vec<String>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Seen>, StoreError> {
        let known = self.heartbeats().await?;
        if names.iter().all(|name| known.contains_key(name)) {
            return Ok(known);
        }
        self.write(move |tx| {
            let sql = "INSERT INTO heartbeats (name, since, last_at, missed_at) VALUES (?, ?, NULL, NULL)
                       ON CONFLICT (name) DO NOTHING";
            for name in &names {
                tx.prepare_cached(sql)?.execute((name, now.0))?;
            }
            Ok(())
        })
        .await?;
        self.heartbeats().await
    }

    /// All heartbeats by name.
    pub async fn heartbeats(&self) -> Result<BTreeMap<String, Seen>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached("SELECT name, since, last_at, missed_at FROM heartbeats")?;
            let rows = query.query_map([], |row| {
                let seen = Seen {
                    since: Timestamp(row.get(1)?),
                    last: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    missed: row.get::<_, Option<i64>>(3)?.map(Timestamp),
                };
                Ok((row.get(0)?, seen))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}
