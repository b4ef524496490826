//! `deskd triage report`: how good the judgements were, as tables and as a picture.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anstyle::Style;
use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;

use super::super::call::{Call, Exit};
use super::super::client::Client;
use super::super::screen::{View, bold, dim, styled};
use crate::domain::chart::{Matrix, Panel, sheet};
use crate::domain::figures::Point;
use crate::domain::learn::report::{Category, Confused, Level, Report, Span};
use crate::web::taught::ReportDocument;

/// Letters of the longest bar.
const BAR: f64 = 20.0;
/// Most lines of what was taken for what.
const MOST_CONFUSED: usize = 10;
/// Most categories of a picture.
const MOST_DRAWN: usize = 12;

/// How good the judgements were, before anything was learned from them
///
/// A judgement counts once somebody has said what is right, or has closed the task without a change.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Since when: 30d, 12h, or 2026-11-21T09:00:00Z.
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: String,
    /// Draw the tables into this file, as PNG.
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

/// Asks, draws and tells.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let zone = TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    let asked = [("since", args.since.as_str()), ("zone", &zone)];
    let answer = Client::new(&call.sources)?.get("/v1/triage/report", &asked).await?;
    if let Some(file) = &args.png {
        draw(&answer.read()?, file)?;
    }
    call.show(&answer, |told: &ReportDocument, view| {
        let drawn = args.png.as_ref().map(|file| format!("\n{} is written\n", file.display()));
        format!("{}{}", screen(told, view), drawn.unwrap_or_default())
    })
}

fn draw(told: &ReportDocument, file: &Path) -> Result<()> {
    let Some(png) = picture(&told.report) else {
        bail!(
            "there is nothing to draw yet; hint: deskd task label N CATEGORY, or close tasks whose category is right"
        )
    };
    std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
}

/// The whole report for people.
pub fn screen(told: &ReportDocument, view: &View) -> String {
    let report = &told.report;
    let mut text =
        format!("{} since {}, learning is {}\n", tasks(told.tasks), view.clock(&told.since), told.learn);
    if report.judged == 0 {
        text.push_str(
            "of none it is known what was right; hint: deskd task label N CATEGORY, or close tasks whose category is right\n",
        );
    } else {
        text.push_str(&summary(report));
        for part in [over_time(&report.over_time, view), coverage(&report.coverage, view)] {
            let _ = write!(text, "\n{part}");
        }
    }
    if !report.categories.is_empty() {
        let _ = write!(text, "\n{}", categories(&report.categories, view));
    }
    if !report.confusion.is_empty() {
        let _ = write!(text, "\n{}", confusion(&report.confusion, view));
    }
    let sources: Vec<String> =
        report.sources.iter().map(|(source, count)| format!("{count} {source}")).collect();
    if !sources.is_empty() {
        let _ = write!(text, "\n{}\n", styled(dim(), format!("examples by source: {}", sources.join(", "))));
    }
    text
}

fn tasks(count: usize) -> String {
    if count == 1 { "1 task judged".to_owned() } else { format!("{count} tasks judged") }
}

fn summary(report: &Report) -> String {
    let mut text = format!(
        "{}\n  the desk acted by the right category: {}\n",
        styled(bold(), format!("right: {} of {}", percent(report.accuracy), report.judged)),
        percent(report.accuracy_acted)
    );
    if report.told < report.judged {
        let told = format!(
            "where a person said what is right: {} of {}",
            percent(report.accuracy_told),
            report.told
        );
        let _ = writeln!(text, "  {told}");
    }
    let _ = writeln!(text, "  confidence is off by {} on average", percent(report.ece));
    text
}

fn over_time(spans: &[Span], view: &View) -> String {
    let row = |span: &Span| {
        let bar = "█".repeat((span.accuracy * BAR).round() as usize);
        vec![
            span.from.clone(),
            span.judged.to_string(),
            percent(span.accuracy),
            percent(span.accuracy_acted),
            bar,
        ]
    };
    let rows: Vec<Vec<String>> = spans.iter().map(row).collect();
    view.table(&["FROM", "JUDGED", "RIGHT", "AS ACTED", ""], &rows, |_| Style::new())
}

fn coverage(levels: &[Level], view: &View) -> String {
    let row = |level: &Level| {
        let sure = format!("{:.0} % or more", level.confidence * 100.0);
        let right = if level.covered > 0.0 { percent(level.accuracy) } else { "-".to_owned() };
        vec![sure, percent(level.covered), right]
    };
    let rows: Vec<Vec<String>> = levels.iter().map(row).collect();
    view.table(&["HOW SURE", "OF ALL", "OF THESE RIGHT"], &rows, |_| Style::new())
}

fn categories(categories: &[Category], view: &View) -> String {
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    let row = |category: &Category| {
        vec![
            category.name.clone(),
            category.there.to_string(),
            share(category.found()),
            category.said.to_string(),
            share(category.precise()),
            category.examples.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = categories.iter().map(row).collect();
    let header = ["CATEGORY", "TASKS", "FOUND", "SAID", "OF THESE RIGHT", "EXAMPLES"];
    view.table(&header, &rows, |_| Style::new())
}

fn confusion(all: &[Confused], view: &View) -> String {
    let row = |one: &Confused| vec![one.right.clone(), one.said.clone(), one.count.to_string()];
    let rows: Vec<Vec<String>> = all.iter().take(MOST_CONFUSED).map(row).collect();
    view.table(&["RIGHT WAS", "SAID WAS", "TIMES"], &rows, |_| Style::new())
}

fn percent(share: f64) -> String {
    format!("{} %", whole(share))
}

fn whole(share: f64) -> f64 {
    (share * 100.0).round()
}

/// The report as one picture. `None` when there is nothing in it.
pub fn picture(report: &Report) -> Option<Vec<u8>> {
    let point = |label: &str, value: f64| Point { label: label.to_owned(), value };
    let day = |span: &Span| point(span.from.get(5..).unwrap_or(&span.from), whole(span.accuracy));
    let sure = |level: &Level| point(&format!("{:.0}", level.confidence * 100.0), whole(level.covered));
    let right = |level: &Level| point(&format!("{:.0}", level.confidence * 100.0), whole(level.accuracy));
    let shown = &report.categories[..report.categories.len().min(MOST_DRAWN)];
    let found = |category: &Category| Some(point(&category.name, whole(category.found()?)));
    let examples = |category: &Category| point(&category.name, category.examples as f64);
    let covered: Vec<&Level> = report.coverage.iter().filter(|level| level.covered > 0.0).collect();
    sheet(&[
        ("Right, in percent", Panel::Bars(report.over_time.iter().map(day).collect())),
        ("Right by category, in percent", Panel::Bars(shown.iter().filter_map(found).collect())),
        ("Right category (rows), said category (columns)", Panel::Matrix(matrix(report))),
        (
            "Judgements by least confidence, in percent",
            Panel::Bars(covered.iter().map(|at| sure(at)).collect()),
        ),
        ("Of these right, in percent", Panel::Bars(covered.iter().map(|at| right(at)).collect())),
        ("Examples by category", Panel::Bars(shown.iter().map(examples).collect())),
    ])
}

/// What was taken for what, with what was taken for what it is.
fn matrix(report: &Report) -> Matrix {
    let judged: Vec<&Category> =
        report.categories.iter().filter(|category| category.there + category.said > 0).collect();
    let names: Vec<String> = judged.iter().map(|category| category.name.clone()).collect();
    let mut counts = vec![vec![0; names.len()]; names.len()];
    let place = |name: &str| names.iter().position(|known| known == name);
    for (at, category) in judged.iter().enumerate() {
        counts[at][at] = category.right;
    }
    for Confused { right, said, count } in &report.confusion {
        if let (Some(row), Some(column)) = (place(right), place(said)) {
            counts[row][column] = *count;
        }
    }
    Matrix { names, counts }
}

#[cfg(test)]
mod tests {
    use super::{picture, screen};
    use crate::cli::screen::View;
    use crate::domain::learn::report::{Outcome, Report, Taught, Window, report};
    use crate::domain::time::Timestamp;
    use crate::web::taught::ReportDocument;
    use jiff::tz::TimeZone;

    /// 2026-11-02 00:00 UTC.
    const START: i64 = 1_793_577_600_000;

    /// Two weeks in which a desk gets better.
    fn two_weeks() -> Report {
        let names = ["billing", "bug", "question", "account-access"];
        let outcome = |at: usize| {
            let right = names[at % 4];
            let wrong = at % (2 + at / 16) == 0;
            let said = if wrong { names[(at / 4) % 4] } else { right };
            let confidence =
                if said == right { 0.5 + (at % 10) as f32 / 20.0 } else { 0.3 + (at % 5) as f32 / 10.0 };
            let (said, right) = (said.to_owned(), right.to_owned());
            let at = Timestamp(START + at as i64 * 12_000_000);
            Outcome { at, acted: said.clone(), said, confidence, right, told: true }
        };
        let outcomes: Vec<Outcome> = (0..100).map(outcome).collect();
        let taught = Taught {
            categories: names
                .iter()
                .zip([41, 30, 22, 7])
                .map(|(name, count)| ((*name).to_owned(), count))
                .collect(),
            sources: [("person".to_owned(), 60), ("accepted".to_owned(), 40)].into(),
        };
        let (from, to) = (Timestamp(START), Timestamp(START + 15 * 86_400_000));
        report(&outcomes, &taught, &Window { from, to, zone: TimeZone::UTC })
    }

    #[test]
    fn the_picture_holds_six_tables() {
        let png = picture(&two_weeks()).unwrap();
        let info = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        assert_eq!((info.info().width, info.info().height), (720, 6 * 360));
        if let Some(folder) = std::env::var_os("DESKD_CHARTS") {
            std::fs::write(std::path::Path::new(&folder).join("triage.png"), png).unwrap();
        }
        assert_eq!(picture(&Report::default()), None);
    }

    #[test]
    fn the_screen_reads_from_the_whole_to_the_parts() {
        let view = View { now: Timestamp(START), width: None, zone: TimeZone::UTC };
        let since = "2026-11-02T00:00:00.000Z".to_owned();
        let told =
            ReportDocument { ok: true, since, learn: "on".to_owned(), tasks: 130, report: two_weeks() };
        insta::assert_snapshot!(anstream::adapter::strip_str(&screen(&told, &view)).to_string(), @"
        130 tasks judged since 00:00:00, learning is on
        right: 79 % of 100
          the desk acted by the right category: 79 %
          confidence is off by 21 % on average

        FROM        JUDGED  RIGHT  AS ACTED
        2026-11-02  8       63 %   63 %      █████████████
        2026-11-03  7       57 %   57 %      ███████████
        2026-11-04  7       86 %   86 %      █████████████████
        2026-11-05  7       71 %   71 %      ██████████████
        2026-11-06  7       86 %   86 %      █████████████████
        2026-11-07  8       75 %   75 %      ███████████████
        2026-11-08  7       71 %   71 %      ██████████████
        2026-11-09  7       86 %   86 %      █████████████████
        2026-11-10  7       86 %   86 %      █████████████████
        2026-11-11  7       86 %   86 %      █████████████████
        2026-11-12  8       75 %   75 %      ███████████████
        2026-11-13  7       86 %   86 %      █████████████████
        2026-11-14  7       86 %   86 %      █████████████████
        2026-11-15  6       100 %  100 %     ████████████████████

        HOW SURE      OF ALL  OF THESE RIGHT
        0 % or more   100 %   79 %
        30 % or more  100 %   79 %
        50 % or more  91 %    87 %
        70 % or more  52 %    90 %
        80 % or more  33 %    100 %
        90 % or more  17 %    100 %

        CATEGORY        TASKS  FOUND  SAID  OF THESE RIGHT  EXAMPLES
        billing         25     60 %   19    79 %            41
        bug             25     100 %  30    83 %            30
        question        25     68 %   23    74 %            22
        account-access  25     88 %   28    79 %            7

        RIGHT WAS       SAID WAS        TIMES
        billing         question        4
        question        billing         4
        billing         account-access  3
        billing         bug             3
        question        account-access  3
        account-access  question        2
        account-access  bug             1
        question        bug             1

        examples by source: 40 accepted, 60 person
        ");
        let none = ReportDocument { report: Report::default(), tasks: 1, ..told };
        insta::assert_snapshot!(anstream::adapter::strip_str(&screen(&none, &view)).to_string(), @"
        1 task judged since 00:00:00, learning is on
        of none it is known what was right; hint: deskd task label N CATEGORY, or close tasks whose category is right
        ");
    }
}
