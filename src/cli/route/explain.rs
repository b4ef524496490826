//! `deskd route explain`: each route that is tried, and why.

use std::io::Read;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::super::call::{Call, Exit};
use super::super::client::{Client, NoAnswer, WORKSPACE};
use super::super::screen::{dim, good, styled};
use crate::config::Config;
use crate::domain::caller::Caller;
use crate::domain::mention::Mention;
use crate::domain::notice::{Checked, Draft, draft};
use crate::domain::project::as_written;
use crate::domain::route::quiet::Silence;
use crate::domain::route::{Decision, Matcher, Plan, Planned, State};
use crate::domain::time::Timestamp;
use crate::runtime::clock::Clock;
use crate::web::handed;
use crate::web::silences::SilenceRow;

/// Largest notice that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Explain where a notice would go and why. Reads the configuration; asks the daemon for silences when it runs.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The kind, for instance payment.failed.
    #[arg(required_unless_present = "file")]
    kind: Option<String>,
    /// info, warning, error or critical.
    #[arg(long)]
    severity: Option<String>,
    /// event, firing or resolved.
    #[arg(long)]
    status: Option<String>,
    /// Its title.
    #[arg(long)]
    title: Option<String>,
    /// A field; may be given several times.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// As if this [[caller]] handed it in.
    #[arg(long, value_name = "NAME")]
    caller: Option<String>,
    /// When it would come: 2026-11-21T22:00:00+01:00. Now without it.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Read the notice as JSON from this file; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kind", "severity", "status", "title", "fields"])]
    file: Option<String>,
}

/// Explains.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let given = given(args)?;
    let now = match &args.at {
        Some(text) => draft::time(text)
            .with_context(|| format!("{text:?} is no time; hint: write 2026-11-21T09:00:00Z"))?,
        None => Clock::Wall.now(),
    };
    let caller = caller(args, &config)?;
    let (state, daemon) = state(call, caller).await?;
    let workspace = match caller.and_then(|caller| caller.project.as_ref()) {
        Some(binding) => binding.workspace.clone(),
        None => call.sources.env.get(WORKSPACE).cloned(),
    };
    let projects = as_written(&config.routing.projects, workspace.as_deref());
    let state = State { projects, ..state };
    let (checked, decision) =
        super::asked(&config, (&given, caller), &state, now).map_err(|wrong| anyhow::anyhow!(wrong))?;
    if call.json {
        call.print_json(&document(&decision, daemon))?;
        return Ok(Exit::Done);
    }
    write!(call.out, "{}", told(&checked, &decision))?;
    if !daemon {
        writeln!(call.out, "{}", styled(dim(), "(the daemon does not run: silences are not known)"))?;
    }
    Ok(Exit::Done)
}

/// The caller that is asked about.
fn caller<'c>(args: &Args, config: &'c Config) -> Result<Option<&'c Caller>> {
    let Some(name) = &args.caller else { return Ok(None) };
    let found = config.doors.callers.iter().find(|settings| settings.caller.name == *name);
    let Some(found) = found else { bail!("there is no caller {name:?}; hint: see [[caller]]") };
    Ok(Some(&found.caller))
}

fn given(args: &Args) -> Result<Draft> {
    if let Some(file) = &args.file {
        let mut text = String::new();
        match file.as_str() {
            "-" => std::io::stdin().take(LARGEST).read_to_string(&mut text).map(drop),
            path => std::fs::File::open(path)
                .and_then(|file| file.take(LARGEST).read_to_string(&mut text))
                .map(drop),
        }
        .with_context(|| format!("cannot read {file}"))?;
        let hint = || format!("{file} is no notice; hint: {{\"kind\": \"alert\", \"fields\": {{}}}}");
        let value: serde_json::Value = serde_json::from_str(&text).with_context(hint)?;
        let given = handed::draft(&value).map_err(|refused| anyhow::anyhow!("{}", super::said(&refused)))?;
        // When it would come is asked apart.
        return Ok(Draft { at: String::new(), ..given });
    }
    let mut fields = std::collections::BTreeMap::new();
    for field in &args.fields {
        let Some((name, value)) = field.split_once('=') else {
            bail!("{field:?} is not name=value; hint: --field client=Acme");
        };
        fields.insert(name.to_owned(), value.to_owned());
    }
    let text = |given: &Option<String>| given.clone().unwrap_or_default();
    Ok(Draft {
        kind: text(&args.kind),
        severity: text(&args.severity),
        status: text(&args.status),
        title: text(&args.title),
        fields,
        ..Draft::default()
    })
}

/// The silences of the daemon, and whether it runs.
async fn state(call: &Call<'_>, caller: Option<&Caller>) -> Result<(State, bool)> {
    let answer = match Client::new(&call.sources)?.get("/v1/silences", &[]).await {
        Ok(answer) => answer,
        Err(problem) if matches!(problem.downcast_ref::<NoAnswer>(), Some(NoAnswer::Stopped(_))) => {
            return Ok((State::default(), false));
        }
        Err(problem) => return Err(problem),
    };
    let rows: Vec<SilenceRow> = answer.read()?;
    let own = caller.and_then(|caller| caller.project.as_ref()).map(|binding| &binding.name.0);
    let rows = rows.into_iter().filter(|row| row.project.is_none() || row.project.as_ref() == own);
    let silence = |row: SilenceRow| {
        let pairs: Vec<(String, Vec<String>)> = row.matcher.into_iter().collect();
        Some(Silence { id: row.id, matcher: Matcher::of(&pairs).ok()? })
    };
    let silences = rows.filter_map(silence).collect();
    Ok((State { silences, ..State::default() }, true))
}

fn told(checked: &Checked, decision: &Decision) -> String {
    let content = &checked.content;
    let mut text = format!("{}, {}: {}\n", content.kind, content.severity.as_str(), content.title);
    let width = decision.tried.iter().map(|tried| tried.route.chars().count()).max().unwrap_or_default();
    for tried in &decision.tried {
        let why = match &tried.miss {
            None => styled(good(), "takes it"),
            Some(miss) => miss.sentence(),
        };
        text.push_str(&format!("  {:<width$}  {why}\n", tried.route));
    }
    if let Some(dropped) = &decision.dropped {
        text.push_str(&format!("goes nowhere: {}\n", dropped.sentence()));
    }
    text.extend(decision.deliveries.iter().map(delivery));
    text
}

fn delivery(planned: &Planned) -> String {
    let when = match &planned.plan {
        Plan::Now => "now".to_owned(),
        Plan::Hold { why, until, .. } => format!("held ({}) until {until}", why.as_str()),
    };
    let calls = match planned.mention.is_empty() {
        true => String::new(),
        false => {
            let whom: Vec<String> = planned.mention.iter().map(Mention::shown).collect();
            format!(", calls {}", whom.join(" "))
        }
    };
    let route = match planned.route.as_str() {
        "" => "its caller".to_owned(),
        name => name.to_owned(),
    };
    format!("goes to {} by {route}: {when}{calls}\n", planned.destination)
}

fn document(decision: &Decision, daemon: bool) -> Value {
    let tried = |tried: &crate::domain::route::Tried| json!({ "route": &*tried.route, "took": tried.miss.is_none(), "why": tried.miss.as_ref().map(|miss| miss.sentence()) });
    let tried: Vec<Value> = decision.tried.iter().map(tried).collect();
    let deliveries: Vec<Value> = decision.deliveries.iter().map(planned).collect();
    json!({
        "ok": true,
        "silences_known": daemon,
        "tried": tried,
        "deliveries": deliveries,
        "dropped": decision.dropped.as_ref().map(|dropped| dropped.word()),
    })
}

fn planned(planned: &Planned) -> Value {
    let (held, until): (Option<&str>, Option<Timestamp>) = match &planned.plan {
        Plan::Now => (None, None),
        Plan::Hold { why, until, .. } => (Some(why.as_str()), Some(*until)),
    };
    json!({
        "destination": planned.destination.to_string(),
        "route": planned.route,
        "mention": planned.mention.iter().map(Mention::shown).collect::<Vec<_>>(),
        "held": held,
        "until": until.map(|until| until.to_string()),
    })
}
