//! `deskd queue`: what is to be sent, and what did not go out.

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bad, dim, odd};
use crate::web::queue::{QueueRow, Rescued};

/// Look at the outbox and rescue what did not go out.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List what has not gone out.
    List {
        /// Include what is sent and what was dropped.
        #[arg(long)]
        all: bool,
        /// Only these states: waiting, sending, sent, failed, dead, unknown, dropped (several with commas).
        #[arg(long, conflicts_with = "all")]
        state: Option<String>,
    },
    /// Try a row again from the beginning.
    Retry {
        /// The row's number.
        id: String,
    },
    /// Forget a row: it will not be sent.
    Drop {
        /// The row's number.
        id: String,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let path = |id: &str, verb: &str| super::task::numbered("/v1/queue", id, verb);
    match &args.what {
        What::List { all, state } => {
            let state = if *all { Some("all") } else { state.as_deref() };
            let query: Vec<(&str, &str)> = state.map(|state| ("state", state)).into_iter().collect();
            let answer = client.get("/v1/queue", &query).await?;
            call.show(&answer, |rows: &Vec<QueueRow>, view| table(rows, view))
        }
        What::Retry { id } => {
            let answer = client.post(&path(id, "/retry"), &json!({})).await?;
            call.show(&answer, |rescued: &Rescued, _| {
                let QueueRow { id, destination, .. } = &rescued.send;
                format!("send {id} to {destination} is tried again; hint: deskd queue list\n")
            })
        }
        What::Drop { id } => {
            let answer = client.post(&path(id, "/drop"), &json!({})).await?;
            call.show(&answer, |rescued: &Rescued, _| format!("send {} will not be sent\n", rescued.send.id))
        }
    }
}

/// The list.
pub fn table(rows: &[QueueRow], view: &View) -> String {
    if rows.is_empty() {
        return "nothing is waiting to go out, and nothing has failed; hint: deskd queue list --all\n"
            .to_owned();
    }
    let cells = |row: &QueueRow| {
        let task = row.task.map_or_else(|| "-".to_owned(), |task| task.to_string());
        vec![
            row.id.to_string(),
            row.kind.clone(),
            task,
            row.destination.clone(),
            row.state.clone(),
            row.attempts.to_string(),
            view.ago(row.next_at.as_deref()),
            row.sentence.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    };
    let all: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let header = ["ID", "KIND", "TASK", "TO", "STATE", "TRIES", "NEXT", "WHY"];
    let table = view.table(&header, &all, |at| match rows.get(at).map(|row| row.state.as_str()) {
        Some("failed" | "dead" | "unknown") => bad(),
        Some("sent" | "dropped") => dim(),
        Some("waiting") if rows.get(at).is_some_and(|row| row.attempts > 0) => odd(),
        Some(_) | None => Style::new(),
    });
    let stopped = rows.iter().find(|row| matches!(row.state.as_str(), "failed" | "dead" | "unknown"));
    let hint = stopped.map(|row| format!("hint: deskd queue retry {0}, or deskd queue drop {0}\n", row.id));
    format!("{table}{}", hint.unwrap_or_default())
}
