//! `deskd alarm test`: would anybody be told?

use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{bad, good, styled};
use crate::web::troubles::TestDocument;

/// Try the ways by which deskd tells of its own trouble.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Send a marked test by every way that [alarm] names, as the daemon would, and say what came of each.
    Test,
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let What::Test = args.what;
    let answer = Client::new(&call.sources)?.post("/v1/alarm/test", &json!({})).await?;
    let tested: TestDocument = answer.read()?;
    call.show(&answer, |tested: &TestDocument, _| told(tested))?;
    Ok(if tested.ok { Exit::Done } else { Exit::Failed })
}

fn told(tested: &TestDocument) -> String {
    if tested.ways.is_empty() {
        return "no way is set: only the log and deskd status would tell; hint: see [alarm] in \
                config.toml.example\n"
            .to_owned();
    }
    let line = |way: &crate::web::troubles::TestedWay| match &way.reason {
        None => format!("{:<8} {}\n", way.way, styled(good(), "told")),
        Some(reason) => {
            let hint = hint(&way.way, reason);
            format!("{:<8} {}\n         hint: {hint}\n", way.way, styled(bad(), reason))
        }
    };
    tested.ways.iter().map(line).collect()
}

fn hint(way: &str, reason: &str) -> &'static str {
    match (way, reason) {
        ("slack", "no_such_channel") => "deskd knows no channel of this name: deskd channels list",
        ("slack", "not_in_channel" | "channel_not_found") => "invite the bot to the alarm channel",
        ("slack", _) => "deskd doctor looks at the connection to Slack",
        ("command", "no_such_program") => "check the path; the daemon's sandbox hides /home",
        ("command", "not_executable") => "chmod +x, and may the daemon's user read it?",
        ("command", _) => "run it by hand with the JSON of docs/monitoring/README.md on its standard input",
        ("webhook", "unreachable" | "timeout") => "is the other side running, and may this machine reach it?",
        ("webhook", _) => "the other side refused it: look at its log",
        ("email", "smtp_535" | "smtp_530") => "check [mail] user and password_file",
        ("email", "no_tls") => "check [mail] tls and the certificate of the server",
        (..) => "check [mail] server and the log of the mail server",
    }
}
