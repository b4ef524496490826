//! The kinds that are built in, as one table. What deskd says of itself stands beside them: one kind for each trouble.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kind::Form::{self, Amount, Day, Number, Text, Time};
use super::kind::{Kind, RESERVED, WORTH_READING};
use super::{Severity, Status};
use crate::domain::own::Own;
use crate::domain::telling;

/// The kind of a reminder before a booking begins.
pub const BOOKING_SOON: &str = "booking.soon";

/// The kind of an invoice that nobody has paid.
pub const INVOICE_OVERDUE: &str = "invoice.overdue";

/// The kind of an answer that a contact gave to a task.
pub const REPLY_RECEIVED: &str = "reply.received";

/// The kind of a message that only shows whether a destination can be reached.
pub const TEST: &str = "test";

/// The kind of a message that was written for Slack and is passed on.
pub const MESSAGE: &str = "message";

/// The kind of a heartbeat that did not come in time.
pub const HEARTBEAT_MISSED: &str = "heartbeat.missed";

/// A row of the table.
struct Row {
    name: &'static str,
    category: &'static str,
    icon: &'static str,
    title: &'static str,
    severity: Severity,
    /// What the button says that opens the record.
    open: &'static str,
    /// Required ones are marked with `!`.
    fields: &'static [(&'static str, Form)],
    /// What it is known by, when it lasts.
    lasts_by: &'static [&'static str],
}

/// What a payment is about.
const PAYMENT: &[(&str, Form)] =
    &[("client!", Text), ("amount!", Amount), ("invoice", Text), ("method", Text)];

/// What a payment that went wrong or back is about.
const PAYMENT_BACK: &[(&str, Form)] =
    &[("client!", Text), ("amount!", Amount), ("invoice", Text), ("reason", Text)];

const QUOTE: &[(&str, Form)] =
    &[("client!", Text), ("amount!", Amount), ("quote", Text), ("valid_until", Day)];

const CONTACT: &[(&str, Form)] = &[
    ("name!", Text),
    ("source!", Text),
    ("email", Text),
    ("phone", Text),
    ("company", Text),
    ("message", Text),
];

const BOOKING_CHANGED: &[(&str, Form)] =
    &[("booking!", Text), ("client", Text), ("start_at", Time), ("service", Text), ("reason", Text)];

/// All but those of deskd itself, by category.
const TABLE: [Row; 26] = [
    event("invoice.paid", "payments", ":moneybag:", "Invoice paid", "Open invoice", PAYMENT),
    Row {
        severity: Severity::Error,
        ..event("payment.failed", "payments", ":credit_card:", "Payment failed", "Open payment", PAYMENT_BACK)
    },
    event(
        "subscription.renewed",
        "payments",
        ":repeat:",
        "Subscription renewed",
        "Open subscription",
        &[("client!", Text), ("amount!", Amount), ("plan", Text), ("renews_on", Day)],
    ),
    Row {
        severity: Severity::Warning,
        ..event(
            "refund.issued",
            "payments",
            ":leftwards_arrow_with_hook:",
            "Refund issued",
            "Open refund",
            PAYMENT_BACK,
        )
    },
    event("quote.sent", "quotes", ":outbox_tray:", "Quote sent", "Open quote", QUOTE),
    event("quote.opened", "quotes", ":eyes:", "Quote opened", "Open quote", QUOTE),
    event("quote.accepted", "quotes", ":handshake:", "Quote accepted", "Open quote", QUOTE),
    Row {
        severity: Severity::Warning,
        ..event(
            "quote.declined",
            "quotes",
            ":no_entry_sign:",
            "Quote declined",
            "Open quote",
            &[("client!", Text), ("amount!", Amount), ("quote", Text), ("reason", Text)],
        )
    },
    event("contact.form", "contacts", ":memo:", "New lead from a form", "Open contact", CONTACT),
    event("contact.booking", "contacts", ":calendar:", "New lead from a booking", "Open contact", CONTACT),
    event("contact.message", "contacts", ":envelope:", "New message from a client", "Open contact", CONTACT),
    event(
        "booking.booked",
        "bookings",
        ":date:",
        "Booked",
        "Open booking",
        &[
            ("booking", Text),
            ("client!", Text),
            ("start_at!", Time),
            ("service", Text),
            ("email", Text),
            ("phone", Text),
        ],
    ),
    Row {
        severity: Severity::Warning,
        ..event("booking.cancelled", "bookings", ":x:", "Booking cancelled", "Open booking", BOOKING_CHANGED)
    },
    Row {
        severity: Severity::Warning,
        ..event(
            "booking.reschedule",
            "bookings",
            ":arrows_counterclockwise:",
            "Another time is asked for",
            "Open booking",
            BOOKING_CHANGED,
        )
    },
    event(
        BOOKING_SOON,
        "bookings",
        ":alarm_clock:",
        "Starts in 15 minutes",
        "Open booking",
        &[("booking", Text), ("client", Text), ("start_at!", Time), ("service", Text)],
    ),
    Row {
        severity: Severity::Warning,
        lasts_by: &["invoice"],
        ..event(
            INVOICE_OVERDUE,
            "operations",
            ":hourglass:",
            "Invoice overdue",
            "Open invoice",
            &[("invoice!", Text), ("client!", Text), ("amount!", Amount), ("due_on!", Day)],
        )
    },
    Row {
        severity: Severity::Warning,
        lasts_by: &["project"],
        ..event(
            "project.paused",
            "operations",
            ":double_vertical_bar:",
            "Project paused",
            "Open project",
            &[("project!", Text), ("client", Text), ("reason", Text)],
        )
    },
    Row {
        severity: Severity::Error,
        lasts_by: &["integration"],
        ..event(
            "integration.error",
            "operations",
            ":electric_plug:",
            "An integration fails",
            "Open integration",
            &[("integration!", Text), ("error", Text)],
        )
    },
    Row {
        severity: Severity::Warning,
        lasts_by: &["resource"],
        ..event(
            "quota.near",
            "operations",
            ":bar_chart:",
            "A quota is nearly reached",
            "Open usage",
            &[("resource!", Text), ("used!", Number), ("limit!", Number)],
        )
    },
    Row {
        severity: Severity::Warning,
        lasts_by: &["title", "system"],
        ..event(
            "alert",
            "alerts",
            ":rotating_light:",
            "Alert",
            "Open alert",
            &[("system", Text), ("description", Text)],
        )
    },
    event(
        "deployment",
        "deployments",
        ":rocket:",
        "Deployment",
        "Open build",
        &[
            ("service", Text),
            ("build!", Text),
            ("environment!", Text),
            ("status!", Text),
            ("commit", Text),
            ("by", Text),
            ("duration", Text),
        ],
    ),
    Row {
        severity: Severity::Warning,
        lasts_by: &["metric", "system"],
        ..event(
            "metric",
            "metrics",
            ":chart_with_upwards_trend:",
            "A threshold is crossed",
            "Open dashboard",
            &[
                ("metric!", Text),
                ("value!", Number),
                ("threshold!", Number),
                ("unit", Text),
                ("breach", Text),
                ("system", Text),
            ],
        )
    },
    event(
        REPLY_RECEIVED,
        "replies",
        ":speech_balloon:",
        "Reply received",
        "Open thread",
        &[("client", Text), ("task", Text), ("channel", Text)],
    ),
    event(TEST, "test", ":test_tube:", "Test: deskd can write here", "Open", &[]),
    event(MESSAGE, "messages", ":speech_balloon:", "Message", "Open", &[]),
    Row {
        severity: Severity::Error,
        lasts_by: &["heartbeat"],
        ..event(
            HEARTBEAT_MISSED,
            "alerts",
            ":broken_heart:",
            "Heartbeat missed",
            "Open",
            &[("heartbeat!", Text), ("last", Text)],
        )
    },
];

/// Something that happened; good to know.
const fn event(
    name: &'static str,
    category: &'static str,
    icon: &'static str,
    title: &'static str,
    open: &'static str,
    fields: &'static [(&'static str, Form)],
) -> Row {
    Row { name, category, icon, title, severity: Severity::Info, open, fields, lasts_by: &[] }
}

/// The built-in kinds by name.
pub fn builtin() -> BTreeMap<String, Kind> {
    let own = Own::ALL.into_iter().map(own);
    TABLE.iter().map(kind).chain(own).map(|kind| (kind.name.clone(), kind)).collect()
}

fn kind(row: &Row) -> Kind {
    let Row { name, category, icon, title, severity, open, fields, lasts_by } = row;
    let kind = Kind::new(name, category, icon, title, *severity).with(fields);
    let kind = if lasts_by.is_empty() { kind } else { kind.lasting(lasts_by) };
    let ttl = match *name {
        // Its time has come when it begins.
        BOOKING_SOON => Duration::from_secs(15 * 60),
        _ => WORTH_READING,
    };
    Kind { open: (*open).to_owned(), ttl, ..kind }
}

/// The kind of a trouble of deskd's own.
fn own(own: Own) -> Kind {
    let name = format!("{RESERVED}{}", own.as_str());
    let title = format!("deskd: {}", telling::meaning(own));
    let kind = Kind::new(&name, "deskd", ":wrench:", &title, own.severity()).with(&[
        ("about", Text),
        ("detail", Text),
        ("hint", Text),
    ]);
    Kind { status: Status::Firing, ..kind }
}

/// How much a notice matters when its caller does not say: what its fields tell goes before the kind's own word.
pub fn severity(kind: &Kind, fields: &BTreeMap<String, String>) -> Severity {
    let field = |name: &str| fields.get(name).map(|value| value.trim().to_ascii_lowercase());
    match kind.name.as_str() {
        "deployment" if field("status").is_some_and(|status| failed(&status)) => Severity::Error,
        _ => kind.severity,
    }
}

/// Whether this is what a deployment calls its failure.
fn failed(status: &str) -> bool {
    ["failed", "failure", "error", "errored", "broken", "rolled back"].contains(&status)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::builtin;
    use crate::domain::notice::kind::Form;

    fn names(category: &str) -> Vec<String> {
        let kinds = builtin().into_values().filter(|kind| kind.category == category);
        kinds.map(|kind| kind.name).collect()
    }

    #[test]
    fn not_06_07_09_11_13_every_category_has_its_kinds() {
        assert_eq!(
            names("payments"),
            ["invoice.paid", "payment.failed", "refund.issued", "subscription.renewed"]
        );
        assert_eq!(names("quotes"), ["quote.accepted", "quote.declined", "quote.opened", "quote.sent"]);
        assert_eq!(names("contacts"), ["contact.booking", "contact.form", "contact.message"]);
        assert_eq!(
            names("bookings"),
            ["booking.booked", "booking.cancelled", "booking.reschedule", "booking.soon"]
        );
        assert_eq!(
            names("operations"),
            ["integration.error", "invoice.overdue", "project.paused", "quota.near"]
        );
        assert_eq!(names("deskd").len(), crate::domain::own::Own::ALL.len());
    }

    #[test]
    fn every_kind_has_what_a_card_needs_and_is_known_by_fields_it_has() {
        for kind in builtin().into_values() {
            let name = &kind.name;
            assert!(kind.icon.starts_with(':') && kind.icon.ends_with(':'), "{name}");
            assert!(!kind.title.is_empty() && !kind.open.is_empty(), "{name}");
            let fields: BTreeSet<&str> = kind.fields.iter().map(|field| field.name.as_str()).collect();
            assert_eq!(fields.len(), kind.fields.len(), "{name}: a field is there twice");
            for known_by in kind.fingerprint.iter().filter(|known_by| *known_by != "title") {
                assert!(fields.contains(known_by.as_str()), "{name}: {known_by}");
            }
            let amounts = kind.fields.iter().filter(|field| field.form == Form::Amount);
            assert!(amounts.clone().all(|field| field.name == "amount"), "{name}");
        }
    }
}
