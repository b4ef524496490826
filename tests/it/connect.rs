//! Connecting a workspace and leaving it: what a token has to be, what is known then, and what is left afterwards.

use deskd::domain::ids::WorkspaceId;
use deskd::simulator::{Fault, Setup, Times};
use deskd::slack::methods::Profile;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::workspaces::{acme, connect, count, globex, said};
use crate::world::World;

const DAY: u64 = 24 * 3600;

async fn hand_over(door: &Door, token: &str) -> (u16, Value) {
    door.post("/v1/workspaces/connect", json!({ "token": token })).await
}

/// Every byte of the database and of its write-ahead log.
fn file(world: &World) -> Vec<u8> {
    let mut bytes = std::fs::read(world.database()).unwrap();
    bytes.extend(std::fs::read(format!("{}-wal", world.database().display())).unwrap_or_default());
    bytes
}

/// Whether a text is in the file or its log.
pub fn holds(world: &World, text: &str) -> bool {
    file(world).windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(start_paused = true)]
async fn oau_05_and_oau_16_connecting_validates_and_syncs_in_one_and_says_the_workspaces_name() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let (status, connected) = hand_over(&door, &other.bot_token()).await;
    assert_eq!(status, 200, "{connected}");
    assert_eq!(connected["team_name"], "Globex");
    assert_eq!((&connected["synced"], &connected["groups"]), (&json!(true), &json!(1)));
    assert!(connected["people"].as_i64().unwrap() >= 8, "{connected}");
    let people = world.store().of(&WorkspaceId("T0GLOBEX001".into())).people().await.unwrap();
    assert!(people.iter().any(|person| person.handle == "hedy"));
    // Write-only: the token went in, and no answer and no byte of the file has it.
    for path in ["/api/slack/status", "/v1/workspaces", "/v1/status"] {
        let (_, answer) = door.get(path).await;
        assert!(!answer.to_string().contains("xoxb"), "sec_25: {path}");
    }
    assert!(!holds(&world, &other.bot_token()), "sec_15: sealed at rest");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_26_a_persons_token_is_refused_with_a_hint_and_slack_is_not_asked() {
    let (world, door) = acme(Setup::default()).await;
    let before = world.slack.calls("auth.test");
    for (token, told) in [("xoxp-1-2", "user token"), ("xapp-1", "app-level token"), ("", "no token")] {
        let (status, refusal) = hand_over(&door, token).await;
        assert_eq!((status, refusal["code"].as_str()), (400, Some("wrong_token")));
        let message = refusal["message"].as_str().unwrap();
        assert!(
            message.contains(told) && message.contains("hint: copy the Bot User OAuth Token"),
            "{message}"
        );
    }
    assert_eq!(world.slack.calls("auth.test"), before);
    let (_, refusal) = hand_over(&door, "xoxb-of-nobody").await;
    assert_eq!(refusal["code"], "slack_refused");
    assert!(!refusal.to_string().contains("xoxb-of"), "{refusal}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn oau_14_and_oau_15_scopes_that_were_not_granted_are_named_and_the_app_has_to_be_reinstalled() {
    let (world, door) = acme(Setup::default()).await;
    let mut setup = globex();
    setup
        .app
        .scopes
        .retain(|scope| !["users:read.email", "usergroups:read", "groups:read"].contains(&scope.as_str()));
    let other = world.slack.add_workspace(setup);
    let (status, refusal) = hand_over(&door, &other.bot_token()).await;
    assert_eq!((status, refusal["code"].as_str()), (409, Some("missing_scopes")));
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.contains("is not allowed users:read.email;") && message.contains("reinstall"),
        "{message}"
    );
    assert!(message.contains("groups:read, usergroups:read"), "what else will not work: {message}");
    assert_eq!(count(&world, "SELECT COUNT(*) FROM tokens").await, 0);
    // What only some things need is named, too, and does not stand in the way.
    let mut setup = globex();
    setup.app.bot_token = "xoxb-22-globex".to_owned();
    setup.app.scopes.retain(|scope| scope != "groups:read");
    let other = world.slack.add_workspace(setup);
    let (status, connected) = hand_over(&door, &other.bot_token()).await;
    assert_eq!((status, &connected["missing_scopes"]), (200, &json!(["groups:read"])));
    assert!(connected["hint"].as_str().unwrap().contains("reinstall"), "{connected}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn oau_03_and_oau_14_an_app_of_every_profile_is_connected_and_what_will_not_work_is_named() {
    for profile in Profile::ALL {
        let (world, door) = acme(Setup::default()).await;
        let mut setup = globex();
        setup.app.scopes = profile.scopes().iter().map(|&scope| scope.to_owned()).collect();
        let other = world.slack.add_workspace(setup);
        let (status, connected) = hand_over(&door, &other.bot_token()).await;
        assert_eq!(status, 200, "{profile:?}: {connected}");
        let full = Profile::Full.scopes();
        let missing: Vec<&str> = full.into_iter().filter(|scope| !profile.scopes().contains(scope)).collect();
        assert_eq!(connected["missing_scopes"], json!(missing), "{profile:?}");
        let next = json!({ "token": other.another_bot_token() });
        let rotate = door.post_in("/v1/workspaces/rotate", "Globex", next).await;
        assert_eq!(rotate.0, 200, "{profile:?}: {}", rotate.1);
        door.close().await;
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sec_18_the_status_says_four_things_and_nothing_else() {
    let (world, door) = acme(Setup::default()).await;
    let (status, document) = door.get("/api/slack/status").await;
    assert_eq!(status, 200);
    let keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["bot_user_id", "installed_at", "team_id", "team_name"]);
    assert_eq!((&document["team_name"], &document["team_id"]), (&json!("Acme"), &json!(world.workspace.0)));
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_19_and_sec_23_after_leaving_nothing_is_left_in_the_file_and_posting_is_not_configured() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    other.say("hedy", "support", "zq-secret-frequency").unwrap();
    world.slack.say("ada", "support", "zq-acme-stays").unwrap();
    world.pass(60).await;
    world.desk().front().inlet.submit(globex.clone(), &[], "test", world.clock.now()).await.unwrap().unwrap();
    assert!(holds(&world, "zq-secret-frequency") && holds(&world, "hedy@globex.example"));
    let left = door.ok(&["disconnect", "--workspace", "Globex"]).await;
    assert!(left.contains("left T0GLOBEX001") && left.contains("Manage apps"), "sec_20: {left}");
    for gone in ["zq-secret-frequency", "hedy@globex.example", "Hedy Lamarr"] {
        assert!(!holds(&world, gone), "{gone} is left in the file");
    }
    assert!(holds(&world, "zq-acme-stays"), "Acme's is not touched");
    assert_eq!(count(&world, "SELECT COUNT(*) FROM tokens").await, 0);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM messages WHERE workspace = 'T0GLOBEX001'").await, 0);
    let refused = door.deskd(&["reply", "1", "too late", "--workspace", "Globex"]).await;
    assert!(refused.err.contains("not connected to Globex any more"), "{}", refused.err);
    let (_, refusal) = door.post("/v1/tasks/1/reply", json!({ "text": "still here" })).await;
    assert_eq!(refusal["ok"], true, "one workspace is left, and needs no word: {refusal}");
    // Events that still come are recorded, acknowledged, and empty.
    other.say("hedy", "support", "zq-after-the-end").unwrap();
    world.pass(60).await;
    assert!(!holds(&world, "zq-after-the-end"));
    assert!(said(&world, &globex).await.is_empty());
    assert_eq!(said(&world, &world.workspace).await.len(), 2);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_19_the_configured_workspace_can_be_left_too_and_stays_left_after_a_restart() {
    let (mut world, door) = acme(Setup::default()).await;
    world.slack.say("ada", "support", "zq-before").unwrap();
    world.pass(60).await;
    let (status, _) = door.post("/api/slack/disconnect", json!({})).await;
    assert_eq!(status, 200);
    let (_, refusal) = door.post("/v1/tasks/1/reply", json!({ "text": "too late" })).await;
    assert_eq!(refusal["code"], "not_configured");
    door.close().await;
    world.close().await;
    world.open().await;
    world.pass(60).await;
    world.slack.say("ada", "support", "zq-after").unwrap();
    world.pass(60).await;
    assert!(!holds(&world, "zq-before") && !holds(&world, "zq-after"));
    // oau_13: connected again, with the token that is there anyway.
    let door = Door::open(world.desk().front());
    let (status, connected) = hand_over(&door, &world.slack.bot_token()).await;
    assert_eq!((status, &connected["restored"]), (200, &json!(true)), "{connected}");
    world.slack.say("ada", "support", "zq-again").unwrap();
    world.pass(60).await;
    assert_eq!(said(&world, &world.workspace).await, ["1 zq-again"]);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_20_revoking_is_done_at_slack_and_a_refusal_is_said() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    let left = door.ok(&["disconnect", "--revoke", "--workspace", "Globex"]).await;
    assert!(left.contains("Slack revoked the token"), "{left}");
    assert_eq!(other.calls("auth.revoke"), 1);
    let (_, refusal) = hand_over(&door, &other.bot_token()).await;
    assert!(refusal["message"].as_str().unwrap().contains("revoked"), "{refusal}");
    let again = other.another_bot_token();
    assert_eq!(hand_over(&door, &again).await.0, 200);
    other.fault("auth.revoke", Fault::Status(503), Times::Count(1));
    let (status, answer) = door.post("/api/slack/disconnect", json!({"revoke": true})).await;
    assert_eq!((status, answer["code"].as_i64()), (400, Some(1007)), "{answer}");
    let left = door.ok(&["disconnect", "--revoke", "--workspace", "Globex"]).await;
    assert!(left.contains("Slack did not revoke the token"), "{left}");
    door.close().await;
    world.finish().await;
}

/// Leaves Globex, waits that many days with the daemon off, and connects it again: whether the picks are there.
async fn back_after(days: u64) -> (bool, Vec<String>) {
    let (mut world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    door.ok(&["disconnect", "--workspace", "Globex"]).await;
    door.close().await;
    world.close().await;
    world.pass(days * DAY).await;
    world.open().await;
    let door = Door::open(world.desk().front());
    let (status, connected) = hand_over(&door, &other.bot_token()).await;
    assert_eq!(status, 200, "{connected}");
    world.pass(5).await;
    other.say("hedy", "support", "hello again").unwrap();
    world.pass(60).await;
    let tasks = said(&world, &globex).await;
    door.close().await;
    world.finish().await;
    (connected["restored"] == true, tasks)
}

#[tokio::test(start_paused = true)]
async fn sec_24_settings_are_there_again_on_the_29th_day_and_gone_on_the_31st() {
    assert_eq!(back_after(29).await, (true, vec!["1 hello again".to_owned()]));
    assert_eq!(back_after(31).await, (false, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_purge_keeps_no_settings_either() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    door.ok(&["disconnect", "--purge", "--workspace", "Globex"]).await;
    // That it was left is remembered: what is still under way for it must not bring it back.
    let left = "SELECT COUNT(*) FROM installations WHERE workspace = 'T0GLOBEX001' AND state = 'gone'";
    assert_eq!(count(&world, left).await, 1);
    for table in ["channels", "teammates", "workspaces", "tokens", "erasures", "people"] {
        let path = world.database();
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE workspace = 'T0GLOBEX001'");
        let left: i64 =
            rusqlite::Connection::open(path).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_27_a_token_is_changed_without_a_missed_event_and_the_next_call_has_the_new_one() {
    let (mut world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    world.slack.say("ada", "support", "before").unwrap();
    let next = world.slack.another_bot_token();
    let (status, changed) = door.post("/v1/workspaces/rotate", json!({ "token": next })).await;
    assert_eq!((status, &changed["team_name"]), (200, &json!("Acme")), "{changed}");
    world.slack.say("grace", "support", "after").unwrap();
    world.slack.kill_first_token();
    world.pass(60).await;
    world.reply(1, "both have come").await;
    world.pass(5).await;
    assert!(world.channel("support").contains("both have come"));
    assert_eq!(said(&world, &world.workspace).await.len(), 3);
    let (status, refusal) = door.post("/v1/workspaces/rotate", json!({ "token": other.bot_token() })).await;
    assert_eq!((status, refusal["code"].as_str()), (409, Some("wrong_state")), "{refusal}");
    // The old token still stands in the configuration, and the new one is taken.
    door.close().await;
    world.close().await;
    world.open().await;
    world.pass(40).await;
    assert_eq!(world.desk().front().trouble.now(), None);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_slack_ends_is_over_here_too() {
    for uninstalled in [true, false] {
        let (world, door) = acme(Setup::default()).await;
        let other = world.slack.add_workspace(globex());
        let globex = connect(&world, &door, &other).await;
        other.say("hedy", "support", "zq-said-before").unwrap();
        world.pass(60).await;
        match uninstalled {
            true => other.uninstall(),
            false => other.revoke_tokens(),
        }
        world.pass(10).await;
        assert!(!holds(&world, "zq-said-before") && said(&world, &globex).await.is_empty());
        let listed = door.ok(&["workspaces"]).await;
        assert!(listed.contains("gone (tokens_revoked)"), "{listed}");
        assert!(door.ok(&["task", "list"]).await.contains("no "), "Acme is the only one again");
        door.close().await;
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_key_no_token_is_taken_and_it_is_said_why() {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    let other = world.slack.add_workspace(globex());
    let (status, refusal) = hand_over(&door, &other.bot_token()).await;
    assert_eq!((status, refusal["code"].as_str()), (409, Some("secrets_locked")));
    assert!(refusal["message"].as_str().unwrap().contains("deskd secret init"), "{refusal}");
    door.close().await;
    world.finish().await;
}
