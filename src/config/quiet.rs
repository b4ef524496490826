//! `[[maintenance]]` and `[[inhibit]]`: what is not told although a route would take it.

use jiff::tz::TimeZone;

use super::hours;
use super::reader::{Reader, Section};
use crate::domain::notice::draft;
use crate::domain::route::Matcher;
use crate::domain::route::quiet::{Inhibition, Maintenance, When};

/// Reads all maintenance windows.
pub fn maintenance(reader: &mut Reader<'_>, zone: &TimeZone) -> Vec<Maintenance> {
    let mut windows = Vec::new();
    for (at, table) in reader.tables("maintenance").into_iter().enumerate() {
        let mut section = reader.element("maintenance", at + 1, &table);
        let name = section.text("name").unwrap_or_else(|| format!("maintenance {}", at + 1));
        let matcher = matcher(&mut section, "match");
        windows.extend(when(&mut section, &name, zone).map(|when| Maintenance { name, when, matcher }));
    }
    windows
}

fn when(section: &mut Section<'_, '_>, name: &str, zone: &TimeZone) -> Option<When> {
    if section.is_set("days") {
        return Some(When::Weekly(hours::hours(section, name, zone)));
    }
    // The keys of a weekly one exist, too, where they are not used.
    for key in ["zone", "holidays"] {
        if section.is_set(key) {
            section.refuse(key, "this goes with days", "add days, or write from and to with their offset");
        }
    }
    let mut instant = |key: &'static str| {
        let read = section.text(key).and_then(|text| draft::time(&text));
        if read.is_none() {
            let hint = "write \"2026-11-22T02:00:00+01:00\"; with days it is a time of day";
            section.refuse(key, format!("{key} has to be an instant"), hint);
        }
        read
    };
    // Both are looked at before one of them ends it: all problems are told at once.
    let (from, to) = (instant("from"), instant("to"));
    let (from, to) = (from?, to?);
    if to <= from {
        section.refuse("to", "it ends before it begins", "turn the two round");
    }
    Some(When::Once { from, to })
}

/// Reads all inhibitions.
pub fn inhibitions(reader: &mut Reader<'_>) -> Vec<Inhibition> {
    let mut rules = Vec::new();
    for (at, table) in reader.tables("inhibit").into_iter().enumerate() {
        let mut section = reader.element("inhibit", at + 1, &table);
        let (source, target) = (matcher(&mut section, "source"), matcher(&mut section, "target"));
        let equal = section.texts("equal").unwrap_or_default();
        rules.push(Inhibition { source, target, equal });
    }
    rules
}

/// A matcher that takes everything is a mistake here: it would mute the house.
fn matcher(section: &mut Section<'_, '_>, key: &'static str) -> Matcher {
    let entries = section.entries(key);
    let texts = |(name, items): &(String, Vec<super::reader::Item>)| {
        (name.clone(), items.iter().map(|item| item.text.clone()).collect())
    };
    let pairs: Vec<(String, Vec<String>)> = entries.iter().map(texts).collect();
    let read = Matcher::of(&pairs);
    let hint = "write for instance { kind = \"alert\", system = \"db-1\" }";
    match read {
        Err(what) => section.refuse(key, what, hint),
        Ok(matcher) if matcher.is_empty() && pairs.is_empty() => {
            if section.is_set(key) {
                section.refuse(key, "it would take every notice", hint);
            } else {
                section.refuse_table(format!("{key} is missing"), hint);
            }
        }
        Ok(matcher) => return matcher,
    }
    Matcher::default()
}
