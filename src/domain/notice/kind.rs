//! The kinds of notices: which fields each has, how it looks and what its problem is known by. Some are built in; the
//! configuration adds others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Severity, Status};

/// How long a notice is worth reading when nobody says otherwise (design: sends wait up to 24 h).
pub const WORTH_READING: Duration = Duration::from_secs(24 * 60 * 60);

/// How a field is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// An amount of money, `1250.00 EUR`; the field `amount` may leave the currency to the field `currency`.
    Amount,
    /// An instant: RFC 3339, or Unix seconds.
    Time,
    /// An address to open, http or https.
    Link,
}

/// A field of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// How it is meant.
    pub form: Form,
    /// Whether a notice without it is refused.
    pub required: bool,
}

/// A kind of notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, for instance `payment.failed`.
    pub name: String,
    /// The group it belongs to, for instance `payments`: mentions and routes can be set per group.
    pub category: String,
    /// The emoji before its title.
    pub icon: String,
    /// Its title when the caller gives none.
    pub title: String,
    /// How much it matters when the caller does not say.
    pub severity: Severity,
    /// Whether it lasts when the caller does not say.
    pub status: Status,
    /// Its fields, in the order they are shown.
    pub fields: Vec<Field>,
    /// The fields that say which problem it is about; empty when every notice is one of its own.
    pub fingerprint: Vec<String>,
    /// How long it is worth reading.
    pub ttl: Duration,
    /// The user's template in place of the built-in card; empty for none.
    pub template: String,
}

impl Kind {
    /// A kind without fields.
    pub fn new(name: &str, category: &str, icon: &str, title: &str, severity: Severity) -> Kind {
        Kind {
            name: name.to_owned(),
            category: category.to_owned(),
            icon: icon.to_owned(),
            title: title.to_owned(),
            severity,
            status: Status::Event,
            fields: Vec::new(),
            fingerprint: Vec::new(),
            ttl: WORTH_READING,
            template: String::new(),
        }
    }

    /// The same with fields: name and form, required ones marked with `!` behind the name.
    pub fn with(mut self, fields: &[(&str, Form)]) -> Kind {
        let field = |(name, form): &(&str, Form)| Field {
            name: name.trim_end_matches('!').to_owned(),
            form: *form,
            required: name.ends_with('!'),
        };
        self.fields = fields.iter().map(field).collect();
        self
    }

    /// The same as something that lasts, known by these fields.
    pub fn lasting(mut self, fingerprint: &[&str]) -> Kind {
        self.status = Status::Firing;
        self.fingerprint = fingerprint.iter().map(|field| (*field).to_owned()).collect();
        self
    }
}

/// All kinds there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds {
    kinds: BTreeMap<String, Kind>,
}

impl Kinds {
    /// The built-in kinds.
    pub fn builtin() -> Kinds {
        use Form::{Amount, Text};
        let kinds = [
            Kind::new("payment.failed", "payments", ":credit_card:", "Payment failed", Severity::Error)
                .with(&[("client!", Text), ("amount!", Amount), ("invoice", Text), ("reason", Text)]),
            Kind::new("alert", "alerts", ":rotating_light:", "Alert", Severity::Warning)
                .with(&[("system", Text), ("description", Text)])
                .lasting(&["title", "system"]),
            Kind::new("test", "test", ":test_tube:", "Test: deskd can write here", Severity::Info),
        ];
        Kinds { kinds: kinds.into_iter().map(|kind| (kind.name.clone(), kind)).collect() }
    }

    /// Adds a kind, or puts it in place of the one with its name.
    pub fn add(&mut self, kind: Kind) {
        self.kinds.insert(kind.name.clone(), kind);
    }

    /// The kind with this name. Troubles of deskd's own are `deskd.` and the trouble's word; they need no entry.
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }
}
