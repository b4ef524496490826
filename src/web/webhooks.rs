//! Incoming webhooks of Slack: named, listed, tried. An address comes in here and never goes out again.

use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Path};
use serde::{Deserialize, Deserializer, Serialize};
use tracing::info;

use super::arguments::Given;
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::handling::Nothing;
use super::secrets::need_key;
use super::status::WrongDocument;
use super::tasks::time;
use super::{Front, ourselves};
use crate::config::Secret;
use crate::domain::ids::WorkspaceId;
use crate::domain::limit::Admission;
use crate::domain::own::Severity;
use crate::domain::webhook::{self, Posted, Refused, WebhookName, WebhookState};
use crate::slack::incoming::{self, WebhookUrl};
use crate::store::webhooks::{Changed, NewUrl, NoUrl, Webhook};

/// How long a test waits for its turn: other messages may be on their way to the same webhook.
const TURN: Duration = Duration::from_secs(10);

/// A webhook as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRow {
    /// What routes call it.
    pub name: String,
    /// What somebody wrote of the channel it posts to; empty when nobody did.
    pub channel: String,
    /// The address without what makes it work.
    pub url: String,
    /// `ok`, `broken` or `disabled`.
    pub state: String,
    /// What the last message came to: `ok`, Slack's word, or empty when there was none.
    pub result: String,
    /// When that was, RFC 3339.
    pub result_at: Option<String>,
    /// What to do about it; null where nothing is to be done.
    pub hint: Option<String>,
    /// Whether the configuration names it.
    pub used: bool,
    /// Since when it is there, RFC 3339.
    pub created_at: String,
    /// Since when it has this address, RFC 3339.
    pub rotated_at: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookChange {
    /// Always true.
    pub ok: bool,
    /// The webhook as it is now; null when it was deleted.
    pub webhook: Option<WebhookRow>,
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTest {
    /// Whether Slack took the message.
    pub ok: bool,
    /// `ok`, Slack's word, `rate_limited`, `unreachable` or `unknown_outcome`.
    pub result: String,
    /// The same as people read it.
    pub sentence: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The webhook as it is now.
    pub webhook: Option<WebhookRow>,
}

/// A new webhook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    #[serde(default)]
    name: String,
    #[serde(default)]
    channel: String,
    #[serde(default = "nothing", deserialize_with = "secret")]
    url: Secret,
}

/// A new address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    #[serde(default = "nothing", deserialize_with = "secret")]
    url: Secret,
}

/// A new name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    #[serde(default)]
    name: String,
}

/// A new label.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    #[serde(default)]
    channel: String,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    let text = zeroize::Zeroizing::new(String::deserialize(from)?);
    Ok(Secret::new(&text))
}

fn nothing() -> Secret {
    Secret::new("")
}

/// `GET /v1/webhooks`, by name.
pub async fn list(front: Front) -> Result<Json<Vec<WebhookRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let webhooks = front.store.of(&workspace).webhooks().await?;
    Ok(Json(webhooks.into_iter().map(|webhook| row(&front, webhook)).collect()))
}

/// `POST /v1/webhooks`: adds one.
pub async fn add(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(New { name, channel, url }): Given<New>,
) -> Result<Json<WebhookChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let name = WebhookName::parse(&name).map_err(bad)?;
    let label = webhook::label(&channel).map_err(bad)?;
    let new = address(&front, &url)?;
    let changed = front
        .store
        .of(&workspace)
        .add_webhook((name.clone(), label), new, caller.actor(), (front.now)())
        .await?;
    done(&front, workspace, changed, (&caller, "added", name.as_str(), name.as_str())).await
}

/// `POST /v1/webhooks/{name}/rotate`: gives it another address.
pub async fn rotate(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Path(name): Path<String>,
    Given(Address { url }): Given<Address>,
) -> Result<Json<WebhookChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let new = address(&front, &url)?;
    let changed =
        front.store.of(&workspace).rotate_webhook(name.clone(), new, caller.actor(), (front.now)()).await?;
    done(&front, workspace, changed, (&caller, "gave a new address to", &name, &name)).await
}

/// `POST /v1/webhooks/{name}/rename`.
pub async fn rename(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Path(name): Path<String>,
    Given(Name { name: to }): Given<Name>,
) -> Result<Json<WebhookChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    unused(&front, &name, "renamed")?;
    let to = WebhookName::parse(&to).map_err(bad)?;
    let changed = front
        .store
        .of(&workspace)
        .rename_webhook(name.clone(), to.clone(), caller.actor(), (front.now)())
        .await?;
    done(&front, workspace, changed, (&caller, "renamed", &name, to.as_str())).await
}

/// `POST /v1/webhooks/{name}/label`: says something else of its channel.
pub async fn label(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Path(name): Path<String>,
    Given(Label { channel }): Given<Label>,
) -> Result<Json<WebhookChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let label = webhook::label(&channel).map_err(bad)?;
    let changed =
        front.store.of(&workspace).label_webhook(name.clone(), label, caller.actor(), (front.now)()).await?;
    done(&front, workspace, changed, (&caller, "labelled", &name, &name)).await
}

/// `POST /v1/webhooks/{name}/delete`.
pub async fn delete(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Path(name): Path<String>,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<WebhookChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    unused(&front, &name, "deleted")?;
    let changed =
        front.store.of(&workspace).delete_webhook(name.clone(), caller.actor(), (front.now)()).await?;
    done(&front, workspace, changed, (&caller, "deleted", &name, &name)).await
}

/// `POST /v1/webhooks/{name}/test`: posts a marked message, be the webhook disabled or not.
pub async fn test(
    front: Front,
    Path(name): Path<String>,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<WebhookTest>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let url = match front.store.of(&workspace).webhook_url_to_test(name.clone()).await {
        Ok(url) => url,
        Err(problem) => return Err(no_url(&front, &workspace, &name, problem).await),
    };
    take_turn(&front, &workspace, &name).await?;
    let text = format!(":test_tube: deskd: this is a test of the webhook {name}; nothing is wrong.");
    let outcome = incoming::post(&front.api, &url, &text, None).await;
    let posted = outcome.as_ref().map_or_else(incoming::Failure::posted, |()| Posted::Delivered);
    front.store.of(&workspace).note_webhook(name.clone(), posted, (front.now)()).await?;
    let webhook = front.store.of(&workspace).webhook(name).await?.map(|webhook| row(&front, webhook));
    let (sentence, hint) = match &outcome {
        Ok(()) => ("Slack took the message: look for it in the channel".to_owned(), None),
        Err(incoming::Failure::Refused(refused)) => {
            (refused.sentence().to_owned(), Some(refused.hint().to_owned()))
        }
        Err(other) => (other.to_string(), Some("try again in a moment, or run \"deskd doctor\"".to_owned())),
    };
    Ok(Json(WebhookTest { ok: outcome.is_ok(), result: posted.word(), sentence, hint, webhook }))
}

/// What is wrong with the webhooks, as lines of the status.
pub fn wrong(webhooks: &[Webhook]) -> Vec<WrongDocument> {
    let stopped = webhooks.iter().filter(|webhook| webhook.state != WebhookState::Ok);
    let line = |webhook: &Webhook| WrongDocument {
        what: format!("the webhook {} is {} ({})", webhook.name, webhook.state.as_str(), webhook.result),
        since: time(webhook.result_at),
        hint: hint(webhook).unwrap_or_else(|| format!("deskd webhook test {}", webhook.name)),
        severity: Severity::Warning.as_str().to_owned(),
    };
    stopped.map(line).collect()
}

fn row(front: &Front, webhook: Webhook) -> WebhookRow {
    let hint = hint(&webhook);
    let used = front.settings.borrow().webhooks_in_use.contains(&webhook.name);
    let Webhook { name, label, origin, state, result, result_at, created_at, rotated_at } = webhook;
    WebhookRow {
        name,
        channel: label,
        url: incoming::shown(&origin),
        state: state.as_str().to_owned(),
        result,
        result_at: time(result_at),
        hint,
        used,
        created_at: created_at.to_string(),
        rotated_at: rotated_at.to_string(),
    }
}

fn hint(webhook: &Webhook) -> Option<String> {
    Refused::from_word(&webhook.result).map(|refused| refused.advice().to_owned())
}

/// A checked address, and a key to seal it with.
fn address(front: &Front, url: &Secret) -> Result<NewUrl, Refusal> {
    let checked = WebhookUrl::parse(url, front.api.is_local()).map_err(bad)?;
    need_key(front)?;
    Ok(NewUrl { origin: checked.origin().to_owned(), url: checked.secret().clone() })
}

fn unused(front: &Front, name: &str, what: &str) -> Result<(), Refusal> {
    if front.settings.borrow().webhooks_in_use.contains(name) {
        let told = format!(
            "the configuration posts to the webhook {name}, so it cannot be {what}; hint: take it out of config.toml, \
             then systemctl reload deskd"
        );
        return Err(Refusal::new(Code::WrongState, told));
    }
    Ok(())
}

async fn take_turn(front: &Front, workspace: &WorkspaceId, name: &str) -> Result<(), Refusal> {
    let begun = (front.now)();
    loop {
        let now = (front.now)();
        match front.store.of(workspace).webhook_turn(name.to_owned(), now).await? {
            None => return Err(no_webhook(front, workspace, name).await),
            Some(Admission::Now { .. }) => return Ok(()),
            Some(Admission::At(at)) if at <= begun.plus(TURN) => tokio::time::sleep(at.since(now)).await,
            Some(Admission::At(at)) => {
                let told = format!(
                    "Slack asked to leave the webhook {name} alone until {at}; hint: try again after that"
                );
                return Err(Refusal::new(Code::SlackAway, told));
            }
        }
    }
}

type Deed<'a> = (&'a Caller, &'a str, &'a str, &'a str);

/// The answer to a change: who did what to a webhook, and what it is called now.
async fn done(
    front: &Front,
    workspace: WorkspaceId,
    changed: Changed,
    (caller, did, name, now_called): Deed<'_>,
) -> Result<Json<WebhookChange>, Refusal> {
    match changed {
        Changed::Done => {
            info!(webhook = name, "{} {did} the webhook {name}", caller.actor().word());
            let found = front.store.of(&workspace).webhook(now_called.to_owned()).await?;
            Ok(Json(WebhookChange { ok: true, webhook: found.map(|webhook| row(front, webhook)) }))
        }
        Changed::NoSuch => Err(no_webhook(front, &workspace, name).await),
        Changed::Taken => {
            let told = format!(
                "there is a webhook {now_called} already; hint: deskd webhook rotate {now_called} gives it another address"
            );
            Err(Refusal::new(Code::WrongState, told))
        }
    }
}

async fn no_url(front: &Front, workspace: &WorkspaceId, name: &str, problem: NoUrl) -> Refusal {
    match problem {
        NoUrl::NoSuch | NoUrl::Disabled(_) => no_webhook(front, workspace, name).await,
        NoUrl::Locked(locked) => match need_key(front) {
            Err(refusal) => refusal,
            Ok(()) => Refusal::new(Code::SecretsLocked, format!("the address of {name} is locked: {locked}")),
        },
        NoUrl::Store(problem) => problem.into(),
    }
}

async fn no_webhook(front: &Front, workspace: &WorkspaceId, name: &str) -> Refusal {
    // What is not a name may be an address: it is not repeated.
    let Ok(name) = WebhookName::parse(name) else {
        return Refusal::new(
            Code::NoSuchWebhook,
            "there is no webhook of this name; hint: deskd webhook list",
        );
    };
    let known = front.store.of(workspace).webhooks().await.unwrap_or_default();
    let names = known.iter().map(|webhook| webhook.name.as_str());
    let hint = match crate::config::problem::nearest(name.as_str(), names) {
        Some(near) => format!("did you mean {near}?"),
        None => "deskd webhook list".to_owned(),
    };
    Refusal::new(Code::NoSuchWebhook, format!("there is no webhook {name}; hint: {hint}"))
}

fn bad(problem: impl std::error::Error) -> Refusal {
    Refusal::bad(problem.to_string())
}
