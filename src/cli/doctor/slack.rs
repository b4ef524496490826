//! What Slack says: of the tokens, their scopes, sockets, channels, and the time.

use super::Finding;
use super::local::Seen;
use crate::cli::screen::span;
use crate::config::apps::{self, AppTokens};
use crate::config::{Config, Environment, Problem, Secret};
use crate::domain::time::Timestamp;
use crate::runtime::clock::Clock;
use crate::slack::api::{Api, Identity};
use crate::slack::manifest::{APP_TOKEN_SCOPE, NEEDED_SCOPES, drift, lacking};
use crate::slack::methods::Profile;
use crate::slack::outcome::Failure;

/// Difference of the clocks from which on somebody should look, in seconds: Slack's `Date` has whole seconds, and the
/// answer takes one.
const APART: u64 = 5;

/// Asks Slack. `monitored` holds id and name of channels that the desk listens to.
pub async fn look(
    config: &Config,
    tokens: Seen,
    monitored: &[(String, String)],
    findings: &mut Vec<Finding>,
) {
    let Seen { app, bot } = tokens;
    if app.is_none() && bot.is_none() {
        findings.push(Finding::ok("slack", "Slack was not asked: there is no token to ask with"));
        return;
    }
    // A missing token's calls are not made, so that what stands for it is never sent.
    let or_none = |token: &Option<Secret>| token.clone().unwrap_or_else(|| Secret::new(""));
    let api = match Api::new(&config.slack.api_url, &or_none(&bot), &or_none(&app)) {
        Ok(api) => api,
        Err(problem) => {
            findings.push(Finding::problem("slack", problem.to_string(), "deskd check"));
            return;
        }
    };
    if bot.is_some() {
        match api.auth_test().await {
            Ok(identity) => {
                findings.extend(judge(&identity, Clock::Wall.now()));
                findings.extend(membership(&api, monitored).await);
            }
            Err(failure) => findings.push(failed("bot_token", "the bot token", &failure)),
        }
    }
    if app.is_some() {
        findings.push(match api.connections_open().await {
            Ok(_) => Finding::ok("app_token", "Slack offers a socket to the app token (none was opened)"),
            Err(failure) => failed("app_token", "the app token", &failure),
        });
    }
}

/// Asks Slack about further apps, where no daemon runs that knows.
pub async fn further(config: &Config, env: &Environment, findings: &mut Vec<Finding>) {
    let refused = |problem: Problem| {
        let hint = problem.hint.unwrap_or_else(|| "deskd check".to_owned());
        Finding::problem("apps", problem.what, hint)
    };
    let tokens = match apps::tokens(config, env) {
        Ok((tokens, _)) => tokens,
        Err(problems) => return findings.extend(problems.0.into_iter().map(refused)),
    };
    match apps::Signing::load(config, env) {
        Ok((signing, _)) => {
            let unsigned = signing.apps().filter(|app| app.name.is_some() && signing.secrets(app).is_empty());
            findings.extend(unsigned.map(|app| {
                let name = app.name.as_deref().unwrap_or_default();
                let what =
                    format!("the signing secret of the app {name} is missing, so its requests are refused");
                Finding::problem("apps", what, "it is in the app's Basic Information")
            }));
        }
        Err(problems) => findings.extend(problems.0.into_iter().map(refused)),
    }
    for app in tokens {
        findings.extend(one(&config.slack.api_url, app).await);
    }
}

/// What Slack says of the tokens of one further app.
async fn one(api_url: &str, AppTokens { app, app_token, bot_token, .. }: AppTokens) -> Vec<Finding> {
    let name = app.name.as_deref().unwrap_or_default();
    let or_none = |token: &Option<Secret>| token.clone().unwrap_or_else(|| Secret::new(""));
    let Ok(api) = Api::new(api_url, &or_none(&bot_token), &or_none(&app_token)) else { return Vec::new() };
    let mut findings = Vec::new();
    if bot_token.is_some() {
        findings.push(match api.auth_test().await {
            Ok(identity) if identity.ourselves.app.as_ref().is_some_and(|id| Some(id) != app.id.as_ref()) => {
                let what = format!("the bot token of the app {name} belongs to another app");
                Finding::problem(
                    "apps",
                    what,
                    "compare its id with the App ID in the app's Basic Information",
                )
            }
            Ok(identity) => match lacking(&identity.scopes).join(", ") {
                lacks if lacks.is_empty() => {
                    let place = &identity.ourselves.workspace_name;
                    Finding::ok("apps", format!("the bot token of the app {name} works in {place}"))
                }
                lacks => {
                    let hint =
                        "add them under OAuth & Permissions in the app's settings and reinstall the app";
                    Finding::problem("apps", format!("the bot token of the app {name} lacks {lacks}"), hint)
                }
            },
            Err(failure) => failed("apps", &format!("the bot token of the app {name}"), &failure),
        });
    }
    if app_token.is_some() {
        findings.push(match api.connections_open().await {
            Ok(_) => Finding::ok("apps", format!("Slack offers a socket to the app token of {name}")),
            Err(failure) => failed("apps", &format!("the app token of the app {name}"), &failure),
        });
    }
    findings
}

fn judge(identity: &Identity, now: Timestamp) -> Vec<Finding> {
    let ours = &identity.ourselves;
    let mut findings = vec![Finding::ok(
        "bot_token",
        format!("the bot token works in {} ({})", ours.workspace_name, ours.workspace),
    )];
    let missing: Vec<_> =
        NEEDED_SCOPES.iter().filter(|(scope, _)| !identity.scopes.iter().any(|has| has == scope)).collect();
    if identity.scopes.is_empty() {
        findings.push(Finding::ok("scopes", "Slack did not say which scopes the bot token has"));
    } else if missing.is_empty() {
        findings.push(Finding::ok("scopes", "the bot token has all scopes"));
    } else if let Some(profile) = covered(&identity.scopes) {
        let lacking: Vec<&str> = missing.iter().map(|(scope, _)| *scope).collect();
        let what = format!(
            "the bot token has all scopes of the profile {}, and not {}",
            profile.as_str(),
            lacking.join(", ")
        );
        findings.push(Finding::ok("scopes", what));
    } else {
        findings.extend(missing.iter().map(|(scope, what_for)| {
            let hint = "add it under OAuth & Permissions in the app's settings and reinstall the app; \"deskd manifest diff\" compares";
            Finding::problem("scopes", format!("the bot token lacks the scope {scope}, {what_for}"), hint)
        }));
    }
    findings.extend(identity.said_at.map(|said_at| clock(said_at, now)));
    findings
}

/// The largest profile that takes no more than what was granted.
fn covered(granted: &[String]) -> Option<Profile> {
    Profile::ALL.into_iter().rev().find(|profile| drift(granted, *profile).missing.is_empty())
}

fn clock(slacks: Timestamp, ours: Timestamp) -> Finding {
    let (behind, ahead) = (slacks.since(ours).as_secs(), ours.since(slacks).as_secs());
    let hint = "turn on time synchronisation, for instance: timedatectl set-ntp true";
    if behind > APART {
        Finding::warning("clock", format!("this machine's clock is {} behind Slack's", span(behind)), hint)
    } else if ahead > APART {
        Finding::warning("clock", format!("this machine's clock is {} ahead of Slack's", span(ahead)), hint)
    } else {
        Finding::ok("clock", "this machine's clock agrees with Slack's")
    }
}

async fn membership(api: &Api, monitored: &[(String, String)]) -> Vec<Finding> {
    if monitored.is_empty() {
        return vec![Finding::warning(
            "channels",
            "no channel is monitored, as far as can be seen from here",
            "deskd channels monitor \"#name\"",
        )];
    }
    let joined = match api.conversations_joined().await {
        Ok(joined) => joined,
        Err(failure) => return vec![failed("channels", "the list of the bot's channels", &failure)],
    };
    let absent = monitored.iter().filter(|(id, _)| !joined.iter().any(|channel| channel.id.0 == *id));
    let mut findings: Vec<Finding> = absent
        .map(|(id, name)| {
            let shown = if name.is_empty() { id.clone() } else { format!("#{name}") };
            let what = format!("{shown} is monitored, but the bot is not in it, so nothing arrives");
            Finding::problem("channels", what, format!("in Slack, in {shown}: /invite the app's bot"))
        })
        .collect();
    if findings.is_empty() {
        let what = format!("the bot is in all {} monitored channels", monitored.len());
        findings.push(Finding::ok("channels", what));
    }
    findings
}

fn failed(check: &'static str, what: &str, failure: &Failure) -> Finding {
    let code = failure.code();
    match failure {
        Failure::Unreachable { .. } | Failure::Unknown { .. } | Failure::RateLimited { .. } => {
            let hint = "can this machine reach Slack? Look at [slack] api_url, DNS, firewall and proxy";
            Finding::problem(
                check,
                format!("{what} could not be tried: {} ({code})", failure.sentence()),
                hint,
            )
        }
        Failure::Token { .. } | Failure::Refused { .. } if check == "app_token" => {
            let hint =
                format!("make an app-level token with the scope {APP_TOKEN_SCOPE} under Basic Information");
            Finding::problem(
                check,
                format!("Slack does not accept {what}: {} ({code})", failure.sentence()),
                hint,
            )
        }
        Failure::Token { .. } | Failure::Refused { .. } => {
            let hint = "copy the Bot User OAuth Token again from OAuth & Permissions, or reinstall the app";
            Finding::problem(
                check,
                format!("Slack does not accept {what}: {} ({code})", failure.sentence()),
                hint,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, clock};

    #[test]
    fn a_clock_that_is_off_is_told_with_its_direction() {
        for (ours, told) in [
            (100_000, "this machine's clock agrees with Slack's"),
            (40_000, "this machine's clock is 1 min behind Slack's"),
            (145_000, "this machine's clock is 45 s ahead of Slack's"),
        ] {
            assert_eq!(clock(Timestamp(100_000), Timestamp(ours)).what, told);
        }
    }
}
