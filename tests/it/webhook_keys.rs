//! The addresses of webhooks are secrets: how they lie in the database, and what a lost key means.

use deskd::domain::bundle::Pick;
use deskd::simulator::Setup;
use deskd::store::webhooks::NoUrl;
use insta::assert_snapshot;
use serde_json::json;

use crate::api_door::{Door, timeless};
use crate::world::World;

use crate::webhooks::*;

#[tokio::test(start_paused = true)]
async fn web_11_an_address_is_encrypted_in_the_database_and_bound_to_its_row() {
    let (mut world, door) = desk().await;
    let (one, two) = (world.slack.add_webhook("support").unwrap(), world.slack.add_webhook("sales").unwrap());
    add(&door, "one", "", &one).await;
    add(&door, "two", "", &two).await;
    let before = std::fs::read(world.database()).unwrap();
    let log = std::fs::read(format!("{}-wal", world.database().display())).unwrap_or_default();
    door.close().await;
    world.close().await;
    for bytes in [before, log, std::fs::read(world.database()).unwrap()] {
        for url in [&one, &two] {
            let found = bytes.windows(tail(url).len()).any(|window| window == tail(url).as_bytes());
            assert!(!found, "an address can be read in the file");
        }
    }
    // Somebody who can write the database, but has no key, exchanges them.
    let path = world.database();
    let swap = "CREATE TEMP TABLE kept AS SELECT id, url FROM webhooks;
        UPDATE webhooks SET url = (SELECT url FROM kept WHERE kept.id <> webhooks.id)";
    rusqlite::Connection::open(path).unwrap().execute_batch(swap).unwrap();
    world.open().await;
    for name in ["one", "two"] {
        let locked = world.space().webhook_url(name.into()).await;
        assert!(matches!(locked, Err(NoUrl::Locked(why)) if why.as_str() == "secret_damaged"), "{locked:?}");
    }
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_key_is_told_and_stops_only_what_needs_it() {
    let (mut world, door) = desk().await;
    let url = world.slack.add_webhook("random").unwrap();
    add(&door, "ops", "", &url).await;
    assert_eq!(
        door.get("/v1/status").await.1["secrets"],
        json!({"state": "ready", "sealed": 1, "locked": 0})
    );
    door.close().await;
    for (keys, state, why) in [(None, "key_missing", "missing"), (Some(ring(2)), "key_other", "another key")]
    {
        world.close().await;
        world.keys = keys;
        world.open().await;
        let door = Door::open(world.desk().front());
        let status = door.get("/v1/status").await.1;
        let secrets = &status["secrets"];
        assert_eq!((&secrets["state"], &secrets["locked"]), (&json!(state), &json!(1)), "{secrets}");
        assert!(
            secrets["reason"].as_str().unwrap().contains(why) && secrets["hint"].is_string(),
            "{secrets}"
        );
        assert_eq!(status["wrong"][0]["what"], secrets["reason"], "{status}");
        let (ready, health) = door.get("/readyz").await;
        assert_eq!((ready, &health["ok"]), (200, &json!(true)), "the desk is of use: {health}");
        assert!(health["wrong"][0].as_str().unwrap().starts_with("secrets: "), "{health}");
        let (refused, answer) = door.post("/v1/webhooks/ops/test", json!({})).await;
        assert_eq!((refused, answer["code"].as_str()), (409, Some("secrets_locked")), "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("hint: "), "{answer}");
        let (_, text) = door.text("/metrics", "*/*").await;
        assert!(text.contains("deskd_secrets_locked 1"), "{text}");
        door.close().await;
    }
    // Everything else works.
    world.pick("support", Pick::Monitor).await;
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(40).await;
    world.reply(1, "it is right now").await;
    world.pass(2).await;
    assert!(world.channel("support").contains("it is right now"));
    // What is given again has the key of today.
    let door = Door::open(world.desk().front());
    assert_eq!(door.post("/v1/webhooks/ops/rotate", json!({"url": url})).await.0, 200);
    assert_eq!(test(&door, "ops").await["ok"], true);
    assert_eq!(door.get("/v1/status").await.1["wrong"], json!([]));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_key_no_secret_is_taken_and_nothing_is_wrong() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.open().await;
    let door = Door::open(world.desk().front());
    let url = world.slack.add_webhook("support").unwrap();
    let (status, answer) = door.post("/v1/webhooks", json!({"name": "ops", "url": url})).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("secrets_locked")));
    assert_snapshot!(timeless(answer["message"].as_str().unwrap()), @r#"the key of the secrets is missing: systemd gave no credential deskd_key, secrets.key_file is not set, DESKD_KEY is not set; hint: make one with "deskd secret init /etc/deskd/deskd_key", or put the old one back where it was"#);
    let status = door.get("/v1/status").await.1;
    assert_eq!(status["secrets"], json!({"state": "none", "sealed": 0, "locked": 0}));
    assert_eq!(status["wrong"], json!([]));
    let store = world.store();
    let refused = store.of(&world.workspace).webhook_url("ops".into()).await;
    assert!(matches!(refused, Err(NoUrl::NoSuch)), "{refused:?}");
    finish(world, door).await;
}
