//! `[alarm]` and `[mail]`: whom deskd tells of its own trouble, from when on, and by which ways.

use std::path::PathBuf;
use std::time::Duration;

use super::categories::is_channel;
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
    /// Who gets a mail, by `[mail]`.
    pub email: Option<String>,
    /// Time without a socket to Slack after which somebody is told.
    pub no_socket_after: Duration,
    /// Age of the last backup at which somebody is told; `None` for never.
    pub backup_older_than: Option<Duration>,
}

/// `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The mail server, with or without a port.
    pub server: Option<String>,
    /// How the connection to it is encrypted.
    pub tls: MailTls,
    /// Who the mails come from.
    pub from: Option<String>,
    /// The name to log in with; nobody logs in without it.
    pub user: Option<String>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in the clear and must turn to TLS; port 587.
    Starttls,
    /// TLS from the first byte; port 465.
    Tls,
    /// Not at all, for a server on this machine; port 25.
    None,
}

impl MailTls {
    /// The words of `mail.tls`.
    pub const WORDS: &[(&str, MailTls)] =
        &[("starttls", MailTls::Starttls), ("tls", MailTls::Tls), ("none", MailTls::None)];

    /// The port that a server listens on when none is given.
    pub fn port(self) -> u16 {
        match self {
            MailTls::Starttls => 587,
            MailTls::Tls => 465,
            MailTls::None => 25,
        }
    }
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm {
            channel: None,
            command: Vec::new(),
            webhook_file: None,
            email: None,
            no_socket_after: Duration::from_secs(60),
            backup_older_than: None,
        }
    }
}

impl Default for Mail {
    fn default() -> Mail {
        Mail { server: None, tls: MailTls::Starttls, from: None, user: None, password_file: None }
    }
}

impl Mail {
    /// Host and port of the server.
    pub fn address(&self) -> Option<(&str, u16)> {
        let server = self.server.as_deref()?;
        match server.rsplit_once(':') {
            Some((host, port)) => Some((host, port.parse().ok()?)),
            None => Some((server, self.tls.port())),
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
        email,
        no_socket_after: section.duration("no_socket_after", default.no_socket_after),
        backup_older_than: backup.then(|| section.duration("backup_older_than", default.no_socket_after)),
    }
}

/// Reads `[mail]`.
pub fn mail(section: &mut Section<'_, '_>, default: Mail) -> Mail {
    let mail = Mail {
        server: section.text("server").filter(|text| !text.is_empty()),
        tls: section.word("tls", MailTls::WORDS, default.tls),
        from: mailbox(section, "from"),
        user: section.text("user").filter(|text| !text.is_empty()),
        password_file: section.path("password_file"),
    };
    if mail.server.is_some() && mail.address().is_none() {
        section.refuse(
            "server",
            "this is not a host with a port",
            "write for instance \"smtp.example.com:587\"",
        );
    }
    let local = mail.address().is_some_and(|(host, _)| matches!(host, "localhost" | "127.0.0.1" | "::1"));
    if mail.tls == MailTls::None && mail.server.is_some() && !local {
        let what = "mail must not travel unencrypted over a network";
        section.refuse(
            "tls",
            what,
            "write \"starttls\" or \"tls\"; \"none\" is for a server on this machine",
        );
    }
    mail
}

/// An e-mail address. What is wrong with it is told without repeating it.
fn mailbox(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key).filter(|text| !text.is_empty())?;
    if text.parse::<lettre::Address>().is_ok() {
        return Some(text);
    }
    section.refuse(key, "this is not an e-mail address", "write for instance \"ops@example.com\"");
    None
}

/// The lines of both sections for `deskd check`; an address of a person is not repeated.
pub fn show(alarm: &Alarm, mail: &Mail, add: &mut impl FnMut(&str, String)) {
    let Alarm { channel, command, webhook_file, email, no_socket_after, backup_older_than } = alarm;
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let is_set = |text: &Option<String>| text.as_ref().map(|_| "set".to_owned()).unwrap_or_default();
    add("alarm.channel", channel.clone().unwrap_or_default());
    add("alarm.command", command.join(" "));
    add("alarm.webhook_file", path(webhook_file));
    add("alarm.email", is_set(email));
    add("alarm.no_socket_after", span::show(*no_socket_after));
    add("alarm.backup_older_than", backup_older_than.map(span::show).unwrap_or_default());
    let Mail { server, tls, from, user, password_file } = mail;
    add("mail.server", server.clone().unwrap_or_default());
    add("mail.tls", format!("{tls:?}").to_lowercase());
    add("mail.from", is_set(from));
    add("mail.user", is_set(user));
    add("mail.password_file", path(password_file));
}
