//! The local API: the unix socket that the command line talks to, and loopback TCP where it is configured.
//!
//! The documents it answers with are what `--json` prints; their structs are both ends' contract. Each route is one
//! file: arguments in, one or two use cases of the store, a document out. Nothing here decides what a message, a task or
//! a send becomes, and nothing here is remembered between requests.

pub mod account;
pub mod alertmanager;
pub mod arguments;
pub mod audit;
pub mod caller;
pub mod categories;
pub mod channels;
pub mod contacts;
pub mod desk;
pub mod directory;
pub mod doors;
pub mod errors;
mod figures;
pub mod further;
pub mod ground;
pub mod handed;
pub mod handling;
pub mod health;
pub mod heartbeats;
pub mod hooks;
pub mod life;
mod listening;
pub mod metrics;
pub mod model;
pub mod notices;
pub mod numbered;
pub mod oauth;
pub mod people;
pub mod probe;
pub mod projects;
pub mod queue;
pub mod recover;
pub mod registry;
pub mod replay;
pub mod reply;
pub mod reports;
pub mod room;
pub mod secrets;
pub mod serve;
pub mod services;
pub mod silences;
pub mod source;
pub mod status;
pub mod tasks;
pub mod taught;
pub mod teach;
pub mod team;
pub mod troubles;
mod unread;
pub mod webhooks;
pub mod whose;
pub mod why;
mod wording;

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Router, http};

pub use desk::Front;
pub use serve::{serve_slack, serve_tcp, serve_unix};
pub use whose::{at_home, ourselves};

use errors::{Code, Refusal};

/// Says in every answer what the daemon's clock shows, so that "2 min ago" is counted by one clock.
pub const NOW_HEADER: &str = "deskd-now";

/// Longest time for an ordinary request: two calls of Slack and a busy database fit in.
const ORDINARY: Duration = Duration::from_secs(25);
/// Longest time for a list that is read from Slack page by page, within Slack's pace.
const FROM_SLACK: Duration = Duration::from_secs(120);
/// Longest time for what looks through the whole journal: a replay, an export, an erasure.
const REPLAY: Duration = Duration::from_secs(600);
/// Added to a caller's own patience.
const MARGIN: Duration = Duration::from_secs(5);

/// Largest body of an ordinary request, in bytes: twenty messages of a reply fit in.
const ORDINARY_BODY: usize = 512 << 10;
/// Largest body of notices, in bytes: a thousand with some words each.
const NOTICES_BODY: usize = 1 << 20;
/// Largest import of contacts, in bytes: about 100,000 lines.
const IMPORT_BODY: usize = 16 << 20;

/// All routes over `front`.
pub fn router(front: Front) -> Router {
    let longest_wait = front.settings.borrow().longest_wait;
    let quick = |route| within(route, ORDINARY);
    let slow = |route| within(route, FROM_SLACK);
    Router::new()
        .route("/healthz", quick(get(health::alive)))
        .route("/readyz", quick(get(health::ready)))
        .route("/metrics", quick(get(metrics::show)))
        .route("/v1/status", quick(get(status::show)))
        .route("/v1/categories", quick(get(categories::list)))
        .route("/v1/channels", slow(get(channels::list)))
        .route("/v1/channels/monitor", slow(post(channels::monitor)))
        .route("/v1/channels/ignore", slow(post(channels::ignore)))
        .route("/v1/tasks", quick(get(tasks::list)))
        .route("/v1/tasks/{number}", quick(get(tasks::show)))
        .route("/v1/tasks/{number}/assign", slow(post(handling::assign)))
        .route("/v1/tasks/{number}/label", quick(post(handling::label)))
        .route("/v1/tasks/{number}/priority", quick(post(handling::prioritise)))
        .route("/v1/tasks/{number}/snooze", quick(post(handling::snooze)))
        .route("/v1/tasks/{number}/close", quick(post(handling::close)))
        .route("/v1/tasks/{number}/reopen", quick(post(handling::reopen)))
        .route("/v1/bundles/{number}/task", quick(post(handling::make)))
        .merge(taught())
        .route("/v1/triage/explain", quick(post(teach::explain)))
        .route("/v1/triage/undo", quick(post(teach::undo)))
        .route("/v1/triage/forget", slow(post(teach::forget)))
        .route("/v1/tasks/{number}/reply", within(post(reply::reply), longest_wait + ORDINARY + MARGIN))
        .route("/v1/contacts", quick(get(contacts::list)))
        .route("/v1/contacts/import", slow(post(contacts::import)).layer(DefaultBodyLimit::max(IMPORT_BODY)))
        .route("/v1/contacts/{number}", quick(get(contacts::show)))
        .route("/v1/contacts/{number}/link", slow(post(contacts::link)))
        .route("/v1/contacts/{number}/export", within(get(contacts::export), REPLAY))
        .route("/v1/contacts/{number}/erase", within(post(contacts::erase), REPLAY))
        .route("/v1/team", quick(get(team::list)))
        .route("/v1/team/add", slow(post(team::add)))
        .route("/v1/team/remove", slow(post(team::remove)))
        .merge(webhooks())
        .merge(account())
        .route("/v1/audit", quick(get(audit::list)))
        .route("/v1/audit/verify", slow(get(audit::verify)))
        .route("/v1/people", quick(get(directory::people)))
        .route("/v1/people/sync", quick(get(directory::show).post(directory::sync)))
        .route("/v1/groups", quick(get(directory::groups)))
        .route("/v1/mentions/look-up", quick(post(directory::look_up)))
        .route("/v1/queue", quick(get(queue::list)))
        .route("/v1/queue/{number}/retry", quick(post(queue::retry)))
        .route("/v1/queue/{number}/drop", quick(post(queue::forget)))
        .route(
            "/v1/notices",
            within(post(notices::submit).get(life::list), longest_wait + ORDINARY + MARGIN)
                .layer(DefaultBodyLimit::max(NOTICES_BODY)),
        )
        .route("/v1/notices/{number}", quick(get(life::show)))
        .route("/v1/heartbeats", quick(get(heartbeats::list)))
        .route("/v1/heartbeats/{name}", quick(post(heartbeats::beat)))
        .route("/v1/reports", quick(get(reports::list)))
        .route("/v1/reports/{name}/run", within(post(reports::run), REPLAY))
        .route("/v1/projects", quick(get(projects::list)))
        .route("/v1/silences", quick(get(silences::list).post(silences::add)))
        .route("/v1/silences/{number}/expire", quick(post(silences::expire)))
        .route("/v1/test", within(post(probe::test), probe::PATIENCE + ORDINARY))
        .route("/v1/troubles", quick(get(troubles::list)))
        .route("/v1/alarm/test", slow(post(troubles::test)))
        .route("/v1/why", slow(get(why::show)))
        .route("/v1/replay", within(post(replay::replay), REPLAY))
        .route("/v1/recover", quick(get(recover::show).post(recover::request)))
        .fallback(no_such_route)
        .method_not_allowed_fallback(bad_method)
        .layer(DefaultBodyLimit::max(ORDINARY_BODY))
        .layer(middleware::from_fn(errors::by_number))
        .layer(middleware::from_fn_with_state(front.clone(), tell_time))
        .with_state(front)
}

/// What concerns incoming webhooks. A test waits for its turn and then for Slack.
fn webhooks() -> Router<Front> {
    let quick = |route| within(route, ORDINARY);
    Router::new()
        .route("/v1/webhooks", quick(get(webhooks::list).post(webhooks::add)))
        .route("/v1/webhooks/{name}/rotate", quick(post(webhooks::rotate)))
        .route("/v1/webhooks/{name}/rename", quick(post(webhooks::rename)))
        .route("/v1/webhooks/{name}/label", quick(post(webhooks::label)))
        .route("/v1/webhooks/{name}/delete", quick(post(webhooks::delete)))
        .route("/v1/webhooks/{name}/test", within(post(webhooks::test), FROM_SLACK))
}

/// What was taught, and how good it is. Many examples take a while to look through.
fn taught() -> Router<Front> {
    let slow = |route| within(route, FROM_SLACK);
    Router::new()
        .route("/v1/triage/report", slow(get(taught::report)))
        .route("/v1/triage/suggest", slow(get(taught::suggest)))
        .route(
            "/v1/triage/examples",
            slow(get(taught::export).post(taught::import)).layer(DefaultBodyLimit::max(IMPORT_BODY)),
        )
}

/// What concerns our installations. Connecting waits until everybody in the workspace is known.
fn account() -> Router<Front> {
    let (quick, slow) = (|route| within(route, ORDINARY), |route| within(route, FROM_SLACK));
    Router::new()
        .route("/api/slack/status", quick(get(account::status)))
        .route("/api/slack/disconnect", within(post(account::disconnect), REPLAY))
        .route("/v1/workspaces", quick(get(account::list)))
        .route("/v1/workspaces/granted", slow(get(account::granted)))
        .route("/v1/workspaces/connect", slow(post(account::connect)))
        .route("/v1/workspaces/rotate", slow(post(account::rotate)))
        .route("/v1/workspaces/disconnect", within(post(account::disconnect), REPLAY))
}

fn within(route: MethodRouter<Front>, patience: Duration) -> MethodRouter<Front> {
    route.layer(middleware::from_fn_with_state(patience, hurry))
}

async fn hurry(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(patience, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => {
            let what = format!(
                "it took longer than {} s; hint: look at \"deskd status\", then try again",
                patience.as_secs()
            );
            Refusal::new(Code::TooSlow, what).into_response()
        }
    }
}

async fn tell_time(front: Front, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if let Ok(now) = HeaderValue::from_str(&(front.now)().to_string()) {
        answer.headers_mut().insert(NOW_HEADER, now);
    }
    answer
}

async fn no_such_route(uri: http::Uri) -> Refusal {
    let what = format!(
        "there is no {}; hint: see docs/api.md, or is the daemon older than this deskd?",
        shown(&uri)
    );
    Refusal::new(Code::NoSuchRoute, what)
}

async fn bad_method(method: http::Method, uri: http::Uri) -> Refusal {
    let what = format!("{} does not take {method}; hint: reading is GET, doing is POST", shown(&uri));
    Refusal::new(Code::BadMethod, what)
}

/// An address without what may be a token: callers write what they are told into their logs.
fn shown(uri: &http::Uri) -> &str {
    match uri.path() {
        path if path.starts_with("/services") => "/services/...",
        path if path.starts_with("/in") => "/in/...",
        path => path,
    }
}
