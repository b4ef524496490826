//! How good the judgements of a desk were: what was said before it was learned, against what turned out right.
//!
//! Judgements that nobody has confirmed or corrected are not in here: nobody knows whether they were right.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::measure::{Scored, accuracy, calibration_error, coverage};
use crate::domain::time::Timestamp;

/// Confidence levels that are reported on.
pub const LEVELS: [f32; 6] = [0.0, 0.3, 0.5, 0.7, 0.8, 0.9];
/// Longest time that is told day by day, in days; longer ones are told week by week.
const MOST_DAYS: i64 = 31;
/// Longest time that is told week by week, in days; longer ones are told month by month.
const MOST_WEEK_DAYS: i64 = 186;

/// A judgement and how it turned out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// When it was known how it turned out.
    pub at: Timestamp,
    /// What the learner said before anything was learned from it; the verdict where it was not asked.
    pub said: String,
    /// How sure that was, from 0 to 1.
    pub confidence: f32,
    /// The category that the desk acted by.
    pub acted: String,
    /// The category that was right.
    pub right: String,
    /// Whether a person said what is right; otherwise nobody objected.
    pub told: bool,
}

/// The time that a report is about.
#[derive(Clone, Debug)]
pub struct Window {
    /// From when on.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// Where days begin and end.
    pub zone: TimeZone,
}

/// How good the judgements were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Judgements of which it is known how they turned out.
    pub judged: usize,
    /// The share of them that was right.
    pub accuracy: f64,
    /// The share of them in which the category that the desk acted by was right.
    pub accuracy_acted: f64,
    /// Those of which a person said what is right.
    pub told: usize,
    /// The share of these that was right.
    pub accuracy_told: f64,
    /// How far confidence and accuracy are apart on average.
    pub ece: f64,
    /// Day by day, week by week or month by month; those without a judgement are left out.
    pub over_time: Vec<Span>,
    /// Each category, most judgements first.
    pub categories: Vec<Category>,
    /// What was taken for what, most often first.
    pub confusion: Vec<Confused>,
    /// How many judgements are at least this sure, and how many of these are right.
    pub coverage: Vec<Level>,
    /// How many examples there are, by where they come from.
    pub sources: BTreeMap<String, usize>,
}

/// A day, a week or a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its first day: `2026-11-21`.
    pub from: String,
    /// The judgements in it.
    pub judged: usize,
    /// The share of them that was right.
    pub accuracy: f64,
    /// The share of them in which the desk acted by the right category.
    pub accuracy_acted: f64,
}

/// How a category was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// The category.
    pub name: String,
    /// How often it was right.
    pub there: usize,
    /// How often it was said.
    pub said: usize,
    /// How often it was said and right.
    pub right: usize,
    /// How many examples of it there are now.
    pub examples: usize,
}

/// A category that was taken for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confused {
    /// What was right.
    pub right: String,
    /// What was said instead.
    pub said: String,
    /// How often.
    pub count: usize,
}

/// What holds of judgements that are at least so sure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The least confidence.
    pub confidence: f32,
    /// The share of judgements that have it.
    pub covered: f64,
    /// The share of these that was right.
    pub accuracy: f64,
}

/// How many examples a desk has: of each category, and from each source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taught {
    /// By category.
    pub categories: BTreeMap<String, usize>,
    /// By source.
    pub sources: BTreeMap<String, usize>,
}

impl Taught {
    /// The same under other names of the categories.
    pub fn under(self, name: impl Fn(&str) -> String) -> Taught {
        let mut categories = BTreeMap::new();
        for (category, count) in self.categories {
            *categories.entry(name(&category)).or_default() += count;
        }
        Taught { categories, ..self }
    }
}

/// The report on `outcomes`, of which those outside of the window are left out.
pub fn report(outcomes: &[Outcome], taught: &Taught, window: &Window) -> Report {
    let within = |outcome: &&Outcome| window.from <= outcome.at && outcome.at < window.to;
    let outcomes: Vec<&Outcome> = outcomes.iter().filter(within).collect();
    let all = scored(outcomes.iter().copied());
    let told = scored(outcomes.iter().copied().filter(|outcome| outcome.told));
    let level = |confidence| {
        let (covered, accuracy) = coverage(&all, confidence);
        Level { confidence, covered, accuracy }
    };
    Report {
        judged: all.len(),
        accuracy: accuracy(&all),
        accuracy_acted: acted(&outcomes),
        told: told.len(),
        accuracy_told: accuracy(&told),
        ece: calibration_error(&all),
        over_time: over_time(&outcomes, window),
        categories: categories(&outcomes, taught),
        confusion: confusion(&outcomes),
        coverage: LEVELS.into_iter().map(level).collect(),
        sources: taught.sources.clone(),
    }
}

fn scored<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Scored> {
    let one = |outcome: &Outcome| Scored { confidence: outcome.confidence, right: outcome.is_right() };
    outcomes.map(one).collect()
}

/// The share in which the desk acted by the right category.
fn acted(outcomes: &[&Outcome]) -> f64 {
    let right = outcomes.iter().filter(|outcome| outcome.acted == outcome.right).count();
    if outcomes.is_empty() { 0.0 } else { right as f64 / outcomes.len() as f64 }
}

fn over_time(outcomes: &[&Outcome], window: &Window) -> Vec<Span> {
    let days = window.to.since(window.from).as_secs() / 86_400;
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    let mut spans: BTreeMap<Date, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        spans.entry(first_day(outcome.at, &window.zone, days)).or_default().push(outcome);
    }
    let span = |(date, outcomes): (Date, Vec<&Outcome>)| {
        let accuracy = accuracy(&scored(outcomes.iter().copied()));
        Span { from: date.to_string(), judged: outcomes.len(), accuracy, accuracy_acted: acted(&outcomes) }
    };
    spans.into_iter().map(span).collect()
}

/// The first day of the day, week or month that `at` is in, as `days` are told.
fn first_day(at: Timestamp, zone: &TimeZone, days: i64) -> Date {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let day = instant.to_zoned(zone.clone()).date();
    if days <= MOST_DAYS {
        day
    } else if days <= MOST_WEEK_DAYS {
        let since_monday = jiff::Span::new().days(day.weekday().to_monday_zero_offset());
        day.checked_sub(since_monday).unwrap_or(day)
    } else {
        day.first_of_month()
    }
}

fn categories(outcomes: &[&Outcome], taught: &Taught) -> Vec<Category> {
    let mut all: BTreeMap<&str, Category> = BTreeMap::new();
    let blank = |name: &str| Category { name: name.to_owned(), there: 0, said: 0, right: 0, examples: 0 };
    for outcome in outcomes {
        let there = all.entry(&outcome.right).or_insert_with(|| blank(&outcome.right));
        there.there += 1;
        there.right += usize::from(outcome.is_right());
        all.entry(&outcome.said).or_insert_with(|| blank(&outcome.said)).said += 1;
    }
    for (name, examples) in &taught.categories {
        all.entry(name).or_insert_with(|| blank(name)).examples = *examples;
    }
    let mut all: Vec<Category> = all.into_values().collect();
    all.sort_by_key(|category| std::cmp::Reverse((category.there, category.examples)));
    all
}

fn confusion(outcomes: &[&Outcome]) -> Vec<Confused> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_right()) {
        *counts.entry((&outcome.right, &outcome.said)).or_default() += 1;
    }
    let one = |((right, said), count): ((&str, &str), usize)| Confused {
        right: right.into(),
        said: said.into(),
        count,
    };
    let mut all: Vec<Confused> = counts.into_iter().map(one).collect();
    all.sort_by_key(|confused| std::cmp::Reverse(confused.count));
    all
}

impl Outcome {
    fn is_right(&self) -> bool {
        self.said == self.right
    }
}

impl Category {
    /// The share of what was there that was found.
    pub fn found(&self) -> Option<f64> {
        (self.there > 0).then(|| self.right as f64 / self.there as f64)
    }

    /// The share of what was said that was right.
    pub fn precise(&self) -> Option<f64> {
        (self.said > 0).then(|| self.right as f64 / self.said as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::{Category, Confused, Outcome, Taught, Window, report};
    use crate::domain::time::Timestamp;
    use jiff::tz::TimeZone;

    /// 2026-11-02 00:00 UTC, a Monday.
    const MONDAY: i64 = 1_793_577_600_000;
    const DAY: i64 = 86_400_000;

    fn outcome(day: i64, said: &str, right: &str, confidence: f32) -> Outcome {
        let at = Timestamp(MONDAY + day * DAY);
        let (said, right) = (said.to_owned(), right.to_owned());
        Outcome { at, acted: said.clone(), said, confidence, right, told: true }
    }

    fn window(days: i64) -> Window {
        Window { from: Timestamp(MONDAY), to: Timestamp(MONDAY + days * DAY), zone: TimeZone::UTC }
    }

    #[test]
    fn days_become_weeks_and_months_where_the_time_is_long() {
        let outcomes: Vec<Outcome> = (0..21).map(|day| outcome(day, "bug", "bug", 0.9)).collect();
        for (days, spans, second) in [(21, 21, "2026-11-03"), (60, 3, "2026-11-09"), (365, 1, "")] {
            let told = report(&outcomes, &Taught::default(), &window(days));
            assert_eq!(told.over_time.len(), spans, "{days}");
            assert_eq!(told.over_time.get(1).map_or("", |span| span.from.as_str()), second, "{days}");
        }
        assert_eq!(report(&outcomes, &Taught::default(), &window(7)).judged, 7, "others are outside");
    }

    #[test]
    fn a_day_begins_at_midnight_where_the_team_is() {
        let late = Outcome { at: Timestamp(MONDAY + DAY - 3_600_000), ..outcome(0, "bug", "bug", 0.9) };
        let zone = TimeZone::get("Europe/Vilnius").unwrap();
        let told = report(&[late], &Taught::default(), &Window { zone, ..window(7) });
        assert_eq!(told.over_time[0].from, "2026-11-03");
    }

    #[test]
    fn categories_and_what_is_taken_for_what_add_up() {
        let outcomes = [
            outcome(0, "bug", "bug", 0.9),
            outcome(0, "bug", "question", 0.4),
            outcome(1, "question", "bug", 0.6),
            outcome(1, "bug", "question", 0.8),
        ];
        let taught = Taught {
            categories: [("bug".to_owned(), 7), ("sales".to_owned(), 2)].into(),
            sources: [("person".to_owned(), 9)].into(),
        };
        let told = report(&outcomes, &taught, &window(7));
        assert_eq!((told.judged, told.accuracy), (4, 0.25));
        let category = |name: &str, there, said, right, examples| Category {
            name: name.to_owned(),
            there,
            said,
            right,
            examples,
        };
        let expected =
            [category("bug", 2, 3, 1, 7), category("question", 2, 1, 0, 0), category("sales", 0, 0, 0, 2)];
        assert_eq!(told.categories, expected);
        assert_eq!(told.categories[0].found(), Some(0.5));
        assert_eq!(told.categories[2].precise(), None);
        let first = Confused { right: "question".to_owned(), said: "bug".to_owned(), count: 2 };
        assert_eq!((told.confusion.len(), &told.confusion[0]), (2, &first));
    }

    #[test]
    fn the_surer_the_fewer() {
        let outcomes = [outcome(0, "bug", "bug", 0.95), outcome(0, "bug", "question", 0.4)];
        let told = report(&outcomes, &Taught::default(), &window(7));
        let levels: Vec<(f64, f64)> =
            told.coverage.iter().map(|level| (level.covered, level.accuracy)).collect();
        assert_eq!((levels[0], levels[2]), ((1.0, 0.5), (0.5, 1.0)));
    }

    #[test]
    fn what_the_desk_acted_by_is_told_beside_what_the_learner_said() {
        let cautious = Outcome { acted: "other".to_owned(), ..outcome(0, "bug", "bug", 0.3) };
        let told = report(&[cautious, outcome(0, "bug", "bug", 0.9)], &Taught::default(), &window(7));
        assert_eq!((told.accuracy, told.accuracy_acted), (1.0, 0.5));
        assert_eq!((told.over_time[0].accuracy, told.over_time[0].accuracy_acted), (1.0, 0.5));
    }

    #[test]
    fn what_nobody_objected_to_is_told_apart() {
        let silent = Outcome { told: false, ..outcome(0, "bug", "bug", 0.9) };
        let told = report(&[silent, outcome(0, "bug", "question", 0.4)], &Taught::default(), &window(7));
        assert_eq!((told.judged, told.accuracy, told.told, told.accuracy_told), (2, 0.5, 1, 0.0));
        let nothing = report(&[], &Taught::default(), &window(7));
        assert_eq!((nothing.judged, nothing.accuracy), (0, 0.0));
    }
}
