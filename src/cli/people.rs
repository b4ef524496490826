//! `deskd people` and `deskd groups`: who is in the workspace, for mentions.

use std::time::Duration;

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::screen::{View, dim, odd, plural, styled};
use crate::web::directory::{DirectoryDocument, GroupRow, PersonRow};

/// The people of the workspace, as deskd knows them. They are read every night and kept up to date by events.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List everybody with an open account.
    List,
    /// Read people and user groups from Slack now, and wait until that is done.
    Sync,
}

/// The user groups of the workspace, as deskd knows them. "deskd people sync" reads them.
#[derive(Clone, Debug, clap::Args)]
pub struct GroupArgs {
    #[command(subcommand)]
    what: GroupWhat,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum GroupWhat {
    /// List the groups in use.
    List,
}

/// How often the end of a reading is looked for.
const AGAIN: Duration = Duration::from_millis(500);

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List => {
            let answer = client.get("/v1/people", &[]).await?;
            call.show(&answer, |people: &Vec<PersonRow>, view| people_table(people, view))
        }
        What::Sync => {
            client.post("/v1/people/sync", &json!({})).await?;
            let answer = ended(&client).await?;
            call.show(&answer, |document: &DirectoryDocument, _| told(document))?;
            let document: DirectoryDocument = answer.read()?;
            Ok(if document.problem.is_none() { Exit::Done } else { Exit::Failed })
        }
    }
}

/// Lists the groups.
pub async fn run_groups(args: &GroupArgs, call: &mut Call<'_>) -> Result<Exit> {
    let GroupWhat::List = args.what;
    let answer = Client::new(&call.sources)?.get("/v1/groups", &[]).await?;
    call.show(&answer, |groups: &Vec<GroupRow>, view| group_table(groups, view))
}

/// Waits until no reading is under way.
pub async fn ended(client: &Client) -> Result<Answer> {
    loop {
        let answer = client.get("/v1/people/sync", &[]).await?;
        if !answer.read::<DirectoryDocument>()?.running {
            return Ok(answer);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn told(document: &DirectoryDocument) -> String {
    let DirectoryDocument { people, groups, joined, gone, .. } = document;
    let people = if *people == 1 { "1 person".to_owned() } else { format!("{people} people") };
    let groups = plural(*groups, "user group");
    let remark = match (&document.problem, &document.hint) {
        (Some(problem), Some(hint)) => {
            format!("{}\n", styled(odd(), format!("remark: {hint} ({problem})")))
        }
        _ => String::new(),
    };
    format!("{people} ({joined} new, {gone} gone) and {groups}\n{remark}")
}

fn people_table(people: &[PersonRow], view: &View) -> String {
    if people.is_empty() {
        return "nobody is known yet; hint: deskd people sync\n".to_owned();
    }
    let row = |person: &PersonRow| {
        let kind = match (person.is_bot, person.is_external) {
            (true, _) => "bot",
            (false, true) => "external",
            (false, false) => "member",
        };
        let email = if person.has_email { "known" } else { "-" };
        let handle = format!("@{}", person.handle);
        vec![handle, person.name.clone(), person.id.clone(), email.to_owned(), kind.to_owned()]
    };
    let rows: Vec<Vec<String>> = people.iter().map(row).collect();
    view.table(&["HANDLE", "NAME", "SLACK", "E-MAIL", "KIND"], &rows, |at| match people.get(at) {
        Some(person) if person.is_bot => dim(),
        Some(_) | None => Style::new(),
    })
}

fn group_table(groups: &[GroupRow], view: &View) -> String {
    if groups.is_empty() {
        return "no user groups are known; hint: deskd people sync\n".to_owned();
    }
    let row = |group: &GroupRow| {
        let handle = format!("@{}", group.handle);
        vec![handle, group.name.clone(), group.id.clone(), group.members.len().to_string()]
    };
    let rows: Vec<Vec<String>> = groups.iter().map(row).collect();
    view.table(&["HANDLE", "NAME", "SLACK", "MEMBERS"], &rows, |_| Style::new())
}
