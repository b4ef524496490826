//! `deskd triage`: the classifier that learns, looked at from the command line.

pub mod eval;
pub mod teach;

use anyhow::Result;

use super::call::{Call, Exit};

/// Look at the classifier that learns, and take back what it learned.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    Explain(teach::Explain),
    Undo(teach::Undo),
    Forget(teach::Forget),
    Eval(eval::Args),
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Explain(args) => teach::explain(args, call).await,
        What::Undo(args) => teach::undo(args, call).await,
        What::Forget(args) => teach::forget(args, call).await,
        What::Eval(args) => eval::run(args, call),
    }
}
