//! What it costs, whether it can forget, and whether its explanations hold: B13 to B16.

use std::time::Instant;

use deskd::domain::learn::measure::quantile;
use deskd::domain::learn::{Categories, Example, Model, Prior};

use crate::data::Data;
use crate::quality::model;
use crate::{Bar, Report};

/// Fewest words of a message whose explanation is tested.
const FEWEST_WORDS: usize = 6;

/// Rebuilds whose time is averaged: the kernel counts in steps of 10 ms.
const REBUILDS: u32 = 20;

/// Measures and prints.
pub fn run(data: &Data, report: &mut Report) {
    if report.wants("B13") {
        cost(data, report);
    }
    if report.wants("B14") {
        let bytes = model(&Prior::default(), &data.lines("triage_public")).bytes_per_category();
        report.line("B14", "weights per category, KB", bytes as f64 / 1024.0, Bar::AtMost(512.0));
    }
    if report.wants("B15") {
        undo(data, report);
    }
    if report.wants("B16") {
        explanations(data, report);
    }
}

fn cost(data: &Data, report: &mut Report) {
    let (fold, words) = (data.fold("triage_public"), data.prior("triage_public"));
    let mut taught = model(&words, &fold.train[..1000]);
    let mut judging = each(&fold.test, |example| drop(taught.judge(&example.texts())));
    report.line("B13", "judge, median, us", quantile(&mut judging, 0.5), Bar::AtMost(50.0));
    report.line("B13", "judge, 99 of 100, us", quantile(&mut judging, 0.99), Bar::AtMost(300.0));
    let mut explaining = each(&fold.test, |example| drop(taught.explain(&example.texts())));
    report.line("B13", "explain, median, ms", quantile(&mut explaining, 0.5) / 1000.0, Bar::AtMost(2.0));
    let mut learning = each(&fold.train[1000..1400], |example| {
        taught.learn(example);
    });
    report.line(
        "B13",
        "learn a correction, median, ms",
        quantile(&mut learning, 0.5) / 1000.0,
        Bar::AtMost(1.0),
    );
    let before = cpu_ms();
    (0..REBUILDS).for_each(|_| drop(model(&words, &fold.train[..1000])));
    let rebuild = (cpu_ms() - before) / f64::from(REBUILDS);
    report.line("B13", "rebuild from 1000 examples, ms of CPU", rebuild, Bar::AtMost(100.0));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn each(examples: &[Example], mut act: impl FnMut(&Example)) -> Vec<f64> {
    let timed = |example: &Example| {
        let started = Instant::now();
        act(example);
        started.elapsed().as_secs_f64() * 1e6
    };
    examples.iter().map(timed).collect()
}

/// User and system time of this process so far, which others on the machine cannot stretch.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) * 10.0
}

/// What is undone was never there, and a restart changes nothing.
fn undo(data: &Data, report: &mut Report) {
    let (fold, words) = (data.fold("triage_public"), data.prior("triage_public"));
    let examples = &fold.train[..1000];
    let undone: Vec<Example> = [&examples[..700], &examples[701..]].concat();
    let mut never = Model::new(words.clone(), Categories::Open);
    undone.iter().for_each(|example| {
        never.learn(example);
    });
    let value = difference(&model(&words, &undone), &never, &fold.test);
    report.line("B15", "undo: largest difference of a score", value, Bar::AtMost(1e-4));
    let mut running = Model::new(words.clone(), Categories::Open);
    examples.iter().for_each(|example| {
        running.learn(example);
    });
    let value = difference(&model(&words, examples), &running, &fold.test);
    report.line("B15", "restart: largest difference of a score", value, Bar::AtMost(1e-4));
}

fn difference(one: &Model, other: &Model, examples: &[Example]) -> f64 {
    let apart = |example: &Example| {
        let (a, b) = (one.scores(&example.texts()), other.scores(&example.texts()));
        let name = |model: &Model, at: usize| model.categories()[at].clone();
        let at = |at: usize| (0..b.len()).find(|&to| name(other, to) == name(one, at));
        (0..a.len()).map(|c| at(c).map_or(f32::MAX, |to| (a[c] - b[to]).abs())).fold(0.0, f32::max)
    };
    f64::from(examples.iter().map(apart).fold(0.0, f32::max))
}

/// Without the three words that decided the lead is smaller, and smaller than without three others.
fn explanations(data: &Data, report: &mut Report) {
    let words = data.prior("slack_triage");
    let (mut tried, mut fell, mut beat) = (0.0, 0.0, 0.0);
    for fold in data.folds("slack_triage") {
        let model = model(&words, &fold.train);
        for example in &fold.test {
            let (texts, said) = (example.texts(), model.words(&example.texts()));
            if said.len() < FEWEST_WORDS {
                continue;
            }
            let told = model.explain(&texts);
            let top: Vec<&str> = told.words.iter().map(|word| word.word.as_str()).collect();
            let others: Vec<&str> =
                (0..3).map(|at| said[(at * 7 + said.len() / 2) % said.len()].as_str()).collect();
            let without = model.lead_without(&texts, &top);
            tried += 1.0;
            fell += f64::from(u8::from(without < told.judgement.lead));
            beat += f64::from(u8::from(without <= model.lead_without(&texts, &others)));
        }
    }
    report.line("B16", "explanation: the lead falls without its words", fell / tried, Bar::AtLeast(0.97));
    report.line("B16", "explanation: as much as without three others", beat / tried, Bar::AtLeast(0.90));
}
