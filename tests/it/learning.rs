//! The desk learns: what people say of tasks changes what is said of the next ones, exactly as long as they mean it.

use std::path::Path;

use deskd::config::Sources;
use deskd::domain::classify::{Learn, Verdict};
use deskd::domain::ids::{ContactId, TaskNumber};
use deskd::domain::learn::Source;
use deskd::domain::task::Actor;
use deskd::simulator::Setup;
use deskd::store::examples::{About, Kepts};
use deskd::store::retention::{Class, Retention};
use deskd::store::tasks::{Handling, TaskFilter};
use insta::assert_snapshot;
use serde_json::Value;

use crate::api_door::{Door, timeless};
use crate::world::World;

/// Nothing in it is a configured word, so the rules take it for "other".
pub const PARCEL: &str = "the parcel robot left my crate at another depot";
pub const ANOTHER: &str = "hello team, the parcel robot left my crate at another depot again";
pub const LUNCH: &str = "noodles at noon, the usual corner table";

pub fn label(category: &str) -> Handling {
    Handling::Label(category.to_owned())
}

/// What comes of a message.
pub async fn say(world: &World, person: &str, text: &str) -> Verdict {
    world.slack.say(person, "support", text).unwrap();
    world.pass(40).await;
    let tasks = world.space().tasks(TaskFilter::default()).await.unwrap();
    let number = tasks.iter().map(|task| task.number.0).max().unwrap();
    world.task(number).await.verdict
}

/// Lets the learner catch up without a bell.
pub async fn study(world: &World) {
    world.pass(31).await;
}

pub async fn count(world: &World) -> usize {
    world.space().tasks(TaskFilter::default()).await.unwrap().len()
}

pub async fn examples(world: &World) -> Kepts {
    world.space().examples(About::Category, 0).await.unwrap()
}

pub async fn explain(door: &Door, text: &str) -> Value {
    serde_json::from_str(&door.ok(&["triage", "explain", text, "--json"]).await).unwrap()
}

pub async fn taught() -> World {
    let world = World::start().await;
    say(&world, "ada", PARCEL).await;
    world.handle(1, label("support")).await;
    study(&world).await;
    world
}

pub fn sources(file: &Path, toml: &str) -> Sources {
    std::fs::write(file, toml).unwrap();
    let env = [("HOME".to_owned(), "/home/ada".to_owned())];
    Sources { config: Some(file.to_owned()), env: env.into(), flags: Vec::new(), root: true }
}

/// Changes the database behind the desk's back.
pub async fn meddle(world: &World, sql: &'static str) {
    let path = world.database();
    let write = move || rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    tokio::task::spawn_blocking(write).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn cls_01_every_message_is_classified_into_a_configured_category_with_its_task() {
    let world = World::start().await;
    let names: Vec<&str> = world.config.rules.categories.iter().map(|rule| rule.name.as_str()).collect();
    let corpus = [
        ("our invoice was charged twice", "billing"),
        ("the export crashes with error 500", "bug"),
        ("what does the enterprise plan cost for 40 seats?", "sales"),
        ("please add a dark mode, would be great", "feature"),
        ("I cannot log in since monday", "support"),
        ("🎉", "other"),
    ];
    for (text, expected) in corpus {
        let verdict = say(&world, "ada", text).await;
        assert_eq!(verdict.category, expected, "{text}");
        assert!(names.contains(&verdict.category.as_str()));
    }
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn cls_01_a_correction_changes_the_verdict_on_the_next_one() {
    let world = World::start().await;
    let before = say(&world, "ada", PARCEL).await;
    assert_eq!((before.category.as_str(), before.abstained), ("other", true));
    world.handle(1, label("support")).await;
    study(&world).await;
    let after = say(&world, "grace", ANOTHER).await;
    assert_eq!((after.category.as_str(), after.by.as_str(), after.abstained), ("support", "learned", false));
    assert!(after.confidence > 0.5, "{after:?}");
    let unrelated = say(&world, "grace", "our invoice was charged twice").await;
    assert_eq!(unrelated.category, "billing", "one example is not a rule: {unrelated:?}");
    assert!(!after.to_json().contains("depot"), "no word of a customer is in a verdict");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn cls_02_list_and_task_say_the_category_and_who_decided_it() {
    let world = taught().await;
    say(&world, "grace", ANOTHER).await;
    say(&world, "noor", "our invoice was charged twice").await;
    world.handle(3, label("sales")).await;
    let door = Door::open(world.desk().front());
    let (_, list) = door.get("/v1/tasks").await;
    let told = |number: i64| {
        let all = list.as_array().unwrap();
        let row = all.iter().find(|row| row["id"] == number).unwrap();
        (row["category"].as_str().unwrap().to_owned(), row["category_by"].as_str().unwrap().to_owned())
    };
    assert_eq!(told(1), ("support".into(), "person".into()));
    assert_eq!(told(2), ("support".into(), "learned".into()));
    assert_eq!(told(3), ("sales".into(), "person".into()));
    let (_, page) = door.get("/v1/tasks/2").await;
    assert_eq!((&page["category_by"], &page["verdict"]["by"]), (&"learned".into(), &"learned".into()));
    assert_eq!(page["verdict"]["evidence"][0]["kind"], "learned");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn cls_04_a_reply_in_the_thread_is_judged_together_with_its_task() {
    let world = World::start().await;
    let root = world.slack.say("ada", "support", "there is something with our account of may").unwrap();
    world.pass(40).await;
    let first = world.task(1).await.task.category;
    world
        .slack
        .say_in_thread("ada", "support", &root, "the invoice was charged twice, we want a refund")
        .unwrap();
    world.pass(40).await;
    let detail = world.task(1).await;
    assert_ne!(first, "billing");
    assert_eq!((detail.task.category.as_str(), detail.verdict.category.as_str()), ("billing", "billing"));
    let changes: Vec<&str> = detail.history.iter().map(|entry| entry.change.code()).collect();
    assert!(changes.contains(&"joined") && changes.contains(&"reclassified"), "{changes:?}");
    world.handle(1, label("sales")).await;
    world.slack.say_in_thread("ada", "support", &root, "and the export crashes with error 500").unwrap();
    world.pass(40).await;
    assert_eq!(world.task(1).await.task.category, "sales", "what a person chose stays");
    let judged = world.space().judgements(deskd::domain::time::Timestamp(0)).await;
    assert_eq!(judged.unwrap().len(), 3, "each bundle's judgement is kept");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn who_taught_what_stands_in_the_history() {
    let world = taught().await;
    let history: Vec<String> =
        world.task(1).await.history.iter().map(|entry| entry.change.sentence()).collect();
    assert_eq!(
        history,
        ["opened from bundle 1", "category changed from other to support", "taught as an example of support"]
    );
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_knows_the_same_to_the_last_digit() {
    let mut world = taught().await;
    say(&world, "grace", "our invoice was charged twice").await;
    world.handle(2, Handling::Close).await;
    say(&world, "noor", "who repairs the parcel robot?").await;
    world.handle(3, label("bug")).await;
    study(&world).await;
    let texts = [ANOTHER, "is the robot broken", "a crate of invoices"];
    let mut told = Vec::new();
    for _ in 0..2 {
        let door = Door::open(world.desk().front());
        for text in texts {
            told.push(explain(&door, text).await);
        }
        door.close().await;
        world.close().await;
        world.open().await;
    }
    assert_eq!(told[..3], told[3..]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn closing_without_a_change_is_a_weak_yes() {
    let world = World::start().await;
    say(&world, "ada", "our invoice was charged twice, we want a refund").await;
    say(&world, "grace", PARCEL).await;
    world.handle(1, Handling::Close).await;
    world.handle(2, Handling::Close).await;
    let kept = examples(&world).await.rows;
    let told: Vec<(&str, Source, f32)> =
        kept.iter().map(|kept| (kept.example.category(), kept.source, kept.example.weight())).collect();
    assert_eq!(told, [("billing", Source::Accepted, 0.3)], "nobody chose \"other\" for the second one");
    let before = kept[0].example.before().unwrap();
    assert!(before.right, "what was said before is kept with it");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_later_word_counts_in_the_place_of_the_earlier_one() {
    let world = taught().await;
    world.handle(1, label("bug")).await;
    world.handle(1, Handling::Close).await;
    let categories = |kept: Kepts| -> Vec<String> {
        kept.rows.iter().map(|kept| kept.example.category().to_owned()).collect()
    };
    assert_eq!(categories(examples(&world).await), ["bug"]);
    study(&world).await;
    assert_eq!(say(&world, "grace", ANOTHER).await.category, "bug");
    let now = world.clock.now();
    let alice = Actor::Operator("alice".into());
    let gone = world.space().untaught(Some(TaskNumber(1)), alice, now).await.unwrap();
    assert_eq!(gone.unwrap().category, "bug");
    assert_eq!(categories(examples(&world).await), ["support"], "the earlier one counts again");
    study(&world).await;
    assert_eq!(say(&world, "noor", ANOTHER).await.category, "support");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_undone_was_never_there() {
    let world = World::start().await;
    say(&world, "ada", "our invoice was charged twice").await;
    world.handle(1, label("sales")).await;
    study(&world).await;
    let door = Door::open(world.desk().front());
    let before = explain(&door, ANOTHER).await;
    say(&world, "grace", PARCEL).await;
    door.ok(&["task", "label", "2", "support"]).await;
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await["category"], "support");
    assert_snapshot!(timeless(&door.ok(&["triage", "undo"]).await), @"taken back: from task 2, that it is support, taught by user:NAME");
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await, before, "exactly as before");
    let history = world.task(2).await.history;
    assert_eq!(history.last().unwrap().change.sentence(), "not taught as an example of support any more");
    door.ok(&["triage", "undo", "--task", "1"]).await;
    let nothing = door.deskd(&["triage", "undo"]).await;
    assert_eq!(nothing.code, 1);
    assert_snapshot!(nothing.err, @"
    error: nobody has taught anything yet
      hint: deskd task label NUMBER CATEGORY
    ");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_one_person_taught_can_be_forgotten() {
    let world = taught().await;
    say(&world, "grace", "our invoice was charged twice").await;
    let door = Door::open(world.desk().front());
    door.ok(&["task", "label", "2", "sales"]).await;
    assert_eq!(door.ok(&["triage", "forget", "--person", "user:alice"]).await, "forgot one example\n");
    world.pass(1).await;
    assert_eq!(explain(&door, PARCEL).await["learned"]["examples"], 1);
    assert_eq!(examples(&world).await.rows[0].example.category(), "sales");
    assert_eq!(
        door.ok(&["triage", "forget", "--person", "@tess"]).await,
        "they have taught nothing that is still learned\n"
    );
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_contact_takes_what_was_learned_from_it_along() {
    let world = taught().await;
    let door = Door::open(world.desk().front());
    assert_eq!(explain(&door, ANOTHER).await["category"], "support");
    let contact: ContactId = world.task(1).await.task.contact.id;
    world.space().erase_contact(contact, Actor::Operator("alice".into()), world.clock.now()).await.unwrap();
    assert_eq!(examples(&world).await.rows, []);
    study(&world).await;
    let told = explain(&door, ANOTHER).await;
    assert_eq!((&told["category"], &told["learned"]["examples"]), (&"other".into(), &0.into()));
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_example_goes_with_its_task_when_its_time_is_over() {
    let world = taught().await;
    world.handle(1, Handling::Close).await;
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let kept = Retention { events: day, tasks: day, deliveries: day };
    let later = world.clock.now().plus(2 * day);
    assert_eq!(world.store().prune(Class::Tasks, kept, later).await.unwrap(), 1);
    study(&world).await;
    assert_eq!(examples(&world).await.rows, []);
    assert_eq!(say(&world, "grace", ANOTHER).await.category, "other");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_taken_back_teaches_nothing_any_more() {
    let world = World::start().await;
    let ts = world.slack.say("ada", "support", PARCEL).unwrap();
    world.pass(40).await;
    world.handle(1, label("support")).await;
    world.slack.edit("support", &ts, "the parcel robot lost my crate").unwrap();
    world.pass(5).await;
    assert_eq!(examples(&world).await.rows[0].example.texts(), ["the parcel robot lost my crate"]);
    world.slack.delete("support", &ts).unwrap();
    world.pass(5).await;
    assert_eq!(examples(&world).await.rows, []);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_no_request_makes_no_task_next_time_unless_the_desk_is_mentioned() {
    let world = World::start().await;
    say(&world, "ada", LUNCH).await;
    let door = Door::open(world.desk().front());
    let closed = door.ok(&["task", "close", "1", "--not-a-request"]).await;
    assert_eq!(closed, "task 1 is now done, normal, other\n");
    world.pass(1).await;
    world.slack.say("grace", "support", "hi all, noodles at noon, the usual table").unwrap();
    world.pass(40).await;
    assert_eq!(count(&world).await, 1, "no task was made");
    assert_snapshot!(timeless(&door.ok(&["why", "bundle", "2"]).await), @"
    bundle 2
      CLOCK  taken for no request, 97 % sure, as learned from 1 example; hint: deskd task make 2
                makes a task of it
    ");
    let bot = world.slack.setup().app.bot_user_id;
    world.slack.say("grace", "support", &format!("<@{bot}> {LUNCH}")).unwrap();
    world.pass(40).await;
    assert_eq!(count(&world).await, 2, "a mention always makes one");
    for urgent in ["urgent: noodles at noon, the usual corner table", "the invoice of the corner table"] {
        world.slack.say("noor", "support", urgent).unwrap();
        world.pass(40).await;
    }
    assert_eq!(count(&world).await, 4, "what is pressing, or only resembles it, makes one");
    door.ok(&["task", "make", "2"]).await;
    world.pass(5).await;
    assert_eq!(count(&world).await, 5, "and a person can have one made");
    assert_eq!(door.deskd(&["task", "make", "2"]).await.code, 1, "only once");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_mention_that_comes_late_brings_a_task_back_that_was_passed_over() {
    let world = World::start().await;
    say(&world, "ada", LUNCH).await;
    world.handle(1, Handling::Dismiss).await;
    study(&world).await;
    let root = world.slack.say("grace", "support", LUNCH).unwrap();
    world.pass(40).await;
    assert_eq!(count(&world).await, 1);
    // Somebody goes on in the thread of a bundle that was passed over: that is judged by itself.
    world.slack.say_in_thread("grace", "support", &root, "and the export crashes with error 500").unwrap();
    world.pass(40).await;
    assert_eq!(count(&world).await, 2);
    assert_eq!(world.task(2).await.task.category, "bug");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_shadow_learns_and_the_rules_decide() {
    let world = World::with(Setup::default(), |config| config.triage.learn = Learn::Shadow).await;
    say(&world, "ada", PARCEL).await;
    world.handle(1, label("support")).await;
    say(&world, "ada", LUNCH).await;
    world.handle(2, Handling::Dismiss).await;
    study(&world).await;
    let verdict = say(&world, "grace", ANOTHER).await;
    assert_eq!((verdict.category.as_str(), verdict.by.as_str()), ("other", "rules"));
    world.slack.say("grace", "support", LUNCH).unwrap();
    world.pass(40).await;
    assert_eq!(count(&world).await, 4, "nothing is passed over");
    let judged = world.space().judgements(deskd::domain::time::Timestamp(0)).await;
    let third = &judged.unwrap()[2];
    assert_eq!((third.category.as_str(), third.learned.as_str()), ("other", "support"));
    let door = Door::open(world.desk().front());
    assert_snapshot!(door.ok(&["triage", "explain", ANOTHER]).await, @"
    other (15 % sure), normal, by the rules
      unsure   nobody is sure enough: a person, or the language model, should look
      words    parcel (+0.20), my (+0.20), another (+0.19)
      learned  support (72 % sure), which does not count
      because  no rule matched, so it is other
    ");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn switched_off_it_keeps_nothing() {
    let world = World::with(Setup::default(), |config| config.triage.learn = Learn::Off).await;
    say(&world, "ada", PARCEL).await;
    let door = Door::open(world.desk().front());
    door.ok(&["task", "label", "1", "support"]).await;
    let closed = door.ok(&["task", "close", "1", "--not-a-request"]).await;
    assert!(closed.ends_with("remark: nothing is learned from it: [triage] learn is \"off\"\n"), "{closed}");
    assert_eq!(examples(&world).await.rows, []);
    assert_eq!(say(&world, "grace", ANOTHER).await.category, "other");
    assert!(explain(&door, ANOTHER).await["learned"].is_null());
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn categories_come_and_go_with_the_configuration_and_their_examples_wait() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let added = "[[category]]\nname = \"logistics\"\n";
    world.desk().reload(&sources(&file, added)).await.unwrap();
    say(&world, "ada", PARCEL).await;
    let door = Door::open(world.desk().front());
    door.ok(&["task", "label", "1", "logistics"]).await;
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await["category"], "logistics", "from the first example");
    world.desk().reload(&sources(&file, "")).await.unwrap();
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await["category"], "other", "it waits");
    world.desk().reload(&sources(&file, added)).await.unwrap();
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await["category"], "logistics", "and counts again");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_renamed_category_keeps_what_it_was_taught() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    world.desk().reload(&sources(&file, "[[category]]\nname = \"logistics\"\n")).await.unwrap();
    say(&world, "ada", PARCEL).await;
    let door = Door::open(world.desk().front());
    door.ok(&["task", "label", "1", "logistics"]).await;
    let renamed = "[[category]]\nname = \"shipping\"\nformerly = [\"logistics\"]\n";
    world.desk().reload(&sources(&file, renamed)).await.unwrap();
    world.pass(1).await;
    assert_eq!(explain(&door, ANOTHER).await["category"], "shipping", "from the first moment");
    assert!(door.ok(&["triage", "export"]).await.starts_with("shipping\t"), "under its name of today");
    let report: Value = serde_json::from_str(&door.ok(&["--json", "triage", "report"]).await).unwrap();
    assert_eq!(report["confusion"][0]["right"], "shipping", "{report}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_learner_is_told_in_status_and_figures() {
    let world = taught().await;
    say(&world, "grace", ANOTHER).await;
    let door = Door::open(world.desk().front());
    let (_, figures) = door.text("/metrics", "text/plain").await;
    for line in [
        "deskd_triage_examples{source=\"person\"} 1",
        "deskd_triage_verdicts_total{by=\"rules\"} 1",
        "deskd_triage_verdicts_total{by=\"learned\"} 1",
        "deskd_triage_abstained_total 1",
        "deskd_triage_passed_over_total 0",
        "deskd_triage_examples_corrupt 0",
        "deskd_triage_rebuild_seconds",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
    assert!(door.ok(&["status"]).await.contains("learner    1 example (1 person)"));
    door.close().await;
    world.finish().await;
}
