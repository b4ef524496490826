//! `deskd triage`: the classifier that learns, looked at from the command line.

pub mod eval;

use anyhow::Result;

use super::call::{Call, Exit};

/// Look at the classifier that learns.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    Eval(eval::Args),
}

/// Does it.
pub fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Eval(args) => eval::run(args, call),
    }
}
