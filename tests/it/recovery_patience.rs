//! Recovery beside others who want the same calls: look-ups of sends, and a stop.

use std::time::Duration;

use deskd::domain::recovery::{Cause, Wanted};
use deskd::simulator::{Fault, HistoryProfile, Setup, Times};

use crate::recovery::forgetful;
use crate::world::World;

const HISTORY: &str = "conversations.history";
const REPLIES: &str = "conversations.replies";

#[tokio::test(start_paused = true)]
async fn f38_a_send_that_looks_itself_up_is_not_starved_by_recovery() {
    let setup = Setup { history: HistoryProfile::Distributed, ..forgetful() };
    let world = World::with(setup, |_| {}).await;
    for number in 0..12 {
        world.slack.say("ada", "support", &format!("matter {number}")).unwrap();
        world.pass(40).await;
    }
    world.disconnect();
    world.pass(30).await;
    world.reconnect().await;
    // Off the beat of the recovery, whose calls come a minute apart: waiting as long as Slack says ends just after the next.
    world.pass_ms(90_370).await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.reply(1, "we look into it").await;
    world.pass(150).await;
    let outbox = world.store().standing().await.unwrap().outbox;
    assert!(outbox.is_empty(), "looked up and found within the next calls that Slack allows: {outbox:?}");
    assert!(world.progress().await.left > 0, "beside the reading of twelve threads at one a minute");
    world.recovered().await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_f38_a_look_up_of_many_pages_goes_on_where_the_limit_stopped_it() {
    let setup = Setup { history: HistoryProfile::Distributed, ..Setup::default() };
    let world = World::with(setup, |_| {}).await;
    let thread = world.slack.say("ada", "support", "the export fails").unwrap();
    world.pass(40).await;
    for number in 0..50 {
        world.slack.say_in_thread("ada", "support", &thread, &format!("and {number} more")).unwrap();
    }
    world.pass(60).await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.reply(1, "we look into it").await;
    // 52 messages are four pages, and a page may be read once a minute.
    world.pass(15 * 60).await;
    assert!(world.store().standing().await.unwrap().outbox.is_empty(), "found on the last page");
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    assert!(world.slack.calls(REPLIES) < 20, "{} pages were read", world.slack.calls(REPLIES));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_page_that_does_not_come_holds_up_no_stop() {
    let mut world = World::with(forgetful(), |_| {}).await;
    world.slack.fault(HISTORY, Fault::Stall, Times::UntilCleared);
    assert_eq!(world.recover(Wanted::everything(Cause::Asked)).await, 2);
    world.pass(1).await;
    let before = world.clock.now();
    world.close().await;
    let took = world.clock.now().since(before);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_retry_of_an_older_edit_does_not_take_the_place_of_what_was_recovered() {
    let world = World::with(forgetful(), |_| {}).await;
    world.disconnect();
    world.pass(10).await;
    let ts = world.slack.say("ada", "support", "the ordr is late").unwrap();
    world.pass(1).await;
    world.slack.edit("support", &ts, "the order is lat").unwrap();
    let older = world.clock.now().0;
    world.pass(5).await;
    world.slack.edit("support", &ts, "the order is late").unwrap();
    world.pass(60).await;
    world.reconnect().await;
    world.recovered().await;
    world.pass(60).await;
    // Slack retries for minutes: the first edit comes after the message has been read with its last words.
    let channel = world.slack.channel_id("support").unwrap();
    let user = world.slack.user_id("ada").unwrap();
    let told_at = format!("{}.{:03}000", older / 1000, older % 1000);
    world.slack.deliver_event(serde_json::json!({
        "type": "message", "subtype": "message_changed", "channel": channel, "ts": told_at,
        "message": {"type": "message", "user": user, "text": "the order is lat", "ts": ts,
                    "edited": {"user": user, "ts": told_at}},
        "previous_message": {"type": "message", "user": user, "text": "the ordr is late", "ts": ts}}));
    world.pass(10).await;
    let tasks = world.tasks().await;
    assert!(tasks.contains("the order is late"), "{tasks}");
    world.finish().await;
}
