//! Installing the app through Slack's own pages: where a person begins, where Slack sends them back, and the plain page that
//! says how it ended. Strangers reach these addresses; none of them writes anything before Slack has given a token.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

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
use tracing::warn;

use super::numbered::Numbered;
use super::registry::Code;
use crate::config::oauth::OAuth;
use crate::domain::install::{Digest, Ending, PATIENCE, Pending};
use crate::domain::time::Now;
use crate::intake::account::{Accounts, NotConnected};
use crate::slack::manifest::{NEEDED_SCOPES, WANTED_SCOPES, purpose};
use crate::slack::oauth::{Client, Consent};

/// The cookie that binds an installation to the browser it was begun in.
const MARK: Cookie =
    Cookie { name: "deskd_install", attributes: "Path=/slack/oauth; HttpOnly; SameSite=Lax" };
/// The same over https: by its name a browser takes it from this very host alone, and only encrypted.
const HOST_MARK: Cookie =
    Cookie { name: "__Host-deskd_install", attributes: "Path=/; HttpOnly; SameSite=Lax; Secure" };
/// Length of what is random in a mark, in bytes.
const RANDOM_BYTES: usize = 32;

#[derive(Clone, Copy)]
struct Cookie {
    name: &'static str,
    attributes: &'static str,
}

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

impl Install {
    /// Who the app is to Slack, where what Slack gives could be kept.
    fn client(&self) -> Option<&Client> {
        self.client.as_ref().filter(|_| self.accounts.can_keep())
    }

    fn cookie(&self) -> Cookie {
        let is_https = self.oauth.redirect_url.as_ref().is_some_and(|url| url.starts_with("https:"));
        if is_https { HOST_MARK } else { MARK }
    }
}

/// Nothing begun yet; `None` when the machine gives nothing random.
pub fn pending() -> Option<Arc<Mutex<Pending>>> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok()?;
    Some(Arc::new(Mutex::new(Pending::new(key))))
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
    missing: Option<String>,
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
    let (Some(client), Some(redirect_url)) = (install.client(), &install.oauth.redirect_url) else {
        return Ok(install.send_to(Ending::NotConfigured, &[]));
    };
    let mark = hex(&random::<RANDOM_BYTES>()?);
    let (nonce, now) = (random()?, (install.now)());
    let pending = install.pending.lock().unwrap_or_else(PoisonError::into_inner);
    let state = pending.begin(&nonce, &digest(&mark), now).ok_or(Numbered(Code::Internal));
    drop(pending);
    let usual = || NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| (*scope).to_owned()).collect();
    let scopes = match install.oauth.scopes.is_empty() {
        true => usual(),
        false => install.oauth.scopes.clone(),
    };
    let (user_scopes, state) = (&install.oauth.user_scopes, &state?);
    let consent = Consent { client_id: &client.id, scopes: &scopes, user_scopes, redirect_url, state };
    let Cookie { name, attributes } = install.cookie();
    let headers = [
        (LOCATION, consent.address(&install.api_url)),
        (SET_COOKIE, format!("{name}={mark}; Max-Age={}; {attributes}", PATIENCE.as_secs())),
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
    let mark = mark(&headers, install.cookie()).map(digest);
    let now = (install.now)();
    let is_ours = mark.is_some_and(|mark| {
        install.pending.lock().unwrap_or_else(PoisonError::into_inner).end(state, &mark, now)
    });
    let (ending, missing) = match (install.client(), back.error, back.code, is_ours) {
        (None, ..) => (Ending::NotConfigured, Vec::new()),
        (Some(_), Some(_), ..) => (Ending::SlackDenied, Vec::new()),
        (Some(_), None, None, _) => (Ending::NoCode, Vec::new()),
        (Some(_), None, Some(_), false) => (Ending::BadState, Vec::new()),
        (Some(client), None, Some(code), true) => exchange(&install, client.clone(), code).await,
    };
    install.send_to(ending, &missing)
}

/// How exchanging the code ended, and the scopes that are missing. The browser may go away meanwhile: what Slack gives is kept or
/// given back all the same.
async fn exchange(install: &Install, client: Client, code: String) -> (Ending, Vec<String>) {
    let Install { accounts, oauth, now, .. } = install.clone();
    let done = tokio::spawn(async move {
        let redirect_url = oauth.redirect_url.as_deref().unwrap_or_default();
        accounts.install((&client, redirect_url, &oauth.allow), &code, now()).await
    });
    match done.await {
        Ok(Ok(connected)) => (Ending::Connected, connected.missing),
        Ok(Err(problem)) => refused(problem),
        Err(_) => (Ending::ExchangeFailed, Vec::new()),
    }
}

fn refused(problem: NotConnected) -> (Ending, Vec<String>) {
    if problem.is_ours() {
        warn!("An installation could not be kept: {problem}");
        return (Ending::NotConfigured, Vec::new());
    }
    warn!("An installation did not end well: {problem}");
    match problem {
        NotConnected::NotAllowed(_) => (Ending::NotAllowed, Vec::new()),
        NotConnected::Scopes { lacking, .. } => (Ending::ExchangeFailed, lacking),
        NotConnected::Token(_)
        | NotConnected::Slack(_)
        | NotConnected::OtherWorkspace(_)
        | NotConnected::Store(_) => (Ending::ExchangeFailed, Vec::new()),
    }
}

/// The plain page.
async fn settings(query: Result<Query<Shown>, QueryRejection>) -> Response {
    let shown = query.map(|Query(shown)| shown).unwrap_or_default();
    let Some(ending) = shown.slack.as_deref().and_then(Ending::of_slug) else {
        return Numbered(Code::NoSuchRoute).into_response();
    };
    let (what, next) = ending.told();
    let lacks = lacks(ending, shown.missing.as_deref().unwrap_or_default());
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
         <body><h1>deskd and Slack</h1><p>{what}</p>{lacks}<p>{next}</p>{again}</body></html>\n"
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

/// The scopes that were not granted, with what each is for: those that we know, and nothing else of the address.
fn lacks(ending: Ending, missing: &str) -> String {
    let known = NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| *scope);
    let named = known.filter(|scope| missing.split(',').any(|one| one == *scope));
    let items: String = named.map(|scope| format!("<li>{scope}, {}</li>", purpose(scope))).collect();
    let what = match ending {
        _ if items.is_empty() => return String::new(),
        Ending::Connected => "These scopes were not granted, and what they are for does not work:",
        Ending::NoCode
        | Ending::SlackDenied
        | Ending::BadState
        | Ending::ExchangeFailed
        | Ending::NotAllowed
        | Ending::NotConfigured => "These scopes were not granted, and nothing works without them:",
    };
    format!("<p>{what}</p><ul>{items}</ul>")
}

impl Install {
    fn send_to(&self, ending: Ending, missing: &[String]) -> Response {
        let missing = match missing {
            [] => String::new(),
            missing => format!("&missing={}", missing.join(",")),
        };
        let Cookie { name, attributes } = self.cookie();
        let headers = [
            (LOCATION, format!("/settings?slack={}{missing}", ending.slug())),
            (SET_COOKIE, format!("{name}=; Max-Age=0; {attributes}")),
            (CACHE_CONTROL, "no-store".to_owned()),
        ];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

/// The mark that the browser has, if it has exactly one.
fn mark(headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut marks = cookies
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == cookie.name)
        .map(|(_, mark)| mark);
    match (marks.next(), marks.next()) {
        (Some(mark), None) if !mark.is_empty() => Some(mark),
        _ => None,
    }
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES], Numbered> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| Numbered(Code::Internal))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}
