//! `deskd notices`: what was handed in, and what became of it.

use anstyle::Style;
use anyhow::Result;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bold, dim, styled};
use crate::domain::mrkdwn::preview;
use crate::web::life::{DeliveryRow, NoticeRow};

/// Look at notices: what was handed in, and what became of it.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// The newest notices.
    List {
        /// Only those that are waiting, routed, dropped or cancelled.
        #[arg(long)]
        state: Option<String>,
        /// Only of this kind; "payment.*" for all that begin so.
        #[arg(long)]
        kind: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        most: u32,
    },
    /// One notice: what it says, and each delivery.
    Show {
        /// Its number.
        number: String,
    },
}

/// Asks and prints.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List { state, kind, most } => {
            let most = most.to_string();
            let mut query = vec![("most", most.as_str())];
            query.extend(state.as_deref().map(|state| ("state", state)));
            query.extend(kind.as_deref().map(|kind| ("kind", kind)));
            let answer = client.get("/v1/notices", &query).await?;
            call.show(&answer, |rows: &Vec<NoticeRow>, view| list(rows, view))
        }
        What::Show { number } => {
            let number: String = form_urlencoded::byte_serialize(number.as_bytes()).collect();
            let answer = client.get(&format!("/v1/notices/{number}"), &[]).await?;
            call.show(&answer, |row: &NoticeRow, view| show(row, view))
        }
    }
}

fn list(rows: &[NoticeRow], view: &View) -> String {
    if rows.is_empty() {
        return "no notices; hint: deskd notify alert --title \"Hello\" --to \"#channel\"\n".to_owned();
    }
    let row = |row: &NoticeRow| {
        vec![
            row.id.to_string(),
            view.ago(Some(&row.received_at)),
            row.kind.clone(),
            format!("{} {}", row.severity, row.status),
            preview(&row.title, 60),
            outcome(row),
        ]
    };
    let heads = ["ID", "WHEN", "KIND", "SEVERITY", "TITLE", "OUTCOME"];
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    view.table(&heads, &rows, |_| Style::new())
}

/// What became of it, in a few words.
fn outcome(row: &NoticeRow) -> String {
    if row.deliveries.is_empty() {
        return row.reason.clone().unwrap_or_else(|| row.state.clone());
    }
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for delivery in &row.deliveries {
        *counts.entry(&delivery.state).or_default() += 1;
    }
    let counts: Vec<String> = counts.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
    counts.join(", ")
}

fn show(row: &NoticeRow, view: &View) -> String {
    let head = format!("notice {} · {} · {} {}", row.id, row.kind, row.severity, row.status);
    let mut text = format!("{}\n{}\n", styled(bold(), &head), row.title);
    if !row.text.is_empty() {
        text.push_str(&format!("{}\n", row.text));
    }
    for (name, value) in &row.fields {
        text.push_str(&format!("  {name}: {}\n", preview(value, 200)));
    }
    if let Some(link) = &row.link {
        text.push_str(&format!("  {link}\n"));
    }
    let from = format!(
        "handed in by {} {}, problem {} ({})",
        row.source,
        view.ago(Some(&row.received_at)),
        row.problem,
        row.effect
    );
    text.push_str(&format!("{}\n{}\n", styled(dim(), &from), row.sentence));
    text.extend(row.tried.iter().map(|(route, miss)| match miss {
        Some(miss) => format!("  route {route}: no, {miss}\n"),
        None => format!("  route {route}: yes\n"),
    }));
    text.extend(row.deliveries.iter().map(told));
    text
}

fn told(row: &DeliveryRow) -> String {
    let send = row.send.map(|send| format!(", send {send}")).unwrap_or_default();
    let attempts = match row.attempts {
        0 => String::new(),
        1 => ", 1 attempt".to_owned(),
        count => format!(", {count} attempts"),
    };
    format!("  delivery {} to {}: {}{attempts}{send}\n", row.id, row.destination, row.sentence)
}
