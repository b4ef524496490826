//! The canary: what is posted comes back, and what happens when it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deskd::domain::own::Own;
use deskd::intake::canary::{Canary, Echo, Figures, Perch};
use deskd::runtime::worker::Worker;
use deskd::simulator::{Fault, Setup, Times, Which};

use crate::api_door::Door;
use crate::world::World;

/// A desk whose canary sits in #general.
async fn perched() -> World {
    World::with(Setup::default(), |config| config.canary.channel = Some("#general".to_owned())).await
}

/// The canaries that stand in #general.
fn standing(world: &World) -> usize {
    world.slack.posts("general").unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_canary_comes_back_is_deleted_and_is_nobodys_task() {
    let world = perched().await;
    world.pass(16 * 60).await;
    let fares = world.desk().front().canary.unwrap().now();
    assert_eq!((fares.back, fares.missed, fares.missing_since), (4, 0, None));
    assert!(fares.round_trip.unwrap() < Duration::from_secs(1), "{fares:?}");
    assert_eq!((standing(&world), world.slack.calls("chat.delete")), (0, 4));
    assert_eq!(world.tasks().await, "");
    let door = Door::open(world.desk().front());
    let (_, status) = door.get("/v1/status").await;
    assert_eq!(status["canary"]["back"], 4, "{status}");
    let (_, figures) = door.text("/metrics", "*/*").await;
    assert!(figures.contains("deskd_canary_back_total 4\n"), "{figures}");
    assert!(figures.contains("deskd_canary_missed_total 0\n"), "{figures}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_does_not_come_back_recycles_the_deaf_sockets_and_tells_until_one_does() {
    let world = perched().await;
    world.pass(60).await;
    world.slack.deafen_sockets(Which::All);
    world.pass(5 * 60).await;
    let links = world.desk().front().links;
    assert_eq!((links.counts().reconnects, links.gaps()), (2, 2));
    let told = world.troubles().await;
    assert_eq!((told.len(), told[0].0), (1, Own::CanaryMissed), "{told:?}");
    assert_eq!(world.desk().front().canary.unwrap().now().missed, 1);
    world.slack.say("ada", "support", "can you hear me?").unwrap();
    world.pass(5 * 60).await;
    assert!(world.tasks().await.contains("can you hear me?"));
    assert_eq!((world.troubles().await, standing(&world)), (vec![], 0));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_not_counted_while_there_is_no_socket() {
    let world = perched().await;
    world.pass(60).await;
    world.slack.cut_network(Duration::from_secs(20 * 60));
    world.pass(25 * 60).await;
    assert_eq!(world.desk().front().canary.unwrap().now().missed, 0);
    world.pass(5 * 60).await;
    assert!(world.desk().front().canary.unwrap().now().back >= 2);
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_canary_left_behind_is_deleted_after_the_next_start() {
    let mut world = perched().await;
    world.pass(60).await;
    world.slack.fault("chat.delete", Fault::Drop, Times::UntilCleared);
    world.pass(5 * 60).await;
    world.close().await;
    assert_eq!(standing(&world), 1);
    world.slack.clear_faults();
    world.open().await;
    world.pass(10).await;
    assert_eq!(standing(&world), 0);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_canary_without_a_channel_says_why_and_disturbs_nobody() {
    let world =
        World::with(Setup::default(), |config| config.canary.channel = Some("#nowhere".to_owned())).await;
    world.pass(11 * 60).await;
    let fares = world.desk().front().canary.unwrap().now();
    assert_eq!((fares.grounded.as_deref(), fares.missed), (Some("channel_not_found"), 0));
    assert_eq!(world.troubles().await, []);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_miss_what_was_missed_is_asked_for() {
    let world = World::start().await;
    let front = world.desk().front();
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let recover = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let perch = Perch { channel: "#general".to_owned(), every: Duration::from_secs(300) };
    let canary = Canary::new(perch, front.store, front.api, front.links, front.ours);
    // Nobody tells this one what was heard.
    let mut canary = canary.wired(Echo::default(), recover, Figures::default());
    canary.step(world.clock.now()).await.unwrap();
    world.pass(29).await;
    canary.step(world.clock.now()).await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), standing(&world)), (0, 1));
    world.pass(2).await;
    canary.step(world.clock.now()).await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), standing(&world)), (1, 0));
    world.pass(5).await;
    world.finish().await;
}
