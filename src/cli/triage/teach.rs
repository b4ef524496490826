//! `deskd triage explain`, `undo` and `forget`: why something is judged as it is, and taking back what was taught.

use anyhow::Result;
use serde_json::json;

use super::super::call::{Call, Exit};
use super::super::client::Client;
use super::super::screen::{View, bold, styled, wrapped};
use crate::web::teach::{ExplanationDocument, UntaughtDocument, UntaughtRow};

/// Say how a text or a task would be judged now, and which words decide
///
/// The weight of a word is how much smaller the lead of the category would be without it.
#[derive(Clone, Debug, clap::Args)]
pub struct Explain {
    /// A message as somebody might write it.
    #[arg(required_unless_present = "task", conflicts_with = "task")]
    text: Vec<String>,
    /// What contacts wrote in this task.
    #[arg(long, value_name = "NUMBER")]
    task: Option<i64>,
}

/// Take back the last thing that a person taught, or what was learned from a task
///
/// The task keeps its category; what the desk learned from it is gone as if it had never been there.
#[derive(Clone, Debug, clap::Args)]
pub struct Undo {
    /// What was learned from this task.
    #[arg(long, value_name = "NUMBER")]
    task: Option<i64>,
}

/// Forget everything that one person taught
#[derive(Clone, Debug, clap::Args)]
pub struct Forget {
    /// A teammate (@handle, Slack id or e-mail address), or user:NAME for somebody at the command line.
    #[arg(long, value_name = "WHO")]
    person: String,
}

/// Explains.
pub async fn explain(args: &Explain, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let question = match args.task {
        Some(number) => json!({ "task": number }),
        None => json!({ "text": args.text.join(" ") }),
    };
    let answer = client.post("/v1/triage/explain", &question).await?;
    call.show(&answer, |told: &ExplanationDocument, view| explained(told, view))
}

/// Takes back one example.
pub async fn undo(args: &Undo, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let which = args.task.map_or(json!({}), |number| json!({ "task": number }));
    let answer = client.post("/v1/triage/undo", &which).await?;
    call.show(&answer, |gone: &UntaughtDocument, _| gone.untaught.iter().map(untaught).collect())
}

/// Forgets what one person taught.
pub async fn forget(args: &Forget, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let answer = client.post("/v1/triage/forget", &json!({ "person": args.person })).await?;
    call.show(&answer, |gone: &UntaughtDocument, _| match gone.untaught.len() {
        0 => "they have taught nothing that is still learned\n".to_owned(),
        1 => "forgot one example\n".to_owned(),
        count => format!("forgot {count} examples\n"),
    })
}

fn untaught(row: &UntaughtRow) -> String {
    let what = match row.category.as_str() {
        "" => "that it is no request".to_owned(),
        category => format!("that it is {category}"),
    };
    let whence = row.task.map(|number| format!("from task {number}, ")).unwrap_or_default();
    format!("taken back: {whence}{what}, taught by {}\n", row.by)
}

fn explained(told: &ExplanationDocument, view: &View) -> String {
    let who = if told.by == "learned" { "what was learned" } else { "the rules" };
    let sure = told.confidence * 100.0;
    let title = format!("{} ({sure:.0} % sure), {}, by {who}", told.category, told.priority);
    let mut text = format!("{}\n", styled(bold(), title));
    let mut line = |label: &str, what: String| {
        let wrapped = wrapped(&what, view.prose(), &" ".repeat(LABEL + 2));
        text.push_str(&format!("  {label:<LABEL$}{}", wrapped.trim_start()));
    };
    if let Some(why) = &told.passed_over {
        line("no task", why.clone());
    }
    if told.abstained {
        line("unsure", "nobody is sure enough: a person, or the language model, should look".to_owned());
    }
    let words: Vec<String> =
        told.words.iter().map(|word| format!("{} (+{:.2})", word.word, word.weight)).collect();
    line("words", if words.is_empty() { "none decided".to_owned() } else { words.join(", ") });
    let phrases = told.phrases.iter().map(|found| format!("\"{}\" for {}", found.phrase, found.category));
    let phrases: Vec<String> = phrases.collect();
    if !phrases.is_empty() {
        line("found", phrases.join(", "));
    }
    let others = told.runners_up.iter().map(|(name, share)| format!("{name} {:.0} %", share * 100.0));
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        line("others", others.join(", "));
    }
    match &told.learned {
        Some(learned) if told.by != "learned" && learned.examples > 0 => {
            let sure = learned.confidence * 100.0;
            line("learned", format!("{} ({sure:.0} % sure), which does not count", learned.category));
        }
        Some(_) | None => {}
    }
    line("because", told.reasons.join("; "));
    text
}

/// Width of the first column.
const LABEL: usize = 9;
