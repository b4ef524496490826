//! The command line as people use it: what they type, what they see, how it ends.

use deskd::simulator::{Fault, Times};
use insta::assert_snapshot;

use crate::api_door::{Door, deskd, timeless};
use crate::world::World;

async fn desk() -> (World, Door) {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    (world, door)
}

async fn finish(world: World, door: Door) {
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_day_at_the_desk() {
    let (world, door) = desk().await;
    assert_snapshot!(door.ok(&["task", "list"]).await, @"");
    let first = world.slack.say("ada", "support", "our invoice 4711 was charged twice").unwrap();
    world.slack.share_file("ada", "support", "invoice.pdf", "here it is").unwrap();
    world.pass(40).await;
    assert_snapshot!(door.ok(&["task", "list"]).await, @"");
    assert_snapshot!(timeless(&door.ok(&["reply", "1", "Sorry! We refund one today.", "--wait"]).await), @"");
    world.slack.edit("support", &first, "our invoice 4711 was charged three times").unwrap();
    world.pass(5).await;
    assert_snapshot!(timeless(&door.ok(&["task", "show", "1"]).await), @"");
    assert_snapshot!(door.ok(&["task", "close", "#1"]).await, @"");
    assert_snapshot!(timeless(&door.ok(&["why", "task", "1"]).await), @"");
    let link = format!("{}/{first}", world.slack.channel_id("support").unwrap());
    assert!(door.ok(&["why", &link]).await.contains("opened bundle 1"));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn the_status_fits_one_screen() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "hello?").unwrap();
    world.pass(10).await;
    let shown = door.ok(&["status"]).await;
    let hash = shown.split("configuration ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert_snapshot!(shown.replace(&hash, "HASH").replace(env!("CARGO_PKG_VERSION"), "VERSION"), @"");
    world.pass(40).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn the_queue_shows_what_is_stuck_and_what_to_do() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "how do I export?").unwrap();
    world.pass(40).await;
    assert_snapshot!(door.ok(&["queue", "list"]).await, @"");
    world.slack.fault("chat.postMessage", Fault::error("is_archived"), Times::Once);
    let ended = door.deskd(&["reply", "1", "Settings, Export", "--wait"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @"");
    assert_snapshot!(door.ok(&["queue", "list"]).await, @"");
    assert_snapshot!(door.ok(&["queue", "retry", "1"]).await, @"");
    world.pass(5).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn channels_team_and_contacts_are_told_as_tables_and_sentences() {
    let (world, door) = desk().await;
    let ids = |text: String| regex::Regex::new(r"\b[CUTB]0[0-9A-Z]{6,}\b").unwrap().replace_all(&text, "ID").into_owned();
    assert_snapshot!(ids(door.ok(&["channels", "list"]).await), @"");
    assert_snapshot!(door.ok(&["channels", "ignore", "#sales"]).await, @"");
    assert_snapshot!(ids(door.ok(&["team", "add", "@grace"]).await), @"");
    assert_snapshot!(ids(door.ok(&["team", "add", "@grace"]).await), @"");
    assert_snapshot!(ids(door.ok(&["team", "remove", "@grace"]).await), @"");
    assert_snapshot!(door.ok(&["contact", "list"]).await, @"");
    let file = door.file("contacts.csv");
    std::fs::write(&file, "name,email,company\nAda Lovelace,ada@acme.example,Acme\n").unwrap();
    assert_snapshot!(door.ok(&["contact", "import", &file.display().to_string()]).await, @"");
    assert_snapshot!(door.ok(&["contact", "list"]).await, @"");
    let ended = door.deskd(&["contact", "erase", "1"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.err, @"");
    assert_snapshot!(door.ok(&["contact", "erase", "1", "--yes"]).await, @"");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_next_step_and_end_with_the_right_code() {
    let (world, door) = desk().await;
    for (words, code) in [
        (&["task", "show", "9"][..], 1),
        (&["task", "show", "nine"], 2),
        (&["task", "list", "--status", "late"], 2),
        (&["channels", "monitor", "#suport"], 1),
        (&["why", "something"], 2),
        (&["replay", "--reason", "sent"], 2),
        (&["contact", "import", "/nowhere.csv"], 1),
    ] {
        let ended = door.deskd(words).await;
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{words:?}: {}", ended.err);
        assert!(ended.err.starts_with("error: ") && ended.err.contains("\n  hint: "), "{words:?}: {}", ended.err);
    }
    let ended = door.deskd(&["--json", "task", "show", "9"]).await;
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &document["code"], ended.err.as_str()), (1, &"no_such_task".into(), ""));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn json_is_the_document_of_the_api() {
    let (world, door) = desk().await;
    for (words, path) in [
        (&["--json", "status"][..], "/v1/status"),
        (&["task", "list", "--json", "--all"], "/v1/tasks?status=all"),
        (&["--json", "channels", "list"], "/v1/channels"),
        (&["--json", "team", "list"], "/v1/team"),
        (&["--json", "queue", "list"], "/v1/queue"),
    ] {
        let shown: serde_json::Value = serde_json::from_str(&door.ok(words).await).unwrap();
        assert_eq!(shown, door.get(path).await.1, "{words:?}");
    }
    finish(world, door).await;
}

#[tokio::test]
async fn a_stopped_daemon_is_told_in_one_sentence() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("deskd.sock").display().to_string();
    for words in [&["status"][..], &["task", "list"], &["reply", "1", "x"], &["replay"]] {
        let ended = deskd(["deskd", "--socket", &socket].into_iter().chain(words.iter().copied())).await;
        assert_eq!((ended.code, ended.out.as_str()), (75, ""), "{words:?}");
        let told = ended.err.replace(&socket, "SOCKET");
        assert_eq!(
            told,
            "error: deskd is not running (no answer on SOCKET)\n  hint: systemctl start deskd, or deskd run\n"
        );
    }
    let ended = deskd(["deskd", "--socket", &socket, "--json", "status"]).await;
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&document["code"], &document["retryable"]), (&"not_running".into(), &true.into()));
}

#[tokio::test(start_paused = true)]
async fn a_backup_comes_back_only_when_nothing_runs_and_with_force() {
    let (world, door) = desk().await;
    let config = door.file("config.toml");
    std::fs::write(&config, format!("[store]\npath = {:?}\n", world.database().display().to_string())).unwrap();
    let (config, copy) = (config.display().to_string(), door.file("copy.db").display().to_string());
    let shown = door.ok(&["--config", &config, "backup", &copy]).await;
    assert!(shown.contains("copy.db: ") && shown.contains("bytes, checked"), "{shown}");
    let ended = door.deskd(&["--config", &config, "restore", &copy, "--force"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.err, @"");
    let database = world.database().display().to_string();
    let socket = door.socket.display().to_string();
    door.close().await;
    std::fs::remove_file(&socket).unwrap();
    let mut world = world;
    world.close().await;
    let line = ["deskd", "--socket", &socket, "--config", &config, "restore", &copy];
    let ended = deskd(line).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.err.replace(&database, "DATABASE"), @"");
    let ended = deskd(line.into_iter().chain(["--force"])).await;
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    assert!(std::path::Path::new(&format!("{database}.before-restore")).exists());
}
