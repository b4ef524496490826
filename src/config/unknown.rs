//! Keys, sections and variables that do not exist. What exists is what the reader was asked for.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Spot, nearest};
use super::reader::{PREFIX, Reader, variable};

/// Keys under which people put a token, and where it belongs instead.
const TOKENS: [(&str, &str, &str); 14] = [
    ("slack", "app_token", "keep it in a file named by app_token_file, or in SLACK_APP_TOKEN"),
    ("slack", "bot_token", "keep it in a file named by bot_token_file, or in SLACK_BOT_TOKEN"),
    ("slack", "signing_secret", "keep it in a file named by signing_secret_file, or in SLACK_SIGNING_SECRET"),
    ("slack.app", "secret", "keep it in a file named by signing_secret_file"),
    ("slack.app", "signing_secret", "keep it in a file named by signing_secret_file"),
    ("slack.app", "app_token", "keep it in a file named by app_token_file"),
    ("slack.app", "bot_token", "keep it in a file named by bot_token_file"),
    ("api", "token", "keep it in a file named by token_file"),
    ("alarm", "webhook", "keep the address in a file named by webhook_file"),
    ("alarm", "webhook_secret", "keep it in a file named by webhook_secret_file"),
    ("endpoint", "secret", "keep it in a file named by secret_file"),
    (
        "secrets",
        "key",
        "keep it in a file named by key_file, in systemd's credential deskd_key, or in DESKD_KEY",
    ),
    ("model", "key", "keep it in a file named by key_file, or in DESKD_MODEL_KEY"),
    ("mail", "password", "keep it in a file named by password_file"),
];

/// Sections of which there may be several: no variable sets their keys.
const LISTS: [&str; 10] = [
    "category",
    "destination",
    "endpoint",
    "hours",
    "inhibit",
    "maintenance",
    "project",
    "report",
    "route",
    "slack.app",
];

/// Notes everything that nobody asked for. To be called when all sections have been read.
pub fn note(reader: &mut Reader<'_>) {
    let mut found = Vec::new();
    if let Some(tree) = reader.tree {
        for (key, value) in tree {
            section(reader, (key.get_ref(), key, value), &mut found);
        }
    }
    for name in reader.env.keys().filter(|name| name.starts_with(PREFIX) && name.contains("__")) {
        variable_of(reader, name, &mut found);
    }
    reader.problems.append(&mut found);
}

type Entry<'t, 'a> = (&'t str, &'t Spanned<std::borrow::Cow<'a, str>>, &'t Spanned<DeValue<'a>>);

fn section(reader: &Reader<'_>, (name, key, value): Entry<'_, '_>, found: &mut Vec<Problem>) {
    let Some((known, keys)) = reader.asked.get_key_value(name) else {
        let what = if value.get_ref().is_table() { "unknown section" } else { "unknown key" };
        let problem = Problem::new(spot(reader, key), name, what);
        found.push(match section_hint(reader, name) {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
        return;
    };
    match value.get_ref() {
        DeValue::Table(table) => entries(reader, (known, known, keys), table, found),
        DeValue::Array(items) => {
            for (at, table) in
                items.iter().enumerate().filter_map(|(at, item)| Some((at, item.get_ref().as_table()?)))
            {
                entries(reader, (known, &format!("{known}[{}]", at + 1), keys), table, found);
            }
        }
        // A section that is neither was refused when it was read.
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

type Known<'k> = (&'k str, &'k str, &'k [&'static str]);

fn entries(reader: &Reader<'_>, known: Known<'_>, table: &DeTable<'_>, found: &mut Vec<Problem>) {
    let (name, path, keys) = known;
    for (key, value) in table.iter().filter(|(key, _)| !keys.contains(&key.get_ref().as_ref())) {
        let word = key.get_ref().as_ref();
        let below = format!("{path}.{word}");
        if reader.asked.contains_key(below.as_str()) {
            section(reader, (&below, key, value), found);
            continue;
        }
        found.push(unknown(reader, (name, word), spot(reader, key), &below));
    }
}

fn unknown(reader: &Reader<'_>, (section, word): (&str, &str), spot: Spot, path: &str) -> Problem {
    if let Some((.., place)) = TOKENS.iter().find(|(of, key, _)| (*of, *key) == (section, word)) {
        return Problem::new(spot, path, "a token does not belong in the configuration").hint(*place);
    }
    let keys = reader.asked.get(section).map(Vec::as_slice).unwrap_or_default();
    let problem = Problem::new(spot, path, "unknown key");
    let elsewhere = reader.asked.iter().find(|(_, keys)| keys.contains(&word)).map(|(section, _)| *section);
    match (nearest(word, keys.iter().copied()), elsewhere) {
        (_, Some(other)) => problem.hint(format!("\"{word}\" stands under [{other}]")),
        (Some(key), None) => problem.hint(format!("did you mean \"{key}\"?")),
        (None, None) => problem.hint(format!("there are {}", keys.join(", "))),
    }
}

fn section_hint(reader: &Reader<'_>, name: &str) -> Option<String> {
    let bracketed = |section: &str| match section {
        list if LISTS.contains(&list) => format!("[[{list}]]"),
        other => format!("[{other}]"),
    };
    if let Some((section, _)) = reader.asked.iter().find(|(_, keys)| keys.contains(&name)) {
        return Some(format!("\"{name}\" stands under {}", bracketed(section)));
    }
    match nearest(name, reader.asked.keys().copied()) {
        Some(section) => Some(format!("did you mean {}?", bracketed(section))),
        None => {
            let all: Vec<String> = reader.asked.keys().map(|section| bracketed(section)).collect();
            Some(format!("there are {}", all.join(", ")))
        }
    }
}

fn variable_of(reader: &Reader<'_>, name: &str, found: &mut Vec<Problem>) {
    let settable = reader.asked.iter().filter(|(section, _)| !LISTS.contains(section));
    let known: Vec<String> =
        settable.flat_map(|(section, keys)| keys.iter().map(|key| variable(section, key))).collect();
    if known.iter().any(|known| known == name) {
        return;
    }
    let spot = Spot::Variable(name.to_owned());
    let token = TOKENS.iter().find(|(section, key, _)| variable(section, key) == name);
    let problem = Problem::new(spot, "", "this variable sets nothing");
    found.push(match (token, nearest_variable(name, &known)) {
        (Some((.., place)), _) => problem.hint(*place),
        (None, Some(near)) => problem.hint(format!("did you mean {near}?")),
        (None, None) => problem.hint("variables are named DESKD_SECTION__KEY, such as DESKD_INBOX__QUIET"),
    });
}

/// Compares without the common beginning, which would make every variable look alike.
fn nearest_variable<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    let bare: Vec<String> = known.iter().map(|known| known[PREFIX.len()..].to_lowercase()).collect();
    let found = nearest(&name[PREFIX.len()..], bare.iter().map(String::as_str))?;
    let at = bare.iter().position(|candidate| candidate == found)?;
    known.get(at).map(String::as_str)
}

fn spot<T>(reader: &Reader<'_>, value: &Spanned<T>) -> Spot {
    reader.source.map_or(Spot::Nowhere, |source| source.spot(value.span()))
}
