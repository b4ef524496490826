//! `deskd status`: how the desk stands, on one screen.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::call::{Call, Exit};
use super::client::Client;
use super::recover;
use super::screen::{View, bad, bold, dim, good, instant, odd, span, styled};
use crate::domain::time::Timestamp;
use crate::web::status::{
    CanaryDocument, DestinationDocument, OutboxDocument, SocketDocument, StatusDocument,
};

/// Show how the desk stands.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Show it again every 2 seconds, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
}

/// How often `--watch` shows it again.
const AGAIN: Duration = Duration::from_secs(2);

/// Clears the screen and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// Shows it once, or again and again.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    loop {
        let answer = client.get("/v1/status", &[]).await?;
        if args.watch && !call.json {
            write!(call.out, "{CLEAR}")?;
        }
        show(call, &answer.document, &answer.read()?)?;
        if !args.watch {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(AGAIN) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}

fn show(call: &mut Call<'_>, document: &Value, status: &StatusDocument) -> Result<()> {
    if call.json {
        call.print_json(document)?;
    } else {
        let view = View::of_terminal(instant(&status.now).unwrap_or(Timestamp(0)));
        write!(call.out, "{}", render(status, &view))?;
    }
    Ok(call.out.flush()?)
}

/// The screen.
pub fn render(status: &StatusDocument, view: &View) -> String {
    let mut lines = vec![format!(
        "{} {}, up {}, configuration {}",
        styled(bold(), "deskd"),
        status.version,
        span(status.uptime_s),
        status.config_hash
    )];
    lines.push(match &status.workspace {
        Some(workspace) => line("workspace", &format!("{} ({})", workspace.name, workspace.id)),
        None => line("workspace", &styled(odd(), "not known yet")),
    });
    lines.extend(
        status
            .trouble
            .iter()
            .map(|trouble| line("slack", &styled(bad(), format!("{} ({})", trouble.hint, trouble.reason)))),
    );
    if status.sockets.is_empty() {
        lines.push(line("sockets", &styled(odd(), "none")));
    }
    for (at, socket) in status.sockets.iter().enumerate() {
        lines.extend(told_socket(if at == 0 { "sockets" } else { "" }, socket, view));
    }
    lines.extend(status.canary.iter().map(|canary| line("canary", &told_canary(canary, view))));
    lines.extend(told_work(status, view));
    lines.push(line("outbox", &told_outbox(&status.outbox)));
    for (at, told) in recover::lines(&status.recovery, view).iter().enumerate() {
        lines.push(line(if at == 0 { "recovery" } else { "" }, told));
    }
    for (at, broken) in status.destinations_broken.iter().enumerate() {
        lines.push(line(if at == 0 { "broken" } else { "" }, &told_broken(broken, view)));
    }
    let worried = [("stuck", &status.stuck, bad()), ("failing", &status.failing, odd())];
    for (word, workers, style) in worried.into_iter().filter(|(_, workers, _)| !workers.is_empty()) {
        let told = format!("{}; hint: look at the log", workers.join(", "));
        lines.push(line(word, &styled(style, told)));
    }
    lines.join("\n") + "\n"
}

fn line(label: &str, text: &str) -> String {
    format!("  {}{text}", styled(dim(), format!("{label:<11}")))
}

fn told_socket(label: &str, socket: &SocketDocument, view: &View) -> Vec<String> {
    let style = match socket.state.as_str() {
        "connected" => good(),
        "stopped" => bad(),
        _ => odd(),
    };
    let reason = socket.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let since = view.ago(Some(&socket.since));
    let since = match since.strip_suffix(" ago") {
        Some(span) => format!("for {span}"),
        None => since,
    };
    let mut lines = vec![line(label, &format!("{} {since}{reason}", styled(style, &socket.state)))];
    lines.extend(socket.hint.as_ref().map(|hint| line("", &format!("hint: {hint}"))));
    lines
}

fn told_canary(canary: &CanaryDocument, view: &View) -> String {
    if let Some(code) = &canary.grounded {
        return styled(odd(), format!("cannot be posted: {code}; hint: is the bot in the channel?"));
    }
    if let Some(since) = &canary.missing_since {
        return styled(bad(), format!("has not come back, the first {}", view.ago(Some(since))));
    }
    match (canary.round_trip_ms, &canary.back_at) {
        (Some(taken), Some(at)) => format!("came back {} after {taken} ms", view.ago(Some(at))),
        _ => "none yet".to_owned(),
    }
}

fn told_work(status: &StatusDocument, view: &View) -> Vec<String> {
    let journal = &status.journal;
    let pending = match journal.oldest_pending_s {
        Some(age) if journal.pending > 0 => {
            styled(odd(), format!("{} not decoded yet, the oldest for {}", journal.pending, span(age)))
        }
        _ => "all decoded".to_owned(),
    };
    let last = match &status.last_event_at {
        Some(at) => format!("the last {}", view.ago(Some(at))),
        None => {
            "none yet; hint: invite the bot to a channel, then deskd channels monitor \"#name\"".to_owned()
        }
    };
    let tasks = ["open", "waiting", "snoozed", "done"].map(|state| {
        let count = status.tasks.get(state).copied().unwrap_or_default();
        format!("{count} {state}")
    });
    let sealed = match status.bundles_sealed {
        0 => String::new(),
        count => format!(", {count} about to become tasks"),
    };
    vec![
        line("events", &format!("{} recorded, {pending}, {last}", journal.recorded)),
        line("bundles", &format!("{} open{sealed}", status.bundles_open)),
        line("tasks", &tasks.join(", ")),
    ]
}

fn told_broken(broken: &DestinationDocument, view: &View) -> String {
    let DestinationDocument { destination, sentence, since, next_look_at, waiting, .. } = broken;
    let since = view.ago(Some(since));
    let since = since.strip_suffix(" ago").map_or(since.clone(), |span| format!("for {span}"));
    let what = styled(bad(), format!("{destination} takes no messages: {sentence}"));
    format!("{what} ({since}; {waiting} waiting, next look {})", view.ago(Some(next_look_at)))
}

fn told_outbox(outbox: &OutboxDocument) -> String {
    let OutboxDocument { waiting, sending, failed, dead, unknown, oldest_s } = outbox;
    let mut parts = Vec::new();
    if waiting + sending > 0 {
        let oldest = oldest_s.map(|age| format!(", the oldest for {}", span(age))).unwrap_or_default();
        parts.push(format!("{} to go out{oldest}", waiting + sending));
    }
    let stopped = [(failed, "failed"), (dead, "dead"), (unknown, "unknown")];
    let stopped: Vec<String> = stopped
        .iter()
        .filter(|(count, _)| **count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if !stopped.is_empty() {
        let told = format!("{}; hint: deskd queue list", stopped.join(", "));
        parts.push(styled(bad(), told));
    }
    match parts.is_empty() {
        true => "empty".to_owned(),
        false => parts.join(", "),
    }
}
