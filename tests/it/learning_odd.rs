//! What the learner makes of odd input: contradictions, corrupt rows, texts without sense.

use deskd::simulator::Setup;

use crate::api_door::Door;
use crate::world::World;

/// Nothing in it is a configured word, so the rules take it for "other".
use crate::learning::*;

#[tokio::test(start_paused = true)]
async fn two_people_who_teach_the_opposite_leave_it_open() {
    let world = World::start().await;
    for number in 1..=6 {
        say(&world, "ada", PARCEL).await;
        world.handle(number, label(if number % 2 == 0 { "bug" } else { "sales" })).await;
    }
    study(&world).await;
    let verdict = say(&world, "grace", PARCEL).await;
    let named: Vec<&str> = std::iter::once(verdict.category.as_str())
        .chain(verdict.runners_up.iter().map(|(name, _)| name.as_str()))
        .collect();
    assert!(named.contains(&"bug") && named.contains(&"sales"), "{verdict:?}");
    assert!(verdict.confidence < 0.7, "nobody is sure: {verdict:?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_example_is_left_out_and_told() {
    let world = taught().await;
    say(&world, "grace", "our invoice was charged twice").await;
    world.handle(2, label("sales")).await;
    meddle(&world, "UPDATE examples SET texts = 'no list' WHERE id = 2").await;
    study(&world).await;
    let door = Door::open(world.desk().front());
    let told = explain(&door, ANOTHER).await;
    assert_eq!((&told["category"], &told["learned"]["examples"]), (&"support".into(), &1.into()));
    let (_, status) = door.get("/v1/status").await;
    assert_eq!(status["learner"]["corrupt"], 1);
    assert!(door.ok(&["status"]).await.contains("1 example cannot be read"));
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn odd_messages_are_judged_and_taught_without_harm() {
    let world = taught().await;
    let long = format!("{ANOTHER}. {}", "lorem ipsum dolor ".repeat(2150));
    assert!(long.len() > 38_000);
    for (at, text) in ["🎉", "ааа ббб ввв ггг", "?", long.as_str()].into_iter().enumerate() {
        say(&world, "grace", text).await;
        let number = i64::try_from(at).unwrap() + 2;
        world.handle(number, label("feature")).await;
    }
    world.slack.share_file("noor", "support", "plan.pdf", "").unwrap();
    world.pass(40).await;
    assert_eq!(world.task(6).await.task.category, "other", "there is nothing to be judged in a file");
    world.handle(6, label("sales")).await;
    study(&world).await;
    assert_eq!(examples(&world).await.rows.len(), 5, "a file without a word is no example");
    assert_eq!(world.task(6).await.task.category, "sales");
    assert_eq!(say(&world, "ada", "🎉").await.category, "feature");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_is_sure_of_goes_to_the_fallback() {
    let world = World::with(Setup::default(), |config| config.triage.abstain_below = 0.99).await;
    say(&world, "ada", PARCEL).await;
    world.handle(1, label("support")).await;
    study(&world).await;
    let verdict = say(&world, "grace", "the robot is in the depot").await;
    assert_eq!((verdict.category.as_str(), verdict.abstained), ("other", true));
    assert!(verdict.runners_up.iter().any(|(name, _)| name == "support"), "{verdict:?}");
    world.finish().await;
}
