//! Who hands notices in: somebody on this machine, the holder of the API's token, or a caller with a token of its own, who may
//! be limited to kinds and to a pace. What is left of a pace is in memory: a restart gives everybody their burst again.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::watch;

use super::errors::{Code, Refusal};
use crate::config::callers::Callers;
use crate::domain::caller::{API, Allowance, Caller, LOCAL};
use crate::domain::heartbeat::Promise;
use crate::domain::notice::problem::Effect;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// Who hands something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody at the unix socket.
    Local,
    /// The holder of the token of `[api]`.
    Api,
    /// A caller of `[[caller]]`.
    Caller(Arc<Caller>),
}

impl Source {
    /// The name that is stored with its notices.
    pub fn name(&self) -> &str {
        match self {
            Source::Local => LOCAL,
            Source::Api => API,
            Source::Caller(caller) => &caller.name,
        }
    }

    /// The one who acts: a caller by its name, else whoever is at the other end.
    pub fn actor(&self, whoever: &super::caller::Caller) -> Actor {
        match self {
            Source::Local | Source::Api => whoever.actor(),
            Source::Caller(caller) => Actor::Operator(caller.name.clone()),
        }
    }

    /// The caller, where it is one with limits.
    pub fn caller(&self) -> Option<&Caller> {
        match self {
            Source::Local | Source::Api => None,
            Source::Caller(caller) => Some(caller),
        }
    }

    /// Whether its own messages may call everybody in a channel.
    pub fn may_call_everybody(&self) -> bool {
        self.caller().is_none_or(|caller| caller.allow_broad)
    }

    /// Refuses a kind that it may not use.
    pub fn may(&self, kind: &str) -> Result<(), Refusal> {
        let Some(caller) = self.caller().filter(|caller| !caller.may(kind)) else { return Ok(()) };
        let kind: String = kind.chars().take(60).collect();
        let what = format!("{} may not use the kind {kind}; hint: see kinds of its [[caller]]", caller.name);
        Err(Refusal::new(Code::ForbiddenKind, what))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    /// The gate of the TCP port has noted who it is; nobody passes it unnoted.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Source, Infallible> {
        Ok(parts.extensions.get::<Source>().cloned().unwrap_or(Source::Local))
    }
}

/// What the ways in need. Clones share it.
#[derive(Clone)]
pub struct Doors {
    /// Who may come in; changes with a reload.
    pub callers: watch::Receiver<Arc<Callers>>,
    /// The heartbeats that are promised; changes with a reload.
    pub promises: watch::Receiver<Arc<Vec<Promise>>>,
    /// What was taken and refused.
    pub count: Count,
    paces: Arc<Mutex<BTreeMap<String, Allowance>>>,
}

impl Doors {
    /// Doors for these.
    pub fn new(
        callers: watch::Receiver<Arc<Callers>>,
        promises: watch::Receiver<Arc<Vec<Promise>>>,
    ) -> Doors {
        Doors { callers, promises, count: Count::default(), paces: Arc::default() }
    }

    /// Takes `count` notices out of the pace of a source.
    pub fn pace(&self, source: &Source, count: usize, now: Timestamp) -> Result<(), Refusal> {
        let Some(caller) = source.caller() else { return Ok(()) };
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let left = paces.entry(caller.name.clone()).or_insert_with(|| Allowance::new(caller.pace, now));
        left.take(count, caller.pace, now).map_err(|again| {
            let what = format!(
                "{} hands in more than its {} a minute; hint: wait as Retry-After says, or raise rate of its [[caller]]",
                caller.name, caller.pace.per_minute
            );
            let seconds = again.since(now).as_millis().div_ceil(1000);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            Refusal { retry_after: Some(seconds), ..Refusal::new(Code::RateLimited, what) }
        })
    }
}

/// Notices taken and requests refused since the start. Clones share it.
#[derive(Clone, Default)]
pub struct Count(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    taken: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
}

impl Count {
    /// Notices were taken.
    pub fn take(&self, effects: impl Iterator<Item = Effect>) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for effect in effects {
            *counted.taken.entry(effect.as_str()).or_default() += 1;
        }
    }

    /// A request was refused.
    pub fn refuse(&self, code: Code) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.refused.entry(code.row().word).or_default() += 1;
    }

    /// Notices taken, by effect.
    pub fn taken(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).taken.clone()
    }

    /// Requests refused, by code.
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }
}
