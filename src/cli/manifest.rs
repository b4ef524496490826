//! `deskd manifest`: the Slack app that deskd needs, as Slack's manifest or as a link that creates it; and how the app that there
//! is differs from it.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Call, Exit};
use super::client::{Client, WORKSPACE};
use crate::config::tokens::{Look, Token, look};
use crate::config::{Problems, Secret};
use crate::slack::api::Api;
use crate::slack::manifest::{Wanted, drift, purpose};
use crate::slack::methods::Profile;
use crate::web::account::GrantedDocument;

/// Print the manifest of the Slack app that deskd needs.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print the link that creates the app with one click instead.
    #[arg(long)]
    pub url: bool,
    /// Name of the app in Slack.
    #[arg(long, default_value = "deskd")]
    pub name: String,
    /// What the app is for: it asks for no scope that this does not take.
    #[arg(long, value_enum, default_value = "full")]
    profile: For,
    /// Where Slack sends its requests, instead of Socket Mode: `https://desk.example.com`
    #[arg(long, value_name = "URL", value_parser = address)]
    http: Option<String>,
    /// Let an organisation (Enterprise Grid) install the app for all of its workspaces.
    #[arg(long)]
    org: bool,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Compare the scopes that were granted with those that a profile takes.
    Diff {
        /// The profile.
        #[arg(long, value_enum, default_value = "full")]
        profile: For,
    },
}

/// What an app is for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum For {
    /// Messages of public channels become tasks, and are answered.
    Inbox,
    /// Systems hand notices in; nothing that people write is read.
    Notify,
    /// The inbox, in private channels too, for a bot that is called by its name.
    Agent,
    /// Everything.
    Full,
}

impl For {
    fn profile(self) -> Profile {
        match self {
            For::Inbox => Profile::Inbox,
            For::Notify => Profile::Notify,
            For::Agent => Profile::Agent,
            For::Full => Profile::Full,
        }
    }
}

/// How a manifest and its link are made.
#[derive(Clone, Copy, Debug)]
pub struct Make {
    /// The manifest for an app.
    pub manifest: fn(Wanted<'_>) -> Value,
    /// The link that creates an app from a manifest.
    pub link: fn(&Value) -> String,
}

/// Prints the manifest as JSON, or the link, or what differs.
pub async fn run(args: &Args, call: &mut Call<'_>, make: Make) -> Result<Exit> {
    if let Some(What::Diff { profile }) = &args.what {
        return diff(profile.profile(), call).await;
    }
    // A manifest is printed before there is a configuration; what is wrong with one is said by "deskd check".
    let redirect = call.sources.load().ok().and_then(|loaded| loaded.config.oauth.redirect_url);
    let (profile, http) = (args.profile.profile(), args.http.as_deref());
    let (redirect, org) = (redirect.as_deref(), args.org);
    let manifest = (make.manifest)(Wanted { name: &args.name, profile, http, redirect, org });
    if !args.url {
        call.print_json(&manifest)?;
        return Ok(Exit::Done);
    }
    let link = (make.link)(&manifest);
    if call.json {
        call.print_json(&json!({ "install_link": link }))?;
    } else {
        writeln!(call.out, "{link}")?;
    }
    Ok(Exit::Done)
}

/// How the app that there is differs.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct DiffDocument {
    /// Whether nothing is missing.
    ok: bool,
    /// The workspace whose token it is; null for the configured token.
    workspace: Option<String>,
    profile: String,
    granted: Vec<String>,
    missing: Vec<Missing>,
    needless: Vec<String>,
    hint: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Missing {
    scope: String,
    what_for: String,
}

/// The workspace that was asked about, if it was, and what its token may do. The configured token is asked about at Slack, and the
/// daemon need not run; any other the daemon has.
async fn granted(call: &Call<'_>) -> Result<(Option<String>, Vec<String>)> {
    let config = call.sources.load()?.config;
    let is_named = call.sources.env.get(WORKSPACE).is_some_and(|name| !name.trim().is_empty());
    let bot = match look(Token::Bot, &config, &call.sources.env) {
        Look::Here { secret, .. } if !is_named => secret,
        Look::Wrong(problem) if !is_named => return Err(Problems(vec![problem]).into()),
        Look::Here { .. } | Look::Missing(_) | Look::Wrong(_) => {
            let answer = Client::new(&call.sources)?.get("/v1/workspaces/granted", &[]).await?;
            let GrantedDocument { team_name, granted, .. } = answer.read()?;
            return Ok((Some(team_name), granted));
        }
    };
    let api = Api::new(&config.slack.api_url, &bot, &Secret::new(""));
    match api.context("cannot prepare calls to Slack")?.auth_test().await {
        Ok(identity) => Ok((None, identity.scopes)),
        Err(failure) => {
            anyhow::bail!(
                "Slack does not say what the token may do: {}; hint: deskd doctor",
                failure.sentence()
            )
        }
    }
}

async fn diff(profile: Profile, call: &mut Call<'_>) -> Result<Exit> {
    let (workspace, granted) = granted(call).await?;
    if granted.is_empty() {
        anyhow::bail!("Slack did not say which scopes the bot token has; hint: try again in a moment");
    }
    let found = drift(&granted, profile);
    let missing: Vec<Missing> = found
        .missing
        .iter()
        .map(|scope| Missing { scope: (*scope).to_owned(), what_for: purpose(scope).to_owned() })
        .collect();
    let document = DiffDocument {
        ok: missing.is_empty(),
        workspace,
        profile: profile.as_str().to_owned(),
        granted,
        hint: advice(!missing.is_empty(), !found.needless.is_empty()).map(str::to_owned),
        missing,
        needless: found.needless,
    };
    if call.json {
        call.print_json(&json!(document))?;
    } else {
        write!(call.out, "{}", differs(&document))?;
    }
    Ok(if document.ok { Exit::Done } else { Exit::Failed })
}

fn advice(lacks: bool, has_more: bool) -> Option<&'static str> {
    match (lacks, has_more) {
        (true, _) => Some(
            "put the manifest that \"deskd manifest\" prints into the app's settings (App Manifest), then reinstall the app \
             (Install App): a token keeps its scopes until then",
        ),
        (false, true) => {
            Some("to give scopes back, take them out of the app's settings and reinstall the app")
        }
        (false, false) => None,
    }
}

fn differs(document: &DiffDocument) -> String {
    let DiffDocument { ok, workspace, profile, granted, missing, needless, hint } = document;
    let mut text = workspace.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    text += &match (ok, needless.is_empty()) {
        (true, true) => format!("the token has just the {} scopes of the profile {profile}\n", granted.len()),
        (true, false) => format!("the token has all scopes of the profile {profile}, and more\n"),
        (false, _) => format!("the token lacks scopes of the profile {profile}\n"),
    };
    for Missing { scope, what_for } in missing {
        text.push_str(&format!("  missing   {scope}, {what_for}\n"));
    }
    for scope in needless {
        text.push_str(&format!("  needless  {scope}\n"));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}

fn address(text: &str) -> Result<String, String> {
    let address = reqwest::Url::parse(text.trim()).ok().filter(|address| address.scheme() == "https");
    match address.filter(|address| address.host_str().is_some()) {
        Some(_) => Ok(text.trim().to_owned()),
        None => Err("Slack calls https addresses only, for instance https://desk.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Args, For, Make, address, run};
    use crate::cli::call::Call;
    use crate::config::{Environment, Sources};
    use serde_json::json;

    async fn printed(url: bool, json: bool) -> String {
        let args =
            Args { what: None, url, name: "Desk".to_owned(), profile: For::Full, http: None, org: false };
        let make = Make {
            manifest: |wanted| json!({ "display_information": { "name": wanted.name } }),
            link: |manifest| format!("https://slack.example/?{manifest}"),
        };
        let sources = Sources { config: None, env: Environment::new(), flags: Vec::new(), root: false };
        let mut out = Vec::new();
        run(&args, &mut Call { sources, json, out: &mut out }, make).await.expect("it can be written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn slack_is_given_encrypted_addresses_only() {
        assert!(address(" https://desk.example.com ").is_ok());
        for wrong in ["http://desk.example.com", "desk.example.com", "https://", ""] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn the_manifest_is_json_and_the_link_one_line() {
        let manifest: serde_json::Value = serde_json::from_str(&printed(false, false).await).expect("JSON");
        assert_eq!(manifest["display_information"]["name"], "Desk");
        let link = "https://slack.example/?{\"display_information\":{\"name\":\"Desk\"}}";
        assert_eq!(printed(true, false).await, format!("{link}\n"));
        let answer: serde_json::Value = serde_json::from_str(&printed(true, true).await).expect("JSON");
        assert_eq!(answer["install_link"], link);
    }
}
