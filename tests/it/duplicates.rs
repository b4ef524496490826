//! The same thing again: retries, copies and twins. However often and in whatever order Slack delivers a post, it is one
//! message of one task, and every delivery is acknowledged. The names carry the ids of the failure stories.

use deskd::domain::bundle::Pick;
use deskd::simulator::{Fault, OfflineEvents, Setup, Times, Which};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::World;

/// What ada says in a channel, as Slack's event.
fn post(world: &World, channel: &str, ts: &str, text: &str) -> Value {
    json!({
        "type": "message", "channel": world.slack.channel_id(channel).unwrap(), "ts": ts, "event_ts": ts,
        "user": world.slack.user_id("ada").unwrap(), "text": text, "channel_type": "channel",
    })
}

/// The event in a callback with this id.
fn callback(world: &World, id: &str, event: &Value) -> Value {
    json!({
        "team_id": world.workspace.0, "type": "event_callback", "event_id": id, "event_time": 1_767_603_601,
        "event": event,
    })
}

/// A `ts` of the moment.
fn ts(world: &World, micros: u32) -> String {
    format!("{}.{micros:06}", world.clock.now().0 / 1_000)
}

/// How often a text stands in the tasks.
async fn told(world: &World, text: &str) -> usize {
    world.tasks().await.matches(text).count()
}

#[tokio::test(start_paused = true)]
async fn f18_a_retry_that_is_the_first_sight_of_an_event_counts() {
    let world = World::start().await;
    for attempt in 1..=3 {
        let event = post(&world, "support", &ts(&world, attempt), &format!("lost {attempt} times"));
        world.slack.deliver_retry(callback(&world, &format!("Ev{attempt}"), &event), attempt);
    }
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: lost 1 times
      contact ada: lost 2 times
      contact ada: lost 3 times
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f18_what_was_said_while_the_desk_was_away_arrives_as_a_retry_and_counts() {
    let setup = Setup { offline_events: OfflineEvents::Retried, ..Setup::default() };
    let mut world = World::with(setup, |_| {}).await;
    world.close().await;
    world.slack.say("ada", "support", "is anybody there?").unwrap();
    world.pass(20).await;
    world.open().await;
    world.pass(40).await;
    assert_eq!(told(&world, "is anybody there?").await, 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f19_retries_after_one_minute_five_minutes_and_an_hour_change_nothing_across_restarts() {
    let mut world = World::start().await;
    let event = post(&world, "support", &ts(&world, 1), "just once, please");
    let payload = callback(&world, "Ev1", &event);
    world.slack.deliver_retry(payload.clone(), 0);
    for (attempt, minutes) in [(1, 1), (2, 4), (3, 55)] {
        world.pass(60 * minutes - 3).await;
        world.close().await;
        world.open().await;
        world.slack.deliver_retry(payload.clone(), attempt);
        world.pass(2).await;
    }
    world.pass(60).await;
    assert_eq!(told(&world, "just once, please").await, 1);
    assert_snapshot!(world.reasons().await, @"opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f20_the_same_envelope_on_two_sockets_at_once_counts_once() {
    let world = World::start().await;
    assert_eq!(world.slack.sockets(), 2);
    for round in 0..5 {
        world.slack.say("ada", "support", &format!("round {round}")).unwrap();
        // Byte for byte, with the same envelope id and `retry_attempt` 0, in the same instant.
        assert!(world.slack.duplicate_last() >= 1);
        world.pass(2).await;
    }
    world.pass(40).await;
    assert_eq!(told(&world, "round").await, 5);
    assert_snapshot!(world.reasons().await, @"joined_bundle 4, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f21_eleven_copies_under_eleven_event_ids_are_one_message() {
    let world = World::start().await;
    let event = post(&world, "support", &ts(&world, 1), "the shop is down");
    for copy in 0..11 {
        world.slack.deliver_event(event.clone());
        // Some while the bundle is open, some after it has become a task.
        world.pass(copy).await;
    }
    world.pass(40).await;
    assert_eq!(told(&world, "the shop is down").await, 1);
    assert_eq!(world.tasks().await.lines().count(), 2);
    assert_snapshot!(world.reasons().await, @"duplicate 10, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f22_a_mention_and_its_message_are_one_in_either_order_everywhere() {
    let world = World::start().await;
    let root = world.slack.say("ada", "support", "how do I reset my password?").unwrap();
    world.pass(40).await;
    world.pick("@ada", Pick::Monitor).await;
    let bot = world.slack.setup().app.bot_user_id;
    let mut number = 0;
    for (channel, thread) in [("support", None), ("support", Some(&root)), ("@ada", None)] {
        for apart_ms in [0, 1, 40, 150, 500] {
            for mention_first in [false, true] {
                number += 1;
                let text = format!("<@{bot}> hurry {number}.");
                let mut message = post(&world, channel, &ts(&world, number), &text);
                if let Some(thread) = thread {
                    message["thread_ts"] = json!(thread);
                }
                let mut mention = message.clone();
                mention["type"] = json!("app_mention");
                let (first, second) = if mention_first { (mention, message) } else { (message, mention) };
                world.slack.deliver_event(first);
                world.pass_ms(apart_ms).await;
                world.slack.deliver_event(second);
                world.pass_ms(100).await;
                assert_eq!(mentioned(&world, number).await, [1], "{channel}, {apart_ms} ms, {mention_first}");
            }
        }
        world.pass(40).await;
    }
    assert_eq!(told(&world, "hurry").await, 30);
    assert_snapshot!(world.reasons().await, @"duplicate 30, joined_bundle 27, opened_bundle 4");
    assert_eq!(world.space().tasks(Default::default()).await.unwrap().len(), 3);
    world.finish().await;
}

/// The marks of all stored messages that end with this number: one, and set.
async fn mentioned(world: &World, number: u32) -> Vec<i64> {
    let path = world.database();
    let read = move || -> rusqlite::Result<Vec<i64>> {
        let connection = rusqlite::Connection::open(path)?;
        let mut query = connection.prepare("SELECT mentioned FROM messages WHERE text LIKE ?")?;
        query.query_map([format!("%hurry {number}.")], |row| row.get(0))?.collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn f25_a_socket_cut_between_envelope_and_ack_costs_nothing() {
    let world = World::start().await;
    for round in 0..5 {
        world.slack.say("ada", "support", &format!("round {round}")).unwrap();
        // The frame goes out, then the connection breaks: the ack has nowhere to go.
        assert_eq!(world.slack.cut_sockets(Which::All), 2);
        world.pass(10).await;
        assert_eq!(world.slack.unacked(), 0, "the retry is acknowledged");
    }
    world.pass(40).await;
    assert_eq!(told(&world, "round").await, 5);
    assert!(world.desk().front().tally.repeated() >= 1, "no ack was ever lost, the scene shows nothing");
    // `finish` fails on an ack that went out on another socket than its envelope came in on.
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f31_a_copy_that_comes_while_the_first_is_being_worked_on_is_not_worked_on_again() {
    let world = World::start().await;
    world.slack.fault("users.info", Fault::Slow(2_000), Times::UntilCleared);
    let event = post(&world, "support", &ts(&world, 1), "who am I?");
    world.slack.deliver_event(event.clone());
    world.pass_ms(200).await;
    world.slack.deliver_event(event.clone());
    // The bundle closes 30 s after the message, then Slack is asked who ada is, for 2 s; the copy comes meanwhile.
    let asked = || world.slack.calls("users.info");
    while asked() == 0 {
        world.pass_ms(10).await;
    }
    world.pass_ms(200).await;
    world.slack.deliver_event(event.clone());
    world.pass(60).await;
    assert_eq!((asked(), world.tasks().await.lines().count()), (1, 2), "{}", world.tasks().await);
    assert_snapshot!(world.reasons().await, @"duplicate 2, opened_bundle 1");
    world.finish().await;
}
