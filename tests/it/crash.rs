//! The program is stopped at every point of both paths, and goes on: nothing is lost, nothing is doubled.
//!
//! The workers run by hand as one future, which is dropped after its first, second, third ... wake-up, wherever that is:
//! before a commit, after it, within a call to Slack, between the call and the commit. What a dropped future leaves is what
//! `kill -9` leaves: rows. Then everything is built anew on the same rows and runs to its end.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use deskd::config::Secret;
use deskd::dispatch::send::Sender;
use deskd::dispatch::submit::Outgoing;
use deskd::domain::bundle::{Monitor, Pick, Quiet};
use deskd::domain::classify::Compiled;
use deskd::domain::ids::{ChannelId, TaskNumber};
use deskd::domain::rules::Rules;
use deskd::domain::send::SendState;
use deskd::domain::task::Actor;
use deskd::intake::bundle::{Gatherer, Habits};
use deskd::intake::kin::Kin;
use deskd::intake::listen::{Listener, Tally};
use deskd::intake::people::Directory;
use deskd::intake::triage::Triage;
use deskd::intake::workspace::{Trouble, Workspace};
use deskd::runtime::bell::Bell;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{Fault, OfflineEvents, Setup, Times};
use deskd::slack::api::Api;
use deskd::slack::apis::Apis;
use deskd::slack::socket::Envelope;
use deskd::store::Store;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::world::World;

const TEXTS: [&str; 3] = ["the invoice is wrong", "it says 40 EUR", "it should say 30 EUR"];

/// Runs a future for so many wake-ups, leaves it hanging for `linger`, while what it has sent travels on, and drops it;
/// `None` when it was not done by then.
pub async fn stopped_after<T>(wakes: usize, linger: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = wakes;
    let done = poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await;
    tokio::time::sleep(linger).await;
    done
}

/// One life of the program: what Slack delivers is recorded, gathered, judged and answered.
async fn life(world: &World, posted: &[String]) {
    let store = Store::open(&world.database(), world.clock.now()).await.unwrap();
    let api = Api::new(
        &world.slack.api_url(),
        &Secret::new(&world.slack.bot_token()),
        &Secret::new(&world.slack.app_token()),
    )
    .unwrap();
    deliver(world, &store, posted).await;
    let (tell, _ours) = watch::channel(None);
    let apis = Apis::from(api.clone());
    let mut workspace = Workspace::new(store.clone(), apis.clone(), tell, Bell::new(), Trouble::default());
    workspace.step(world.clock.now()).await.unwrap();
    let support = ChannelId(world.slack.channel_id("support").unwrap());
    store
        .of(&world.workspace)
        .pick_channel(support, Pick::Monitor, crate::world::alice(), world.clock.now())
        .await
        .unwrap();
    let habits = Habits {
        quiet: Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) },
        trusted_bots: Vec::new(),
        monitor: Monitor::Picked,
        notify_replies: false,
        kin: Kin::default(),
    };
    let (_habits, habits) = watch::channel(habits);
    to_the_end(
        world,
        Gatherer::new(store.clone(), habits, apis.spaces(), Bell::new(), Arc::new(Tally::default())),
    )
    .await;
    let (_rules, rules) = watch::channel(Arc::new(Compiled::new(&Rules::builtin())));
    let directory = Directory::new(store.clone(), api.clone());
    to_the_end(world, Triage::new(store.clone(), directory, rules)).await;
    if store.of(&world.workspace).queue(SendState::ALL.to_vec()).await.unwrap().is_empty() {
        let outgoing = Outgoing::new(store.clone(), Bell::new());
        let (workspace, now) = (world.workspace.clone(), world.clock.now());
        let actor = Actor::Operator("alice".into());
        outgoing.reply(workspace, TaskNumber(1), "we will correct it", actor, now).await.unwrap();
    }
    let give_up = Duration::from_secs(24 * 3600);
    to_the_end(world, Sender::new(store, api, world.clock, give_up, (Bell::new(), Bell::new()))).await;
}

/// Slack delivers everything again to a program that did not acknowledge it.
async fn deliver(world: &World, store: &Store, posted: &[String]) {
    let (deliver, delivered) = mpsc::channel(16);
    for (number, (text, ts)) in TEXTS.iter().zip(posted).enumerate() {
        let event = serde_json::json!({
            "team_id": world.workspace.0, "type": "event_callback", "event_id": format!("Ev{number}"),
            "event": {"type": "message", "channel": world.slack.channel_id("support").unwrap(),
                      "user": world.slack.user_id("ada").unwrap(), "text": text,
                      "ts": ts}});
        let id = format!("envelope-{number}");
        deliver.send(Envelope::without_socket(&id, "events_api", &event.to_string())).await.unwrap();
    }
    drop(deliver);
    let (bell, late, tally) = (Bell::new(), Bell::new(), Arc::new(Tally::default()));
    let listener = Listener { store: store.clone(), clock: world.clock, bell, late, tally };
    listener.run(delivered, CancellationToken::new()).await;
}

/// Steps a worker until nothing is due any more, going along with the clock.
pub async fn to_the_end(world: &World, mut worker: impl Worker) {
    loop {
        match worker.step(world.clock.now()).await.unwrap() {
            Next::Again => {}
            Next::At(at) | Next::NotBefore(at) => world.clock.sleep_until(at).await,
            Next::Bell => return,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f23_stopped_at_any_point_the_desk_loses_nothing_and_doubles_nothing() {
    for (wakes, linger) in (1..).flat_map(|wakes| [(wakes, 0), (wakes, 500)]) {
        let linger = Duration::from_millis(linger);
        let setup = Setup { offline_events: OfflineEvents::Lost, ..Setup::default() };
        let mut world = World::without_desk(setup, |_| {});
        let posted = TEXTS.map(|text| world.slack.say("ada", "support", text).unwrap());
        let finished = stopped_after(wakes, linger, life(&world, &posted)).await.is_some();
        // What was handed to the disk or the network before the stop still happens; a lease of the dead runs out.
        world.pass(180).await;
        life(&world, &posted).await;
        world.open().await;
        let place = format!("stopped after {wakes} wake-ups and {linger:?}");
        let tasks = world.tasks().await;
        assert_eq!(tasks.lines().count(), 5, "{place}: one task, three messages, one reply:\n{tasks}");
        let posts = world.slack.posts("support").unwrap();
        assert_eq!(posts.len(), 1, "{place}: one reply in Slack");
        assert!(posts[0].thread_ts.as_ref() == posted.first(), "{place}: in the thread");
        assert_eq!(world.store().standing().await.unwrap().recorded, 3, "{place}: three events");
        world.finish().await;
        if finished {
            assert!(wakes > 20, "the program was stopped at {wakes} points only");
            return;
        }
    }
}

/// One life of a sender alone.
async fn sender(world: &World) {
    let store = Store::open(&world.database(), world.clock.now()).await.unwrap();
    let (bot, app) = (Secret::new(&world.slack.bot_token()), Secret::new(&world.slack.app_token()));
    let api = Api::new(&world.slack.api_url(), &bot, &app).unwrap();
    let give_up = Duration::from_secs(24 * 3600);
    to_the_end(world, Sender::new(store, api, world.clock, give_up, (Bell::new(), Bell::new()))).await;
}

#[tokio::test(start_paused = true)]
async fn f35_stopped_at_any_point_the_reply_is_in_the_channel_once() {
    // All goes well; or the first call is taken and not answered, or neither: the look-up finds it, or finds nothing.
    for fault in [None, Some(Fault::AcceptThenCut), Some(Fault::Drop)] {
        for (wakes, linger) in (1..).flat_map(|wakes| [(wakes, 0), (wakes, 500)]) {
            let mut world = World::start().await;
            world.slack.say("ada", "support", "how do I export my data?").unwrap();
            world.pass(40).await;
            let outgoing = Outgoing::new(world.store(), Bell::new());
            // Nobody hears this bell, and the desk is closed before its senders look by themselves.
            let (workspace, now, actor) =
                (world.workspace.clone(), world.clock.now(), Actor::Operator("alice".into()));
            outgoing.reply(workspace, TaskNumber(1), "once", actor, now).await.unwrap();
            world.close().await;
            assert_eq!(world.slack.calls("chat.postMessage"), 0, "the desk itself sent nothing");
            let looks = usize::from(fault.is_some());
            fault
                .iter()
                .for_each(|fault| world.slack.fault("chat.postMessage", fault.clone(), Times::Count(1)));
            let finished =
                stopped_after(wakes, Duration::from_millis(linger), sender(&world)).await.is_some();
            world.pass(180).await;
            sender(&world).await;
            let place = format!("{fault:?}, stopped after {wakes} wake-ups and {linger} ms");
            assert_eq!(world.slack.posts("support").unwrap().len(), 1, "{place}");
            assert!(world.slack.calls("conversations.replies") >= looks, "{place}: it was looked for");
            if finished {
                assert!(wakes > 5, "the sender was stopped at {wakes} points only");
                break;
            }
        }
    }
}
