//! The same ids in two workspaces never meet: channels, messages, webhooks and people are known by their workspace, too.

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, MessageTs, WorkspaceId};
use deskd::domain::notice::Draft;
use deskd::domain::seal::Keyring;
use deskd::simulator::{Fault, Setup, Simulator, Times};
use deskd::store::why::Subject;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::notices::{draft, read};
use crate::webhooks::hooked;
use crate::workspaces::{connect, globex, said};
use crate::world::World;

/// Acme and Globex with these routes.
async fn two(toml: &str) -> (World, Simulator, WorkspaceId) {
    let routing = read(toml).routing;
    let mut world = World::without_desk(Setup::default(), |config| config.routing = routing);
    world.keys = Some(Keyring::parse(&"07".repeat(32)).unwrap());
    world.open().await;
    world.pick("support", Pick::Monitor).await;
    let door = Door::open(world.desk().front());
    let other = world.slack.add_workspace(globex());
    let id = connect(&world, &door, &other).await;
    door.close().await;
    assert_eq!(world.slack.channel_id("support"), other.channel_id("support"), "the same ids in both");
    (world, other, id)
}

/// The first lines of what stands in a channel.
fn texts(slack: &Simulator, channel: &str) -> Vec<String> {
    let posts = slack.posts(channel).unwrap().into_iter();
    posts.map(|post| post.text.lines().next().unwrap_or_default().to_owned()).collect()
}

fn alert(title: &str) -> Draft {
    draft("alert", title, &[("system", title)])
}

async fn tell(world: &World, workspace: &WorkspaceId, draft: Draft) {
    let inlet = world.desk().front().inlet;
    inlet.submit(workspace.clone(), &[draft], "test", world.clock.now()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn oau_17_a_channel_that_waits_in_one_workspace_holds_up_no_channel_of_the_same_id_in_another() {
    let channel = Simulator::start(([127, 0, 0, 1], 0).into(), Setup::default()).unwrap();
    let support = channel.channel_id("support").unwrap();
    channel.stop();
    let (world, other, id) = two(&format!("[[route]]\nname = \"all\"\nto = [\"{support}\"]\n")).await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(60), Times::Count(1));
    for at in 0..6 {
        tell(&world, &world.workspace, alert(&format!("Acme {at}"))).await;
    }
    world.pass(2).await;
    tell(&world, &id, alert("Globex")).await;
    world.pass(10).await;
    assert_eq!(texts(&other, "support"), ["Globex"]);
    assert_eq!(texts(&world.slack, "support"), [] as [&str; 0]);
    world.pass(120).await;
    assert_eq!(texts(&world.slack, "support").len(), 6);
    assert_eq!(texts(&other, "support").len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn oau_17_a_webhook_that_is_closed_in_one_workspace_holds_up_none_of_the_same_name_in_another() {
    let (world, _, id) = two("[[route]]\nname = \"all\"\nto = [\"webhook:ops\"]\n").await;
    for (workspace, channel) in [(&world.workspace, "support"), (&id, "sales")] {
        let url = world.slack.add_webhook(channel).unwrap();
        let mut front = world.desk().front();
        front.wanted = Some(workspace.0.clone());
        let door = Door::open(front);
        crate::webhooks::add(&door, "ops", channel, &url).await;
        door.close().await;
    }
    world.slack.fault("incoming_webhook", Fault::Error("channel_is_archived".into()), Times::Count(1));
    tell(&world, &world.workspace, alert("Acme 1")).await;
    tell(&world, &world.workspace, alert("Acme 2")).await;
    world.pass(5).await;
    tell(&world, &id, alert("Globex")).await;
    world.pass(10).await;
    assert_eq!(hooked(&world.slack, "support"), [] as [&str; 0]);
    assert_eq!(hooked(&world.slack, "sales").len(), 1);
    world.close_quietly().await;
}

/// An event of a workspace, as Slack wraps it.
fn event(slack: &Simulator, id: &str, event: Value) {
    let payload = json!({
        "team_id": slack.setup().team_id, "api_app_id": slack.setup().app.id, "type": "event_callback",
        "event_id": id, "event": event,
    });
    slack.deliver("events_api", payload);
}

#[tokio::test(start_paused = true)]
async fn oau_17_what_waits_for_a_message_is_not_woken_by_one_of_the_same_id_elsewhere() {
    let (world, other, id) = two("").await;
    let (channel, user) = (other.channel_id("support").unwrap(), other.user_id("ada").unwrap());
    let ts = "1767603700.000100";
    let said_of = |text: &str| {
        json!({ "type": "message", "channel": channel, "user": user, "ts": ts, "text": text, "event_ts": ts,
            "channel_type": "channel" })
    };
    let mut edited = said_of("the order is late");
    edited["edited"] = json!({ "user": user, "ts": "1767603702.000000" });
    let edit = json!({
        "type": "message", "subtype": "message_changed", "hidden": true, "channel": channel,
        "ts": "1767603702.000100", "event_ts": "1767603702.000100", "channel_type": "channel",
        "message": edited, "previous_message": said_of("the ordr is late"),
    });
    event(&world.slack, "Ev1", edit);
    world.pass(1).await;
    event(&other, "Ev2", said_of("Globex has another question"));
    world.pass(1).await;
    event(&world.slack, "Ev3", said_of("the ordr is late"));
    world.pass(40).await;
    assert_eq!(said(&world, &world.workspace).await, ["1 the order is late"]);
    assert_eq!(said(&world, &id).await, ["1 Globex has another question"]);
    // Whoever asks why hears of their own workspace.
    let told = world.store().of(&id).trail(Subject::Message(ChannelId(channel), MessageTs(ts.into()))).await;
    let recorded = told.unwrap().into_iter().filter(|step| step.reason == "recorded").count();
    assert_eq!(recorded, 1);
    world.finish().await;
}
