//! `deskd why`: what became of something, and why.

use anyhow::Result;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bold, dim, styled, wrapped};
use crate::web::why::WhyDocument;

/// Say what became of a message, an event, a task, a notice or a send, and why.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A message's link, CHANNEL/TS, an event id (Ev...), "task 12", "bundle 3", "event 991", "send 7",
    /// "trouble 2", "notice 7" or "delivery 9".
    #[arg(value_name = "REF", required = true)]
    about: Vec<String>,
}

/// Asks and prints the trail.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let answer = client.get("/v1/why", &[("ref", &args.about.join(" "))]).await?;
    call.show(&answer, |why: &WhyDocument, view| trail(why, view))
}

/// The trail, oldest first; the thing is named when it changes.
pub fn trail(why: &WhyDocument, view: &View) -> String {
    let mut text = String::new();
    let mut last = "";
    for step in &why.steps {
        if step.what != last {
            text.push_str(&format!("{}\n", styled(bold(), &step.what)));
            last = &step.what;
        }
        let when = view.clock(&step.at);
        let indent = " ".repeat(when.chars().count() + 4);
        let sentence = wrapped(&step.sentence, view.prose(), &indent);
        text.push_str(&format!("  {}  {}", styled(dim(), &when), sentence.trim_start()));
    }
    text
}
