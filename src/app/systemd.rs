//! What systemd and we tell each other. Everything here does nothing when it was not systemd that started us.

use std::time::Duration;

use anyhow::{Context, Result};
use sd_notify::NotifyState;
use tokio::net::UnixListener;
use tracing::warn;

/// How often we look whether the loops still turn when systemd has no watchdog for us.
const USUAL: Duration = Duration::from_secs(30);

/// The unix socket that systemd holds open for us, so that callers wait during a restart instead of failing.
pub(super) fn passed_socket() -> Result<Option<UnixListener>> {
    let mut passed = listenfd::ListenFd::from_env();
    let Some(listener) =
        passed.take_unix_listener(0).context("systemd passed something that is no unix socket")?
    else {
        return Ok(None);
    };
    listener.set_nonblocking(true).context("cannot use the socket that systemd passed")?;
    Ok(Some(UnixListener::from_std(listener).context("cannot use the socket that systemd passed")?))
}

/// How often `alive` has to be said: half of what systemd allows.
pub(super) fn pulse_interval() -> Duration {
    sd_notify::watchdog_enabled().map_or(USUAL, |allowed| allowed / 2)
}

/// We serve; also said when a reload is over.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Feeds the watchdog while every loop turns. Where some are `stuck` it gets nothing, and systemd restarts us.
pub(super) fn alive(stuck: &[&str]) {
    match pulse(stuck) {
        Some(state) => tell(&[state]),
        None => warn!("Stuck, so the watchdog is not fed: {}", stuck.join(", ")),
    }
}

/// What the watchdog hears.
fn pulse(stuck: &[&str]) -> Option<NotifyState<'static>> {
    stuck.is_empty().then_some(NotifyState::Watchdog)
}

/// A reload begins.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// We are on our way out.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(problem) = sd_notify::notify(what) {
        warn!("Cannot tell systemd: {problem}");
    }
}

#[cfg(test)]
mod tests {
    use sd_notify::NotifyState;

    use super::pulse;

    #[test]
    fn the_watchdog_is_fed_only_while_no_loop_is_stuck() {
        assert!(matches!(pulse(&[]), Some(NotifyState::Watchdog)));
        assert!(pulse(&["send"]).is_none(), "one is enough, whatever the others do");
    }
}
