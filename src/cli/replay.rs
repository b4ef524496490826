//! `deskd replay`: recorded events are decided again.

use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::rehearse;
use crate::web::replay::Replayed;

/// Decide recorded events again that led to nothing, after an upgrade or a change of what is monitored.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How far back: 7d, 12h, or an instant as 2026-11-21T09:00:00Z.
    #[arg(long, default_value = "7d")]
    since: String,
    /// Which outcomes; may be given several times. Without it: undecodable. Others: unused, not_monitored, bot,
    /// internal, subtype, unknown_message.
    #[arg(long)]
    reason: Vec<String>,
    /// Change nothing, and say what would be different under the configuration that --config names: what is listened to,
    /// how messages are bundled, how they are classified. Reads the database itself; deskd need not run.
    #[arg(long, conflicts_with = "reason")]
    diff: bool,
}

/// Asks for it and counts what changed.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    if args.diff {
        return rehearse::run(&args.since, call).await;
    }
    let client = Client::new(&call.sources)?;
    let answer = client.post("/v1/replay", &json!({ "since": args.since, "reasons": args.reason })).await?;
    call.show(&answer, |done: &Replayed, _| told(done))
}

fn told(done: &Replayed) -> String {
    if done.events == 0 {
        return "no such events; hint: --since 30d looks further back, --reason not_monitored at other outcomes\n".to_owned();
    }
    let mut text = format!("{} events were decided again\n", done.events);
    for (label, counts) in [("before", &done.before), ("now", &done.after)] {
        let told: Vec<String> = counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        text.push_str(&format!("  {label:<7}{}\n", told.join(", ")));
    }
    text
}
