//! How further apps stand is told where people look: `deskd status`, `deskd doctor`, `deskd check --online`, and after a reload.

use deskd::config::Sources;
use deskd::config::apps::Signing;
use deskd::simulator::{Fault, Times};
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::cli_doctor::{findings, write};
use crate::http_apps::{OTHER, with_sibling};
use crate::http_mode::Hooks;

async fn status(door: &Door) -> Value {
    serde_json::from_str(&door.ok(&["--json", "status"]).await).unwrap()
}

fn wrong(status: &Value) -> String {
    let all = status["wrong"].as_array().unwrap().iter();
    all.map(|one| one["what"].as_str().unwrap().to_owned() + "\n").collect()
}

#[tokio::test(start_paused = true)]
async fn ing_15_status_and_doctor_tell_how_each_further_app_stands() {
    let hooks = with_sibling().await;
    let door = Door::open(hooks.world.desk().front());
    let seen = status(&door).await;
    let app = &seen["apps"][0];
    for (key, value) in [
        ("name", json!("notifications")),
        ("id", json!("A0NOTIFY")),
        ("bot_token", json!("works")),
        ("workspace", json!(hooks.world.workspace.0)),
        ("missing_scopes", json!([])),
        ("signing_secret", json!(true)),
        ("sockets", json!(0)),
        ("last_event_at", Value::Null),
    ] {
        assert_eq!(app[key], value, "{key}: {app}");
    }
    let told = door.ok(&["status"]).await;
    assert!(told.contains("notifications in T0ACME00001; nothing came since the start"), "{told}");
    let body = hooks.message("hello", "1700000001.000100");
    assert_eq!(hooks.signed_with(OTHER, "/slack/notifications/events", &body).await, 200);
    assert!(status(&door).await["apps"][0]["last_event_at"].is_string());
    let config = write(&door, &hooks.world, (&hooks.world.slack.bot_token(), &hooks.world.slack.app_token()));
    let (_, found) = findings(&door, &config).await;
    assert!(
        found.iter().any(|(check, level, _)| check == "sockets" && level == "ok"),
        "none are wanted: {found:?}"
    );
    let (_, level, what) = found.iter().find(|(check, ..)| check == "apps").unwrap();
    assert!(level == "ok" && what.contains("the app notifications works in T0ACME00001"), "{what}");
    // An hour later somebody has revoked its token.
    hooks.world.slack.fault("auth.test", Fault::Error("token_revoked".into()), Times::UntilCleared);
    hooks.world.pass(3_700).await;
    let seen = status(&door).await;
    assert!(wrong(&seen).contains("the bot token of the app notifications (token_revoked)"), "{seen}");
    let (_, found) = findings(&door, &config).await;
    assert!(found.iter().any(|(check, level, _)| check == "apps" && level == "problem"), "{found:?}");
    hooks.world.slack.clear_faults();
    hooks.finish_with(door).await;
}

#[tokio::test(start_paused = true)]
async fn sec_08_status_says_that_the_signing_secret_is_missing() {
    let hooks = Hooks::with(|world| world.signing = Signing::of(Vec::new())).await;
    let door = Door::open(hooks.world.desk().front());
    let told = wrong(&status(&door).await);
    assert!(
        told.contains("the signing secret is missing, so what Slack sends over HTTP is refused"),
        "{told}"
    );
    hooks.finish_with(door).await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_a_new_app_waits_for_a_restart_and_that_is_said() {
    let hooks = with_sibling().await;
    let door = Door::open(hooks.world.desk().front());
    let config = write(&door, &hooks.world, (&hooks.world.slack.bot_token(), &hooks.world.slack.app_token()));
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("[[slack.app]]\nname = \"alerts\"\nid = \"A0ALERTS001\"\nmode = \"http\"\n");
    std::fs::write(&config, text).unwrap();
    let env = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(config.clone().into()), env, flags: Vec::new(), root: false };
    hooks.world.desk().reload(&sources).await.unwrap();
    let told = wrong(&status(&door).await);
    assert!(told.contains("the app alerts is new since deskd was started"), "{told}");
    assert_eq!(hooks.signed_with(OTHER, "/slack/alerts/events", "{}").await, 404, "not there yet");
    let checked = door.deskd(&["--config", &config, "check", "--online"]).await;
    assert_eq!(checked.code, 2, "{}", checked.out);
    assert!(
        checked.out.contains("slack.app.alerts: the running daemon was started without this app"),
        "{}",
        checked.out
    );
    hooks.finish_with(door).await;
}

impl Hooks {
    /// The end of a scene that used the command line.
    async fn finish_with(self, door: Door) {
        door.close().await;
        self.finish().await;
    }
}
