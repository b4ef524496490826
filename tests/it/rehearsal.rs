//! The journal against other rules: what would change, with nothing written and nothing sent.

use std::time::Duration;

use deskd::cli::rehearse::{Difference, compare};
use deskd::config::settings::Monitor;
use deskd::domain::rules::CategoryRule;
use deskd::domain::time::Timestamp;
use deskd::store::StoreError;

use crate::world::World;

const BEGINNING: Timestamp = Timestamp(0);

/// A day with a pause within a request, an answer in a thread, an edit, and a message where nobody listens.
async fn day() -> World {
    let world = World::start().await;
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(20).await;
    let second = world.slack.say("ada", "support", "it says 40 EUR").unwrap();
    world.pass(60).await;
    world.slack.say_in_thread("tess", "support", &second, "we look").unwrap();
    world
        .slack
        .say_in_thread("ada", "support", &second, "thank you, it is the refund for order 123456")
        .unwrap();
    world.pass(60).await;
    let third = world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.slack.edit("sales", &third, "how much is it?").unwrap();
    world.slack.say("ada", "general", "is this for the desk?").unwrap();
    world.pass(60).await;
    world
}

fn told(difference: &Difference) -> String {
    let rows = difference.rows.iter().map(|row| {
        let task = row.task.map_or_else(|| "-".to_owned(), |task| task.to_string());
        format!("{task} {} {} -> {}", row.what, row.before, row.after)
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn the_same_rules_change_nothing() {
    let world = day().await;
    let difference = compare(&world.config, BEGINNING).await.unwrap();
    assert_eq!(told(&difference), "");
    assert!(difference.events >= 7 && difference.bundles == (3, 3), "{difference:?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn other_rules_show_other_channels_other_cuts_and_other_verdicts() {
    let world = day().await;
    let mut config = world.config.clone();
    config.inbox.monitor = Monitor::Joined;
    config.inbox.quiet = Duration::from_secs(10);
    config.rules.categories.push(CategoryRule {
        keywords: vec!["refund".into(), "invoice".into()],
        phrases: vec!["order 123456".into(), "how much".into()],
        weight: 50.0,
        ..CategoryRule::named("refund")
    });
    config.rules.priority.urgent.push("invoice".into());
    let before = std::fs::read(world.database()).unwrap();
    let calls = world.slack.calls("chat.postMessage");
    let difference = compare(&config, BEGINNING).await.unwrap();
    insta::assert_snapshot!(told(&difference), @"
    - event not_monitored -> message
    1 bundles 1 -> 2
    1 category billing -> refund
    1 priority normal -> urgent
    1 category billing -> refund
    2 category sales -> refund
    ");
    assert_eq!(difference.bundles, (3, 5));
    assert_eq!(std::fs::read(world.database()).unwrap(), before, "nothing was written");
    assert_eq!(world.slack.calls("chat.postMessage"), calls, "nothing was sent");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_database_of_an_older_schema_is_not_changed_for_a_rehearsal() {
    let world = World::without_desk(deskd::simulator::Setup::default(), |_| {});
    rusqlite::Connection::open(world.database())
        .unwrap()
        .execute_batch("CREATE TABLE migrations (x); PRAGMA user_version = 1")
        .unwrap();
    let refused = compare(&world.config, BEGINNING).await.unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(StoreError::Older { found: 1, .. })), "{refused}");
    assert!(refused.to_string().contains("hint: start deskd once"), "{refused}");
}

/// 100,000 messages of 5,000 people in the monitored channel, each decided already.
const MANY: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO events (workspace, app, kind, type, event_id, digest, retry, received_at, payload)
    SELECT 'T_HOME', '', 'events_api', 'message', 'EvMany' || i, i, 0, 1700000000000 + i * 100,
        json_object('type', 'event_callback', 'event', json_object('type', 'message', 'channel', 'C_SUPPORT',
            'user', 'U' || (i % 5000), 'ts', (1700000000 + i) || '.000100', 'text', 'the invoice ' || i || ' is wrong'))
    FROM n;
    INSERT INTO outcomes (event, reason, subject, detail, at)
    SELECT id, 'joined_bundle', 1, '', 1 FROM events WHERE event_id LIKE 'EvMany%';";

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_events_are_rehearsed_in_seconds() {
    let mut world = World::start().await;
    world.close().await;
    let channel = world.slack.channel_id("support").unwrap();
    let sql = MANY.replace("T_HOME", &world.workspace.0).replace("C_SUPPORT", &channel);
    rusqlite::Connection::open(world.database()).unwrap().execute_batch(&sql).unwrap();
    let begun = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let difference = compare(&world.config, BEGINNING).await.unwrap();
    let took = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - begun;
    println!("100,000 events took {took:?}");
    assert!(difference.events >= 100_000 && took < Duration::from_secs(60), "{took:?}");
}
