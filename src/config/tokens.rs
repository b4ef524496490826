//! Finding the tokens: environment, then the file a key names, then systemd's credentials. Never part of `Config`.
//!
//! A token's kind is checked here, by its prefix; whether Slack still accepts it is for `deskd doctor` to find out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::apps::{self, AppTokens, Signing};
use super::model::{Egress, Protocol};
use super::problem::{Problem, Problems, Spot};
use super::secret_file::{certificates, open_doors, open_to_all, text};
use super::{Config, Environment, Secret, endpoint, keys};

/// The tokens deskd works with.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The app-level token (`xapp-`), which opens sockets; `None` where everything comes over HTTP.
    pub app_token: Option<Secret>,
    /// The bot token (`xoxb-`), which calls the Web API at home; empty where there is none, and connected workspaces have
    /// theirs in the database.
    pub bot_token: Secret,
    /// The bearer token of `[api] listen`; always there when that is set.
    pub api_token: Option<Secret>,
    /// What Slack signs its requests with, by app.
    pub signing: Signing,
    /// The tokens of further apps.
    pub apps: Vec<AppTokens>,
    /// The client secret, where people install the app through Slack's pages and it was found.
    pub client_secret: Option<Secret>,
    /// What the ways out of deskd need.
    pub ways: WaySecrets,
}

/// Shortest secret that calls are signed with, in characters: what is shorter can be tried out.
pub const SHORTEST_SECRET: usize = 16;

/// What the ways that do not lead through Slack need beside the configuration, each where it is configured.
#[derive(Clone, Debug, Default)]
pub struct WaySecrets {
    /// The address of the alarm's webhook.
    pub webhook: Option<Secret>,
    /// What calls of the alarm's webhook are signed with.
    pub webhook_secret: Option<Secret>,
    /// The password for the mail server.
    pub mail_password: Option<Secret>,
    /// Certificates (PEM) that the mail server's may be signed by, beside those of the system. No secret, but a file.
    pub mail_ca: Option<String>,
    /// The key of the language model.
    pub model_key: Option<Secret>,
    /// What calls of endpoints are signed with, by their names.
    pub endpoints: BTreeMap<String, Secret>,
}

/// The tokens and what should be said about where they were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The tokens.
    pub secrets: Secrets,
    /// Remarks, for instance about a file that everybody can read.
    pub remarks: Vec<Problem>,
}

/// One of the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The app-level token.
    App,
    /// The bot token.
    Bot,
    /// The bearer token of the local API.
    Api,
    /// The signing secret of deliveries over HTTP.
    Signing,
    /// The client secret of installing.
    Client,
    /// The address of the alarm's webhook, which whoever knows it may call.
    Webhook,
    /// What calls of the alarm's webhook are signed with.
    WebhookSecret,
    /// The password for the mail server.
    MailPassword,
    /// The key of the language model.
    ModelKey,
}

/// What looking for one token came to.
#[derive(Clone, Debug)]
pub enum Look {
    /// It was found.
    Here {
        /// The token.
        secret: Secret,
        /// Where.
        spot: Spot,
        /// What should be said about that place.
        remark: Option<Problem>,
    },
    /// It is nowhere; the problem names the places looked at.
    Missing(Problem),
    /// There is something, and it cannot be used.
    Wrong(Problem),
}

impl Secrets {
    /// Finds all tokens that `config` needs. All problems come back at once; none of them holds a token.
    pub fn load(config: &Config, env: &Environment) -> Result<Found, Problems> {
        let has_key = keys::look(config, env).ring().is_some();
        Secrets::gather(config, env, has_key)
    }

    /// The same for a desk whose database has tokens of connected workspaces: no bot token is needed then, and how the key stands
    /// is told by the desk.
    pub fn load_connected(config: &Config, env: &Environment) -> Result<Found, Problems> {
        Secrets::gather(config, env, true)
    }

    fn gather(config: &Config, env: &Environment, may_lack_bot: bool) -> Result<Found, Problems> {
        let (mut problems, mut remarks) = (Vec::new(), Vec::new());
        let mut take = |token: Token| match look(token, config, env) {
            Look::Here { secret, remark, .. } => {
                remarks.extend(remark);
                Some(secret)
            }
            Look::Missing(problem) | Look::Wrong(problem) => {
                problems.push(problem);
                None
            }
        };
        let [app_token, bot_token, api_token, _, _, webhook, webhook_secret, mail_password, model_key] =
            Token::ALL.map(|token| match token {
                // Its absence stops only the requests that it would be needed for.
                Token::Signing | Token::Client => None,
                // Workspaces that were connected have tokens of their own.
                Token::Bot if may_lack_bot && matches!(look(token, config, env), Look::Missing(_)) => None,
                token => {
                    if token.is_needed(config, env) {
                        take(token)
                    } else {
                        None
                    }
                }
            });
        let mut gather = |(wrong, told): (Vec<Problem>, Vec<Problem>)| {
            problems.extend(wrong);
            remarks.extend(told);
        };
        let (signing, said) = parted(Signing::load(config, env));
        gather(said);
        let (apps, said) = parted(apps::tokens(config, env));
        gather(said);
        let client_secret = match super::oauth::client_secret(config, env) {
            Ok((secret, told)) => {
                remarks.extend(told);
                secret
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let (endpoints, wrong, open) = endpoint::secrets(config, env);
        problems.extend(wrong);
        remarks.extend(open);
        remarks.extend(open_doors(config));
        let mail_ca = certificates(config).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let ways = WaySecrets { webhook, webhook_secret, mail_password, mail_ca, model_key, endpoints };
        let bot_token = bot_token.unwrap_or_else(|| Secret::new(""));
        match problems.is_empty() {
            true => {
                let secrets = Secrets { app_token, bot_token, api_token, signing, apps, client_secret, ways };
                Ok(Found { secrets, remarks })
            }
            false => Err(Problems(problems)),
        }
    }
}

impl Token {
    /// All of them.
    pub const ALL: [Token; 9] = [
        Token::App,
        Token::Bot,
        Token::Api,
        Token::Signing,
        Token::Client,
        Token::Webhook,
        Token::WebhookSecret,
        Token::MailPassword,
        Token::ModelKey,
    ];

    /// Whether a desk with this configuration works with it.
    pub fn is_needed(self, config: &Config, env: &Environment) -> bool {
        match self {
            Token::App => config.slack.mode.has_sockets(),
            Token::Bot => true,
            Token::Api => config.api.listen.is_some(),
            Token::Signing => config.slack.mode.has_http(),
            Token::Client => config.oauth.client_id.is_some(),
            // A webhook may be given by the environment or a credential alone; nothing is missing where there is none.
            Token::Webhook | Token::WebhookSecret => !matches!(look(self, config, env), Look::Missing(_)),
            Token::MailPassword => config.mail.user.is_some(),
            // A model of one's own usually asks for none, and Anthropic's always.
            Token::ModelKey => {
                config.model.url.is_some()
                    && (config.model.protocol == Protocol::Anthropic && config.model.egress == Egress::Any
                        || !matches!(look(self, config, env), Look::Missing(_)))
            }
        }
    }

    /// The name of systemd's credential.
    pub fn credential(self) -> &'static str {
        match self {
            Token::App => "slack_app_token",
            Token::Bot => "slack_bot_token",
            Token::Api => "api_token",
            Token::Signing => "slack_signing_secret",
            Token::Client => "slack_client_secret",
            Token::Webhook => "alarm_webhook",
            Token::WebhookSecret => "alarm_webhook_secret",
            Token::MailPassword => "mail_password",
            Token::ModelKey => "model_key",
        }
    }

    fn variable(self) -> Option<&'static str> {
        match self {
            Token::App => Some("SLACK_APP_TOKEN"),
            Token::Bot => Some("SLACK_BOT_TOKEN"),
            Token::Api => None,
            Token::Signing => Some("SLACK_SIGNING_SECRET"),
            Token::Client => Some("SLACK_CLIENT_SECRET"),
            Token::Webhook => Some("DESKD_ALARM_WEBHOOK"),
            Token::WebhookSecret => Some("DESKD_ALARM_WEBHOOK_SECRET"),
            Token::MailPassword => Some("DESKD_MAIL_PASSWORD"),
            Token::ModelKey => Some("DESKD_MODEL_KEY"),
        }
    }

    fn key(self) -> &'static str {
        match self {
            Token::App => "slack.app_token_file",
            Token::Bot => "slack.bot_token_file",
            Token::Api => "api.token_file",
            Token::Signing => "slack.signing_secret_file",
            Token::Client => "oauth.client_secret_file",
            Token::Webhook => "alarm.webhook_file",
            Token::WebhookSecret => "alarm.webhook_secret_file",
            Token::MailPassword => "mail.password_file",
            Token::ModelKey => "model.key_file",
        }
    }

    fn file(self, config: &Config) -> Option<&Path> {
        match self {
            Token::App => config.slack.app_token_file.as_deref(),
            Token::Bot => config.slack.bot_token_file.as_deref(),
            Token::Api => config.api.token_file.as_deref(),
            Token::Signing => config.slack.signing_secret_file.as_deref(),
            Token::Client => config.oauth.client_secret_file.as_deref(),
            Token::Webhook => config.alarm.webhook_file.as_deref(),
            Token::WebhookSecret => config.alarm.webhook_secret_file.as_deref(),
            Token::MailPassword => config.mail.password_file.as_deref(),
            Token::ModelKey => config.model.key_file.as_deref(),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Token::App => "app token",
            Token::Bot => "bot token",
            Token::Api => "API token",
            Token::Signing => "signing secret",
            Token::Client => "client secret",
            Token::Webhook => "webhook's address",
            Token::WebhookSecret => "webhook's secret",
            Token::MailPassword => "mail password",
            Token::ModelKey => "key of the language model",
        })
    }
}

/// The places where a token may be.
pub struct Where<'a> {
    /// Whose it is, where that has to be told.
    pub of: Option<String>,
    /// The environment variables, the first before the others.
    pub variables: Vec<String>,
    /// The key that names its file.
    pub key: String,
    /// That file.
    pub file: Option<&'a Path>,
    /// The name of systemd's credential.
    pub credential: String,
}

impl Where<'_> {
    /// The places of a token of the desk's own.
    pub fn of(token: Token, config: &Config) -> Where<'_> {
        Where {
            of: None,
            variables: token.variable().map(str::to_owned).into_iter().collect(),
            key: token.key().to_owned(),
            file: token.file(config),
            credential: token.credential().to_owned(),
        }
    }

    /// What is called by name when it is told about.
    fn what(&self, token: Token) -> String {
        self.of.as_ref().map_or_else(|| token.to_string(), |of| format!("{token} of {of}"))
    }
}

/// What was found, if anything, what is wrong and what should be said.
fn parted<T: Default>(found: Result<(T, Vec<Problem>), Problems>) -> (T, (Vec<Problem>, Vec<Problem>)) {
    match found {
        Ok((found, remarks)) => (found, (Vec::new(), remarks)),
        Err(Problems(problems)) => (T::default(), (problems, Vec::new())),
    }
}

/// Looks for one token in all its places; the first that has something decides.
pub fn look(token: Token, config: &Config, env: &Environment) -> Look {
    look_in(token, &Where::of(token, config), env)
}

/// Looks for a token in these places.
pub fn look_in(token: Token, place: &Where<'_>, env: &Environment) -> Look {
    let set = |name: &str| env.get(name).filter(|value| !value.trim().is_empty());
    for name in &place.variables {
        if let Some(value) = set(name) {
            return judge(token, Secret::new(value), Spot::Variable(name.clone()));
        }
    }
    if let Some(path) = place.file {
        return read(token, place, path);
    }
    let credential = set("CREDENTIALS_DIRECTORY").map(|folder| Path::new(folder).join(&place.credential));
    match credential {
        Some(path) if path.exists() => read(token, place, &path),
        Some(_) | None => Look::Missing(missing(token, place, credential)),
    }
}

fn missing(token: Token, place: &Where<'_>, credential: Option<PathBuf>) -> Problem {
    let mut places: Vec<String> = place.variables.iter().map(|name| format!("{name} is not set")).collect();
    places.push(format!("{} is not set", place.key));
    places.push(match credential {
        Some(path) => format!("there is no {}", path.display()),
        None => format!("systemd gave no credential {}", place.credential),
    });
    let hint = match token {
        Token::App => {
            "copy it from the app's Basic Information, App-Level Tokens, with scope connections:write"
        }
        Token::Bot => "copy the Bot User OAuth Token from the app's OAuth & Permissions, after installing it",
        Token::Api => "make one with \"openssl rand -hex 32\" and keep it in a file",
        Token::Client => "copy the Client Secret from the app's Basic Information",
        Token::Signing => "copy the Signing Secret from the app's Basic Information",
        Token::Webhook => "whoever runs the other side gives it to you",
        Token::WebhookSecret => "make one with \"openssl rand -hex 32\" and give it to the other side",
        Token::ModelKey => "whoever runs the model gives it to you; keep it in a file",
        Token::MailPassword => "without mail.user nobody logs in, and no password is needed",
    };
    Problem::new(Spot::Nowhere, "", format!("the {} is missing: {}", place.what(token), places.join(", ")))
        .hint(hint)
}

fn read(token: Token, place: &Where<'_>, path: &Path) -> Look {
    let (spot, what) = (Spot::File(path.to_path_buf()), place.what(token));
    let text = match text(&what, &place.key, path) {
        Ok(text) => text,
        Err(problem) => return Look::Wrong(problem),
    };
    match judge(token, Secret::new(&text), spot) {
        Look::Here { secret, spot, .. } => Look::Here { secret, spot, remark: open_to_all(&what, path) },
        other @ (Look::Missing(_) | Look::Wrong(_)) => other,
    }
}

/// Refuses a token of the wrong kind by the name of its kind, never by its text.
fn judge(token: Token, secret: Secret, spot: Spot) -> Look {
    let wrong = |what: String, hint: &str| Look::Wrong(Problem::new(spot.clone(), "", what).hint(hint));
    if secret.is_empty() {
        return wrong(format!("there is no {token} in it"), "write the token into it, and nothing else");
    }
    if token == Token::WebhookSecret && secret.expose().chars().count() < SHORTEST_SECRET {
        return Look::Wrong(endpoint::too_short(&token.to_string(), spot));
    }
    if matches!(token, Token::MailPassword | Token::WebhookSecret) {
        return Look::Here { secret, spot, remark: None };
    }
    if !secret.expose().chars().all(|c| c.is_ascii_graphic()) {
        let what = format!("the {token} holds spaces, line breaks or letters that no token has");
        return wrong(what, "copy it again, and nothing else with it");
    }
    if token == Token::Webhook {
        let hint = "write the whole address, https://...; plain http is for this machine only";
        return match super::check::is_private_or_encrypted(secret.expose()) {
            true => Look::Here { secret, spot, remark: None },
            false => wrong(format!("the {token} is not one that may be called"), hint),
        };
    }
    let kind = ["xoxb-", "xapp-", "xoxp-", "xoxe"].into_iter().find(|prefix| secret.has_prefix(prefix));
    match (token, kind) {
        (Token::App, Some("xapp-"))
        | (Token::Bot, Some("xoxb-"))
        | (
            Token::Api
            | Token::Signing
            | Token::Client
            | Token::Webhook
            | Token::WebhookSecret
            | Token::MailPassword
            | Token::ModelKey,
            None,
        ) => Look::Here { secret, spot, remark: None },
        (Token::App, Some("xoxb-")) => wrong(
            "this is a bot token (xoxb-), the app token begins with xapp-".into(),
            "the two tokens are swapped",
        ),
        (Token::Bot, Some("xapp-")) => wrong(
            "this is an app token (xapp-), the bot token begins with xoxb-".into(),
            "the two tokens are swapped",
        ),
        (Token::App | Token::Bot, Some("xoxp-")) => wrong(
            "this is a user token (xoxp-), with which deskd would speak as a person".into(),
            "take the Bot User OAuth Token (xoxb-) and the app-level token (xapp-)",
        ),
        (Token::App | Token::Bot, Some("xoxe")) => wrong(
            "this is a rotating token (xoxe), which ends after hours".into(),
            "create the app with token rotation off: see \"deskd manifest\"",
        ),
        (Token::Api | Token::Webhook | Token::WebhookSecret | Token::MailPassword, Some(_)) => wrong(
            "this is a token of Slack, the API needs its own".into(),
            "make one with \"openssl rand -hex 32\"",
        ),
        (Token::ModelKey, Some(_)) => wrong(
            "this is a token of Slack, not the key of a language model".into(),
            "whoever runs the model gives it to you",
        ),
        (Token::Signing | Token::Client, Some(_)) => {
            wrong(format!("this is a token of Slack, not the {token}"), "see the app's Basic Information")
        }
        (Token::App, _) => {
            wrong("this is not an app token: it begins with xapp-".into(), "see \"deskd init\"")
        }
        (Token::Bot, _) => {
            wrong("this is not a bot token: it begins with xoxb-".into(), "see \"deskd init\"")
        }
    }
}
