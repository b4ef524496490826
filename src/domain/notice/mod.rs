//! Notices: what a company's systems, or deskd itself, have to tell somebody.
//!
//! `draft` checks what a caller hands in, `kind` says which kinds there are, `money` holds amounts, `problem` says what a notice
//! changes about the problem it belongs to, `derived` what follows from it by itself.

pub mod catalog;
pub mod derived;
pub mod draft;
pub mod kind;
pub mod money;
pub mod problem;

use std::collections::BTreeMap;

pub use draft::{Draft, Refusal};
pub use kind::{Kind, Kinds};
pub use money::Money;

use super::ids::NoticeId;
use super::route::Destination;
use super::time::Timestamp;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look today.
    Warning,
    /// Something does not work.
    Error,
    /// Somebody has to act now.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Severity; 4] = [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// The lane of the outbox that it goes by.
    pub fn lane(self) -> Lane {
        match self {
            Severity::Critical => Lane::Critical,
            Severity::Info | Severity::Warning | Severity::Error => Lane::Usual,
        }
    }
}

/// Which of two lanes a message goes by. Order is kept within a lane; the critical one goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Before everything else.
    Critical,
    /// Everything else.
    Usual,
}

impl Lane {
    /// The number that is stored: the smaller goes first.
    pub fn number(self) -> i64 {
        match self {
            Lane::Critical => 0,
            Lane::Usual => 1,
        }
    }

    /// Reads the number back; any other than 0 is the usual lane.
    pub fn from_number(number: i64) -> Lane {
        if number == 0 { Lane::Critical } else { Lane::Usual }
    }
}

/// Whether a notice tells of something that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Something that happened, such as a payment: it is not open and cannot end.
    Event,
    /// Something that lasts until it is resolved, such as an alert.
    Firing,
    /// The end of that.
    Resolved,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 3] = [Status::Event, Status::Firing, Status::Resolved];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Event => "event",
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What a notice says, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Which kind it is, for instance `payment.failed`.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// Whether it lasts.
    pub status: Status,
    /// Its first line; never empty.
    pub title: String,
    /// What else there is to say; plain text, may be empty.
    pub text: String,
    /// Where the record can be looked at.
    pub link: Option<String>,
    /// Its fields by name, as text; the kind says how each is meant.
    pub fields: BTreeMap<String, String>,
    /// The amount it is about.
    pub amount: Option<Money>,
    /// When it happened or began.
    pub at: Timestamp,
    /// Where the caller wants it to go, past all routes; empty for the routes to decide.
    pub to: Vec<Destination>,
}

/// A notice that has been checked and can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it says.
    pub content: Content,
    /// The caller's key: repeats with it are harmless. Empty for none.
    pub key: String,
    /// What its problem is known by; empty when it is a problem of its own.
    pub fingerprint: String,
    /// Who handed it in: the caller's name.
    pub source: String,
    /// When it is to be routed: now, or later.
    pub due: Timestamp,
    /// When nobody wants to read it any more.
    pub expires: Timestamp,
}

/// A notice that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The row.
    pub id: NoticeId,
    /// What it says.
    pub content: Content,
    /// The caller's key; empty for none.
    pub key: String,
    /// Who handed it in.
    pub source: String,
    /// When it was handed in.
    pub received_at: Timestamp,
    /// When nobody wants to read it any more.
    pub expires: Timestamp,
}
