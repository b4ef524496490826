//! `deskd troubles`: deskd's own troubles, and who was told of them.

use anstyle::Style;
use anyhow::Result;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bad, dim, odd, styled};
use crate::web::troubles::{ToldRow, TroubleRow};

/// List deskd's own troubles and who was told of them.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Include what is over.
    #[arg(long)]
    all: bool,
}

/// Asks and prints them.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let query: &[(&str, &str)] = if args.all { &[("all", "true")] } else { &[] };
    let answer = client.get("/v1/troubles", query).await?;
    call.show(&answer, |rows: &Vec<TroubleRow>, view| list(rows, view))
}

/// The list: a line for each, what to do while it lasts, and how it left the house.
pub fn list(rows: &[TroubleRow], view: &View) -> String {
    if rows.is_empty() {
        return "deskd is in no trouble; hint: deskd troubles --all shows what is over\n".to_owned();
    }
    rows.iter().map(|row| trouble(row, view)).collect()
}

fn trouble(row: &TroubleRow, view: &View) -> String {
    let style = match (&row.resolved_at, row.severity.as_str()) {
        (Some(_), _) => dim(),
        (None, "critical") => bad(),
        (None, _) => odd(),
    };
    let when = match &row.resolved_at {
        Some(over) => format!("from {} to {}", view.clock(&row.raised_at), view.clock(over)),
        None => format!("since {} ({})", view.clock(&row.raised_at), view.ago(Some(&row.raised_at))),
    };
    let mut text = format!("{:<4} {}\n     {when}\n", row.id, styled(style, &row.sentence));
    if row.resolved_at.is_none() {
        text.push_str(&format!("     hint: {}\n", row.hint));
    }
    text.extend(row.tellings.iter().map(telling));
    text
}

fn telling(row: &ToldRow) -> String {
    let style = match row.state.as_str() {
        "failed" => bad(),
        "waiting" => Style::new(),
        _ => dim(),
    };
    let phase = if row.phase == "raised" { "begin" } else { "end" };
    let told = format!("{phase:<5} {:<8} {:<8} {}", row.way, row.state, row.why);
    format!("     {}\n", styled(style, told.trim_end()))
}
