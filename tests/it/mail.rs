//! Mail by a real mail server: STARTTLS, TLS from the first byte, a login, and a certificate that only `ca_file` vouches for.
//!
//! The server is aiosmtpd, for Python: `pip install aiosmtpd`, or `apt install python3-aiosmtpd`. `tests/peers/fetch` puts it
//! into `target/peers`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use deskd::config::Secret;
use deskd::config::mail::{Mail, MailTls};
use deskd::dispatch::mail::Mailer;
use deskd::domain::carry::Why;
use deskd::domain::handout::Letter;
use deskd::domain::time::Timestamp;
use insta::assert_snapshot;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::sink::without_boundary;

/// A mail server in a process of its own.
pub struct Server {
    program: Child,
    said: std::io::Lines<BufReader<std::process::ChildStdout>>,
    port: u16,
    ca: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it; `None` when it is not installed here. `tls` is `starttls` or `tls`.
    pub fn start(tls: &str) -> Option<Server> {
        let Some(python) = python() else {
            println!("skipped: aiosmtpd for Python is not here, so no real mail server was asked");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let ca = certificates(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/smtp.py");
        let mut program = Command::new(python)
            .arg(script)
            .arg(tls)
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap()).lines();
        let port = said.next().unwrap().unwrap().parse().unwrap();
        Some(Server { program, said, port, ca, _folder: folder })
    }

    /// How a desk is configured for it.
    pub fn mail(&self, tls: MailTls) -> Mail {
        Mail {
            server: Some(format!("localhost:{}", self.port)),
            tls,
            from: Some("deskd@acme.example".into()),
            user: Some("deskd".into()),
            ..Mail::default()
        }
    }

    /// The next mail it took.
    pub fn taken(&mut self) -> Value {
        serde_json::from_str(&self.said.next().unwrap().unwrap()).unwrap()
    }

    async fn send(&self, tls: MailTls, password: &str, ca: Option<&str>) -> Result<(), Why> {
        let mailer = Mailer::new(&self.mail(tls), Some(&Secret::new(password)), ca);
        let letter = Letter::of_text("Payment failed – Müller", "It <failed>.\n\n.\nTwice.");
        let now = Timestamp(1_700_000_000_000);
        mailer.send("ops@acme.example", &letter, "T1-7-99", now).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[tokio::test]
async fn a_mail_goes_by_starttls_with_a_login_and_both_forms_arrive() {
    let Some(mut server) = Server::start("starttls") else { return };
    let ca = server.ca.clone();
    server.send(MailTls::Starttls, "right", Some(&ca)).await.unwrap();
    let taken = server.taken();
    assert_eq!((&taken["tls"], &taken["user"]), (&Value::from(true), &Value::from("deskd")));
    assert_eq!((&taken["from"], &taken["to"][0]), (&"deskd@acme.example".into(), &"ops@acme.example".into()));
    assert_snapshot!(without_boundary(taken["mail"].as_str().unwrap()), @r#"
    From: deskd@acme.example
    To: ops@acme.example
    Subject: Payment failed =?utf-8?b?4oCTIE3DvGxsZXI=?=
    Date: Tue, 14 Nov 2023 22:13:20 +0000
    Message-ID: <deskd-T1-7-99@acme.example>
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="BOUNDARY"

    --BOUNDARY
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    It <failed>.

    .
    Twice.
    --BOUNDARY
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: 7bit

    <!doctype html>
    <html><body>
    <p>It &lt;failed&gt;.</p>
    <p>.<br>
    Twice.</p>
    </body></html>

    --BOUNDARY--
    "#);
}

#[tokio::test]
async fn a_mail_goes_by_tls_from_the_first_byte() {
    let Some(mut server) = Server::start("tls") else { return };
    let ca = server.ca.clone();
    server.send(MailTls::Tls, "right", Some(&ca)).await.unwrap();
    assert_eq!(server.taken()["tls"], true);
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing_and_a_wrong_password_is_told() {
    let Some(server) = Server::start("starttls") else { return };
    let ca = server.ca.clone();
    assert_eq!(
        server.send(MailTls::Starttls, "right", None).await,
        Err(Why::NoTls),
        "a stranger's certificate"
    );
    assert_eq!(server.send(MailTls::Starttls, "wrong", Some(&ca)).await, Err(Why::Smtp(535)));
    assert_eq!(
        server.send(MailTls::None, "right", Some(&ca)).await,
        Err(Why::Misunderstood),
        "no TLS, no login"
    );
}

/// A Python that has aiosmtpd.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = [root.join("target/peers/venv/bin/python"), "python3".into(), "/usr/bin/python3".into()];
    let has_it = |python: &PathBuf| {
        let mut tried = Command::new(python);
        let tried =
            tried.args(["-c", "import aiosmtpd"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    known.into_iter().find(has_it)
}

/// A certificate for localhost and the key to it in `folder`; the one it is signed by comes back.
fn certificates(folder: &Path) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    std::fs::write(folder.join("cert.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    ca.pem()
}
