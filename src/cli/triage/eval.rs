//! `deskd triage eval`: how well the learner would do on somebody's own lines. Needs no daemon, no configuration and no
//! database, and leaves nothing behind.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::super::call::{Call, Exit};
use crate::domain::learn::measure::{Scored, accuracy, calibration_error, coverage, insight, quantile};
use crate::domain::learn::trial::{Feedback, stream, test, with_hindsight};
use crate::domain::learn::tsv::{self, Table};
use crate::domain::learn::{Categories, Example, Model, Prior};
use crate::runtime::clock::Steady;

/// Confidence that is reported on.
const SURE: f32 = 0.8;
/// Numbers of lines after which a stream is tested.
const LOOKS: [usize; 9] = [0, 10, 20, 50, 100, 200, 500, 1000, 5000];
/// Most wrong lines that are named.
const MOST_NAMED: usize = 3;

/// Learn from lines of your own and test on others; nothing is kept
///
/// A file has one bundle per line: the category, a tab, the text. In the text \n begins the next message of the bundle
/// and \\ is a backslash. A file of keywords has category, phrase and weight (1 to 4), parted by tabs.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Learn all of these lines, then test.
    #[arg(long, value_name = "FILE", required_unless_present = "stream", conflicts_with = "stream")]
    train: Option<PathBuf>,
    /// Judge these lines one by one and learn from each, as a desk does, and test on the way.
    #[arg(long, value_name = "FILE")]
    stream: Option<PathBuf>,
    /// Test on these lines.
    #[arg(long, value_name = "FILE")]
    test: PathBuf,
    /// Phrases that speak for a category before the first line.
    #[arg(long, value_name = "FILE")]
    keywords: Option<PathBuf>,
    /// The category of what no phrase speaks for.
    #[arg(long, value_name = "NAME", default_value = "other")]
    fallback: String,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evaluation {
    /// Always true.
    pub ok: bool,
    /// Lines learned from.
    pub learned: usize,
    /// Lines tested on.
    pub tested: usize,
    /// Categories there are.
    pub categories: usize,
    /// The share of test lines that were judged right.
    pub accuracy: f64,
    /// How far confidence and accuracy are apart on average (expected calibration error, 15 bins).
    pub ece: f64,
    /// The share of test lines judged with a confidence of 0.8 or more.
    pub coverage_80: f64,
    /// The share of those that were judged right.
    pub accuracy_80: f64,
    /// The probability that a right judgement is surer than a wrong one.
    pub auroc: f64,
    /// Microseconds that a judgement took: half of them took less.
    pub classify_us_p50: f64,
    /// Microseconds that a judgement took: 99 of 100 took less.
    pub classify_us_p99: f64,
    /// Weights, in KB for each category.
    pub weights_kb: f64,
    /// Lines of the files that could not be read.
    pub wrong_lines: usize,
    /// Of a stream: accuracy on the test lines after so many lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Look>,
    /// Of a stream: how the judgements on the way went, before their lines were learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_the_way: Option<Way>,
}

/// A test on the way of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Look {
    /// After so many lines.
    pub lines: usize,
    /// Accuracy on the test lines.
    pub accuracy: f64,
}

/// The judgements on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Way {
    /// The share that was right.
    pub accuracy: f64,
    /// How far confidence and accuracy are apart on average.
    pub ece: f64,
}

/// Learns, tests and tells.
pub fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let mut wrong = Vec::new();
    let prior = match &args.keywords {
        Some(path) => {
            let phrases = read(path, tsv::phrases, &mut wrong)?;
            let fallback = phrases.iter().any(|phrase| phrase.category == args.fallback);
            Prior::new(phrases, fallback.then(|| args.fallback.clone()))
        }
        None => Prior::default(),
    };
    let tested = read(&args.test, tsv::examples, &mut wrong)?;
    let mut told = match (&args.train, &args.stream) {
        (Some(path), _) => trained(&prior, &read(path, tsv::examples, &mut wrong)?, &tested),
        (None, Some(path)) => streamed(&prior, &read(path, tsv::examples, &mut wrong)?, &tested),
        (None, None) => bail!("nothing to learn from; hint: give --train FILE or --stream FILE"),
    };
    told.wrong_lines = wrong.len();
    if call.json {
        call.print_json(&serde_json::to_value(&told)?)?;
    } else {
        write!(call.out, "{}{}", text(&told), warnings(&wrong))?;
    }
    Ok(Exit::Done)
}

/// The rows of a file; what is wrong with others goes to `wrong`, with file and line.
fn read<T>(path: &Path, parse: fn(&str) -> Table<T>, wrong: &mut Vec<String>) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let table = parse(&text);
    wrong.extend(table.wrong.iter().map(|(line, why)| format!("{}:{line}: {why}", path.display())));
    if table.rows.is_empty() {
        bail!("there is no usable line in {}; hint: a line is a category, a tab and a text", path.display());
    }
    Ok(table.rows)
}

/// Everything learned at once, and confidence from what would have been said before.
fn trained(prior: &Prior, lines: &[Example], tested: &[Example]) -> Evaluation {
    let lines = with_hindsight(prior, &Categories::Open, lines);
    let model = Model::rebuild(prior.clone(), Categories::Open, &lines);
    evaluated(&model, lines.len(), tested)
}

/// Line by line, as corrections come in.
fn streamed(prior: &Prior, lines: &[Example], tested: &[Example]) -> Evaluation {
    let mut model = Model::new(prior.clone(), Categories::Open);
    let look = |lines: usize, model: &Model| Look { lines, accuracy: accuracy(&test(model, tested)) };
    let mut after = vec![look(0, &model)];
    let way = stream(&mut model, lines, Feedback::Full, &mut |count, model| {
        if LOOKS.contains(&count) || count == lines.len() {
            after.push(look(count, model));
        }
    });
    let on_the_way = Some(Way { accuracy: accuracy(&way), ece: calibration_error(&way) });
    Evaluation { after, on_the_way, ..evaluated(&model, lines.len(), tested) }
}

fn evaluated(model: &Model, learned: usize, tested: &[Example]) -> Evaluation {
    let mut times = Vec::with_capacity(tested.len());
    let judged = |example: &Example| {
        let texts = example.texts();
        let started = Steady::start();
        let judgement = model.judge(&texts);
        times.push(started.elapsed().as_secs_f64() * 1e6);
        Scored { confidence: judgement.confidence, right: judgement.category() == Some(example.category()) }
    };
    let scored: Vec<Scored> = tested.iter().map(judged).collect();
    let (coverage_80, accuracy_80) = coverage(&scored, SURE);
    Evaluation {
        ok: true,
        learned,
        tested: tested.len(),
        categories: model.categories().len(),
        accuracy: accuracy(&scored),
        ece: calibration_error(&scored),
        coverage_80,
        accuracy_80,
        auroc: insight(&scored),
        classify_us_p50: quantile(&mut times, 0.5),
        classify_us_p99: quantile(&mut times, 0.99),
        weights_kb: model.bytes_per_category() as f64 / 1024.0,
        ..Evaluation::default()
    }
}

fn text(told: &Evaluation) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let mut text = format!(
        "learned {} lines in {} categories, tested on {}\n\n\
         right                        {}\n\
         sure (0.8 or more)           {} of the lines, {} of them right\n\
         confidence is off by         {}\n\
         a judgement takes            {:.0} us (99 of 100: {:.0} us)\n\
         weights of a category        {:.0} KB\n",
        told.learned,
        told.categories,
        told.tested,
        percent(told.accuracy),
        percent(told.coverage_80),
        percent(told.accuracy_80),
        percent(told.ece),
        told.classify_us_p50,
        told.classify_us_p99,
        told.weights_kb,
    );
    if let Some(way) = told.on_the_way {
        text.push_str("\nafter   right on the test lines\n");
        for look in &told.after {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:>5}   {}", look.lines, percent(look.accuracy));
        }
        let _ = writeln!(text, "\non the way, before each line was learned: {} right", percent(way.accuracy));
    }
    text
}

fn warnings(wrong: &[String]) -> String {
    if wrong.is_empty() {
        return String::new();
    }
    let named = wrong.iter().take(MOST_NAMED).map(|line| format!("  {line}\n")).collect::<String>();
    let more = wrong.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!("  and {more} more\n") } else { String::new() };
    format!("\nlines left out: {}\n{named}{more}", wrong.len())
}

#[cfg(test)]
mod tests {
    use super::{Evaluation, Look, Way, read, streamed, text, trained, warnings};
    use crate::domain::learn::tsv::examples;
    use crate::domain::learn::{Example, Prior};

    fn lines() -> Vec<Example> {
        let words =
            [("fruit", "apple pear cherry"), ("tools", "hammer saw drill"), ("birds", "owl sparrow wren")];
        let mut text = String::new();
        for round in 0..6 {
            for (category, words) in words {
                let word = words.split(' ').nth(round % 3).unwrap();
                text.push_str(&format!("{category}\tthe {word} of house {round}\n"));
            }
        }
        examples(&text).rows
    }

    #[test]
    fn learned_lines_are_tested_on_others_and_told_in_figures() {
        let told = trained(&Prior::default(), &lines(), &lines()[..9]);
        assert_eq!((told.learned, told.tested, told.categories, told.accuracy), (18, 9, 3, 1.0));
        assert!(told.classify_us_p50 > 0.0 && told.after.is_empty());
        assert!(text(&told).contains("right                        100.0 %"), "{}", text(&told));
    }

    #[test]
    fn a_stream_is_tested_on_the_way() {
        let told = streamed(&Prior::default(), &lines(), &lines());
        let seen: Vec<usize> = told.after.iter().map(|look| look.lines).collect();
        assert_eq!(seen, [0, 10, 18]);
        assert_eq!((told.after[0].accuracy, told.accuracy), (0.0, 1.0));
        assert!(told.on_the_way.is_some_and(|way| way.accuracy < 1.0));
    }

    #[test]
    fn a_file_that_is_missing_or_empty_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.tsv");
        let missing = read(&path, examples, &mut Vec::new()).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read "), "{missing}");
        std::fs::write(&path, "no tab in it\n").unwrap();
        let mut wrong = Vec::new();
        let empty = read(&path, examples, &mut wrong).unwrap_err();
        assert!(empty.to_string().contains("hint: a line is a category, a tab and a text"), "{empty}");
        assert!(wrong[0].ends_with("lines.tsv:1: there is no tab between category and text"), "{wrong:?}");
        assert!(warnings(&vec!["x".to_owned(); 5]).ends_with("and 2 more\n"));
    }

    #[test]
    fn the_json_has_what_programs_ask_for() {
        let told = Evaluation {
            after: vec![Look { lines: 0, accuracy: 0.5 }],
            on_the_way: Some(Way { accuracy: 0.5, ece: 0.1 }),
            ..Evaluation::default()
        };
        let json = serde_json::to_value(&told).unwrap();
        for key in ["accuracy", "ece", "coverage_80", "accuracy_80", "classify_us_p50", "after", "on_the_way"]
        {
            assert!(json.get(key).is_some(), "{key}");
        }
    }
}
