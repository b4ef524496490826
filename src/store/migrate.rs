//! The schema, step by step: an ordered list, one transaction each, with a copy of the file taken before.

use std::cmp::Ordering;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::backup::{beside, finish, remove};
use super::error::StoreError;
use crate::domain::time::Timestamp;

/// Every step there ever was, in order. A released step is never changed: a correction is a new step.
const STEPS: [&str; 24] = [
    include_str!("schema/0001_desk.sql"),
    include_str!("schema/0002_notices.sql"),
    include_str!("schema/0003_recovery.sql"),
    include_str!("schema/0004_destinations.sql"),
    include_str!("schema/0005_erasures.sql"),
    include_str!("schema/0006_look_ups.sql"),
    include_str!("schema/0007_notices.sql"),
    include_str!("schema/0008_secrets.sql"),
    include_str!("schema/0009_carried.sql"),
    include_str!("schema/0010_directory.sql"),
    include_str!("schema/0011_reports.sql"),
    include_str!("schema/0012_silences.sql"),
    include_str!("schema/0013_callers.sql"),
    include_str!("schema/0014_examples.sql"),
    include_str!("schema/0015_model_calls.sql"),
    include_str!("schema/0016_installations.sql"),
    include_str!("schema/0017_audit.sql"),
    include_str!("schema/0018_apps.sql"),
    include_str!("schema/0019_known_examples.sql"),
    include_str!("schema/0020_projects.sql"),
    include_str!("schema/0021_speakers.sql"),
    include_str!("schema/0022_unplaced.sql"),
    include_str!("schema/0023_told.sql"),
    include_str!("schema/0024_departures.sql"),
];

/// The version of the program, as written into the file with each step.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Brings the schema of the database at `path` up to date.
pub(super) fn up(connection: &mut Connection, path: &Path, now: Timestamp) -> Result<(), StoreError> {
    let found = version(connection)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { wrote: writer(connection)?, found, known });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        snapshot(connection, path, found)?;
    }
    for (step, sql) in (1..).zip(STEPS).skip(usize::try_from(found).unwrap_or_default()) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(BOOK)?;
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO migrations (step, version, at) VALUES (?, ?, ?)", (step, VERSION, now.0))?;
        tx.pragma_update(None, "user_version", step)?;
        tx.commit()?;
    }
    Ok(())
}

/// Which version of deskd took which step, so that a newer file can say who wrote it.
const BOOK: &str = "CREATE TABLE IF NOT EXISTS migrations (
    step INTEGER PRIMARY KEY, version TEXT NOT NULL, at INTEGER NOT NULL
) STRICT";

/// The schema number of the open database; 0 for an empty file.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The newest schema number this version knows.
pub(super) fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Refuses a database whose schema is not the newest, for those who may not change it.
pub(super) fn expect_newest(connection: &Connection) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, newest());
    match found.cmp(&known) {
        Ordering::Less => Err(StoreError::Older { found, known }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::Newer { wrote: writer(connection)?, found, known }),
    }
}

fn writer(connection: &Connection) -> Result<String, StoreError> {
    let sql = "SELECT version FROM migrations ORDER BY step DESC LIMIT 1";
    Ok(connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|_| "of an unknown version".to_owned()))
}

/// Keeps a copy of the database as it is before the first step: whole, on disk and readable for nobody else, or the step is
/// not taken.
fn snapshot(connection: &Connection, path: &Path, found: i64) -> Result<(), StoreError> {
    let copy = beside(path, &format!("before-schema-{}", found + 1));
    let partial = beside(&copy, "partial");
    remove(&partial)?;
    connection.execute("VACUUM INTO ?", [partial.display().to_string()])?;
    finish(&partial, &copy)
}

#[cfg(test)]
mod tests {
    use super::{STEPS, StoreError, Timestamp, up, version};
    use rusqlite::Connection;
    use std::path::Path;

    #[test]
    fn an_empty_file_gets_every_step_and_a_second_run_none() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            up(&mut connection, Path::new("unused"), Timestamp(0)).unwrap();
            assert_eq!(version(&connection).unwrap(), i64::try_from(STEPS.len()).unwrap());
        }
    }

    #[test]
    fn a_desk_from_before_gap_recovery_is_covered_from_its_last_event_on() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&[STEPS[0], STEPS[1]].concat()).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        let rows = "INSERT INTO events VALUES (1, 'T1', '', 'events_api', 'message', 'Ev1', 0, 0, 5000000, '{}');
            INSERT INTO channels VALUES ('T1', 'C1', '', 0, 1, 0, 'monitor', 0), ('T1', 'C2', '', 0, 1, 0, 'ignore', 0);
            INSERT INTO bundles VALUES (1, 'T1', 'C1', '', 'U1', 'open', 0, '', 1, 1, 2, NULL);";
        connection.execute_batch(rows).unwrap();
        let folder = tempfile::tempdir().unwrap();
        up(&mut connection, &folder.path().join("deskd.db"), Timestamp(0)).unwrap();
        let mut query = connection.prepare("SELECT channel || ' ' || complete_to FROM coverage").unwrap();
        let covered: Vec<String> =
            query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(covered, ["C1 4100000"]);
        let marked: i64 =
            connection.query_row("SELECT SUM(recovered) FROM bundles", [], |row| row.get(0)).unwrap();
        assert_eq!(marked, 0, "what was there arrived by itself");
    }

    #[test]
    fn events_of_before_belong_to_whom_they_were_seen_through_and_what_is_gone_is_blanked() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&STEPS[..22].concat()).unwrap();
        connection.pragma_update(None, "user_version", 22).unwrap();
        let seen = |id: &str| format!(r#"{{"authorizations":[{{"team_id":"{id}"}}]}}"#);
        let mut rows =
            "INSERT INTO installations VALUES (1, 'T1', '', 0, 'configured', 'active', '', NULL, 1, NULL),
                (2, 'E2', '', 1, 'connected', 'gone', 'disconnected', NULL, 1, 2);"
                .to_owned();
        for (id, named, payload, reason) in [
            (1, "T1", r#"{"team_id":"T1","user_team":"E2"}"#.to_owned(), "duplicate"),
            (2, "T9", seen("T1"), "duplicate"),
            (3, "", seen("E2"), "not_monitored"),
            (4, "T2", seen("E2"), "opened_bundle"),
            (5, "T9", "{}".to_owned(), "duplicate"),
            (6, "E2", r#"{"erased":true}"#.to_owned(), "not_installed"),
        ] {
            rows += &format!(
                "INSERT INTO events VALUES ({id}, '{named}', '', 'events_api', 'message', 'Ev{id}', 0, 0, 1, '{payload}');
                 INSERT INTO outcomes VALUES ({id}, '{reason}', NULL, '', 1);"
            );
        }
        connection.execute_batch(&rows).unwrap();
        let folder = tempfile::tempdir().unwrap();
        up(&mut connection, &folder.path().join("deskd.db"), Timestamp(0)).unwrap();
        let sql = "SELECT o.workspace || CASE WHEN e.payload LIKE '%erased%' THEN ' blank' ELSE '' END
                   FROM outcomes o JOIN events e ON e.id = o.event ORDER BY o.event";
        let mut query = connection.prepare(sql).unwrap();
        let whose: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(whose, ["T1", "T1", "E2 blank", "E2 blank", "", " blank"]);
    }

    #[test]
    fn a_newer_schema_is_refused_and_the_writer_named() {
        let mut connection = Connection::open_in_memory().unwrap();
        up(&mut connection, Path::new("unused"), Timestamp(0)).unwrap();
        connection.execute("INSERT INTO migrations VALUES (99, '9.4.0', 0)", []).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = up(&mut connection, Path::new("unused"), Timestamp(0)).unwrap_err();
        assert!(matches!(&refused, StoreError::Newer { found: 99, .. }));
        assert!(refused.to_string().contains("written by deskd 9.4.0"), "{refused}");
    }
}
