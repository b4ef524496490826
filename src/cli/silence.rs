//! `deskd silence`: what is not told for a while.

use std::collections::BTreeMap;

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, dim};
use crate::web::silences::{Expired, SilenceRow};

/// Keep notices from being told for a while. They are stored all the same.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Silence what matches.
    Add {
        /// What it is about: kind=alert,system=db-1; kind, category, severity, at_least, source, else fields. All have to hold.
        #[arg(long = "match", value_name = "NAME=VALUE", value_delimiter = ',', required = true)]
        matches: Vec<String>,
        /// How long: 2h, or until when: 2026-11-21T18:00:00Z.
        #[arg(long)]
        until: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List the silences that hold.
    List {
        /// Include what is over.
        #[arg(long)]
        all: bool,
    },
    /// End a silence now.
    Expire {
        /// Its number.
        id: i64,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Add { matches, until, reason } => {
            let body = json!({ "match": pairs(matches)?, "until": until, "reason": reason });
            let answer = Client::new(&call.sources)?.post("/v1/silences", &body).await?;
            call.show(&answer, |made: &SilenceRow, view| {
                format!("silence {} holds until {}\n", made.id, view.clock(&made.until))
            })
        }
        What::List { all } => {
            let query: &[(&str, &str)] = if *all { &[("all", "true")] } else { &[] };
            let answer = Client::new(&call.sources)?.get("/v1/silences", query).await?;
            call.show(&answer, |rows: &Vec<SilenceRow>, view| table(rows, view))
        }
        What::Expire { id } => {
            let path = format!("/v1/silences/{id}/expire");
            let answer = Client::new(&call.sources)?.post(&path, &json!({})).await?;
            call.show(&answer, |done: &Expired, _| match done.changed {
                true => format!("silence {} is over\n", done.id),
                false => format!("silence {} was over already\n", done.id),
            })
        }
    }
}

/// Reads `name=value`; a name that comes again may have one more value.
fn pairs(matches: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in matches {
        let Some((name, value)) = one.split_once('=') else {
            anyhow::bail!("{one:?} is not name=value; hint: --match kind=alert,system=db-1");
        };
        pairs.entry(name.trim().to_owned()).or_default().push(value.trim().to_owned());
    }
    Ok(pairs)
}

fn table(rows: &[SilenceRow], view: &View) -> String {
    if rows.is_empty() {
        return "nothing is silenced; hint: deskd silence list --all shows what is over\n".to_owned();
    }
    let row = |row: &SilenceRow| {
        let about: Vec<String> =
            row.matcher.iter().map(|(name, values)| format!("{name}={}", values.join("|"))).collect();
        vec![
            row.id.to_string(),
            about.join(" "),
            view.clock(&row.until),
            row.made_by.clone(),
            row.reason.clone(),
        ]
    };
    let cells: Vec<Vec<String>> = rows.iter().map(row).collect();
    view.table(&["ID", "MATCH", "UNTIL", "BY", "REASON"], &cells, |at| {
        if rows[at].ended_by.is_empty() { Style::new() } else { dim() }
    })
}
