//! Copies of the database: whole or not there at all, of one moment even while everything pours in, put back with care.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskd::domain::time::Timestamp;
use deskd::store::backup::{Progress, Tell, backup, restore};
use deskd::store::{Incoming, Store, occupy};
use rusqlite::Connection;

fn quiet() -> Tell {
    Box::new(|_| {})
}

fn incoming(number: u64) -> Incoming {
    Incoming {
        workspace: "T1".into(),
        app: "A1".into(),
        kind: "events_api".into(),
        inner: "message".into(),
        event_id: format!("Ev{number}"),
        retry: 0,
        payload: format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(400)),
    }
}

async fn filled(path: &Path, events: u64) -> Store {
    let store = Store::open(path, Timestamp(0)).await.unwrap();
    for begin in (0..events).step_by(256) {
        let batch = (begin..events.min(begin + 256)).map(incoming).collect();
        store.record_events(batch, Timestamp(1)).await.unwrap();
    }
    store
}

fn one<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The names in a folder, without those that belong to an open database.
fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        all.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !["-wal", "-shm", ".lock"].iter().any(|end| name.ends_with(end)));
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_taken_while_events_pour_in_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("deskd.db"), 10_000).await;
    let (stop, pairs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (pouring, told, poured) = (store.clone(), stop.clone(), pairs.clone());
    let writer = tokio::spawn(async move {
        while !told.load(Ordering::Relaxed) {
            // Two rows in each commit: a copy with an odd number would hold half of one.
            let number = 10_000 + 2 * poured.fetch_add(1, Ordering::Relaxed);
            let pair = vec![incoming(number), incoming(number + 1)];
            pouring.record_events(pair, Timestamp(2)).await.unwrap();
        }
    });
    let (mut before, mut copies) = (0, 0);
    while copies < 5 || pairs.load(Ordering::Relaxed) < 50 {
        assert!(copies < 200, "the writer is held up");
        let copy = folder.path().join(format!("copy-{copies}.db"));
        backup(store.path().to_owned(), copy.clone(), quiet(), Timestamp(3)).await.unwrap();
        let (events, highest): (i64, i64) =
            (one(&copy, "SELECT COUNT(*) FROM events"), one(&copy, "SELECT MAX(id) FROM events"));
        assert_eq!(events, highest, "no event is missing in between");
        assert!(events % 2 == 0 && events >= before, "{events} events after {before}");
        (before, copies) = (events, copies + 1);
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    assert_eq!(names(folder.path()).len(), copies + 1, "{:?}", names(folder.path()));
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_leaves_the_older_one_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("deskd.db"), folder.path().join("copy.db"));
    let store = filled(&path, 2_000).await;
    store.checkpoint().await.unwrap();
    drop(store);
    backup(path.clone(), copy.clone(), quiet(), Timestamp(1)).await.unwrap();
    let good = std::fs::read(&copy).unwrap();
    // A page in the middle of the database is overwritten with rubbish.
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let refused = backup(path.clone(), copy.clone(), quiet(), Timestamp(2)).await.unwrap_err();
    assert!(refused.to_string().contains("the database is damaged"), "{refused}");
    assert_eq!(std::fs::read(&copy).unwrap(), good);
    assert_eq!(names(folder.path()), ["copy.db", "deskd.db"], "nothing half-made is left");
    assert_eq!(one::<i64>(&copy, "SELECT COUNT(*) FROM events"), 2_000);
}

#[tokio::test]
async fn a_restore_keeps_what_was_there_with_its_last_commits_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("deskd.db"), folder.path().join("copy.db"));
    let store = filled(&path, 100).await;
    backup(path.clone(), copy.clone(), quiet(), Timestamp(1)).await.unwrap();
    // What kill -9 leaves: the last commits are in the write-ahead log alone.
    store.record_events(vec![incoming(100)], Timestamp(2)).await.unwrap();
    let crashed = folder.path().join("crashed.db");
    for end in ["", "-wal"] {
        std::fs::copy(format!("{}{end}", path.display()), format!("{}{end}", crashed.display())).unwrap();
    }
    let daemon = occupy(&crashed).unwrap();
    let refused = restore(copy.clone(), crashed.clone(), quiet()).await.unwrap_err();
    assert!(refused.to_string().contains("another deskd works with"), "{refused}");
    drop(daemon);
    restore(copy.clone(), crashed.clone(), quiet()).await.unwrap();
    assert_eq!(one::<i64>(&crashed, "SELECT COUNT(*) FROM events"), 100);
    let aside = folder.path().join("crashed.db.before-restore");
    assert_eq!(one::<i64>(&aside, "SELECT COUNT(*) FROM events"), 101);
    // And from there back again.
    restore(aside, crashed.clone(), quiet()).await.unwrap();
    assert_eq!(one::<i64>(&crashed, "SELECT COUNT(*) FROM events"), 101);
}

#[tokio::test]
async fn progress_is_told_up_to_the_end_and_then_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskd.db");
    let store = filled(&path, 20_000).await;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = heard.clone();
    let tell: Tell = Box::new(move |progress| ear.lock().unwrap().push(progress));
    backup(store.path().to_owned(), folder.path().join("copy.db"), tell, Timestamp(1)).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    let mut last = 0;
    for progress in &heard[..heard.len() - 1] {
        let Progress::Copied(done, all) = progress else { panic!("{progress:?} before the end") };
        assert!(last < *done && done <= all);
        last = *done;
    }
    assert!(heard.len() > 2 && matches!(heard.last(), Some(Progress::Checking(_))), "{heard:?}");
}

#[tokio::test]
async fn copies_from_before_a_change_of_the_schema_go_after_a_month_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskd.db");
    let store = filled(&path, 1).await;
    let now = Timestamp(1_800_000_000_000);
    let day = Duration::from_secs(24 * 3600);
    for (name, age) in [("before-schema-2", 31), ("before-schema-3", 29), ("before-restore", 400)] {
        let copy = std::fs::File::create(folder.path().join(format!("deskd.db.{name}"))).unwrap();
        let made = now.minus(day * age);
        copy.set_modified(std::time::UNIX_EPOCH + Duration::from_millis(made.0.unsigned_abs())).unwrap();
    }
    assert_eq!(store.forget_copies(now).await.unwrap(), 1);
    assert_eq!(names(folder.path()), ["deskd.db", "deskd.db.before-restore", "deskd.db.before-schema-3"]);
}
