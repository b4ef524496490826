//! How good and how fast the learner is, measure by measure beside its bar: `cargo bench --bench triage`.
//!
//! `DESKD_TRIAGE` names the folder with the data sets (`banking77/train.tsv` ...), `DESKD_TRIAGE_TEST` one with the test
//! files (`banking77/test.tsv` ...). Without test files every fifth line of a train file is kept out of training and
//! tested on; the two small sets are tested on each fifth of their lines in turn. An argument picks measures: `-- B6`.

mod data;
mod quality;
mod streams;
mod upkeep;

use data::Data;

/// Prints measures and counts those that miss their bar.
pub struct Report {
    only: Option<String>,
    missed: usize,
    printed: usize,
}

/// Which side of the bar is the good one.
#[derive(Clone, Copy)]
pub enum Bar {
    /// The value must be this or more.
    AtLeast(f64),
    /// The value must be this or less.
    AtMost(f64),
}

impl Report {
    /// Whether a group of measures is wanted.
    pub fn wants(&self, id: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == id)
    }

    /// One measure.
    pub fn line(&mut self, id: &str, measure: &str, value: f64, bar: Bar) {
        let (ok, sign, limit) = match bar {
            Bar::AtLeast(limit) => (value >= limit, ">=", limit),
            Bar::AtMost(limit) => (value <= limit, "<=", limit),
        };
        self.printed += 1;
        self.missed += usize::from(!ok);
        println!("{id:<4} {measure:<58} {value:>9.4}  {sign} {limit:<7} {}", if ok { "ok" } else { "MISS" });
    }
}

fn main() {
    let only = std::env::args().skip(1).find(|argument| argument.starts_with('B'));
    let Some(data) = Data::from_environment() else {
        println!("triage: DESKD_TRIAGE is not set, so there is nothing to measure");
        return;
    };
    println!("triage: {}", data.describe());
    let mut report = Report { only, missed: 0, printed: 0 };
    quality::run(&data, &mut report);
    streams::run(&data, &mut report);
    upkeep::run(&data, &mut report);
    println!("triage: {} measures, {} missed", report.printed, report.missed);
}
