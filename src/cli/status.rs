//! `deskd status`: how the desk stands, on one screen.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::call::{Call, Exit};
use super::client::Client;
use super::recover;
use super::screen::{View, bad, bold, dim, good, height, instant, odd, span, styled};
use crate::config::model::amount;
use crate::domain::time::Timestamp;
use crate::web::further::AppDocument;
use crate::web::model::ModelDocument;
use crate::web::status::{
    CanaryDocument, DestinationDocument, LearnerDocument, NoticesDocument, OutboxDocument, SocketDocument,
    StatusDocument, WorkspaceState, WrongDocument,
};

/// Show how the desk stands.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Keep the screen current, every 2 seconds or as often as you say, until Ctrl-C.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
}

/// Shows it once, or again and again.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match args.watch.map(Duration::from_secs) {
        None => {
            let answer = client.get("/v1/status", &[]).await?;
            show(call, &answer.document, &answer.read()?)?;
            Ok(Exit::Done)
        }
        Some(every) if call.json => {
            loop {
                // One line each, so that a program can tell them apart.
                writeln!(call.out, "{}", client.get("/v1/status", &[]).await?.document)?;
                call.out.flush()?;
                if !pause(every).await {
                    return Ok(Exit::Done);
                }
            }
        }
        Some(every) => watch(&client, every, call).await,
    }
}

/// Waits; false when somebody pressed Ctrl-C.
async fn pause(every: Duration) -> bool {
    tokio::select! {
        () = tokio::time::sleep(every) => true,
        _ = tokio::signal::ctrl_c() => false,
    }
}

/// Keeps the screen current, and puts it back as it was.
async fn watch(client: &Client, every: Duration, call: &mut Call<'_>) -> Result<Exit> {
    if !std::io::stdout().is_terminal() {
        anyhow::bail!("--watch needs a terminal; hint: deskd status --watch --json prints a line each time");
    }
    write!(call.out, "{ENTER}")?;
    let ended = redraw(client, every, call).await;
    write!(call.out, "{LEAVE}")?;
    call.out.flush()?;
    ended
}

async fn redraw(client: &Client, every: Duration, call: &mut Call<'_>) -> Result<Exit> {
    loop {
        let asked = async {
            let answer = client.get("/v1/status", &[]).await?;
            let status: StatusDocument = answer.read()?;
            let view = View::of_terminal(instant(&status.now).unwrap_or(Timestamp(0)));
            anyhow::Ok(render(&status, &view))
        };
        let text = tokio::select! {
            asked = asked => match asked {
                Ok(text) => text,
                // The daemon may be restarting: that is worth seeing, not worth ending for.
                Err(problem) => format!("{}\n", styled(bad(), format!("{problem:#}").replace("; hint: ", "\n  hint: "))),
            },
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        };
        let foot = styled(dim(), format!("every {} s; Ctrl-C ends", every.as_secs()));
        write!(call.out, "{}", frame(&format!("{text}\n{foot}"), height()))?;
        call.out.flush()?;
        if !pause(every).await {
            return Ok(Exit::Done);
        }
    }
}

/// One picture over the last one: each line clears its own rest, so nothing flickers, and nothing scrolls.
fn frame(text: &str, height: Option<u16>) -> String {
    let room = height.map_or(usize::MAX, usize::from);
    let lines: Vec<String> = text.lines().take(room).map(|line| format!("{line}{CLEAR_REST}")).collect();
    format!("{HOME}{}{CLEAR_BELOW}", lines.join("\r\n"))
}

/// Another screen, without a cursor.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// The cursor and the screen that were there before.
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
const HOME: &str = "\u{1b}[H";
const CLEAR_REST: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

fn show(call: &mut Call<'_>, document: &Value, status: &StatusDocument) -> Result<()> {
    if call.json {
        call.print_json(document)?;
    } else {
        let view = View::of_terminal(instant(&status.now).unwrap_or(Timestamp(0)));
        write!(call.out, "{}", render(status, &view))?;
    }
    Ok(call.out.flush()?)
}

/// Most other workspaces that are named; there may be a thousand.
const NAMED: usize = 5;

/// The workspaces beside the first, those that need somebody before the others; `None` when there is only one.
fn told_others(status: &StatusDocument) -> Option<String> {
    let home = status.workspace.as_ref().map(|workspace| workspace.id.as_str());
    let is_well = |one: &&WorkspaceState| one.state == "active";
    let named = |one: &WorkspaceState| {
        let name = if one.name.is_empty() { &one.id } else { &one.name };
        match one.state.as_str() {
            "active" => name.clone(),
            state => styled(odd(), format!("{name} ({state})")).to_string(),
        }
    };
    let shown = status.workspaces.iter().filter(|one| Some(one.id.as_str()) != home || one.state != "active");
    let (well, odd_ones): (Vec<_>, Vec<_>) = shown.partition(is_well);
    let all = odd_ones.len() + well.len();
    let names: Vec<String> = odd_ones.into_iter().chain(well).take(NAMED).map(named).collect();
    let more = match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more: deskd workspaces"),
    };
    (all > 0).then(|| format!("and {}{more}", names.join(", ")))
}

/// The screen: first whether all is well, then what is wrong and since when, then how things stand.
pub fn render(status: &StatusDocument, view: &View) -> String {
    let mut lines = vec![format!("{} {}", styled(bold(), "deskd"), verdict(status))];
    for wrong in &status.wrong {
        lines.extend(told_wrong(wrong, view));
    }
    lines.extend(
        status
            .trouble
            .iter()
            .map(|trouble| line("slack", &styled(bad(), format!("{} ({})", trouble.hint, trouble.reason)))),
    );
    lines.push(String::new());
    lines.push(match &status.workspace {
        Some(workspace) => line("workspace", &format!("{} ({})", workspace.name, workspace.id)),
        None => line("workspace", &styled(odd(), "not known yet")),
    });
    lines.extend(told_others(status).map(|told| line("", &told)));
    lines.extend(told_sockets(&status.sockets, view));
    lines.extend(status.apps.iter().map(|app| line(&app.name, &told_app(app, view))));
    lines.extend(status.canary.iter().map(|canary| line("canary", &told_canary(canary, view))));
    lines.extend(told_work(status, view));
    lines.extend(told_learner(&status.learner).map(|told| line("learner", &told)));
    lines.push(line("outbox", &told_outbox(&status.outbox)));
    lines.extend(told_notices(&status.notices).map(|told| line("notices", &told)));
    for (at, broken) in status.destinations_broken.iter().enumerate() {
        lines.push(line(if at == 0 { "broken" } else { "" }, &told_broken(broken, view)));
    }
    for (at, told) in recover::lines(&status.recovery, view).iter().enumerate() {
        lines.push(line(if at == 0 { "recovery" } else { "" }, told));
    }
    lines.push(line("backup", &told_backup(status, view)));
    let database = &status.database;
    let log = format!("{}, log {}", size(database.bytes), size(database.log_bytes));
    lines.push(line("database", &log));
    lines.extend(status.model.iter().map(|model| line("model", &told_model(model))));
    lines.extend(told_secrets(status).map(|told| line("secrets", &told)));
    let worried = [("stuck", &status.stuck, bad()), ("failing", &status.failing, odd())];
    for (word, workers, style) in worried.into_iter().filter(|(_, workers, _)| !workers.is_empty()) {
        lines.push(line(word, &styled(style, workers.join(", "))));
    }
    if status.stuck.is_empty() && status.failing.is_empty() {
        lines.push(line("workers", &format!("all {} at work", status.workers)));
    }
    let daemon = format!(
        "version {}, up {}, configuration {}",
        status.version,
        span(status.uptime_s),
        status.config_hash
    );
    lines.push(line("daemon", &daemon));
    lines.join("\n") + "\n"
}

fn verdict(status: &StatusDocument) -> String {
    let critical = status.wrong.iter().any(|wrong| wrong.severity == "critical");
    match (status.wrong.len() + usize::from(status.trouble.is_some()), critical) {
        (0, _) => styled(good(), "all is well"),
        (1, true) => styled(bad(), "one thing is wrong"),
        (count, true) => styled(bad(), format!("{count} things are wrong")),
        (1, false) => styled(odd(), "one thing needs a look"),
        (count, false) => styled(odd(), format!("{count} things need a look")),
    }
}

fn told_wrong(wrong: &WrongDocument, view: &View) -> [String; 2] {
    let style = if wrong.severity == "critical" { bad() } else { odd() };
    let since = match &wrong.since {
        Some(since) => format!(" since {} ({})", view.clock(since), lasted(since, view)),
        None => String::new(),
    };
    [
        format!("  {}{since}", styled(style, format!("! {}", wrong.what))),
        format!("    {}", styled(dim(), format!("hint: {}", wrong.hint))),
    ]
}

fn lasted(since: &str, view: &View) -> String {
    let told = view.ago(Some(since));
    told.strip_suffix(" ago").unwrap_or(&told).to_owned()
}

/// One line while all links are connected; each by itself otherwise.
fn told_sockets(sockets: &[SocketDocument], view: &View) -> Vec<String> {
    if sockets.is_empty() {
        return vec![line("sockets", &styled(odd(), "none"))];
    }
    if sockets.iter().all(|socket| socket.state == "connected") {
        let oldest = sockets.iter().map(|socket| socket.since.as_str()).min().unwrap_or_default();
        let count = styled(good(), format!("{} connected", sockets.len()));
        return vec![line("sockets", &format!("{count} for {}", lasted(oldest, view)))];
    }
    let label = |at| if at == 0 { "sockets" } else { "" };
    sockets.iter().enumerate().flat_map(|(at, socket)| told_socket(label(at), socket, view)).collect()
}

/// Where a further app is and when something came for it; what is wrong with it stands further up.
fn told_app(app: &AppDocument, view: &View) -> String {
    let place = match (&app.workspace, app.bot_token.as_str()) {
        (Some(workspace), _) => format!("in {workspace}"),
        (None, "none") => "without a bot token".to_owned(),
        (None, "not_asked") => "not known to Slack yet".to_owned(),
        (None, _) => styled(odd(), "its bot token is not accepted"),
    };
    let sockets = match app.sockets {
        0 => String::new(),
        count => format!(", {} of {count} sockets connected", app.connected),
    };
    let last = match &app.last_event_at {
        Some(at) => format!("last event {}", view.ago(Some(at))),
        None => "nothing came since the start".to_owned(),
    };
    format!("{place}{sockets}; {last}")
}

/// Nothing where there are none; what is wrong with them stands further up.
fn told_secrets(status: &StatusDocument) -> Option<String> {
    let secrets = &status.secrets;
    (secrets.sealed > 0).then(|| match secrets.locked {
        0 => format!("{} encrypted, the key is there", secrets.sealed),
        locked => styled(odd(), format!("{locked} of {} cannot be opened", secrets.sealed)),
    })
}

/// What it is asked, what that has cost this month, and what became of it.
fn told_model(model: &ModelDocument) -> String {
    let ModelDocument { name, host, mode, summaries, questions, calls, tokens, .. } = model;
    let what = match (mode.as_str(), summaries) {
        ("never", false) => "asked nothing".to_owned(),
        ("never", true) => "for summaries".to_owned(),
        (mode, summaries) => format!("asked {mode}{}", if *summaries { ", and for summaries" } else { "" }),
    };
    let mut told = format!("{name} at {host}, {what}; this month {calls} calls, {tokens} tokens");
    if let Some(limit) = model.tokens_limit {
        told.push_str(&format!(" of {limit}"));
    }
    if model.cost_millionths > 0 || model.cost_limit_millionths.is_some() {
        told.push_str(&format!(", cost {}", amount(model.cost_millionths)));
    }
    if let Some(limit) = model.cost_limit_millionths {
        told.push_str(&format!(" of {}", amount(limit)));
    }
    told.extend(model.last_took_ms.map(|taken| format!("; the last took {taken} ms")));
    for state in ["waiting", "refused", "failed", "skipped"] {
        let count = questions.get(state).copied().unwrap_or_default();
        told.extend((count > 0).then(|| format!(", {count} {state}")));
    }
    told
}

fn told_backup(status: &StatusDocument, view: &View) -> String {
    match &status.last_backup_at {
        Some(at) => view.ago(Some(at)),
        None => "none yet; hint: deskd backup FILE".to_owned(),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

fn line(label: &str, text: &str) -> String {
    // A name that is longer than the words of this page keeps its distance, too.
    format!("  {}{text}", styled(dim(), format!("{:<11}", format!("{label} "))))
}

fn told_socket(label: &str, socket: &SocketDocument, view: &View) -> Vec<String> {
    let style = match socket.state.as_str() {
        "connected" => good(),
        "stopped" => bad(),
        _ => odd(),
    };
    let reason = socket.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let since = format!("for {}", lasted(&socket.since, view));
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
        None => "none yet".to_owned(),
    };
    let tasks = ["open", "waiting", "snoozed", "done"].map(|state| {
        let count = status.tasks.get(state).copied().unwrap_or_default();
        format!("{count} {state}")
    });
    let sealed = match status.bundles_sealed {
        0 => String::new(),
        count => format!(", {count} about to become tasks"),
    };
    let mut lines = vec![line("events", &format!("{} recorded, {pending}, {last}", journal.recorded))];
    if status.last_event_at.is_none() {
        lines.push(line("", "hint: invite the bot to a channel, then deskd channels monitor \"#name\""));
    }
    lines.push(line("bundles", &format!("{} open{sealed}", status.bundles_open)));
    lines.push(line("tasks", &tasks.join(", ")));
    lines
}

fn told_broken(broken: &DestinationDocument, view: &View) -> String {
    let DestinationDocument { destination, sentence, since, next_look_at, waiting, .. } = broken;
    let since = view.ago(Some(since));
    let since = since.strip_suffix(" ago").map_or(since.clone(), |span| format!("for {span}"));
    let what = styled(bad(), format!("{destination} takes no messages: {sentence}"));
    format!("{what} ({since}; {waiting} waiting, next look {})", view.ago(Some(next_look_at)))
}

/// Nothing where nothing is on its way, held or failed.
fn told_notices(notices: &NoticesDocument) -> Option<String> {
    let NoticesDocument { waiting, held, failed } = notices;
    let counts = [(waiting, "on their way"), (held, "held for later"), (failed, "not delivered")];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| **count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Nothing while nobody has taught anything.
fn told_learner(learner: &LearnerDocument) -> Option<String> {
    let all: i64 = learner.examples.values().sum();
    let by_source = learner.examples.iter().map(|(source, count)| format!("{count} {source}"));
    let by_source: Vec<String> = by_source.collect();
    let count = if all == 1 { "1 example".to_owned() } else { format!("{all} examples") };
    let aside = match (learner.learn.as_str(), learner.ready) {
        ("off", _) => ", not learned: [triage] learn is off",
        (_, false) => ", being learned; the rules decide meanwhile",
        ("shadow", true) => ", in the shadow: the rules decide",
        (_, true) => "",
    };
    (all > 0).then(|| format!("{count} ({}){aside}", by_source.join(", ")))
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
