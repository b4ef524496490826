//! `deskd check`: is the configuration right, and what does it mean? Talks to nobody, unless `--online` asks the daemon for
//! people and groups; whether Slack accepts the tokens is for `deskd doctor`.

use std::path::Path;

use serde_json::{Value, json};

use super::call::{Call, Exit};
use crate::config::alarm::Alarm;
use crate::config::callers::Doors;
use crate::config::endpoint;
use crate::config::keys::{self, KeyLook};
use crate::config::mentions::Mentions;
use crate::config::model::Model;
use crate::config::settings::{Mode as Ways, Monitor};
use crate::config::tokens::{Look, Token, look};
use crate::config::webhooks;
use crate::config::{Config, Environment, Loaded, Problem, Problems, Spot, span, unknown_channels};
use crate::domain::advice::{Mode, Wish};
use crate::domain::classify::Learn;
use crate::domain::mention::Mention;

/// Check the configuration and say what it means.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Look up the people and groups that are mentioned, too, and ask how further apps stand; the daemon has to run.
    #[arg(long)]
    pub online: bool,
}

/// What the database has of what the configuration names.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ids and names of the workspace's channels; none when there is no database yet: then nothing is said about channels.
    pub channels: Vec<(String, String)>,
    /// The names of the webhooks; `None` where that cannot be seen.
    pub webhooks: Option<Vec<String>>,
}

/// Checks, prints, and ends with `Usage` when anything is wrong.
///
/// `unknown` is what looking up people and groups has found wrong.
pub fn run(_args: &Args, call: &mut Call<'_>, known: Known, unknown: Vec<Problem>) -> anyhow::Result<Exit> {
    let Loaded { config, file } = match call.sources.load() {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(call, &problems),
    };
    let mut tokens = Tokens::look(&config, &call.sources.env);
    tokens.remarks.extend(webhooks::remarks(&config));
    let Known { channels, webhooks: there } = known;
    let mut problems = if channels.is_empty() { Vec::new() } else { unknown_channels(&config, &channels) };
    problems.extend(there.iter().flat_map(|there| webhooks::unknown(&config, there)));
    problems.extend(tokens.wrong.iter().cloned());
    problems.extend(unknown);
    if !problems.is_empty() {
        return refuse(call, &Problems(problems));
    }
    if call.json {
        call.print_json(&as_json(&config, file.as_deref(), &tokens))?;
    } else {
        let usual = call.sources.places().config;
        write!(call.out, "{}", as_text(&config, (file.as_deref(), &usual), &tokens))?;
    }
    Ok(Exit::Done)
}

/// What looking for the tokens came to.
struct Tokens {
    found: Vec<(Token, Option<Spot>)>,
    wrong: Vec<Problem>,
    remarks: Vec<Problem>,
    /// Where the key of the secrets comes from, when it is seen from here.
    key: Option<Spot>,
}

impl Tokens {
    fn look(config: &Config, env: &Environment) -> Tokens {
        let mut tokens = Tokens { found: Vec::new(), wrong: Vec::new(), remarks: Vec::new(), key: None };
        for token in Token::ALL.into_iter().filter(|token| token.is_needed(config, env)) {
            match look(token, config, env) {
                Look::Here { spot, remark, .. } => {
                    tokens.found.push((token, Some(spot)));
                    tokens.remarks.extend(remark);
                }
                // Not an error: under systemd only the service itself sees them.
                Look::Missing(_) => tokens.found.push((token, None)),
                Look::Wrong(problem) => tokens.wrong.push(problem),
            }
        }
        let (_, wrong, remarks) = endpoint::secrets(config, env);
        tokens.wrong.extend(wrong);
        tokens.remarks.extend(remarks);
        match keys::look(config, env) {
            KeyLook::Here { spot, .. } => tokens.key = Some(spot),
            // Needed only where there are secrets, and then seen by the service itself.
            KeyLook::Missing(_) => {}
            KeyLook::Wrong(problem) => tokens.wrong.push(problem),
        }
        tokens
    }
}

fn refuse(call: &mut Call<'_>, problems: &Problems) -> anyhow::Result<Exit> {
    if call.json {
        let list: Vec<Value> = problems.0.iter().map(problem_json).collect();
        call.print_json(&json!({ "ok": false, "problems": list }))?;
    } else {
        writeln!(call.out, "{problems}")?;
    }
    Ok(Exit::Usage)
}

/// A problem for a program to read.
pub fn problem_json(problem: &Problem) -> Value {
    let Problem { spot, key, what, hint } = problem;
    let place = match spot {
        Spot::Line { file, line, column } => json!({ "file": file, "line": line, "column": column }),
        Spot::File(file) => json!({ "file": file }),
        Spot::Variable(name) => json!({ "variable": name }),
        Spot::Flag(name) => json!({ "flag": name }),
        Spot::Nowhere => json!({}),
    };
    json!({ "at": place, "key": key, "what": what, "hint": hint })
}

fn as_json(config: &Config, file: Option<&Path>, tokens: &Tokens) -> Value {
    let settings: serde_json::Map<String, Value> =
        config.lines().into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    let found: serde_json::Map<String, Value> = tokens
        .found
        .iter()
        .map(|(token, spot)| (token.credential().to_owned(), json!(spot.as_ref().map(Spot::to_string))))
        .collect();
    let remarks: Vec<Value> = tokens.remarks.iter().chain(&config.remarks).map(problem_json).collect();
    json!({
        "ok": true,
        "file": file,
        "config_hash": config.hash(),
        "config": settings,
        "tokens": found,
        "secrets_key": tokens.key.as_ref().map(Spot::to_string),
        "remarks": remarks,
    })
}

fn as_text(config: &Config, (file, usual): (Option<&Path>, &Path), tokens: &Tokens) -> String {
    let mut lines = vec![match file {
        Some(file) => format!("config ok: {} ({})", file.display(), config.hash()),
        None => format!("config ok: no file at {}, defaults hold ({})", usual.display(), config.hash()),
    }];
    lines.extend(meaning(config));
    lines.extend(tokens.found.iter().map(|(token, spot)| match spot {
        Some(spot) => format!("  the {token} comes from {}", from(spot)),
        None => format!("  the {token} is not visible here; deskd needs it when it runs"),
    }));
    lines.extend(tokens.key.iter().map(|spot| format!("  the key of the secrets comes from {}", from(spot))));
    let remarks = tokens.remarks.iter().chain(&config.remarks);
    lines.extend(remarks.map(|remark| format!("remark: {remark}")));
    lines.join("\n") + "\n"
}

fn from(spot: &Spot) -> String {
    match spot {
        Spot::Variable(name) => format!("the environment variable {name}"),
        Spot::Line { .. } | Spot::File(_) | Spot::Flag(_) | Spot::Nowhere => spot.to_string(),
    }
}

fn meaning(config: &Config) -> Vec<String> {
    let Config {
        slack,
        http,
        oauth: _,
        inbox,
        triage,
        store,
        api,
        outbox,
        canary,
        alarm,
        mail: _,
        endpoints,
        model,
        wish,
        secrets: _,
        time: _,
        reports,
        mentions,
        log: _,
        rules,
        routing,
        kinds: _,
        doors,
        remarks: _,
        channels_named: _,
        mentions_named: _,
    } = config;
    let sockets =
        if slack.sockets == 1 { "one socket".to_owned() } else { format!("{} sockets", slack.sockets) };
    let ways = match slack.mode {
        Ways::Socket => sockets,
        Ways::Http => format!("requests taken at {}", http.listen),
        Ways::Both => format!("{sockets}, requests taken at {}", http.listen),
    };
    let channels = match inbox.monitor {
        Monitor::Picked => "the channels chosen with \"deskd channels monitor\"",
        Monitor::Joined => "every channel the bot is a member of",
    };
    let names: Vec<&str> = rules.categories.iter().map(|rule| rule.name.as_str()).collect();
    let mut lines = vec![
        format!("  Slack at {}, {ways}", slack.api_url),
        format!("  messages from {channels}"),
        format!(
            "  a bundle closes after {} of quiet, {} at the latest; a send is given up after {}",
            span::show(inbox.quiet),
            span::show(inbox.max_wait),
            span::show(outbox.give_up)
        ),
        format!("  categories {}; \"{}\" for the rest", names.join(", "), rules.fallback),
        learned(triage.learn),
        match routing.routes.len() {
            0 => "  no routes: notices go only where their caller says".to_owned(),
            1 => "  1 route for notices".to_owned(),
            count => format!("  {count} routes for notices"),
        },
        format!("  database {}, commands at {}", store.path.display(), api.socket.display()),
    ];
    lines.extend(
        canary
            .channel
            .iter()
            .map(|channel| format!("  a canary in {channel} every {}", span::show(canary.every))),
    );
    lines.extend(
        endpoints.iter().map(|endpoint| format!("  endpoint {} at {}", endpoint.name, endpoint.shown())),
    );
    lines.extend(
        reports
            .iter()
            .map(|report| format!("  report \"{}\" in {}, {}", report.name, report.channel, report.schedule)),
    );
    lines.extend(asked(model, *wish));
    lines.extend(std::iter::once(told(alarm)).chain(called(mentions)));
    lines.extend(api.listen.map(|address| format!("  listening at {address} for callers with the token")));
    lines.extend(let_in(doors));
    lines
}

/// Who may hand notices in; nothing while that is nobody.
fn let_in(doors: &Doors) -> Option<String> {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (callers, heartbeats) = (doors.callers.len(), doors.heartbeats.len());
    (callers + heartbeats > 0).then(|| {
        let (callers, heartbeats) = (count(callers, "caller"), count(heartbeats, "heartbeat"));
        format!("  {callers} with a token of their own, {heartbeats} listened for")
    })
}

/// The language model and what it is asked; nothing while nobody is asked.
fn asked(model: &Model, wish: Wish) -> Option<String> {
    let (name, host) = (model.name.as_ref()?, model.host()?);
    let category = match wish.mode {
        Mode::Never => None,
        Mode::Abstain => Some("where the desk is not sure"),
        Mode::Always => Some("about every task"),
    };
    let what: Vec<&str> =
        category.into_iter().chain(wish.summaries.then_some("for titles and summaries")).collect();
    let what = if what.is_empty() { "never".to_owned() } else { what.join(", ") };
    Some(format!("  the model {name} at {host} is asked {what}; \"deskd privacy\" says what leaves"))
}

fn learned(learn: Learn) -> String {
    let told = match learn {
        Learn::On => "categories are learned from what the team says",
        Learn::Shadow => "categories are learned, and decided by the words alone",
        Learn::Off => "nothing is learned",
    };
    format!("  {told}")
}

/// Whom deskd tells of its own trouble. A webhook may also come from the environment or a credential.
fn told(alarm: &Alarm) -> String {
    let command = alarm.command.first().map(|program| format!("the program {program}"));
    let webhook = alarm.webhook_file.as_ref().map(|_| "a webhook".to_owned());
    let mail = alarm.email.as_ref().map(|_| "a mail".to_owned());
    let ways: Vec<String> =
        alarm.channel.clone().into_iter().chain(command).chain(webhook).chain(mail).collect();
    match ways.is_empty() {
        true => "  nobody is told of deskd's own trouble; hint: see [alarm]".to_owned(),
        false => format!("  deskd's own trouble is told by {}", ways.join(", ")),
    }
}

/// Whom notices call unless a category or a route says otherwise; nothing while that is nobody.
fn called(mentions: &Mentions) -> Option<String> {
    let Mentions { default, budget } = mentions;
    let names: Vec<String> = default.iter().map(Mention::shown).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("  notices call {names}; a whole channel {budget} times a day at most")
    })
}

#[cfg(test)]
mod tests {
    use super::{Args, Known, run};
    use crate::cli::call::{Call, Exit};
    use crate::config::Sources;
    use std::path::Path;

    fn check(folder: &Path, text: &str, (json, known): (bool, &[(&str, &str)])) -> (Exit, String) {
        let path = folder.join("config.toml");
        std::fs::write(&path, text).expect("written");
        let env = [
            ("SLACK_BOT_TOKEN".to_owned(), "xoxb-1-zzz".to_owned()),
            ("HOME".to_owned(), "/home/ada".to_owned()),
        ];
        let sources = Sources { config: Some(path), env: env.into(), flags: Vec::new(), root: true };
        let mut out = Vec::new();
        let channels = known.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
        let known = Known { channels, webhooks: None };
        let exit =
            run(&Args { online: false }, &mut Call { sources, json, out: &mut out }, known, Vec::new())
                .expect("it can be written");
        let shown = String::from_utf8(out).expect("text").replace(&folder.display().to_string(), "FOLDER");
        (exit, shown)
    }

    #[test]
    fn a_right_configuration_is_told_in_a_few_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[[category]]\nname = \"legal\"\nkeywords = [\"gdpr\"]\n";
        let (exit, shown) = check(folder.path(), text, (false, &[]));
        assert_eq!(exit, Exit::Done);
        let hash = shown.split(['(', ')']).nth(1).expect("the hash is shown").to_owned();
        insta::assert_snapshot!(shown.replace(&hash, "HASH"), @r#"
        config ok: FOLDER/config.toml (HASH)
          Slack at https://slack.com/api/, 2 sockets
          messages from the channels chosen with "deskd channels monitor"
          a bundle closes after 30s of quiet, 5m at the latest; a send is given up after 1d
          categories bug, billing, sales, feature, support, question, other, legal; "other" for the rest
          categories are learned from what the team says
          no routes: notices go only where their caller says
          database /var/lib/deskd/deskd.db, commands at /run/deskd/deskd.sock
          nobody is told of deskd's own trouble; hint: see [alarm]
          the app token is not visible here; deskd needs it when it runs
          the bot token comes from the environment variable SLACK_BOT_TOKEN
        "#);
    }

    #[test]
    fn problems_end_with_the_exit_code_for_wrong_usage() {
        let folder = tempfile::tempdir().expect("a folder");
        let (exit, shown) = check(folder.path(), "[inbox]\nquite = \"1s\"\n", (false, &[]));
        assert_eq!(exit.code(), 2);
        insta::assert_snapshot!(shown, @r#"
        one problem in the configuration
        FOLDER/config.toml:2:1: inbox.quite: unknown key
          hint: did you mean "quiet"?
        "#);
    }

    #[test]
    fn a_program_gets_the_settings_or_the_problems_as_json() {
        let folder = tempfile::tempdir().expect("a folder");
        let (exit, shown) = check(folder.path(), "[log]\nlevel = \"debug\"\n", (true, &[]));
        let value: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(
            (exit, &value["ok"], &value["config"]["log.level"]),
            (Exit::Done, &true.into(), &"debug".into())
        );
        assert!(value["tokens"]["slack_app_token"].is_null() && !shown.contains("zzz"), "{shown}");
        let (exit, shown) = check(folder.path(), "[log]\nlevel = 7\n", (true, &[]));
        let value: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!((exit, &value["problems"][0]["at"]["line"]), (Exit::Usage, &2.into()));
        assert_eq!(value["problems"][0]["key"], "log.level");
    }

    #[test]
    fn a_channel_that_the_workspace_does_not_have_is_a_problem_once_channels_are_known() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[[category]]\nname = \"bug\"\nchannels = [\"#bugs\"]\n";
        assert_eq!(check(folder.path(), text, (false, &[])).0, Exit::Done);
        assert_eq!(check(folder.path(), text, (false, &[("C01", "bugs")])).0, Exit::Done);
        let (exit, shown) = check(folder.path(), text, (false, &[("C01", "bug")]));
        assert_eq!(exit, Exit::Usage);
        assert!(
            shown.contains("no channel #bugs is known") && shown.contains("did you mean \"#bug\"?"),
            "{shown}"
        );
    }
}
