//! Slack does not promise an order: what comes late or early must end as if it had come in time.

use insta::assert_snapshot;

use crate::world::World;

/// Milliseconds by which an event is late here.
const LATE: i64 = 3_000;

#[tokio::test(start_paused = true)]
async fn an_edit_that_arrives_before_its_message_is_not_forgotten() {
    let world = World::start().await;
    world.slack.delay_events([LATE]);
    let ts = world.slack.say("ada", "support", "the ordr is late").unwrap();
    world.slack.edit("support", &ts, "the order is late").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: the order is late (edited)
    ");
    assert_snapshot!(world.reasons().await, @"edited 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_taken_back_before_it_arrived_makes_no_task() {
    let world = World::start().await;
    world.slack.delay_events([LATE]);
    let ts = world.slack.say("ada", "support", "wrong channel, sorry").unwrap();
    world.slack.delete("support", &ts).unwrap();
    world.pass(40).await;
    assert_eq!(world.tasks().await, "");
    assert_snapshot!(world.reasons().await, @"dropped_bundle 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn of_two_edits_in_the_wrong_order_the_later_one_holds() {
    let world = World::start().await;
    let ts = world.slack.say("ada", "support", "first").unwrap();
    world.pass(1).await;
    world.slack.delay_events([LATE]);
    world.slack.edit("support", &ts, "second").unwrap();
    world.pass(1).await;
    world.slack.edit("support", &ts, "third").unwrap();
    world.pass(40).await;
    assert!(world.tasks().await.contains("contact ada: third (edited)"), "{}", world.tasks().await);
    assert_snapshot!(world.reasons().await, @"edit_overtaken 1, edited 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_teammates_answer_that_arrives_before_the_question_counts() {
    let world = World::start().await;
    world.hire("tess").await;
    world.slack.delay_events([LATE]);
    let ts = world.slack.say("ada", "support", "can you help?").unwrap();
    let answer = world.slack.say_in_thread("tess", "support", &ts, "yes, in a minute").unwrap();
    world.slack.edit("support", &answer, "yes, at once").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 waiting support normal #support ada
      contact ada: can you help?
      team U03ST7CGFLI: yes, at once (edited)
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_too_early_is_remembered_over_a_restart() {
    let mut world = World::start().await;
    world.hire("tess").await;
    world.slack.delay_events([LATE, LATE]);
    let first = world.slack.say("ada", "support", "can you help?").unwrap();
    let second = world.slack.say("grace", "support", "wrong channel, sorry").unwrap();
    world.slack.say_in_thread("tess", "support", &first, "yes").unwrap();
    world.slack.delete("support", &second).unwrap();
    world.pass(1).await;
    assert_snapshot!(world.reasons().await, @"internal 1, unknown_message 1");
    world.close().await;
    world.open().await;
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 waiting support normal #support ada
      contact ada: can you help?
      team U03ST7CGFLI: yes
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_concerns_nothing_of_ours_stays_ignored() {
    let world = World::start().await;
    world.hire("tess").await;
    let theirs = world.slack.say("tess", "support", "lunch?").unwrap();
    world.slack.say_in_thread("tess", "support", &theirs, "at noon").unwrap();
    world.slack.edit("support", &theirs, "dinner?").unwrap();
    world.slack.say("ada", "support", "a question").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.reasons().await, @"internal 2, opened_bundle 1, unknown_message 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlives_the_bundle_that_it_was_first_kept_with() {
    let world = World::start().await;
    world.hire("tess").await;
    world.slack.delay_events([LATE]);
    let question = world.slack.say("ada", "support", "can you help?").unwrap();
    let aside = world.slack.say_in_thread("grace", "support", &question, "me too").unwrap();
    world.pass(1).await;
    world.slack.say_in_thread("tess", "support", &question, "yes, both of you").unwrap();
    world.pass(1).await;
    world.slack.delete("support", &aside).unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 waiting support normal #support ada
      contact ada: can you help?
      team U03ST7CGFLI: yes, both of you
    ");
    world.finish().await;
}
