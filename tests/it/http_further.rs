//! Whoever speaks to a further app is answered by that app: with its own token, in its own workspace.

use deskd::config::Secret;
use deskd::config::apps::{AppTokens, Signing};
use deskd::config::settings::Mode;
use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, TaskNumber, WorkspaceId};
use deskd::domain::task::Actor;
use deskd::intake::account::Leave;
use deskd::simulator::{Fault, Setup, Simulator, Times};
use serde_json::json;

use crate::http_apps::{OTHER, notifications, other, with_sibling};
use crate::http_mode::{Hooks, SECRET};
use crate::whispers;
use crate::workspaces::{another, count, said};
use crate::world::World;

/// Who posted in #support: the app's id and the text.
fn posted(slack: &Simulator) -> Vec<String> {
    let all = slack.history("support").unwrap();
    all.iter().filter_map(|one| Some(format!("{} {}", one.app_id.as_ref()?, one.text))).collect()
}

/// The same post, as both apps get it.
fn twins(hooks: &Hooks, text: &str) -> (String, String) {
    let slack = &hooks.world.slack;
    // The scene delivers by itself.
    slack.change_setup(|setup| setup.app.events.clear());
    let ts = slack.say("ada", "support", text).unwrap();
    let own = hooks.message(text, &ts);
    let further = own.replace("\"Ev", "\"EvN").replace("\"A1\"", "\"A0NOTIFY\"");
    (own, further)
}

async fn events(hooks: &Hooks, further: &str) -> u16 {
    hooks.signed_with(OTHER, "/slack/notifications/events", further).await
}

#[tokio::test(start_paused = true)]
async fn ing_15_a_reply_goes_out_through_the_app_that_the_question_came_by() {
    let mut hooks = with_sibling().await;
    let (_, further) = twins(&hooks, "the invoice is wrong");
    assert_eq!(events(&hooks, &further).await, 200);
    hooks.world.pass(40).await;
    hooks.world.reply(1, "which one?").await;
    hooks.world.pass(5).await;
    assert_eq!(posted(&hooks.world.slack), ["A0NOTIFY which one?"]);
    // What was asked long ago is answered the same way, when the event is gone and after a start.
    hooks.world.close().await;
    let file = rusqlite::Connection::open(hooks.world.database()).unwrap();
    file.execute_batch("UPDATE events SET app = '', payload = '{}'").unwrap();
    drop(file);
    hooks.world.open().await;
    hooks.world.reply(1, "number 12?").await;
    hooks.world.pass(5).await;
    assert_eq!(posted(&hooks.world.slack)[1..], ["A0NOTIFY number 12?"]);
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_what_both_apps_hear_is_answered_by_the_desks_own_whichever_was_faster() {
    let hooks = with_sibling().await;
    for (task, text) in [(1, "the invoice is wrong"), (2, "the printer burns")] {
        let (own, further) = twins(&hooks, text);
        let deliver = async |further_first: bool| {
            if further_first {
                assert_eq!(events(&hooks, &further).await, 200);
                hooks.world.pass(1).await;
            }
            assert_eq!(hooks.signed_with(SECRET, "/slack/events", &own).await, 200);
            hooks.world.pass(1).await;
            assert_eq!(events(&hooks, &further).await, 200);
        };
        deliver(task == 1).await;
        hooks.world.pass(400).await;
        hooks.world.reply(task, "we are on it").await;
        hooks.world.pass(5).await;
    }
    let own = hooks.world.slack.setup().app.id;
    assert_eq!(posted(&hooks.world.slack), vec![format!("{own} we are on it"); 2]);
    hooks.finish().await;
}

/// The first app's requests come over HTTP, so the one socket there is belongs to the further app.
#[tokio::test(start_paused = true)]
async fn ing_15_a_command_of_a_further_app_is_answered_late_by_that_app() {
    let setup = Setup { others: vec![other()], ..Setup::default() };
    let mut world = World::without_desk(setup, |config| config.slack.mode = Mode::Http);
    let token = |token: &str| Some(Secret::new(token));
    let (app_token, bot_token) = (token(&other().app_token), token(&other().bot_token));
    world.apps = vec![AppTokens { app: notifications(), sockets: 1, app_token, bot_token }];
    world.settle().await;
    // Its address is used up, so the person is written to.
    world.slack.fault("response_url", Fault::Error("used_url".into()), Times::UntilCleared);
    whispers::disk(&world, false);
    world.slack.run_command("ada", "support", "/desk", "list").unwrap();
    world.pass(4).await;
    whispers::disk(&world, true);
    world.pass(60).await;
    let told: Vec<String> = world.slack.ephemerals().into_iter().map(|told| told.app).collect();
    assert_eq!(told, ["A0NOTIFY"]);
    world.finish().await;
}

/// A further app alone in a workspace is the desk there.
async fn with_branch() -> (Hooks, Simulator, WorkspaceId) {
    let mut branch = None;
    let hooks = Hooks::with(|world| {
        let other = {
            let mut setup = another("T0BRANCH001", "Branch", "xoxb-4-branch-simulated");
            setup.app.bot_user_id = "U0BRANCHBOT".to_owned();
            world.slack.add_workspace(setup)
        };
        let first = Signing::of(vec![Secret::new(SECRET)]);
        world.signing = first.and(notifications(), vec![Secret::new(OTHER)]);
        let bot_token = Some(Secret::new(&other.bot_token()));
        world.apps = vec![AppTokens { app: notifications(), sockets: 0, app_token: None, bot_token }];
        branch = Some(other);
    })
    .await;
    hooks.world.pass(5).await;
    let (branch, id) = (branch.unwrap(), WorkspaceId("T0BRANCH001".into()));
    let support = ChannelId(branch.channel_id("support").unwrap());
    let space = hooks.world.store().of(&id);
    space.pick_channel(support, Pick::Monitor, Actor::Desk, hooks.world.clock.now()).await.unwrap();
    (hooks, branch, id)
}

/// What ada writes there, as the further app gets it.
fn at_branch(hooks: &Hooks, branch: &Simulator, text: &str) -> String {
    branch.change_setup(|setup| setup.app.events.clear());
    let ts = branch.say("ada", "support", text).unwrap();
    hooks.message(text, &ts).replace(&hooks.world.workspace.0, "T0BRANCH001").replace("\"Ev", "\"EvB")
}

#[tokio::test(start_paused = true)]
async fn ing_15_a_further_app_alone_in_a_workspace_is_the_desk_there() {
    let (mut hooks, branch, id) = with_branch().await;
    let body = at_branch(&hooks, &branch, "the printer burns");
    assert_eq!(events(&hooks, &body).await, 200);
    hooks.world.pass(40).await;
    assert_eq!(said(&hooks.world, &id).await, ["1 the printer burns"]);
    assert_eq!(hooks.world.tasks().await, "", "nothing of it at home");
    let outgoing = hooks.world.desk().front().outgoing;
    let (alice, now) = (Actor::Operator("alice".into()), hooks.world.clock.now());
    outgoing.reply(id.clone(), TaskNumber(1), "water is on its way", alice, now).await.unwrap();
    hooks.world.pass(5).await;
    assert_eq!(posted(&branch).len(), 1);
    assert_eq!(posted(&hooks.world.slack).len(), 0);
    // It is known again at the next start, before Slack is asked; home stays home.
    hooks.world.close().await;
    branch.fault("auth.test", Fault::Status(503), Times::UntilCleared);
    hooks.world.open().await;
    let spaces = hooks.world.desk().front().apis.spaces().borrow().clone();
    assert_eq!(spaces.home().unwrap().workspace, hooks.world.workspace);
    assert!(spaces.of(&id).is_some(), "{spaces:?}");
    branch.clear_faults();
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_that_a_further_app_leaves_ends_nothing_for_the_desk() {
    let hooks = with_sibling().await;
    for kind in ["app_uninstalled", "tokens_revoked"] {
        let body = json!({
            "team_id": hooks.world.workspace.0, "api_app_id": "A0NOTIFY", "type": "event_callback",
            "event_id": format!("Ev{kind}"), "event": { "type": kind, "tokens": { "bot": ["U0NOTIFYBOT"] } },
        });
        assert_eq!(events(&hooks, &body.to_string()).await, 200);
    }
    hooks.world.pass(10).await;
    assert!(hooks.world.reasons().await.contains("unused 2"), "{}", hooks.world.reasons().await);
    let (own, _) = twins(&hooks, "is anybody there?");
    assert_eq!(hooks.signed_with(SECRET, "/slack/events", &own).await, 200);
    hooks.world.pass(40).await;
    assert!(hooks.world.tasks().await.contains("is anybody there?"));
    hooks.finish().await;
}

/// Ids of people are told apart by their workspace: who is a bot of ours in one may be a customer in another.
#[tokio::test(start_paused = true)]
async fn ing_15_the_bot_of_a_further_app_is_ours_in_its_own_workspace_alone() {
    let (hooks, branch, _) = with_branch().await;
    let bot = branch.setup().app.bot_user_id;
    assert_eq!(bot, "U0BRANCHBOT");
    let (own, _) = twins(&hooks, "the invoice is wrong");
    let ada = hooks.world.slack.user_id("ada").unwrap();
    assert_eq!(hooks.signed_with(SECRET, "/slack/events", &own.replace(&ada, &bot)).await, 200);
    let there = at_branch(&hooks, &branch, "on my way");
    assert_eq!(events(&hooks, &there.replace(&ada, &bot)).await, 200);
    hooks.world.pass(40).await;
    let reasons = hooks.world.reasons().await;
    assert_eq!(reasons, "opened_bundle 1, ourselves 1");
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_what_comes_before_it_is_known_where_an_app_is_waits_and_counts_then() {
    let (mut hooks, branch, id) = with_branch().await;
    hooks.world.close().await;
    // As if the app had been added with this start, while Slack is not to be reached.
    let file = rusqlite::Connection::open(hooks.world.database()).unwrap();
    file.execute_batch(
        "DELETE FROM apps; DELETE FROM installations WHERE workspace = 'T0BRANCH001';
         DELETE FROM workspaces WHERE workspace = 'T0BRANCH001';",
    )
    .unwrap();
    drop(file);
    branch.fault("auth.test", Fault::Status(503), Times::UntilCleared);
    hooks.reopen().await;
    let body = at_branch(&hooks, &branch, "the printer burns");
    let stranger = body.replace("T0BRANCH001", "T0STRANGER1").replace("\"EvB", "\"EvS");
    assert_eq!(events(&hooks, &body).await, 200);
    assert_eq!(events(&hooks, &stranger).await, 200);
    hooks.world.pass(10).await;
    assert_eq!(hooks.world.reasons().await, "workspace_unknown 2");
    branch.clear_faults();
    hooks.world.pass(600).await;
    assert_eq!(said(&hooks.world, &id).await, ["1 the printer burns"]);
    assert_eq!(hooks.world.reasons().await, "not_installed 1, opened_bundle 1");
    let kept = "SELECT COUNT(*) FROM events WHERE payload LIKE '%T0STRANGER1%'";
    assert_eq!(count(&hooks.world, kept).await, 0, "what is of nobody here is not kept");
    hooks.finish().await;
}

/// Nothing but the row says that somebody left it: the app's token still stands in the configuration, and is good.
#[tokio::test(start_paused = true)]
async fn a_workspace_of_a_further_app_that_is_left_for_good_stays_left() {
    for (purge, days) in [(true, 0), (false, 31)] {
        let (mut hooks, branch, id) = with_branch().await;
        let by = deskd::domain::task::Actor::Desk;
        let accounts = hooks.world.desk().front().accounts;
        accounts.leave(&id, (Leave { revoke: false, purge }, by), hooks.world.clock.now()).await.unwrap();
        hooks.world.close().await;
        hooks.world.pass(days * 24 * 3600).await;
        for _ in 0..2 {
            hooks.reopen().await;
            hooks.world.pass(3700).await;
            hooks.world.close().await;
        }
        hooks.reopen().await;
        hooks.world.pass(60).await;
        assert!(hooks.world.desk().front().apis.of(&id).is_err(), "purge {purge}, {days} days");
        assert_eq!(events(&hooks, &at_branch(&hooks, &branch, "anybody?")).await, 200);
        hooks.world.pass(60).await;
        assert!(said(&hooks.world, &id).await.is_empty());
        hooks.finish().await;
    }
}
