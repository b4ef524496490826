//! Databases of every earlier schema, filled, are brought up to date by the program and lose nothing.
//!
//! A new step of the schema needs one thing here: a file in `tests/data/migrations/` with the step's name, which fills what
//! the step adds. The schemas themselves are read from `src/store/schema/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use deskd::domain::ids::{TaskNumber, WorkspaceId};
use deskd::domain::send::SendState;
use deskd::domain::task::Status;
use deskd::domain::time::Timestamp;
use deskd::simulator::Setup;
use deskd::store::tasks::TaskFilter;
use deskd::store::{Store, StoreError};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::world::World;

/// A table's rows, each as its named columns.
type Rows = BTreeMap<String, Vec<BTreeMap<String, Value>>>;

/// Name and text of every step, in order.
fn steps() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut steps: Vec<_> = files
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    steps.sort();
    steps
}

fn data(step: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations").join(step);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("{} is missing: fill what the step adds", path.display()))
}

/// A database as the deskd of step `upto` left it; `name` puts ids in place of their words.
fn filled(path: &Path, upto: usize, name: impl Fn(String) -> String) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;").unwrap();
    connection
        .execute_batch("CREATE TABLE migrations (step INTEGER PRIMARY KEY, version TEXT NOT NULL, at INTEGER NOT NULL) STRICT")
        .unwrap();
    for (step, (file, sql)) in (1..).zip(steps().into_iter().take(upto)) {
        connection.execute_batch(&sql).unwrap();
        connection.execute("INSERT INTO migrations VALUES (?, '0.0.9', 77)", [step]).unwrap();
        connection.pragma_update(None, "user_version", step).unwrap();
        connection.execute_batch(&name(data(&file))).unwrap_or_else(|problem| panic!("{file}: {problem}"));
    }
}

fn rows(path: &Path) -> Rows {
    let connection = Connection::open(path).unwrap();
    let sql =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut query = connection.prepare(sql).unwrap();
    let tables: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let read = |table: &String| {
        let mut query = connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let names: Vec<String> = query.column_names().map(str::to_owned).collect();
        let row = |row: &rusqlite::Row<'_>| {
            Ok(names.iter().enumerate().map(|(at, name)| (name.clone(), row.get(at).unwrap())).collect())
        };
        let found: Vec<_> = query.query_map([], row).unwrap().map(Result::unwrap).collect();
        (table.clone(), found)
    };
    tables.iter().map(read).collect()
}

fn version(path: &Path) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Rows of before that are not there any more as they were: columns that were added do not count.
fn lost(before: &Rows, after: &Rows) -> Vec<String> {
    let mut lost = Vec::new();
    // The seventh step gives two tables and a column other names, and one of the names to another table.
    let renamed = !before.contains_key("troubles");
    for (table, rows) in before {
        let table = match table.as_str() {
            "notices" if renamed => "troubles",
            "deliveries" if renamed => "tellings",
            other => other,
        };
        let now_called = |name: &str| match (table, name) {
            ("tellings", "notice") => "trouble".to_owned(),
            _ => name.to_owned(),
        };
        for row in rows {
            let same = |now: &BTreeMap<String, Value>| {
                row.iter().all(|(name, value)| now.get(&now_called(name)) == Some(value))
            };
            if !after.get(table).is_some_and(|rows| rows.iter().any(same)) {
                lost.push(format!("{table}: {row:?}"));
            }
        }
    }
    lost
}

fn beside(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

#[tokio::test]
async fn a_filled_database_of_every_schema_is_brought_up_to_date_row_by_row() {
    let count = steps().len();
    for upto in 1..=count {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskd.db");
        filled(&path, upto, |sql| sql);
        let before = rows(&path);
        let store = Store::open(&path, Timestamp(9_000)).await.unwrap();
        let after = rows(&path);
        let lost = lost(&before, &after);
        // The fifth step turns the link of an erased contact into the erasure of a person.
        let link = "U0GONE";
        let expected = usize::from(
            before["contact_people"].iter().any(|row| row["person"] == Value::from(link.to_owned()))
                && !before.contains_key("erasures"),
        );
        assert_eq!(lost.len(), expected, "schema {upto}: {lost:#?}");
        assert!(lost.iter().all(|row| row.contains(link)), "schema {upto}: {lost:#?}");
        assert_eq!(usize::try_from(version(&path)).unwrap(), count);
        assert!(store.integrity().await.unwrap().is_empty(), "schema {upto}");
        let orphans =
            Connection::open(&path).unwrap().prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
        assert!(!orphans, "schema {upto}: rows point at nothing");
        readable(&store, upto).await;
        let snapshot = beside(&path, &format!(".before-schema-{}", upto + 1));
        assert_eq!(snapshot.exists(), upto < count);
        if upto < count {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(snapshot.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!((usize::try_from(version(&snapshot)).unwrap(), rows(&snapshot)), (upto, before));
        }
    }
}

/// What the program makes of the rows.
async fn readable(store: &Store, upto: usize) {
    let workspace = WorkspaceId("T_HOME".into());
    let tasks = store.of(&workspace).tasks(TaskFilter::default()).await.unwrap();
    let told: Vec<_> =
        tasks.iter().map(|task| (task.number.0, task.status, task.category.as_str())).collect();
    assert_eq!(
        told,
        [(1, Status::Waiting, "billing"), (3, Status::Done, "other"), (2, Status::Snoozed, "bug")],
        "schema {upto}"
    );
    let task = store.of(&workspace).task(TaskNumber(1)).await.unwrap().unwrap();
    assert_eq!((task.conversation.len(), task.history.len(), task.verdict.reasons.len()), (2, 3, 1));
    assert!(task.conversation.iter().any(|said| said.files == ["a.pdf"]));
    let queue = store.of(&workspace).queue(SendState::ALL.to_vec()).await.unwrap();
    let states: Vec<_> =
        queue.iter().filter(|send| send.kind == "reply").map(|send| send.state.as_str()).collect();
    assert_eq!(states, ["sent", "sending", "waiting", "failed", "dead", "unknown", "dropped"]);
    assert_eq!(store.next_events(9).await.unwrap().len(), 1, "one event has no outcome yet");
    assert_eq!(store.sealed(9).await.unwrap().len(), 1);
    assert_eq!(store.of(&workspace).contacts().await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_desk_on_an_upgraded_database_sends_what_waited_once_and_makes_tasks_of_the_rest() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    let root = world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    let channel = world.slack.channel_id("support").unwrap();
    let person = |handle: &str| world.slack.user_id(handle).unwrap();
    let words = [
        ("T_HOME", world.workspace.0.clone()),
        ("C_SUPPORT", channel),
        ("U_ADA", person("ada")),
        ("U_GRACE", person("grace")),
        ("U_TESS", person("tess")),
        ("TS_ROOT", root.clone()),
        ("1760000000000", world.clock.now().0.to_string()),
    ];
    let name = |sql: String| words.iter().fold(sql, |sql, (word, id)| sql.replace(word, id));
    filled(&world.database(), 1, name);
    world.open().await;
    world.pass(180).await;
    let thread = world.slack.thread("support", &root).unwrap();
    let said: Vec<&str> = thread.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        said,
        ["the invoice is wrong", "it was sending", "it was waiting"],
        "each once, in their order"
    );
    let tasks = world.tasks().await;
    assert!(tasks.contains("how much is it?") && tasks.contains("me, too"), "{tasks}");
    let standing = world.store().standing().await.unwrap();
    assert_eq!((standing.pending, standing.bundles_open, standing.bundles_sealed), (0, 0, 0));
    world.close_quietly().await;
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_database_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskd.db");
    filled(&path, 1, |sql| sql);
    // Something in the way of the last thing that the second step makes.
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE sends_new (x INTEGER)").unwrap();
    let before = rows(&path);
    let refused = Store::open(&path, Timestamp(0)).await.err().unwrap();
    assert!(matches!(refused, StoreError::Sql { .. }), "{refused}");
    assert_eq!((version(&path), rows(&path)), (1, before), "nothing of the step is there");
    Connection::open(&path).unwrap().execute_batch("DROP TABLE sends_new").unwrap();
    Store::open(&path, Timestamp(0)).await.unwrap();
    assert_eq!(usize::try_from(version(&path)).unwrap(), steps().len());
}

/// The program, started on a database; the simulator is not needed for what happens before it serves.
fn program(folder: &Path) -> Command {
    let config = "[slack]\napi_url = \"http://127.0.0.1:9/api/\"\n[store]\npath = \"deskd.db\"\n[api]\nsocket = \"deskd.sock\"\n";
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_deskd"));
    command.arg("--config").arg(folder.join("config.toml")).arg("run").stdin(Stdio::null());
    command.env("SLACK_APP_TOKEN", "xapp-1-A0-1-test").env("SLACK_BOT_TOKEN", "xoxb-1-test");
    command
}

#[test]
fn a_newer_database_is_refused_with_the_version_that_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskd.db");
    filled(&path, steps().len(), |sql| sql);
    let newer = "INSERT INTO migrations VALUES (99, '9.4.0', 0); PRAGMA user_version = 99;";
    Connection::open(&path).unwrap().execute_batch(newer).unwrap();
    let ended = program(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the database was written by deskd 9.4.0 (schema 99), newer than this one"),
        "{said}"
    );
    assert!(said.contains("hint: install that version again"), "{said}");
}

#[test]
fn killed_in_the_middle_of_an_upgrade_the_next_start_finishes_it() {
    let (mut early, mut late) = (0, 0);
    for wait in [0, 4, 8, 16, 32, 64] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskd.db");
        filled(&path, 1, |sql| sql);
        let bulk = "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
            INSERT INTO sends SELECT i, 'T_HOME', 'key-' || i, 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT',
                hex(zeroblob(200)), 'sent', 0, 1, 1, 1, '', '', 1, 1 FROM n";
        Connection::open(&path).unwrap().execute_batch(bulk).unwrap();
        let before = rows(&path);
        let mut running = program(folder.path()).stderr(Stdio::null()).spawn().unwrap();
        // The copy is there: from now on the steps are under way.
        let copy = beside(&path, ".before-schema-2");
        while !copy.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(wait));
        running.kill().unwrap();
        running.wait().unwrap();
        let reached = usize::try_from(version(&path)).unwrap();
        if reached == 1 {
            early += 1
        } else {
            late += 1
        }
        let after = rows(&path);
        assert_eq!(after["sends"].len(), before["sends"].len(), "{wait} ms, schema {reached}");
        assert_eq!(after["messages"].len(), before["messages"].len(), "{wait} ms, schema {reached}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(Store::open(&path, Timestamp(0))).unwrap();
        assert_eq!(usize::try_from(version(&path)).unwrap(), steps().len(), "{wait} ms");
        assert_eq!(rows(&path)["sends"].len(), before["sends"].len());
    }
    println!("killed before the first step {early} times, after it {late} times");
}
