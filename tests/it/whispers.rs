//! What people typed or clicked when the desk was slow: they are told what there was no time to say, and what is too old
//! to be done is not done.

use deskd::domain::ids::EventId;
use deskd::simulator::{Fault, Times, Which};
use deskd::store::why::Subject;
use serde_json::json;

use crate::world::World;

/// Makes every attempt to record an event fail, or ends that: a disk that cannot be written for a while.
pub fn disk(world: &World, works: bool) {
    let sql = match works {
        true => "DROP TRIGGER no_disk",
        false => "CREATE TRIGGER no_disk BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no disk'); END",
    };
    rusqlite::Connection::open(world.database()).unwrap().execute_batch(sql).unwrap();
}

/// What a person was told and nobody else sees.
fn whispers(world: &World) -> Vec<String> {
    world.slack.ephemerals().into_iter().map(|told| told.text).collect()
}

async fn trail(world: &World) -> Vec<String> {
    let steps = world.space().trail(Subject::Event(EventId(1))).await.unwrap();
    steps.into_iter().map(|step| step.reason).collect()
}

/// ada types a command while events cannot be recorded for so many seconds.
async fn command_during_trouble(world: &World, seconds: u64) {
    disk(world, false);
    world.slack.run_command("ada", "support", "/desk", "list").unwrap();
    world.pass(seconds).await;
    assert!(whispers(world).is_empty(), "nothing is answered before it is recorded");
    disk(world, true);
}

#[tokio::test(start_paused = true)]
async fn a_command_is_answered_within_its_acknowledgement() {
    let world = World::start().await;
    let sent = world.slack.run_command("ada", "support", "/desk", "list").unwrap();
    let answer = world.slack.answer(sent).await;
    assert!(answer.acked && answer.payload.is_some());
    world.pass(60).await;
    assert_eq!((whispers(&world).len(), world.slack.calls("response_url")), (1, 0));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_a_command_recorded_too_late_for_its_acknowledgement_is_answered_at_its_address() {
    let world = World::start().await;
    command_during_trouble(&world, 4).await;
    world.pass(10).await;
    assert_eq!((whispers(&world).len(), world.slack.calls("response_url")), (1, 1));
    assert!(whispers(&world)[0].starts_with("deskd does not know /desk"));
    assert_eq!(trail(&world).await, ["recorded", "command", "answer_told"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_a_command_that_stood_behind_a_stuck_batch_is_answered_at_its_address() {
    let world = World::start().await;
    disk(&world, false);
    world.slack.say("ada", "support", "hello?").unwrap();
    world.pass(1).await;
    world.slack.run_command("ada", "support", "/desk", "list").unwrap();
    world.pass(4).await;
    disk(&world, true);
    world.pass(60).await;
    assert_eq!((whispers(&world).len(), world.slack.calls("response_url")), (1, 1));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_a_command_whose_socket_broke_before_its_acknowledgement_is_answered_at_its_address() {
    let world = World::start().await;
    disk(&world, false);
    world.slack.run_command("ada", "support", "/desk", "list").unwrap();
    world.pass_ms(300).await;
    world.slack.cut_sockets(Which::All);
    world.pass_ms(700).await;
    disk(&world, true);
    world.pass(10).await;
    assert_eq!((whispers(&world).len(), world.slack.calls("response_url")), (1, 1));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_an_expired_address_is_an_end_with_a_name_and_the_person_is_written_to() {
    let world = World::start().await;
    command_during_trouble(&world, 31 * 60).await;
    world.pass(10).await;
    let calls = |method: &str| world.slack.calls(method);
    assert_eq!((calls("response_url"), calls("chat.postEphemeral")), (1, 1));
    assert_eq!(whispers(&world).len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_after_five_uses_the_person_is_written_to() {
    let world = World::start().await;
    world.slack.fault("response_url", Fault::Status(503), Times::UntilCleared);
    command_during_trouble(&world, 4).await;
    world.pass(120).await;
    let calls = |method: &str| world.slack.calls(method);
    assert_eq!((calls("response_url"), calls("chat.postEphemeral")), (5, 1));
    assert_eq!(whispers(&world).len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_a_person_who_cannot_be_told_at_all_is_an_end_with_a_reason() {
    let world = World::start().await;
    world.slack.fault("response_url", Fault::Error("used_url".into()), Times::UntilCleared);
    command_during_trouble(&world, 4).await;
    world.slack.leave("ada", "support").unwrap();
    world.pass(60).await;
    assert!(whispers(&world).is_empty());
    let steps = world.space().trail(Subject::Event(EventId(1))).await.unwrap();
    assert_eq!(steps.last().unwrap().sentence, "the answer did not reach the person: user_not_in_channel");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f37_an_answer_that_was_promised_survives_a_restart() {
    let mut world = World::start().await;
    world.slack.fault("response_url", Fault::Drop, Times::Count(2));
    command_during_trouble(&world, 4).await;
    world.pass_ms(6_000).await;
    world.close().await;
    world.open().await;
    world.pass(120).await;
    assert_eq!(whispers(&world).len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f33_a_click_that_arrives_late_is_recorded_with_a_reason_and_opens_nothing() {
    let world = World::start().await;
    let blocks = json!([{"type": "actions", "elements": [
        {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}]}]);
    let sales = deskd::domain::ids::ChannelId(world.slack.channel_id("sales").unwrap());
    let outgoing = world.desk().front().outgoing;
    outgoing.notice(world.workspace.clone(), sales, "Go?", Some(&blocks), world.clock.now()).await.unwrap();
    world.pass(5).await;
    let ts = world.slack.posts("sales").unwrap()[0].ts.clone();
    disk(&world, false);
    world.slack.click("grace", "sales", &ts, "go").unwrap();
    world.slack.shortcut("ada", "new_task").unwrap();
    world.pass(5).await;
    world.slack.cut_sockets(Which::All);
    disk(&world, true);
    world.pass(60).await;
    assert!(world.reasons().await.contains("interaction 2"), "{}", world.reasons().await);
    assert_eq!((world.slack.views().len(), world.slack.calls("views.open")), (0, 0));
    world.finish().await;
}
