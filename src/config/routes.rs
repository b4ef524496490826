//! `[[route]]` and what belongs to it: which notices go where, and whom a category calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::endpoint::Endpoint;
use super::hours;
use super::mentions::{self, MentionNamed, Mentions};
use super::problem::{Problem, Spot, nearest};
use super::projects;
use super::quiet;
use super::reader::{Item, Reader, Section};
use super::settings::ChannelNamed;
use crate::domain::mention::{Budget, Mention};
use crate::domain::notice::{Kinds, Severity};
use crate::domain::own::Own;
use crate::domain::route::hours::Hours;
use crate::domain::route::lint::{Odd, odd};
use crate::domain::route::matcher::glob_takes;
use crate::domain::route::rules::{CategoryMentions, Gather};
use crate::domain::route::{Destination, Matcher, Route, Rules};
use crate::domain::webhook::{BadName, WebhookName};

/// The word in `to` that stands for the channel of the notice's project.
const PROJECT: &str = "project";

/// Severities by their words.
pub const SEVERITIES: &[(&str, Severity)] = &[
    ("info", Severity::Info),
    ("warning", Severity::Warning),
    ("error", Severity::Error),
    ("critical", Severity::Critical),
];

/// How long a digest waits when nothing is said.
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// Most notices of a digest that goes at once: what Slack shows of one message.
const MOST_GATHERED: i64 = 500;

/// What the rules are read with.
struct Desk<'d> {
    kinds: &'d Kinds,
    hours: BTreeMap<String, Arc<Hours>>,
    named: &'d mut Vec<ChannelNamed>,
    called: &'d mut Vec<MentionNamed>,
}

/// Reads all rules. What is only odd comes back beside them.
pub fn read<'d>(
    reader: &mut Reader<'_>,
    (kinds, general, zone): (&'d Kinds, &Mentions, &TimeZone),
    (named, called): (&'d mut Vec<ChannelNamed>, &'d mut Vec<MentionNamed>),
) -> (Rules, Vec<Problem>) {
    let mut rules = Rules::default();
    rules.know(kinds);
    let mut desk = Desk { kinds, hours: hours::read(reader, zone), named, called };
    rules.projects = projects::read(reader, desk.named);
    rules.mentions = whom(&mut reader.section("mentions"), &rules, desk.called);
    rules.mentions.default = general.default.clone();
    rules.mentions.budget = Budget { per_day: general.budget.into(), zone: zone.clone() };
    rules.maintenance = quiet::maintenance(reader, zone);
    rules.inhibitions = quiet::inhibitions(reader);
    let mut places = Vec::new();
    for (at, table) in reader.tables("route").into_iter().enumerate() {
        let mut section = reader.element("route", at + 1, &table);
        let route = route(&mut section, at + 1, &mut desk);
        if rules.route(&route.name).is_some() {
            section.refuse("name", format!("there are two routes named \"{}\"", route.name), "rename one");
        }
        places.push(section.place_of_table());
        rules.routes.push(route);
    }
    let remarks = odd(&rules).into_iter().map(|odd| remark(odd, &rules, &places)).collect();
    (rules, remarks)
}

fn remark(odd: Odd, rules: &Rules, places: &[(String, Spot)]) -> Problem {
    match odd {
        Odd::Shadowed { route, by } => {
            let (key, spot) = places.get(route).cloned().unwrap_or((String::new(), Spot::Nowhere));
            let (name, by) = (&rules.routes[route].name, &rules.routes[by].name);
            let what = format!("no notice ever reaches \"{name}\": \"{by}\" takes them all");
            Problem::new(spot, &key, what)
                .hint(format!("put it before \"{by}\", or write continue = true there"))
        }
        Odd::NoCatchAll => {
            let what = "a notice that no route takes goes nowhere";
            Problem::new(Spot::Nowhere, "route", what)
                .hint("end with a route that has a name and a destination and nothing else")
        }
    }
}

fn route(section: &mut Section<'_, '_>, index: usize, desk: &mut Desk<'_>) -> Route {
    let (to, to_project) = destinations(section, desk.named);
    let name = section.text("name").unwrap_or_else(|| format!("route {index}"));
    Route {
        name: name.into(),
        matcher: matcher(section, desk.kinds),
        to,
        to_project,
        goes_on: section.switch("continue", false),
        mention: mentions::list(section, "mention", desk.called),
        hours: office(section, &desk.hours),
        breaks_through: section.word("breaks_through", SEVERITIES, Severity::Critical),
        digest: digest(section),
        gather_over: section.count("gather_over", 2..=10_000),
        ttl: section.is_set("ttl").then(|| section.duration("ttl", WINDOW)),
    }
}

fn matcher(section: &mut Section<'_, '_>, kinds: &Kinds) -> Matcher {
    let mut matcher = Matcher::default();
    for item in section.some("kind").unwrap_or_default() {
        known_kind(section, &item, kinds);
        matcher.kinds.push(item.text);
    }
    for item in section.some("category").unwrap_or_default() {
        let known: Vec<&str> = kinds.all().map(|kind| kind.category.as_str()).collect();
        if !known.contains(&item.text.as_str()) {
            unknown(section, &item, "category of kinds", known);
        }
        matcher.categories.push(item.text);
    }
    let severities = section.some("severity").unwrap_or_default();
    matcher.severities = severities.iter().filter_map(|item| severity(section, item)).collect();
    matcher.at_least =
        section.is_set("at_least").then(|| section.word("at_least", SEVERITIES, Severity::Info));
    matcher.sources = section.some("source").unwrap_or_default().into_iter().map(|item| item.text).collect();
    for (field, items) in section.entries("where") {
        let values: Vec<String> = items.iter().map(|item| item.text.clone()).collect();
        if let (Err(what), Some(item)) = (matcher.add(&field, &values), items.first()) {
            section.refuse_item(item, what, "write \"acme\", [\"a\", \"b\"], \"/^a/\" or \">= 1000 EUR\"");
        }
    }
    matcher
}

/// A kind that nobody can hand in is a mistake in the file, not a rule.
fn known_kind(section: &mut Section<'_, '_>, item: &Item, kinds: &Kinds) {
    let own: Vec<String> = Own::ALL.iter().map(|own| format!("deskd.{}", own.as_str())).collect();
    let known = || kinds.all().map(|kind| kind.name.as_str()).chain(own.iter().map(String::as_str));
    if !known().any(|kind| glob_takes(&item.text, kind)) {
        unknown(section, item, "kind", known().collect());
    }
}

fn unknown(section: &mut Section<'_, '_>, item: &Item, what: &str, known: Vec<&str>) {
    let hint = match nearest(&item.text, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "see \"deskd check --json\" for all kinds".to_owned(),
    };
    section.refuse_item(item, format!("there is no {what} \"{}\"", item.text), hint);
}

fn severity(section: &mut Section<'_, '_>, item: &Item) -> Option<Severity> {
    let read = Severity::from_word(&item.text);
    if read.is_none() {
        let hint = "use info, warning, error, critical";
        section.refuse_item(item, format!("\"{}\" is no severity", item.text), hint);
    }
    read
}

/// Where a route goes, of that only what its method takes: `slack` is channels, people and incoming webhooks, `webhook` the
/// systems of the user's own. A mail goes in any case.
fn destinations(section: &mut Section<'_, '_>, named: &mut Vec<ChannelNamed>) -> (Vec<Destination>, bool) {
    if !section.is_set("to") {
        let hint = "write to = [\"#channel\"], or to = [] to drop what it takes";
        section.refuse_table("a route needs a destination", hint);
    }
    let items = section.some("to").unwrap_or_default();
    let to_project = items.iter().any(|item| item.text == PROJECT);
    let places = items.iter().filter(|item| item.text != PROJECT);
    let places: Vec<Destination> = places.filter_map(|item| destination(section, item, named)).collect();
    let methods = [("slack", (true, false)), ("webhook", (false, true)), ("both", (true, true))];
    let (slack, webhook) = section.word("method", &methods, (true, true));
    let wanted = |place: &Destination| match place {
        Destination::Channel(_) | Destination::Person(_) | Destination::Webhook(_) => slack,
        Destination::Endpoint(_) => webhook,
        Destination::Mail(_) => true,
    };
    let count = places.len();
    let left: Vec<Destination> = places.into_iter().filter(wanted).collect();
    let to_project = to_project && slack;
    if left.is_empty() && count > 0 && !to_project {
        section.refuse("method", "no destination of this route is reached that way", "name one in to");
    }
    (left, to_project)
}

/// One place of a list.
pub(super) fn destination(
    section: &mut Section<'_, '_>,
    item: &Item,
    named: &mut Vec<ChannelNamed>,
) -> Option<Destination> {
    let webhook = item.text.trim().trim_start_matches("webhook:");
    if WebhookName::parse(webhook) == Err(BadName::Address) {
        let what = "the address of a webhook does not belong in the configuration";
        let hint = "\"deskd webhook add NAME\" asks for it; then write \"webhook:NAME\"";
        section.refuse_item(item, what, hint);
        return None;
    }
    let Some(read) = Destination::parse(&item.text) else {
        let hint = "write \"#channel\", \"@person\", \"webhook:NAME\", \"endpoint:NAME\", \"mail:ADDRESS\" or \"project\"";
        section.refuse_item(item, format!("\"{}\" is no destination", item.text), hint);
        return None;
    };
    if let Destination::Channel(channel) = &read {
        let (key, spot) = (item.key.clone(), item.spot.clone());
        named.push(ChannelNamed { channel: channel.clone(), key, spot });
    }
    Some(read)
}

fn office(section: &mut Section<'_, '_>, hours: &BTreeMap<String, Arc<Hours>>) -> Option<Arc<Hours>> {
    let name = section.text("hours")?;
    let found = hours.get(&name).cloned();
    if found.is_none() {
        let hint = match nearest(&name, hours.keys().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write [[hours]] with name = \"{name}\""),
        };
        section.refuse("hours", format!("there are no hours named \"{name}\""), hint);
    }
    found
}

fn digest(section: &mut Section<'_, '_>) -> Option<Gather> {
    let mut digest = section.inner(("digest", "route.digest"), &["window", "by", "most"])?;
    Some(Gather {
        window: digest.duration("window", WINDOW),
        by: digest.texts("by").unwrap_or_default(),
        most: digest.count("most", 2..=MOST_GATHERED),
    })
}

/// `[mentions]`: whom notices of a category call, and from which severity on.
fn whom(section: &mut Section<'_, '_>, rules: &Rules, called: &mut Vec<MentionNamed>) -> CategoryMentions {
    let at_least = section.word("at_least", SEVERITIES, CategoryMentions::default().at_least);
    let mut by_category = BTreeMap::new();
    for (category, items) in section.entries("category") {
        let known = || rules.categories.values().map(String::as_str);
        if !known().any(|name| name == category) {
            let hint = match nearest(&category, known()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "see \"deskd check --json\" for all kinds and their categories".to_owned(),
            };
            section.refuse("category", format!("no kind has the category \"{category}\""), hint);
        }
        by_category.insert(category, mentions::of(section, "category", &items, called));
    }
    CategoryMentions { at_least, by_category, ..CategoryMentions::default() }
}

/// Tells of endpoints that a route names and that are not there.
pub fn endpoints(reader: &mut Reader<'_>, rules: &Rules, known: &[Endpoint]) {
    for route in &rules.routes {
        for place in &route.to {
            let Destination::Endpoint(name) = place else { continue };
            if known.iter().any(|endpoint| endpoint.name == *name) {
                continue;
            }
            let hint = match nearest(name, known.iter().map(|endpoint| endpoint.name.as_str())) {
                Some(near) => format!("did you mean \"endpoint:{near}\"?"),
                None => format!("write [[endpoint]] with name = \"{name}\", or take it out of the route"),
            };
            let key = format!("route \"{}\".to", route.name);
            let problem = Problem::new(Spot::Nowhere, &key, format!("there is no endpoint {name}"));
            reader.problems.push(problem.hint(hint));
        }
    }
}

/// The rules as they hold.
pub fn show(rules: &Rules, add: &mut impl FnMut(&str, String)) {
    // Derived, so that no key can be forgotten.
    let Rules { routes, projects, mentions, maintenance, inhibitions, categories: _ } = rules;
    for (at, route) in routes.iter().enumerate() {
        add(&format!("route.{}", at + 1), format!("{route:?}"));
    }
    projects::show(projects, add);
    add("mentions.at_least", mentions.at_least.as_str().to_owned());
    for (category, whom) in &mentions.by_category {
        let shown: Vec<String> = whom.iter().map(Mention::shown).collect();
        add(&format!("mentions.category.{category}"), shown.join(", "));
    }
    for (at, window) in maintenance.iter().enumerate() {
        add(&format!("maintenance.{}", at + 1), format!("{window:?}"));
    }
    for (at, rule) in inhibitions.iter().enumerate() {
        add(&format!("inhibit.{}", at + 1), format!("{rule:?}"));
    }
}
