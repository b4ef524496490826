//! What a model knows on the way, and whether it knows what it knows: B5 to B8, B10.

use deskd::domain::learn::measure::{Scored, accuracy, calibration_error, coverage, insight};
use deskd::domain::learn::trial::{Feedback, rotated, stream, test};
use deskd::domain::learn::{Categories, Example, Model, Prior};

use crate::data::{Data, Fold};
use crate::{Bar, Report};

/// Streams that are averaged, each from another line on.
const STREAMS: usize = 5;
/// Lines of a stream.
const LINES: usize = 5000;

/// What streams of one set came to.
struct Run {
    /// Accuracy on the test lines after so many lines, for each of the asked numbers.
    after: Vec<f64>,
    /// The judgements on the way, by stream.
    way: Vec<Vec<Scored>>,
}

/// Measures and prints.
pub fn run(data: &Data, report: &mut Report) {
    if ["B5", "B6", "B7", "B8"].iter().any(|id| report.wants(id)) {
        plain(data, report);
        with_words(data, report);
        banking(data, report);
        slack(data, report);
    }
    if report.wants("B10") {
        sparse(data, report);
    }
}

fn plain(data: &Data, report: &mut Report) {
    let run =
        streams(&data.fold("triage_public"), &Prior::default(), Feedback::Full, &[50, 200, 1000, LINES]);
    for ((count, bar), value) in
        [(50, 0.36), (200, 0.67), (1000, 0.87), (LINES, 0.94)].into_iter().zip(run.after)
    {
        report.line("B5", &format!("stream without keywords after {count}"), value, Bar::AtLeast(bar));
    }
}

fn with_words(data: &Data, report: &mut Report) {
    let at = [0, 2, 5, 10, 20, 50, 200, 1000, LINES];
    let run = streams(&data.fold("triage_public"), &data.prior("triage_public"), Feedback::Full, &at);
    let start = run.after[0];
    for (count, value) in at.into_iter().zip(&run.after) {
        let bar = match count {
            0 => 0.61,
            50 => 0.63,
            200 => 0.74,
            1000 => 0.87,
            LINES => continue,
            _ => start - 0.015,
        };
        report.line("B6", &format!("stream with keywords after {count}"), *value, Bar::AtLeast(rounded(bar)));
    }
    for (from, to, bar) in [(200, 1000, 0.05), (1000, LINES, 0.02)] {
        let value = calibration_error(&between(&run, from, to));
        report.line(
            "B7",
            &format!("calibration, triage with keywords, {from} to {to}"),
            value,
            Bar::AtMost(bar),
        );
    }
    let value = insight(&run.way.concat());
    report.line("B8", "right against wrong, triage stream", value, Bar::AtLeast(0.87));
}

fn banking(data: &Data, report: &mut Report) {
    let run = streams(&data.fold("banking77"), &Prior::default(), Feedback::Full, &[]);
    let value = calibration_error(&between(&run, 200, 1000));
    report.line("B7", "calibration, banking77, 200 to 1000", value, Bar::AtMost(0.06));
}

/// One stream of the train lines and then the test lines; measured on the latter.
fn slack(data: &Data, report: &mut Report) {
    let words = data.prior("slack_triage");
    let of = |fold: &Fold| {
        let mut model = Model::new(words.clone(), Categories::Open);
        let lines: Vec<Example> = fold.train.iter().chain(&fold.test).cloned().collect();
        stream(&mut model, &lines, Feedback::Full, &mut |_, _| {}).split_off(fold.train.len())
    };
    let scored: Vec<Scored> = data.folds("slack_triage").iter().flat_map(of).collect();
    report.line("B7", "calibration, slack", calibration_error(&scored), Bar::AtMost(0.10));
    report.line("B8", "right against wrong, slack", insight(&scored), Bar::AtLeast(0.78));
    let (covered, right) = coverage(&scored, 0.8);
    report.line("B8", "slack: right where confidence is 0.8 or more", right, Bar::AtLeast(0.90));
    report.line("B8", "slack: covered with confidence 0.8 or more", covered, Bar::AtLeast(0.40));
}

fn sparse(data: &Data, report: &mut Report) {
    let run = streams(&data.fold("triage_public"), &data.prior("triage_public"), Feedback::Sparse, &[LINES]);
    let measure = format!("every second error corrected, after {LINES} seen");
    report.line("B10", &measure, run.after[0], Bar::AtLeast(0.865));
}

fn streams(fold: &Fold, prior: &Prior, feedback: Feedback, at: &[usize]) -> Run {
    let mut run = Run { after: vec![0.0; at.len()], way: Vec::new() };
    for seed in 0..STREAMS {
        let mut lines = rotated(&fold.train, seed, STREAMS);
        lines.truncate(LINES);
        let mut model = Model::new(prior.clone(), Categories::Open);
        if let (Some(0), Some(first)) = (at.first(), run.after.first_mut()) {
            *first += accuracy(&test(&model, &fold.test)) / STREAMS as f64;
        }
        let after = &mut run.after;
        let way = stream(&mut model, &lines, feedback, &mut |count, model| {
            if let Some(place) = at.iter().position(|at| *at == count) {
                after[place] += accuracy(&test(model, &fold.test)) / STREAMS as f64;
            }
        });
        run.way.push(way);
    }
    run
}

fn between(run: &Run, from: usize, to: usize) -> Vec<Scored> {
    run.way.iter().flat_map(|way| way[from..to.min(way.len())].iter().copied()).collect()
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
