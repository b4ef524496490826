//! Forgetting in time: every night, by class, and nobody who waits for an acknowledgement notices.

use std::time::Duration;

use deskd::domain::night;
use deskd::domain::time::Timestamp;
use deskd::simulator::Setup;
use deskd::store::retention::{Class, Retention};
use deskd::store::{Incoming, Store};
use jiff::tz::TimeZone;

use crate::api_door::Door;
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn every_night_what_is_old_goes_and_is_counted_by_class() {
    // The desk starts 20 minutes before the night, and keeps things for minutes instead of days.
    let night = night::next(Timestamp(Setup::default().epoch_ms), &TimeZone::system());
    let setup = Setup { epoch_ms: night.minus(20 * MINUTE).0, ..Setup::default() };
    let world = World::with(setup, |config| {
        config.store.keep_events = 5 * MINUTE;
        config.store.keep_tasks = 15 * MINUTE;
        config.store.keep_deliveries = 12 * MINUTE;
    })
    .await;
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(40).await;
    world.reply(1, "we will look").await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    world.handle(1, deskd::store::tasks::Handling::Close).await;
    let door = Door::open(world.desk().front());
    let figures = async || {
        let (_, text) = door.text("/metrics", "text/plain").await;
        let lines = text.lines().filter(|line| line.starts_with("deskd_rows_forgotten_total{"));
        let count = |line: &str| line.replace("deskd_rows_forgotten_total{class=", "").replace('}', "");
        let mut counts: Vec<_> = lines.map(count).filter(|line| !line.ends_with(" 0")).collect();
        counts.sort();
        counts.join(", ")
    };
    world.pass(18 * 60).await;
    assert_eq!(figures().await, "", "old enough, but it is not night yet");
    world.pass(60).await;
    assert_eq!(
        figures().await,
        "\"events\" 2, \"tasks\" 1",
        "the newest event stays; the send went with its task"
    );
    assert!(world.tasks().await.starts_with("2 open"), "an open task stays, however old");
    door.close().await;
    world.finish().await;
}

fn incoming(number: usize) -> Incoming {
    Incoming {
        workspace: "T1".into(),
        app: "A1".into(),
        kind: "events_api".into(),
        inner: "message".into(),
        event_id: format!("EvLive{number}"),
        retry: 0,
        payload: format!("{{\"text\":\"{}\"}}", "x".repeat(900)),
    }
}

/// 100,000 old events with outcomes, as a desk of some months has them.
const OLD: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO events (workspace, app, kind, type, event_id, digest, retry, received_at, payload)
    SELECT 'T1', 'A1', 'events_api', 'message', 'Ev' || i, i, 0, i, '{\"text\":\"' || hex(zeroblob(450)) || '\"}' FROM n;
    INSERT INTO outcomes (event, reason, subject, detail, at) SELECT id, 'not_monitored', NULL, '', 1 FROM events;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_hundred_thousand_rows_go_recording_goes_on_at_its_pace() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("deskd.db"), Timestamp(0)).await.unwrap();
    rusqlite::Connection::open(store.path()).unwrap().execute_batch(OLD).unwrap();
    let (pruning, now) = (store.clone(), Timestamp(0).plus(100 * DAY));
    let retention = Retention { events: 90 * DAY, tasks: 365 * DAY, deliveries: 30 * DAY };
    let pruned = tokio::spawn(async move {
        let mut gone = 0;
        loop {
            // Without the housekeeper's pauses: the worst that recording can meet.
            match pruning.prune(Class::Events, retention, now).await.unwrap() {
                0 => return gone,
                rows => gone += rows,
            }
        }
    });
    let mut waits = Vec::new();
    while !pruned.is_finished() {
        let begun = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        store.record_events(vec![incoming(waits.len())], now).await.unwrap();
        waits.push(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - begun);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(pruned.await.unwrap(), 100_000);
    waits.sort();
    let (p99, worst) = (waits[waits.len() * 99 / 100], waits[waits.len() - 1]);
    println!("{} recordings: p99 {p99:?}, worst {worst:?}", waits.len());
    assert!(waits.len() > 100 && p99 < Duration::from_millis(500), "{} recordings, p99 {p99:?}", waits.len());
}
