//! What was learned is seen and carried: how good it was, words for the rules, lines out and in, and priorities.

use deskd::config::{Environment, Sources};
use deskd::domain::classify::{Compiled, Learn};
use deskd::domain::rules::CategoryRule;
use deskd::simulator::Setup;
use insta::assert_snapshot;
use serde_json::Value;

use crate::api_door::{Door, timeless};
use crate::world::World;

/// A desk that has a category "shipping", of which the rules know one word.
async fn desk(learn: Learn) -> (World, Door) {
    let world = World::with(Setup::default(), |config| {
        config.triage.learn = learn;
        let rule = config.rules.categories[0].clone();
        let shipping = CategoryRule {
            name: "shipping".to_owned(),
            keywords: vec!["parcel".to_owned()],
            phrases: Vec::new(),
            ..rule
        };
        config.rules.categories.push(shipping);
    })
    .await;
    let door = Door::open(world.desk().front());
    (world, door)
}

async fn finish(world: World, door: Door) {
    door.close().await;
    world.finish().await;
}

/// Somebody writes, and it becomes a task.
async fn task(world: &World, person: &str, text: &str) {
    world.slack.say(person, "support", text).unwrap();
    world.pass(40).await;
}

async fn json(door: &Door, words: &[&str]) -> Value {
    let all: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
    serde_json::from_str(&door.ok(&all).await).unwrap()
}

/// What people in this shop write about shipping; no word of the rules is in most of them.
const SHIPPING: [&str; 6] = [
    "the courier left our box in the rain",
    "the courier left my box in the rain, too",
    "again the courier left our box in the rain",
    "no courier came for our box today",
    "the courier brought no box today",
    "our box lies at the depot of the courier",
];

/// Teaches all of `SHIPPING`, one task after the other.
async fn teach(world: &World, door: &Door) {
    for (at, text) in SHIPPING.iter().enumerate() {
        task(world, ["ada", "grace", "linus"][at % 3], text).await;
        door.ok(&["task", "label", &(at + 1).to_string(), "shipping"]).await;
        world.pass(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_counts_what_was_said_before_it_was_learned() {
    let (world, door) = desk(Learn::On).await;
    assert_snapshot!(timeless(&door.ok(&["triage", "report"]).await), @"
    0 tasks judged since 2025-12-06 09:00, learning is on
    of none it is known what was right; hint: deskd task label N CATEGORY, or close tasks whose category is right
    ");
    teach(&world, &door).await;
    task(&world, "ada", "our invoice was charged twice").await;
    door.ok(&["task", "close", "7"]).await;
    task(&world, "grace", "nobody has said anything about this one").await;
    world.pass(1).await;
    assert_snapshot!(timeless(&door.ok(&["triage", "report", "--since", "2d"]).await), @"
    8 tasks judged since 2026-01-03 09:05, learning is on
    right: 57 % of 7
      the desk acted by the right category: 29 %
      where a person said what is right: 50 % of 6
      confidence is off by 14 % on average

    FROM        JUDGED  RIGHT  AS ACTED
    2026-01-05  7       57 %   29 %      ███████████

    HOW SURE      OF ALL  OF THESE RIGHT
    0 % or more   100 %   57 %
    30 % or more  71 %    60 %
    50 % or more  29 %    100 %
    70 % or more  14 %    100 %
    80 % or more  14 %    100 %
    90 % or more  14 %    100 %

    CATEGORY  TASKS  FOUND  SAID  OF THESE RIGHT  EXAMPLES
    shipping  6      50 %   3     100 %           6
    billing   1      100 %  1     100 %           1
    other     0      -      3     0 %             0

    RIGHT WAS  SAID WAS  TIMES
    shipping   other     3

    examples by source: 1 accepted, 6 person
    ");
    let told = json(&door, &["triage", "report"]).await;
    assert_eq!((&told["tasks"], &told["judged"], &told["told"]), (&8.into(), &7.into(), &6.into()));
    let first = &told["over_time"][0];
    assert_eq!((&first["judged"], &first["from"]), (&7.into(), &"2026-01-05".into()));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_later_look_at_a_task_does_not_count_as_foreseen() {
    let (world, door) = desk(Learn::On).await;
    let first = world.slack.say("ada", "support", SHIPPING[0]).unwrap();
    world.pass(40).await;
    door.ok(&["task", "label", "1", "shipping"]).await;
    world.pass(1).await;
    world.slack.say_in_thread("ada", "support", &first, "the courier also left a second box").unwrap();
    world.pass(40).await;
    let told = json(&door, &["triage", "report"]).await;
    assert_eq!((&told["tasks"], &told["judged"], &told["accuracy"]), (&1.into(), &1.into(), &0.0.into()));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_report_is_a_picture_too() {
    let (world, door) = desk(Learn::On).await;
    let file = door.file("report.png");
    let path = file.display().to_string();
    let early = door.deskd(&["triage", "report", "--png", &path]).await;
    assert_eq!(early.code, 1);
    assert!(
        early.err.contains("there is nothing to draw yet") && early.err.contains("hint: deskd task label")
    );
    teach(&world, &door).await;
    assert!(door.ok(&["triage", "report", "--png", &path]).await.contains("report.png is written"));
    let bytes = std::fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 4_000, "{} bytes", bytes.len());
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_the_report_says_what_would_have_been() {
    let (world, door) = desk(Learn::Shadow).await;
    teach(&world, &door).await;
    let told = json(&door, &["triage", "report"]).await;
    assert_eq!((&told["learn"], &told["accuracy_acted"]), (&"shadow".into(), &0.0.into()), "{told}");
    assert!(told["accuracy"].as_f64().unwrap() > 0.1, "the learner would have known some: {told}");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_suggested_can_be_pasted_and_the_rules_know_it_then() {
    let (world, door) = desk(Learn::On).await;
    assert_snapshot!(door.ok(&["triage", "suggest"]).await, @"# nothing was taught yet; hint: deskd task label N CATEGORY, or deskd triage import FILE");
    teach(&world, &door).await;
    let lines: String = [
        "our invoice is wrong",
        "the invoice was paid",
        "how do I add a user",
        "the export fails",
        "a refund, please",
        "which plan has the api",
        "it crashes at noon",
        "what does the plan cost",
    ]
    .iter()
    .zip(["billing", "billing", "question", "bug", "billing", "sales", "bug", "sales"])
    .map(|(text, category)| format!("{category}\t{text}\n"))
    .collect();
    std::fs::write(door.file("more.tsv"), lines).unwrap();
    door.ok(&["triage", "import", &door.file("more.tsv").display().to_string()]).await;
    let toml = door.ok(&["triage", "suggest"]).await;
    assert_snapshot!(toml, @r#"
    # In place of the lists that these categories have now; the words so far are in them.

    # 6 examples, of which the rules get 6 wrong; these words stand in 6 of those
    [[category]]
    name = "shipping"
    keywords = [
        "parcel",
        "box",  # in 6 examples of it, in 0 of others
    ]
    "#);
    let path = door.file("config.toml");
    std::fs::write(&path, &toml).unwrap();
    let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(path), env, flags: Vec::new(), root: false };
    let rules = sources.load().map_err(|problems| problems.to_string()).unwrap().config.rules;
    let compiled = Compiled::new(&rules);
    let shipping = compiled.rules().categories.iter().find(|rule| rule.name == "shipping").unwrap();
    assert_eq!(shipping.keywords[0], "parcel", "the words so far stay");
    assert!(shipping.keywords.iter().any(|word| word == "box"), "{:?}", shipping.keywords);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_taught_moves_to_another_desk_and_twice_is_as_good_as_once() {
    let (world, door) = desk(Learn::On).await;
    teach(&world, &door).await;
    task(&world, "linus", "who is in for lunch at noon?").await;
    door.ok(&["task", "close", "7", "--not-a-request"]).await;
    let file = door.file("taught.tsv");
    let path = file.display().to_string();
    assert!(door.ok(&["triage", "export", "-o", &path]).await.contains("holds 7 examples"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "others cannot read what people wrote");
    assert_eq!(door.ok(&["triage", "import", &path]).await, "0 examples are new, 7 were there\n");

    let (other, there) = desk(Learn::On).await;
    let before = json(&there, &["triage", "explain", "the courier left your box in the rain"]).await;
    assert_eq!(there.ok(&["triage", "import", &path]).await, "7 examples are new, 0 were there\n");
    assert_eq!(there.ok(&["triage", "import", &path]).await, "0 examples are new, 7 were there\n");
    other.pass(1).await;
    let after = json(&there, &["triage", "explain", "the courier left your box in the rain"]).await;
    assert_eq!(
        (&before["by"], &after["category"], &after["by"]),
        (&"rules".into(), &"shipping".into(), &"learned".into())
    );
    assert_eq!(there.ok(&["triage", "export"]).await, std::fs::read_to_string(&file).unwrap());
    finish(other, there).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_line_is_named_by_its_number_and_the_others_are_learned() {
    let (world, door) = desk(Learn::On).await;
    let file = door.file("lines.tsv");
    std::fs::write(
        &file,
        "shipping\tthe box is wet\nno tab in it, and a secret\nnowhere\ttext\n\tx\nbug\t...\n",
    )
    .unwrap();
    let ended = door.deskd(&["triage", "import", &file.display().to_string()]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @"
    2 examples are new, 0 were there
    not configured: nowhere; their examples wait; hint: add a [[category]] of that name
    lines left out: 3
      line 2: there is no tab between category and text
      line 4: there is no category
      line 5: there is nothing in it to learn from
    ");
    assert_eq!(json(&door, &["triage", "export"]).await["examples"], 2);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_priority_that_people_correct_is_learned_and_says_why() {
    let (world, door) = desk(Learn::On).await;
    let closed = [
        "how do I add a user",
        "where is the invoice of may",
        "which plan has the api",
        "the logo is blurry",
    ];
    for (at, text) in closed.iter().enumerate() {
        task(&world, "grace", text).await;
        door.ok(&["task", "close", &(at + 1).to_string()]).await;
    }
    let pressing = [
        "the payroll run of this month does not start",
        "our payroll shows the wrong month",
        "payroll is stuck at the approval step",
    ];
    for (at, text) in pressing.iter().enumerate() {
        task(&world, "ada", text).await;
        door.ok(&["task", "priority", &(at + 5).to_string(), "high"]).await;
        world.pass(1).await;
    }
    task(&world, "linus", "this payroll run does not start").await;
    let raised = json(&door, &["task", "show", "8"]).await;
    assert_eq!(raised["priority"], "high", "{raised}");
    let reasons = raised["verdict"]["reasons"].as_array().unwrap();
    let why = "examples of priority high, ";
    assert!(reasons.iter().any(|reason| reason.as_str().unwrap().contains(why)), "{reasons:?}");
    task(&world, "noor", "where can I see the plan").await;
    assert_eq!(json(&door, &["task", "show", "9"]).await["priority"], "normal");

    // Taken back, it is as if it had never been taught.
    for number in ["5", "6", "7"] {
        door.ok(&["triage", "undo", "--task", number]).await;
    }
    world.pass(1).await;
    task(&world, "ada", "this payroll run does not start").await;
    assert_eq!(json(&door, &["task", "show", "10"]).await["priority"], "normal");
    finish(world, door).await;
}

/// What follows `mark` in the README, up to the next `end`.
fn readme<'a>(mark: &str, end: &str) -> &'a str {
    let (_, rest) = include_str!("../../README.md").split_once(mark).expect("the README says so");
    rest.split_once(end).expect("it ends").0
}

#[tokio::test(start_paused = true)]
async fn the_readme_teaches_a_category_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, readme("<!-- teach -->\n```toml\n", "```")).unwrap();
    let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(path), env, flags: Vec::new(), root: false };
    let rules = sources.load().map_err(|problems| problems.to_string()).unwrap().config.rules;
    let world = World::with(Setup::default(), |config| config.rules = rules).await;
    let door = Door::open(world.desk().front());
    let question = readme(
        "A message without that word is not known to be of it. Ask:\n\n```sh\ndeskd triage explain \"",
        "\"",
    );
    let before = json(&door, &["triage", "explain", question]).await;
    assert_ne!(before["category"], "shipping");
    let file = door.file("shipping.tsv");
    let texts = readme("printf 'shipping\\t%s\\n' ", "> shipping.tsv").split('"').skip(1).step_by(2);
    std::fs::write(&file, texts.map(|text| format!("shipping\t{text}\n")).collect::<String>()).unwrap();
    door.ok(&["triage", "import", &file.display().to_string()]).await;
    world.pass(1).await;
    let after = json(&door, &["triage", "explain", question]).await;
    assert_eq!((&after["category"], &after["by"]), (&"shipping".into(), &"learned".into()), "{after}");
    finish(world, door).await;
}
