//! `[[kind]]`: kinds of notices of the user's own, beside the built-in ones.

use std::collections::BTreeMap;

use super::reader::{Item, Reader, Section};
use super::span;
use crate::domain::card::{Standing, template};
use crate::domain::nearest::nearest;
use crate::domain::notice::draft::{FIELD_NAME_CHARS, MOST_FIELDS, TITLE_CHARS};
use crate::domain::notice::kind::{Field, Form, RESERVED};
use crate::domain::notice::{Content, Kind, Kinds, Money, Severity, Status};
use crate::domain::time::Timestamp;

/// Longest name of a kind or a category: it stands in a table's column.
const NAME_CHARS: usize = 60;

/// Longest template, in bytes: more is a document and no card.
const TEMPLATE_BYTES: usize = 20_000;

/// Longest label of a button that Slack shows whole.
const LABEL_CHARS: usize = 30;

/// Adds the kinds of the file to the built-in ones. One with the name of a built-in kind takes its place.
pub fn read(reader: &mut Reader<'_>, builtin: Kinds) -> Kinds {
    let mut kinds = builtin;
    let mut own: Vec<String> = Vec::new();
    for (at, table) in reader.tables("kind").into_iter().enumerate() {
        let mut section = reader.element("kind", at + 1, &table);
        let Some(name) = name(&mut section) else { continue };
        if own.contains(&name) {
            section.refuse("name", format!("\"{name}\" is there twice"), "join the two, or rename one");
        }
        own.push(name.clone());
        kinds.add(kind(&mut section, name));
    }
    kinds
}

fn name(section: &mut Section<'_, '_>) -> Option<String> {
    if !section.is_set("name") {
        section.refuse_table("a kind needs a name", "write for instance name = \"shift.open\"");
    }
    let name = section.text("name");
    // Asked for, so that they are known also where the name is wrong.
    let Some(name) = name.filter(|name| is_plain(name)) else {
        if section.is_set("name") {
            let hint =
                format!("use small letters, digits, \".\", \"-\" and \"_\", up to {NAME_CHARS} of them");
            section.refuse("name", "this cannot be the name of a kind", hint);
        }
        kind(section, "unnamed".to_owned());
        return None;
    };
    if name.starts_with(RESERVED) {
        section.refuse("name", "deskd alone tells of its own troubles", "use another word before the dot");
    }
    Some(name)
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.len() <= NAME_CHARS && name.chars().all(plain)
}

fn kind(section: &mut Section<'_, '_>, name: String) -> Kind {
    let category = text(section, "category", NAME_CHARS).unwrap_or_else(|| "other".to_owned());
    if !is_plain(&category) {
        section.refuse(
            "category",
            "this cannot be the name of a category",
            "use small letters, as in \"payments\"",
        );
    }
    let icon = section.text("icon").unwrap_or_else(|| ":bell:".to_owned());
    if !is_emoji(&icon) {
        section.refuse("icon", "this is not the name of an emoji", "write it between colons: \":clock9:\"");
    }
    let words = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let severity = section.word("severity", &words, Severity::Info);
    let title = text(section, "title", TITLE_CHARS).unwrap_or_else(|| name.clone());
    let usual = Kind::new(&name, &category, &icon, &title, severity);
    let fields = fields(section);
    let fingerprint = section.list("fingerprint").unwrap_or_default();
    let fingerprint: Vec<String> =
        fingerprint.iter().filter_map(|item| known_by(section, item, &fields)).collect();
    let kind = Kind {
        status: if fingerprint.is_empty() { Status::Event } else { Status::Firing },
        open: text(section, "open", LABEL_CHARS).unwrap_or(usual.open.clone()),
        ttl: section.duration("ttl", usual.ttl),
        template: source(section),
        fields,
        fingerprint,
        ..usual
    };
    check_template(section, &kind);
    kind
}

/// A text within its limit that is not empty.
fn text(section: &mut Section<'_, '_>, key: &'static str, most: usize) -> Option<String> {
    let text = section.text(key)?;
    if text.trim().is_empty() || text.chars().count() > most {
        section.refuse(key, format!("1 to {most} characters are needed"), "make it shorter, or leave it out");
        return None;
    }
    Some(text.trim().to_owned())
}

fn is_emoji(icon: &str) -> bool {
    let name = icon.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-+'".contains(c);
    name.is_some_and(|name| !name.is_empty() && name.len() <= 100 && name.chars().all(plain))
}

/// `fields = { place = "text!", hours = "number" }`, in the order of the file; `!` marks the required ones.
fn fields(section: &mut Section<'_, '_>) -> Vec<Field> {
    let pairs = section.pairs("fields").unwrap_or_default();
    if pairs.len() > MOST_FIELDS {
        section.refuse(
            "fields",
            format!("there are {} fields", pairs.len()),
            format!("{MOST_FIELDS} at most"),
        );
    }
    let mut fields = Vec::new();
    for (name, item) in pairs {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > FIELD_NAME_CHARS || !name.chars().all(plain) {
            section.refuse_item(&item, "this cannot be the name of a field", "use letters, digits and _");
            continue;
        }
        let word = item.text.trim().trim_end_matches('!');
        let Some((_, form)) = Form::WORDS.into_iter().find(|(known, _)| *known == word) else {
            let all = Form::WORDS.map(|(word, _)| word);
            let hint = match nearest(word, all.iter().copied()) {
                Some(known) => format!("did you mean \"{known}\"?"),
                None => format!("it can be {}; a ! behind it makes it required", all.join(", ")),
            };
            section.refuse_item(&item, "there is no such form of a field", hint);
            continue;
        };
        fields.push(Field { name, form, required: item.text.trim().ends_with('!') });
    }
    fields
}

fn known_by(section: &mut Section<'_, '_>, item: &Item, fields: &[Field]) -> Option<String> {
    if item.text == "title" || fields.iter().any(|field| field.name == item.text) {
        return Some(item.text.clone());
    }
    let names = fields.iter().map(|field| field.name.as_str()).chain(["title"]);
    let hint = match nearest(&item.text, names) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "name fields of this kind, or \"title\"".to_owned(),
    };
    section.refuse_item(item, format!("there is no field \"{}\"", item.text), hint);
    None
}

/// The template itself, or that of a file.
fn source(section: &mut Section<'_, '_>) -> String {
    let inline = section.text("template");
    let Some(path) = section.path("template_file") else { return inline.unwrap_or_default() };
    if inline.is_some() {
        section.refuse("template_file", "there is a template, too", "keep one of the two");
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(problem) => {
            let what = format!("cannot read the template {}: {problem}", path.display());
            section.refuse("template_file", what, "relative paths are meant from the folder of this file");
            String::new()
        }
    }
}

/// Tries the template with a notice that has every field: a name that is not there is told now and not at night.
fn check_template(section: &mut Section<'_, '_>, kind: &Kind) {
    let key = if section.is_set("template_file") { "template_file" } else { "template" };
    if kind.template.len() > TEMPLATE_BYTES {
        let what = format!("the template has {} bytes", kind.template.len());
        section.refuse(key, what, format!("{TEMPLATE_BYTES} at most"));
        return;
    }
    let fields: BTreeMap<String, String> = kind
        .fields
        .iter()
        .map(|field| (field.name.clone(), template::sample(field.form).to_owned()))
        .collect();
    let at = Timestamp(0);
    let content = Content {
        kind: kind.name.clone(),
        severity: kind.severity,
        status: kind.status,
        title: kind.title.clone(),
        text: "text".to_owned(),
        link: Some("https://example.com/".to_owned()),
        amount: fields.get("amount").and_then(|amount| Money::parse(amount)),
        fields,
        at,
        to: Vec::new(),
    };
    let (first_at, last_at, handled_by) = (at, at, None);
    let standing = Standing { problem: 1, status: kind.status, count: 1, first_at, last_at, handled_by };
    if let Err(broken) = template::check(kind, &content, &standing) {
        let line = broken.line.map(|line| format!("line {line} of ")).unwrap_or_default();
        let hint = "names are kind, severity, resolved, title, text, link, amount, at, count, handled_by and \
                    fields.NAME; the language is Jinja";
        section.refuse(key, format!("{line}the template does not work: {}", broken.what), hint);
    }
}

/// The kinds as they hold: those of the file in full, the built-in ones as one line.
pub fn show(kinds: &Kinds, add: &mut impl FnMut(&str, String)) {
    for kind in kinds.all() {
        // Destructured in full, so that no key can be forgotten.
        let Kind { name, category, icon, title, open, severity, status, fields, fingerprint, ttl, template } =
            kind;
        let marked = |field: &Field| {
            format!("{} {}{}", field.name, field.form.as_str(), if field.required { "!" } else { "" })
        };
        let fields: Vec<String> = fields.iter().map(marked).collect();
        let line = format!(
            "{category}, {icon} {title}, [{open}], {}, {}, {}; {}; {}; {template}",
            severity.as_str(),
            status.as_str(),
            span::show(*ttl),
            fields.join(", "),
            fingerprint.join(", "),
        );
        add(&format!("kind.{name}"), line);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::check::{Layers, check};
    use crate::config::file::Source;
    use crate::config::{Config, Places, Problems};
    use crate::domain::notice::kind::Form;

    fn load(text: &str) -> Result<Config, Problems> {
        let source = Source { path: "config.toml".into(), text: text.to_owned() };
        check(&Layers { source: Some(&source), env: &Default::default(), flags: &[] }, &Places::system())
    }

    #[test]
    fn the_kind_that_the_example_shows_is_right_and_keeps_the_order_of_its_fields() {
        let example = include_str!("../../config.toml.example");
        let (_, kind) = example.split_once("\n# [[kind]]").expect("one is shown");
        let (kind, _) = kind.split_once("\n\n").expect("it ends");
        let config = load(&format!("[[kind]]{}", kind.replace("\n# ", "\n"))).expect("it is right");
        let kind = config.kinds.get("shift.open").expect("it was added");
        let fields: Vec<_> = kind.fields.iter().map(|field| (field.name.as_str(), field.form)).collect();
        assert_eq!(fields, [("place", Form::Text), ("starts_at", Form::Time), ("hours", Form::Number)]);
        assert!(kind.fields[0].required && !kind.fields[2].required);
        assert_eq!((kind.open.as_str(), kind.ttl.as_secs()), ("Open shift", 4 * 3600));
        assert!(
            config.lines().iter().any(|(key, value)| key == "kind.shift.open" && value.contains("place"))
        );
    }

    #[test]
    fn everything_wrong_with_a_kind_is_told_at_its_place() {
        let text = r#"
[[kind]]
name = "Shift Open"
[[kind]]
name = "deskd.mine"
icon = "clock"
fields = { place = "txet!", "a b" = "text", hours = "number" }
fingerprint = ["hour"]
severity = "bad"
[[kind]]
name = "x"
fields = { place = "text" }
template = """
{{ fields.place }}
{{ fields.palce }}
"""
[[kind]]
name = "y"
template = "{% if %}"
template_file = "nowhere.j2"
"#;
        let told = load(text).expect_err("it has problems").to_string();
        insta::assert_snapshot!(told, @r#"
        10 problems in the configuration
        config.toml:3:8: kind[1].name: this cannot be the name of a kind
          hint: use small letters, digits, ".", "-" and "_", up to 60 of them
        config.toml:5:8: kind[2].name: deskd alone tells of its own troubles
          hint: use another word before the dot
        config.toml:6:8: kind[2].icon: this is not the name of an emoji
          hint: write it between colons: ":clock9:"
        config.toml:7:20: kind[2].fields.place: there is no such form of a field
          hint: did you mean "text"?
        config.toml:7:37: kind[2].fields.a b: this cannot be the name of a field
          hint: use letters, digits and _
        config.toml:8:16: kind[2].fingerprint[1]: there is no field "hour"
          hint: did you mean "hours"?
        config.toml:9:12: kind[2].severity: "bad" is not one of the words for this
          hint: it can be "info", "warning", "error", "critical"
        config.toml:13:12: kind[3].template: line 2 of the template does not work: undefined value
          hint: names are kind, severity, resolved, title, text, link, amount, at, count, handled_by and fields.NAME; the language is Jinja
        config.toml:20:17: kind[4].template_file: cannot read the template nowhere.j2: No such file or directory (os error 2)
          hint: relative paths are meant from the folder of this file
        config.toml:20:17: kind[4].template_file: there is a template, too
          hint: keep one of the two
        "#);
    }
}
