//! The audit: what is in it, and what shows when somebody has been at it.

use std::path::{Path, PathBuf};

use deskd::config::{Environment, Sources};
use deskd::domain::audit::Seal;
use deskd::domain::bundle::Pick;
use deskd::domain::ids::ChannelId;
use deskd::domain::seal::Keyring;
use deskd::domain::time::Timestamp;
use deskd::simulator::Setup;
use deskd::store::{Store, occupy, sealed};
use insta::assert_snapshot;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api_door::{Door, timeless};
use crate::world::{World, alice};

fn ring(byte: u8) -> Keyring {
    Keyring::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

/// A desk that has a key.
async fn desk() -> (World, Door) {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.keys = Some(ring(1));
    world.open().await;
    let door = Door::open(world.desk().front());
    (world, door)
}

async fn finish(world: World, door: Door) {
    door.close().await;
    world.pass(2).await;
    world.finish().await;
}

/// Who did what to what, a line each.
async fn told(door: &Door) -> String {
    let (status, rows) = door.get("/v1/audit").await;
    assert_eq!(status, 200, "{rows}");
    let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let line = |row: &Value| {
        let parts = ["who", "what", "subject", "detail"].map(|name| word(row, name));
        let hash = regex::Regex::new(r"\b(?:[0-9a-f]{12}|[0-9a-f]{16})\b").unwrap();
        format!("{}\n", hash.replace_all(parts.join(" ").trim(), "HASH"))
    };
    timeless(&rows.as_array().unwrap().iter().map(line).collect::<String>())
}

async fn verified(door: &Door) -> Value {
    let (status, found) = door.get("/v1/audit/verify").await;
    assert_eq!(status, 200, "{found}");
    found
}

#[tokio::test(start_paused = true)]
async fn every_change_is_in_the_audit_with_who_made_it() {
    let (world, door) = desk().await;
    let url = world.slack.add_webhook("support").unwrap();
    let tess = world.slack.user_id("tess").unwrap();
    let import = json!({"lines": [{"name": "Ada", "email": "ada@globex.example", "company": ""}]});
    let silence = json!({"match": {"kind": ["alert"]}, "until": "1h", "reason": "because"});
    for (path, body) in [
        ("/v1/channels/monitor", json!({"channel": "#support"})),
        ("/v1/channels/ignore", json!({"channel": "#support"})),
        ("/v1/team/add", json!({"person": "@tess"})),
        ("/v1/team/remove", json!({"person": "@tess"})),
        ("/v1/contacts/import", import),
        ("/v1/contacts/1/link", json!({"person": "@ada"})),
        ("/v1/contacts/1/erase", json!({})),
        ("/v1/webhooks", json!({"name": "ops", "channel": "#support", "url": url})),
        ("/v1/webhooks/ops/rotate", json!({"url": url})),
        ("/v1/webhooks/ops/label", json!({"channel": "#sales"})),
        ("/v1/webhooks/ops/rename", json!({"name": "alerts"})),
        ("/v1/webhooks/alerts/delete", json!({})),
        ("/v1/silences", silence),
        ("/v1/silences/1/expire", json!({})),
    ] {
        let (status, answer) = door.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let file = door.file("config.toml");
    std::fs::write(&file, "[log]\nlevel = \"debug\"\n[[route]]\nto = [\"#support\"]\n").unwrap();
    let sources = Sources { config: Some(file), env: Environment::new(), flags: Vec::new(), root: true };
    world.desk().reload(&sources).await.unwrap();
    let all = told(&door).await;
    let config = all.lines().find(|line| line.starts_with("deskd config_reloaded")).unwrap();
    assert!(config.contains("log.level") && config.contains("route."), "the keys that changed: {config}");
    let rest: String = all
        .replace(&tess, "TESS")
        .lines()
        .filter(|line| *line != config)
        .map(|line| format!("{line}\n"))
        .collect();
    assert_snapshot!(rest, @"
    deskd seal_began HASH from the first row on
    deskd config_found HASH
    deskd connected T0ACME00001 B0DESKBOT01
    user:NAME channel_picked C09OPJ3RUJD monitor
    user:NAME channel_picked C09OPJ3RUJD ignore
    user:NAME teammate_added TESS
    user:NAME teammate_removed TESS
    user:NAME contacts_imported  1 created, 0 updated
    user:NAME contact_linked 1
    user:NAME contact_erased 1
    user:NAME webhook_added ops
    user:NAME webhook_rotated ops
    user:NAME webhook_labelled ops
    user:NAME webhook_renamed ops alerts
    user:NAME webhook_deleted alerts
    user:NAME silence_added 1 until TIME
    user:NAME silence_ended 1
    ");
    for secret in [url.as_str(), "ada@globex.example", "Ada", "because"] {
        assert!(!all.contains(secret), "{secret} has no place in the audit");
    }
    let found = verified(&door).await;
    assert_eq!((&found["ok"], &found["seal"]), (&json!(true), &json!("right")), "{found}");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_and_what_fails_is_not_in_the_audit() {
    let (world, door) = desk().await;
    let before = told(&door).await;
    for (path, body, status) in [
        ("/v1/team/remove", json!({"person": "@tess"}), 200),
        ("/v1/webhooks/ops/delete", json!({}), 404),
        ("/v1/silences/7/expire", json!({}), 404),
        ("/v1/contacts/9/erase", json!({}), 404),
    ] {
        assert_eq!(door.post(path, body).await.0, status, "{path}");
    }
    assert_eq!(told(&door).await, before);
    // The row and what it tells of are one transaction: without the one there is not the other.
    tampered(&world.database(), "DROP TABLE audit_head");
    let (status, _) = door.post("/v1/team/add", json!({"person": "@tess"})).await;
    assert_eq!(status, 500);
    assert_eq!(door.get("/v1/team").await.1, json!([]), "nobody was added");
    door.close().await;
    world.close_quietly().await;
}

/// What somebody with the file and without the key can do.
fn tampered(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened;
             DROP TRIGGER audit_is_not_replaced;",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Six rows by alice.
async fn filled(world: &World) {
    let space = world.space();
    for at in 0..6 {
        let pick = if at % 2 == 0 { Pick::Monitor } else { Pick::Ignore };
        space.pick_channel(ChannelId("C9".into()), pick, alice(), Timestamp(at)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_row_that_somebody_was_at_is_named_and_later_rows_do_not_heal_it() {
    for (what, sql, how, row) in [
        ("changed", "UPDATE audit SET who = 'user:bob' WHERE id = 5", "changed", 5),
        ("removed", "DELETE FROM audit WHERE id = 4", "missing", 4),
        ("cut", "DELETE FROM audit WHERE id > 5", "cut", 6),
        (
            "swapped",
            "UPDATE audit SET id = 99 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = 6;
             UPDATE audit SET id = 6 WHERE id = 99",
            "changed",
            4,
        ),
        (
            "cut with its head",
            "DELETE FROM audit WHERE id > 5;
             UPDATE audit_head SET last = 5, digest = (SELECT digest FROM audit WHERE id = 5)",
            "cut",
            6,
        ),
        (
            "cut with its seal",
            "DELETE FROM audit WHERE id > 5;
             UPDATE audit_head SET last = 5, digest = (SELECT digest FROM audit WHERE id = 5), key = '', seal = ''",
            "cut",
            6,
        ),
        ("without a head", "DELETE FROM audit_head", "head", 9),
    ] {
        let (world, door) = desk().await;
        filled(&world).await;
        let sound = verified(&door).await;
        assert_eq!((&sound["ok"], &sound["rows"]), (&json!(true), &json!(9)), "{sound}");
        let kept = sound["head"].as_str().unwrap();
        tampered(&world.database(), sql);
        let found = verified(&door).await;
        let broken = &found["broken"];
        assert_eq!((&broken["how"], &broken["row"]), (&json!(how), &json!(row)), "{what}: {found}");
        assert_eq!(found["ok"], json!(false), "{what}");
        let (_, against) = door.get(&format!("/v1/audit/verify?head={kept}")).await;
        let is_there = what == "without a head";
        assert_eq!(against["kept"], json!(is_there), "{what}: an end that was kept elsewhere");
        world.hire("tess").await;
        let later = verified(&door).await;
        let noted = told(&door).await;
        assert_eq!(later["ok"], json!(false), "{what} does not heal: {later}");
        assert!(noted.contains("user:NAME teammate_added"), "the desk works on: {noted}");
        finish(world, door).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_database_itself_refuses_to_change_or_to_shorten_the_audit() {
    let (world, door) = desk().await;
    let connection = Connection::open(world.database()).unwrap();
    for sql in
        ["UPDATE audit SET who = 'user:bob'", "DELETE FROM audit", "REPLACE INTO audit SELECT * FROM audit"]
    {
        let refused = connection.execute(sql, []);
        let is_refused = refused.as_ref().is_err_and(|problem| problem.to_string().contains("only added to"));
        assert!(is_refused, "{sql}: {refused:?}");
    }
    drop(connection);
    assert_eq!(verified(&door).await["ok"], json!(true));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_key_it_says_so_and_with_one_the_seal_begins_and_outlives_a_rotation() {
    let mut world = World::start().await;
    let door = Door::open(world.desk().front());
    let plain = verified(&door).await;
    assert_eq!((&plain["ok"], &plain["seal"]), (&json!(true), &json!("none")), "{plain}");
    assert!(plain["sentence"].as_str().unwrap().contains("there was no key"), "{plain}");
    door.close().await;
    world.close().await;
    world.keys = Some(ring(1));
    world.open().await;
    let door = Door::open(world.desk().front());
    assert!(told(&door).await.contains("seal_began"), "{}", told(&door).await);
    assert_eq!(verified(&door).await["seal"], json!("right"));
    door.close().await;
    world.close().await;
    let path: PathBuf = world.database();
    let new = ring(1).behind(ring(2).first().clone());
    let alone = occupy(&path).unwrap();
    sealed::reseal(path.clone(), new, (alice(), world.clock.now()), &alone).await.unwrap();
    drop(alone);
    world.keys = Some(ring(2));
    world.open().await;
    let door = Door::open(world.desk().front());
    let all = told(&door).await;
    assert!(all.ends_with("user:NAME key_rotated HASH\n"), "{all}");
    let found = verified(&door).await;
    assert_eq!((&found["ok"], &found["seal"]), (&json!(true), &json!("right")), "{found}");
    door.close().await;
    world.close().await;
    let other = Store::open(&path, Timestamp(1)).await.unwrap().with_keys(ring(3));
    assert_eq!(other.examine_audit(None).await.unwrap().seal, Some(Seal::OtherKey));
}

#[tokio::test(start_paused = true)]
async fn what_people_see_of_the_audit() {
    let (world, door) = desk().await;
    world.hire("tess").await;
    let seen = timeless(&door.ok(&["audit"]).await).replace(&world.slack.user_id("tess").unwrap(), "TESS");
    assert!(seen.contains("teammate_added") && seen.contains("TESS"), "{seen}");
    assert_eq!(door.ok(&["audit", "list", "--since", "1d"]).await, door.ok(&["audit"]).await);
    let head = verified(&door).await["head"].as_str().unwrap().to_owned();
    assert_snapshot!(door.ok(&["audit", "verify", "--head", &head]).await.replace(&head, "HEAD"), @"
    all is as it was written: 4 rows
      the end is sealed with the key of the secrets
      keep the end elsewhere: HEAD
    ");
    let exported = door.ok(&["audit", "export"]).await;
    let rows: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (end, rows) = rows.split_last().unwrap();
    assert_eq!(json!(rows), door.get("/v1/audit").await.1);
    assert_eq!(end["end"], verified(&door).await["end"]);
    assert_eq!(door.deskd(&["audit", "verify", "--head", "nonsense"]).await.code, 2);
    tampered(&world.database(), "UPDATE audit SET subject = 'U9' WHERE id = 2");
    let broken = door.deskd(&["audit", "verify"]).await;
    assert_eq!(broken.code, 1);
    let now = verified(&door).await["head"].as_str().unwrap().to_owned();
    assert_snapshot!(broken.out.replace(&now, "HEAD"), @"
    this is not what was written
      row 2 is not what was written
      the database does not refuse any more to change it: its triggers are gone
      the end is sealed with the key of the secrets
      hint: set a copy of the database aside, find out who can write it, and compare with a backup: deskd audit verify --file BACKUP
      keep the end elsewhere: HEAD
    ");
    finish(world, door).await;
}
