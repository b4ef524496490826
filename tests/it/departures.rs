//! What a departure has to be, and what it has to leave: late and wrong news of one, calls and pages that are under way, and
//! what is still in the file or in memory afterwards.

use deskd::config::Secret;
use deskd::domain::ids::WorkspaceId;
use deskd::domain::installation::{Pair, Source};
use deskd::domain::task::Actor;
use deskd::intake::account::Leave;
use deskd::simulator::{Fault, Setup, Simulator, Times};
use deskd::store::installations::{NewInstallation, Tokens};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::connect::holds;
use crate::workspaces::{acme, connect, count, globex, said};
use crate::world::World;

/// Acme, and Globex where somebody has said something.
async fn both() -> (World, Door, Simulator, WorkspaceId) {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    other.say("hedy", "support", "zq-said-before").unwrap();
    world.pass(60).await;
    assert_eq!(said(&world, &globex).await, ["1 zq-said-before"]);
    (world, door, other, globex)
}

/// News of revoked tokens, as Slack says it `seconds` after it happened.
fn revoked(world: &World, slack: &Simulator, (seconds, tokens): (i64, Value)) -> Value {
    json!({
        "type": "event_callback", "team_id": slack.setup().team_id, "api_app_id": slack.setup().app.id,
        "event_id": format!("Ev-{seconds}-{tokens}"), "event_time": world.clock.now().unix_seconds() - seconds,
        "event": { "type": "tokens_revoked", "tokens": tokens },
    })
}

fn bots() -> Value {
    json!({ "oauth": [], "bot": ["U0DESKBOT01"] })
}

/// Leaves a workspace without any time passing.
async fn leave(world: &World, workspace: &WorkspaceId, purge: bool) {
    let accounts = world.desk().front().accounts;
    let how = (Leave { revoke: false, purge }, Actor::Desk);
    accounts.leave(workspace, how, world.clock.now()).await.unwrap();
}

/// Acme, and Globex that was connected this moment and whose next call of `method` is under way.
async fn asking(method: &str) -> (World, Door, Simulator, WorkspaceId) {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    bring(&world, &other.bot_token()).await;
    let before = other.calls(method);
    other.fault(method, Fault::Slow(5_000), Times::Count(1));
    world.pass(3).await;
    assert_eq!(other.calls(method), before, "it is under way");
    (world, door, other, WorkspaceId("T0GLOBEX001".into()))
}

async fn bring(world: &World, token: &str) {
    let accounts = world.desk().front().accounts;
    accounts.connect(Secret::new(token), Actor::Desk, world.clock.now()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_is_left_while_slack_is_asked_who_we_are_there_stays_left() {
    for purge in [false, true] {
        let (world, door, _other, globex) = asking("auth.test").await;
        leave(&world, &globex, purge).await;
        world.pass(30).await;
        let apis = &world.desk().front().apis;
        assert!(apis.of(&globex).is_err(), "nothing speaks there any more");
        assert!(apis.spaces().borrow().of(&globex).is_none());
        let known = "SELECT COUNT(*) FROM workspaces WHERE workspace = 'T0GLOBEX001'";
        assert_eq!(count(&world, known).await, i64::from(!purge), "what is purged does not come back");
        door.close().await;
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_changed_while_slack_is_asked_about_the_old_one_stays() {
    let (world, door, other, globex) = asking("auth.test").await;
    let next = other.another_bot_token();
    bring(&world, &next).await;
    world.pass(30).await;
    other.kill_first_token();
    assert!(world.desk().front().apis.of(&globex).unwrap().auth_test().await.is_ok(), "the new one speaks");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn news_of_a_revocation_from_before_the_present_token_ends_nothing() {
    let (world, door, other, globex) = both().await;
    world.pass(3600).await;
    let next = other.another_bot_token();
    assert_eq!(door.post("/v1/workspaces/connect", json!({ "token": next })).await.0, 200);
    let asked = other.calls("auth.test");
    other.deliver("events_api", revoked(&world, &other, (1800, bots())));
    world.pass(10).await;
    assert_eq!(said(&world, &globex).await, ["1 zq-said-before"]);
    assert!(world.reasons().await.contains("departure_outdated 1"), "{}", world.reasons().await);
    assert_eq!(other.calls("auth.test"), asked, "Slack need not be asked");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_departure_counts_once_slack_refuses_the_present_token() {
    let (world, door, other, globex) = both().await;
    world.pass(60).await;
    other.deliver("events_api", revoked(&world, &other, (1, bots())));
    world.pass(10).await;
    assert_eq!(said(&world, &globex).await, ["1 zq-said-before"], "the token is good");
    assert!(world.reasons().await.contains("still_installed 1"), "{}", world.reasons().await);
    // Slack cannot be asked just now: nothing is deleted on suspicion, and it is asked again.
    other.fault("auth.test", Fault::Status(503), Times::UntilCleared);
    other.revoke_tokens();
    world.pass(10).await;
    assert_eq!(said(&world, &globex).await, ["1 zq-said-before"], "nobody could say");
    let deeds = "SELECT COUNT(*) FROM audit WHERE what = 'disconnected'";
    assert_eq!(count(&world, deeds).await, 0);
    other.clear_faults();
    world.pass(300).await;
    assert!(said(&world, &globex).await.is_empty() && !holds(&world, "zq-said-before"));
    assert_eq!(count(&world, deeds).await, 1, "noted once, when it was decided");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_persons_revoked_token_goes_alone() {
    let (world, door, other, globex) = both().await;
    let person = Pair { token: Secret::new("xoxp-1-of-hedy"), refresh: None, expires_at: None };
    let bot = Secret::new(&other.bot_token());
    let new = NewInstallation {
        ours: world.store().of(&globex).ourselves().await.unwrap().unwrap(),
        enterprise: String::new(),
        org_wide: false,
        source: Source::OAuth,
        scopes: Vec::new(),
        tokens: Tokens { bot, user: Some(person), refresh: None, expires_at: None },
        by: Actor::Desk,
    };
    world.store().install(new, world.clock.now()).await.unwrap();
    world.pass(60).await;
    other.deliver("events_api", revoked(&world, &other, (1, json!({ "oauth": ["U0HEDY"], "bot": [] }))));
    world.pass(10).await;
    assert_eq!(count(&world, "SELECT COUNT(*) FROM tokens WHERE kind = 'user'").await, 0);
    assert_eq!(count(&world, "SELECT COUNT(*) FROM tokens WHERE kind = 'bot'").await, 1);
    assert!(world.reasons().await.contains("user_token_revoked 1"), "{}", world.reasons().await);
    assert_eq!(said(&world, &globex).await, ["1 zq-said-before"]);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_under_way_is_not_written_behind_a_departure() {
    for (purge, method) in [
        (false, "users.list"),
        (true, "users.list"),
        (true, "conversations.list"),
        (false, "usergroups.list"),
    ] {
        let (world, door, _other, globex) = asking(method).await;
        leave(&world, &globex, purge).await;
        world.pass(30).await;
        assert!(!holds(&world, "hedy@globex.example"), "{method}: an address was written after the end");
        for table in ["people", "channels", "user_groups", "directory"] {
            let sql = format!(
                "SELECT COUNT(*) FROM {table} WHERE workspace = 'T0GLOBEX001'{}",
                if table == "channels" { " AND pick = 'none'" } else { "" }
            );
            let left: i64 =
                Connection::open(world.database()).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0, "{method}: {table}");
        }
        door.close().await;
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_from_a_workspace_is_forgotten_with_it() {
    let (world, door, other, globex) = both().await;
    door.ok(&["task", "label", "1", "bug", "--workspace", "Globex"]).await;
    world.pass(5).await;
    let mind = world.desk().front().learned.mind;
    assert_eq!(mind.of(&globex).unwrap().examples(), 1);
    door.ok(&["disconnect", "--workspace", "Globex"]).await;
    world.pass(5).await;
    assert_eq!(mind.of(&globex).unwrap().examples(), 0, "gone from memory, too");
    connect(&world, &door, &other).await;
    world.pass(5).await;
    assert_eq!(mind.of(&globex).unwrap().examples(), 0);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_somebody_reads_is_folded_as_soon_as_they_are_done_and_that_is_said() {
    let (world, door, ..) = both().await;
    assert!(holds(&world, "Globex"));
    let reader = Connection::open(world.database()).unwrap();
    reader.execute_batch("BEGIN; SELECT COUNT(*) FROM events;").unwrap();
    let left = door.ok(&["disconnect", "--purge", "--workspace", "Globex"]).await;
    assert!(left.contains("write-ahead log still holds"), "{left}");
    assert!(holds(&world, "zq-said-before"), "somebody reads an older state");
    reader.execute_batch("COMMIT").unwrap();
    world.pass(10).await;
    for gone in ["zq-said-before", "Globex"] {
        assert!(!holds(&world, gone), "{gone}: nobody folded the log on a quiet desk");
    }
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_leaves_no_byte_of_what_was_picked_either() {
    let (world, door, ..) = both().await;
    assert!(holds(&world, "Globex"));
    door.ok(&["disconnect", "--purge", "--workspace", "Globex"]).await;
    assert!(!holds(&world, "Globex"), "its name is left in the file");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_is_told_of_the_copies_that_are_not_touched() {
    let (world, door, ..) = both().await;
    let copy = format!("{}.before-schema-7", world.database().display());
    std::fs::write(&copy, "an old copy").unwrap();
    let left = door.ok(&["disconnect", "--workspace", "Globex"]).await;
    assert!(left.contains(&copy) && left.contains("delete them"), "{left}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn leaving_and_coming_back_does_not_begin_the_months_budget_anew() {
    let (world, door, other, globex) = both().await;
    let month = "INSERT INTO model_spending (workspace, month, calls, tokens_in, tokens_out, cost)
                 SELECT 'T0GLOBEX001', strftime('%Y-%m', ?1 / 1000, 'unixepoch'), 3, 10, 20, 500";
    let now = world.clock.now();
    Connection::open(world.database()).unwrap().execute(month, [now.0]).unwrap();
    let space = world.store().of(&globex);
    assert_eq!(space.model_spending(now).await.unwrap().calls, 3);
    door.ok(&["disconnect", "--workspace", "Globex"]).await;
    connect(&world, &door, &other).await;
    assert_eq!(space.model_spending(now).await.unwrap().calls, 3, "it holds no text, and counts");
    door.close().await;
    world.finish().await;
}
