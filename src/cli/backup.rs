//! `deskd backup`: a copy of the database, whether the daemon runs or not. It talks to the file, not to the daemon.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::progress;
use crate::runtime::clock::Clock;
use crate::store::backup::{Copied, backup};

/// Copy the database to a file, also while deskd runs. The copy is checked before it counts.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The copy; a file that is there is replaced.
    file: PathBuf,
}

/// Copies it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let from = call.sources.load()?.config.store.path;
    if !from.exists() {
        bail!("there is no database at {} yet; hint: deskd run makes one", from.display());
    }
    if std::fs::canonicalize(&args.file)
        .ok()
        .is_some_and(|file| std::fs::canonicalize(&from).ok() == Some(file))
    {
        bail!("{} is the database itself; hint: name another file", args.file.display());
    }
    let copied = backup(from, args.file.clone(), progress::tell(), Clock::Wall.now()).await?;
    let Copied { bytes, schema, noted } = copied;
    let file = args.file.display();
    if call.json {
        call.print_json(
            &json!({ "ok": true, "file": args.file, "bytes": bytes, "schema": schema, "noted": noted }),
        )?;
    } else {
        writeln!(
            call.out,
            "{file}: {bytes} bytes, checked; hint: it holds messages and names, keep it as safe as mail"
        )?;
        if !noted {
            writeln!(
                call.out,
                "the database could not be told of it, so deskd does not count it as its last backup"
            )?;
        }
    }
    Ok(Exit::Done)
}
