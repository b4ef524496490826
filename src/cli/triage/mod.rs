//! `deskd triage`: the classifier that learns, looked at from the command line.

pub mod eval;
pub mod lines;
pub mod report;
pub mod suggest;
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
    Report(report::Args),
    Suggest(suggest::Args),
    Export(lines::ExportArgs),
    Import(lines::ImportArgs),
    Eval(eval::Args),
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Explain(args) => teach::explain(args, call).await,
        What::Undo(args) => teach::undo(args, call).await,
        What::Forget(args) => teach::forget(args, call).await,
        What::Report(args) => report::run(args, call).await,
        What::Suggest(args) => suggest::run(args, call).await,
        What::Export(args) => lines::export(args, call).await,
        What::Import(args) => lines::import(args, call).await,
        What::Eval(args) => eval::run(args, call),
    }
}
