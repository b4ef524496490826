//! The daemon's connection in earnest: a process, real time, real TLS. How the connection behaves otherwise is shown in
//! virtual time, in `connection.rs`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskd::simulator::{Fault, Handshake, Reason, Setup, Simulator, Times, Which};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::process::{Machine, PATIENCE};

/// What stands in the way of the daemon when SIGTERM comes.
type State = (&'static str, fn(&Simulator), fn(&Simulator) -> bool);

/// Slack's call to open a socket has been made.
fn asked(slack: &Simulator) -> bool {
    slack.calls("apps.connections.open") >= 2
}

#[allow(clippy::disallowed_methods, reason = "a real process takes real time")]
fn clock() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_sigterm_in_every_state_of_the_connection_ends_the_daemon_within_two_seconds() {
    let opening = "apps.connections.open";
    let states: [State; 8] = [
        ("Slack does not answer at all", |slack| slack.fault("*", Fault::Stall, Times::UntilCleared), asked),
        (
            "waiting for an address",
            |slack| slack.fault("apps.connections.open", Fault::Stall, Times::UntilCleared),
            asked,
        ),
        (
            "backing off",
            |slack| slack.fault("apps.connections.open", Fault::Status(500), Times::UntilCleared),
            asked,
        ),
        (
            "waiting for an operator",
            |slack| {
                slack.fault("apps.connections.open", Fault::Error("invalid_auth".into()), Times::UntilCleared)
            },
            asked,
        ),
        (
            "waiting for hello",
            |slack| slack.next_handshakes((0..9).map(|_| Handshake::NoHello)),
            |slack| slack.sockets() == 2,
        ),
        ("refused", |slack| slack.next_handshakes((0..99).map(|_| Handshake::Refuse(503))), asked),
        ("connected", |_| {}, |slack| slack.sockets() == 2),
        (
            "draining",
            |_| {},
            |slack| slack.sockets() == 2 && slack.leave_late(Which::All, Reason::Warning, PATIENCE) == 2,
        ),
    ];
    for (name, prepare, reached) in states {
        let mut machine = Machine::new();
        prepare(&machine.slack);
        machine.launch();
        timeout(PATIENCE, machine.slack.until(reached)).await.expect(name);
        // A moment more, so that the state is really there: a handshake, a hello, a pause.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let daemon = machine.daemon.take().unwrap();
        let before = clock();
        assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
        let ended = tokio::task::spawn_blocking(move || daemon.wait_with_output());
        let ended = timeout(Duration::from_secs(30), ended).await.unwrap().unwrap().unwrap();
        let taken = before.elapsed();
        assert_eq!(ended.status.code(), Some(0), "{name}");
        assert!(taken < Duration::from_secs(2), "{name}: {taken:?}");
        let calls = machine.slack.calls(opening);
        timeout(PATIENCE, machine.slack.until(|slack| slack.sockets() == 0)).await.expect(name);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!((machine.slack.sockets(), machine.slack.calls(opening)), (0, calls), "{name}: reopened");
        assert!(machine.slack.complaints().is_empty(), "{name}: {:?}", machine.slack.complaints());
    }
}

/// A listener that speaks TLS with a certificate of a made-up authority, and passes everything on to the simulator.
/// Returns the authority's certificate.
async fn tls_in_front(listener: TcpListener, behind: std::net::SocketAddr) -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    crate::world::crypto();
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    authority.pem()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_the_daemon_trusts_the_authorities_of_its_machine_and_no_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outside = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let setup = Setup { public_url: Some(outside.clone()), ..Machine::setup() };
    let mut machine = Machine::with(setup, &format!("{outside}/api/"));
    let authority = tls_in_front(listener, machine.slack.address()).await;
    let file = machine.folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();

    // Nobody vouches for this server: nothing is sent to it, and no token either.
    machine.launch();
    machine.answers().await;
    let red = machine.until(&["status"], |status| status["sockets"][0]["state"] == "waiting").await;
    assert_eq!(machine.slack.called_methods(), Vec::<String>::new(), "{red}");
    machine.end();

    machine.env.push(("SSL_CERT_FILE", file.into_os_string()));
    machine.launch();
    timeout(PATIENCE, machine.slack.until(|slack| slack.sockets() == 2)).await.unwrap();
    machine.answers().await;
    machine.until(&["status"], |status| status["sockets"][0]["state"] == "connected").await;
    let monitored = machine.deskd(&["channels", "monitor", "#support"]).await;
    assert!(monitored.status.success(), "{}", String::from_utf8_lossy(&monitored.stderr));
    machine.slack.say("ada", "support", "hello over TLS").unwrap();
    machine.until(&["task", "list"], |tasks| tasks[0]["message_count"] == 1).await;

    // Once for real: how long a reset connection is missing.
    let calls = machine.slack.calls("apps.connections.open");
    let before = clock();
    assert_eq!(machine.slack.reset_sockets(Which::All), 2);
    let back = |slack: &Simulator| slack.calls("apps.connections.open") == calls + 2 && slack.sockets() == 2;
    timeout(PATIENCE, machine.slack.until(back)).await.unwrap();
    let missing = before.elapsed();
    assert!(
        missing < Duration::from_secs(5),
        "{missing:?}, and a machine that is not busy needs a tenth of it"
    );
    println!("both sockets were back after {missing:?}");
}
