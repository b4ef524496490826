//! Hostile input: whatever arrives in an envelope is recorded, acknowledged and ends with a reason, nothing panics and
//! nothing stops. `DESKD_HOSTILE=100` tries a hundred times as much as a build does. A case that once failed is kept in
//! `tests/data/hostile/` and tried first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::bundle::{Monitor, Quiet};
use deskd::domain::classify::Compiled;
use deskd::domain::ids::{EventId, PersonId, WorkspaceId};
use deskd::domain::message::Ourselves;
use deskd::domain::reason::EventReason;
use deskd::domain::rules::Rules;
use deskd::domain::spaces::Spaces;
use deskd::domain::time::Timestamp;
use deskd::intake::bundle::{Gatherer, Habits};
use deskd::intake::kin::Kin;
use deskd::intake::listen::{Listener, Tally};
use deskd::intake::people::Directory;
use deskd::intake::triage::Triage;
use deskd::runtime::bell::Bell;
use deskd::runtime::clock::Clock;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{Setup, Simulator, Which};
use deskd::slack::api::Api;
use deskd::slack::decode::decode;
use deskd::slack::wire::{Head, keys};
use deskd::store::Store;
use insta::assert_snapshot;
use proptest::prelude::{ProptestConfig, prop};
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::mutate::{Case, Samples, case};
use crate::stage::{Stage, heard, say};
use crate::world::{World, refused};

/// What a problem with a payload takes at most: a sentence with a place has no room for content.
const LONGEST_PROBLEM: usize = 100;

fn runner(cases: u32, kept: &'static str) -> TestRunner {
    let times = std::env::var("DESKD_HOSTILE").ok().and_then(|number| number.parse().ok()).unwrap_or(1);
    TestRunner::new(ProptestConfig {
        cases: cases * times,
        max_shrink_iters: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        source_file: Some(file!()),
        ..ProptestConfig::default()
    })
}

#[test]
fn f26_f27_no_mutated_payload_panics_and_every_problem_is_told_without_content() {
    let samples = Samples::read();
    let us = PersonId("U0".into());
    runner(6_000, "tests/data/hostile/decode.regressions")
        .run(&case(), |case| {
            let (kind, payload) = case.payload(&samples);
            keys(&kind, &payload);
            if let Err(broken) = decode(&kind, &payload, Some(&us)) {
                assert!(broken.problem.is_ascii() && broken.problem.len() < LONGEST_PROBLEM, "{broken}");
            }
            let frame = format!(r#"{{"envelope_id":"e","type":"{kind}","payload":{payload}}}"#);
            let whole = serde_json::from_str::<&serde_json::value::RawValue>(&payload).is_ok();
            let head = Head::read(&frame);
            assert_eq!(head.is_some(), whole, "whatever is a payload can be acknowledged");
            Ok(())
        })
        .unwrap();
}

#[test]
fn f26_every_mutated_payload_is_recorded_acknowledged_and_ends_with_a_reason() {
    let samples = Samples::read();
    runner(14, "tests/data/hostile/desk.regressions")
        .run(&prop::collection::vec(case(), 40..120), |cases| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(through_the_desk(&cases, &samples));
            Ok(())
        })
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn f26_what_cannot_be_understood_is_acknowledged_kept_as_it_came_and_counted() {
    let world = World::start().await;
    let payloads = [
        r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"message","user":"U1"}}"#,
        r#"{"type":"event_callback","event_id":"Ev2","event":[1,2]}"#,
        r#"{"type":"event_callback","event_id":"Ev3"}"#,
        "7",
        r#"[{"event":{}}]"#,
    ];
    for (number, payload) in payloads.iter().enumerate() {
        let frame = format!(r#"{{"envelope_id":"odd-{number}","type":"events_api","payload":{payload}}}"#);
        world.slack.deliver_raw(Which::Oldest, &frame);
    }
    world.pass(5).await;
    // Slack's side never sent these by itself, so each ack is a complaint there.
    assert_eq!(world.slack.complaints().len(), payloads.len(), "acks that are missing");
    assert_eq!(world.desk().front().endings.counts().get("undecodable"), Some(&5));
    let batch = world.store().outcomes_for_replay(Timestamp(0), Vec::new(), EventId(0)).await.unwrap();
    let kept: Vec<&str> = batch.iter().map(|(event, _)| event.payload.as_str()).collect();
    assert_eq!(kept, payloads);
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn half_an_emoji_or_a_repeated_member_does_not_cost_a_message() {
    let world = World::start().await;
    let (channel, ada) = (world.slack.channel_id("support").unwrap(), world.slack.user_id("ada").unwrap());
    for (number, odd) in [r#""text":"cut off \ud83d""#, r#""text":"first","text":"last""#].iter().enumerate()
    {
        let frame = format!(
            r#"{{"envelope_id":"odd-{number}","type":"events_api","payload":{{"event_id":"Ev{number}","event":
               {{"type":"message","channel":"{channel}","user":"{ada}","ts":"1767603601.00000{number}",{odd}}}}}}}"#
        );
        world.slack.deliver_raw(Which::Oldest, &frame);
    }
    world.pass(40).await;
    let tasks = world.tasks().await;
    assert!(tasks.contains("cut off \u{fffd}") && tasks.contains(": last"), "{tasks}");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_moves_onto_another_with_the_same_persons_bundle_holds_nothing_up() {
    let world = World::start().await;
    world.slack.say("ada", "support", "said in the old one").unwrap();
    world.slack.say("ada", "sales", "said in the new one").unwrap();
    // Both bundles are open when the one channel becomes the other.
    world.pass(1).await;
    let ids = ["support", "sales"].map(|name| world.slack.channel_id(name).unwrap());
    world.slack.deliver_event(
        json!({"type": "channel_id_changed", "old_channel_id": ids[0], "new_channel_id": ids[1]}),
    );
    world.slack.deliver_event(
        json!({"type": "channel_id_changed", "old_channel_id": ids[1], "new_channel_id": ids[1]}),
    );
    world.slack.say("ada", "sales", "and more").unwrap();
    world.pass(80).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #sales ada
      contact ada: said in the old one
    2 open other normal #sales ada
      contact ada: said in the new one
      contact ada: and more
    ");
    assert_snapshot!(world.reasons().await, @"channel_noted 2, joined_bundle 1, opened_bundle 2");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_effect_the_database_refuses_has_that_as_its_reason_and_holds_nothing_up() {
    let world = World::start().await;
    let path = world.database();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON messages WHEN NEW.text LIKE '%poison%'
                  BEGIN SELECT RAISE(ABORT, 'refused'); END";
    tokio::task::spawn_blocking(move || rusqlite::Connection::open(path)?.execute_batch(refuse))
        .await
        .unwrap()
        .unwrap();
    for text in ["before", "poison", "after"] {
        world.slack.say("ada", "support", text).unwrap();
    }
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: before
      contact ada: after
    ");
    assert_snapshot!(world.reasons().await, @"joined_bundle 1, opened_bundle 1, undecodable 1");
    assert_eq!(world.refused().await, 1);
    world.close_quietly().await;
}

/// Sends the payloads over a socket to a listener on a database of its own, gathers and judges them.
async fn through_the_desk(cases: &[Case], samples: &Samples) {
    crate::world::crypto();
    // Not searched by `tests/leaks/run`: a payload that was cut off or mingled may have a token in any place.
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at(Timestamp(1_767_603_600_000));
    let store = Store::open(&folder.path().join("deskd.db"), clock.now()).await.unwrap();
    let distinct = deliver(&store, clock, cases, samples).await;
    let standing = store.standing().await.unwrap();
    assert_eq!(usize::try_from(standing.recorded).unwrap(), distinct, "not every payload is recorded");
    work(&store, clock).await;
    let standing = store.standing().await.unwrap();
    assert_eq!((standing.pending, standing.bundles_open, standing.bundles_sealed), (0, 0, 0));
    everything_has_a_reason(&store, distinct).await;
    assert_eq!(refused(folder.path().join("deskd.db")).await, 0, "the database refused what a payload does");
    let tasks = store.of(&WorkspaceId("T1".into())).tasks(Default::default()).await.unwrap();
    assert!(tasks.iter().any(|task| task.contact.name == "UPLAIN"), "the desk does not go on");
}

/// Delivers all payloads and a plain message after them; every one must be acknowledged. Says how many differ.
async fn deliver(store: &Store, clock: Clock, cases: &[Case], samples: &Samples) -> usize {
    let mut stage = Stage::open(1, 64, vec![]).await;
    let mut far = stage.greeted().await;
    let (_, nothing) = tokio::sync::mpsc::channel(1);
    let envelopes = std::mem::replace(&mut stage.envelopes, nothing);
    let (bell, tally) = (Bell::new(), Arc::new(Tally::default()));
    let listener = Listener { store: store.clone(), clock, bell, late: Bell::new(), tally };
    let listening = tokio::spawn(listener.run(envelopes, CancellationToken::new()));
    let plain = json!({"event_id": "EvPlain", "event": {"type": "message", "channel": "C9", "user": "UPLAIN",
        "text": "is anybody still there?", "ts": "1767603600.000100"}});
    let payloads = cases.iter().map(|case| case.payload(samples));
    let payloads = payloads.chain([("events_api".to_owned(), plain.to_string())]);
    let (mut distinct, mut sent) = (BTreeSet::new(), Vec::new());
    for (number, (kind, payload)) in payloads.enumerate() {
        let id = format!("e{number}");
        let frame = format!(r#"{{"envelope_id":"{id}","type":"{kind}","payload":{payload}}}"#);
        // What is cut off is no frame; it is acknowledged as the text it is.
        let whole = serde_json::from_str::<&serde_json::value::RawValue>(&payload).is_ok();
        let payload = if whole { payload } else { Value::from(payload).to_string() };
        let frame = if whole {
            frame
        } else {
            format!(r#"{{"envelope_id":"{id}","type":"{kind}","payload":{payload}}}"#)
        };
        say(&mut far, &frame).await;
        distinct.insert((keys(&kind, &payload).event_id.unwrap_or_else(|| id.clone()), payload));
        sent.push(id);
    }
    let mut missing: BTreeSet<String> = sent.into_iter().collect();
    while !missing.is_empty() {
        let ack: Value = serde_json::from_str(&heard(&mut far).await.expect("the socket is open")).unwrap();
        let id = ack["envelope_id"].as_str().unwrap_or_default();
        assert!(missing.remove(id), "acknowledged twice, or never sent: {ack}");
    }
    let _ = stage.close().await;
    listening.await.unwrap();
    distinct.len()
}

/// Gathers and judges until nothing is left to do.
async fn work(store: &Store, clock: Clock) {
    let slack = Simulator::start(([127, 0, 0, 1], 0).into(), Setup::default()).unwrap();
    let (bot, app) = (Secret::new(&slack.bot_token()), Secret::new(&slack.app_token()));
    let api = Api::new(&slack.api_url(), &bot, &app).unwrap();
    let ours = Ourselves {
        workspace: WorkspaceId("T1".into()),
        workspace_name: "Acme".into(),
        url: "https://acme.slack.com/".into(),
        person: PersonId("U0".into()),
        bot: "B0".into(),
        app: Some("A0".into()),
    };
    let quiet = Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) };
    let habits = Habits {
        quiet,
        trusted_bots: vec!["B1".into()],
        monitor: Monitor::Joined,
        notify_replies: false,
        kin: Kin::default(),
    };
    let (_habits, habits) = watch::channel(habits);
    let (_ours, ours) = watch::channel(Arc::new(Spaces::only(ours)));
    let tally = Arc::new(Tally::default());
    to_the_end(clock, Gatherer::new(store.clone(), habits, ours, Bell::new(), tally)).await;
    let (_rules, rules) = watch::channel(Arc::new(Compiled::new(&Rules::builtin())));
    to_the_end(clock, Triage::new(store.clone(), Directory::new(store.clone(), api), rules)).await;
    slack.stop();
}

async fn to_the_end(clock: Clock, mut worker: impl Worker) {
    loop {
        match worker.step(clock.now()).await.unwrap() {
            Next::Again => {}
            Next::At(at) | Next::NotBefore(at) => clock.sleep_until(at).await,
            Next::Bell => return,
        }
    }
}

async fn everything_has_a_reason(store: &Store, events: usize) {
    let (mut after, mut seen) = (EventId(0), 0);
    loop {
        let batch = store.outcomes_for_replay(Timestamp(0), Vec::new(), after).await.unwrap();
        let Some((last, _)) = batch.last() else { break };
        after = last.id;
        for (event, reason) in batch {
            let known = EventReason::from_parts(&reason, Some(1), "");
            assert!(known.is_some(), "event {} ended with {reason:?}", event.id.0);
            seen += 1;
        }
    }
    assert_eq!(seen, events, "an event has no reason");
}
