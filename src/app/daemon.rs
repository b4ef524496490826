//! The daemon: a desk with its local API, signals and systemd around it.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{Desk, Setup, systemd};
use crate::config::keys::KeyLook;
use crate::config::{self, Loaded, Secret, Secrets, Sources};
use crate::runtime::clock::Clock;
use crate::web;

/// Longest time the workers get to finish their step; systemd kills us later than that.
const PATIENCE: Duration = Duration::from_secs(8);

/// Runs the daemon until SIGTERM or SIGINT. SIGHUP reads the configuration again.
pub async fn serve(sources: Sources, loaded: Loaded, secrets: Secrets) -> Result<()> {
    let clock = Clock::Wall;
    let config = &loaded.config;
    let api = match systemd::passed_socket()? {
        Some(listener) => listener,
        None => own_socket(&config.api.socket)?,
    };
    let tcp = match config.api.listen {
        Some(address) => {
            Some(TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?)
        }
        None => None,
    };
    let Secrets { app_token, bot_token: bot, api_token, signing, apps, client_secret, ways } = secrets;
    let http = match config.has_http() {
        true => {
            let address = config.http.listen;
            Some(TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?)
        }
        false => None,
    };
    let app = app_token.unwrap_or_else(|| Secret::new(""));
    let keys = config::keys::look(config, &sources.env);
    if let KeyLook::Wrong(problem) = &keys {
        warn!("Secrets in the database cannot be used: {problem}");
    }
    let config = config.clone();
    let setup = Setup { config, bot, app, signing, apps, client_secret, ways, keys, clock };
    let mut desk = Desk::start(setup).await?;
    let doors = CancellationToken::new();
    let hooks = http.map(|listener| tokio::spawn(web::serve_slack(listener, desk.doorway(), doors.clone())));
    let unix = tokio::spawn(web::serve_unix(api, desk.front(), doors.clone()));
    let loopback = tcp
        .zip(api_token)
        .map(|(listener, token)| tokio::spawn(web::serve_tcp(listener, desk.front(), token, doors.clone())));
    systemd::ready();
    info!("deskd {} is up", env!("CARGO_PKG_VERSION"));
    let ended = watch(&mut desk, &sources, clock).await;
    systemd::stopping();
    desk.stop(PATIENCE).await;
    doors.cancel();
    let _ = unix.await;
    for served in loopback.into_iter().chain(hooks) {
        let _ = served.await;
    }
    ended
}

/// Waits for a signal to stop; meanwhile reloads on SIGHUP and tells systemd that the loops still turn.
async fn watch(desk: &mut Desk, sources: &Sources, clock: Clock) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let mut pulse = tokio::time::interval(systemd::pulse_interval());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                systemd::reloading();
                match desk.reload(sources).await {
                    Ok(()) => info!("The configuration was read again"),
                    Err(problem) => error!("The configuration stays as it was: {problem:#}"),
                }
                systemd::ready();
            }
            problem = desk.panicked() => return Err(problem),
            _ = pulse.tick() => systemd::alive(&desk.stuck(clock.now())),
        }
    }
    info!("Asked to stop");
    Ok(())
}

/// Opens the unix socket where no systemd did. A socket file that nobody answers on is left over from a crash.
fn own_socket(path: &std::path::Path) -> Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        anyhow::bail!("another deskd answers on {}; hint: stop it first, or set api.socket", path.display());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make folder {}", folder.display()))?;
    }
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path)
        .with_context(|| format!("cannot open the local socket {}; hint: set api.socket", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .with_context(|| format!("cannot set the mode of {}", path.display()))?;
    Ok(listener)
}
