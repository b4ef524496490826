//! Mail: one letter to one address, handed to the mail server of `[mail]`. Used for notices and for deskd's own troubles.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

use super::hook::is_about_tls;
use crate::config::Secret;
use crate::config::mail::{Mail, MailTls};
use crate::domain::carry::Why;
use crate::domain::handout::Letter;
use crate::domain::time::Timestamp;

/// How long one word of the mail server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the whole mail may take.
const WHOLE: Duration = Duration::from_secs(30);

/// Whoever hands mails to the server. What is missing or wrong is told when one is sent, so that nothing else waits for it.
pub struct Mailer(Result<Ready, Why>);

struct Ready {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Mailer {
    /// A mailer for the server that `mail` names. `ca` holds certificates (PEM) to trust beside those of the system.
    pub fn new(mail: &Mail, password: Option<&Secret>, ca: Option<&str>) -> Mailer {
        Mailer(ready(mail, password, ca))
    }

    /// Hands a letter to the server; whoever that is takes it from there. `id` is the same for each repetition, so that
    /// mailboxes can drop the second one.
    pub async fn send(&self, to: &str, letter: &Letter, id: &str, now: Timestamp) -> Result<(), Why> {
        let ready = self.0.as_ref().map_err(|why| *why)?;
        let message = message(&ready.from, to, letter, (id, now))?;
        match tokio::time::timeout(WHOLE, ready.transport.send(message)).await {
            Ok(sent) => sent.map(|_| ()).map_err(|problem| why(&problem)),
            Err(_) => Err(Why::Timeout),
        }
    }
}

fn ready(mail: &Mail, password: Option<&Secret>, ca: Option<&str>) -> Result<Ready, Why> {
    let (host, port) = mail.address().ok_or(Why::NotConfigured)?;
    let from = mail.from.as_deref().ok_or(Why::NotConfigured)?.parse().map_err(|_| Why::NotConfigured)?;
    let tls = match mail.tls {
        MailTls::Starttls => Tls::Required(trusted(host, ca)?),
        MailTls::Tls => Tls::Wrapper(trusted(host, ca)?),
        MailTls::None => Tls::None,
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls);
    let builder = builder.timeout(Some(PATIENCE));
    let transport = match (&mail.user, password) {
        (Some(user), Some(password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())).build()
        }
        _ => builder.build(),
    };
    Ok(Ready { transport, from })
}

/// What the server's certificate has to be signed by.
fn trusted(host: &str, ca: Option<&str>) -> Result<TlsParameters, Why> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    let mut builder = TlsParameters::builder(host.to_owned());
    for pem in ca.unwrap_or_default().split(BEGIN).skip(1) {
        let certificate = Certificate::from_pem(format!("{BEGIN}{pem}").as_bytes());
        builder = builder.add_root_certificate(certificate.map_err(|_| Why::NoTls)?);
    }
    builder.build().map_err(|_| Why::NoTls)
}

fn message(from: &Address, to: &str, letter: &Letter, (id, now): (&str, Timestamp)) -> Result<Message, Why> {
    let to: Address = to.parse().map_err(|_| Why::NotAnAddress)?;
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    // No holiday note comes back to a program (RFC 3834).
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    Message::builder()
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to))
        .subject(letter.subject.as_str())
        .date(at)
        .message_id(Some(format!("<deskd-{id}@{}>", from.domain())))
        .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(letter.plain.clone(), letter.html.clone()))
        .map_err(|_| Why::NotAnAddress)
}

/// The error as a word: the server's own text may repeat addresses.
fn why(problem: &Error) -> Why {
    match problem.status() {
        Some(code) => Why::Smtp(u16::from(code)),
        None if problem.is_timeout() => Why::Timeout,
        None if problem.is_tls() || is_about_tls(problem) => Why::NoTls,
        None if problem.is_client() || problem.is_response() => Why::Misunderstood,
        None => Why::Unreachable,
    }
}
