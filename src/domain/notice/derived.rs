//! What follows from a notice by itself: a reminder before a booking begins, an invoice that is overdue for long enough and
//! then paid after all.

use std::collections::BTreeMap;
use std::time::Duration;

use super::catalog::{BOOKING_SOON, INVOICE_OVERDUE, REPLY_RECEIVED};
use super::draft::{day, time};
use super::kind::{RESERVED, WORTH_READING};
use super::{Checked, Content, Severity, Status};
use crate::domain::ids::{BundleId, TaskNumber, TroubleId};
use crate::domain::own::Raised;
use crate::domain::telling;
use crate::domain::time::Timestamp;

/// Who hands in what follows.
pub const SOURCE: &str = "deskd";

/// How long before a booking begins people are reminded.
pub const BEFORE_BOOKING: Duration = Duration::from_secs(15 * 60);

/// How long after its day an invoice is told as overdue: seven whole days are patience.
pub const OVERDUE_AFTER: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// What follows from a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The key of what waits for its time and is over.
    pub cancels: Option<String>,
    /// What is to be told later. What it lacks is taken from what it stands in for.
    pub follows: Option<Checked>,
    /// The invoice that is not overdue any more.
    pub settles: Option<String>,
}

/// What follows from a notice that was taken.
pub fn derive(checked: &Checked, now: Timestamp) -> Derived {
    let content = &checked.content;
    let field =
        |name: &str| content.fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let start = field("start_at").and_then(time);
    match (content.kind.as_str(), start) {
        ("booking.booked", Some(start)) => {
            Derived { cancels: reminder_key(content), follows: reminder(checked, start, now), settles: None }
        }
        // Without another time the one that is known holds.
        ("booking.reschedule", Some(start)) => {
            Derived { cancels: reminder_key(content), follows: reminder(checked, start, now), settles: None }
        }
        ("booking.cancelled", _) => Derived { cancels: reminder_key(content), ..Derived::default() },
        ("invoice.paid", _) => Derived { settles: field("invoice").map(str::to_owned), ..Derived::default() },
        _ => Derived::default(),
    }
}

/// When a notice may go at the earliest: an overdue invoice on the eighth day after it was due.
pub fn earliest(content: &Content) -> Option<Timestamp> {
    if content.kind != INVOICE_OVERDUE || content.status == Status::Resolved {
        return None;
    }
    day(content.fields.get("due_on")?.trim()).map(|due_on| due_on.plus(OVERDUE_AFTER))
}

/// The invoice that a notice says is overdue; it is told once, however often its system says so.
pub fn overdue(content: &Content) -> Option<&str> {
    let is_overdue = content.kind == INVOICE_OVERDUE && content.status != Status::Resolved;
    is_overdue.then(|| content.fields.get("invoice").map(|invoice| invoice.trim())).flatten()
}

/// The end of an overdue invoice that people were told of.
pub fn settled(overdue: &Content, now: Timestamp) -> Content {
    Content { status: Status::Resolved, text: String::new(), at: now, ..overdue.clone() }
}

/// Gives a reminder what the one before it knew and it does not: a change of time rarely says what it is about.
pub fn inherit(follows: &mut Checked, before: &BTreeMap<String, String>, link: Option<String>) {
    for (name, value) in before {
        follows.content.fields.entry(name.clone()).or_insert_with(|| value.clone());
    }
    follows.content.link = follows.content.link.take().or(link);
}

/// The key of the notice about a reply: its bundle.
pub fn reply_key(bundle: BundleId) -> String {
    format!("{REPLY_RECEIVED} {bundle}")
}

/// The notice that a contact has added to a task.
pub fn reply(
    bundle: BundleId,
    task: TaskNumber,
    (contact, channel): (&str, &str),
    preview: &str,
    now: Timestamp,
) -> Checked {
    let key = reply_key(bundle);
    let named =
        [("client", contact.to_owned()), ("task", task.to_string()), ("channel", format!("#{channel}"))];
    let is_said = |(_, value): &(&str, String)| !value.is_empty() && value != "#";
    Checked {
        content: Content {
            kind: REPLY_RECEIVED.to_owned(),
            severity: Severity::Info,
            status: Status::Event,
            title: "Reply received".to_owned(),
            text: preview.to_owned(),
            link: None,
            fields: named.into_iter().filter(is_said).map(|(name, value)| (name.to_owned(), value)).collect(),
            amount: None,
            at: now,
            to: Vec::new(),
        },
        fingerprint: key.clone(),
        key,
        source: SOURCE.to_owned(),
        due: now,
        expires: now.plus(WORTH_READING),
    }
}

/// The notice about a trouble of deskd's own, at its beginning or at its end.
pub fn own(
    id: TroubleId,
    raised: &Raised,
    (at, over): (Timestamp, Option<Timestamp>),
    now: Timestamp,
) -> Checked {
    let Raised { own, subject, detail } = raised;
    let about = match (subject.is_empty(), telling::subject_word(*own)) {
        (true, _) => String::new(),
        (false, word) => format!("{word} {subject}").trim().to_owned(),
    };
    let hint = if over.is_some() { "" } else { telling::advice(*own) };
    let fields = [("about", about.as_str()), ("detail", detail), ("hint", hint)];
    let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let kind = format!("{RESERVED}{}", own.as_str());
    let fingerprint = own_fingerprint(&kind, id);
    Checked {
        content: Content {
            title: format!("deskd: {}", telling::meaning(*own)),
            kind,
            severity: own.severity(),
            status: if over.is_some() { Status::Resolved } else { Status::Firing },
            text: String::new(),
            link: None,
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            amount: None,
            at: over.unwrap_or(at),
            to: Vec::new(),
        },
        key: format!("trouble {id}"),
        fingerprint,
        source: SOURCE.to_owned(),
        due: now,
        expires: now.plus(WORTH_READING),
    }
}

/// What the notices about one trouble are known by.
pub fn own_fingerprint(kind: &str, id: TroubleId) -> String {
    format!("{kind}\u{1f}trouble\u{1f}{id}")
}

/// Whether routes with these globs want to carry what deskd says of itself: only one that names `deskd.` does. A route for
/// everything does not, so that nobody is told twice without having asked for it.
pub fn names_own<'a>(mut globs: impl Iterator<Item = &'a str>) -> bool {
    globs.any(|glob| glob.starts_with(RESERVED))
}

/// What the reminder of a booking is known by; `None` when the booking has no name of its own.
fn reminder_key(content: &Content) -> Option<String> {
    let booking = content.fields.get("booking").map(|booking| booking.trim());
    booking.filter(|booking| !booking.is_empty()).map(|booking| format!("{BOOKING_SOON} {booking}"))
}

/// The reminder of a booking, unless it begins too soon for one.
fn reminder(checked: &Checked, start: Timestamp, now: Timestamp) -> Option<Checked> {
    let due = start.minus(BEFORE_BOOKING);
    if due <= now {
        return None;
    }
    let content = &checked.content;
    let named = ["booking", "client", "service", "start_at"];
    let fields = content
        .fields
        .iter()
        .filter(|(name, value)| named.contains(&name.as_str()) && !value.trim().is_empty());
    Some(Checked {
        content: Content {
            kind: BOOKING_SOON.to_owned(),
            severity: Severity::Info,
            status: Status::Event,
            title: "Starts in 15 minutes".to_owned(),
            text: String::new(),
            link: content.link.clone(),
            fields: fields.map(|(name, value)| (name.clone(), value.clone())).collect(),
            amount: None,
            at: start,
            to: content.to.clone(),
        },
        key: reminder_key(content).unwrap_or_default(),
        fingerprint: String::new(),
        source: SOURCE.to_owned(),
        due,
        expires: start,
    })
}

#[cfg(test)]
mod tests {
    use super::{Derived, derive, earliest, overdue};
    use crate::domain::notice::{Draft, Kinds, draft};
    use crate::domain::time::Timestamp;

    /// 2026-11-21T12:00:00Z.
    const NOW: Timestamp = Timestamp(1_795_262_400_000);

    fn checked(kind: &str, fields: &[(&str, &str)]) -> crate::domain::notice::Checked {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let draft = Draft { kind: kind.to_owned(), fields, ..Draft::default() };
        draft::check(&draft, "test", &Kinds::builtin(), NOW).unwrap_or_else(|no| panic!("{no:?}"))
    }

    #[test]
    fn a_booking_is_followed_by_its_reminder_unless_it_begins_too_soon() {
        let table = [
            ("2026-11-21T13:00:00Z", Some("2026-11-21T12:45:00.000Z")),
            ("2026-11-21T12:15:00Z", None),
            ("2026-11-21T12:15:01Z", Some("2026-11-21T12:00:01.000Z")),
            ("2026-11-20T12:00:00Z", None),
        ];
        for (start, due) in table {
            let booked =
                checked("booking.booked", &[("booking", "b1"), ("client", "Ann"), ("start_at", start)]);
            let follows = derive(&booked, NOW).follows.map(|follows| follows.due.to_string());
            assert_eq!(follows.as_deref(), due, "{start}");
        }
    }

    #[test]
    fn a_booking_takes_back_the_reminder_that_there_is() {
        let key = Some("booking.soon b1".to_owned());
        let table = [
            ("booking.cancelled", vec![("booking", "b1")], key.clone(), false),
            ("booking.reschedule", vec![("booking", "b1")], None, false),
            (
                "booking.reschedule",
                vec![("booking", "b1"), ("start_at", "2026-11-22T09:00:00Z")],
                key.clone(),
                true,
            ),
            ("booking.booked", vec![("client", "Ann"), ("start_at", "2026-11-22T09:00:00Z")], None, true),
        ];
        for (kind, fields, cancels, follows) in table {
            let derived = derive(&checked(kind, &fields), NOW);
            assert_eq!((derived.cancels, derived.follows.is_some()), (cancels, follows), "{kind} {fields:?}");
        }
        assert_eq!(derive(&checked("alert", &[]), NOW), Derived::default());
    }

    #[test]
    fn an_invoice_is_overdue_on_the_eighth_day_and_not_before() {
        let of = |due_on| {
            let amount = ("amount", "10 EUR");
            let fields = [("invoice", "7"), ("client", "Ann"), amount, ("due_on", due_on)];
            checked("invoice.overdue", &fields).content
        };
        let table = [
            ("2026-11-01", "2026-11-09T00:00:00.000Z"),
            ("2026-11-01T00:00:00+01:00", "2026-11-08T23:00:00.000Z"),
        ];
        for (due_on, eighth) in table {
            assert_eq!(earliest(&of(due_on)).map(|at| at.to_string()).as_deref(), Some(eighth), "{due_on}");
        }
        assert_eq!(overdue(&of("2026-11-01")), Some("7"));
        let paid = checked("invoice.paid", &[("invoice", "7"), ("client", "Ann"), ("amount", "10 EUR")]);
        assert_eq!(derive(&paid, NOW).settles.as_deref(), Some("7"));
    }
}
