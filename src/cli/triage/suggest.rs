//! `deskd triage suggest`: words that the team's corrections speak for, as TOML ready to be pasted.

use anyhow::Result;

use super::super::call::{Call, Exit};
use super::super::client::Client;
use crate::web::taught::SuggestDocument;

/// Words worth configuring: those that the rules lack, found in what was taught
///
/// The lists hold the words that are configured now and the new ones, each with how often it is right and wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Asks and tells.
pub async fn run(Args {}: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let answer = Client::new(&call.sources)?.get("/v1/triage/suggest", &[]).await?;
    call.show(&answer, |told: &SuggestDocument, _| screen(told))
}

/// The TOML, or why there is none. What is no TOML stands behind `#`, so that the whole can go into a file.
pub fn screen(told: &SuggestDocument) -> String {
    if !told.suggestions.is_empty() {
        return told.toml.clone();
    }
    let why = match told.examples {
        0 => "nothing was taught yet; hint: deskd task label N CATEGORY, or deskd triage import FILE"
            .to_owned(),
        count => format!(
            "no word of the {count} examples would help the rules; it has to stand in three of a category that they get \
             wrong, and in few of others"
        ),
    };
    format!("# {why}\n")
}
