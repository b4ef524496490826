//! The rules of routing: what the configuration says, checked and ready to be matched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Destination;
use super::hours::Hours;
use super::matcher::{Matcher, Subject};
use super::quiet::{Inhibition, Maintenance};
use crate::domain::mention::{Budget, Mention};
use crate::domain::notice::{Content, Kinds, Severity};
use crate::domain::project::{Project, Projects};

/// All rules, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The routes; the first that matches is taken, and the next ones while they say so.
    pub routes: Vec<Route>,
    /// The projects of all workspaces, in the order of the file.
    pub projects: Vec<Project>,
    /// Whom notices of a category call.
    pub mentions: CategoryMentions,
    /// Times at which some notices are expected.
    pub maintenance: Vec<Maintenance>,
    /// Problems that stand for others.
    pub inhibitions: Vec<Inhibition>,
    /// The category of each kind.
    pub categories: BTreeMap<String, String>,
}

/// A rule that turns a notice into deliveries.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// Which notices it takes.
    pub matcher: Matcher,
    /// Where they go; empty to drop them.
    pub to: Vec<Destination>,
    /// Whether they also go to the channel of the project that they name.
    pub to_project: bool,
    /// Whether the routes below are tried, too.
    pub goes_on: bool,
    /// Whom its messages wake, `None` for what the category says.
    pub mention: Option<Vec<Mention>>,
    /// The hours outside of which its notices wait; `None` for always.
    pub hours: Option<Arc<Hours>>,
    /// The least severity that does not wait for them.
    pub breaks_through: Severity,
    /// How its notices are gathered; `None` for one message each.
    pub digest: Option<Gather>,
    /// From how many waiting ones on a burst becomes one message; `None` for never.
    pub gather_over: Option<i64>,
    /// How long its notices are worth reading; `None` for as long as their kind says.
    pub ttl: Option<Duration>,
}

/// How notices are gathered into one message.
#[derive(Clone, Debug)]
pub struct Gather {
    /// How long the first of them waits.
    pub window: Duration,
    /// The fields whose values keep them apart.
    pub by: Vec<String>,
    /// How many go at once, without waiting for the end of the window; `None` for any number.
    pub most: Option<i64>,
}

/// Whom notices call by category, from a severity on.
#[derive(Clone, Debug)]
pub struct CategoryMentions {
    /// The least severity that calls anybody.
    pub at_least: Severity,
    /// Whom, by category.
    pub by_category: BTreeMap<String, Vec<Mention>>,
    /// Whom, where the category says nothing.
    pub default: Vec<Mention>,
    /// How often a channel may be called as a whole.
    pub budget: Budget,
}

impl Default for CategoryMentions {
    fn default() -> CategoryMentions {
        CategoryMentions {
            at_least: Severity::Critical,
            by_category: BTreeMap::new(),
            default: Vec::new(),
            budget: Budget { per_day: 0, zone: TimeZone::UTC },
        }
    }
}

impl Rules {
    /// The route with this name.
    pub fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| &*route.name == name)
    }

    /// Takes in which kind belongs to which category.
    pub fn know(&mut self, kinds: &Kinds) {
        let pair = |kind: &crate::domain::notice::Kind| (kind.name.clone(), kind.category.clone());
        self.categories = kinds.all().map(pair).collect();
    }

    /// A notice as matchers look at it.
    pub fn subject<'a>(&'a self, content: &'a Content, source: &'a str) -> Subject<'a> {
        let category = self.categories.get(&content.kind).map(String::as_str).unwrap_or_default();
        Subject { content, source, category }
    }

    /// Whom a notice calls when it goes by a route.
    pub fn mention(&self, route: &Route, subject: &Subject<'_>) -> Vec<Mention> {
        if let Some(own) = &route.mention {
            return own.clone();
        }
        self.usual_mention(subject)
    }

    /// Whom a notice calls where no route says it.
    pub fn usual_mention(&self, subject: &Subject<'_>) -> Vec<Mention> {
        if subject.content.severity < self.mentions.at_least {
            return Vec::new();
        }
        self.mentions.by_category.get(subject.category).unwrap_or(&self.mentions.default).clone()
    }

    /// The kinds of problems that may mute others, as globs; empty when none does.
    pub fn muting_kinds(&self) -> Vec<String> {
        let kinds = |rule: &Inhibition| match rule.source.kinds.is_empty() {
            true => vec!["*".to_owned()],
            false => rule.source.kinds.clone(),
        };
        self.inhibitions.iter().flat_map(kinds).collect()
    }

    /// Every place that is named anywhere, each once; of the projects, those of one workspace.
    pub fn destinations<'a>(&'a self, projects: &'a Projects) -> Vec<&'a Destination> {
        let routes = self.routes.iter().flat_map(|route| &route.to);
        let mut all: Vec<&Destination> =
            routes.chain(projects.values().map(|project| &project.channel)).collect();
        all.sort();
        all.dedup();
        all
    }
}

impl Gather {
    /// What keeps the notices of a route together: its name and the values that tell them apart.
    pub fn group(&self, route: &str, content: &Content) -> String {
        let value = |name: &String| content.fields.get(name).map_or("", |value| value.as_str());
        let values: Vec<&str> = self.by.iter().map(value).collect();
        format!("digest\u{1f}{route}\u{1f}{}", values.join("\u{1f}"))
    }
}
