//! Installing the app through Slack's own pages: where a person begins, where Slack sends them back, and the plain page that
//! says how it ended. Strangers reach these addresses; none of them writes anything before Slack has given a token.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use tracing::warn;

use super::numbered::Numbered;
use super::registry::Code;
use crate::config::oauth::OAuth;
use crate::domain::install::{Digest, Ending, PATIENCE, Pending};
use crate::domain::time::Now;
use crate::intake::account::{Accounts, NotConnected};
use crate::slack::manifest::{NEEDED_SCOPES, WANTED_SCOPES};
use crate::slack::oauth::{Client, Consent};

/// The cookie that binds an installation to the browser it was begun in.
const MARK: &str = "deskd_install";
/// Longest time for Slack to exchange a code and to say whose the token is.
const EXCHANGE: Duration = Duration::from_secs(60);
/// Length of what is random in a state and a mark, in bytes.
const RANDOM_BYTES: usize = 32;

/// What installing works with. Clones share it.
#[derive(Clone)]
pub struct Install {
    /// What is asked for and where people are sent back.
    pub oauth: OAuth,
    /// Who the app is to Slack; `None` while its secret is missing.
    pub client: Option<Client>,
    /// Base of the Web API, which says which Slack it is.
    pub api_url: String,
    /// The way to connect a workspace, the same that the local API takes: what it does is done one after the other.
    pub accounts: Accounts,
    /// Where `now` comes from.
    pub now: Now,
    /// What was begun.
    pub pending: Arc<Mutex<Pending>>,
}

/// What Slack sends a person back with.
#[derive(Default, Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// What the plain page is asked for.
#[derive(Default, Deserialize)]
struct Shown {
    slack: Option<String>,
}

/// The addresses of installing; none where it is not configured.
pub fn routes(install: Install) -> Router {
    if install.oauth.client_id.is_none() {
        return Router::new();
    }
    Router::new()
        .route("/slack/install", get(begin))
        .route("/slack/oauth/callback", get(back))
        .route("/settings", get(settings))
        .with_state(install)
}

/// Sends a person to the page where Slack asks them.
async fn begin(State(install): State<Install>) -> Result<Response, Numbered> {
    let (Some(client), Some(redirect_url)) = (&install.client, &install.oauth.redirect_url) else {
        return Ok(send_to(Ending::NotConfigured));
    };
    let (state, mark) = (random()?, random()?);
    let now = (install.now)();
    let mut pending = install.pending.lock().unwrap_or_else(PoisonError::into_inner);
    pending.begin(digest(&state), digest(&mark), now);
    drop(pending);
    let usual = || NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| (*scope).to_owned()).collect();
    let scopes = match install.oauth.scopes.is_empty() {
        true => usual(),
        false => install.oauth.scopes.clone(),
    };
    let user_scopes = &install.oauth.user_scopes;
    let consent =
        Consent { client_id: &client.id, scopes: &scopes, user_scopes, redirect_url, state: &state };
    let secure = if redirect_url.starts_with("https:") { "; Secure" } else { "" };
    let seconds = PATIENCE.as_secs();
    let cookie =
        format!("{MARK}={mark}; Path=/slack/oauth; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let headers = [
        (LOCATION, consent.address(&install.api_url)),
        (SET_COOKIE, cookie),
        (CACHE_CONTROL, "no-store".into()),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Takes a person back, and sends them on to the page that says how it ended.
async fn back(
    State(install): State<Install>,
    headers: HeaderMap,
    query: Result<Query<Back>, QueryRejection>,
) -> Response {
    let back = query.map(|Query(back)| back).unwrap_or_default();
    let state = back.state.as_deref().unwrap_or_default();
    let (state, mark) = (digest(state), digest(mark(&headers).unwrap_or_default()));
    let now = (install.now)();
    let is_ours = install.pending.lock().unwrap_or_else(PoisonError::into_inner).end(&state, &mark, now);
    let ending = match (&install.client, back.error, back.code, is_ours) {
        (None, ..) => Ending::NotConfigured,
        (Some(_), Some(_), ..) => Ending::SlackDenied,
        (Some(_), None, None, _) => Ending::NoCode,
        (Some(_), None, Some(_), false) => Ending::BadState,
        (Some(client), None, Some(code), true) => exchange(&install, client, &code).await,
    };
    send_to(ending)
}

async fn exchange(install: &Install, client: &Client, code: &str) -> Ending {
    let redirect_url = install.oauth.redirect_url.as_deref().unwrap_or_default();
    let done = install.accounts.install((client, redirect_url, &install.oauth.allow), code, (install.now)());
    match timeout(EXCHANGE, done).await {
        Ok(Ok(_)) => Ending::Connected,
        Ok(Err(problem)) if problem.is_ours() => {
            warn!("An installation could not be kept: {problem}");
            Ending::NotConfigured
        }
        Ok(Err(problem @ NotConnected::NotAllowed(_))) => {
            warn!("An installation was refused: {problem}");
            Ending::NotAllowed
        }
        Ok(Err(problem)) => {
            warn!("Slack did not let an installation end well: {problem}");
            Ending::ExchangeFailed
        }
        Err(_) => Ending::ExchangeFailed,
    }
}

/// The plain page.
async fn settings(query: Result<Query<Shown>, QueryRejection>) -> Response {
    let shown = query.map(|Query(shown)| shown).unwrap_or_default();
    let Some(ending) = shown.slack.as_deref().and_then(Ending::of_slug) else {
        return Numbered(Code::NoSuchRoute).into_response();
    };
    let (what, next) = ending.told();
    let again = match ending {
        Ending::Connected | Ending::NotConfigured => "",
        Ending::NoCode
        | Ending::SlackDenied
        | Ending::BadState
        | Ending::ExchangeFailed
        | Ending::NotAllowed => "<p><a href=\"/slack/install\">Begin again</a></p>",
    };
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>deskd</title></head>\
         <body><h1>deskd and Slack</h1><p>{what}</p><p>{next}</p>{again}</body></html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, page).into_response()
}

fn send_to(ending: Ending) -> Response {
    let headers = [
        (LOCATION, format!("/settings?slack={}", ending.slug())),
        (SET_COOKIE, format!("{MARK}=; Path=/slack/oauth; Max-Age=0; HttpOnly; SameSite=Lax")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The mark that the browser has, if it has exactly one.
fn mark(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut marks = cookies
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == MARK)
        .map(|(_, mark)| mark);
    marks.next().filter(|mark| !mark.is_empty())
}

fn random() -> Result<String, Numbered> {
    let mut bytes = [0_u8; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Numbered(Code::Internal))?;
    Ok(bytes.iter().fold(String::with_capacity(2 * RANDOM_BYTES), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}
