//! Installing the app: the page on which a person allows it, what the code from there is exchanged for, and removal.
//!
//! The person allows at once, in the workspace that `Simulator::install_into` names, unless told to refuse.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Simulator;
use super::call::{Call, Refusal, Reply, decode_form};
use super::server::{self, Shared};
use super::setup::{AppSetup, Setup};
use super::tokens::{Kind, LIFE_S};
use super::workspace::{Mistake, Workspace};

/// How long a code is good (docs: 10 minutes).
const CODE_LIFE_MS: i64 = 600_000;

/// What a person was asked and has answered.
#[derive(Debug)]
struct Allowed {
    team: String,
    scopes: Vec<String>,
    user_scopes: Vec<String>,
    redirect_uri: Option<String>,
    at_ms: i64,
    used: bool,
}

/// The app's installing.
#[derive(Debug, Default)]
pub struct Installing {
    codes: BTreeMap<String, Allowed>,
    /// The workspace that the next person picks.
    team: Option<String>,
    /// How many of the next persons refuse.
    refusals: u32,
}

/// Answers the page `oauth/v2/authorize`.
pub fn authorize(shared: &Arc<Shared>, head: &Parts) -> Response<Body> {
    let asked = decode_form(head.uri.query().unwrap_or_default());
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| -> Vec<String> {
        text(name).split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
    };
    let (redirect_uri, state) = (text("redirect_uri"), text("state"));
    let outcome = shared.act(|workspace, now_ms| {
        if text("client_id") != workspace.setup.app.client_id {
            return Err("invalid_client_id");
        }
        if !redirect_uri.starts_with("http") {
            return Err("bad_redirect_uri");
        }
        if list("scope").is_empty() && list("user_scope").is_empty() {
            return Err("invalid_scope");
        }
        let installing = &mut workspace.installing;
        if installing.refusals > 0 {
            installing.refusals -= 1;
            return Ok(None);
        }
        let asked_team = Some(text("team")).filter(|team| !team.is_empty());
        let team = asked_team.or_else(|| installing.team.clone());
        let team = team.unwrap_or_else(|| workspace.setup.team_id.clone());
        let code = workspace.ids.hex(40);
        let allowed = Allowed {
            team,
            scopes: list("scope"),
            user_scopes: list("user_scope"),
            redirect_uri: Some(redirect_uri.clone()),
            at_ms: now_ms,
            used: false,
        };
        workspace.installing.codes.insert(code.clone(), allowed);
        Ok(Some(code))
    });
    match outcome {
        Err(error) => server::plain(StatusCode::OK, format!("Slack cannot show this page: {error}\n")),
        Ok(code) => {
            let answer = match code {
                Some(code) => format!("code={code}"),
                None => "error=access_denied".to_owned(),
            };
            let mark = if redirect_uri.contains('?') { '&' } else { '?' };
            redirect(&format!("{redirect_uri}{mark}{answer}&state={}", encoded(&state)))
        }
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn redirect(to: &str) -> Response<Body> {
    let mut response = server::plain(StatusCode::FOUND, "");
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// `oauth.v2.access`: with a code, or with a refresh token.
pub fn access(shared: &Arc<Shared>, head: &Parts, call: &Call) -> Reply {
    let app = shared.lock().setup.app.clone();
    let (id, secret) = credentials(head, call);
    if id != app.client_id {
        return Err("invalid_client_id".into());
    }
    if secret != app.client_secret {
        return Err("bad_client_secret".into());
    }
    match call.text("grant_type").as_deref() {
        Some("refresh_token") => refresh(shared, call),
        None | Some("authorization_code") => exchange(shared, call),
        Some(_) => Err("invalid_grant_type".into()),
    }
}

/// The client's id and secret: by HTTP Basic, or as fields.
fn credentials(head: &Parts, call: &Call) -> (String, String) {
    use base64::Engine as _;
    let basic = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = basic.and_then(|value| value.strip_prefix("Basic "));
    let decoded = basic.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) {
        return (id.to_owned(), secret.to_owned());
    }
    let field = |name: &str| call.text(name).unwrap_or_default();
    (field("client_id"), field("client_secret"))
}

fn exchange(shared: &Arc<Shared>, call: &Call) -> Reply {
    let code = call.text("code").ok_or_else(|| Refusal::from("invalid_code"))?;
    let redirect_uri = call.text("redirect_uri");
    let (team, scopes, user_scopes) = shared.act(|workspace, now_ms| {
        let allowed =
            workspace.installing.codes.get_mut(&code).ok_or_else(|| Refusal::from("invalid_code"))?;
        if allowed.used {
            return Err(Refusal::from("code_already_used"));
        }
        if now_ms - allowed.at_ms > CODE_LIFE_MS {
            return Err("invalid_code".into());
        }
        if redirect_uri != allowed.redirect_uri {
            return Err("bad_redirect_uri".into());
        }
        allowed.used = true;
        Ok((allowed.team.clone(), allowed.scopes.clone(), allowed.user_scopes.clone()))
    })?;
    let place = shared.of_team(&team).ok_or_else(|| Refusal::from("invalid_code"))?;
    let mut answer = place.act(|workspace, _| grant(workspace, scopes));
    if !user_scopes.is_empty() {
        let granted = place.act(|workspace, _| persons(workspace, user_scopes));
        for (name, value) in granted {
            answer["authed_user"][name] = value;
        }
    }
    Ok(answer)
}

fn refresh(shared: &Arc<Shared>, call: &Call) -> Reply {
    let token = call.text("refresh_token").unwrap_or_default();
    for place in shared.places() {
        let answer = place.act(|workspace, _| {
            let (kind, scopes) = workspace.take_refresh(&token)?;
            Some(match kind {
                Kind::User => Value::Object(persons(workspace, scopes)),
                Kind::App | Kind::Bot => grant(workspace, scopes),
            })
        });
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
    Err("invalid_refresh_token".into())
}

/// A person's token, and another refresh token where tokens rotate.
fn persons(workspace: &mut Workspace, scopes: Vec<String>) -> Map<String, Value> {
    let mut granted = Map::new();
    granted.insert("access_token".to_owned(), json!(workspace.grant(Kind::User, scopes.clone())));
    granted.insert("token_type".to_owned(), json!("user"));
    granted.insert("scope".to_owned(), json!(scopes.join(",")));
    if workspace.setup.app.token_rotation {
        granted.insert("refresh_token".to_owned(), json!(workspace.grant_refresh(Kind::User, scopes)));
        granted.insert("expires_in".to_owned(), json!(LIFE_S));
    }
    granted
}

/// What is answered to a code or a refresh token: a bot token, and another refresh token where tokens rotate.
fn grant(workspace: &mut Workspace, scopes: Vec<String>) -> Value {
    let token = workspace.grant(Kind::Bot, scopes.clone());
    let setup = &workspace.setup;
    let installer =
        workspace.people.iter().find(|person| person.bot.is_none()).map(|person| person.id.clone());
    let mut answer = json!({
        "access_token": token, "token_type": "bot", "scope": scopes.join(","),
        "bot_user_id": setup.app.bot_user_id, "app_id": setup.app.id,
        "team": {"id": setup.team_id, "name": setup.team_name}, "enterprise": null,
        "is_enterprise_install": false, "authed_user": {"id": installer},
    });
    if let Some(whole) = &workspace.setup.organisation {
        answer["team"] = Value::Null;
        answer["enterprise"] = json!({"id": whole.id, "name": whole.name});
        answer["is_enterprise_install"] = json!(true);
    }
    if workspace.setup.app.token_rotation {
        answer["refresh_token"] = json!(workspace.grant_refresh(Kind::Bot, scopes));
        answer["expires_in"] = json!(LIFE_S);
    }
    answer
}

/// `auth.revoke`
pub fn revoke(workspace: &mut Workspace, call: &Call) -> Reply {
    if call.flag("test") {
        return Ok(json!({"revoked": false}));
    }
    if let Some(token) = &call.token {
        workspace.kill_token(token, "token_revoked");
    }
    Ok(json!({"revoked": true}))
}

impl Simulator {
    /// Another workspace in which the app is installed, with the same channels and people as "Acme" and an id that follows from
    /// its name.
    ///
    /// # Errors
    /// When there is one of this name or id, or the name has no letter.
    pub fn open_workspace(&self, name: &str) -> Result<Simulator, Mistake> {
        let letters = || name.chars().filter(char::is_ascii_alphanumeric);
        let short: String =
            letters().map(|c| c.to_ascii_uppercase()).chain("000000".chars()).take(6).collect();
        let (id, domain) = (format!("T0{short}001"), letters().collect::<String>().to_ascii_lowercase());
        let is_it = |setup: &Setup| setup.team_id == id || setup.team_name.eq_ignore_ascii_case(name);
        if domain.is_empty() || self.shared.places().iter().any(|place| is_it(&place.lock().setup)) {
            return Err(Mistake::NoPlace(name.to_owned()));
        }
        let app = AppSetup { bot_token: format!("xoxb-{id}-simulated"), ..AppSetup::default() };
        let (team_id, team_name) = (id, name.to_owned());
        Ok(self.add_workspace(Setup { team_id, team_name, team_domain: domain, app, ..Setup::default() }))
    }

    /// The workspace in which the next persons allow the app: a team's id.
    pub fn install_into(&self, team: &str) {
        self.act(|workspace| workspace.installing.team = Some(team.to_owned()));
    }

    /// The next person refuses to install the app.
    pub fn refuse_install(&self) {
        self.act(|workspace| workspace.installing.refusals += 1);
    }

    /// Another bot token of this workspace, as its settings show it after the app was installed again. The others stay good.
    pub fn another_bot_token(&self) -> String {
        self.act(|workspace| {
            let scopes = workspace.setup.app.scopes.clone();
            workspace.grant(Kind::Bot, scopes)
        })
    }

    /// A bot token and what it is refreshed with, as they are granted to who installs the app.
    pub fn granted_pair(&self) -> (String, String) {
        self.act(|workspace| {
            let scopes = workspace.setup.app.scopes.clone();
            (workspace.grant(Kind::Bot, scopes.clone()), workspace.grant_refresh(Kind::Bot, scopes))
        })
    }

    /// The token of the start is good for nothing any more.
    pub fn kill_first_token(&self) {
        let token = self.bot_token();
        self.act(|workspace| workspace.kill_token(&token, "token_revoked"));
    }

    /// A token of a person of this workspace.
    pub fn user_token(&self) -> String {
        self.act(|workspace| workspace.grant(Kind::User, vec!["users:read".to_owned()]))
    }

    /// An administrator removes the app: its tokens die, and it is told.
    pub fn uninstall(&self) {
        self.act(|workspace| {
            tokens_revoked(workspace);
            workspace.raise_event("app_uninstalled", "", json!({"type": "app_uninstalled"}));
            workspace.kill_tokens("account_inactive");
        });
    }

    /// The bot's tokens are revoked, and the app is told.
    pub fn revoke_tokens(&self) {
        self.act(|workspace| {
            tokens_revoked(workspace);
            workspace.kill_tokens("token_revoked");
        });
    }
}

fn tokens_revoked(workspace: &mut Workspace) {
    let bot = workspace.setup.app.bot_user_id.clone();
    let event = json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}});
    workspace.raise_event("tokens_revoked", "", event);
}
