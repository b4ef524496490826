//! `deskd test`: does every destination take a message?

use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{bad, good, styled};
use crate::web::probe::{ProbeDocument, Probed};

/// Send a marked test message to every destination of the routes and report each result.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only those of this route.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
}

/// Sends, waits and reports; ends with 1 when one of them did not take it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let body = match &args.route {
        Some(route) => json!({ "route": route }),
        None => json!({}),
    };
    let answer = Client::new(&call.sources)?.post("/v1/test", &body).await?;
    let ok = answer.read::<ProbeDocument>()?.ok;
    call.show(&answer, |document: &ProbeDocument, _| told(document))?;
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

fn told(document: &ProbeDocument) -> String {
    if document.destinations.is_empty() {
        return "no route has a destination; hint: see docs/routing.md\n".to_owned();
    }
    document.destinations.iter().map(line).collect()
}

fn line(probed: &Probed) -> String {
    let word = if probed.ok { styled(good(), "sent") } else { styled(bad(), &probed.state) };
    let why = if probed.reason.is_empty() { String::new() } else { format!(": {}", probed.reason) };
    format!("{}  {word}{why}\n", probed.destination)
}
