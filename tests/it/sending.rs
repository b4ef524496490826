//! What happens to messages that Slack will not take as they are, or not there, or not so fast: nothing is silent, nothing
//! is lost, nothing is doubled.

use std::collections::BTreeMap;
use std::time::Duration;

use deskd::domain::destination::Fallbacks;
use deskd::domain::ids::{ChannelId, SendId};
use deskd::domain::send::SendState;
use deskd::simulator::{Fault, Setup, Times};
use deskd::store::outbox::Rescue;
use serde_json::json;

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

/// A desk with a task for ada in #support.
async fn with_a_task() -> World {
    let world = World::start().await;
    world.slack.say("ada", "support", "how do I export my data?").unwrap();
    world.pass(40).await;
    world
}

/// The same, with #sales standing in for every channel that takes no messages.
async fn with_a_fallback() -> World {
    let mut world = World::without_desk(Setup::default(), |_| {});
    let sales = ChannelId(world.slack.channel_id("sales").unwrap());
    world.config.outbox.fallbacks = Fallbacks { general: Some(sales), own: BTreeMap::new() };
    world.open().await;
    world.pick("support", deskd::domain::bundle::Pick::Monitor).await;
    world.slack.say("ada", "support", "how do I export my data?").unwrap();
    world.pass(40).await;
    world
}

fn channel(world: &World, name: &str) -> ChannelId {
    ChannelId(world.slack.channel_id(name).unwrap())
}

fn texts(world: &World, name: &str) -> Vec<String> {
    world.slack.posts(name).unwrap().into_iter().map(|post| post.text).collect()
}

async fn states(world: &World) -> Vec<(SendState, String)> {
    let sends = world.space().queue(SendState::ALL.to_vec()).await.unwrap();
    sends.into_iter().map(|send| (send.state, send.reason)).collect()
}

/// The open troubles as words: kind, whether the subject is the channel, detail.
async fn troubles(world: &World) -> Vec<String> {
    let open = world.space().open_troubles().await.unwrap();
    open.into_iter()
        .map(|notice| {
            format!("{} {}: {}", notice.raised.own.as_str(), notice.raised.subject, notice.raised.detail)
        })
        .collect()
}

async fn notice(world: &World, name: &str, text: &str, blocks: Option<&serde_json::Value>) -> SendId {
    let outgoing = world.desk().front().outgoing;
    let (workspace, now) = (world.workspace.clone(), world.clock.now());
    outgoing.notice(workspace, channel(world, name), text, blocks, now).await.unwrap()[0]
}

fn section(text: &str) -> serde_json::Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

#[tokio::test(start_paused = true)]
async fn f32_a_mass_mention_in_a_reply_notifies_nobody() {
    let world = with_a_task().await;
    world
        .reply(1, "<!channel> <!here> <!everyone> <@U1> <!subteam^S1> see https://example.com?a=1&b=2")
        .await;
    world.pass(5).await;
    let wanted = "&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt; &lt;@U1&gt; &lt;!subteam^S1&gt; see \
                  https://example.com?a=1&amp;b=2";
    assert_eq!(texts(&world, "support"), [wanted]);
    let call = &world.slack.call_records("chat.postMessage")[0].args;
    assert_eq!((&call["link_names"], &call["parse"]), (&json!("false"), &json!("none")));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f34_a_storm_of_three_hundred_replies_keeps_its_order_and_loses_none() {
    let mut world = with_a_task().await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    for number in 0..300 {
        world.reply(1, &format!("part {number}")).await;
    }
    world.reply(2, "it depends").await;
    world.pass(5).await;
    assert_eq!(texts(&world, "sales"), ["it depends"], "another channel does not wait");
    world.pass(55).await;
    world.slack.fault_in("chat.postMessage", "support", Fault::RateLimited(30), Times::Count(1)).unwrap();
    world.pass(60).await;
    let calls = world.slack.calls_at("chat.postMessage");
    let longest = calls.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!((30_000..33_000).contains(&longest), "Retry-After is obeyed: {longest}");
    world.close().await;
    world.open().await;
    world.pass(260).await;
    let wanted: Vec<String> = (0..300).map(|number| format!("part {number}")).collect();
    assert_eq!(texts(&world, "support"), wanted, "in order, none lost, none twice, over a restart");
    let records = world.slack.call_records("chat.postMessage");
    let refused = records.iter().filter(|record| record.outcome != "ok").count();
    assert_eq!((records.len(), refused), (302, 1), "one 429 was injected, and no other was earned");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_reply_that_nobody_can_look_up_asks_a_person_once_and_the_notice_ends_with_the_decision() {
    for (rescue, posts) in [(Rescue::Drop, 1), (Rescue::Retry, 2)] {
        let world = with_a_task().await;
        world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
        world.slack.fault("conversations.replies", Fault::Error("missing_scope".into()), Times::UntilCleared);
        world.reply(1, "once").await;
        world.pass(120).await;
        assert_eq!(states(&world).await, [(SendState::Unknown, "missing_scope".to_owned())]);
        assert_eq!(troubles(&world).await, ["dead_letter 1: unknown: missing_scope"]);
        assert_eq!(world.task(1).await.task.status.as_str(), "open");
        let (store, now) = (world.store(), world.clock.now());
        store
            .of(&world.workspace)
            .rescue_send(SendId(1), rescue, (crate::world::alice(), now))
            .await
            .unwrap();
        assert!(troubles(&world).await.is_empty(), "somebody decided");
        world.pass(60).await;
        assert_eq!(texts(&world, "support").len(), posts, "{rescue:?}: what a person decides is done");
    }
}

#[tokio::test(start_paused = true)]
async fn f35_a_notice_that_nobody_can_look_up_is_repeated_once_and_says_so() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.slack.fault("conversations.history", Fault::Error("missing_scope".into()), Times::UntilCleared);
    notice(&world, "sales", "the backup is old", None).await;
    world.pass(120).await;
    assert_eq!(texts(&world, "sales"), ["the backup is old", "(may be a repeat) the backup is old"]);
    assert!(troubles(&world).await.is_empty());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f35_a_notice_whose_answer_was_cut_is_found_and_not_repeated() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    notice(&world, "sales", "the backup is old", None).await;
    world.pass(120).await;
    assert_eq!(texts(&world, "sales"), ["the backup is old"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f36_a_long_reply_is_split_and_nothing_of_it_is_missing() {
    for length in [3_001, 4_001, 40_001] {
        let world = with_a_task().await;
        let text: String = (0..length).map(|at| if at % 10 == 9 { ' ' } else { 'x' }).collect();
        world.reply(1, &text).await;
        world.pass(30).await;
        let posted = texts(&world, "support");
        let letters = |text: &str| text.chars().filter(|letter| *letter == 'x').count();
        assert_eq!(posted.iter().map(|part| letters(part)).sum::<usize>(), letters(&text), "{length}");
        assert!(posted.iter().all(|part| part.chars().count() <= 4_000), "{length}");
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn f36_refused_blocks_fall_back_to_the_text() {
    let world = with_a_task().await;
    let fifty_one: Vec<_> = (0..51).map(|_| section("fine")).collect();
    for (name, blocks) in [
        ("51 blocks", json!(fifty_one)),
        ("3,001 characters", json!([section(&"x".repeat(3_001))])),
        ("no list", json!({"type": "section"})),
    ] {
        notice(&world, "sales", name, Some(&blocks)).await;
    }
    notice(&world, "sales", "good ones", Some(&json!([section("shown")]))).await;
    world.pass(30).await;
    assert_eq!(texts(&world, "sales"), ["51 blocks", "3,001 characters", "no list", "good ones"]);
    let posts = world.slack.posts("sales").unwrap();
    let with_blocks: Vec<bool> = posts.iter().map(|post| post.blocks.is_some()).collect();
    assert_eq!(with_blocks, [false, false, false, true]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f36_a_long_notice_is_split_and_goes_without_its_blocks() {
    let world = with_a_task().await;
    notice(&world, "sales", &"word ".repeat(8_001), Some(&json!([section("shown")]))).await;
    world.pass(30).await;
    let posts = world.slack.posts("sales").unwrap();
    assert_eq!(posts.iter().map(|post| post.text.matches("word").count()).sum::<usize>(), 8_001);
    assert!(posts.len() > 10 && posts.iter().all(|post| post.blocks.is_none()));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f36_a_text_that_slack_calls_too_long_stops_with_a_reason_a_notice_and_an_open_task() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Error("msg_too_long".into()), Times::UntilCleared);
    world.reply(1, "hello").await;
    world.pass(30).await;
    assert_eq!(states(&world).await, [(SendState::Failed, "msg_too_long".to_owned())]);
    assert_eq!(troubles(&world).await, ["dead_letter 1: failed: msg_too_long"]);
    assert_eq!(world.task(1).await.task.status.as_str(), "open");
}

#[tokio::test(start_paused = true)]
async fn a_renamed_channel_is_still_answered() {
    let world = with_a_task().await;
    world.slack.rename_channel("support", "help").unwrap();
    world.reply(1, "Settings > Export").await;
    world.pass(5).await;
    assert_eq!(texts(&world, "help").len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_whose_id_changed_is_followed_by_everything_that_names_it() {
    let world = with_a_task().await;
    world.reply(1, "before").await;
    world.pass(5).await;
    world.slack.archive_channel("support").unwrap();
    world.reply(1, "across").await;
    world.pass(5).await;
    let old = channel(&world, "support");
    world.slack.unarchive_channel("support").unwrap();
    let new = world.slack.change_channel_id("support").unwrap();
    world.pass(60).await;
    world.reply(1, "after").await;
    world.slack.say("ada", "support", "and how do I import it?").unwrap();
    world.pass(60).await;
    assert_eq!(texts(&world, "support"), ["before", "across", "after"]);
    assert_eq!(world.task(2).await.task.channel.0.0, new, "the new id is monitored");
    assert_eq!(world.task(1).await.task.channel.0.0, new);
    assert_eq!(mentions(&world, &old.0).await, 0, "no row names the old id");
    world.finish().await;
}

/// How many rows of the tables that name channels name this one.
async fn mentions(world: &World, id: &str) -> i64 {
    let (path, id) = (world.database(), id.to_owned());
    let count = move || -> rusqlite::Result<i64> {
        let connection = rusqlite::Connection::open(path)?;
        let tables = ["channels", "tasks", "bundles", "messages", "sends", "limits", "destinations"];
        tables.iter().try_fold(0, |sum, table| {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE channel = ?");
            Ok(sum + connection.query_row(&sql, [&id], |row| row.get::<_, i64>(0))?)
        })
    };
    tokio::task::spawn_blocking(count).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_archived_channel_holds_its_replies_raises_one_notice_and_resumes_by_itself() {
    let world = with_a_task().await;
    let support = channel(&world, "support");
    world.slack.archive_channel("support").unwrap();
    for text in ["one", "two", "three"] {
        world.reply(1, text).await;
    }
    world.pass(40).await;
    let calls = world.slack.calls("chat.postMessage");
    let held = (SendState::Waiting, "is_archived".to_owned());
    assert_eq!(states(&world).await, [held.clone(), held.clone(), held]);
    assert_eq!(troubles(&world).await, [format!("destination_broken {support}: is_archived")]);
    assert_eq!(world.task(1).await.task.status.as_str(), "waiting", "the answer is on its way");
    world.pass(2 * 3600).await;
    assert_eq!(world.slack.calls("chat.postMessage"), calls, "no attempt is burned meanwhile");
    assert!(world.slack.calls("conversations.info") < 10, "looks become rarer");
    world.slack.unarchive_channel("support").unwrap();
    world.pass(40).await;
    assert_eq!(texts(&world, "support"), ["one", "two", "three"]);
    assert!(troubles(&world).await.is_empty(), "it works again");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_was_removed_and_invited_again_goes_on() {
    let world = with_a_task().await;
    let bot = world.slack.setup().app.bot_user_id;
    world.slack.leave(&bot, "support").unwrap();
    world.reply(1, "still here").await;
    world.pass(40).await;
    assert_eq!(states(&world).await, [(SendState::Waiting, "not_in_channel".to_owned())]);
    world.slack.join(&bot, "support").unwrap();
    world.pass(40).await;
    assert_eq!(texts(&world, "support"), ["still here"]);
    assert!(troubles(&world).await.is_empty());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_works_again_without_an_event_is_found_by_looking() {
    for error in ["channel_not_found", "is_archived", "not_in_channel", "restricted_action"] {
        let world = with_a_task().await;
        world
            .slack
            .fault_in("chat.postMessage", "support", Fault::Error(error.into()), Times::UntilCleared)
            .unwrap();
        world.slack.fault(
            "conversations.info",
            Fault::Error("channel_not_found".into()),
            Times::UntilCleared,
        );
        world.reply(1, "patience").await;
        world.pass(1800).await;
        assert_eq!(troubles(&world).await.len(), 1, "{error}");
        world.slack.clear_faults();
        world.pass(2000).await;
        assert_eq!(texts(&world, "support"), ["patience"], "{error}");
        assert!(troubles(&world).await.is_empty(), "{error}");
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_may_not_be_posted_to_is_tried_ever_more_rarely() {
    let world = with_a_task().await;
    let error = || Fault::Error("restricted_action".into());
    world.slack.fault_in("chat.postMessage", "support", error(), Times::UntilCleared).unwrap();
    world.reply(1, "patience").await;
    world.pass(4 * 3600).await;
    let calls = world.slack.calls("chat.postMessage");
    assert!((6..12).contains(&calls), "{calls} attempts in four hours");
    assert_eq!(troubles(&world).await.len(), 1, "told once");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_is_told_once_in_the_fallback_channel() {
    let world = with_a_fallback().await;
    world.slack.archive_channel("support").unwrap();
    world.reply(1, "Settings > Export").await;
    world.pass(3600).await;
    let told = "Held back: the answer to ada (task 1) in #support, because the channel is archived. It is posted \
                there as soon as the channel takes messages again.\n\nSettings &gt; Export";
    assert_eq!(texts(&world, "sales"), [told]);
    world.slack.unarchive_channel("support").unwrap();
    world.pass(60).await;
    assert_eq!(texts(&world, "support"), ["Settings &gt; Export"], "the contact gets it, too");
    assert_eq!(texts(&world, "sales").len(), 1);
    let said = world.task(1).await.conversation;
    assert_eq!(said.len(), 2, "what the team was told is no part of the conversation");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_notice_for_a_broken_channel_goes_to_the_fallback_instead() {
    let world = with_a_fallback().await;
    world.slack.archive_channel("support").unwrap();
    notice(&world, "support", "the backup is old", None).await;
    world.pass(120).await;
    assert_eq!(texts(&world, "sales"), ["the backup is old"]);
    world.slack.unarchive_channel("support").unwrap();
    world.pass(120).await;
    assert!(texts(&world, "support").is_empty(), "it was told already");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_to_a_channel_that_stays_closed_is_a_dead_letter_after_its_time() {
    let world = World::with(Setup::default(), |config| config.outbox.give_up = HOUR).await;
    world.slack.say("ada", "support", "how do I export my data?").unwrap();
    world.pass(40).await;
    world.slack.archive_channel("support").unwrap();
    world.reply(1, "too late").await;
    world.pass(3700).await;
    assert_eq!(states(&world).await, [(SendState::Dead, "destination_broken".to_owned())]);
    let open = troubles(&world).await;
    assert!(open.iter().any(|notice| notice == "dead_letter 1: dead: destination_broken"), "{open:?}");
    assert_eq!(world.task(1).await.task.status.as_str(), "open");
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_holds_up_no_other() {
    let world = with_a_task().await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    world.slack.archive_channel("support").unwrap();
    world.reply(1, "held").await;
    world.pass(5).await;
    world.reply(2, "it depends").await;
    world.pass(3).await;
    assert_eq!(texts(&world, "sales"), ["it depends"]);
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_in_a_channel_that_closed_is_looked_up_when_it_opens() {
    let world = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    world.slack.fault("conversations.replies", Fault::Error("not_in_channel".into()), Times::UntilCleared);
    world.reply(1, "once").await;
    world.pass(600).await;
    assert_eq!(states(&world).await, [(SendState::Waiting, "not_in_channel".to_owned())]);
    world.slack.clear_faults();
    world.pass(3700).await;
    assert_eq!(texts(&world, "support"), ["once"], "found, not repeated");
    assert_eq!(world.slack.calls("chat.postMessage"), 1);
    world.finish().await;
}
