//! OAuth: the address where a person allows the app, and what the code from there, or a refresh token, is exchanged for
//! [slack-facts 8].

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::api::{Api, lenient, missing};
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use crate::config::Secret;

/// Who the app is to Slack.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its client id.
    pub id: String,
    /// Its client secret.
    pub secret: Secret,
}

/// What a person is asked to allow.
#[derive(Clone, Debug)]
pub struct Consent<'a> {
    /// The app's client id.
    pub client_id: &'a str,
    /// Scopes of the bot.
    pub scopes: &'a [String],
    /// Scopes of the person; usually none.
    pub user_scopes: &'a [String],
    /// Where Slack sends the person back.
    pub redirect_url: &'a str,
    /// What Slack hands back.
    pub state: &'a str,
}

/// What Slack gives for a code or a refresh token.
pub struct Grant {
    /// The bot token; for the refresh token of a person theirs.
    pub bot: Secret,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The token of the person, where it was asked for.
    pub user: Option<Rotating>,
    /// What the next pair is asked for with, where tokens rotate.
    pub refresh: Option<Secret>,
    /// How long the bot token is good; `None` for good.
    pub expires_in: Option<Duration>,
    /// The workspace; `None` when a whole organisation has installed the app.
    pub team: Option<String>,
    /// The organisation.
    pub enterprise: Option<String>,
    /// What the workspace is called, or the organisation that has installed the app as a whole.
    pub name: String,
    /// The bot's user.
    pub bot_user: String,
    /// The app.
    pub app: Option<String>,
    /// Whether it installed the app as a whole.
    pub org_wide: bool,
}

/// A person's token, and how long it is good.
#[derive(Debug)]
pub struct Rotating {
    /// The token.
    pub token: Secret,
    /// What the next one is asked for with, where tokens rotate.
    pub refresh: Option<Secret>,
    /// How long it is good; `None` for good.
    pub expires_in: Option<Duration>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({:?} {:?})", self.team, self.enterprise)
    }
}

impl Consent<'_> {
    /// The page where a person allows it; `api_url` says which Slack it is.
    pub fn address(&self, api_url: &str) -> String {
        let host = api_url.trim_end_matches('/').trim_end_matches("/api");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", self.client_id).append_pair("scope", &self.scopes.join(","));
        if !self.user_scopes.is_empty() {
            query.append_pair("user_scope", &self.user_scopes.join(","));
        }
        query.append_pair("redirect_uri", self.redirect_url).append_pair("state", self.state);
        format!("{host}/oauth/v2/authorize?{}", query.finish())
    }
}

impl Api {
    /// `oauth.v2.access` for the code that a person came back with.
    pub async fn exchange(&self, client: &Client, code: &str, redirect_url: &str) -> Result<Grant, Failure> {
        self.grant(client, &[("code", code), ("redirect_uri", redirect_url)]).await
    }

    /// `oauth.v2.access` for a refresh token, which is used up by it.
    pub async fn refresh(&self, client: &Client, token: &Secret) -> Result<Grant, Failure> {
        self.grant(client, &[("grant_type", "refresh_token"), ("refresh_token", token.expose())]).await
    }

    async fn grant(&self, client: &Client, form: &[(&str, &str)]) -> Result<Grant, Failure> {
        let done = self.write_as((&client.id, &client.secret), "oauth.v2.access", form).await?;
        let answer: Access<'_> = lenient(&done.body);
        let id = |place: &Loose<'_, Place<'_>>| place.object().and_then(|place| loose::filled(&place.id));
        let org_wide = answer.is_enterprise_install == Some(true);
        let place = if org_wide { &answer.enterprise } else { &answer.team };
        let list = loose::or_empty(&answer.scope).split(',').map(str::trim);
        Ok(Grant {
            bot: secret(&answer.access_token).ok_or_else(|| missing("bot token"))?,
            scopes: list.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            user: answer.authed_user.object().and_then(Installer::rotating),
            refresh: secret(&answer.refresh_token),
            expires_in: life(answer.expires_in),
            name: place.object().and_then(|place| loose::filled(&place.name)).unwrap_or_default(),
            bot_user: loose::or_empty(&answer.bot_user_id).to_owned(),
            app: loose::filled(&answer.app_id),
            team: id(&answer.team),
            enterprise: id(&answer.enterprise),
            org_wide,
        })
    }
}

fn secret(text: &Text<'_>) -> Option<Secret> {
    loose::filled(text).map(|text| Secret::new(&text))
}

fn life(seconds: Option<u64>) -> Option<Duration> {
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Access<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    access_token: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    scope: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    refresh_token: Text<'a>,
    expires_in: Option<u64>,
    #[serde(borrow, deserialize_with = "loose::text")]
    bot_user_id: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    app_id: Text<'a>,
    #[serde(borrow)]
    team: Loose<'a, Place<'a>>,
    #[serde(borrow)]
    enterprise: Loose<'a, Place<'a>>,
    is_enterprise_install: Option<bool>,
    #[serde(borrow)]
    authed_user: Loose<'a, Installer<'a>>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct Installer<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    access_token: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    refresh_token: Text<'a>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Installer<'_> {
    fn rotating(&self) -> Option<Rotating> {
        let refresh = secret(&self.refresh_token);
        Some(Rotating { token: secret(&self.access_token)?, refresh, expires_in: life(self.expires_in) })
    }
}

#[cfg(test)]
mod tests {
    use super::Consent;

    #[test]
    fn oau_06_the_address_names_the_app_what_it_asks_for_where_to_go_and_the_state() {
        let (scopes, user_scopes) = (["chat:write".to_owned(), "users:read".to_owned()], []);
        let consent = Consent {
            client_id: "1.2",
            scopes: &scopes,
            user_scopes: &user_scopes,
            redirect_url: "https://desk.example/slack/oauth/callback",
            state: "s-t_a",
        };
        assert_eq!(
            consent.address("https://slack.com/api/"),
            "https://slack.com/oauth/v2/authorize?client_id=1.2&scope=chat%3Awrite%2Cusers%3Aread\
             &redirect_uri=https%3A%2F%2Fdesk.example%2Fslack%2Foauth%2Fcallback&state=s-t_a"
        );
        let user_scopes = ["search:read".to_owned()];
        let asked = Consent { user_scopes: &user_scopes, ..consent }.address("https://slack-gov.com/api/");
        assert!(asked.starts_with("https://slack-gov.com/oauth/v2/authorize?"));
        assert!(asked.contains("&user_scope=search%3Aread&"), "{asked}");
    }
}
