//! The rules of routing: what the configuration says, checked and ready to be matched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Destination;
use crate::domain::notice::{Content, Severity};

/// All rules, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The routes; the first that matches is taken, and the next ones while they say so.
    pub routes: Vec<Route>,
}

/// A rule that turns a notice into deliveries.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Which notices it takes.
    pub matcher: Matcher,
    /// Where they go; empty to drop them.
    pub to: Vec<Destination>,
    /// Whether the routes below are tried, too.
    pub goes_on: bool,
    /// Whom its messages wake, as the configuration says it: `@here`, `@bob`, `@team-db`.
    pub mention: Vec<String>,
    /// From how many waiting ones on a burst becomes one message; `None` for never.
    pub gather_over: Option<i64>,
    /// How long its notices are worth reading; `None` for as long as their kind says.
    pub ttl: Option<Duration>,
}

/// What a notice has to be like. All that is given has to hold.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    /// Kinds: `payment.failed`, `payment.*`, `*`; empty for all.
    pub kinds: Vec<String>,
    /// Severities; empty for all.
    pub severities: BTreeSet<Severity>,
    /// The least severity.
    pub at_least: Option<Severity>,
    /// Fields and the values that each may have.
    pub fields: BTreeMap<String, BTreeSet<String>>,
}

/// Why a matcher does not take a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// Its kind is another.
    Kind,
    /// Its severity is another.
    Severity,
    /// This field has another value, or none.
    Field(String),
}

impl Miss {
    /// The reason as people read it.
    pub fn sentence(&self) -> String {
        match self {
            Miss::Kind => "the kind is another".to_owned(),
            Miss::Severity => "the severity is another".to_owned(),
            Miss::Field(name) => format!("{name} is another"),
        }
    }
}

impl Rules {
    /// The route with this name.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }
}

impl Matcher {
    /// Whether it takes a notice; what first speaks against it otherwise.
    pub fn takes(&self, content: &Content) -> Result<(), Miss> {
        if !self.kinds.is_empty() && !self.kinds.iter().any(|glob| glob_takes(glob, &content.kind)) {
            return Err(Miss::Kind);
        }
        let severe = self.at_least.is_none_or(|least| content.severity >= least);
        if !severe || !self.severities.is_empty() && !self.severities.contains(&content.severity) {
            return Err(Miss::Severity);
        }
        let other = self
            .fields
            .iter()
            .find(|(name, values)| !content.fields.get(*name).is_some_and(|value| values.contains(value)));
        other.map_or(Ok(()), |(name, _)| Err(Miss::Field(name.clone())))
    }
}

/// Whether a glob takes a kind: `*` stands for any run of characters.
pub fn glob_takes(glob: &str, kind: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = kind.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}
