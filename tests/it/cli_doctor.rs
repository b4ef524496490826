//! The doctor: what it finds in a healthy installation and in a broken one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::api_door::{Door, deskd};
use crate::world::World;
use serde_json::Value;

/// The findings as JSON, and how it ended.
pub async fn findings(door: &Door, config: &str) -> (u8, Vec<(String, String, String)>) {
    let ended = door.deskd(&["--json", "--config", config, "doctor"]).await;
    let document: Value =
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err));
    let list = document["findings"].as_array().unwrap().iter().map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        assert!(finding["level"] == "ok" || !word("hint").is_empty(), "what to do about {finding}?");
        (word("check"), word("level"), word("what"))
    });
    (ended.code, list.collect())
}

pub fn write(door: &Door, world: &World, (bot, app): (&str, &str)) -> String {
    let (bot_file, app_file) = (door.file("bot"), door.file("app"));
    std::fs::write(&bot_file, bot).unwrap();
    std::fs::write(&app_file, app).unwrap();
    for file in [&bot_file, &app_file] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = door.file("config.toml");
    let text = format!(
        "[slack]\napi_url = {:?}\nbot_token_file = {bot_file:?}\napp_token_file = {app_file:?}\n[store]\npath = {:?}\n",
        world.slack.api_url(),
        world.database()
    );
    std::fs::write(&config, text).unwrap();
    config.display().to_string()
}

fn level<'a>(found: &'a [(String, String, String)], check: &str) -> Vec<&'a str> {
    found.iter().filter(|(name, ..)| name == check).map(|(_, level, _)| level.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_healthy_installation_has_nothing_worse_than_this_tests_clock() {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    let config = write(&door, &world, (&world.slack.bot_token(), &world.slack.app_token()));
    let (_, found) = findings(&door, &config).await;
    for check in
        ["config", "daemon", "sockets", "tokens", "database", "bot_token", "scopes", "app_token", "channels"]
    {
        let levels = level(&found, check);
        assert!(!levels.is_empty() && levels.iter().all(|level| *level == "ok"), "{check}: {found:?}");
    }
    assert_eq!(world.slack.sockets(), 2, "the doctor opens none");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_installation_is_told_with_what_to_do() {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    let config = write(&door, &world, ("xoxb-0-revoked", &world.slack.app_token()));
    let (code, found) = findings(&door, &config).await;
    assert_eq!(code, 2);
    assert_eq!(level(&found, "bot_token"), ["problem"], "{found:?}");
    assert_eq!(level(&found, "app_token"), ["ok"]);
    let config = write(&door, &world, (&world.slack.app_token(), &world.slack.bot_token()));
    let (code, found) = findings(&door, &config).await;
    assert_eq!((code, level(&found, "tokens")), (2, vec!["problem", "problem"]), "swapped: {found:?}");
    std::fs::write(&config, "[inbox]\nquite = \"1s\"\n").unwrap();
    let ended = door.deskd(&["--config", &config, "doctor"]).await;
    assert_eq!(ended.code, 2);
    assert!(
        ended.out.contains("inbox.quite: unknown key") && ended.out.contains("hint: did you mean"),
        "{}",
        ended.out
    );
    door.close().await;
    world.finish().await;
}

#[tokio::test]
async fn a_stopped_daemon_is_a_warning_and_a_missing_database_is_none() {
    crate::world::crypto();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let text = format!(
        "[slack]\napi_url = \"http://127.0.0.1:9\"\n[store]\npath = {:?}\n",
        folder.path().join("x.db")
    );
    std::fs::write(&config, text).unwrap();
    let socket = folder.path().join("none.sock").display().to_string();
    let config = config.display().to_string();
    let ended = deskd(["deskd", "--socket", &socket, "--config", &config, "doctor"]).await;
    let line = |word: &str| ended.out.lines().find(|line| line.contains(word)).unwrap_or_default().to_owned();
    assert!(line("deskd is not running").starts_with("warning"), "{}", ended.out);
    assert!(line("there is no database at").starts_with("ok"), "{}", ended.out);
    assert!(!folder.path().join("x.db").exists(), "the doctor changes nothing");
}
