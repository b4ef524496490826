//! What must not set anything off: our own messages, other bots, and changes that change nothing. The names carry the ids
//! of the failure stories.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::world::World;

fn base(world: &World, ts: &str) -> Value {
    json!({"type": "message", "channel": world.slack.channel_id("support").unwrap(), "ts": ts, "event_ts": ts,
           "text": "a reply, is it not?"})
}

fn with(event: &Value, more: Value) -> Value {
    let mut event = event.clone();
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        event[name] = value;
    }
    event
}

#[tokio::test(start_paused = true)]
async fn f29_our_own_message_is_ours_by_whatever_slack_names_us() {
    let world = World::start().await;
    let app = world.slack.setup().app;
    let post = base(&world, "1767603601.000100");
    let us = json!({"user": app.bot_user_id, "bot_id": app.bot_id, "app_id": app.id});
    let faces = [
        with(&post, json!({"bot_id": app.bot_id})),
        with(&post, json!({"user": app.bot_user_id})),
        with(&post, json!({"app_id": app.id, "user": "UOTHER"})),
        with(&post, json!({"bot_profile": {"app_id": app.id}, "bot_id": "BOTHER"})),
        with(&post, json!({"subtype": "bot_message", "bot_id": app.bot_id, "username": "Desk"})),
        with(&post, json!({"type": "app_mention", "user": app.bot_user_id})),
        with(&post, json!({"thread_ts": "1767603600.000100", "user": app.bot_user_id})),
        json!({"type": "message", "subtype": "message_changed", "channel": post["channel"], "ts": "1767603602.000100",
               "message": with(&with(&post, us.clone()), json!({"text": "another text, is it not?"})),
               "previous_message": with(&post, us)}),
    ];
    for face in &faces {
        world.slack.deliver_event(face.clone());
    }
    world.pass(40).await;
    assert_eq!(world.reasons().await, format!("ourselves {}", faces.len()));
    assert_eq!(world.tasks().await, "");
    assert!(world.slack.posts("support").unwrap().is_empty());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f29_slack_rewriting_our_reply_does_not_mark_it_as_edited() {
    let world = World::start().await;
    world.slack.say("ada", "support", "where is the manual?").unwrap();
    world.pass(40).await;
    world.reply(1, "at https://acme.example/manual").await;
    world.pass(5).await;
    let ours = world.slack.posts("support").unwrap().remove(0);
    world.slack.edit("support", &ours.ts, "at <https://acme.example/manual>").unwrap();
    world.slack.unfurl("support", &ours.ts).unwrap();
    world.pass(5).await;
    assert!(!world.tasks().await.contains("(edited)"), "{}", world.tasks().await);
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f29_two_bots_that_face_each_other_come_to_rest() {
    let setup = deskd::simulator::Setup { post_limit: false, ..Default::default() };
    let mut probe = World::start().await;
    let pager = probe.slack.person("pagerbot").unwrap().bot.unwrap();
    probe.close().await;
    // The worst case: the other bot counts as a person, and answers whatever it sees.
    let world = World::with(setup, |config| config.inbox.trusted_bots = vec![pager.app_id.clone()]).await;
    world.slack.say_as_bot("pagerbot", "support", "the disk of db-1 is full").unwrap();
    world.pass(40).await;
    world.reply(1, "We are looking into it.").await;
    let mut answered = 0;
    for _ in 0..200 {
        world.pass(1).await;
        while answered < world.slack.posts("support").unwrap().len() {
            let ours = world.slack.posts("support").unwrap().remove(answered);
            world.slack.say_as_bot("pagerbot", "support", &format!("you said: {}", ours.text)).unwrap();
            answered += 1;
        }
    }
    assert_eq!(answered, 1, "deskd says what a person told it to say, and nothing by itself");
    assert_eq!(world.tasks().await.matches("you said").count(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f30_a_change_that_leaves_the_text_as_it_was_is_no_edit_and_no_message() {
    let world = World::start().await;
    let ada = world.slack.user_id("ada").unwrap();
    let ts = world.slack.say("ada", "support", "where is my order?").unwrap();
    world.pass(1).await;
    let message = with(&base(&world, &ts), json!({"user": ada, "text": "where is my order?"}));
    let change = json!({"type": "message", "subtype": "message_changed", "hidden": true, "channel": message["channel"],
                        "ts": "1767603700.000100", "message": message});
    let edited = json!({"user": ada, "ts": "1767603699.000000"});
    let mut marked = change.clone();
    marked["message"]["edited"] = edited;
    let mut noted = change.clone();
    noted["message"]["reply_count"] = json!(3);
    noted["message"]["language"] = json!("en");
    let changes = [
        change.clone(),
        with(&change, json!({"previous_message": message})),
        with(&marked, json!({"previous_message": message})),
        // Slack calls it edited and shows another text from before: the text we keep is what counts.
        with(&marked, json!({"previous_message": with(&message, json!({"text": "something else"}))})),
        marked,
        noted,
    ];
    for copy in &changes {
        world.slack.deliver_event(copy.clone());
        world.pass(1).await;
    }
    world.pass(40).await;
    for copy in &changes {
        world.slack.deliver_event(copy.clone());
    }
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open question normal #support ada
      contact ada: where is my order?
    ");
    assert_snapshot!(world.reasons().await, @"edit_unchanged 12, opened_bundle 1");
    world.slack.edit("support", &ts, "where is my order 17?").unwrap();
    world.pass(5).await;
    assert_snapshot!(world.tasks().await, @"
    1 open question normal #support ada
      contact ada: where is my order 17? (edited)
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f30_a_text_that_stands_in_the_inner_message_is_read_there() {
    let world = World::start().await;
    let ada = world.slack.user_id("ada").unwrap();
    let inner = json!({"user": ada, "text": "in here", "ts": "1767603601.000100"});
    let event =
        json!({"type": "message", "channel": world.slack.channel_id("support").unwrap(), "message": inner});
    world.slack.deliver_event(event);
    world.pass(40).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: in here
    ");
    world.finish().await;
}
