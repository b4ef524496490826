//! `deskd recover`: what was said while nobody listened is read from Slack's history.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, good, odd, plural, styled};
use crate::web::recover::{FailedChannel, RecoveryDocument, Requested};

/// Read from Slack's history what did not arrive. The daemon does so by itself after every gap.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// "#name" (in quotes) or the channel's id; every monitored channel when there is none.
    #[arg(value_name = "CHANNEL")]
    channels: Vec<String>,
    /// How far back: 2d, 12h, or an instant as 2026-11-21T09:00:00Z. Without it: from where something may be missing.
    #[arg(long)]
    since: Option<String>,
    /// Wait until everything is read, and show how far that is.
    #[arg(long)]
    wait: bool,
}

/// How often `--wait` looks.
const AGAIN: Duration = Duration::from_millis(500);

/// Goes to the beginning of the line and clears it.
const OVER: &str = "\r\u{1b}[K";

/// Asks for it, and waits for its end if wanted.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let body = match &args.since {
        Some(since) => json!({ "channels": args.channels, "since": since }),
        None => json!({ "channels": args.channels }),
    };
    let answer = client.post("/v1/recover", &body).await?;
    if !args.wait {
        return call.show(&answer, |asked: &Requested, _| told(asked));
    }
    let mut shown = String::new();
    let is_terminal = std::io::stdout().is_terminal();
    loop {
        let answer = client.get("/v1/recover", &[]).await?;
        let document: RecoveryDocument = answer.read()?;
        if !document.running {
            if is_terminal && !shown.is_empty() {
                write!(call.out, "{OVER}")?;
            }
            call.show(&answer, |document: &RecoveryDocument, _| ended(document))?;
            return Ok(if document.failed.is_empty() { Exit::Done } else { Exit::Failed });
        }
        let line = progress(&document);
        if !call.json && line != shown {
            match is_terminal {
                true => write!(call.out, "{OVER}{line}")?,
                false => writeln!(call.out, "{line}")?,
            }
            call.out.flush()?;
            shown = line;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn told(asked: &Requested) -> String {
    match asked.channels {
        0 => "no channel is monitored; hint: deskd channels monitor \"#name\"\n".to_owned(),
        count => {
            let channels = plural(i64::try_from(count).unwrap_or(i64::MAX), "channel");
            format!("{channels} will be read; hint: deskd recover --wait, or deskd status\n")
        }
    }
}

/// How far it is, in a line.
pub fn progress(document: &RecoveryDocument) -> String {
    let RecoveryDocument { channels, channels_left, messages_read, found, .. } = document;
    format!(
        "recovering: {} of {channels} channels, {messages_read} messages read, {found} found",
        channels - channels_left
    )
}

fn ended(document: &RecoveryDocument) -> String {
    let read = plural(document.messages_read, "message");
    let found = match document.found {
        0 => "nothing was missing".to_owned(),
        count => format!("{count} had been missing"),
    };
    let mut text = format!("{}: {read} read, {found}\n", styled(good(), "done"));
    for line in document.failed.iter().map(failed) {
        text.push_str(&format!("{}\n", styled(odd(), line)));
    }
    text
}

/// What keeps a channel from being read.
pub fn failed(failed: &FailedChannel) -> String {
    let channel = match failed.channel.name.as_str() {
        "" => failed.channel.id.clone(),
        name => format!("#{name}"),
    };
    format!("cannot read {channel}: {} ({})", failed.hint, failed.reason)
}

/// The lines of `deskd status`: none when there has never been anything to read.
pub fn lines(document: &RecoveryDocument, view: &View) -> Vec<String> {
    let mut lines = Vec::new();
    if document.running {
        lines.push(styled(odd(), progress(document)));
    } else if document.finished_at.is_some() {
        let ago = view.ago(document.finished_at.as_deref());
        let read = plural(document.messages_read, "message");
        lines.push(format!("done {ago}, {read} read, {} found", document.found));
    }
    if document.minutes_withheld > 0 {
        let minutes = plural(i64::try_from(document.minutes_withheld).unwrap_or(i64::MAX), "minute");
        lines.push(format!("Slack kept events back in {minutes} since the start: read from the history"));
    }
    lines.extend(document.failed.iter().map(|channel| styled(odd(), failed(channel))));
    lines
}
