//! What a caller hands in, and whether it can be taken: every refusal names the field and the reason, and all are told at
//! once.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kind::{Form, Kind, Kinds, RESERVED};
use super::{Checked, Content, Money, Severity, Status, catalog};
use crate::domain::nearest::nearest;
use crate::domain::route::Destination;
use crate::domain::time::Timestamp;

/// Longest title, in characters: more is no title.
pub const TITLE_CHARS: usize = 300;

/// Longest text, in characters: Slack cuts a message at 40,000 (facts 5.1).
pub const TEXT_CHARS: usize = 40_000;

/// Most fields of one notice.
pub const MOST_FIELDS: usize = 50;

/// Longest name of a field, in characters.
pub const FIELD_NAME_CHARS: usize = 100;

/// Longest key, in characters.
pub const KEY_CHARS: usize = 255;

/// How far ahead a notice may be handed in.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How late `at` may be for a caller whose clock is a little behind.
const LEEWAY: Duration = Duration::from_secs(5);

/// A notice as a caller gives it. Nothing in it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Which kind it is.
    pub kind: String,
    /// A word of `Severity`; empty for the kind's own.
    pub severity: String,
    /// `firing` or `resolved`; empty for the kind's own.
    pub status: String,
    /// The first line; empty for the kind's own.
    pub title: String,
    /// What else there is to say.
    pub text: String,
    /// Where the record can be looked at; empty for nowhere.
    pub link: String,
    /// Fields by name.
    pub fields: BTreeMap<String, String>,
    /// The caller's key; empty for none.
    pub key: String,
    /// When it shall go out: RFC 3339 or Unix seconds; empty for now.
    pub at: String,
    /// When it happened or began; empty for now.
    pub since: String,
    /// Where it shall go, past all routes.
    pub to: Vec<String>,
}

/// Why a draft is not taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The field, for instance `fields.amount`.
    pub field: String,
    /// A word that never changes, for instance `unknown_kind`.
    pub code: &'static str,
    /// The reason and the next step as people read them.
    pub reason: String,
}

/// Checks a draft of `source` against the kinds there are. All that is wrong comes back at once.
pub fn check(draft: &Draft, source: &str, kinds: &Kinds, now: Timestamp) -> Result<Checked, Vec<Refusal>> {
    let mut refusals = Refusals::default();
    let Some(kind) = kinds.get(&draft.kind) else {
        refusals.unknown_kind(&draft.kind, kinds);
        return Err(refusals.found);
    };
    if kind.name.starts_with(RESERVED) {
        refusals.add("kind", "reserved_kind", "deskd alone tells of its own troubles".to_owned());
    }
    let usual = catalog::severity(kind, &draft.fields);
    let severity = refusals.word("severity", &draft.severity, Severity::from_word, usual, &SEVERITIES);
    let status = refusals.word("status", &draft.status, Status::from_word, kind.status, &STATUSES);
    let due = refusals.time("at", &draft.at).unwrap_or(now);
    if due.plus(LEEWAY) < now {
        refusals.add("at", "past", format!("{due} is over; leave it out to send now"));
    }
    if due > now.plus(FARTHEST) {
        refusals.add("at", "too_far", "it is more than a year ahead".to_owned());
    }
    let since = refusals.time("since", &draft.since).unwrap_or(now);
    let link = refusals.link("link", &draft.link);
    refusals.length("title", &draft.title, TITLE_CHARS);
    refusals.length("text", &draft.text, TEXT_CHARS);
    refusals.length("key", &draft.key, KEY_CHARS);
    let amount = refusals.fields(&draft.fields, kind);
    let to = draft.to.iter().filter_map(|to| refusals.destination(to)).collect();
    if !refusals.found.is_empty() {
        refusals.found.sort();
        return Err(refusals.found);
    }
    let title = if draft.title.trim().is_empty() { &kind.title } else { draft.title.trim() };
    let content = Content {
        kind: kind.name.clone(),
        severity,
        status,
        title: title.to_owned(),
        text: draft.text.trim().to_owned(),
        link,
        fields: draft.fields.clone(),
        amount,
        at: since,
        to,
    };
    let fingerprint = fingerprint(&content, &draft.key, kind);
    let due = due.max(now);
    let expires = due.plus(kind.ttl);
    Ok(Checked { content, key: draft.key.clone(), fingerprint, source: source.to_owned(), due, expires })
}

const SEVERITIES: [&str; 4] = ["info", "warning", "error", "critical"];
const STATUSES: [&str; 3] = ["event", "firing", "resolved"];

/// What the problem of a notice is known by: the caller's key, else the fields that its kind says. Parts are joined by a
/// character that no text contains.
fn fingerprint(content: &Content, key: &str, kind: &Kind) -> String {
    if !key.is_empty() {
        return format!("{}\u{1f}key\u{1f}{key}", content.kind);
    }
    if kind.fingerprint.is_empty() {
        return String::new();
    }
    let part = |field: &String| match field.as_str() {
        "title" => content.title.clone(),
        other => content.fields.get(other).cloned().unwrap_or_default(),
    };
    let parts: Vec<String> = kind.fingerprint.iter().map(part).collect();
    format!("{}\u{1f}{}", content.kind, parts.join("\u{1f}"))
}

/// Reads a day, `2026-11-21`, as its beginning in UTC; or an instant, for days that begin elsewhere.
pub fn day(text: &str) -> Option<Timestamp> {
    let Ok(date) = text.parse::<jiff::civil::Date>() else { return time(text) };
    // An instant is a date to the parser, too.
    if text.len() > 10 {
        return time(text);
    }
    let begin = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(begin.timestamp().as_millisecond()))
}

/// Reads RFC 3339, or Unix seconds.
pub fn time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1000).map(Timestamp);
    }
    text.parse::<jiff::Timestamp>().ok().map(|instant| Timestamp(instant.as_millisecond()))
}

#[derive(Default)]
struct Refusals {
    found: Vec<Refusal>,
}

impl Refusals {
    fn add(&mut self, field: &str, code: &'static str, reason: String) {
        self.found.push(Refusal { field: field.to_owned(), code, reason });
    }

    fn unknown_kind(&mut self, name: &str, kinds: &Kinds) {
        if name.is_empty() {
            return self.add("kind", "missing", "a notice needs a kind; see deskd kinds".to_owned());
        }
        let meant = nearest(name, kinds.all().map(|kind| kind.name.as_str()));
        let hint = meant.map_or_else(|| "see deskd kinds".to_owned(), |kind| format!("did you mean {kind}?"));
        let shown: String = name.chars().take(60).collect();
        self.add("kind", "unknown_kind", format!("there is no kind {shown}; {hint}"));
    }

    fn word<T>(
        &mut self,
        field: &str,
        word: &str,
        read: fn(&str) -> Option<T>,
        default: T,
        known: &[&str],
    ) -> T {
        if word.is_empty() {
            return default;
        }
        read(&word.to_ascii_lowercase()).unwrap_or_else(|| {
            self.add(field, "unknown_word", format!("it is one of {}", known.join(", ")));
            default
        })
    }

    fn time(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        if text.is_empty() {
            return None;
        }
        let read = time(text);
        if read.is_none() {
            let reason = "write 2026-11-21T09:00:00Z or seconds since 1970".to_owned();
            self.add(field, "no_time", reason);
        }
        read
    }

    fn link(&mut self, field: &str, text: &str) -> Option<String> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let web = text.starts_with("https://") || text.starts_with("http://");
        // Longest address that a button takes (facts 5.4).
        let fits = text.chars().count() <= 3000 && !text.contains(char::is_whitespace);
        if !web || !fits || text.contains(['<', '>', '|']) {
            self.add(
                field,
                "no_link",
                "it has to be an http or https address of at most 3,000 characters".to_owned(),
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn length(&mut self, field: &str, text: &str, most: usize) {
        if text.chars().count() > most {
            self.add(field, "too_long", format!("at most {most} characters"));
        }
    }

    fn destination(&mut self, text: &str) -> Option<Destination> {
        let read = Destination::parse(text);
        if read.is_none() {
            let reason = "write #channel, @person, webhook:NAME, endpoint:NAME or mail:ADDRESS".to_owned();
            self.add("to", "no_destination", reason);
        }
        read
    }

    /// Checks each field against its form; the amount comes back.
    fn fields(&mut self, given: &BTreeMap<String, String>, kind: &Kind) -> Option<Money> {
        if given.len() > MOST_FIELDS {
            self.add("fields", "too_many", format!("at most {MOST_FIELDS}"));
        }
        let mut amount = None;
        for field in &kind.fields {
            let name = format!("fields.{}", field.name);
            let value = given.get(&field.name).map_or("", |value| value.trim());
            if value.is_empty() {
                if field.required {
                    self.add(&name, "missing", format!("{} needs it", kind.name));
                }
                continue;
            }
            match field.form {
                Form::Text => {}
                Form::Number => self.number(&name, value),
                Form::Amount => {
                    let money = self.money(&name, value, given.get("currency"));
                    if field.name == "amount" {
                        amount = money;
                    }
                }
                Form::Time => drop(self.time(&name, value)),
                Form::Day => self.day(&name, value),
                Form::Link => drop(self.link(&name, value)),
            }
        }
        for (name, value) in given {
            if name.trim().is_empty() || name.chars().count() > FIELD_NAME_CHARS {
                let reason = format!("the name of a field has 1 to {FIELD_NAME_CHARS} characters");
                self.add("fields", "bad_name", reason);
                continue;
            }
            self.length(&format!("fields.{name}"), value, TEXT_CHARS);
        }
        amount
    }

    fn number(&mut self, name: &str, value: &str) {
        if rust_decimal::Decimal::from_str_exact(value).is_err() {
            self.add(name, "no_number", "it has to be a number, for instance 12.5".to_owned());
        }
    }

    fn day(&mut self, name: &str, value: &str) {
        if day(value).is_none() {
            self.add(name, "no_day", "write a day, for instance 2026-11-21".to_owned());
        }
    }

    fn money(&mut self, name: &str, value: &str, currency: Option<&String>) -> Option<Money> {
        let money = match currency {
            Some(currency) => Money::of(value, currency).or_else(|| Money::parse(value)),
            None => Money::parse(value),
        };
        if money.is_none() {
            self.add(
                name,
                "no_amount",
                "write an amount and a currency, for instance 1250.00 EUR".to_owned(),
            );
        }
        money
    }
}

#[cfg(test)]
mod tests {
    use super::{Draft, Kinds, Timestamp, check};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn draft(kind: &str, fields: &[(&str, &str)]) -> Draft {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Draft { kind: kind.to_owned(), fields, ..Draft::default() }
    }

    fn refused(draft: &Draft) -> Vec<String> {
        match check(draft, "shop", &Kinds::builtin(), NOW) {
            Ok(_) => Vec::new(),
            Err(refusals) => refusals.iter().map(|no| format!("{} {}", no.field, no.code)).collect(),
        }
    }

    #[test]
    fn every_refusal_names_its_field_and_all_are_told_at_once() {
        let paid = draft("payment.failed", &[("client", "Acme"), ("amount", "12.50 EUR")]);
        let table = [
            (paid.clone(), vec![]),
            (draft("", &[]), vec!["kind missing"]),
            (draft("payment.fialed", &[]), vec!["kind unknown_kind"]),
            (
                draft("payment.failed", &[("amount", "a lot")]),
                vec!["fields.amount no_amount", "fields.client missing"],
            ),
            (Draft { at: "1700000000".into(), ..paid.clone() }, vec!["at past"]),
            (Draft { at: "tomorrow".into(), ..paid.clone() }, vec!["at no_time"]),
            (
                Draft { severity: "bad".into(), link: "ftp://x".into(), ..paid.clone() },
                vec!["link no_link", "severity unknown_word"],
            ),
            (Draft { to: vec!["nowhere".into()], ..paid.clone() }, vec!["to no_destination"]),
            (Draft { title: "x".repeat(301), ..paid }, vec!["title too_long"]),
            (draft("deskd.no_socket", &[]), vec!["kind reserved_kind"]),
            (
                draft("metric", &[("metric", "cpu"), ("value", "lots"), ("threshold", "90")]),
                vec!["fields.value no_number"],
            ),
            (
                draft(
                    "invoice.overdue",
                    &[("client", "A"), ("invoice", "1"), ("amount", "1 EUR"), ("due_on", "31.12.2026")],
                ),
                vec!["fields.due_on no_day"],
            ),
            (draft("alert", &[("", "x")]), vec!["fields bad_name"]),
        ];
        for (draft, expected) in table {
            assert_eq!(refused(&draft), expected, "{draft:?}");
        }
    }

    #[test]
    fn a_problem_is_known_by_the_key_or_by_the_fields_of_its_kind() {
        let kinds = Kinds::builtin();
        let of = |draft: &Draft| {
            check(draft, "mon", &kinds, NOW).map(|checked| checked.fingerprint).unwrap_or_default()
        };
        let alert = draft("alert", &[("system", "db-1"), ("description", "disk 91 %")]);
        let later = draft("alert", &[("system", "db-1"), ("description", "disk 93 %")]);
        assert_eq!(of(&alert), of(&later));
        assert_ne!(of(&alert), of(&draft("alert", &[("system", "db-2")])));
        assert_ne!(of(&alert), of(&Draft { key: "k".into(), ..alert.clone() }));
        assert_eq!(of(&draft("payment.failed", &[("client", "A"), ("amount", "1 EUR")])), "");
    }
}
