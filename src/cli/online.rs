//! `deskd check --online`: the people and groups that the configuration mentions, looked up in the workspace by the daemon, and
//! how its further apps stand there.

use anyhow::Result;
use serde_json::json;

use super::client::Client;
use super::people::ended;
use crate::config::{Config, MentionNamed, Problem, Sources, Spot};
use crate::web::directory::{DirectoryDocument, MentionDocument};
use crate::web::status::StatusDocument;

/// What the daemon knows to be wrong with what the configuration names.
pub async fn look(sources: &Sources) -> Result<Vec<Problem>> {
    let mut wrong = wrong_apps(sources).await?;
    wrong.extend(unknown_mentions(sources).await?);
    Ok(wrong)
}

/// What is wrong with further apps, as the daemon sees them; none when there are none.
///
/// A configuration that cannot be loaded has none: what is wrong with it is told by the check itself.
async fn wrong_apps(sources: &Sources) -> Result<Vec<Problem>> {
    let Ok(loaded) = sources.load() else { return Ok(Vec::new()) };
    if loaded.config.slack.apps.is_empty() {
        return Ok(Vec::new());
    }
    let status: StatusDocument = Client::new(sources)?.get("/v1/status", &[]).await?.read()?;
    let known = |name: &str| status.apps.iter().any(|app| app.name == name);
    let key = |name: &str| format!("slack.app.{name}");
    let new = loaded.config.slack.apps.iter().filter(|app| !known(&app.name)).map(|app| {
        let what = "the running daemon was started without this app";
        Problem::new(Spot::Nowhere, &key(&app.name), what).hint("systemctl restart deskd")
    });
    let wrong = status.apps.iter().flat_map(|app| {
        let problem =
            |(what, hint): (String, String)| Problem::new(Spot::Nowhere, &key(&app.name), what).hint(hint);
        app.wrong().into_iter().map(problem).collect::<Vec<_>>()
    });
    Ok(new.chain(wrong).collect())
}

/// Every mention of the configuration that would call nobody. A directory that was never read is read first.
///
/// A configuration that cannot be loaded has none: what is wrong with it is told by the check itself.
async fn unknown_mentions(sources: &Sources) -> Result<Vec<Problem>> {
    let Ok(loaded) = sources.load() else { return Ok(Vec::new()) };
    let Config { mentions_named, .. } = loaded.config;
    if mentions_named.is_empty() {
        return Ok(Vec::new());
    }
    let client = Client::new(sources)?;
    let standing: DirectoryDocument = client.get("/v1/people/sync", &[]).await?.read()?;
    if standing.complete_at.is_none() {
        client.post("/v1/people/sync", &json!({})).await?;
        ended(&client).await?;
    }
    let words: Vec<&str> = mentions_named.iter().map(|named| named.text.as_str()).collect();
    let answer = client.post("/v1/mentions/look-up", &json!({ "mentions": words })).await?;
    let found: Vec<MentionDocument> = answer.read()?;
    let silent = mentions_named.iter().zip(&found).filter(|(_, document)| !document.calls);
    Ok(silent.map(|(named, document)| problem(named, document)).collect())
}

fn problem(named: &MentionNamed, document: &MentionDocument) -> Problem {
    // The text stands in the file: it may be an address, which no message repeats.
    let what = match document.reason.as_str() {
        "unknown" => "the workspace has no such person and no such group",
        "ambiguous" => "several people go by this name",
        "gone" => "the account of this person is closed",
        _ => "this calls nobody",
    };
    let hint = match (&document.nearest, document.reason.as_str()) {
        (Some(near), _) => format!("did you mean \"{near}\"?"),
        (None, "ambiguous") => "write the handle or the id: see \"deskd people list\"".to_owned(),
        (None, _) => {
            "see \"deskd people list\" and \"deskd groups list\"; \"deskd people sync\" reads them anew"
                .to_owned()
        }
    };
    Problem::new(named.spot.clone(), &named.key, what).hint(hint)
}
