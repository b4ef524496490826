//! What people write becomes tasks. Scenes carry the feature ids they prove.

use deskd::domain::bundle::Pick;
use deskd::domain::ids::PersonId;
use insta::assert_snapshot;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn bun_03_a_burst_of_one_person_becomes_one_task() {
    let world = World::start().await;
    world.slack.say("ada", "support", "Hi team").unwrap();
    world.pass(8).await;
    world.slack.say("ada", "support", "our invoice 4711 was charged twice").unwrap();
    world.pass(9).await;
    world.slack.say("ada", "support", "can you refund one?").unwrap();
    world.pass(29).await;
    assert_eq!(world.tasks().await, "", "BUN-01: no task after 29 s of silence");
    world.pass(2).await;
    assert_snapshot!(world.tasks().await, @"
    1 open billing high #support ada
      contact ada: Hi team
      contact ada: our invoice 4711 was charged twice
      contact ada: can you refund one?
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bun_02_the_timer_starts_anew_with_each_message() {
    let world = World::start().await;
    for _ in 0..3 {
        world.slack.say("ada", "support", "and another thing").unwrap();
        world.pass(20).await;
    }
    world.pass(8).await;
    assert_eq!(world.tasks().await, "", "68 s after the first message, 28 s after the last");
    world.pass(4).await;
    assert_eq!(world.tasks().await.matches("another thing").count(), 3);
    assert_eq!(world.tasks().await.lines().count(), 4, "one task with three messages");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bun_05_two_people_in_one_channel_make_two_tasks() {
    let world = World::start().await;
    world.slack.say("ada", "support", "the export fails with an error").unwrap();
    world.slack.say("grace", "support", "how do I add a user?").unwrap();
    world.pass(5).await;
    world.slack.say("ada", "support", "since this morning").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open support normal #support grace
      contact grace: how do I add a user?
    2 open bug normal #support ada
      contact ada: the export fails with an error
      contact ada: since this morning
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bun_a_bundle_closes_although_others_never_stop_writing() {
    let world = World::start().await;
    world.slack.say("ada", "support", "a question").unwrap();
    for _ in 0..40 * 20 {
        world.slack.say("grace", "general", "chatter").unwrap();
        world.pass_ms(50).await;
    }
    assert_eq!(world.tasks().await.matches("a question").count(), 1);
    world.pass(40).await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bun_a_bundle_never_waits_longer_than_max_wait() {
    let world = World::start().await;
    for _ in 0..16 {
        world.slack.say("ada", "support", "more").unwrap();
        world.pass(20).await;
    }
    let tasks = world.tasks().await;
    assert_eq!(tasks.matches(": more").count(), 15, "five minutes after the first message:\n{tasks}");
    world.pass(40).await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn fil_what_is_not_for_the_desk_is_ignored_with_a_reason() {
    let world = World::start().await;
    world.slack.say("ada", "general", "FIL-02: nobody monitors this channel").unwrap();
    world.slack.say_as_bot("pagerbot", "support", "FIL-04: I am a bot").unwrap();
    world.slack.say("tess", "support", "FIL-05: I work here").unwrap();
    world.slack.say("ada", "support", "   ").unwrap();
    world.slack.say("ada", "sales", "a real question?").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.reasons().await, @"bot 1, empty 1, internal 1, not_monitored 1, opened_bundle 1");
    assert_eq!(world.tasks().await.lines().count(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn fil_06_a_person_who_is_no_teammate_any_more_makes_tasks() {
    let world = World::start().await;
    world.slack.say("tess", "support", "internal chatter").unwrap();
    world.pass(40).await;
    assert_eq!(world.tasks().await, "");
    let tess = PersonId(world.slack.user_id("tess").unwrap());
    assert!(world.space().remove_teammate(tess, crate::world::alice(), world.clock.now()).await.unwrap());
    world.slack.say("tess", "support", "now I am a customer").unwrap();
    world.pass(40).await;
    assert_eq!(world.tasks().await.lines().count(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_07_a_mention_arrives_twice_and_counts_once() {
    let world = World::start().await;
    world.slack.say("ada", "support", "<@U0DESKBOT01> are you there?").unwrap();
    world.pass(40).await;
    assert_eq!(world.tasks().await.lines().count(), 2);
    assert_snapshot!(world.reasons().await, @"duplicate 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn tsk_edits_and_deletions_reach_bundle_and_task() {
    let world = World::start().await;
    let first = world.slack.say("ada", "support", "the ordr is late").unwrap();
    let second = world.slack.say("ada", "support", "wrong channel, sorry").unwrap();
    world.pass(5).await;
    world.slack.edit("support", &first, "the order is late").unwrap();
    world.slack.unfurl("support", &first).unwrap();
    world.pass(40).await;
    world.slack.delete("support", &second).unwrap();
    world.slack.edit("support", &first, "order 17 is late").unwrap();
    world.pass(5).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: order 17 is late (edited)
      contact ada:  (deleted)
    ");
    assert_snapshot!(world.reasons().await, @"deleted 1, edit_unchanged 1, edited 2, joined_bundle 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn bun_a_bundle_whose_messages_are_all_taken_back_makes_no_task() {
    let world = World::start().await;
    let only = world.slack.say("ada", "support", "never mind").unwrap();
    world.pass(5).await;
    world.slack.delete("support", &only).unwrap();
    world.pass(60).await;
    assert_eq!(world.tasks().await, "");
    assert_snapshot!(world.reasons().await, @"dropped_bundle 1, opened_bundle 1");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_without_a_word_is_a_message() {
    let world = World::start().await;
    world.slack.share_file("ada", "support", "screenshot.png", "").unwrap();
    world.pass(40).await;
    let task = world.task(1).await;
    assert_eq!(task.conversation[0].files, ["screenshot.png"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn con_a_person_is_asked_about_once_however_much_is_written() {
    let world = World::start().await;
    for channel in ["support", "sales", "support"] {
        world.slack.say("ada", channel, "a question").unwrap();
        world.pass(45).await;
    }
    assert_eq!(world.slack.calls("users.info"), 1, "CON-03, CON-05");
    let task = world.task(1).await.task;
    assert_eq!((task.contact.name.as_str(), task.contact.email.as_str()), ("ada", "ada@globex.example"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn con_a_stranger_without_an_address_is_a_contact_too() {
    let world = World::start().await;
    world.slack.join("sven", "support").unwrap();
    world.slack.say("sven", "support", "hello from elsewhere, a question").unwrap();
    world.pass(40).await;
    let task = world.task(1).await.task;
    assert_eq!(task.contact.email, "");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn cls_04_a_later_message_in_the_thread_joins_the_task_and_reopens_it() {
    let world = World::start().await;
    let root = world.slack.say("ada", "support", "how do I reset my password?").unwrap();
    world.pass(40).await;
    world.reply(1, "Use the link on the sign-in page.").await;
    world.pass(5).await;
    assert_eq!(world.task(1).await.task.status.as_str(), "waiting");
    world.slack.say_in_thread("ada", "support", &root, "that gives an error 500").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open bug normal #support ada
      contact ada: how do I reset my password?
      desk alice: Use the link on the sign-in page.
      contact ada: that gives an error 500
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn tsk_thanks_do_not_bring_a_done_task_back() {
    let world = World::start().await;
    let root = world.slack.say("ada", "support", "where is my order?").unwrap();
    world.pass(40).await;
    world.handle(1, deskd::store::tasks::Handling::Close).await;
    world.slack.say_in_thread("ada", "support", &root, "Thanks a lot! :pray:").unwrap();
    world.pass(40).await;
    assert_eq!(world.task(1).await.task.status.as_str(), "done");
    world.slack.say_in_thread("ada", "support", &root, "it did not arrive though").unwrap();
    world.pass(40).await;
    assert_eq!(world.task(1).await.task.status.as_str(), "open");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_teammates_answer_in_the_thread_counts_even_before_there_is_a_task() {
    let world = World::start().await;
    let root = world.slack.say("ada", "support", "is the API down?").unwrap();
    world.pass(5).await;
    world.slack.say_in_thread("tess", "support", &root, "looking into it").unwrap();
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 waiting other normal #support ada
      contact ada: is the API down?
      team U03ST7CGFLI: looking into it
    ");
    assert!(world.task(1).await.first_response_at.is_some());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_ignored_channel_can_be_picked_while_the_desk_runs() {
    let world = World::start().await;
    world.slack.say("ada", "general", "not heard").unwrap();
    world.pass(2).await;
    world.pick("general", Pick::Monitor).await;
    world.slack.say("ada", "general", "heard").unwrap();
    world.pass(40).await;
    let tasks = world.tasks().await;
    assert!(tasks.contains("heard") && !tasks.contains("not heard"), "{tasks}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_open_bundle_survives_a_restart_with_the_right_remaining_time() {
    let mut world = World::start().await;
    world.slack.say("ada", "support", "half a sentence").unwrap();
    world.pass(10).await;
    world.close().await;
    world.pass(8).await;
    world.open().await;
    world.slack.say("ada", "support", "and the other half").unwrap();
    world.pass(29).await;
    assert_eq!(world.tasks().await, "");
    world.pass(3).await;
    assert_eq!(world.tasks().await.lines().count(), 3);
    world.finish().await;
}
