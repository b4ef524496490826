//! `deskd init`: a commented configuration, and the way from there to a running desk. Fetches nothing, asks nothing.

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::json;

use super::call::{Call, Exit};
use super::manifest::Make;
use crate::config::Places;
use crate::slack::manifest::Wanted;
use crate::slack::methods::Profile;

/// Write a commented configuration and say what to do next.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Overwrite the file if it is there.
    #[arg(long)]
    pub force: bool,
    /// Name of the app in Slack.
    #[arg(long, default_value = "deskd")]
    pub name: String,
}

/// What is written: every setting with its default and what it means.
pub const TEMPLATE: &str = include_str!("../../config.toml.example");

/// The owner writes, the group reads: a setting may name places that others need not know.
const MODE: u32 = 0o640;

/// Writes the file to `--config` or the usual place, then prints the link and the next steps.
pub fn run(args: &Args, call: &mut Call<'_>, make: Make) -> anyhow::Result<Exit> {
    let path = call.sources.places().config;
    if path.exists() && !args.force {
        bail!(
            "will not overwrite {}\n  hint: add --force, or name another file with --config",
            path.display()
        );
    }
    write(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let link = (make.link)(&(make.manifest)(Wanted {
        name: &args.name,
        profile: Profile::Full,
        http: None,
        redirect: None,
        org: false,
    }));
    if call.json {
        call.print_json(&json!({ "ok": true, "path": path, "install_link": link }))?;
    } else {
        let given = call.sources.config.is_some();
        write!(call.out, "{}", next_steps((&path, given), &args.name, &link))?;
    }
    Ok(Exit::Done)
}

/// Written beside and moved into place: whoever reads it meanwhile sees the old file or the new one.
fn write(path: &Path) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let fresh = folder.join(format!(".config.toml.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&fresh)?;
    let written = file
        .write_all(TEMPLATE.as_bytes())
        // Said again, because the umask may have taken the group's right away.
        .and_then(|()| file.set_permissions(Permissions::from_mode(MODE)))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        // The error that matters is the one already at hand.
        let _ = fs::remove_file(&fresh);
    }
    Ok(written?)
}

fn next_steps((path, given): (&Path, bool), name: &str, link: &str) -> String {
    let folder = path.parent().unwrap_or(Path::new(".")).display();
    let systems = path == Places::system().config;
    let flag = if given && !systems { format!(" --config {}", path.display()) } else { String::new() };
    let keep = if systems {
        "deskd.service hands these two files to deskd by itself.".to_owned()
    } else {
        format!("Then take the # from app_token_file and bot_token_file in {}.", path.display())
    };
    let start = if systems { "systemctl enable --now deskd.socket deskd.service" } else { "deskd run" };
    let run = if systems { String::new() } else { flag.clone() };
    format!(
        "wrote {path}

1. Create the app in Slack: open this link, choose the workspace and confirm.

{link}

2. Fetch two tokens from the page of the app:
   the app token, xapp-...: Basic Information, App-Level Tokens, Generate, with the scope connections:write
   the bot token, xoxb-...: OAuth & Permissions, Install, then copy the Bot User OAuth Token
3. Keep each in a file that nobody else can read (paste it, Enter, Ctrl-D):
   install -m 0600 /dev/stdin {folder}/slack_app_token
   install -m 0600 /dev/stdin {folder}/slack_bot_token
   {keep}
4. Check, start, and let the doctor look:
   deskd check{flag}
   {start}{run}
   deskd doctor{flag}
5. Invite the bot to a channel (/invite @{name}) and give the channel to the desk:
   deskd channels monitor \"#support\"{flag}

A second workspace later: deskd secret init makes a key, deskd connect takes the bot token of that workspace.
Is there a public address already? Then Slack can call deskd, and no app token is needed: docs/http-mode.md.
",
        path = path.display(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Args, Make, TEMPLATE, next_steps, run};
    use crate::cli::call::Call;
    use crate::config::{Environment, Sources};
    use serde_json::json;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    const MAKE: Make =
        Make { manifest: |wanted| json!(wanted.name), link: |name| format!("https://slack.example/{name}") };

    fn init(path: &Path, force: bool, json: bool) -> anyhow::Result<String> {
        let sources = Sources {
            config: Some(path.to_path_buf()),
            env: Environment::new(),
            flags: Vec::new(),
            root: false,
        };
        let mut out = Vec::new();
        let args = Args { force, name: "deskd".to_owned() };
        run(&args, &mut Call { sources, json, out: &mut out }, MAKE)?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn the_file_is_written_with_its_folder_and_is_right_at_once() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("deskd/config.toml");
        let shown = init(&path, false, false).expect("written");
        assert!(shown.contains("https://slack.example/\"deskd\""), "{shown}");
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
        assert_eq!(
            fs::read_dir(home.path().join("deskd")).expect("listed").count(),
            1,
            "nothing is left beside it"
        );
        let sources = Sources { config: Some(path), env: Environment::new(), flags: Vec::new(), root: false };
        assert!(sources.load().is_ok());
    }

    #[test]
    fn an_existing_file_stays_unless_force_says_otherwise() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("config.toml");
        fs::write(&path, "mine").expect("written");
        let refusal = init(&path, false, false).expect_err("it is there already").to_string();
        assert!(refusal.contains("will not overwrite") && refusal.contains("--force"), "{refusal}");
        assert_eq!(fs::read_to_string(&path).expect("read"), "mine");
        let answer: serde_json::Value =
            serde_json::from_str(&init(&path, true, true).expect("written")).expect("JSON");
        assert_eq!(answer["path"], json!(path));
        assert_eq!(fs::read_to_string(&path).expect("read"), TEMPLATE);
    }

    #[test]
    fn the_next_steps_fit_the_place_of_the_file() {
        insta::assert_snapshot!(next_steps((Path::new("/home/ada/d.toml"), true), "desk", "https://slack.example"), @r##"
        wrote /home/ada/d.toml

        1. Create the app in Slack: open this link, choose the workspace and confirm.

        https://slack.example

        2. Fetch two tokens from the page of the app:
           the app token, xapp-...: Basic Information, App-Level Tokens, Generate, with the scope connections:write
           the bot token, xoxb-...: OAuth & Permissions, Install, then copy the Bot User OAuth Token
        3. Keep each in a file that nobody else can read (paste it, Enter, Ctrl-D):
           install -m 0600 /dev/stdin /home/ada/slack_app_token
           install -m 0600 /dev/stdin /home/ada/slack_bot_token
           Then take the # from app_token_file and bot_token_file in /home/ada/d.toml.
        4. Check, start, and let the doctor look:
           deskd check --config /home/ada/d.toml
           deskd run --config /home/ada/d.toml
           deskd doctor --config /home/ada/d.toml
        5. Invite the bot to a channel (/invite @desk) and give the channel to the desk:
           deskd channels monitor "#support" --config /home/ada/d.toml

        A second workspace later: deskd secret init makes a key, deskd connect takes the bot token of that workspace.
        Is there a public address already? Then Slack can call deskd, and no app token is needed: docs/http-mode.md.
        "##);
        let system =
            next_steps((Path::new("/etc/deskd/config.toml"), false), "desk", "https://slack.example");
        assert!(system.contains("systemctl enable --now deskd.socket deskd.service\n"), "{system}");
        assert!(!system.contains("--config"), "{system}");
    }
}
