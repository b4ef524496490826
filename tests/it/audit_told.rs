//! What the audit tells of: changes that are made beside the daemon, and those that leave no other row.

use std::path::Path;

use deskd::config::settings::Mode;
use deskd::config::{Environment, Sources};
use deskd::domain::ids::{ChannelId, WorkspaceId};
use deskd::domain::seal::Keyring;
use deskd::domain::time::Timestamp;
use deskd::simulator::{Fault, Setup, Times};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::process::Machine;
use crate::workspaces::{acme, connect, globex};
use crate::world::World;

/// Who did what, from the row after this one on.
async fn told(door: &Door, after: usize) -> Vec<String> {
    let (_, rows) = door.get("/v1/audit").await;
    let word = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let line = |row: &Value| {
        let who = word(row, "who").replace(|c: char| !c.is_ascii_lowercase(), " ");
        let who = who.split(' ').next().unwrap().to_owned();
        format!("{who} {} {} {}", word(row, "what"), word(row, "subject"), word(row, "detail"))
            .trim()
            .to_owned()
    };
    rows.as_array().unwrap().iter().skip(after).map(line).collect()
}

async fn count(door: &Door) -> usize {
    door.get("/v1/audit").await.1.as_array().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_start_with_another_configuration_tells_which_keys_are_others() {
    let text = "[[route]]\nname = \"one\"\nto = [\"#support\"]\n[[endpoint]]\nname = \"crm\"\nurl = \"https://crm.example/a\"\n";
    let load = |text: &str| {
        let folder = crate::world::folder();
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        Sources { config: Some(file), env: Environment::new(), flags: Vec::new(), root: true }
            .load()
            .unwrap()
            .config
    };
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.keys = Keyring::parse(&"01".repeat(32));
    let (api_url, path) = (world.config.slack.api_url.clone(), world.database());
    let settle = |world: &mut World, text: &str| {
        world.config = load(text);
        (world.config.slack.api_url, world.config.store.path) = (api_url.clone(), path.clone());
    };
    settle(&mut world, text);
    world.open().await;
    world.close().await;
    world.open().await;
    let door = Door::open(world.desk().front());
    let before = count(&door).await;
    assert_eq!(told(&door, 0).await.iter().filter(|line| line.contains("config_found")).count(), 1);
    door.close().await;
    world.close().await;
    let other =
        text.replace("#support", "#sales").replace("example/a", "example/b") + "[log]\nlevel = \"debug\"\n";
    settle(&mut world, &other);
    world.open().await;
    let door = Door::open(world.desk().front());
    let lines = told(&door, before).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    for key in ["deskd config_found ", "endpoint.crm.url", "log.level", "route."] {
        assert!(lines[0].contains(key), "{key}: {lines:?}");
    }
    door.close().await;
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_tells_of_secrets_and_addresses_that_were_replaced() {
    let (mut world, door) = acme(Setup::default()).await;
    door.close().await;
    world.close().await;
    world.config.slack.mode = Mode::Both;
    world.open().await;
    let door = Door::open(world.desk().front());
    let (file, token, secret) = (door.file("config.toml"), door.file("token"), door.file("signing"));
    let text = |path: &str| {
        format!(
            "[slack]\nmode = \"both\"\nsigning_secret_file = {secret:?}\n[[caller]]\nname = \"billing\"\ntoken_file = {token:?}\n\
             kinds = [\"*\"]\n[[endpoint]]\nname = \"crm\"\nurl = \"https://crm.example/{path}\"\n"
        )
    };
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    write(&token, &"a1".repeat(20));
    write(&secret, &"b1".repeat(16));
    write(&file, &text("one"));
    let env = Environment::new();
    let sources = Sources { config: Some(file.clone()), env, flags: Vec::new(), root: true };
    world.desk().reload(&sources).await.unwrap();
    for (what, spoil, key) in [
        ("token", &(|| write(&token, &"a2".repeat(20))) as &dyn Fn(), "caller.billing.token"),
        ("signing secret", &|| write(&secret, &"b2".repeat(16)), "slack.signing_secret"),
        ("address", &|| write(&file, &text("two")), "endpoint.crm.url"),
    ] {
        let before = count(&door).await;
        spoil();
        world.desk().reload(&sources).await.unwrap();
        let lines = told(&door, before).await;
        assert!(lines.len() == 1 && lines[0].ends_with(&format!(" {key}")), "{what}: {lines:?}");
        world.desk().reload(&sources).await.unwrap();
        assert_eq!(count(&door).await, before + 1, "{what}: told once");
    }
    let all = format!("{:?}", told(&door, 0).await);
    assert!(!all.contains("a2a2") && !all.contains("b2b2") && !all.contains("example/two"), "{all}");
    door.close().await;
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn an_export_and_what_is_done_to_the_queue_are_told() {
    let (world, door) = acme(Setup::default()).await;
    let import = json!({"lines": [{"name": "Ada", "email": "ada@globex.example", "company": ""}]});
    assert_eq!(door.post("/v1/contacts/import", import).await.0, 200);
    world.slack.fault("chat.postMessage", Fault::Error("is_archived".into()), Times::UntilCleared);
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(60).await;
    world.reply(1, "which one?").await;
    world.pass(60).await;
    let before = count(&door).await;
    assert_eq!(door.get("/v1/contacts/1/export").await.0, 200);
    assert_eq!(door.get("/v1/contacts/99/export").await.0, 404);
    let (_, queue) = door.get("/v1/queue").await;
    let send = queue[0]["id"].as_i64().unwrap();
    assert_eq!(door.post(&format!("/v1/queue/{send}/drop"), json!({})).await.0, 200);
    assert_eq!(door.post(&format!("/v1/queue/{send}/drop"), json!({})).await.0, 409);
    assert_eq!(door.post(&format!("/v1/queue/{send}/retry"), json!({})).await.0, 200);
    let expected = [
        "user contact_exported 1".to_owned(),
        format!("user send_dropped {send}"),
        format!("user send_retried {send}"),
    ];
    assert_eq!(told(&door, before).await, expected);
    door.close().await;
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn how_a_workspace_was_left_is_told_and_when_its_settings_went() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let id = connect(&world, &door, &other).await;
    // Without --purge what was picked goes after a while, by itself.
    world
        .store()
        .of(&id)
        .pick_channel(
            ChannelId("C1".into()),
            deskd::domain::bundle::Pick::Monitor,
            crate::world::alice(),
            Timestamp(1),
        )
        .await
        .unwrap();
    leave_plainly(&door, &id).await;
    let before = count(&door).await;
    let now = world.clock.now().plus(std::time::Duration::from_secs(31 * 24 * 3600));
    world.store().sweep_departed(now).await.unwrap();
    world.store().sweep_departed(now).await.unwrap();
    assert_eq!(told(&door, before).await, [format!("deskd settings_forgotten {} after 30 days", id.0)]);
    let id = connect(&world, &door, &other).await;
    let before = count(&door).await;
    let left = leave(&door, &id).await;
    assert_eq!(left.0, 200, "{}", left.1);
    let expected = [
        format!("user disconnected {} disconnected", id.0),
        format!("user token_revoked {}", id.0),
        format!("user settings_forgotten {} with the workspace", id.0),
    ];
    assert_eq!(told(&door, before).await, expected);
    door.close().await;
    world.close_quietly().await;
}

async fn leave(door: &Door, id: &WorkspaceId) -> (u16, Value) {
    let ended = door.deskd(&["disconnect", "--workspace", &id.0, "--purge", "--revoke"]).await;
    (if ended.code == 0 { 200 } else { 500 }, json!(ended.err))
}

async fn leave_plainly(door: &Door, id: &WorkspaceId) {
    let ended = door.deskd(&["disconnect", "--workspace", &id.0]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_took_the_database_s_place_is_told_by_the_next_start() {
    let mut machine = Machine::new();
    machine.start().await;
    let copy = machine.folder.path().join("copy.db");
    assert!(machine.deskd(&["backup", copy.to_str().unwrap()]).await.status.success());
    machine.kill().await;
    let restored = machine.deskd(&["restore", copy.to_str().unwrap(), "--force"]).await;
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    machine.start().await;
    let rows = machine.json(&["audit"]).await;
    let told: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["what"] == "restored").collect();
    assert_eq!(told.len(), 1, "{rows}");
    assert!(
        told[0]["who"].as_str().unwrap().starts_with("user:") && told[0]["subject"] == "copy.db",
        "{rows}"
    );
    machine.kill().await;
    let left: i64 = Connection::open(machine.folder.path().join("deskd.db"))
        .unwrap()
        .query_row("SELECT COUNT(*) FROM restored", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}
