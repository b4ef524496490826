//! What the team answers arrives once, in the right thread, in the right order.

use deskd::domain::own::Own;
use deskd::domain::send::SendState;
use deskd::simulator::{Fault, Times};
use insta::assert_snapshot;

use crate::world::World;

async fn with_a_task() -> World {
    let world = World::start().await;
    world.slack.say("ada", "support", "how do I export my data?").unwrap();
    world.pass(40).await;
    world
}

async fn states(world: &World) -> Vec<(SendState, u32, String)> {
    let sends = world.space().queue(SendState::ALL.to_vec()).await.unwrap();
    sends.into_iter().map(|send| (send.state, send.attempts, send.reason)).collect()
}

#[tokio::test(start_paused = true)]
async fn out_01_a_reply_arrives_in_the_tasks_thread() {
    let world = with_a_task().await;
    world.reply(1, "Settings > Export. Tell <!channel> & <@U123> I said hi").await;
    world.pass(5).await;
    assert_snapshot!(world.channel("support"), @"
    ada: how do I export my data?
      desk: Settings &gt; Export. Tell &lt;!channel&gt; &amp; &lt;@U123&gt; I said hi
    ");
    assert_snapshot!(world.tasks().await, @"
    1 waiting question normal #support ada
      contact ada: how do I export my data?
      desk alice: Settings &gt; Export. Tell &lt;!channel&gt; &amp; &lt;@U123&gt; I said hi
    ");
    world.reply(1, "OUT-04: and a second one").await;
    world.pass(5).await;
    assert_eq!(world.channel("support").lines().filter(|line| line.starts_with("  desk:")).count(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_reply_is_split_at_paragraphs_and_stays_in_order() {
    let world = with_a_task().await;
    let paragraph = |number: usize| format!("{number} {}", "word ".repeat(500));
    let text = (1..=4).map(paragraph).collect::<Vec<_>>().join("\n\n");
    world.reply(1, &text).await;
    world.pass(10).await;
    let posts = world.slack.posts("support").unwrap();
    let starts: Vec<char> = posts.iter().filter_map(|post| post.text.chars().next()).collect();
    assert_eq!(starts, ['1', '2', '3', '4']);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_01_a_hundred_replies_to_one_channel_never_meet_a_429() {
    let world = with_a_task().await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    for number in 0..100 {
        world.reply(1, &format!("part {number}")).await;
    }
    world.reply(2, "it depends").await;
    world.pass(3).await;
    assert_eq!(world.slack.posts("sales").unwrap().len(), 1, "F34: another channel does not wait");
    world.pass(110).await;
    let posts = world.slack.posts("support").unwrap();
    let texts: Vec<String> = posts.into_iter().map(|post| post.text).collect();
    let wanted: Vec<String> = (0..100).map(|number| format!("part {number}")).collect();
    assert_eq!(texts, wanted, "RLM-02: in order");
    assert_eq!(world.slack.calls("chat.postMessage"), 101, "no call was refused");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_03_an_hour_without_slack_delays_replies_and_loses_none() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Status(503), Times::UntilCleared);
    world.slack.fault("conversations.replies", Fault::Status(503), Times::UntilCleared);
    for text in ["one", "two", "three"] {
        world.reply(1, text).await;
    }
    world.pass(3600).await;
    assert!(world.slack.posts("support").unwrap().is_empty());
    world.slack.clear_faults();
    world.pass(600).await;
    let posts = world.slack.posts("support").unwrap();
    let texts: Vec<&str> = posts.iter().map(|post| post.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_04_after_a_day_a_reply_is_a_dead_letter_and_the_task_open_again() {
    let mut world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Drop, Times::UntilCleared);
    world.slack.fault("conversations.replies", Fault::Drop, Times::UntilCleared);
    world.reply(1, "are you still there?").await;
    world.pass(5).await;
    assert_eq!(world.task(1).await.task.status.as_str(), "waiting");
    world.close().await;
    world.pass(23 * 3600).await;
    world.open().await;
    world.pass(600).await;
    assert_eq!(states(&world).await[0].0, SendState::Waiting, "after 23 hours it is still tried");
    world.close().await;
    world.pass(3600).await;
    world.open().await;
    world.pass(600).await;
    assert_eq!(states(&world).await[0].0, SendState::Dead);
    assert_eq!(world.task(1).await.task.status.as_str(), "open");
    let notices = world.space().open_troubles().await.unwrap();
    let told: Vec<_> = notices.into_iter().map(|notice| (notice.raised.own, notice.raised.subject)).collect();
    assert_eq!(told, [(Own::DeadLetter, "1".to_owned())], "somebody is told");
}

#[tokio::test(start_paused = true)]
async fn f34_retry_after_is_obeyed_and_nothing_is_lost() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(30), Times::Count(1));
    let before = world.clock.now().0;
    world.reply(1, "patience").await;
    world.pass(60).await;
    let calls = world.slack.calls_at("chat.postMessage");
    assert_eq!(calls.len(), 2);
    assert!(calls[1] - calls[0] >= 30_000, "{} {}", calls[0] - before, calls[1] - before);
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_reply_that_slack_took_without_an_answer_is_found_and_not_repeated() {
    for fault in [Fault::AcceptThenCut, Fault::AcceptThenStall] {
        let world = with_a_task().await;
        world.slack.fault("chat.postMessage", fault, Times::Count(1));
        world.reply(1, "once").await;
        world.pass(120).await;
        assert_eq!(world.slack.posts("support").unwrap().len(), 1);
        assert_eq!(world.slack.calls("chat.postMessage"), 1);
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn f35_a_reply_that_slack_dropped_without_an_answer_is_sent_again() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Drop, Times::Count(1));
    world.reply(1, "once").await;
    world.pass(120).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_look_up_that_has_to_wait_holds_up_no_other_channel() {
    let world = with_a_task().await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.slack.fault("conversations.replies", Fault::RateLimited(60), Times::Count(1));
    world.reply(1, "once").await;
    world.pass(10).await;
    world.reply(2, "it depends").await;
    world.pass(5).await;
    assert_eq!(world.slack.posts("sales").unwrap().len(), 1, "posting was never limited");
    world.pass(120).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_look_up_with_a_dead_token_waits_for_a_new_one() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.slack.fault("conversations.replies", Fault::Error("invalid_auth".into()), Times::UntilCleared);
    world.reply(1, "once").await;
    world.pass(120).await;
    assert_eq!(states(&world).await[0].0, SendState::Waiting);
    world.slack.clear_faults();
    world.pass(300).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_permanent_refusal_stops_at_once_and_says_why() {
    for error in
        ["thread_not_found", "cannot_reply_to_message", "msg_too_long", "restricted_action_thread_locked"]
    {
        let world = with_a_task().await;
        world.slack.fault("chat.postMessage", Fault::Error(error.into()), Times::UntilCleared);
        world.reply(1, "hello").await;
        world.pass(60).await;
        assert_eq!(states(&world).await, [(SendState::Failed, 1, error.to_owned())]);
        assert_eq!(
            world.task(1).await.task.status.as_str(),
            "open",
            "an answer that will not arrive is none"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_the_end_of_a_reply() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Error("invalid_auth".into()), Times::UntilCleared);
    world.reply(1, "after the new token").await;
    world.pass(300).await;
    world.slack.clear_faults();
    world.pass(400).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn out_a_reply_handed_over_before_a_restart_goes_out_after_it() {
    let mut world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Status(500), Times::UntilCleared);
    world.slack.fault("conversations.replies", Fault::Status(500), Times::UntilCleared);
    world.reply(1, "it will come").await;
    world.pass(10).await;
    world.close().await;
    world.slack.clear_faults();
    world.open().await;
    world.pass(60).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_reply_whose_thread_was_taken_back_meanwhile_is_certainly_not_there() {
    let world = World::start().await;
    let ts = world.slack.say("ada", "support", "how do I export my data?").unwrap();
    world.pass(40).await;
    // The call is cut, so nobody knows; before it is looked up, ada takes her question back.
    world.slack.fault("chat.postMessage", Fault::Drop, Times::Count(1));
    world.reply(1, "Settings, Export").await;
    world.slack.delete("support", &ts).unwrap();
    world.pass(30).await;
    let sends = world.space().queue(SendState::ALL.to_vec()).await.unwrap();
    assert_eq!((sends[0].state, sends[0].reason.as_str()), (SendState::Failed, "thread_not_found"));
    assert!(world.slack.posts("support").unwrap().is_empty());
    world.close_quietly().await;
}
