//! `deskd route`: what the routes of the configuration make of a notice, without sending any.

mod cases;
mod explain;

use anyhow::Result;

use super::call::{Call, Exit};
use crate::config::Config;
use crate::domain::caller::{Caller, LOCAL};
use crate::domain::notice::problem::Effect;
use crate::domain::notice::{Checked, Draft, Refusal, Status, draft};
use crate::domain::project::FIELD;
use crate::domain::route::{Asked, Decision, State, decide};
use crate::domain::time::Timestamp;

/// Ask what the routes make of a notice. Nothing is sent.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    Explain(explain::Args),
    Test(cases::Args),
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Explain(args) => explain::run(args, call).await,
        What::Test(args) => cases::run(args, call),
    }
}

/// What the routes of a configuration make of a draft at an instant, handed in by a caller of the configuration or by somebody
/// here. The error says what is wrong with the draft.
fn asked(
    config: &Config,
    (given, caller): (&Draft, Option<&Caller>),
    state: &State,
    now: Timestamp,
) -> Result<(Checked, Decision), String> {
    let source = caller.map_or(LOCAL, |caller| &caller.name);
    let project = caller.and_then(|caller| caller.project.as_ref()).map(|binding| &binding.name);
    let mut given = given.clone();
    if let Some(name) = project {
        given.fields.entry(FIELD.to_owned()).or_insert_with(|| name.0.clone());
    }
    let checked = draft::check(&given, source, &config.kinds, now).map_err(|refusals| {
        let all: Vec<String> = refusals.iter().map(|no| format!("{}: {}", no.field, no.reason)).collect();
        all.join("; ")
    })?;
    let effect = match checked.content.status {
        // Of an end only what was told can be asked about.
        Status::Resolved => Effect::Ends,
        Status::Event | Status::Firing => Effect::Begins,
    };
    let question = Asked { content: &checked.content, source, project, problem: None, effect, told: true };
    let decision = decide(&question, &config.routing, state, now);
    Ok((checked, decision))
}

/// What is wrong with a draft, in one line.
fn said(refused: &[Refusal]) -> String {
    let one = |refusal: &Refusal| format!("{} ({}): {}", refusal.field, refusal.code, refusal.reason);
    refused.iter().map(one).collect::<Vec<_>>().join("; ")
}
