//! What a model that has learned everything knows: B1 to B4, B9, B11, B12.

use deskd::domain::learn::measure::{accuracy, separation};
use deskd::domain::learn::trial::{few, test};
use deskd::domain::learn::{Categories, Example, Model, Prior};

use crate::data::{Data, Fold};
use crate::{Bar, Report};

/// How many of the few-shot picks are averaged.
const SEEDS: usize = 5;

/// Measures and prints.
pub fn run(data: &Data, report: &mut Report) {
    if report.wants("B1") {
        slack(data, report);
    }
    if report.wants("B2") {
        chatter(data, report);
    }
    if report.wants("B3") {
        full(data, report);
    }
    if report.wants("B4") {
        few_shot(data, report);
    }
    if report.wants("B9") {
        out_of_scope(data, report);
    }
    if report.wants("B11") {
        new_category(data, report);
    }
    if report.wants("B12") {
        scripts(data, report);
    }
}

/// A model of these examples and words.
pub fn model(prior: &Prior, examples: &[Example]) -> Model {
    Model::rebuild(prior.clone(), Categories::Open, examples)
}

/// The mean over folds of the accuracy with this prior, after `teach` has said what is learned.
fn mean(folds: &[Fold], prior: &Prior, teach: impl Fn(&Fold) -> Vec<Example>) -> f64 {
    let of = |fold: &Fold| accuracy(&test(&model(prior, &teach(fold)), &fold.test));
    folds.iter().map(of).sum::<f64>() / folds.len() as f64
}

fn all(fold: &Fold) -> Vec<Example> {
    fold.train.clone()
}

fn slack(data: &Data, report: &mut Report) {
    let (folds, words) = (data.folds("slack_triage"), data.prior("slack_triage"));
    let mut line = |measure: &str, value: f64, bar: f64| report.line("B1", measure, value, Bar::AtLeast(bar));
    line("slack: keywords only", mean(&folds, &words, |_| Vec::new()), 0.59);
    line("slack: keywords and seeds (stretch 0.80)", mean(&folds, &words, all), 0.73);
    line("slack: seeds without keywords", mean(&folds, &Prior::default(), all), 0.67);
}

fn chatter(data: &Data, report: &mut Report) {
    let words = data.prior("slack_triage");
    let sets = [
        ("test_bundle", ("hi team!", "thanks a lot :pray:"), 0.72),
        ("test_bundle2", ("hope the week treats you kindly", "you folks are legends as always"), 0.68),
    ];
    for (file, around, bar) in sets {
        let folds = data.bundled("slack_triage", file, around);
        report.line("B2", &format!("slack: {file}"), mean(&folds, &words, all), Bar::AtLeast(bar));
    }
}

fn full(data: &Data, report: &mut Report) {
    let bars = [
        ("banking77", 0.905),
        ("clinc150", 0.925),
        ("hwu64", 0.875),
        ("bitext27", 0.990),
        ("triage_public", 0.950),
    ];
    for (set, bar) in bars {
        let value = mean(&[data.fold(set)], &Prior::default(), all);
        report.line("B3", &format!("full: {set}"), value, Bar::AtLeast(bar));
    }
}

fn few_shot(data: &Data, report: &mut Report) {
    let bars = [
        ("banking77", 1, 0.30),
        ("banking77", 5, 0.60),
        ("banking77", 10, 0.715),
        ("clinc150", 10, 0.805),
        ("bitext27", 5, 0.86),
    ];
    for (set, k, bar) in bars {
        let folds = [data.fold(set)];
        let seeds = (0..SEEDS).map(|seed| mean(&folds, &Prior::default(), |fold| few(&fold.train, k, seed)));
        let value = seeds.sum::<f64>() / SEEDS as f64;
        report.line("B4", &format!("{k} examples each: {set}"), value, Bar::AtLeast(bar));
    }
}

fn out_of_scope(data: &Data, report: &mut Report) {
    let outside = data.out_of_scope();
    for (set, full, ten) in [("clinc150", 0.945, 0.91), ("banking77", 0.965, 0.93)] {
        let fold = data.fold(set);
        let value = told_apart(&model(&Prior::default(), &fold.train), &fold.test, &outside);
        report.line("B9", &format!("out of scope: {set}, full"), value, Bar::AtLeast(full));
        let seeds = (0..SEEDS).map(|seed| {
            told_apart(&model(&Prior::default(), &few(&fold.train, 10, seed)), &fold.test, &outside)
        });
        let value = seeds.sum::<f64>() / SEEDS as f64;
        report.line("B9", &format!("out of scope: {set}, 10 each"), value, Bar::AtLeast(ten));
    }
}

fn told_apart(model: &Model, inside: &[Example], outside: &[Example]) -> f64 {
    let sure = |examples: &[Example]| -> Vec<f32> {
        test(model, examples).into_iter().map(|scored| scored.confidence).collect()
    };
    separation(&sure(inside), &sure(outside))
}

fn new_category(data: &Data, report: &mut Report) {
    let fold = data.fold("triage_public");
    let is_new = |example: &&Example| example.category() == "human";
    let before: Vec<Example> = fold.train.iter().filter(|one| !is_new(one)).take(1000).cloned().collect();
    let wanted: Vec<Example> = fold.test.iter().filter(is_new).cloned().collect();
    for (k, bar) in [(5, 0.50), (10, 0.75), (20, 0.92)] {
        let mut taught = before.clone();
        taught.extend(fold.train.iter().filter(is_new).take(k).cloned());
        let recall = accuracy(&test(&model(&Prior::default(), &taught), &wanted));
        report.line("B11", &format!("new category after {k} examples"), recall, Bar::AtLeast(bar));
    }
}

fn scripts(data: &Data, report: &mut Report) {
    for (set, bar) in
        [("xsid_de", 0.87), ("xsid_tr", 0.87), ("xsid_zh", 0.83), ("xsid_ja", 0.78), ("xsid_ar", 0.79)]
    {
        let value = mean(&data.folds(set), &Prior::default(), all);
        report.line("B12", set, value, Bar::AtLeast(bar));
    }
}
