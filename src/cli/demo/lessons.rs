//! The third part: somebody corrects the desk once, the next message of the kind is known, and the desk says by which words.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::narrator::Narrator;
use super::stage::{QUIET, Stage};
use crate::domain::learn::Knowledge;
use crate::domain::task::Actor;
use crate::store::tasks::{Doing, Handling, Task, TaskFilter};

/// How long something that has to come may take, beyond the quiet period.
const PATIENCE: Duration = Duration::from_secs(8);

/// What linus writes: no configured word is in it.
const FIRST: &str = "The courier left our box in the rain";
/// What noor writes afterwards.
const SECOND: &str = "Again a courier left our box in the rain";
/// What a teammate says that it is.
const RIGHT: &str = "support";

/// Plays it; what is not as told comes back, one sentence each.
pub async fn play(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<Vec<String>> {
    narrator.heading("A message that the rules know nothing of. Somebody puts it right, once")?;
    stage.slack.say("linus", "support", FIRST)?;
    let first = task_of(stage, narrator, "linus").await.context("no task came of linus's words")?;
    narrator.typed(&format!("deskd task label {} {RIGHT}", first.number))?;
    let actor = Actor::Operator("demo".to_owned());
    let doing = Doing { handling: Handling::Label(RIGHT.to_owned()), actor, teaches: true };
    stage.front.store.of(&stage.workspace).handle_task(first.number, doing, stage.now()).await?;
    (stage.front.learned.learn)();
    learned(stage, narrator).await?;
    narrator.heading("The next of the kind is known, and the desk says by which words")?;
    stage.slack.say("noor", "support", SECOND)?;
    let second = task_of(stage, narrator, "noor").await.context("no task came of noor's words")?;
    narrator.typed(&format!("deskd triage explain --task {}", second.number))?;
    let Some(known) = stage.front.learned.mind.of(&stage.workspace) else { bail!("nothing is known") };
    narrator.answered(&explained(&known))?;
    Ok(differences(&first, &second))
}

fn differences(first: &Task, second: &Task) -> Vec<String> {
    let mut found = Vec::new();
    if first.category == RIGHT {
        found.push(format!("the rules should not know that this is {RIGHT}"));
    }
    if (second.category.as_str(), second.category_by.as_str()) != (RIGHT, "learned") {
        let is = (&second.category, &second.category_by);
        found.push(format!("the second message should be {RIGHT}, as learned, and is {is:?}"));
    }
    found
}

/// The category and the words that decided.
fn explained(known: &Knowledge) -> String {
    let explanation = known.explain(&[SECOND], &[]);
    let category = explanation.judgement.category().unwrap_or_default();
    let words = explanation.words.iter().map(|word| format!("{} ({:.2})", word.word, word.weight));
    let sure = explanation.judgement.confidence * 100.0;
    format!("{category}, {sure:.0} % sure, by the words {}", words.collect::<Vec<_>>().join(", "))
}

/// The newest task of a person in #support, as soon as it is there.
async fn task_of(stage: &Stage, narrator: &mut Narrator<'_>, handle: &str) -> Result<Task> {
    let person = stage.slack.user_id(handle)?;
    let until = stage.now().plus(QUIET + PATIENCE);
    while stage.now() < until {
        narrator.glance().await?;
        let tasks = stage.front.store.of(&stage.workspace).tasks(TaskFilter::default()).await?;
        let mut theirs =
            tasks.into_iter().filter(|task| task.contact.person.0 == person && task.channel.1 == "support");
        if let Some(task) = theirs.next() {
            narrator.look().await?;
            return Ok(task);
        }
    }
    bail!("waited {:?} for it", QUIET + PATIENCE)
}

/// Waits until what was taught is known.
async fn learned(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<()> {
    let until = stage.now().plus(PATIENCE);
    while stage.now() < until {
        narrator.glance().await?;
        let known = stage.front.learned.mind.of(&stage.workspace);
        if known.is_some_and(|known| known.examples_of(RIGHT) > 0) {
            return Ok(());
        }
    }
    bail!("waited {PATIENCE:?} until the correction was learned")
}
