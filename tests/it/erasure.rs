//! Somebody asks to be forgotten: nothing of theirs is left in the files, and what they wrote before never comes back.

use deskd::domain::ids::{ContactId, EventId};
use deskd::domain::task::Status;
use deskd::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::world::World;

/// Words that only ada, or an answer to her, has brought into the database.
const WORDS: [&str; 9] = [
    "sapphire",
    "emerald",
    "topaz",
    "amethyst",
    "garnet",
    "moonstone",
    "plan-of-ada.pdf",
    "ada@globex.example",
    "my order is missing",
];

/// Ada asks, edits, adds a file, is answered from the desk and in Slack; an answer still waits to go out. Grace, too, asks.
async fn conversation() -> (World, Vec<String>) {
    let world = World::start().await;
    let first = world.slack.say("ada", "support", "sapphire: my order is missing").unwrap();
    let second = world.slack.share_file("ada", "support", "plan-of-ada.pdf", "emerald").unwrap();
    world.slack.say("ada", "general", "topaz, where nobody listens").unwrap();
    world.slack.say("grace", "sales", "a diamond for me").unwrap();
    world.pass(40).await;
    world.slack.edit("support", &first, "amethyst: my order is missing").unwrap();
    world.slack.say_in_thread("tess", "support", &first, "garnet, says tess").unwrap();
    world.reply(1, "moonstone, says the desk").await;
    world.pass(10).await;
    (world, vec![first, second])
}

fn contact_of(world: &World, contacts: &[deskd::store::contacts::Contact], handle: &str) -> ContactId {
    let person = world.slack.user_id(handle).unwrap();
    contacts.iter().find(|contact| contact.people.iter().any(|id| id.0 == person)).unwrap().id
}

async fn ada(world: &World) -> ContactId {
    contact_of(world, &world.space().contacts().await.unwrap(), "ada")
}

/// Which of the words stand in the database or in the files beside it.
fn found(world: &World) -> Vec<&'static str> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(world.database().parent().unwrap()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let has = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    WORDS.into_iter().filter(|word| has(word)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_erased_contact_leaves_no_word_in_any_file() {
    let (world, _) = conversation().await;
    assert_eq!(found(&world), WORDS, "everything was there before");
    let id = ada(&world).await;
    let held = world.space().export_contact(id).await.unwrap().unwrap();
    let told = serde_json::to_string(&held).unwrap();
    let missing: Vec<_> = WORDS.into_iter().filter(|word| !told.contains(word)).collect();
    assert!(missing.is_empty(), "the export lacks {missing:?}");
    assert!(!told.contains("diamond"), "grace's words are not ada's");
    let done = world.space().erase_contact(id, crate::world::alice(), world.clock.now()).await.unwrap();
    let done = done.unwrap();
    assert!(done.events >= 6 && done.folded, "{done:?}");
    assert_eq!(found(&world), Vec::<&str>::new(), "while the desk works");
    let held = world.space().export_contact(id).await.unwrap().unwrap();
    assert!(held["people"].is_empty() && held["contact_people"].is_empty());
    let task = world.task(1).await;
    assert_eq!(
        (task.task.number.0, task.task.status),
        (1, Status::Done),
        "the task is a number that is done"
    );
    assert!(task.conversation.iter().all(|said| said.text.is_empty() && said.files.is_empty()));
    assert!(world.tasks().await.contains("grace: a diamond for me"), "grace's task is as it was");
    assert!(
        world
            .space()
            .erase_contact(ContactId(99), crate::world::alice(), Timestamp(0))
            .await
            .unwrap()
            .is_none()
    );
    world.finish().await;
}

/// What Slack would deliver late: the messages again under new ids, an edit, a deletion, a profile.
fn late(world: &World, posted: &[String]) -> Vec<Value> {
    let (channel, person) = (world.slack.channel_id("support").unwrap(), world.slack.user_id("ada").unwrap());
    let message = |text: &str| json!({"type": "message", "user": person, "text": text, "ts": posted[0]});
    vec![
        json!({"type": "message", "channel": channel, "user": person, "text": "sapphire again", "ts": posted[1]}),
        json!({"type": "message", "subtype": "message_changed", "channel": channel, "ts": "1.0",
            "message": message("emerald again"), "previous_message": message("topaz again")}),
        json!({"type": "message", "subtype": "message_deleted", "channel": channel, "deleted_ts": posted[0],
            "previous_message": message("amethyst again")}),
        json!({"type": "user_change", "user": {"id": person, "name": "ada", "real_name": "garnet",
            "profile": {"email": "ada@globex.example"}}}),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_an_erased_person_wrote_before_never_comes_back() {
    let (world, posted) = conversation().await;
    let id = ada(&world).await;
    world.pass(60).await;
    world.space().erase_contact(id, crate::world::alice(), world.clock.now()).await.unwrap();
    for event in late(&world, &posted) {
        world.slack.deliver_event(event);
    }
    world.pass(60).await;
    world.store().checkpoint().await.unwrap();
    assert_eq!(found(&world), Vec::<&str>::new(), "late deliveries leave nothing");
    assert!(world.reasons().await.contains("erased 3"), "{}", world.reasons().await);
    let contacts = world.space().contacts().await.unwrap();
    assert_eq!(contacts.iter().filter(|contact| !contact.erased).count(), 1, "grace is the only one");
    let all = world.store().outcomes_for_replay(Timestamp(0), Vec::new(), EventId(0)).await.unwrap();
    assert!(all.iter().all(|(event, _)| !event.payload.contains("again")));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_erased_person_writes_later_is_from_somebody_new() {
    let (world, posted) = conversation().await;
    let id = ada(&world).await;
    world.space().erase_contact(id, crate::world::alice(), world.clock.now()).await.unwrap();
    world.pass(1).await;
    world.slack.say_in_thread("ada", "support", &posted[0], "hello, it is me again").unwrap();
    world.slack.say("grace", "sales", "me, too").unwrap();
    world.pass(40).await;
    let again = ada(&world).await;
    assert_ne!(again, id, "a new contact");
    let task = world.task(1).await;
    assert_eq!(
        (task.task.contact.id, task.task.status),
        (again, Status::Open),
        "the thread's task is hers now"
    );
    let texts: Vec<&str> = task.conversation.iter().map(|said| said.text.as_str()).collect();
    assert_eq!(texts.last(), Some(&"hello, it is me again"));
    assert!(texts[..texts.len() - 1].iter().all(|text| text.is_empty()));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_is_not_sent_to_somebody_who_was_erased() {
    let (world, _) = conversation().await;
    let id = ada(&world).await;
    let fault = deskd::simulator::Fault::RateLimited(600);
    world.slack.fault("chat.postMessage", fault, deskd::simulator::Times::Count(1));
    world.reply(1, "moonstone once more").await;
    world.pass(5).await;
    world.space().erase_contact(id, crate::world::alice(), world.clock.now()).await.unwrap();
    world.pass(1200).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1, "only the answer from before");
    assert_eq!(found(&world), Vec::<&str>::new());
    let states = vec![deskd::domain::send::SendState::Dropped];
    let dropped = world.space().queue(states).await.unwrap();
    assert_eq!((dropped.len(), dropped[0].reason.as_str()), (1, "erased"));
    world.close_quietly().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_blanked_before_it_was_decoded_ends_as_erased() {
    let (world, _) = conversation().await;
    let id = ada(&world).await;
    let payload = json!({"team_id": world.workspace.0, "type": "event_callback", "event_id": "EvLate", "event":
        {"type": "message", "channel": world.slack.channel_id("support").unwrap(), "ts": "1.5",
         "user": world.slack.user_id("ada").unwrap(), "text": "sapphire"}});
    let incoming = deskd::store::Incoming {
        workspace: world.workspace.0.clone(),
        app: String::new(),
        kind: "events_api".into(),
        inner: "message".into(),
        event_id: "EvLate".into(),
        retry: 0,
        payload: payload.to_string(),
    };
    // No bell rings for it, so it waits to be decoded until the next poll.
    world.store().record_events(vec![incoming], world.clock.now()).await.unwrap();
    world.space().erase_contact(id, crate::world::alice(), world.clock.now()).await.unwrap();
    world.pass(60).await;
    assert!(world.reasons().await.contains("erased 1"), "{}", world.reasons().await);
    assert_eq!(found(&world), Vec::<&str>::new());
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_export_goes_into_a_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let (world, _) = conversation().await;
    let door = Door::open(world.desk().front());
    let (id, file) = (ada(&world).await.0.to_string(), door.file("ada.json"));
    let path = file.display().to_string();
    let said = door.ok(&["contact", "export", &id, "-o", &path]).await;
    assert!(said.contains("is written; hint:"), "{said}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["held"]["people"][0]["email"], "ada@globex.example");
    let refused = door.deskd(&["contact", "export", &id, "-o", &path]).await;
    assert!(
        refused.code == 1 && refused.err.contains("name a file that is not there yet"),
        "{}",
        refused.err
    );
    let beside = world.database().with_file_name("deskd.db.before-schema-2");
    std::fs::write(&beside, "an old copy").unwrap();
    let said = door.ok(&["contact", "erase", &id]).await;
    assert!(
        said.contains("its task stays as a number") && said.contains(&beside.display().to_string()),
        "{said}"
    );
    door.close().await;
    world.finish().await;
}
