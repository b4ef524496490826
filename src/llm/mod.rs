//! Language models: one question to one address, in one of two protocols.
//!
//! Nothing here decides what is asked or what an answer means (`domain::advice`), and nothing is remembered. Where a call may
//! go is decided for each connection, after the name was looked up (`domain::reach::Bounds`); redirects are not followed and no
//! proxy is asked. Answers are taken whole: a model that writes a sentence has nothing to stream.

mod anthropic;
mod call;
mod guard;
mod openai;

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Secret;
use crate::config::model::{Model as Settings, Protocol};
use crate::domain::advice::answer::Refusal;
use crate::domain::advice::budget::Usage;
use crate::domain::advice::pace::Failure;
use crate::domain::advice::question::Question;

/// A model that can be asked.
#[derive(Clone)]
pub struct Model {
    client: reqwest::Client,
    protocol: Protocol,
    url: reqwest::Url,
    name: String,
    headers: HeaderMap,
    timeout: Duration,
    guard: guard::Guard,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The answer as text, or why there is none.
    pub answer: Result<String, Refusal>,
    /// What the call came to, as the other side says; `None` when it does not.
    pub usage: Option<Usage>,
}

/// A call that gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub why: Failure,
    /// How long we were told to wait.
    pub retry_after: Option<Duration>,
}

/// Why a model cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The address is none.
    #[error("model.url is not a web address")]
    Address,
    /// The address may not be called.
    #[error(
        "model.url leads to {0}, where egress = \"{1}\" lets nothing go; hint: see docs/language-models.md"
    )]
    Outside(String, &'static str),
    /// The key holds characters that cannot stand in a header.
    #[error("the key of the language model holds characters that no key has: copy it again")]
    Key,
    /// The TLS machinery did not start.
    #[error(
        "cannot start the HTTP client: are the system's certificates installed (package ca-certificates)?"
    )]
    Client,
}

impl Model {
    /// The model of the configuration; `None` when there is none.
    pub fn new(settings: &Settings, key: Option<&Secret>) -> Result<Option<Model>, Unusable> {
        let Some((base, name)) = settings.url.as_deref().zip(settings.name.clone()) else { return Ok(None) };
        let path = match settings.protocol {
            Protocol::Openai => openai::path(base),
            Protocol::Anthropic => anthropic::path(base),
        };
        let url = reqwest::Url::parse(&path).map_err(|_| Unusable::Address)?;
        let guard = guard::Guard::new(settings.bounds());
        if !guard.admits_host(&url) {
            return Err(guard::outside(&url, settings.egress));
        }
        let client = guard.client().map_err(|_| Unusable::Client)?;
        let headers = match settings.protocol {
            Protocol::Openai => openai::headers(key)?,
            Protocol::Anthropic => anthropic::headers(key)?,
        };
        let (protocol, timeout) = (settings.protocol, settings.timeout);
        Ok(Some(Model { client, protocol, url, name, headers, timeout, guard }))
    }

    /// Looks the address up and refuses it when all it leads to is outside. A name that cannot be looked up now is no reason to
    /// refuse: each call looks again.
    pub async fn look_up(&self, settings: &Settings) -> Result<(), Unusable> {
        match self.guard.leads_outside(&self.url).await {
            true => Err(guard::outside(&self.url, settings.egress)),
            false => Ok(()),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks once.
    pub async fn ask(&self, question: &Question) -> Result<Said, Failed> {
        if !self.guard.admits_host(&self.url) {
            return Err(Failure::NotAllowed.into());
        }
        let body = match self.protocol {
            Protocol::Openai => {
                openai::request(question, &self.name, self.url.host_str().unwrap_or_default())
            }
            Protocol::Anthropic => anthropic::request(question, &self.name),
        };
        let request = self.client.post(self.url.clone()).headers(self.headers.clone()).timeout(self.timeout);
        let body = call::send(request, body.to_string()).await?;
        Ok(match self.protocol {
            Protocol::Openai => openai::read(&body),
            Protocol::Anthropic => anthropic::read(&body),
        })
    }
}

impl From<Failure> for Failed {
    fn from(why: Failure) -> Failed {
        Failed { why, retry_after: None }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Model({} at {})", self.name, self.url.host_str().unwrap_or_default())
    }
}

/// A header that holds a key.
fn secret(name: HeaderName, value: &str) -> Result<HeaderMap, Unusable> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Unusable::Key)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}
