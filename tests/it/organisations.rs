//! An organisation that has installed the app as a whole: one token, several teams, and calls that say which team they mean.

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, PersonId, TaskNumber, WorkspaceId};
use deskd::domain::installation::Parting;
use deskd::domain::message::Ourselves;
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::simulator::{Organisation, Setup, Simulator, TeamSetup};
use deskd::store::{Incoming, Keeping, Store};

use serde_json::{Value, json};

use crate::api_door::Door;
use crate::connect::holds;
use crate::oauth::Pages;
use crate::workspaces::{acme, another, connect, count, globex, said};
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

#[tokio::test(start_paused = true)]
async fn leaving_an_organisation_takes_what_its_teams_said_out_of_the_journal() {
    let (world, door, other) = connected().await;
    other.say("ada", "support", "zq-cold-up-north").unwrap();
    other.say("grace", "sales", "zq-nobody-listens-here").unwrap();
    world.slack.say("ada", "support", "zq-acme-stays").unwrap();
    world.pass(60).await;
    assert!(holds(&world, "zq-cold-up-north") && holds(&world, "zq-nobody-listens-here"));
    door.ok(&["disconnect", "--workspace", "Global"]).await;
    for gone in ["zq-cold-up-north", "zq-nobody-listens-here"] {
        assert!(!holds(&world, gone), "{gone} is left in the journal, under the id of its team");
    }
    assert!(holds(&world, "zq-acme-stays"), "Acme's is not touched");
    door.close().await;
    world.finish().await;
}

/// What somebody of a stranger's workspace says in a channel that is shared with `slack`; without a team where none is named.
fn foreign(slack: &Simulator, team: Option<&str>, (person, ts, text): (&str, &str, &str)) -> Value {
    let channel = slack.channel_id("support").unwrap();
    let mut payload = json!({
        "type": "event_callback", "event_id": format!("Ev-{ts}"), "api_app_id": "A0DESK00001",
        "authorizations": [{ "team_id": slack.setup().team_id, "enterprise_id": null, "is_bot": true }],
        "event": { "type": "message", "channel": channel, "user": person, "ts": ts, "text": text },
    });
    if let Some(team) = team {
        payload["team_id"] = json!(team);
    }
    payload
}

/// Acme and Globex, each of which shares a channel with a stranger.
async fn shared() -> (World, Door, Simulator) {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    let at = world.clock.now().unix_seconds();
    let ts = |n: u32| format!("{at}.{n:06}");
    for (n, team, text) in [(1, Some("T0FOREIGN01"), "zq-from-abroad"), (2, None, "zq-names-no-team")] {
        other.deliver("events_api", foreign(&other, team, ("U0FOREIGN01", &ts(n), text)));
    }
    for (n, team, text) in [(3, Some("T0FOREIGN01"), "zq-acme-abroad"), (4, None, "zq-acme-no-team")] {
        world.slack.deliver("events_api", foreign(&world.slack, team, ("U0FOREIGN01", &ts(n), text)));
    }
    world.pass(60).await;
    (world, door, other)
}

const ABROAD: [&str; 2] = ["zq-from-abroad", "zq-names-no-team"];
const ACMES: [&str; 2] = ["zq-acme-abroad", "zq-acme-no-team"];

#[tokio::test(start_paused = true)]
async fn leaving_a_workspace_takes_what_strangers_said_in_its_shared_channels() {
    let (world, door, _other) = shared().await;
    assert!(ABROAD.iter().chain(&ACMES).all(|text| holds(&world, text)));
    door.ok(&["disconnect", "--workspace", "Globex"]).await;
    let left: Vec<&str> = ABROAD.into_iter().filter(|text| holds(&world, text)).collect();
    assert!(left.is_empty(), "left in the journal: {left:?}");
    assert!(ACMES.iter().all(|text| holds(&world, text)), "Acme's is not touched");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_stranger_of_a_shared_channel_leaves_nothing_in_the_journal_and_another_workspaces_is_not_touched()
 {
    let (world, door, _other) = shared().await;
    let space = world.store().of(&WorkspaceId("T0GLOBEX001".into()));
    let contacts = space.contacts().await.unwrap();
    let id = contacts.iter().find(|contact| contact.people[0].0 == "U0FOREIGN01").unwrap().id;
    let held = serde_json::to_string(&space.export_contact(id).await.unwrap()).unwrap();
    assert!(ABROAD.iter().all(|text| held.contains(text)), "what is held is handed out: {held}");
    assert!(!ACMES.iter().any(|text| held.contains(text)), "and nothing of Acme's: {held}");
    space.erase_contact(id, Actor::Desk, world.clock.now()).await.unwrap();
    let left: Vec<&str> = ABROAD.into_iter().filter(|text| holds(&world, text)).collect();
    assert!(left.is_empty(), "left in the journal: {left:?}");
    assert!(ACMES.iter().all(|text| holds(&world, text)), "Acme's is not touched");
    door.close().await;
    world.finish().await;
}

/// What Slack delivered and nobody has decoded yet when the workspace is left or the contact erased.
#[tokio::test]
async fn what_is_not_decoded_yet_goes_as_well_whatever_team_it_names() {
    let folder = crate::world::folder();
    let store = Store::open(&folder.path().join("deskd.db"), Timestamp(1)).await.unwrap();
    let ours = |id: &str| Ourselves {
        workspace: WorkspaceId(id.into()),
        workspace_name: id.into(),
        url: String::new(),
        person: PersonId("U0DESK".into()),
        bot: "B0DESK".into(),
        app: None,
    };
    for id in ["T0ACME00001", "E0GLOBAL001"] {
        assert!(store.introduce(ours(id), Vec::new(), Timestamp(1)).await.unwrap());
    }
    let text = |team: &str, seen: &str| {
        json!({ "team_id": team, "authorizations": [{ "enterprise_id": seen }], "event": { "text": team } })
            .to_string()
    };
    let batch = [
        (NORTH, text(NORTH, "E0GLOBAL001")),
        ("", text("zq-none", "E0GLOBAL001")),
        ("T0FOREIGN01", text("T0FOREIGN01", "T0ACME00001")),
        ("T0ACME00001", text("T0ACME00001", "E0GLOBAL001")),
    ];
    let incoming = batch.into_iter().enumerate().map(|(n, (workspace, payload))| Incoming {
        workspace: workspace.to_owned(),
        app: String::new(),
        kind: "events_api".to_owned(),
        inner: "message".to_owned(),
        event_id: format!("Ev{n}"),
        retry: 0,
        payload,
    });
    store.record_events(incoming.collect(), Timestamp(2)).await.unwrap();
    let space = store.of(&whole());
    assert!(space.part(Parting::Disconnected, Actor::Desk, Timestamp(3)).await.unwrap());
    space.clear_out(Keeping::Settings).await.unwrap();
    let kept: Vec<bool> =
        store.next_events(9).await.unwrap().iter().map(|event| event.payload.contains("text")).collect();
    assert_eq!(kept, [false, false, true, true], "what is Acme's is not touched");
}
