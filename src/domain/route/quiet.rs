//! What keeps a notice from being told although a route would take it: a silence that a person made, a maintenance window of
//! the configuration, or another problem that stands for it.

use super::hours::Hours;
use super::matcher::{Matcher, Subject};
use super::rules::Rules;
use crate::domain::ids::ProblemId;
use crate::domain::notice::Content;
use crate::domain::project::Projects;
use crate::domain::time::Timestamp;

/// What is known beside the rules when a notice is routed.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The silences that hold now.
    pub silences: Vec<Silence>,
    /// The problems that fire and may mute others.
    pub firing: Vec<Firing>,
    /// The projects of the workspace.
    pub projects: Projects,
}

/// A silence that a person made.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Its row.
    pub id: i64,
    /// What it is about.
    pub matcher: Matcher,
}

/// A problem that fires.
#[derive(Clone, Debug)]
pub struct Firing {
    /// Its row.
    pub problem: ProblemId,
    /// Its newest notice.
    pub content: Content,
    /// Who handed that in.
    pub source: String,
}

/// A time at which some notices are expected and not told.
#[derive(Clone, Debug)]
pub struct Maintenance {
    /// Its name.
    pub name: String,
    /// When it is.
    pub when: When,
    /// What it is about.
    pub matcher: Matcher,
}

/// When a maintenance window is.
#[derive(Clone, Debug)]
pub enum When {
    /// Once.
    Once {
        /// Its first instant.
        from: Timestamp,
        /// The first instant after it.
        to: Timestamp,
    },
    /// Every week.
    Weekly(Hours),
}

/// While a problem that `source` takes fires, notices that `target` takes are not told, where both have the same values in all
/// of `equal`.
#[derive(Clone, Debug)]
pub struct Inhibition {
    /// What mutes.
    pub source: Matcher,
    /// What is muted.
    pub target: Matcher,
    /// Fields that both must have with the same value.
    pub equal: Vec<String>,
}

/// What mutes a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Muted {
    /// The silence with this row.
    Silence(i64),
    /// The maintenance window with this name.
    Maintenance(String),
    /// The problem with this row.
    Problem(ProblemId),
}

impl When {
    /// Whether it is now.
    pub fn is_now(&self, now: Timestamp) -> bool {
        match self {
            When::Once { from, to } => *from <= now && now < *to,
            When::Weekly(hours) => hours.last_at(now),
        }
    }
}

/// What mutes a notice of a problem, if anything does.
pub fn muted(
    subject: &Subject<'_>,
    problem: Option<ProblemId>,
    (rules, state): (&Rules, &State),
    now: Timestamp,
) -> Option<Muted> {
    let silence = state.silences.iter().find(|silence| silence.matcher.takes(subject).is_ok());
    if let Some(silence) = silence {
        return Some(Muted::Silence(silence.id));
    }
    let window =
        rules.maintenance.iter().find(|one| one.matcher.takes(subject).is_ok() && one.when.is_now(now));
    if let Some(window) = window {
        return Some(Muted::Maintenance(window.name.clone()));
    }
    rules.inhibitions.iter().find_map(|rule| {
        rule.target.takes(subject).ok()?;
        // Two that match both sides must not mute each other: then nobody would be told of either.
        let both = rule.source.takes(subject).is_ok();
        let mutes = |firing: &&Firing| {
            let other = rules.subject(&firing.content, &firing.source);
            Some(firing.problem) != problem
                && rule.source.takes(&other).is_ok()
                && !(both && rule.target.takes(&other).is_ok())
                && rule.equal.iter().all(|name| same(subject.content, &firing.content, name))
        };
        state.firing.iter().find(mutes).map(|firing| Muted::Problem(firing.problem))
    })
}

fn same(one: &Content, other: &Content, name: &str) -> bool {
    one.fields.get(name).is_some_and(|value| other.fields.get(name) == Some(value))
}
