//! `deskd route test`: expectations that are kept beside the configuration.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::call::{Call, Exit};
use super::super::screen::{bad, good, styled};
use crate::config::Config;
use crate::domain::mention::Mention;
use crate::domain::notice::{Draft, draft};
use crate::domain::project::as_written;
use crate::domain::route::{Decision, Destination, Plan, State};
use crate::runtime::clock::Clock;
use crate::web::handed;

/// Check the expectations of a file against the routes: exit code 1 when one is not met.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// A TOML file of `[[case]]`; see docs/routing.md.
    file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    at: String,
    notice: serde_json::Value,
    expect: Expected,
}

/// What a case expects; what is not given is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// All destinations, in any order; empty for none.
    to: Option<Vec<String>>,
    /// `outside_hours`, `digest`, or empty for none.
    held: Option<String>,
    /// The reason, with or without what stands behind its colon.
    dropped: Option<String>,
    /// Whom it calls.
    mention: Option<Vec<String>>,
}

/// Checks all cases.
pub fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let path = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {path}"))?;
    let cases: Cases = match toml::from_str(&text) {
        Ok(cases) => cases,
        Err(problem) => {
            let line = problem.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            writeln!(call.out, "{path}:{line}: {}\n  hint: see docs/routing.md", problem.message())?;
            return Ok(Exit::Usage);
        }
    };
    let results: Vec<(&Case, Vec<String>)> =
        cases.case.iter().map(|case| (case, wrong(case, &config))).collect();
    let failed = results.iter().filter(|(_, wrong)| !wrong.is_empty()).count();
    if call.json {
        let row = |(case, wrong): &(&Case, Vec<String>)| json!({ "case": case.name, "ok": wrong.is_empty(), "wrong": wrong });
        let rows: Vec<Value> = results.iter().map(row).collect();
        call.print_json(&json!({ "ok": failed == 0, "cases": rows }))?;
    } else {
        for (case, wrong) in &results {
            let word = if wrong.is_empty() { styled(good(), "ok") } else { styled(bad(), "failed") };
            writeln!(call.out, "{word}  {}", case.name)?;
            for what in wrong {
                writeln!(call.out, "      {what}")?;
            }
        }
        writeln!(call.out, "{} of {} cases hold", results.len() - failed, results.len())?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}

/// What of a case does not hold.
fn wrong(case: &Case, config: &Config) -> Vec<String> {
    let now = match case.at.as_str() {
        "" => Some(Clock::Wall.now()),
        text => draft::time(text),
    };
    let Some(now) = now else { return vec![format!("at: {:?} is no time", case.at)] };
    let given = match handed::draft(&case.notice) {
        Ok(given) => Draft { at: String::new(), ..given },
        Err(refused) => return vec![format!("the notice would be refused: {}", super::said(&refused))],
    };
    let state = State { projects: as_written(&config.routing.projects, None), ..State::default() };
    match super::asked(config, (&given, None), &state, now) {
        Err(refused) => vec![format!("the notice would be refused: {refused}")],
        Ok((_, decision)) => compare(&case.expect, &decision),
    }
}

fn compare(expected: &Expected, decision: &Decision) -> Vec<String> {
    let Expected { to, held, dropped, mention } = expected;
    let mut wrong = Vec::new();
    let mut look = |what: &str, expected: Option<String>, found: String| {
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let shown = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
            wrong.push(format!("{what}: expected {}, found {}", shown(expected), shown(found)));
        }
    };
    let stored = |text: &String| Destination::parse(text).map_or(text.clone(), |place| place.to_string());
    let found = decision.deliveries.iter().map(|planned| planned.destination.to_string()).collect();
    look("to", to.as_ref().map(|to| sorted(to.iter().map(stored).collect())), sorted(found));
    let found = decision.deliveries.iter().filter_map(|planned| match &planned.plan {
        Plan::Now => None,
        Plan::Hold { why, .. } => Some(why.as_str().to_owned()),
    });
    look("held", held.clone(), sorted(found.collect()));
    let found = decision.dropped.as_ref().map(|dropped| dropped.word()).unwrap_or_default();
    let bare = found.split(':').next().unwrap_or_default().to_owned();
    let same = dropped.as_ref().is_some_and(|expected| *expected == bare);
    look("dropped", dropped.clone(), if same { bare } else { found });
    let found =
        decision.deliveries.iter().flat_map(|planned| planned.mention.iter().map(Mention::word)).collect();
    look("mention", mention.clone().map(sorted), sorted(found));
    wrong
}

fn sorted(mut texts: Vec<String>) -> String {
    texts.sort();
    texts.dedup();
    texts.join(" ")
}
