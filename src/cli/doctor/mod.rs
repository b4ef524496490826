//! `deskd doctor`: what is wrong with this installation, and what to do about it. Looks from here, whether the daemon
//! runs or not, and changes nothing.
//!
//! In the order of the checks: `local` (configuration, tokens, files, disk, database), `slack` (tokens, scopes, sockets,
//! channels, clock), `daemon` (does it answer, and how does it stand).

mod daemon;
mod local;
mod slack;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::call::{Call, Exit};
use super::check::problem_json;
use super::screen::{bad, good, odd, plural, styled};
use crate::config::Problem;
use crate::runtime::clock::Clock;

/// Look for what is wrong and say what to do about it. Ends with 0, 1 (warnings) or 2 (problems).
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Problem,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked: a stable word.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, in a few words without a full stop.
    pub what: String,
    /// What to do about it; always there unless all is well.
    pub hint: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, what: impl Into<String>) -> Finding {
        Finding { check, level: Level::Ok, what: what.into(), hint: None }
    }

    fn warning(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { check, level: Level::Warning, what: what.into(), hint: Some(hint.into()) }
    }

    fn problem(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Finding {
        Finding { check, level: Level::Problem, what: what.into(), hint: Some(hint.into()) }
    }

    /// What the store, the client and others say: their hint stands behind "; hint: ".
    fn told(check: &'static str, level: Level, told: &str) -> Finding {
        let (what, hint) = told.split_once("; hint: ").unwrap_or((told, "look at the log of deskd"));
        Finding { check, level, what: what.to_owned(), hint: Some(hint.to_owned()) }
    }
}

/// Checks everything and prints what was found.
pub async fn run(_args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let config = match call.sources.load() {
        Ok(loaded) => loaded.config,
        Err(problems) => return refuse(call, &problems.0),
    };
    let mut findings = vec![Finding::ok("config", format!("the configuration is right ({})", config.hash()))];
    let running = daemon::look(&call.sources, &mut findings).await;
    let tokens = local::tokens(&config, &call.sources.env, running.is_some(), &mut findings);
    findings.extend(local::files(&config));
    findings.extend(local::disk(&config));
    let database = local::database(&config, &mut findings).await;
    let daemons = running.as_ref().map(|running| &running.secrets);
    findings.push(local::secrets(&config, &call.sources.env, (database, daemons)).await);
    let monitored = match &running {
        Some(running) => running.monitored.clone(),
        None => local::monitored(&config, database, Clock::Wall.now()).await,
    };
    slack::look(&config, tokens, &monitored, &mut findings).await;
    if running.is_none() {
        slack::further(&config, &call.sources.env, &mut findings).await;
    }
    report(call, &findings)
}

fn refuse(call: &mut Call<'_>, problems: &[Problem]) -> Result<Exit> {
    let findings: Vec<Finding> = problems
        .iter()
        .map(|problem| {
            let hint = problem.hint.clone().unwrap_or_else(|| "deskd check".to_owned());
            let bare = Problem { hint: None, ..problem.clone() };
            Finding::problem("config", bare.to_string(), hint)
        })
        .collect();
    if call.json {
        let list: Vec<_> = problems.iter().map(problem_json).collect();
        call.print_json(&json!({ "ok": false, "findings": findings, "problems": list }))?;
        return Ok(Exit::Usage);
    }
    report(call, &findings)
}

fn report(call: &mut Call<'_>, findings: &[Finding]) -> Result<Exit> {
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    if call.json {
        call.print_json(&json!({ "ok": worst == Level::Ok, "findings": findings }))?;
    } else {
        write!(call.out, "{}", render(findings))?;
    }
    // The numbers are the doctor's own: 1 for warnings, 2 for problems.
    Ok(match worst {
        Level::Ok => Exit::Done,
        Level::Warning => Exit::Failed,
        Level::Problem => Exit::Usage,
    })
}

/// The findings, and a last line that says how it stands.
pub fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (word, style) = match finding.level {
            Level::Ok => ("ok", good()),
            Level::Warning => ("warning", odd()),
            Level::Problem => ("problem", bad()),
        };
        text.push_str(&format!("{}  {}\n", styled(style, format!("{word:<7}")), finding.what));
        for line in finding.hint.iter() {
            text.push_str(&format!("         hint: {line}\n"));
        }
    }
    let count = |level| {
        let found = findings.iter().filter(|finding| finding.level == level).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    match (count(Level::Problem), count(Level::Warning)) {
        (0, 0) => text.push_str("all is well\n"),
        (problems, warnings) => {
            text.push_str(&format!("{}, {}\n", plural(problems, "problem"), plural(warnings, "warning")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Finding, Level, render};

    #[test]
    fn findings_are_told_with_what_to_do_and_counted_at_the_end() {
        let findings = [
            Finding::ok("disk", "12 GiB are free"),
            Finding::warning("clock", "the clock is 40 s behind", "turn on time synchronisation"),
            Finding::told("database", Level::Problem, "the database is damaged; hint: restore it"),
        ];
        let shown = anstream::adapter::strip_str(&render(&findings)).to_string();
        insta::assert_snapshot!(shown, @r"
        ok       12 GiB are free
        warning  the clock is 40 s behind
                 hint: turn on time synchronisation
        problem  the database is damaged
                 hint: restore it
        1 problem, 1 warning
        ");
        assert_eq!(render(&[]), "all is well\n");
    }
}
