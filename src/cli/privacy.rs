//! `deskd privacy`: what leaves deskd, to whom, and for what. It reads the configuration alone; what there is to tell of each
//! receiver stands in `domain::privacy`.

use anyhow::Result;
use serde_json::{Value, json};

use super::call::{Call, Exit};
use super::screen::{bold, dim, styled};
use crate::config::model::{Egress, Model};
use crate::config::tokens::{Look, Token, look};
use crate::config::{Config, Environment, keys, webhooks};
use crate::domain::advice::{Mode, Wish};
use crate::domain::privacy::Receiver;

/// Say what leaves deskd, to whom, and for what.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Somebody who is told something under this configuration.
struct Flow {
    receiver: Receiver,
    /// Where.
    to: String,
    /// When.
    when: String,
}

/// Reads the configuration and prints it.
pub fn run(_: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let flows = flows(&config, &call.sources.env);
    if call.json {
        call.print_json(&Value::Array(flows.iter().map(as_json).collect()))?;
    } else {
        write!(call.out, "{}", as_text(&flows, &config))?;
    }
    Ok(Exit::Done)
}

fn flows(config: &Config, env: &Environment) -> Vec<Flow> {
    let host =
        |url: &str| url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(url).to_owned();
    let mut flows = vec![Flow {
        receiver: Receiver::Slack,
        to: host(&config.slack.api_url),
        when: "always; nothing else is needed for a desk".to_owned(),
    }];
    flows.extend(posted(config, env));
    flows.extend(asked(&config.model, config.wish));
    flows.extend(config.endpoints.iter().map(|endpoint| Flow {
        receiver: Receiver::Endpoint,
        to: format!("{} at {}", endpoint.name, host(&endpoint.url)),
        when: format!("when a route or a caller names endpoint:{}", endpoint.name),
    }));
    flows.extend(config.mail.server.as_ref().map(|server| Flow {
        receiver: Receiver::Mail,
        to: server.clone(),
        when: "when a notice or the alarm goes to an e-mail address".to_owned(),
    }));
    let webhook = !matches!(look(Token::Webhook, config, env), Look::Missing(_));
    let ways = [
        webhook.then(|| "the webhook of [alarm]".to_owned()),
        config.alarm.command.first().map(|program| format!("the program {program}")),
    ];
    flows.extend(ways.into_iter().flatten().map(|to| Flow {
        receiver: Receiver::Alarm,
        to,
        when: "when deskd itself is in trouble".to_owned(),
    }));
    flows.extend(config.doors.ping.url_file.as_ref().map(|file| Flow {
        receiver: Receiver::Ping,
        to: format!("the address in {}", file.display()),
        when: "every so often while deskd is well".to_owned(),
    }));
    let programs = config.reports.iter().filter_map(|report| Some((report, report.command.as_ref()?)));
    flows.extend(programs.map(|(report, program)| Flow {
        receiver: Receiver::Program,
        to: program.command.first().cloned().unwrap_or_default(),
        when: format!("for the report {}", report.name),
    }));
    flows
}

/// Incoming webhooks: those that a route names, and others that were added, which nobody can be without a key.
fn posted(config: &Config, env: &Environment) -> Option<Flow> {
    let named: Vec<String> = webhooks::names_in_use(config).into_iter().collect();
    let to = match named.as_slice() {
        [] if keys::look(config, env).ring().is_none() => return None,
        [] => "those of \"deskd webhook list\"".to_owned(),
        named => format!("{}, and what else is in \"deskd webhook list\"", named.join(", ")),
    };
    let when = "when a route or a caller names webhook:NAME".to_owned();
    Some(Flow { receiver: Receiver::Webhook, to, when })
}

/// The language model, while it is asked for something.
fn asked(model: &Model, wish: Wish) -> Option<Flow> {
    let to = format!("{} at {}", model.name.as_ref()?, model.host()?);
    let mode = match wish.mode {
        Mode::Never => None,
        Mode::Abstain => Some("for each task whose category the desk is not sure of"),
        Mode::Always => Some("for each task"),
    };
    let when: Vec<&str> =
        mode.into_iter().chain(wish.summaries.then_some("for each task, a title and a summary")).collect();
    let reach = match model.egress {
        Egress::Local => "egress = \"local\": not beyond this machine and what stands in model.private",
        Egress::Any => "egress = \"any\": customers' words leave your network",
    };
    (!when.is_empty()).then(|| Flow {
        receiver: Receiver::Model,
        to,
        when: format!("{}; {reach}", when.join("; ")),
    })
}

fn as_json(flow: &Flow) -> Value {
    let Flow { receiver, to, when } = flow;
    let leaves: Vec<Value> = receiver
        .leaves()
        .iter()
        .map(|leaving| json!({ "name": leaving.name, "what": leaving.what }))
        .collect();
    json!({ "receiver": receiver.as_str(), "to": to, "purpose": receiver.purpose(), "when": when, "leaves": leaves })
}

fn as_text(flows: &[Flow], config: &Config) -> String {
    let mut text = String::new();
    for Flow { receiver, to, when } in flows {
        text.push_str(&format!("{}  {to}\n", styled(bold(), receiver.as_str())));
        text.push_str(&format!("  {}\n  {}\n", receiver.purpose(), styled(dim(), when)));
        let mut last = "";
        for leaving in receiver.leaves() {
            // Fields of one kind share their sentence.
            let what = if leaving.what == last { "the same" } else { leaving.what };
            text.push_str(&format!("  - {}: {what}\n", leaving.name));
            last = leaving.what;
        }
        text.push('\n');
    }
    if asked(&config.model, config.wish).is_none() {
        text.push_str("No language model is asked: triage.model is \"never\" and triage.summaries is off.\n");
    }
    text.push_str(
        "Nothing else leaves: no figures about use, no look for a newer version, no reports of crashes.\n",
    );
    text
}
