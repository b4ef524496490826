//! What a departure has to be, and what it has to leave: late and wrong news of one, calls and pages that are under way, and
//! what is still in the file or in memory afterwards.

use deskd::config::Secret;
use deskd::domain::ids::{PersonId, WorkspaceId};
use deskd::domain::task::Actor;
use deskd::intake::account::Leave;
use deskd::simulator::{Fault, Setup, Simulator, Times};
use deskd::store::installations::Tokens;
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
        let (world, door, other, globex) = asking("auth.test").await;
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
