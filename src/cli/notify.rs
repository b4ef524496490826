//! `deskd notify`: hands a notice in, or one for each line of standard input. Success means stored.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::call::{Call, Exit};
use super::client::{Client, NoAnswer};
use crate::web::notices::{Taken, TakenNotice};

/// Tell the right people something: a notice, which routes turn into messages. Success means that it is stored.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What kind of notice it is, for instance alert.
    #[arg(required_unless_present = "stdin")]
    kind: Option<String>,
    /// info, warning, error or critical; the kind's own when left out.
    #[arg(long)]
    severity: Option<String>,
    /// event, firing or resolved; the kind's own when left out.
    #[arg(long)]
    status: Option<String>,
    /// The first line.
    #[arg(long, allow_hyphen_values = true)]
    title: Option<String>,
    /// What else there is to say.
    #[arg(long, allow_hyphen_values = true)]
    text: Option<String>,
    /// A field of the kind; may be given several times.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = pair, allow_hyphen_values = true)]
    fields: Vec<(String, String)>,
    /// Where the record can be looked at.
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// What the problem is known by: with a key, saying the same again changes nothing.
    #[arg(long)]
    key: Option<String>,
    /// When it shall go out: 2026-11-21T09:00:00Z, or seconds since 1970.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// When it happened or began.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Where it goes, past all routes: "#channel", "@person", "webhook:NAME" ...; may be given several times.
    #[arg(long, value_name = "DESTINATION")]
    to: Vec<String>,
    /// Read notices from standard input, one JSON object a line; each line is answered by one.
    #[arg(long, conflicts_with_all = ["kind", "severity", "status", "title", "text", "fields", "link", "key", "at", "since", "to", "wait"])]
    stdin: bool,
    /// Come back when everybody it is for has it; at most five minutes.
    #[arg(long)]
    wait: bool,
}

/// Lines that are handed over in one request, when so many are there.
const BATCH: usize = 100;

/// Lines that are read ahead.
const AHEAD: usize = 4 * BATCH;

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.trim().is_empty() {
        return Err("the name is missing: write NAME=VALUE".to_owned());
    }
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Hands the notice over; with `--wait` ends with `Failed` unless everybody has it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    if args.stdin {
        return lines(&client, call).await;
    }
    let path = if args.wait { "/v1/notices?wait=true" } else { "/v1/notices" };
    let answer = client.post_patiently(path, &document(args), args.key.is_some()).await?;
    let taken: Taken = answer.read()?;
    call.show(&answer, |taken: &Taken, _| taken.notices.iter().map(told).collect())?;
    Ok(if taken.ok { Exit::Done } else { Exit::Failed })
}

fn document(args: &Args) -> Value {
    let Args { kind, severity, status, title, text, fields, link, key, at, since, to, stdin: _, wait: _ } =
        args;
    let mut object = Map::new();
    let words = [
        ("kind", kind),
        ("severity", severity),
        ("status", status),
        ("title", title),
        ("text", text),
        ("link", link),
        ("key", key),
        ("at", at),
        ("since", since),
    ];
    object.extend(
        words.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?)))),
    );
    let fields: BTreeMap<&String, &String> = fields.iter().map(|(name, value)| (name, value)).collect();
    object.insert("fields".to_owned(), json!(fields));
    object.insert("to".to_owned(), json!(to));
    Value::Object(object)
}

fn told(notice: &TakenNotice) -> String {
    let TakenNotice { id, problem, effect, reached } = notice;
    let effect = match effect.as_str() {
        "begins" => String::new(),
        "adds" => format!(", adds to problem {problem}"),
        "ends" => format!(", ends problem {problem}"),
        "repeats" => ", says again what its key has said".to_owned(),
        _ => ", ends nothing that anybody was told of".to_owned(),
    };
    match reached.as_deref() {
        None => format!("notice {id} stored{effect}\n"),
        Some("delivered") => format!("notice {id} delivered{effect}\n"),
        Some(reached) => {
            format!(
                "notice {id} stored{effect}, and not delivered ({reached}); hint: deskd why \"notice {id}\"\n"
            )
        }
    }
}

/// One line of standard input with its number.
type Line = (usize, std::io::Result<String>);

/// Hands over line by line, as many at a time as are there. Stops at the first that is refused and names it: those before it
/// are stored and answered, those behind it are not looked at.
async fn lines(client: &Client, call: &mut Call<'_>) -> Result<Exit> {
    let (send, mut heard) = mpsc::channel::<Line>(AHEAD);
    // Reading blocks, and a pipe may stay open for days.
    std::thread::spawn(move || {
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            if send.blocking_send((number, line)).is_err() {
                return;
            }
        }
    });
    let mut batch = Vec::new();
    while heard.recv_many(&mut batch, BATCH).await > 0 {
        let mut notices = Vec::new();
        for (number, line) in batch.drain(..) {
            let line = line.with_context(|| format!("cannot read line {number}; hint: is it text in UTF-8?"));
            match line.and_then(|line| read(number, &line)) {
                Ok(Some(notice)) => notices.push((number, notice)),
                Ok(None) => {}
                Err(problem) => {
                    hand_over(client, call, &notices).await?;
                    return Err(problem);
                }
            }
        }
        hand_over(client, call, &notices).await?;
    }
    Ok(Exit::Done)
}

fn read(number: usize, line: &str) -> Result<Option<Value>> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let read = serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
    let what = || {
        format!(
            "line {number} is no JSON object; hint: lines before it are stored, mend it and go on from there"
        )
    };
    read.map(Some).with_context(what)
}

/// A batch is stored as a whole or not at all; where it is refused, its lines are handed over one by one to find out which.
async fn hand_over(client: &Client, call: &mut Call<'_>, notices: &[(usize, Value)]) -> Result<()> {
    if notices.is_empty() {
        return Ok(());
    }
    let all: Vec<&Value> = notices.iter().map(|(_, notice)| notice).collect();
    match client.post_patiently("/v1/notices", &all, false).await {
        Ok(answer) => answered(call, &answer.read()?),
        Err(problem) => {
            let is_refused = matches!(problem.downcast_ref(), Some(NoAnswer::Refused(_, 400)));
            match notices {
                [(number, _)] => Err(problem.context(at(*number))),
                several if is_refused => one_by_one(client, call, several).await,
                [(number, _), ..] => Err(problem.context(at(*number))),
                [] => Ok(()),
            }
        }
    }
}

async fn one_by_one(client: &Client, call: &mut Call<'_>, notices: &[(usize, Value)]) -> Result<()> {
    for (number, notice) in notices {
        let answer = client.post_patiently("/v1/notices", notice, false).await;
        answered(call, &answer.with_context(|| at(*number))?.read()?)?;
    }
    Ok(())
}

fn at(number: usize) -> String {
    format!("stopped at line {number}, the lines before it are stored")
}

fn answered(call: &mut Call<'_>, taken: &Taken) -> Result<()> {
    for notice in &taken.notices {
        writeln!(
            call.out,
            "{}",
            json!({ "ok": true, "id": notice.id, "problem": notice.problem, "effect": notice.effect })
        )?;
    }
    Ok(call.out.flush()?)
}
