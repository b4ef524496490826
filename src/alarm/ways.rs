//! The second way out: a command, a webhook, a mail. Each call takes seconds at most and says in one word why it failed.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::command;
use crate::config::alarm::Alarm;
use crate::config::{Secret, WaySecrets};
use crate::dispatch::mail::Mailer;
use crate::dispatch::sign::{DELIVERY, SIGNATURE, signature};
use crate::domain::alarm::Way;
use crate::domain::handout::Letter;
use crate::domain::ids::TroubleId;
use crate::domain::telling::{Telling, advice, sentence};
use crate::domain::time::Timestamp;

/// How long the webhook may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why somebody was not told: a stable word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold(pub String);

impl Untold {
    /// One of our own words.
    pub fn new(word: &str) -> Untold {
        Untold(word.to_owned())
    }
}

/// The ways that are configured. Clones share them.
#[derive(Clone)]
pub struct Ways(Arc<Inner>);

struct Inner {
    alarm: Alarm,
    mailer: Arc<Mailer>,
    secrets: WaySecrets,
    /// Only where there is a webhook: making one reads all certificates of the system.
    http: Option<reqwest::Client>,
}

impl Ways {
    /// The ways that `alarm` names.
    pub fn new(alarm: Alarm, mailer: Arc<Mailer>, secrets: WaySecrets) -> anyhow::Result<Ways> {
        let http = secrets.webhook.as_ref().map(client).transpose()?;
        Ok(Ways(Arc::new(Inner { alarm, mailer, secrets, http })))
    }

    /// The channel that is told, as configured.
    pub fn channel(&self) -> Option<&str> {
        self.0.alarm.channel.as_deref()
    }

    /// Every way that is configured, Slack first.
    pub fn all(&self) -> Vec<Way> {
        let Inner { alarm, secrets, .. } = &*self.0;
        let set = [
            (Way::Slack, alarm.channel.is_some()),
            (Way::Command, !alarm.command.is_empty()),
            (Way::Webhook, secrets.webhook.is_some()),
            (Way::Email, alarm.email.is_some()),
        ];
        set.into_iter().filter(|(_, set)| *set).map(|(way, _)| way).collect()
    }

    /// Those that do not lead through Slack.
    pub fn second(&self) -> Vec<Way> {
        self.all().into_iter().filter(|way| *way != Way::Slack).collect()
    }

    /// Tells somebody by a way that does not lead through Slack. `id` is missing while the database cannot be written.
    pub async fn tell(
        &self,
        way: Way,
        telling: &Telling,
        id: Option<TroubleId>,
        now: Timestamp,
    ) -> Result<(), Untold> {
        match way {
            Way::Slack => Err(Untold::new("not_a_second_way")),
            Way::Command => command::run(&self.0.alarm.command, format!("{}\n", document(telling, id))).await,
            Way::Webhook => self.call(&document(telling, id), &key(telling, id), now).await,
            Way::Email => self.mail(telling, &key(telling, id), now).await,
        }
    }

    async fn call(&self, document: &Value, key: &str, now: Timestamp) -> Result<(), Untold> {
        let Some((http, address)) = self.0.http.as_ref().zip(self.0.secrets.webhook.as_ref()) else {
            return Err(Untold::new("not_configured"));
        };
        let body = document.to_string();
        let request =
            http.post(address.expose()).header(CONTENT_TYPE, "application/json").header(DELIVERY, key);
        let secret = self.0.secrets.webhook_secret.as_ref();
        let request = match secret.and_then(|secret| signature(secret, &body, now)) {
            Some(signed) => request.header(SIGNATURE, signed),
            None => request,
        };
        match request.body(body).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Untold(format!("http_{}", answer.status().as_u16()))),
            Err(problem) if problem.is_timeout() => Err(Untold::new("timeout")),
            Err(_) => Err(Untold::new("unreachable")),
        }
    }

    async fn mail(&self, telling: &Telling, key: &str, now: Timestamp) -> Result<(), Untold> {
        let to = self.0.alarm.email.as_deref().unwrap_or_default();
        let headline = telling.headline();
        let text = format!("deskd: {headline}\n\n{}\n", telling.rest());
        let letter = Letter::of_text(&format!("[deskd] {headline}"), &text);
        // The key begins again with a new database; the time does not.
        let id = format!("{key}-{}", telling.raised_at.0);
        self.0.mailer.send(to, &letter, &id, now).await.map_err(|why| Untold(why.to_string()))
    }
}

fn client(address: &Secret) -> reqwest::Result<reqwest::Client> {
    let http = reqwest::Client::builder()
        .user_agent(concat!("deskd/", env!("CARGO_PKG_VERSION")))
        // Somewhere else is not where the secret belongs.
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .pool_max_idle_per_host(0);
    let http = if address.has_prefix("http:") { http.no_proxy() } else { http };
    http.build()
}

/// What a command and a webhook are told. `key` is the same for each repetition of the same news; `text` is there for chat
/// systems, which show it.
pub fn document(telling: &Telling, id: Option<TroubleId>) -> Value {
    let Telling { raised, phase, raised_at, resolved_at, test } = telling;
    json!({
        "deskd": env!("CARGO_PKG_VERSION"),
        "test": test,
        "trouble": id.map(|id| id.0),
        "key": key(telling, id),
        "kind": raised.own.as_str(),
        "severity": telling.severity().as_str(),
        "phase": phase.as_str(),
        "subject": raised.subject,
        "detail": raised.detail,
        "sentence": sentence(raised),
        "hint": advice(raised.own),
        "raised_at": raised_at.to_string(),
        "resolved_at": resolved_at.map(|at| at.to_string()),
        "text": format!("deskd: {}\n{}", telling.headline(), telling.rest()),
    })
}

/// The same for each repetition of the same news.
fn key(telling: &Telling, id: Option<TroubleId>) -> String {
    let which = id.map_or_else(|| format!("at-{}", telling.raised_at.0), |id| id.0.to_string());
    format!("{which}-{}", telling.phase.as_str())
}
