//! Numbers of the desk over whole days: tasks, times to answer and to close, notices and the money they speak of.
//!
//! What is counted comes in as facts; what is made of them is what templates see. Amounts are added as decimals, exactly,
//! and currencies are never mixed.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Serialize;

use super::schedule::DaySpan;
use super::time::Timestamp;

/// What happened, read from the store.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Tasks that were made.
    pub opened: Vec<Moment>,
    /// Tasks that were answered for the first time; how long that took.
    pub answered: Vec<Moment>,
    /// Tasks that were closed and are closed still; how long that took.
    pub closed: Vec<Moment>,
    /// Tasks that are open and tasks that wait for the contact, now, by category.
    pub standing: BTreeMap<String, Standing>,
    /// When contacts were met for the first time.
    pub contacts: Vec<Timestamp>,
    /// Notices that came in.
    pub notices: Vec<Noticed>,
}

/// Something that happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// The task's category.
    pub category: String,
    /// Milliseconds since the task was made.
    pub took_ms: i64,
}

/// How many tasks stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Somebody of the team has to do something.
    pub open: u64,
    /// The contact has to say something.
    pub waiting: u64,
}

/// A notice as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// When it came in.
    pub at: Timestamp,
    /// Its kind.
    pub kind: String,
    /// The amount as a decimal number; empty for none.
    pub amount: String,
    /// The currency of the amount.
    pub currency: String,
}

/// Everything that a template is given of a desk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Tasks of all categories, and of each.
    pub tasks: Tasks,
    /// Contacts.
    pub contacts: Contacts,
    /// Notices.
    pub notices: Notices,
    /// Day by day, for charts and tables.
    pub series: BTreeMap<String, Vec<Point>>,
}

/// Tasks of all categories, and of each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tasks {
    /// All together.
    #[serde(flatten)]
    pub all: Counted,
    /// By category, those with anything to tell.
    pub categories: Vec<Category>,
}

/// The tasks of one category.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Its figures.
    #[serde(flatten)]
    pub counted: Counted,
}

/// The figures of some tasks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    /// Made in the span.
    pub opened: u64,
    /// Closed in the span.
    pub closed: u64,
    /// Open now.
    pub open: u64,
    /// Waiting for the contact now.
    pub waiting: u64,
    /// From the first message to the first answer, of tasks answered in the span.
    pub first_response: Times,
    /// From the first message to the end, of tasks closed in the span.
    pub resolution: Times,
}

/// How long something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Of how many.
    pub count: u64,
    /// Half of them took no longer, in seconds; nothing when there was none.
    pub median: Option<i64>,
    /// Nine of ten took no longer, in seconds.
    pub p90: Option<i64>,
}

/// Contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Contacts {
    /// Met for the first time in the span.
    pub new: u64,
}

/// Notices of the span.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notices {
    /// All of them.
    pub count: u64,
    /// By kind.
    pub kinds: Vec<Kind>,
    /// Amounts that are no numbers, and so are in no sum.
    pub unreadable: u64,
}

/// Notices of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kind {
    /// The kind.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Their amounts, one sum for each currency.
    pub sums: Vec<Sum>,
}

/// A sum of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// The currency.
    pub currency: String,
    /// The exact sum.
    pub amount: String,
}

/// One value of a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// What it is of: a day such as `11-20`.
    pub label: String,
    /// The value.
    pub value: f64,
}

impl Figures {
    /// The figures of `span`, and the series of `stretch`, which is longer so that a chart shows more than one day.
    pub fn of(facts: &Facts, span: &DaySpan, stretch: &DaySpan) -> Figures {
        let (from, to) = (span.from(), span.to());
        let within = |at: Timestamp| from <= at && at < to;
        let notices = facts.notices.iter().filter(|notice| within(notice.at));
        Figures {
            tasks: tasks(facts, &within),
            contacts: Contacts { new: counted(facts.contacts.iter().filter(|at| within(**at))) },
            notices: notice_figures(notices),
            series: series(facts, stretch),
        }
    }

    /// The sums of several kinds together, by currency; an amount of the second list is taken off.
    pub fn money(&self, plus: &[&str], minus: &[&str]) -> Vec<Sum> {
        let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
        for kind in &self.notices.kinds {
            let sign = match (plus.contains(&kind.kind.as_str()), minus.contains(&kind.kind.as_str())) {
                (true, _) => Decimal::ONE,
                (false, true) => Decimal::NEGATIVE_ONE,
                (false, false) => continue,
            };
            for sum in &kind.sums {
                let amount = Decimal::from_str(&sum.amount).unwrap_or_default() * sign;
                let so_far = sums.entry(&sum.currency).or_default();
                *so_far = so_far.checked_add(amount).unwrap_or(*so_far);
            }
        }
        sums.into_iter().map(|(currency, amount)| shown(currency, amount)).collect()
    }
}

fn tasks(facts: &Facts, within: &dyn Fn(Timestamp) -> bool) -> Tasks {
    let mut names: Vec<&str> = facts.standing.keys().map(String::as_str).collect();
    for moment in facts.opened.iter().chain(&facts.answered).chain(&facts.closed) {
        if within(moment.at) {
            names.push(&moment.category);
        }
    }
    names.sort_unstable();
    names.dedup();
    let category = |name: &&str| Category {
        name: (*name).to_owned(),
        counted: count(facts, &|moment| within(moment.at) && moment.category == *name, Some(name)),
    };
    Tasks {
        all: count(facts, &|moment| within(moment.at), None),
        categories: names.iter().map(category).collect(),
    }
}

fn count(facts: &Facts, wanted: &dyn Fn(&Moment) -> bool, category: Option<&str>) -> Counted {
    let standing = facts.standing.iter().filter(|(name, _)| category.is_none_or(|wanted| wanted == *name));
    let (open, waiting) =
        standing.fold((0, 0), |(open, waiting), (_, now)| (open + now.open, waiting + now.waiting));
    Counted {
        opened: counted(facts.opened.iter().filter(|moment| wanted(moment))),
        closed: counted(facts.closed.iter().filter(|moment| wanted(moment))),
        open,
        waiting,
        first_response: times(facts.answered.iter().filter(|moment| wanted(moment))),
        resolution: times(facts.closed.iter().filter(|moment| wanted(moment))),
    }
}

fn times<'a>(moments: impl Iterator<Item = &'a Moment>) -> Times {
    let mut took: Vec<i64> = moments.map(|moment| moment.took_ms.max(0)).collect();
    took.sort_unstable();
    let seconds = |ms: i64| (ms + 500) / 1000;
    let median = match took.len() {
        0 => None,
        n if n % 2 == 1 => took.get(n / 2).copied(),
        n => took.get(n / 2 - 1).zip(took.get(n / 2)).map(|(low, high)| (low + high) / 2),
    };
    // The nearest rank: the smallest value that nine of ten do not exceed.
    let p90 = took.get((took.len() * 9).div_ceil(10).saturating_sub(1)).copied();
    Times { count: counted(took.iter()), median: median.map(seconds), p90: p90.map(seconds) }
}

fn notice_figures<'a>(notices: impl Iterator<Item = &'a Noticed>) -> Notices {
    let mut kinds: BTreeMap<&str, (u64, BTreeMap<&str, Decimal>)> = BTreeMap::new();
    let (mut count, mut unreadable) = (0, 0);
    for notice in notices {
        count += 1;
        let (number, sums) = kinds.entry(&notice.kind).or_default();
        *number += 1;
        if notice.amount.is_empty() {
            continue;
        }
        let sum = sums.get(notice.currency.as_str()).copied().unwrap_or_default();
        match Decimal::from_str_exact(&notice.amount).ok().and_then(|amount| sum.checked_add(amount)) {
            Some(sum) => {
                sums.insert(&notice.currency, sum);
            }
            None => unreadable += 1,
        }
    }
    let kind = |(kind, (count, sums)): (&str, (u64, BTreeMap<&str, Decimal>))| Kind {
        kind: kind.to_owned(),
        count,
        sums: sums.into_iter().map(|(currency, amount)| shown(currency, amount)).collect(),
    };
    Notices { count, kinds: kinds.into_iter().map(kind).collect(), unreadable }
}

fn shown(currency: &str, amount: Decimal) -> Sum {
    Sum { currency: currency.to_owned(), amount: amount.to_string() }
}

/// `opened`, `closed`, `contacts`, `first_response` (median, in minutes), and of each kind `count KIND` and `sum KIND CUR`.
fn series(facts: &Facts, stretch: &DaySpan) -> BTreeMap<String, Vec<Point>> {
    let mut all: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    let (from, to) = (stretch.from(), stretch.to());
    let kinds: Vec<Kind> =
        notice_figures(facts.notices.iter().filter(|notice| from <= notice.at && notice.at < to)).kinds;
    for (date, from, to) in stretch.days() {
        let label = date.strftime("%m-%d").to_string();
        let within = |at: Timestamp| from <= at && at < to;
        let mut add = |name: String, value: f64| {
            all.entry(name).or_default().push(Point { label: label.clone(), value });
        };
        let number = |moments: &[Moment]| moments.iter().filter(|moment| within(moment.at)).count() as f64;
        add("opened".to_owned(), number(&facts.opened));
        add("closed".to_owned(), number(&facts.closed));
        add("contacts".to_owned(), facts.contacts.iter().filter(|at| within(**at)).count() as f64);
        let answered = times(facts.answered.iter().filter(|moment| within(moment.at)));
        add("first_response".to_owned(), answered.median.unwrap_or_default() as f64 / 60.0);
        let today = notice_figures(facts.notices.iter().filter(|notice| within(notice.at))).kinds;
        for Kind { kind, sums, .. } in &kinds {
            let found = today.iter().find(|today| today.kind == *kind);
            add(format!("count {kind}"), found.map_or(0, |today| today.count) as f64);
            for Sum { currency, .. } in sums {
                let sum = found.and_then(|today| today.sums.iter().find(|sum| sum.currency == *currency));
                let amount = sum.and_then(|sum| sum.amount.parse().ok()).unwrap_or(0.0);
                add(format!("sum {kind} {currency}"), amount);
            }
        }
    }
    all
}

/// Seconds as people say them: `45 s`, `12 min`, `2 h 5 min`, `3 d 4 h`.
pub fn span_words(seconds: i64) -> String {
    let two = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        small => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds.max(0) {
        s @ 0..60 => format!("{s} s"),
        s @ 60..3_600 => format!("{} min", s / 60),
        s @ 3_600..86_400 => two(s / 3_600, "h", s % 3_600 / 60, "min"),
        s => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
    }
}

/// A decimal number with commas between thousands, and two places where it has any: `1,234.50`. What is no number stays.
pub fn grouped(amount: &str) -> String {
    let (sign, digits) = match amount.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", amount),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !whole.chars().chain(places.chars()).all(|c| c.is_ascii_digit()) {
        return amount.to_owned();
    }
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match places {
        "" => format!("{sign}{text}"),
        places => format!("{sign}{text}.{places:0<2}"),
    }
}

fn counted(items: impl Iterator) -> u64 {
    items.count() as u64
}

#[cfg(test)]
mod tests {
    use super::{Facts, Figures, Moment, Noticed, Standing, Sum, grouped, span_words};
    use crate::domain::schedule::Schedule;
    use crate::domain::time::Timestamp;
    use jiff::tz::TimeZone;

    const DAY: i64 = 86_400_000;

    fn moment(day: i64, category: &str, minutes: i64) -> Moment {
        Moment { at: Timestamp(day * DAY + 5), category: category.to_owned(), took_ms: minutes * 60_000 }
    }

    fn notice(day: i64, kind: &str, amount: &str, currency: &str) -> Noticed {
        let (kind, amount, currency) = (kind.to_owned(), amount.to_owned(), currency.to_owned());
        Noticed { at: Timestamp(day * DAY), kind, amount, currency }
    }

    fn figures(facts: &Facts) -> Figures {
        let schedule = Schedule::daily("09:00", TimeZone::UTC).unwrap();
        let span = |days| schedule.days_before(Timestamp(10 * DAY + 1), days).unwrap();
        Figures::of(facts, &span(1), &span(3))
    }

    #[test]
    fn not_16_the_numbers_are_the_sums_of_the_day_before_exactly() {
        let facts = Facts {
            notices: vec![
                notice(8, "invoice_paid", "1000", "EUR"),
                notice(9, "invoice_paid", "0.10", "EUR"),
                notice(9, "invoice_paid", "0.20", "EUR"),
                notice(9, "invoice_paid", "5", "USD"),
                notice(9, "invoice_paid", "many", "EUR"),
                notice(9, "refund_issued", "0.05", "EUR"),
                notice(9, "build", "", ""),
                notice(10, "invoice_paid", "7", "EUR"),
            ],
            ..Facts::default()
        };
        let figures = figures(&facts);
        let paid = figures.notices.kinds.iter().find(|kind| kind.kind == "invoice_paid").unwrap();
        let sum = |currency: &str, amount: &str| Sum { currency: currency.into(), amount: amount.into() };
        assert_eq!((paid.count, &paid.sums), (4, &vec![sum("EUR", "0.30"), sum("USD", "5")]));
        assert_eq!((figures.notices.count, figures.notices.unreadable), (6, 1));
        let net = figures.money(&["invoice_paid"], &["refund_issued"]);
        assert_eq!(net, [sum("EUR", "0.25"), sum("USD", "5")]);
        let days: Vec<f64> = figures.series["sum invoice_paid EUR"].iter().map(|point| point.value).collect();
        assert_eq!(days, [0.0, 1000.0, 0.3]);
    }

    #[test]
    fn times_are_told_by_their_median_and_by_what_nine_of_ten_keep() {
        let mut facts = Facts::default();
        facts.answered.extend((1..=10).map(|minutes| moment(9, "bug", minutes)));
        facts.answered.push(moment(8, "bug", 500));
        facts.closed.push(moment(9, "sales", 90));
        facts.standing.insert("idle".into(), Standing { open: 0, waiting: 2 });
        let tasks = figures(&facts).tasks;
        assert_eq!(tasks.all.first_response.median, Some(330));
        assert_eq!(tasks.all.first_response.p90, Some(540));
        assert_eq!((tasks.all.closed, tasks.all.resolution.median), (1, Some(5_400)));
        let names: Vec<&str> = tasks.categories.iter().map(|category| category.name.as_str()).collect();
        assert_eq!(names, ["bug", "idle", "sales"]);
        assert_eq!((tasks.all.waiting, tasks.categories[1].counted.waiting), (2, 2));
        assert_eq!(tasks.categories[2].counted.first_response.median, None);
    }

    #[test]
    fn spans_and_amounts_read_as_people_say_them() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (720, "12 min"),
            (7_200, "2 h"),
            (7_500, "2 h 5 min"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(span_words(seconds), words);
        }
        for (amount, words) in [
            ("1234567.5", "1,234,567.50"),
            ("-1234", "-1,234"),
            ("12", "12"),
            ("0.005", "0.005"),
            ("n/a", "n/a"),
            ("", ""),
        ] {
            assert_eq!(grouped(amount), words);
        }
    }
}
