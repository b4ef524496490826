//! `deskd beat`: says that something is alive, or shows who promised to say so.

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::View;
use crate::web::heartbeats::{Beaten, HeartbeatRow};

/// Say that something is alive; without a name, show all heartbeats.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The name of its `[[heartbeat]]`.
    pub name: Option<String>,
}

/// Hands the beat over; waits while the daemon starts again.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let Some(name) = &args.name else {
        let answer = client.get("/v1/heartbeats", &[]).await?;
        return call.show(&answer, |rows: &Vec<HeartbeatRow>, view| list(rows, view));
    };
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let answer = client.post_patiently(&format!("/v1/heartbeats/{name}"), &json!({}), true).await?;
    call.show(&answer, |beaten: &Beaten, _| match beaten.ended {
        true => format!("{} is back\n", beaten.heartbeat),
        false => format!("{} noted\n", beaten.heartbeat),
    })
}

fn list(rows: &[HeartbeatRow], view: &View) -> String {
    if rows.is_empty() {
        return "no heartbeats; hint: add a [[heartbeat]] to the configuration\n".to_owned();
    }
    let row = |row: &HeartbeatRow| {
        let state = match (&row.missed_at, &row.last_at) {
            (Some(missed), _) => format!("missed {}", view.ago(Some(missed))),
            (None, Some(last)) => format!("seen {}", view.ago(Some(last))),
            (None, None) => "not seen yet".to_owned(),
        };
        vec![row.name.clone(), format!("every {} s, {} s late at most", row.every_s, row.grace_s), state]
    };
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    view.table(&["HEARTBEAT", "PROMISED", "STATE"], &rows, |_| Style::new())
}
