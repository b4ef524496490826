//! `[[category]]`, `[priority]` and `inbox.fallback` over the built-in rules of classification.
//!
//! A category of the file replaces the built-in one of the same name completely and stands in its place; others are
//! added behind. To switch a built-in category off, name it and give it nothing to match.

use regex::{Regex, RegexBuilder};

use super::check::is_id;
use super::problem::nearest;
use super::reader::{Item, Reader, Section};
use super::settings::ChannelNamed;
use crate::domain::rules::{CategoryRule, PriorityWords, Rules};

/// Upper limit of one compiled pattern. A few hundred alternatives fit; a mistake such as `(\w{200}){200}` does not.
const PATTERN_BYTES: usize = 1 << 20;

/// Longest name of a category, in characters: it stands in a table's column.
const NAME_LENGTH: usize = 40;

/// Merges the file's rules over `builtin` and tells which channels they name.
pub fn read(reader: &mut Reader<'_>, builtin: Rules) -> (Rules, Vec<ChannelNamed>) {
    let mut rules = builtin;
    let mut channels_named = Vec::new();
    let mut own: Vec<String> = Vec::new();
    for (at, table) in reader.tables("category").into_iter().enumerate() {
        let mut section = reader.element("category", at + 1, &table);
        let Some(rule) = category(&mut section, &mut channels_named) else { continue };
        if own.contains(&rule.name) {
            section.refuse(
                "name",
                format!("\"{}\" is there twice", rule.name),
                "join the two, or rename one",
            );
        }
        own.push(rule.name.clone());
        place(&mut section, &mut rules, rule);
    }
    rules.priority = priority(&mut reader.section("priority"), rules.priority);
    fallback(&mut reader.section("inbox"), &mut rules);
    (rules, channels_named)
}

fn place(section: &mut Section<'_, '_>, rules: &mut Rules, rule: CategoryRule) {
    match rules.categories.iter_mut().find(|known| known.name == rule.name) {
        Some(known) => *known = rule,
        None => {
            if matches_nothing(&rule) {
                let hint = "give it keywords, phrases, patterns, channels or domains";
                section.refuse("name", format!("nothing can ever be \"{}\"", rule.name), hint);
            }
            rules.categories.push(rule);
        }
    }
}

fn matches_nothing(rule: &CategoryRule) -> bool {
    let CategoryRule { name: _, keywords, phrases, patterns, channels, domains, weight: _ } = rule;
    [keywords, phrases, channels, domains].iter().all(|list| list.is_empty()) && patterns.is_empty()
}

fn category(section: &mut Section<'_, '_>, named: &mut Vec<ChannelNamed>) -> Option<CategoryRule> {
    let keywords = section.texts("keywords").unwrap_or_default();
    let phrases = section.texts("phrases").unwrap_or_default();
    let patterns = section.list("patterns").unwrap_or_default();
    let channels = section.list("channels").unwrap_or_default();
    let domains = section.list("domains").unwrap_or_default();
    let weight = section.weight("weight", 1.0);
    let rule = CategoryRule {
        name: name(section)?,
        keywords,
        phrases,
        patterns: patterns.iter().filter_map(|item| pattern(section, item)).collect(),
        channels: channels.iter().filter_map(|item| channel(section, item)).collect(),
        domains: domains.iter().filter_map(|item| domain(section, item)).collect(),
        weight,
    };
    let known = channels.into_iter().filter(|item| rule.channels.contains(&item.text));
    named.extend(known.map(|item| ChannelNamed { channel: item.text, key: item.key, spot: item.spot }));
    Some(rule)
}

fn name(section: &mut Section<'_, '_>) -> Option<String> {
    if !section.is_set("name") {
        section.refuse_table("a category needs a name", "write for instance name = \"billing\"");
        return None;
    }
    let name = section.text("name")?;
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.chars().count() > NAME_LENGTH || !name.chars().all(plain) {
        let hint = format!("use letters, digits, - and _, up to {NAME_LENGTH} of them");
        section.refuse("name", format!("\"{name}\" cannot be the name of a category"), hint);
        return None;
    }
    Some(name)
}

fn pattern(section: &mut Section<'_, '_>, item: &Item) -> Option<Regex> {
    match RegexBuilder::new(&item.text).size_limit(PATTERN_BYTES).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let what = format!("bad regular expression: {}", last_line(&error));
            section.refuse_item(
                item,
                what,
                "write it in single quotes, so that TOML leaves its backslashes alone",
            );
            None
        }
    }
}

/// The last line says what is wrong; the lines before draw the pattern, which the place shows already.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_lowercase().trim_end_matches('.').to_owned()
}

fn channel(section: &mut Section<'_, '_>, item: &Item) -> Option<String> {
    let text = &item.text;
    let named = text.strip_prefix('#').is_some_and(|name| {
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_uppercase() || c == '#')
    });
    if named || is_id(text, &['C', 'G', 'D']) {
        return Some(text.clone());
    }
    let what = format!("\"{text}\" is neither a channel's name nor its id");
    section.refuse_item(item, what, "write \"#support\" (channel names are lower case) or \"C0123456789\"");
    None
}

fn domain(section: &mut Section<'_, '_>, item: &Item) -> Option<String> {
    let text = item.text.trim().to_lowercase();
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    if text.contains('.') && text.split('.').all(label) {
        return Some(text);
    }
    let what = format!("\"{text}\" is not an e-mail domain");
    section.refuse_item(item, what, "write what stands behind the @, for instance \"example.com\"");
    None
}

fn priority(section: &mut Section<'_, '_>, builtin: PriorityWords) -> PriorityWords {
    PriorityWords {
        urgent: section.texts("urgent").unwrap_or(builtin.urgent),
        high: section.texts("high").unwrap_or(builtin.high),
        low: section.texts("low").unwrap_or(builtin.low),
    }
}

fn fallback(inbox: &mut Section<'_, '_>, rules: &mut Rules) {
    let Some(name) = inbox.text("fallback") else { return };
    let names = || rules.categories.iter().map(|rule| rule.name.as_str());
    if names().any(|known| known == name) {
        rules.fallback = name;
        return;
    }
    let all = names().collect::<Vec<_>>().join(", ");
    let hint = match nearest(&name, names()) {
        Some(known) => format!("did you mean \"{known}\"? There are {all}"),
        None => format!("there are {all}"),
    };
    inbox.refuse("fallback", format!("there is no category \"{name}\""), hint);
}
