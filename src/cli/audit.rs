//! `deskd audit`: who changed what at the desk.

use anstyle::Style;
use anyhow::Result;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::screen::{View, bad, plural, styled};
use crate::web::audit::{AuditRow, Examined};

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
    },
    /// Print all of it as JSON, one row a line.
    Export,
}

/// Asks and prints.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        None => list(&client, &args.since, call).await,
        Some(What::List { since }) => list(&client, since, call).await,
        Some(What::Verify { head }) => {
            let query: Vec<(&str, &str)> = head.iter().map(|head| ("head", head.as_str())).collect();
            let answer = client.get("/v1/audit/verify", &query).await?;
            let ok = answer.read::<Examined>()?.ok;
            call.show(&answer, examined)?;
            Ok(if ok { Exit::Done } else { Exit::Failed })
        }
        Some(What::Export) => {
            let (rows, _) = all(&client, None).await?;
            for row in rows {
                writeln!(call.out, "{}", serde_json::to_string(&row)?)?;
            }
            Ok(Exit::Done)
        }
    }
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
    if found.kept == Some(false) {
        text.push_str("  the end that was kept is not in it\n");
    }
    if let Some((what, hint)) = found.sentence.split_once("; hint: ") {
        text.push_str(&format!("  {what}\n  hint: {hint}\n"));
    } else {
        text.push_str(&format!("  {}\n", found.sentence));
    }
    if let Some(head) = &found.head {
        text.push_str(&format!("  keep the end elsewhere: {head}\n"));
    }
    text
}
