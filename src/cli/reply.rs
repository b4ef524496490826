//! `deskd reply`: an answer into the task's channel and thread.

use std::io::Read;

use anyhow::{Context, Result};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use crate::web::reply::Replied;

/// Answer a task in its channel and thread.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The task's number.
    pub number: String,
    /// What to say; "-" reads it from standard input.
    pub text: String,
    /// Come back when Slack has it, and print the link to it.
    #[arg(long)]
    pub wait: bool,
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
