//! `[oauth]`: for those who let others install the app through Slack's own pages. Most need none of it: `deskd connect` takes
//! a token.

use std::path::PathBuf;

use super::check::{is_private_or_encrypted, token_file};
use super::problem::Problem;
use super::reader::Section;
use super::tokens::{Look, Token, look};
use super::{Config, Environment, Secret};
use crate::domain::install::EVERYBODY;

/// `[oauth]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OAuth {
    /// The app's client id; without it nobody can install.
    pub client_id: Option<String>,
    /// File with the client secret.
    pub client_secret_file: Option<PathBuf>,
    /// Where Slack sends people back: the public address of `/slack/oauth/callback`.
    pub redirect_url: Option<String>,
    /// The workspaces (`T…`) and organisations (`E…`) that may install the app; `*` for all.
    pub allow: Vec<String>,
    /// Scopes of the bot; none for those that deskd uses.
    pub scopes: Vec<String>,
    /// Scopes of the person who installs; usually none.
    pub user_scopes: Vec<String>,
}

/// Reads `[oauth]`.
pub fn oauth(section: &mut Section<'_, '_>) -> OAuth {
    let client_id = section.text("client_id");
    let redirect_url = section.text("redirect_url");
    let fits = |url: &String| is_private_or_encrypted(url) && url.ends_with("/slack/oauth/callback");
    if redirect_url.as_ref().is_some_and(|url| !fits(url)) {
        let what = "people cannot be sent back to this address";
        section.refuse(
            "redirect_url",
            what,
            "write https://HOST/slack/oauth/callback, as in the app's settings",
        );
    }
    if client_id.is_some() && redirect_url.is_none() {
        let hint = "set oauth.redirect_url to https://HOST/slack/oauth/callback";
        section.refuse("client_id", "installing needs an address to come back to", hint);
    }
    let allow = section.texts("allow").unwrap_or_default();
    if allow.iter().any(|id| id != EVERYBODY && !id.starts_with(['T', 'E'])) {
        let hint = "write ids, as [\"T0123ABCD\", \"E0123ABCD\"], or [\"*\"] for every workspace";
        section.refuse("allow", "this is no id of a workspace or an organisation", hint);
    }
    OAuth {
        client_id,
        client_secret_file: token_file(section, "client_secret_file"),
        redirect_url,
        allow,
        scopes: section.texts("scopes").unwrap_or_default(),
        user_scopes: section.texts("user_scopes").unwrap_or_default(),
    }
}

/// The client secret, where installing is configured. That it is missing is a remark: everything else works.
pub fn client_secret(config: &Config, env: &Environment) -> Result<(Option<Secret>, Vec<Problem>), Problem> {
    if config.oauth.client_id.is_none() {
        return Ok((None, Vec::new()));
    }
    match look(Token::Client, config, env) {
        Look::Here { secret, remark, .. } => Ok((Some(secret), remark.into_iter().collect())),
        Look::Missing(problem) => Ok((None, vec![problem])),
        Look::Wrong(problem) => Err(problem),
    }
}

/// The settings as they are shown.
pub fn show(oauth: &OAuth, add: &mut impl FnMut(&str, String)) {
    let OAuth { client_id, client_secret_file, redirect_url, allow, scopes, user_scopes } = oauth;
    add("oauth.client_id", client_id.clone().unwrap_or_default());
    let file = client_secret_file.as_ref().map(|path| path.display().to_string());
    add("oauth.client_secret_file", file.unwrap_or_default());
    add("oauth.redirect_url", redirect_url.clone().unwrap_or_default());
    add("oauth.allow", allow.join(","));
    add("oauth.scopes", scopes.join(","));
    add("oauth.user_scopes", user_scopes.join(","));
}
