//! The audit against somebody who can write the file and has not the key: what shows, and what an operator's slip looks like.

use std::path::Path;

use deskd::domain::bundle::Pick;
use deskd::domain::ids::ChannelId;
use deskd::domain::seal::Keyring;
use deskd::domain::time::Timestamp;
use deskd::simulator::Setup;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::world::{World, alice};

fn ring(byte: u8) -> Keyring {
    Keyring::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

/// A desk with a key and some rows in its audit.
async fn desk() -> World {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.keys = Some(ring(1));
    world.open().await;
    filled(&world).await;
    world
}

async fn filled(world: &World) {
    for at in 0..6 {
        let pick = if at % 2 == 0 { Pick::Monitor } else { Pick::Ignore };
        world.space().pick_channel(ChannelId("C9".into()), pick, alice(), Timestamp(at)).await.unwrap();
    }
}

const TRIGGERS: &str = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened;
    DROP TRIGGER audit_is_not_replaced;";

/// What somebody with the file can do, and puts the triggers back so that nothing but the rows tells.
fn tampered(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    let triggers = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'";
    let mut query = connection.prepare(triggers).unwrap();
    let kept: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(query);
    connection.execute_batch(TRIGGERS).unwrap();
    connection.execute_batch(sql).unwrap();
    kept.iter().for_each(|trigger| connection.execute_batch(trigger).unwrap());
}

async fn verified(world: &World) -> Value {
    asked(world, "/v1/audit/verify").await
}

async fn asked(world: &World, path: &str) -> Value {
    let door = Door::open(world.desk().front());
    let (status, found) = door.get(path).await;
    assert_eq!(status, 200, "{found}");
    door.close().await;
    found
}

/// The rows as `what`, from the last one that has this number.
async fn words(world: &World, after: i64) -> Vec<String> {
    let rows = asked(world, &format!("/v1/audit?after={after}")).await;
    let word = |row: &Value| format!("{} {}", row["id"], row["what"].as_str().unwrap());
    rows.as_array().unwrap().iter().map(word).collect()
}

const EVERYTHING: &str = "DELETE FROM audit; DELETE FROM audit_head;";
/// What was left of a chain, chained and headed anew without a key.
const STRIPPED: &str = "DELETE FROM audit WHERE id > 3;
    UPDATE audit_head SET last = 3, digest = (SELECT digest FROM audit WHERE id = 3), key = '', seal = '';";

#[tokio::test(start_paused = true)]
async fn a_deleted_audit_is_seen_by_the_daemon_that_runs_and_by_the_next_one() {
    for sql in [EVERYTHING, STRIPPED, "DELETE FROM audit WHERE id > 3; DELETE FROM audit_head;"] {
        let mut world = desk().await;
        let before = verified(&world).await;
        assert_eq!(before["ok"], true, "{before}");
        let last = before["rows"].as_i64().unwrap();
        tampered(&world.database(), sql);
        let found = verified(&world).await;
        assert_eq!((&found["ok"], &found["broken"]["how"]), (&json!(false), &json!("cut")), "{sql}: {found}");
        world.hire("tess").await;
        let told = words(&world, last).await;
        let expected = [format!("{} doubted", last + 1), format!("{} teammate_added", last + 2)];
        assert_eq!(told, expected, "{sql}: the number goes on");
        world.close().await;
        world.open().await;
        assert_eq!(verified(&world).await["ok"], false, "{sql}: after a restart");
        world.close_quietly().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_audit_that_was_deleted_while_nobody_ran_is_doubted_and_a_fresh_desk_is_not() {
    for with_key in [true, false] {
        let mut world = World::without_desk(Setup::default(), |_| {});
        world.keys = with_key.then(|| ring(1));
        world.open().await;
        assert_eq!(verified(&world).await["ok"], true);
        world.close().await;
        tampered(&world.database(), EVERYTHING);
        world.open().await;
        let found = verified(&world).await;
        assert_eq!((&found["ok"], &found["doubts"]), (&json!(false), &json!([1])), "{with_key}: {found}");
        world.close_quietly().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_seal_that_was_taken_away_does_not_come_back_in_silence() {
    let mut world = desk().await;
    world.close().await;
    tampered(&world.database(), STRIPPED);
    world.open().await;
    let found = verified(&world).await;
    assert_eq!((&found["ok"], &found["doubts"]), (&json!(false), &json!([4])), "{found}");
    // While the daemon runs, nothing but the seal was taken: there is a key, so there has to be a seal.
    let mut other = desk().await;
    tampered(&other.database(), "UPDATE audit_head SET key = '', seal = ''");
    let found = verified(&other).await;
    assert_eq!((&found["ok"], &found["seal"]), (&json!(false), &json!("none")), "{found}");
    assert!(found["sentence"].as_str().unwrap().contains("although there is a key"), "{found}");
    other.close().await;
    world.close_quietly().await;
}

/// Closes, and opens with other keys.
async fn again(world: &mut World, keys: Option<Keyring>) {
    world.close().await;
    world.keys = keys;
    world.open().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_without_the_key_is_told_and_who_knows_of_it_goes_on_from_a_kept_end() {
    let mut world = desk().await;
    let rows = verified(&world).await["rows"].as_i64().unwrap();
    again(&mut world, None).await;
    assert!(words(&world, rows).await.is_empty(), "nothing was changed yet");
    world.hire("tess").await;
    let found = verified(&world).await;
    assert_eq!((&found["ok"], &found["seal"]), (&json!(false), &json!("none")), "{found}");
    assert!(found["sentence"].as_str().unwrap().contains("the key is missing"), "{found}");
    again(&mut world, Some(ring(1))).await;
    let told = words(&world, rows).await;
    let [ended, began] = [rows + 1, rows + 3];
    assert_eq!(
        told,
        [
            format!("{ended} seal_ended"),
            format!("{} teammate_added", rows + 2),
            format!("{began} seal_began")
        ]
    );
    let found = verified(&world).await;
    assert_eq!(
        (&found["ok"], &found["doubts"], &found["lapses"], &found["sealed_since"]),
        (&json!(false), &json!([]), &json!([ended]), &json!(began)),
        "{found}"
    );
    let kept = format!("/v1/audit/verify?head={}", found["head"].as_str().unwrap());
    world.hire("omar").await;
    let found = asked(&world, &kept).await;
    assert_eq!((&found["ok"], &found["kept"]), (&json!(true), &json!(true)), "{found}");
    tampered(&world.database(), "UPDATE audit SET who = 'user:bob' WHERE id = 2");
    let found = asked(&world, &kept).await;
    assert_eq!((&found["ok"], &found["kept"]), (&json!(false), &json!(false)), "{found}");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_with_another_key_is_told_as_that_and_a_lost_key_does_not_end_the_audit() {
    let mut world = desk().await;
    let rows = verified(&world).await["rows"].as_i64().unwrap();
    again(&mut world, Some(ring(2))).await;
    let found = verified(&world).await;
    assert_eq!((&found["doubts"], &found["lapses"]), (&json!([]), &json!([rows + 1])), "{found}");
    again(&mut world, Some(ring(1))).await;
    assert_eq!(
        words(&world, rows).await,
        [format!("{} key_changed", rows + 1), format!("{} key_changed", rows + 2)]
    );
    let found = verified(&world).await;
    assert_eq!((&found["ok"], &found["seal"]), (&json!(false), &json!("right")), "{found}");
    let kept = format!("/v1/audit/verify?head={}", found["head"].as_str().unwrap());
    assert_eq!(asked(&world, &kept).await["ok"], true);
    again(&mut world, Some(ring(3))).await;
    assert_eq!(asked(&world, &kept).await["ok"], false, "what came after it is judged");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_comes_later_seals_from_there_on_and_says_since_when() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.open().await;
    filled(&world).await;
    let plain = verified(&world).await;
    assert_eq!(
        (&plain["ok"], &plain["seal"], &plain["sealed_since"]),
        (&json!(true), &json!("none"), &Value::Null)
    );
    let rows = plain["rows"].as_i64().unwrap();
    again(&mut world, Some(ring(1))).await;
    let found = verified(&world).await;
    assert_eq!((&found["ok"], &found["sealed_since"]), (&json!(true), &json!(rows + 1)), "{found}");
    let door = Door::open(world.desk().front());
    let seen = door.ok(&["audit", "verify"]).await;
    let since = format!("sealed since row {}", rows + 1);
    assert!(seen.contains(&since) && seen.contains("not vouched for"), "{seen}");
    door.close().await;
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn an_audit_that_anybody_may_change_again_is_told_and_mended_at_the_next_start() {
    let mut world = desk().await;
    let connection = Connection::open(world.database()).unwrap();
    connection.execute_batch("DROP TRIGGER audit_is_not_changed").unwrap();
    let found = verified(&world).await;
    assert_eq!((&found["ok"], &found["guarded"]), (&json!(false), &json!(false)), "{found}");
    let door = Door::open(world.desk().front());
    let seen = door.deskd(&["audit", "verify"]).await;
    assert!(seen.code == 1 && seen.out.contains("restart deskd"), "{}", seen.out);
    door.close().await;
    again(&mut world, Some(ring(1))).await;
    let found = verified(&world).await;
    assert_eq!(found["guarded"], true, "{found}");
    assert_eq!(found["doubts"].as_array().unwrap().len(), 1, "what they kept out may be in there");
    assert!(connection.execute("UPDATE audit SET who = 'user:bob'", []).is_err());
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_and_is_known_is_passed_over_by_a_kept_end() {
    let world = desk().await;
    tampered(&world.database(), "UPDATE audit SET who = 'user:bob' WHERE id = 3");
    let found = verified(&world).await;
    assert_eq!(found["broken"]["row"], 3, "{found}");
    let kept = format!("/v1/audit/verify?head={}", found["head"].as_str().unwrap());
    world.hire("tess").await;
    let found = asked(&world, &kept).await;
    assert_eq!((&found["ok"], &found["kept"]), (&json!(true), &json!(true)), "{found}");
    tampered(&world.database(), "UPDATE audit SET who = 'user:eve' WHERE id = 3");
    assert_eq!(asked(&world, &kept).await["ok"], false, "it is not what was kept");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn the_audit_of_a_file_is_looked_at_without_a_daemon_and_an_export_ends_with_the_head() {
    let mut world = desk().await;
    let door = Door::open(world.desk().front());
    let exported = door.ok(&["audit", "export"]).await;
    let online = verified(&world).await;
    door.close().await;
    world.close().await;
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (end, rows) = lines.split_last().unwrap();
    let last = rows.last().unwrap();
    assert_eq!((&end["end"]["last"], &end["end"]["digest"]), (&last["id"], &last["digest"]), "{end}");
    assert_eq!(end["end"]["seal"].as_str().unwrap().len(), 64, "{end}");
    let folder = crate::world::folder();
    let config = folder.path().join("config.toml");
    let key = folder.path().join("key");
    std::fs::write(&key, "01".repeat(32)).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&config, format!("[secrets]\nkey_file = {key:?}\n")).unwrap();
    let (config, file) = (config.display().to_string(), world.database().display().to_string());
    let run = |words: Vec<String>| {
        let config = config.clone();
        async move {
            let all = ["deskd", "--config", &config].into_iter().chain(words.iter().map(String::as_str));
            crate::api_door::deskd(all).await
        }
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let seen = run(words(&["audit", "verify", "--file", &file, "--json"])).await;
    assert_eq!((seen.code, seen.err.as_str()), (0, ""), "{}", seen.out);
    assert_eq!(serde_json::from_str::<Value>(&seen.out).unwrap(), online);
    assert_eq!(run(words(&["audit", "export", "--file", &file])).await.out, exported);
    tampered(&world.database(), "UPDATE audit SET who = 'user:bob' WHERE id = 3");
    let seen = run(words(&["audit", "verify", "--file", &file])).await;
    assert!(seen.code == 1 && seen.out.contains("row 3 is not what was written"), "{}", seen.out);
    let none = run(words(&["audit", "verify", "--file", "/nonexistent.db"])).await;
    assert!(none.code == 1 && none.err.contains("hint"), "{}", none.err);
}
