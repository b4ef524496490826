//! Does the daemon answer, and how does it stand?

use super::{Finding, Level};
use crate::cli::client::{Client, NoAnswer};
use crate::cli::screen::span;
use crate::config::Sources;
use crate::web::channels::ChannelRow;
use crate::web::further::AppDocument;
use crate::web::secrets::SecretsDocument;
use crate::web::status::{StatusDocument, WorkspaceState};

/// Age of an event without an outcome from which on somebody should look, in seconds. Decoding takes milliseconds.
const LATE: u64 = 60;

/// A daemon that answers.
pub struct Running {
    /// Id and name of each monitored channel.
    pub monitored: Vec<(String, String)>,
    /// How it sees the secrets in its database.
    pub secrets: SecretsDocument,
}

/// Asks the daemon; nothing when it does not answer.
pub async fn look(sources: &Sources, findings: &mut Vec<Finding>) -> Option<Running> {
    let client = match Client::new(sources) {
        Ok(client) => client,
        Err(problem) => {
            findings.push(Finding::told("daemon", Level::Problem, &format!("{problem:#}")));
            return None;
        }
    };
    let status = client.get("/v1/status", &[]).await.and_then(|answer| answer.read::<StatusDocument>());
    let secrets = match status {
        Ok(status) => {
            findings.extend(judge(&status));
            status.secrets
        }
        Err(problem) => {
            let level = match problem.downcast_ref::<NoAnswer>() {
                Some(NoAnswer::Stopped(_)) => Level::Warning,
                _ => Level::Problem,
            };
            findings.push(Finding::told("daemon", level, &format!("{problem:#}")));
            return None;
        }
    };
    // Before the first contact with Slack there are no channels to ask about.
    let channels = client.get("/v1/channels", &[]).await.and_then(|answer| answer.read::<Vec<ChannelRow>>());
    let monitored = channels.unwrap_or_default().into_iter().filter(|channel| channel.monitored);
    let monitored = monitored.map(|channel| (channel.id, channel.name)).collect();
    Some(Running { monitored, secrets })
}

/// The workspaces: one that needs somebody is a finding of its own.
fn workspaces(status: &StatusDocument) -> Vec<Finding> {
    let mut findings = Vec::new();
    for one in &status.workspaces {
        let WorkspaceState { id, name, state } = one;
        let hint = match state.as_str() {
            "token_ends" => "install the app there again, or hand a new token to deskd connect",
            "token_not_renewed" => {
                "set [oauth] with the app's client id and secret again and restart, or the token ends within 12 hours"
            }
            "token_locked" => {
                "put the key of the secrets back and restart, or hand the token to deskd connect again"
            }
            _ => continue,
        };
        findings.push(Finding::warning("workspaces", format!("{name} ({id}) has a problem: {state}"), hint));
    }
    let names: Vec<&str> = status.workspaces.iter().map(|one| one.name.as_str()).take(5).collect();
    let count = status.workspaces.len();
    if findings.is_empty() && count > 1 {
        let more = if count > names.len() { " and others" } else { "" };
        let what = format!("deskd works in {count} workspaces: {}{more}", names.join(", "));
        findings.push(Finding::ok("workspaces", what));
    }
    findings
}

/// What a status says to a doctor.
fn judge(status: &StatusDocument) -> Vec<Finding> {
    let own = env!("CARGO_PKG_VERSION");
    let mut findings = vec![match status.version == own {
        true => Finding::ok("daemon", format!("deskd {own} runs, up {}", span(status.uptime_s))),
        false => {
            let what = format!("the running daemon is {}, this program is {own}", status.version);
            Finding::warning("daemon", what, "systemctl restart deskd")
        }
    }];
    findings.extend(status.trouble.iter().map(|trouble| {
        let what = format!("the daemon cannot learn about its workspace ({})", trouble.reason);
        Finding::problem("workspace", what, trouble.hint.clone())
    }));
    findings.extend(workspaces(status));
    findings.extend(sockets(status));
    findings.extend(status.apps.iter().flat_map(app));
    for worker in &status.stuck {
        let what = format!("the worker {worker:?} is stuck");
        findings.push(Finding::problem("workers", what, "look at the log, then systemctl restart deskd"));
    }
    for worker in &status.failing {
        let what = format!("the last step of the worker {worker:?} failed");
        findings.push(Finding::warning("workers", what, "look at the log: journalctl -u deskd"));
    }
    if let Some(age) = status.journal.oldest_pending_s.filter(|age| *age > LATE) {
        let what = format!("an event has been waiting to be decoded for {}", span(age));
        findings.push(Finding::warning("journal", what, "deskd status --watch shows whether it moves"));
    }
    let outbox = &status.outbox;
    let stopped = outbox.failed + outbox.dead + outbox.unknown;
    if stopped > 0 {
        let what = format!("{stopped} of the messages to Slack did not go out");
        findings.push(Finding::warning("outbox", what, "deskd queue list"));
    }
    if status.learner.corrupt > 0 {
        let what = format!("{} of the examples cannot be read and were left out", status.learner.corrupt);
        findings.push(Finding::warning(
            "learner",
            what,
            "the others are learned; deskd restore brings a backup back",
        ));
    }
    findings
}

/// What the daemon says of a further app.
fn app(app: &AppDocument) -> Vec<Finding> {
    let wrong = app.wrong();
    if wrong.is_empty() {
        let place = app.workspace.as_ref().map(|workspace| format!(" in {workspace}")).unwrap_or_default();
        let last = app.last_event_at.as_deref().unwrap_or("none since the start");
        let (name, connected, sockets) = (&app.name, app.connected, app.sockets);
        let what =
            format!("the app {name} works{place}, {connected} of {sockets} sockets, last event: {last}");
        return vec![Finding::ok("apps", what)];
    }
    wrong.into_iter().map(|(what, hint)| Finding::problem("apps", what, hint)).collect()
}

fn sockets(status: &StatusDocument) -> Vec<Finding> {
    let connected = status.sockets.iter().filter(|socket| socket.state == "connected").count();
    let all = status.sockets.len();
    if all == 0 {
        return vec![Finding::ok("sockets", "no sockets are held: Slack calls over HTTP")];
    }
    if connected == all {
        return vec![Finding::ok("sockets", format!("{connected} of {all} sockets are connected to Slack"))];
    }
    let broken = status.sockets.iter().find(|socket| socket.state != "connected");
    let hint = broken.and_then(|socket| socket.hint.clone());
    let hint = hint.unwrap_or_else(|| "wait a moment, then deskd status".to_owned());
    let reason = broken.and_then(|socket| socket.reason.clone());
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let what = format!("{connected} of {all} sockets are connected to Slack{reason}");
    let finding = if connected == 0 { Finding::problem } else { Finding::warning };
    vec![finding("sockets", what, hint)]
}
