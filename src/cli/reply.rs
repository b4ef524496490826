//! `deskd reply`: an answer into the task's channel and thread.

use std::io::Read;

use anyhow::{Context, Result};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use crate::domain::mrkdwn::preview;
use crate::web::reply::Replied;
use crate::web::tasks::TaskPage;

/// Answer a task in its channel and thread.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The task's number.
    pub number: String,
    /// What to say; "-" reads it from standard input.
    #[arg(allow_hyphen_values = true)]
    pub text: String,
    /// Come back when Slack has it, and print the link to it.
    #[arg(long)]
    pub wait: bool,
    /// Show where it would go and after what, and send nothing.
    #[arg(long, conflicts_with = "wait")]
    pub preview: bool,
}

/// The most that is read from standard input, in bytes: more than any reply may hold.
const LONGEST: u64 = 400_000;

/// Hands the reply over; with `--wait` ends with `Failed` unless Slack has it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let text = match args.text.as_str() {
        "-" => typed().await?,
        text => text.to_owned(),
    };
    let client = Client::new(&call.sources)?;
    if args.preview {
        let answer = client.get(&super::task::path(&args.number, ""), &[]).await?;
        return call.show(&answer, |page: &TaskPage, _| previewed(page, &text));
    }
    let path = super::task::path(&args.number, "/reply");
    let answer = client.post(&path, &json!({ "text": text, "wait": args.wait })).await?;
    let replied: Replied = answer.read()?;
    call.show(&answer, |replied: &Replied, _| told(replied, args.wait))?;
    match replied.state.as_str() {
        "sent" => Ok(Exit::Done),
        "waiting" if !args.wait => Ok(Exit::Done),
        // Never "try again": it is stored, and saying it again would say it twice.
        _ => Ok(Exit::Failed),
    }
}

async fn typed() -> Result<String> {
    let read = || {
        let mut text = String::new();
        std::io::stdin().take(LONGEST).read_to_string(&mut text).map(|_| text)
    };
    tokio::task::spawn_blocking(read)
        .await?
        .context("cannot read the reply from standard input; hint: is it text in UTF-8?")
}

/// Messages of the thread that a preview shows: enough to see that it is the right conversation.
const CONTEXT: usize = 3;

/// Where a reply would go, what was said there last, and what it would say.
pub fn previewed(page: &TaskPage, text: &str) -> String {
    let task = &page.task;
    let place = format!("to {} in #{}, thread {}\n", task.contact.name, task.channel.name, task.thread_ts);
    let last = page.conversation.iter().rev().take(CONTEXT).rev();
    let context: String =
        last.map(|said| format!("  {}: {}\n", said.author, preview(&said.plain, LINE))).collect();
    format!("{place}{context}  you: {text}\nnothing was sent\n")
}

/// Characters of a message that a preview shows.
const LINE: usize = 100;

/// What became of it, in a line or two.
pub fn told(replied: &Replied, waited: bool) -> String {
    let task = replied.task;
    let first = replied.sends.first().map(|part| part.id).unwrap_or_default();
    let why = replied.sentence.as_ref().map(|sentence| format!(": {sentence}")).unwrap_or_default();
    match (replied.state.as_str(), waited) {
        ("sent", _) => match &replied.permalink {
            Some(link) => format!("sent: {link}\n"),
            None => format!("sent; hint: deskd task show {task}\n"),
        },
        ("waiting", false) => {
            format!("stored, and on its way to Slack (send {first}); hint: deskd task show {task}\n")
        }
        ("waiting", true) => format!(
            "stored, but Slack does not have it yet{why}\n  deskd goes on by itself; hint: deskd queue list\n"
        ),
        ("failed", _) => {
            format!("Slack refused it{why}\n  hint: mend that, then deskd queue retry {first}\n")
        }
        ("unknown", _) => format!(
            "nobody can tell whether Slack has it{why}\n  hint: look at the thread, then deskd queue retry {first} \
             or deskd queue drop {first}\n"
        ),
        (state, _) => format!("not sent ({state}){why}\n  hint: deskd queue retry {first}\n"),
    }
}
