//! `deskd restore`: a copy back in the place of the database. Refuses while a daemon runs, because the daemon would go
//! on writing into a file that is no longer there.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Client, NoAnswer};
use super::progress;
use crate::runtime::clock::Clock;
use crate::store::backup::{Copied, restore};
use crate::store::marks::leave_word;
use crate::web::caller::Caller;

/// Put a backup in the place of the database. deskd must not be running.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The copy that "deskd backup" made.
    file: PathBuf,
    /// Replace the database that is there; it is kept beside as ".before-restore".
    #[arg(long)]
    force: bool,
}

/// Puts it back.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let to = call.sources.load()?.config.store.path;
    if !args.file.exists() {
        bail!("there is no {}; hint: name the file that \"deskd backup\" made", args.file.display());
    }
    if daemon_answers(call).await? {
        bail!(
            "deskd is running and would go on with the old database; hint: systemctl stop deskd deskd.socket, then again"
        );
    }
    if to.exists() && !args.force {
        bail!(
            "there is a database at {}; hint: --force replaces it and keeps it beside as .before-restore",
            to.display()
        );
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let copied = restore(args.file.clone(), to.clone(), progress::tell()).await?;
    let Copied { bytes, schema, noted: _ } = copied;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let by = Caller::of_this_process().actor();
    leave_word(to.clone(), name, by, Clock::Wall.now())
        .await
        .context("the database is restored, and the audit will not tell of it")?;
    if call.json {
        call.print_json(&json!({ "ok": true, "database": to, "bytes": bytes, "schema": schema }))?;
    } else {
        writeln!(
            call.out,
            "{} is restored: {bytes} bytes, checked; hint: systemctl start deskd",
            to.display()
        )?;
    }
    Ok(Exit::Done)
}

/// Anything that answers counts, also with an error; only silence means that nobody is there.
async fn daemon_answers(call: &Call<'_>) -> Result<bool> {
    match Client::new(&call.sources)?.get("/healthz", &[]).await {
        Ok(_) => Ok(true),
        Err(problem) => match problem.downcast_ref() {
            Some(NoAnswer::Stopped(_)) => Ok(false),
            // Whether somebody is there cannot be seen: then better not.
            Some(NoAnswer::Forbidden(..)) => Err(problem),
            Some(NoAnswer::Broken(_) | NoAnswer::Refused(..)) | None => Ok(true),
        },
    }
}
