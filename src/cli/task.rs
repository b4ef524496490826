//! `deskd task`: tasks to look at, and what people do to them.

use anstyle::Style;
use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::screen::{View, bad, bold, dim, styled, wrapped};
use crate::web::handling::{Handled, Made};
use crate::web::tasks::{SaidDocument, TaskPage, TaskRow};

/// Look at tasks and handle them.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List tasks: those that still need somebody, urgent ones first.
    List {
        /// Include those that are done.
        #[arg(long)]
        all: bool,
        /// Only these statuses: open, waiting, snoozed, done (several with commas).
        #[arg(long, conflicts_with = "all")]
        status: Option<String>,
        /// Only this category.
        #[arg(long)]
        category: Option<String>,
        /// Only those of this teammate: @handle or Slack id.
        #[arg(long)]
        assignee: Option<String>,
        /// Only those of this channel: "#name" or id.
        #[arg(long)]
        channel: Option<String>,
    },
    /// Show one task with its conversation and history.
    Show {
        /// The task's number.
        number: String,
    },
    /// Give a task to a teammate, or to nobody.
    Assign {
        /// The task's number.
        number: String,
        /// @handle, Slack id or e-mail address; "none" takes it away.
        who: String,
    },
    /// Say of which category a task is; the desk learns from it.
    Label {
        /// The task's number.
        number: String,
        /// The category.
        category: String,
    },
    /// Give a task another priority.
    Priority {
        /// The task's number.
        number: String,
        /// low, normal, high or urgent.
        priority: String,
    },
    /// Put a task aside for a while.
    Snooze {
        /// The task's number.
        number: String,
        /// 30m, 2h, 3d, tomorrow, "monday 14:00", 2026-11-30.
        #[arg(required = true)]
        until: Vec<String>,
    },
    /// Say that a task is dealt with. That its category was right is learned from it, a little.
    Close {
        /// The task's number.
        number: String,
        /// It was no request at all: messages like it make no task any more, unless they mention the desk.
        #[arg(long)]
        not_a_request: bool,
    },
    /// Make a task of a bundle that was taken for no request; "deskd why" shows the bundle's number.
    Make {
        /// The bundle's number.
        bundle: String,
    },
    /// Say that a task is not dealt with after all.
    Reopen {
        /// The task's number.
        number: String,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    let post = async |number: &str, verb: &str, body| client.post(&path(number, verb), &body).await;
    let answer = match &args.what {
        What::List { .. } => return list(&args.what, &client, call).await,
        What::Show { number } => return show(&client.get(&path(number, ""), &[]).await?, call),
        What::Assign { number, who } => post(number, "/assign", json!({ "to": who })).await?,
        What::Label { number, category } => post(number, "/label", json!({ "category": category })).await?,
        What::Priority { number, priority } => {
            post(number, "/priority", json!({ "priority": priority })).await?
        }
        What::Snooze { number, until } => {
            let zone = TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
            post(number, "/snooze", json!({ "until": until.join(" "), "zone": zone })).await?
        }
        What::Close { number, not_a_request } => {
            post(number, "/close", json!({ "not_a_request": not_a_request })).await?
        }
        What::Make { bundle } => return make(bundle, &client, call).await,
        What::Reopen { number } => post(number, "/reopen", json!({})).await?,
    };
    call.show(&answer, |handled: &Handled, view| handled_line(handled, view))
}

/// The address of a task, or of what is done to it.
pub fn path(number: &str, verb: &str) -> String {
    numbered("/v1/tasks", number, verb)
}

/// The address of something with a number. `#12` and `12` are the same; what is no number is for the daemon to refuse,
/// cut down to what may stand in an address.
pub fn numbered(folder: &str, number: &str, verb: &str) -> String {
    let number = number.trim_start_matches('#').chars();
    let number: String = number.filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let number = if number.is_empty() { "0".to_owned() } else { number };
    format!("{folder}/{number}{verb}")
}

async fn make(bundle: &str, client: &Client, call: &mut Call<'_>) -> Result<Exit> {
    let answer = client.post(&numbered("/v1/bundles", bundle, "/task"), &json!({})).await?;
    call.show(&answer, |made: &Made, _| format!("bundle {} becomes a task\n", made.bundle))
}

async fn list(what: &What, client: &Client, call: &mut Call<'_>) -> Result<Exit> {
    let What::List { all, status, category, assignee, channel } = what else { return Ok(Exit::Usage) };
    let status = if *all { Some("all") } else { status.as_deref() };
    let asked = [
        ("status", status),
        ("category", category.as_deref()),
        ("assignee", assignee.as_deref()),
        ("channel", channel.as_deref()),
    ];
    let query: Vec<(&str, &str)> =
        asked.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect();
    let answer = client.get("/v1/tasks", &query).await?;
    call.show(&answer, |tasks: &Vec<TaskRow>, view| match (tasks.is_empty(), query.is_empty()) {
        (true, true) => {
            "no tasks to deal with; hint: deskd task list --all, or deskd channels monitor \"#support\"\n"
                .to_owned()
        }
        (true, false) => "no such tasks; hint: deskd task list --all\n".to_owned(),
        (false, _) => table(tasks, view),
    })
}

fn show(answer: &Answer, call: &mut Call<'_>) -> Result<Exit> {
    call.show(answer, |page: &TaskPage, view| screen(page, view))
}

/// The list.
pub fn table(tasks: &[TaskRow], view: &View) -> String {
    let header =
        ["ID", "STATUS", "PRIORITY", "CATEGORY", "CHANNEL", "CONTACT", "MSGS", "ASSIGNEE", "UPDATED"];
    let row = |task: &TaskRow| {
        vec![
            task.id.to_string(),
            task.status.clone(),
            task.priority.clone(),
            task.category.clone(),
            place(task),
            task.contact.name.clone(),
            task.message_count.to_string(),
            assignee(task).unwrap_or("-").to_owned(),
            view.ago(Some(&task.updated_at)) + if task.recovered { ", recovered" } else { "" },
        ]
    };
    let mut rows: Vec<Vec<String>> = tasks.iter().map(row).collect();
    let mut header = header.to_vec();
    // A column of its own only where a language model has written titles.
    if tasks.iter().any(|task| task.title.is_some()) {
        header.push("TITLE");
        for (row, task) in rows.iter_mut().zip(tasks) {
            row.push(task.title.clone().unwrap_or_default());
        }
    }
    view.table(&header, &rows, |at| match tasks.get(at) {
        Some(task) if task.status == "done" => dim(),
        Some(task) if task.priority == "urgent" => bad(),
        Some(task) if task.priority == "high" => bold(),
        Some(_) | None => Style::new(),
    })
}

/// One task, to be read from top to bottom.
pub fn screen(page: &TaskPage, view: &View) -> String {
    let task = &page.task;
    let title = format!("Task {}  {}, {}, {}", task.id, task.status, task.priority, task.category);
    let mut text = format!("{}\n", styled(bold(), title));
    if let Some((title, summary)) = task.title.as_ref().zip(task.summary.as_ref()) {
        text.push_str(&format!("{title}\n"));
        text.push_str(&wrapped(summary, view.prose(), ""));
    }
    let email = task.contact.email.as_ref().map(|email| format!(" <{email}>")).unwrap_or_default();
    let assignee = assignee(task).unwrap_or("nobody");
    text.push_str(&format!(
        "{}{email} in {}, assigned to {assignee}, opened {}\n",
        task.contact.name,
        place(task),
        view.ago(Some(&task.created_at))
    ));
    if task.recovered {
        text.push_str("recovered: it did not arrive when it was said, but was found in the history\n");
    }
    if task.not_a_request {
        text.push_str("closed as no request\n");
    }
    if let Some(until) = &task.snoozed_until {
        text.push_str(&format!("put aside until {}\n", view.clock(until)));
    }
    let verdict = &page.verdict;
    let why = format!(
        "classified as {} by {} ({:.0} % sure{}): {}",
        verdict.category,
        by(&verdict.by),
        verdict.confidence * 100.0,
        if verdict.abstained { ", nobody was sure enough" } else { "" },
        verdict.reasons.join("; ")
    );
    text.push_str(&styled(dim(), wrapped(&why, view.prose(), "").trim_end()));
    text.push('\n');
    for said in &page.conversation {
        text.push('\n');
        text.push_str(&message(said, view));
    }
    text.push_str(&format!("\n{}\n", styled(dim(), "History")));
    for entry in &page.history {
        let line = format!("  {}  {}, by {}", view.clock(&entry.at), entry.sentence, entry.who);
        text.push_str(&format!("{}\n", styled(dim(), line)));
    }
    let next = match task.status.as_str() {
        "done" => format!("hint: deskd task reopen {}", task.id),
        _ => format!("hint: deskd reply {} \"...\", or deskd task close {}", task.id, task.id),
    };
    text.push_str(&format!("\n{}\n", styled(dim(), next)));
    text
}

/// Who decided, as people read it.
fn by(classifier: &str) -> &str {
    match classifier {
        "rules" => "the rules",
        "learned" => "what was learned",
        "model" => "the language model",
        other => other,
    }
}

fn message(said: &SaidDocument, view: &View) -> String {
    let when = ts_time(&said.ts).map(|at| view.clock(&at)).unwrap_or_else(|| said.ts.clone());
    let side = match said.from.as_str() {
        "contact" => "",
        "team" => " (team)",
        _ => " (desk)",
    };
    let author = said.author.strip_prefix("user:").unwrap_or(&said.author);
    let edited = if said.edited { ", edited" } else { "" };
    let head = format!("{}{side}  {}", styled(bold(), author), styled(dim(), format!("{when}{edited}")));
    let mut text = format!("{head}\n");
    if said.deleted {
        text.push_str(&format!("  {}\n", styled(dim(), "(taken back)")));
    } else {
        text.push_str(&wrapped(&said.plain, view.prose(), "  "));
    }
    for file in &said.files {
        text.push_str(&format!("  {}\n", styled(dim(), format!("[file: {file}]"))));
    }
    text
}

/// The instant in a message's id: seconds since 1970 before the dot.
fn ts_time(ts: &str) -> Option<String> {
    let seconds: i64 = ts.split('.').next()?.parse().ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}

fn handled_line(handled: &Handled, view: &View) -> String {
    let task = &handled.task;
    let assignee = assignee(task).map(|who| format!(", assigned to {who}")).unwrap_or_default();
    let aside =
        task.snoozed_until.as_ref().map(|at| format!(" until {}", view.clock(at))).unwrap_or_default();
    let remark = handled.remark.as_ref().map(|remark| format!("remark: {remark}\n")).unwrap_or_default();
    format!(
        "task {} is now {}{aside}, {}, {}{assignee}\n{remark}",
        task.id, task.status, task.priority, task.category
    )
}

/// Whoever has it, by name where there is one.
fn assignee(task: &TaskRow) -> Option<&str> {
    task.assignee_name.as_deref().or(task.assignee.as_deref())
}

fn place(task: &TaskRow) -> String {
    match task.channel.name.as_str() {
        "" => task.channel.id.clone(),
        name => format!("#{name}"),
    }
}
