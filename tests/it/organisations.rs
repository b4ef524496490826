//! An organisation that has installed the app as a whole: one token, several teams, and calls that say which team they mean.

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, PersonId, TaskNumber, WorkspaceId};
use deskd::domain::task::Actor;
use deskd::simulator::{Organisation, Setup, Simulator, TeamSetup};

use crate::api_door::Door;
use crate::oauth::Pages;
use crate::workspaces::{acme, another, connect, count, said};
use crate::world::World;

const NORTH: &str = "T0NORTH0001";
const SOUTH: &str = "T0SOUTH0001";

/// Two teams with a channel, people and a group each.
fn global() -> Setup {
    let teams = vec![
        TeamSetup::new(NORTH, "North", [&["support"], &["ada", "tess"], &[]]),
        TeamSetup::new(SOUTH, "South", [&["sales"], &["grace", "omar"], &["support-team"]]),
    ];
    let organisation = Organisation { id: "E0GLOBAL001".to_owned(), name: "Global".to_owned(), teams };
    Setup { organisation: Some(organisation), ..another(NORTH, "North", "xoxb-4-global-simulated") }
}

fn whole() -> WorkspaceId {
    WorkspaceId("E0GLOBAL001".into())
}

/// What the organisation refused.
fn refusals(slack: &Simulator) -> Vec<String> {
    let methods = slack.called_methods();
    let calls = methods.iter().flat_map(|method| {
        let records = slack.call_records(method).into_iter();
        records.map(move |record| format!("{method} {}", record.outcome))
    });
    calls.filter(|call| !call.ends_with(" ok")).collect()
}

/// The teams that a method was asked for, in this order.
fn teams_of(slack: &Simulator, method: &str) -> Vec<String> {
    let asked = slack.call_records(method).into_iter();
    asked.map(|record| record.args["team_id"].as_str().unwrap_or("none").to_owned()).collect()
}

async fn connected() -> (World, Door, Simulator) {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(global());
    assert_eq!(connect(&world, &door, &other).await, whole(), "the organisation counts as one workspace");
    world.pass(10).await;
    (world, door, other)
}

#[tokio::test(start_paused = true)]
async fn lists_of_an_organisation_are_read_team_by_team_and_each_call_says_which() {
    let (world, door, other) = connected().await;
    let space = world.store().of(&whole());
    let mut channels: Vec<String> =
        space.channels().await.unwrap().into_iter().map(|channel| channel.name).collect();
    channels.sort();
    assert_eq!(channels, ["sales", "support"], "of both teams");
    let people = space.people().await.unwrap();
    let mut handles: Vec<&str> = people.iter().map(|person| person.handle.as_str()).collect();
    handles.sort_unstable();
    assert_eq!(handles, ["ada", "grace", "omar", "tess"]);
    let groups = space.groups().await.unwrap();
    assert_eq!(groups.len(), 1, "the group of the second team");
    for method in ["conversations.list", "users.list", "usergroups.list"] {
        assert_eq!(teams_of(&other, method), [NORTH, SOUTH], "{method}");
    }
    assert_eq!(teams_of(&other, "usergroups.users.list"), [SOUTH], "where the group was listed");
    assert_eq!(refusals(&other), Vec::<String>::new());
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_said_in_any_team_of_an_organisation_is_a_task_there_and_is_answered_there() {
    let (mut world, door, other) = connected().await;
    let space = world.store().of(&whole());
    let sales = ChannelId(other.channel_id("sales").unwrap());
    space.pick_channel(sales, Pick::Monitor, Actor::Desk, world.clock.now()).await.unwrap();
    space
        .add_teammate(PersonId(other.user_id("omar").unwrap()), Actor::Desk, world.clock.now())
        .await
        .unwrap();
    other.say("ada", "support", "it is cold up here").unwrap();
    let asked = other.say("grace", "sales", "what does the big plan cost?").unwrap();
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(60).await;
    assert_eq!(said(&world, &whole()).await, ["1 it is cold up here", "2 what does the big plan cost?"]);
    assert_eq!(said(&world, &world.workspace).await, ["1 the invoice is wrong"]);
    let (outgoing, now) = (world.desk().front().outgoing, world.clock.now());
    outgoing.reply(whole(), TaskNumber(2), "40 EUR", Actor::Desk, now).await.unwrap();
    world.pass(5).await;
    assert_eq!(other.thread("sales", &asked).unwrap().len(), 2, "in the thread");
    // What is said while nobody listens is read from the history with the same token.
    door.close().await;
    world.close().await;
    other.say("grace", "sales", "hello?").unwrap();
    world.pass(1200).await;
    world.open().await;
    world.pass(120).await;
    assert!(said(&world, &whole()).await.iter().any(|line| line.ends_with("hello?")));
    assert_eq!(refusals(&other), Vec::<String>::new());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_organisation_that_installs_the_app_through_slacks_pages_is_one_workspace_under_its_own_id() {
    let pages = Pages::open().await;
    let other = pages.world.slack.add_workspace(global());
    pages.world.slack.install_into(NORTH);
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    pages.world.pass(30).await;
    let stored = "SELECT COUNT(*) FROM installations
                  WHERE workspace = 'E0GLOBAL001' AND enterprise = 'E0GLOBAL001' AND org_wide = 1";
    assert_eq!(count(&pages.world, stored).await, 1);
    assert_eq!(pages.world.store().of(&whole()).channels().await.unwrap().len(), 2);
    assert_eq!(refusals(&other), Vec::<String>::new());
    pages.close().await;
}
