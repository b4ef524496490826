//! `[[category]]`, `[priority]` and `inbox.fallback` over the built-in rules of classification.
//!
//! A category of the file with the name of a built-in one changes it: a key that is given takes the place of the
//! built-in list or weight, the others stay. Other names are added behind. The weight 0 switches a category off.
//! Changing key by key, because the built-in lists are long: who only adds a channel does not want to lose them.

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

/// Merges the file's rules over `builtin` and tells which channels they name. Where the desk learns, a category needs no more
/// than a name.
pub fn read(reader: &mut Reader<'_>, builtin: Rules, learns: bool) -> (Rules, Vec<ChannelNamed>) {
    let mut rules = builtin;
    let mut channels_named = Vec::new();
    let mut own: Vec<String> = Vec::new();
    for (at, table) in reader.tables("category").into_iter().enumerate() {
        let mut section = reader.element("category", at + 1, &table);
        let name = name(&mut section);
        let known = rules.categories.iter().position(|rule| Some(&rule.name) == name.as_ref());
        let built_in = known.map(|at| rules.categories[at].clone());
        let rule = category(&mut section, built_in, &mut channels_named);
        let Some(name) = name else { continue };
        if own.contains(&name) {
            section.refuse("name", format!("\"{name}\" is there twice"), "join the two, or rename one");
        }
        own.push(name.clone());
        former(&mut section, &name, &rule, &rules);
        let rule = CategoryRule { name, ..rule };
        match known {
            Some(at) => rules.categories[at] = rule,
            None => {
                if !learns && matches_nothing(&rule) {
                    let hint = "give it keywords, phrases, patterns, channels or domains";
                    section.refuse("name", format!("nothing can ever be \"{}\"", rule.name), hint);
                }
                rules.categories.push(rule);
            }
        }
    }
    rules.priority = priority(&mut reader.section("priority"), rules.priority);
    fallback(&mut reader.section("inbox"), &mut rules);
    (rules, channels_named)
}

/// A former name is no category's name now, and of one category alone.
fn former(section: &mut Section<'_, '_>, name: &str, rule: &CategoryRule, rules: &Rules) {
    for former in &rule.formerly {
        let taken = |other: &&CategoryRule| other.name != name && other.formerly.contains(former);
        if rules.categories.iter().any(|other| other.name == *former && other.weight > 0.0) || former == name
        {
            let hint = "take it out here, or switch that category off with weight = 0";
            section.refuse("formerly", format!("there is a category \"{former}\""), hint);
        } else if let Some(other) = rules.categories.iter().find(taken) {
            let what = format!("\"{former}\" is a former name of \"{}\" already", other.name);
            section.refuse("formerly", what, "name it in one of them");
        }
    }
}

fn matches_nothing(rule: &CategoryRule) -> bool {
    let CategoryRule { keywords, phrases, patterns, channels, domains, .. } = rule;
    [keywords, phrases, channels, domains].iter().all(|list| list.is_empty()) && patterns.is_empty()
}

/// The keys of one table over those of the built-in category of its name, if there is one.
fn category(
    section: &mut Section<'_, '_>,
    built_in: Option<CategoryRule>,
    named: &mut Vec<ChannelNamed>,
) -> CategoryRule {
    let base = built_in.unwrap_or_else(|| CategoryRule::named(""));
    let patterns = section.list("patterns");
    let channels = section.list("channels");
    let domains = section.list("domains");
    let known = channels.iter().flatten().filter(|item| is_channel(&item.text));
    named.extend(known.map(|item| ChannelNamed {
        channel: item.text.clone(),
        key: item.key.clone(),
        spot: item.spot.clone(),
    }));
    CategoryRule {
        name: base.name,
        formerly: section.texts("formerly").unwrap_or(base.formerly),
        description: section.text("description").map_or(base.description, |text| text.trim().to_owned()),
        keywords: section.texts("keywords").unwrap_or(base.keywords),
        phrases: section.texts("phrases").unwrap_or(base.phrases),
        patterns: patterns.map_or(base.patterns, |list| sift(section, &list, pattern)),
        channels: channels.map_or(base.channels, |list| sift(section, &list, channel)),
        domains: domains.map_or(base.domains, |list| sift(section, &list, domain)),
        weight: section.weight("weight", base.weight),
    }
}

fn sift<T>(
    section: &mut Section<'_, '_>,
    items: &[Item],
    read: fn(&mut Section<'_, '_>, &Item) -> Option<T>,
) -> Vec<T> {
    items.iter().filter_map(|item| read(section, item)).collect()
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

/// Whether a text has the form of a channel: `#name` or an id.
pub fn is_channel(text: &str) -> bool {
    let plain = |name: &str| !name.contains(|c: char| c.is_whitespace() || c.is_uppercase() || c == '#');
    match text.strip_prefix('#') {
        Some(name) => !name.is_empty() && plain(name),
        None => is_id(text, &['C', 'G', 'D']),
    }
}

fn channel(section: &mut Section<'_, '_>, item: &Item) -> Option<String> {
    let text = &item.text;
    if is_channel(text) {
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

#[cfg(test)]
mod tests {
    use crate::config::tests::load_text;

    fn with(categories: &str) -> Result<String, String> {
        let read = load_text(categories).map_err(|problems| problems.to_string())?;
        let named = read.rules.categories.into_iter().filter(|rule| !rule.formerly.is_empty());
        Ok(named.map(|rule| format!("{} was {}", rule.name, rule.formerly.join(", "))).collect())
    }

    #[test]
    fn a_former_name_is_of_one_category_and_of_none_that_is_there() {
        let renamed = "[[category]]\nname = \"shipping\"\nformerly = [\"logistics\"]\n";
        assert_eq!(with(renamed).unwrap(), "shipping was logistics");
        let still = with("[[category]]\nname = \"shipping\"\nformerly = [\"billing\"]\n").unwrap_err();
        assert!(still.contains("there is a category \"billing\""), "{still}");
        let off = "[[category]]\nname = \"billing\"\nweight = 0\n[[category]]\nname = \"money\"\nformerly = [\"billing\"]\n";
        assert_eq!(with(off).unwrap(), "money was billing");
        let twice = format!("{renamed}[[category]]\nname = \"parcels\"\nformerly = [\"logistics\"]\n");
        let twice = with(&twice).unwrap_err();
        assert!(twice.contains("\"logistics\" is a former name of \"shipping\" already"), "{twice}");
    }
}
