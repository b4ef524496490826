//! A trouble as a mail.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

use super::ways::Untold;
use crate::config::Secret;
use crate::config::alarm::{Mail, MailTls};

/// How long one word of the mail server may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the whole mail may take.
const WHOLE: Duration = Duration::from_secs(30);

/// Hands a mail to the server; whoever that is takes it from there.
pub async fn send(
    mail: &Mail,
    password: Option<&Secret>,
    to: &str,
    (subject, text): (&str, String),
) -> Result<(), Untold> {
    let from = mail.from.as_deref().ok_or(Untold::new("not_configured"))?;
    let message = Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(to)?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|_| Untold::new("not_a_mail"))?;
    let transport = transport(mail, password)?;
    match tokio::time::timeout(WHOLE, transport.send(message)).await {
        Ok(sent) => sent.map(|_| ()).map_err(|problem| told(&problem)),
        Err(_) => Err(Untold::new("timeout")),
    }
}

fn mailbox(address: &str) -> Result<Mailbox, Untold> {
    let address: Address = address.parse().map_err(|_| Untold::new("not_an_address"))?;
    Ok(Mailbox::new(None, address))
}

fn transport(mail: &Mail, password: Option<&Secret>) -> Result<AsyncSmtpTransport<Tokio1Executor>, Untold> {
    type Smtp = AsyncSmtpTransport<Tokio1Executor>;
    let (host, port) = mail.address().ok_or(Untold::new("not_configured"))?;
    let builder = match mail.tls {
        MailTls::Starttls => Smtp::starttls_relay(host).map_err(|_| Untold::new("no_tls"))?,
        MailTls::Tls => Smtp::relay(host).map_err(|_| Untold::new("no_tls"))?,
        MailTls::None => Smtp::builder_dangerous(host),
    };
    let builder = builder.port(port).timeout(Some(PATIENCE));
    Ok(match (&mail.user, password) {
        (Some(user), Some(password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())).build()
        }
        _ => builder.build(),
    })
}

/// The error as a word: the server's own text may repeat addresses.
fn told(problem: &Error) -> Untold {
    match problem.status() {
        Some(code) => Untold(format!("smtp_{code}")),
        None if problem.is_timeout() => Untold::new("timeout"),
        None if problem.is_tls() => Untold::new("no_tls"),
        None if problem.is_client() || problem.is_response() => Untold::new("smtp_misunderstood"),
        None => Untold::new("unreachable"),
    }
}
