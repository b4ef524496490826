//! `deskd project`: which projects there are, and how each stands.

use anstyle::Style;
use anyhow::Result;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bad, dim};
use crate::web::projects::ProjectRow;

/// See the projects: parts of a workspace that are bound to a channel each.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List them, with how each stands.
    List,
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match args.what {
        What::List => {
            let answer = Client::new(&call.sources)?.get("/v1/projects", &[]).await?;
            call.show(&answer, |rows: &Vec<ProjectRow>, view| table(rows, view))
        }
    }
}

fn table(rows: &[ProjectRow], view: &View) -> String {
    if rows.is_empty() {
        return "there are no projects; hint: add a [[project]] to the configuration\n".to_owned();
    }
    let row = |row: &ProjectRow| {
        let channel = row.channel.trim_start_matches("channel:").to_owned();
        vec![row.name.clone(), row.workspace.clone(), channel, row.sentence.clone()]
    };
    let cells: Vec<Vec<String>> = rows.iter().map(row).collect();
    view.table(&["PROJECT", "WORKSPACE", "CHANNEL", "STATE"], &cells, |at| match rows[at].state.as_str() {
        "bound" => Style::new(),
        "off" => dim(),
        _ => bad(),
    })
}
