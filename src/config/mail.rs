//! `[mail]`: the mail server that deskd hands its mails to.

use std::path::PathBuf;

use super::reader::Section;

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
    /// File with certificates (PEM) to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
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

impl Default for Mail {
    fn default() -> Mail {
        Mail {
            server: None,
            tls: MailTls::Starttls,
            from: None,
            user: None,
            password_file: None,
            ca_file: None,
        }
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

/// Reads `[mail]`.
pub fn mail(section: &mut Section<'_, '_>, default: Mail) -> Mail {
    let mail = Mail {
        server: section.text("server").filter(|text| !text.is_empty()),
        tls: section.word("tls", MailTls::WORDS, default.tls),
        from: mailbox(section, "from"),
        user: section.text("user").filter(|text| !text.is_empty()),
        password_file: section.path("password_file"),
        ca_file: section.path("ca_file"),
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
pub(super) fn mailbox(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key).filter(|text| !text.is_empty())?;
    if text.parse::<lettre::Address>().is_ok() {
        return Some(text);
    }
    section.refuse(key, "this is not an e-mail address", "write for instance \"ops@example.com\"");
    None
}

/// The lines of the section for `deskd check`; an address of a person is not repeated.
pub fn show(mail: &Mail, add: &mut impl FnMut(&str, String)) {
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    let is_set = |text: &Option<String>| text.as_ref().map(|_| "set".to_owned()).unwrap_or_default();
    let Mail { server, tls, from, user, password_file, ca_file } = mail;
    add("mail.server", server.clone().unwrap_or_default());
    add("mail.tls", format!("{tls:?}").to_lowercase());
    add("mail.from", is_set(from));
    add("mail.user", is_set(user));
    add("mail.password_file", path(password_file));
    add("mail.ca_file", path(ca_file));
}
