//! Several workspaces in one desk: what is said in one stays there, answers go back there, and nobody else's is kept.

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, PersonId, TaskNumber, WorkspaceId};
use deskd::domain::seal::Keyring;
use deskd::domain::task::Actor;
use deskd::simulator::{AppSetup, Fault, PersonSetup, Setup, Simulator, Times};
use deskd::store::tasks::TaskFilter;
use serde_json::json;

use crate::api_door::Door;
use crate::world::World;

/// The second workspace: the same names everywhere, so that nothing but the workspace tells things apart.
pub fn globex() -> Setup {
    another("T0GLOBEX001", "Globex", "xoxb-2-globex-simulated")
}

/// Another workspace.
pub fn another(id: &str, name: &str, token: &str) -> Setup {
    let app = AppSetup { bot_token: token.to_owned(), ..AppSetup::default() };
    let mut people = Setup::default().people;
    people.push(PersonSetup::new("hedy", "Hedy Lamarr").email("hedy@globex.example"));
    let (team_id, team_name) = (id.to_owned(), name.to_owned());
    Setup { team_id, team_name, team_domain: name.to_lowercase(), app, people, ..Setup::default() }
}

/// Acme with a key for secrets, listening in #support, and its door.
pub async fn acme(setup: Setup) -> (World, Door) {
    let mut world = World::without_desk(setup, |_| {});
    world.keys = Some(Keyring::parse(&"07".repeat(32)).unwrap());
    world.open().await;
    world.pick("support", Pick::Monitor).await;
    world.hire("tess").await;
    world.pass(1).await;
    let door = Door::open(world.desk().front());
    (world, door)
}

/// Connects a workspace; the desk then listens in its #support, too.
pub async fn connect(world: &World, door: &Door, other: &Simulator) -> WorkspaceId {
    let (status, connected) =
        door.post("/v1/workspaces/connect", json!({ "token": other.bot_token() })).await;
    assert_eq!(status, 200, "{connected}");
    let id = WorkspaceId(connected["team_id"].as_str().unwrap().to_owned());
    let space = world.store().of(&id);
    let support = ChannelId(other.channel_id("support").unwrap());
    space.pick_channel(support, Pick::Monitor, Actor::Desk, world.clock.now()).await.unwrap();
    let tess = PersonId(other.user_id("tess").unwrap());
    space.add_teammate(tess, Actor::Desk, world.clock.now()).await.unwrap();
    world.pass(2).await;
    id
}

/// What was said in a workspace's tasks.
pub async fn said(world: &World, workspace: &WorkspaceId) -> Vec<String> {
    let space = world.store().of(workspace);
    let mut said = Vec::new();
    for task in space.tasks(TaskFilter::default()).await.unwrap() {
        let detail = space.task(task.number).await.unwrap().unwrap();
        said.extend(detail.conversation.into_iter().map(|line| format!("{} {}", task.number, line.text)));
    }
    said
}

/// What a query over the whole file counts.
pub async fn count(world: &World, sql: &'static str) -> i64 {
    let path = world.database();
    let read =
        move || rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn oau_17_two_workspaces_are_served_side_by_side_and_nothing_crosses_over() {
    let (world, door) = acme(Setup::default()).await;
    let (other, stranger) = (
        world.slack.add_workspace(globex()),
        world.slack.add_workspace(another("T0STRANGER1", "Initech", "xoxb-3-initech")),
    );
    let globex = connect(&world, &door, &other).await;
    assert_eq!(world.slack.channel_id("support"), other.channel_id("support"), "the same ids in both");
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    other.say("ada", "support", "the printer burns").unwrap();
    stranger.say("ada", "support", "none of your business").unwrap();
    world.pass(60).await;
    assert_eq!(said(&world, &world.workspace).await, ["1 the invoice is wrong"]);
    assert_eq!(said(&world, &globex).await, ["1 the printer burns"]);
    // The stranger's event is on disk and acknowledged, and nothing it says.
    assert!(world.reasons().await.contains("not_installed 1"), "{}", world.reasons().await);
    let kept = "SELECT COUNT(*) FROM events WHERE payload LIKE '%none of your business%'";
    assert_eq!(count(&world, kept).await, 0);
    // Globex has to wait; Acme is answered at once.
    other.fault("chat.postMessage", Fault::RateLimited(30), Times::Count(1));
    let outgoing = world.desk().front().outgoing;
    let actor = Actor::Operator("alice".into());
    outgoing
        .reply(globex.clone(), TaskNumber(1), "water is on its way", actor, world.clock.now())
        .await
        .unwrap();
    world.pass(2).await;
    world.reply(1, "a new one is on its way").await;
    world.pass(2).await;
    assert!(world.channel("support").contains("desk: a new one is on its way"));
    assert!(!told(&other).contains("on its way"), "{}", told(&other));
    world.pass(40).await;
    assert!(told(&other).contains("water is on its way") && !told(&other).contains("a new one"));
    assert!(!world.channel("support").contains("water"));
    assert_eq!(other.calls("auth.test"), 2, "when it is connected, and when it is looked at");
    door.close().await;
    world.finish().await;
}

fn told(slack: &Simulator) -> String {
    slack
        .history("support")
        .unwrap()
        .iter()
        .map(|message| message.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test(start_paused = true)]
async fn oau_08_each_workspace_has_its_own_row_and_its_own_token_and_both_survive_a_restart() {
    let (mut world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    assert_eq!(count(&world, "SELECT COUNT(*) FROM installations WHERE state = 'active'").await, 2);
    door.close().await;
    world.close().await;
    world.pass(10).await;
    other.say("grace", "support", "is anybody there?").unwrap();
    world.open().await;
    world.pass(60).await;
    let globex = WorkspaceId("T0GLOBEX001".into());
    assert_eq!(said(&world, &globex).await, ["1 is anybody there?"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_read_from_the_history_of_every_workspace() {
    let (mut world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    door.close().await;
    world.close().await;
    // Longer than Slack tries to deliver.
    world.slack.say("ada", "support", "said to nobody in Acme").unwrap();
    other.say("ada", "support", "said to nobody in Globex").unwrap();
    world.pass(1200).await;
    world.open().await;
    world.pass(120).await;
    assert_eq!(said(&world, &world.workspace).await, ["1 said to nobody in Acme"]);
    assert_eq!(said(&world, &globex).await, ["1 said to nobody in Globex"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn oau_10_of_several_workspaces_one_is_chosen_by_id_or_name_and_a_single_one_needs_no_word() {
    let (world, door) = acme(Setup::default()).await;
    assert!(door.ok(&["channels", "list"]).await.contains("#support"), "there is one");
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    let lost = door.deskd(&["channels", "list"]).await;
    assert_eq!(lost.code, 2, "{}", lost.err);
    assert!(lost.err.contains("Acme, Globex") && lost.err.contains("hint: --workspace NAME"), "{}", lost.err);
    other.say("hedy", "support", "frequency hopping").unwrap();
    world.pass(60).await;
    for word in ["Globex", "globex", "T0GLOBEX001"] {
        assert!(door.ok(&["--workspace", word, "task", "list"]).await.contains("hedy"), "{word}");
    }
    assert!(!door.ok(&["task", "list", "--workspace", "Acme"]).await.contains("hedy"));
    let nobody = door.deskd(&["task", "list", "--workspace", "Umbrella"]).await;
    assert!(nobody.err.contains("no workspace of this name"), "{}", nobody.err);
    let listed = door.ok(&["workspaces"]).await;
    assert!(
        listed.contains("Acme") && listed.contains("active, home") && listed.contains("connected"),
        "{listed}"
    );
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_start_slack_is_asked_about_one_workspace_after_the_other() {
    let (mut world, door) = acme(Setup::default()).await;
    let mut others = Vec::new();
    for number in 0..8 {
        let (id, token) = (format!("T0MANY{number}"), format!("xoxb-many-{number}"));
        let other = world.slack.add_workspace(another(&id, &format!("Many {number}"), &token));
        connect(&world, &door, &other).await;
        others.push(other);
    }
    door.close().await;
    world.close().await;
    let asked =
        |others: &[Simulator]| others.iter().map(|other| other.calls("auth.test")).collect::<Vec<_>>();
    let before = asked(&others);
    world.open().await;
    world.pass(4).await;
    let news =
        |after: Vec<usize>| after.iter().zip(&before).map(|(after, before)| after - before).sum::<usize>();
    assert_eq!(news(asked(&others)), 3, "at once, after two seconds, and after four");
    others[7].say("ada", "support", "nobody waits for that").unwrap();
    world.pass(60).await;
    assert_eq!(news(asked(&others)), 8, "each once");
    let last = WorkspaceId("T0MANY7".into());
    assert_eq!(said(&world, &last).await, ["1 nobody waits for that"]);
    world.pass(3600).await;
    assert_eq!(news(asked(&others)), 16, "and again after an hour");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn workspaces_in_which_nobody_taught_anything_share_what_is_known_from_the_start() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    let mind = world.desk().front().learned.mind;
    let (ours, theirs) = (mind.of(&world.workspace).unwrap(), mind.of(&globex).unwrap());
    assert!(std::sync::Arc::ptr_eq(&ours, &theirs), "a megabyte once, not for each");
    other.say("ada", "support", "the printer burns").unwrap();
    world.pass(60).await;
    door.ok(&["task", "label", "1", "bug", "--workspace", "Globex"]).await;
    world.pass(2).await;
    let taught = mind.of(&globex).unwrap();
    assert_eq!((taught.examples(), mind.of(&world.workspace).unwrap().examples()), (1, 0));
    door.close().await;
    world.finish().await;
}
