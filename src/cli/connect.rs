//! `deskd connect`, `deskd disconnect`, `deskd token` and `deskd workspaces`: in which workspaces deskd works.

use std::io::IsTerminal;

use anstyle::Style;
use anyhow::{Result, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::contact::leftovers;
use super::prompt;
use super::screen::{View, dim, odd, plural, styled};
use crate::config::Secret;
use crate::slack::manifest::purpose;
use crate::web::account::{ConnectedDocument, DisconnectedDocument, WorkspaceRow};

/// Connect a workspace: hand deskd the app's bot token, from a prompt or standard input.
#[derive(Clone, Debug, clap::Args)]
pub struct ConnectArgs {}

/// Leave a workspace: its tokens and messages are deleted at once, what was picked is kept for 30 days.
#[derive(Clone, Debug, clap::Args)]
pub struct DisconnectArgs {
    /// Have Slack revoke the token, too.
    #[arg(long)]
    revoke: bool,
    /// Keep nothing, not even which channels were picked and who is on the team.
    #[arg(long)]
    purge: bool,
    /// Do it, also at a terminal.
    #[arg(long)]
    yes: bool,
}

/// Change the token that deskd speaks with.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    what: TokenWhat,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum TokenWhat {
    /// Put another token in the place of the present one, without missing an event. Asks for it, or reads standard input.
    Rotate,
}

/// List the workspaces that deskd works in, and those it has left.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkspacesArgs {}

/// Connects a workspace.
pub async fn connect(_: &ConnectArgs, call: &mut Call<'_>) -> Result<Exit> {
    hand_over("/v1/workspaces/connect", "Bot token of the workspace (xoxb-..., it is not shown)", call).await
}

/// Changes a token.
pub async fn token(args: &TokenArgs, call: &mut Call<'_>) -> Result<Exit> {
    match args.what {
        TokenWhat::Rotate => {
            hand_over("/v1/workspaces/rotate", "New bot token (xoxb-..., it is not shown)", call).await
        }
    }
}

/// Leaves a workspace.
pub async fn disconnect(args: &DisconnectArgs, call: &mut Call<'_>) -> Result<Exit> {
    // A script means what it says; a person at a terminal may have meant another workspace.
    if !args.yes && std::io::stdin().is_terminal() {
        bail!(
            "this deletes the token and everything that was said in the workspace for good; hint: deskd disconnect --yes, with \
             --workspace NAME where there are several"
        );
    }
    let client = Client::new(&call.sources)?;
    let wanted = json!({ "revoke": args.revoke, "purge": args.purge });
    let answer = client.post("/v1/workspaces/disconnect", &wanted).await?;
    call.show(&answer, |left: &DisconnectedDocument, _| {
        let mut text = format!(
            "left {}: {} deleted\n",
            left.team_id,
            plural(i64::try_from(left.rows).unwrap_or(i64::MAX), "row")
        );
        if left.revoked == Some(true) {
            text.push_str("Slack revoked the token\n");
        }
        if let Some(hint) = &left.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
        text.push_str(&leftovers(left.folded, &left.copies));
        text
    })
}

/// Lists the workspaces.
pub async fn workspaces(_: &WorkspacesArgs, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let answer = client.get("/v1/workspaces", &[]).await?;
    call.show(&answer, |rows: &Vec<WorkspaceRow>, view| table(rows, view))
}

/// What is wrong with a workspace that deskd is in, and what to do.
const CONCERNS: [(&str, &str); 3] = [
    (
        "token_ends",
        "Slack does not change this token any more\n  hint: install the app there again, or \"deskd connect\" with a token that lasts",
    ),
    (
        "token_locked",
        "the token cannot be read\n  hint: put the key of the secrets back and restart, or hand the token to \"deskd connect\" again",
    ),
    (
        "token_not_renewed",
        "the token ends within 12 hours, and nobody renews it\n  hint: set [oauth] with the app's client id and secret again, and restart",
    ),
];

async fn hand_over(path: &str, question: &str, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let token: Secret = prompt::secret(question).await?;
    let answer: Answer = client.post(path, &json!({ "token": token.expose() })).await?;
    call.show(&answer, |connected: &ConnectedDocument, _| told(connected))
}

fn told(connected: &ConnectedDocument) -> String {
    let ConnectedDocument { team_name, team_id, people, groups, .. } = connected;
    let mut text = format!("connected to {team_name} ({team_id})\n");
    match connected.synced {
        true => text.push_str(&format!("{people} people and {groups} groups are known\n")),
        false => text.push_str("people and groups are still being read; see \"deskd people sync\"\n"),
    }
    if connected.restored {
        text.push_str("channels and teammates are picked as they were before\n");
    }
    if !connected.missing_scopes.is_empty() {
        text.push_str("not granted, so this does not work:\n");
        for scope in &connected.missing_scopes {
            text.push_str(&format!("  {scope}, {}\n", purpose(scope)));
        }
        text.push_str(&format!("  hint: {}\n", connected.hint.as_deref().unwrap_or_default()));
    }
    text
}

fn table(rows: &[WorkspaceRow], view: &View) -> String {
    if rows.is_empty() {
        return "deskd is in no workspace yet; hint: deskd connect\n".to_owned();
    }
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let state = match (&row.reason, row.is_home) {
                (Some(reason), _) => format!("{} ({reason})", row.state),
                (None, true) => format!("{}, home", row.state),
                (None, false) => row.state.clone(),
            };
            let since = row.gone_at.as_ref().unwrap_or(&row.installed_at);
            vec![row.name.clone(), row.id.clone(), state, row.source.clone(), view.ago(Some(since.as_str()))]
        })
        .collect();
    let style = |at: usize| match rows[at].state.as_str() {
        "active" if rows[at].reason.is_none() => Style::new(),
        "active" | "leaving" => odd(),
        _ => dim(),
    };
    let mut text = view.table(&["WORKSPACE", "ID", "STATE", "SOURCE", "SINCE"], &cells, style);
    for (reason, what) in CONCERNS {
        if rows.iter().any(|row| row.state == "active" && row.reason.as_deref() == Some(reason)) {
            text.push_str(&format!("{reason}: {what}\n"));
        }
    }
    if rows.iter().any(|row| row.state != "active") {
        let line = "what was picked where deskd has left is kept for 30 days";
        text.push_str(&format!("{}\n", styled(dim(), line)));
    }
    text
}
