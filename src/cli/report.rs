//! `deskd report`: the scheduled reports, and running one at any time.

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bad, dim};
use crate::web::reports::{Ran, ReportRow};

/// Look at the scheduled reports, or run one now.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List the reports, when each comes next, and how its last run ended.
    List,
    /// Make a report now and post it. Its scheduled times stay as they are.
    Run {
        /// The report's name.
        name: String,
        /// Print its text and post nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List => {
            let answer = client.get("/v1/reports", &[]).await?;
            call.show(&answer, |rows: &Vec<ReportRow>, view| table(rows, view))
        }
        What::Run { name, dry_run } => {
            let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
            let path = format!("/v1/reports/{name}/run");
            let answer = client.post(&path, &json!({ "dry_run": dry_run })).await?;
            let ran: Ran = answer.read()?;
            call.show(&answer, |ran: &Ran, _| told(ran))?;
            Ok(if ran.ok { Exit::Done } else { Exit::Failed })
        }
    }
}

/// The list.
pub fn table(rows: &[ReportRow], view: &View) -> String {
    if rows.is_empty() {
        return "no reports; hint: see [recap] and [[report]] in config.toml.example\n".to_owned();
    }
    let cells = |row: &ReportRow| {
        let next = row.next_at.as_deref().map_or_else(|| "over".to_owned(), |at| view.clock(at));
        let chart = match (row.chart.as_deref(), row.chart_reason.as_deref()) {
            (None, _) => "-".to_owned(),
            (Some(state), None) => state.to_owned(),
            (Some(state), Some(reason)) => format!("{state}: {reason}"),
        };
        let last = row.sentence.clone().unwrap_or_else(|| "has not run yet".to_owned());
        let (name, channel, schedule) = (row.name.clone(), row.channel.clone(), row.schedule.clone());
        vec![name, channel, schedule, next, view.ago(row.ran_at.as_deref()), chart, last]
    };
    let all: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let header = ["NAME", "TO", "SCHEDULE", "NEXT", "LAST RUN", "CHART", "HOW IT ENDED"];
    let table = view.table(&header, &all, |at| match rows.get(at) {
        Some(row) if row.state == "failed" => bad(),
        Some(row) if row.next_at.is_none() => dim(),
        Some(_) | None => Style::new(),
    });
    let failed = rows.iter().find(|row| row.state == "failed");
    let hint = failed.map(|row| format!("hint: deskd report run {} --dry-run\n", row.name));
    format!("{table}{}", hint.unwrap_or_default())
}

/// What was made, and where it went.
pub fn told(ran: &Ran) -> String {
    let chart = ran.chart_bytes.map(|bytes| format!(" with a chart of {bytes} bytes")).unwrap_or_default();
    let channel = &ran.channel;
    match (ran.text.as_str(), ran.dry_run) {
        ("", _) => format!("{}\n", ran.sentence),
        (text, true) => format!("{text}\n\nnothing was posted; it would go to {channel}{chart}\n"),
        (_, false) if !ran.ok => format!("{}; {channel} is told so\n", ran.sentence),
        (_, false) => {
            let first = ran.sends.first().copied().unwrap_or_default();
            format!("stored, and on its way to {channel}{chart} (send {first}); hint: deskd queue list\n")
        }
    }
}
