//! `deskd team`: who answers for us in Slack.

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::View;
use crate::web::team::{TeamChange, TeammateRow};

/// Say who is on the team: teammates answer tasks, and what they write makes none.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List the team.
    List,
    /// Add somebody.
    Add {
        /// @handle, Slack id or e-mail address.
        person: String,
    },
    /// Take somebody off the team.
    Remove {
        /// @handle, Slack id or e-mail address.
        person: String,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List => {
            let answer = client.get("/v1/team", &[]).await?;
            call.show(&answer, |team: &Vec<TeammateRow>, view| table(team, view))
        }
        What::Add { person } => {
            let answer = client.post("/v1/team/add", &json!({ "person": person })).await?;
            call.show(&answer, |change: &TeamChange, _| match change.changed {
                true => format!("{} is on the team now\n", name(change)),
                false => format!("{} is on the team already\n", name(change)),
            })
        }
        What::Remove { person } => {
            let answer = client.post("/v1/team/remove", &json!({ "person": person })).await?;
            call.show(&answer, |change: &TeamChange, _| match change.changed {
                true => format!("{} is not on the team any more\n", name(change)),
                false => format!("{} was not on the team\n", name(change)),
            })
        }
    }
}

fn table(team: &[TeammateRow], view: &View) -> String {
    if team.is_empty() {
        return "nobody is on the team yet, so everybody's messages make tasks; hint: deskd team add @handle\n".to_owned();
    }
    let handle = |row: &TeammateRow| match row.handle.as_str() {
        "" => "-".to_owned(),
        handle => format!("@{handle}"),
    };
    let row = |row: &TeammateRow| {
        vec![row.id.clone(), handle(row), row.name.clone(), view.ago(Some(&row.added_at))]
    };
    let rows: Vec<Vec<String>> = team.iter().map(row).collect();
    view.table(&["SLACK", "HANDLE", "NAME", "ADDED"], &rows, |_| Style::new())
}

fn name(change: &TeamChange) -> String {
    match change.name.as_str() {
        "" => change.id.clone(),
        name => format!("{name} ({})", change.id),
    }
}
