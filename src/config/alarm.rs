//! `[alarm]`: whom deskd tells of its own trouble, from when on, and by which ways.

use std::path::PathBuf;
use std::time::Duration;

use super::categories::is_channel;
use super::mail::{Mail, mailbox};
use super::reader::Section;
use super::settings::ChannelNamed;
use super::span;

/// `[alarm]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The channel that is told: `#name` or an id.
    pub channel: Option<String>,
    /// A program that is run with the notice as JSON on its standard input; its path and arguments, empty for none.
    pub command: Vec<String>,
    /// File with the address that is called. The address is a secret.
    pub webhook_file: Option<PathBuf>,
    /// File with the secret that the calls are signed with; they are not signed without it.
    pub webhook_secret_file: Option<PathBuf>,
    /// Who gets a mail, by `[mail]`.
    pub email: Option<String>,
    /// Time without a socket to Slack after which somebody is told.
    pub no_socket_after: Duration,
    /// Age of the last backup at which somebody is told; `None` for never.
    pub backup_older_than: Option<Duration>,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm {
            channel: None,
            command: Vec::new(),
            webhook_file: None,
            webhook_secret_file: None,
            email: None,
            no_socket_after: Duration::from_secs(60),
            backup_older_than: None,
        }
    }
}

/// Reads `[alarm]`, when `[mail]` has been read.
pub fn alarm(
    section: &mut Section<'_, '_>,
    default: Alarm,
    mail: &Mail,
    named: &mut Vec<ChannelNamed>,
) -> Alarm {
    let channel = section.text("channel").filter(|text| !text.is_empty()).filter(|text| {
        let good = is_channel(text);
        if !good {
            let what = format!("\"{text}\" is neither a channel's name nor its id");
            section.refuse(
                "channel",
                what,
                "write \"#deskd-alarm\" (names are lower case) or \"C0123456789\"",
            );
        }
        good
    });
    named.extend(channel.clone().map(|channel| ChannelNamed {
        channel,
        key: "alarm.channel".to_owned(),
        spot: section.spot("channel"),
    }));
    let command = section.texts("command").unwrap_or_default();
    if command.first().is_some_and(|program| !program.starts_with('/')) {
        let hint = "write its whole path, for instance [\"/usr/local/bin/page\", \"--team\", \"ops\"]; no shell is asked";
        section.refuse("command", "the program is not named by its path", hint);
    }
    let email = mailbox(section, "email");
    if email.is_some() && (mail.server.is_none() || mail.from.is_none()) {
        section.refuse("email", "a mail needs a server and a sender", "write server and from under [mail]");
    }
    let backup = section.is_set("backup_older_than");
    Alarm {
        channel,
        command,
        webhook_file: section.path("webhook_file"),
        webhook_secret_file: section.path("webhook_secret_file"),
        email,
        no_socket_after: section.duration("no_socket_after", default.no_socket_after),
        backup_older_than: backup.then(|| section.duration("backup_older_than", default.no_socket_after)),
    }
}

/// The lines of the section for `deskd check`; an address of a person is not repeated.
pub fn show(alarm: &Alarm, add: &mut impl FnMut(&str, String)) {
    let Alarm {
        channel,
        command,
        webhook_file,
        webhook_secret_file,
        email,
        no_socket_after,
        backup_older_than,
    } = alarm;
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    add("alarm.channel", channel.clone().unwrap_or_default());
    add("alarm.command", command.join(" "));
    add("alarm.webhook_file", path(webhook_file));
    add("alarm.webhook_secret_file", path(webhook_secret_file));
    add("alarm.email", email.as_ref().map(|_| "set".to_owned()).unwrap_or_default());
    add("alarm.no_socket_after", span::show(*no_socket_after));
    add("alarm.backup_older_than", backup_older_than.map(span::show).unwrap_or_default());
}
