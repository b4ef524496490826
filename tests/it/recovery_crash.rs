//! Gap recovery is stopped at every point, and goes on: nothing is lost, nothing is doubled.
//!
//! As in `crash`: the workers run by hand as one future that is dropped after its first, second, third ... wake-up.

use std::sync::Arc;
use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::bundle::{Monitor, Pick, Quiet};
use deskd::domain::classify::Compiled;
use deskd::domain::rules::Rules;
use deskd::intake::backfill::{Recoverer, Recovery};
use deskd::intake::bundle::{Gatherer, Habits};
use deskd::intake::kin::Kin;
use deskd::intake::listen::Tally;
use deskd::intake::people::Directory;
use deskd::intake::triage::Triage;
use deskd::runtime::bell::Bell;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{HistoryProfile, OfflineEvents, Setup};
use deskd::slack::api::Api;
use deskd::slack::apis::Apis;
use deskd::slack::socket::Line;
use deskd::store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::crash::{stopped_after, to_the_end};
use crate::world::World;

/// A task, then an hour in which much is said: two pages of the channel, an answer in the thread, an edit.
async fn silent_hour() -> World {
    let setup = Setup {
        history: HistoryProfile::Distributed,
        offline_events: OfflineEvents::Lost,
        ..Setup::default()
    };
    let mut world = World::with(setup, |_| {}).await;
    world.pick("sales", Pick::Ignore).await;
    let root = world.slack.say("ada", "support", "the ordr is late").unwrap();
    world.pass(60).await;
    world.close().await;
    world.pass(60).await;
    world.slack.edit("support", &root, "the order is late").unwrap();
    for number in 0..16 {
        world.slack.say("ada", "support", &format!("question {number}")).unwrap();
        world.pass(20 + 10 * (number % 3)).await;
    }
    world.slack.say_in_thread("ada", "support", &root, "and still is").unwrap();
    world.pass(120).await;
    world
}

/// One life of the program: the gap is read, gathered and judged.
async fn life(world: &World) {
    let store = Store::open(&world.database(), world.clock.now()).await.unwrap();
    let api = Api::new(
        &world.slack.api_url(),
        &Secret::new(&world.slack.bot_token()),
        &Secret::new(&world.slack.app_token()),
    )
    .unwrap();
    let apis = Apis::from(api.clone());
    apis.enter(store.ourselves().await.unwrap().unwrap(), api.clone(), true);
    let habits = Habits {
        quiet: Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) },
        trusted_bots: Vec::new(),
        monitor: Monitor::Picked,
        notify_replies: false,
        kin: Kin::default(),
    };
    let (_habits, habits) = watch::channel(habits);
    let (_line, line) = watch::channel(Line { connected: true, gaps: 1 });
    let recovery = Recovery::new(store.clone(), habits.clone(), Bell::new());
    let mut recoverer = Recoverer::new(recovery, apis.clone(), line, Bell::new(), CancellationToken::new());
    loop {
        let next = recoverer.step(world.clock.now()).await.unwrap();
        if store.recovery_progress().await.unwrap().left == 0 {
            break;
        }
        if let Next::At(at) | Next::NotBefore(at) = next {
            world.clock.sleep_until(at).await;
        }
    }
    to_the_end(
        world,
        Gatherer::new(store.clone(), habits, apis.spaces(), Bell::new(), Arc::new(Tally::default())),
    )
    .await;
    let (_rules, rules) = watch::channel(Arc::new(Compiled::new(&Rules::builtin())));
    to_the_end(world, Triage::new(store.clone(), Directory::new(store, api), rules)).await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_reads_what_was_said_meanwhile_although_no_socket_was_seen_to_break() {
    let mut world = World::start().await;
    world.close().await;
    let store = Store::open(&world.database(), world.clock.now()).await.unwrap();
    let keys = [world.slack.bot_token(), world.slack.app_token()].map(|token| Secret::new(&token));
    let api = Api::new(&world.slack.api_url(), &keys[0], &keys[1]).unwrap();
    let apis = Apis::from(api.clone());
    apis.enter(store.ourselves().await.unwrap().unwrap(), api.clone(), true);
    let habits = Habits {
        quiet: Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) },
        trusted_bots: Vec::new(),
        monitor: Monitor::Picked,
        notify_replies: false,
        kin: Kin::default(),
    };
    let (_habits, habits) = watch::channel(habits);
    let (_line, line) = watch::channel(Line { connected: true, gaps: 1 });
    let recovery = Recovery::new(store.clone(), habits, Bell::new());
    let mut recoverer = Recoverer::new(recovery, apis, line, Bell::new(), CancellationToken::new());
    let hour = Duration::from_secs(3600);
    let mut requested = Vec::new();
    // Awake, awake, an hour asleep, awake.
    for later in [Duration::ZERO, Duration::from_secs(300), hour, hour + Duration::from_secs(300)] {
        for _ in 0..20 {
            recoverer.step(world.clock.now().plus(later)).await.unwrap();
        }
        requested.push(world.slack.calls("conversations.history"));
    }
    assert_eq!(requested, [2, 2, 4, 4], "the two channels at the start, and after the sleep");
}

#[tokio::test(start_paused = true)]
async fn f28_recovery_stopped_at_any_point_loses_nothing_and_doubles_nothing() {
    let mut world = silent_hour().await;
    life(&world).await;
    world.open().await;
    let expected = world.tasks().await;
    assert_eq!(expected.matches(": question").count(), 16, "{expected}");
    assert!(
        expected.contains("the order is late (edited)") && expected.contains("and still is"),
        "{expected}"
    );
    let calls = world.slack.calls("conversations.history");
    world.finish().await;
    for wakes in 1.. {
        let linger = Duration::from_millis(if wakes % 2 == 0 { 500 } else { 0 });
        let mut world = silent_hour().await;
        let finished = stopped_after(wakes, linger, life(&world)).await.is_some();
        world.pass(180).await;
        life(&world).await;
        world.open().await;
        let place = format!("stopped after {wakes} wake-ups and {linger:?}");
        assert_eq!(world.tasks().await, expected, "{place}");
        assert!(
            world.slack.calls("conversations.history") <= calls + 3,
            "{place}: pages are read again and again"
        );
        world.finish().await;
        if finished {
            assert!(wakes > 30, "recovery was stopped at {wakes} points only");
            return;
        }
    }
}
