//! `[[route]]`: which notices go where.

use super::reader::{Item, Reader, Section};
use super::settings::ChannelNamed;
use crate::domain::notice::{Kinds, Severity};
use crate::domain::route::{Destination, Matcher, Route, Rules};
use crate::domain::webhook::{BadName, WebhookName};

/// Reads all routes, in the order of the file.
pub fn read(reader: &mut Reader<'_>, named: &mut Vec<ChannelNamed>) -> Rules {
    let mut rules = Rules::default();
    for (at, table) in reader.tables("route").into_iter().enumerate() {
        let mut section = reader.element("route", at + 1, &table);
        let route = route(&mut section, at + 1, named);
        if rules.routes.iter().any(|other| other.name == route.name) {
            section.refuse("name", format!("there are two routes named \"{}\"", route.name), "rename one");
        }
        rules.routes.push(route);
    }
    rules
}

fn route(section: &mut Section<'_, '_>, index: usize, named: &mut Vec<ChannelNamed>) -> Route {
    let severities = section.list("severity").unwrap_or_default();
    let to = section.list("to").unwrap_or_default();
    Route {
        name: section.text("name").unwrap_or_else(|| format!("route {index}")),
        matcher: Matcher {
            kinds: section.texts("kind").unwrap_or_default(),
            severities: severities.iter().filter_map(|item| severity(section, item)).collect(),
            at_least: None,
            fields: Default::default(),
        },
        to: to.iter().filter_map(|item| destination(section, item, named)).collect(),
        goes_on: section.word("continue", &[("true", true), ("false", false)], false),
        mention: section.texts("mention").unwrap_or_default(),
        ttl: None,
        gather_over: None,
    }
}

fn severity(section: &mut Section<'_, '_>, item: &Item) -> Option<Severity> {
    let read = Severity::from_word(&item.text);
    if read.is_none() {
        section.refuse_item(
            item,
            format!("\"{}\" is no severity", item.text),
            "use info, warning, error, critical",
        );
    }
    read
}

fn destination(
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
        let hint = "write \"#channel\", \"@person\", \"webhook:NAME\", \"endpoint:NAME\" or \"mail:ADDRESS\"";
        section.refuse_item(item, format!("\"{}\" is no destination", item.text), hint);
        return None;
    };
    if let Destination::Channel(channel) = &read {
        let (key, spot) = (item.key.clone(), item.spot.clone());
        named.push(ChannelNamed { channel: channel.clone(), key, spot });
    }
    Some(read)
}

/// The routes and kinds as they hold.
pub fn show(rules: &Rules, kinds: &Kinds, add: &mut impl FnMut(&str, String)) {
    for (at, route) in rules.routes.iter().enumerate() {
        // Derived, so that no key can be forgotten.
        add(&format!("route.{}", at + 1), format!("{route:?}"));
    }
    for kind in kinds.all() {
        add(&format!("kind.{}", kind.name), format!("{kind:?}"));
    }
}
