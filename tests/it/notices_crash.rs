//! The way of notices is stopped at every point, and goes on: each is told once.

use std::sync::Arc;
use std::time::Duration;

use deskd::config::Secret;
use deskd::dispatch::feed::Feeder;
use deskd::dispatch::route::Router;
use deskd::dispatch::send::Sender;
use deskd::dispatch::submit::Inlet;
use deskd::domain::notice::{Draft, Kinds};
use deskd::domain::route::Rules;
use deskd::runtime::bell::Bell;
use deskd::simulator::{Fault, OfflineEvents, Setup, Times};
use deskd::slack::api::Api;
use deskd::store::Store;
use tokio::sync::watch;

use crate::crash::{stopped_after, to_the_end};
use crate::world::World;

fn kept<T>(value: T) -> watch::Receiver<Arc<T>> {
    watch::channel(Arc::new(value)).1
}

async fn store(world: &World) -> Store {
    Store::open(&world.database(), world.clock.now()).await.unwrap()
}

/// One life of the program: what was handed in is routed, fed and sent. A card that changes and the line in its thread leave
/// together, so the three are run until none of them has anything to do.
async fn life(world: &World) {
    let store = store(world).await;
    let (bot, app) = (Secret::new(&world.slack.bot_token()), Secret::new(&world.slack.app_token()));
    let api = Api::new(&world.slack.api_url(), &bot, &app).unwrap();
    let day = Duration::from_secs(24 * 3600);
    for _ in 0..3 {
        to_the_end(world, Router::new(store.clone(), kept(Rules::default()), Bell::new())).await;
        let (kinds, rules) = (kept(Kinds::builtin()), kept(Rules::default()));
        to_the_end_today(world, Feeder::new(store.clone(), kinds, rules, Bell::new())).await;
        let bells = (Bell::new(), Bell::new());
        to_the_end(world, Sender::new(store.clone(), api.clone(), world.clock, day, bells)).await;
    }
}

/// Steps the feeder while there is something to do in the next minute; what expires tomorrow is not waited for.
async fn to_the_end_today(world: &World, mut feeder: Feeder) {
    use deskd::runtime::worker::{Next, Worker};
    loop {
        let now = world.clock.now();
        match feeder.step(now).await.unwrap() {
            Next::Again => {}
            Next::At(at) | Next::NotBefore(at) if at.since(now) < Duration::from_secs(60) => {
                world.clock.sleep_until(at).await;
            }
            Next::At(_) | Next::NotBefore(_) | Next::Bell => return,
        }
    }
}

async fn tell(world: &World, title: &str, status: &str) {
    let inlet = Inlet::new(store(world).await, kept(Kinds::builtin()), Bell::new());
    let channel = world.slack.channel_id("support").unwrap();
    let (title, status, to) = (title.to_owned(), status.to_owned(), vec![channel]);
    let draft = Draft { kind: "alert".to_owned(), title, status, to, ..Draft::default() };
    let now = world.clock.now();
    inlet.submit(world.workspace.clone(), &[draft], "test", now).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn stopped_at_any_point_each_notice_is_told_once() {
    for fault in [None, Some(Fault::AcceptThenCut)] {
        for (wakes, linger) in
            (1..).map(|wakes: usize| (wakes, if wakes.is_multiple_of(2) { 500 } else { 0 }))
        {
            let setup = Setup { offline_events: OfflineEvents::Lost, ..Setup::default() };
            let mut world = World::without_desk(setup, |_| {});
            tell(&world, "Disk is full", "").await;
            life(&world).await;
            tell(&world, "Disk is full", "resolved").await;
            tell(&world, "Queue is long", "").await;
            fault
                .iter()
                .for_each(|fault| world.slack.fault("chat.postMessage", fault.clone(), Times::Count(1)));
            let finished = stopped_after(wakes, Duration::from_millis(linger), life(&world)).await.is_some();
            world.pass(180).await;
            life(&world).await;
            let place = format!("{fault:?}, stopped after {wakes} wake-ups and {linger} ms");
            let mut said: Vec<String> = world
                .slack
                .posts("support")
                .unwrap()
                .iter()
                .map(|post| {
                    format!("{} {}", post.thread_ts.is_some(), post.text.lines().next().unwrap_or_default())
                })
                .collect();
            said.sort();
            let expected = [
                "false Queue is long",
                "false Resolved: Disk is full",
                "true :white_check_mark: Resolved: Disk is full",
            ];
            assert_eq!(said, expected, "{place}");
            world.open().await;
            world.finish().await;
            if finished {
                assert!(wakes > 10, "it was stopped at {wakes} points only");
                break;
            }
        }
    }
}
