//! `deskd webhook`: Slack's incoming webhooks. An address is asked for, and never shown.

use anstyle::Style;
use anyhow::{Result, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::prompt;
use super::screen::{View, bad, dim, good, odd, styled};
use crate::config::{Secret, Sources};
use crate::domain::webhook::{BadName, WebhookName, label};
use crate::store::webhooks::peek;
use crate::web::webhooks::{WebhookChange, WebhookRow, WebhookTest};

/// Keep the incoming webhooks that notices may go to. Their addresses are secrets: each is asked for, or read from
/// standard input, and stands encrypted in the database.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List them, with what became of the last message.
    List,
    /// Add one; its address is asked for, or read from standard input.
    Add {
        /// What routes shall call it.
        name: String,
        /// The channel that it posts to, as a note for people: nothing checks it.
        #[arg(long, value_name = "LABEL", default_value = "", hide_default_value = true)]
        channel: String,
        #[arg(hide = true, num_args = 0..)]
        more: Vec<String>,
    },
    /// Give one another address, for instance because the old one was seen by somebody. Asked for like the first.
    Rotate {
        /// Its name.
        name: String,
        #[arg(hide = true, num_args = 0..)]
        more: Vec<String>,
    },
    /// Give one another name. Not while the configuration uses it.
    Rename {
        /// Its name.
        name: String,
        /// The new name.
        to: String,
    },
    /// Say something else of the channel that one posts to.
    Label {
        /// Its name.
        name: String,
        /// The channel; without it there is no note any more.
        #[arg(default_value = "", hide_default_value = true)]
        channel: String,
    },
    /// Delete one with its address. Not while the configuration uses it.
    Delete {
        /// Its name.
        name: String,
    },
    /// Post a marked message through one and say what came of it; one that was disabled works again when that succeeds.
    Test {
        /// Its name.
        name: String,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List => {
            let answer = client.get("/v1/webhooks", &[]).await?;
            call.show(&answer, |rows: &Vec<WebhookRow>, view| table(rows, view))
        }
        What::Add { name, channel, more } => {
            let (name, channel) = (named(name, more)?, label(channel)?);
            let url = ask(&name).await?;
            let body = json!({ "name": name.as_str(), "channel": channel, "url": url.expose() });
            let answer = client.post("/v1/webhooks", &body).await?;
            changed(call, &answer, &format!("the webhook {name} is there; hint: deskd webhook test {name}"))
        }
        What::Rotate { name, more } => {
            let name = named(name, more)?;
            let url = ask(&name).await?;
            let path = format!("/v1/webhooks/{name}/rotate");
            let answer = client.post(&path, &json!({ "url": url.expose() })).await?;
            let told = format!(
                "the webhook {name} has the new address, and deskd has forgotten the old one\n  hint: revoke the old one \
                 in the app's settings in Slack, then deskd webhook test {name}"
            );
            changed(call, &answer, &told)
        }
        What::Rename { name, to } => {
            let (name, to) = (named(name, &[])?, named(to, &[])?);
            let path = format!("/v1/webhooks/{name}/rename");
            let answer = client.post(&path, &json!({ "name": to.as_str() })).await?;
            changed(call, &answer, &format!("the webhook {name} is called {to} now"))
        }
        What::Label { name, channel } => {
            let (name, channel) = (named(name, &[])?, label(channel)?);
            let path = format!("/v1/webhooks/{name}/label");
            let answer = client.post(&path, &json!({ "channel": channel })).await?;
            changed(call, &answer, &format!("noted for the webhook {name}"))
        }
        What::Delete { name } => {
            let name = named(name, &[])?;
            let answer = client.post(&format!("/v1/webhooks/{name}/delete"), &json!({})).await?;
            changed(call, &answer, &format!("the webhook {name} is deleted, and its address with it"))
        }
        What::Test { name } => {
            let name = named(name, &[])?;
            let answer = client.post(&format!("/v1/webhooks/{name}/test"), &json!({})).await?;
            let tested: WebhookTest = answer.read()?;
            call.show(&answer, |tested: &WebhookTest, _| told(tested))?;
            Ok(if tested.ok { Exit::Done } else { Exit::Failed })
        }
    }
}

/// The names of the webhooks in the database; `None` when there is none to look into.
pub async fn known(sources: &Sources) -> Option<Vec<String>> {
    let config = sources.load().ok()?.config;
    peek(config.store.path).await.ok().flatten()
}

/// A name, and nothing behind it: what stands there may be the address, and is not repeated.
fn named(name: &str, more: &[String]) -> Result<WebhookName> {
    match more {
        [] => Ok(WebhookName::parse(name)?),
        _ => bail!(BadName::Address),
    }
}

async fn ask(name: &WebhookName) -> Result<Secret> {
    prompt::secret(&format!("Address of the webhook {name} (it is not shown)")).await
}

fn changed(call: &mut Call<'_>, answer: &Answer, told: &str) -> Result<Exit> {
    let told = told.replace("; hint: ", "\n  hint: ");
    call.show(answer, |_: &WebhookChange, _| format!("{told}\n"))
}

fn told(tested: &WebhookTest) -> String {
    match (tested.ok, &tested.hint) {
        (true, _) => format!("{}  {}\n", styled(good(), "ok"), tested.sentence),
        (false, hint) => {
            let hint = hint.as_ref().map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
            format!("{}  {}\n{hint}", styled(bad(), &tested.result), tested.sentence)
        }
    }
}

fn table(rows: &[WebhookRow], view: &View) -> String {
    if rows.is_empty() {
        return "there is no webhook yet; hint: deskd webhook add NAME\n".to_owned();
    }
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let last = |row: &WebhookRow| match &row.result_at {
        Some(at) => format!("{}, {}", row.result, view.ago(Some(at))),
        None => "-".to_owned(),
    };
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let used = if row.used { "yes" } else { "no" }.to_owned();
            let name = row.name.clone();
            vec![name, or_dash(&row.channel), row.url.clone(), row.state.clone(), last(row), used]
        })
        .collect();
    let style = |at: usize| match rows[at].state.as_str() {
        "ok" => Style::new(),
        "broken" => odd(),
        _ => bad(),
    };
    let mut text =
        view.table(&["NAME", "CHANNEL", "ADDRESS", "STATE", "LAST MESSAGE", "USED"], &cells, style);
    for (row, hint) in rows.iter().filter_map(|row| Some((row, row.hint.as_ref()?))) {
        let line = format!("{}: {hint}", row.name);
        text.push_str(&format!("{}\n", styled(dim(), line)));
    }
    text
}
