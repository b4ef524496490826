//! `deskd audit`: who changed what at the desk.

use std::path::{Path, PathBuf};

use anstyle::Style;
use anyhow::{Result, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::screen::{View, bad, plural, styled};
use crate::config::keys::{self, KeyLook};
use crate::domain::audit::Anchor;
use crate::domain::time::Timestamp;
use crate::store::Store;
use crate::web::audit::{self, AuditRow, Examined, NO_END};

/// See who changed what at the desk.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// How far back: 30d, 12h, or 2026-11-21T09:00:00Z.
    #[arg(long, default_value = "30d")]
    since: String,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List what was changed, the oldest first.
    List {
        /// How far back: 30d, 12h, or 2026-11-21T09:00:00Z.
        #[arg(long, default_value = "30d")]
        since: String,
    },
    /// Check that no row was changed, taken out or moved, and that nothing was cut off at the end.
    Verify {
        /// An end that was kept elsewhere, as this command prints it: it has to be in there still.
        #[arg(long, value_name = "ROW:DIGEST")]
        head: Option<String>,
        /// A database or a backup to look into; deskd need not run.
        #[arg(long, value_name = "DATABASE")]
        file: Option<PathBuf>,
    },
    /// Print all of it as JSON, one row a line, and the end with its seal as the last line.
    Export {
        /// A database or a backup to look into; deskd need not run.
        #[arg(long, value_name = "DATABASE")]
        file: Option<PathBuf>,
    },
}

/// Asks and prints.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        None => list(&Client::new(&call.sources)?, &args.since, call).await,
        Some(What::List { since }) => list(&Client::new(&call.sources)?, since, call).await,
        Some(What::Verify { head, file }) => verify(head.as_deref(), file.as_deref(), call).await,
        Some(What::Export { file }) => export(file.as_deref(), call).await,
    }
}

async fn verify(head: Option<&str>, file: Option<&Path>, call: &mut Call<'_>) -> Result<Exit> {
    let answer = match file {
        Some(file) => {
            let anchor = match head.map(Anchor::parse) {
                Some(None) => bail!("{NO_END}"),
                Some(anchor) => anchor,
                None => None,
            };
            let found = audit::examined(&open(file, call).await?.examine_audit(anchor).await?);
            Answer { document: serde_json::to_value(found)?, now: None }
        }
        None => {
            let query: Vec<(&str, &str)> = head.iter().map(|head| ("head", *head)).collect();
            Client::new(&call.sources)?.get("/v1/audit/verify", &query).await?
        }
    };
    let ok = answer.read::<Examined>()?.ok;
    call.show(&answer, examined)?;
    Ok(if ok { Exit::Done } else { Exit::Failed })
}

/// The database in a file, for reading only, with the key that the configuration names, where this user may read it.
async fn open(file: &Path, call: &Call<'_>) -> Result<Store> {
    if !file.exists() {
        bail!("there is no {}; hint: name a database or a backup", file.display());
    }
    let config = call.sources.load()?.config;
    let store = Store::open_to_read(file).await?;
    Ok(match keys::look(&config, &call.sources.env) {
        KeyLook::Here { ring, .. } => store.with_keys(ring),
        KeyLook::Missing(_) | KeyLook::Wrong(_) => store,
    })
}

async fn export(file: Option<&Path>, call: &mut Call<'_>) -> Result<Exit> {
    let (rows, end) = match file {
        Some(file) => {
            let store = open(file, call).await?;
            let rows = store.audit(Timestamp(i64::MIN), 0, u32::MAX).await?;
            (
                rows.into_iter().map(audit::row).collect(),
                audit::examined(&store.examine_audit(None).await?).end,
            )
        }
        None => {
            let client = Client::new(&call.sources)?;
            let examined: Examined = client.get("/v1/audit/verify", &[]).await?.read()?;
            let (mut rows, _) = all(&client, None).await?;
            // A row that came since is in the next export.
            rows.retain(|row| examined.end.as_ref().is_none_or(|end| row.id <= end.last));
            (rows, examined.end)
        }
    };
    for row in rows {
        writeln!(call.out, "{}", serde_json::to_string(&row)?)?;
    }
    if let Some(end) = end {
        writeln!(call.out, "{}", json!({ "end": end }))?;
    }
    Ok(Exit::Done)
}

async fn list(client: &Client, since: &str, call: &mut Call<'_>) -> Result<Exit> {
    let (rows, last) = all(client, Some(since)).await?;
    let answer = Answer { document: serde_json::to_value(&rows)?, now: last.now };
    call.show(&answer, |rows: &Vec<AuditRow>, view| table(rows, view))
}

/// Every row, page by page, and the last answer.
async fn all(client: &Client, since: Option<&str>) -> Result<(Vec<AuditRow>, Answer)> {
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.id).to_string();
        let mut query = vec![("after", after.as_str())];
        query.extend(since.map(|since| ("since", since)));
        let answer = client.get("/v1/audit", &query).await?;
        let page: Vec<AuditRow> = answer.read()?;
        if page.is_empty() {
            return Ok((rows, answer));
        }
        rows.extend(page);
    }
}

fn table(rows: &[AuditRow], view: &View) -> String {
    if rows.is_empty() {
        return "nothing was changed; hint: deskd audit --since 365d\n".to_owned();
    }
    let row = |row: &AuditRow| {
        vec![
            row.id.to_string(),
            view.clock(&row.at),
            row.who.clone(),
            row.what.clone(),
            row.subject.clone(),
            row.detail.clone(),
        ]
    };
    let cells: Vec<Vec<String>> = rows.iter().map(row).collect();
    view.table(&["ROW", "WHEN", "WHO", "WHAT", "SUBJECT", "DETAIL"], &cells, |at| {
        if rows[at].what == "doubted" { bad() } else { Style::new() }
    })
}

fn examined(found: &Examined, _: &View) -> String {
    let mut text = match found.ok {
        true => format!("all is as it was written: {}\n", plural(found.rows, "row")),
        false => format!("{}\n", styled(bad(), "this is not what was written")),
    };
    if let Some(broken) = &found.broken {
        text.push_str(&format!("  {}\n", broken.sentence));
    }
    for row in &found.doubts {
        text.push_str(&format!(
            "  in row {row} deskd noted that what stood before it was not what it had written\n"
        ));
    }
    for row in &found.lapses {
        text.push_str(&format!(
            "  in row {row} the seal ended, or was of a key that was not there: what is before it is not vouched for\n"
        ));
    }
    if found.kept == Some(false) {
        text.push_str("  the end that was kept is not in it: what was there then is not there as it was\n");
    }
    if !found.guarded {
        text.push_str("  the database does not refuse any more to change it: its triggers are gone\n");
    }
    let (what, hint) = match found.sentence.split_once("; hint: ") {
        Some((what, hint)) => (what, Some(hint)),
        None => (found.sentence.as_str(), None),
    };
    text.push_str(&format!("  {what}\n"));
    if let Some(hint) = found.hint.as_deref().or(hint) {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    if let Some(head) = &found.head {
        text.push_str(&format!("  keep the end elsewhere: {head}\n"));
    }
    text
}
