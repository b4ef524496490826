//! What can be seen on this machine: tokens, files, disk, database.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::secret::old;
use super::{Finding, Level};
use crate::config::keys::{self, KeyLook, USUAL};
use crate::config::tokens::{Look, Token, look};
use crate::config::{Config, Environment, Secret, Spot};
use crate::domain::bundle::Pick;
use crate::domain::time::Timestamp;
use crate::store::Store;
use crate::store::backup::examine;
use crate::store::sealed::peek;
use crate::web::secrets::{SecretsDocument, judge};

/// Free space below which deskd may stop to acknowledge within days, in bytes.
const LITTLE: u64 = 1 << 30;
/// Free space below which it may within minutes, in bytes.
const NONE: u64 = 64 << 20;

/// The tokens as far as they can be seen from here.
#[derive(Default)]
pub struct Seen {
    /// The app token.
    pub app: Option<Secret>,
    /// The bot token.
    pub bot: Option<Secret>,
}

/// Looks for the tokens. Under systemd only the service sees them, so that missing is worse when nothing runs.
pub fn tokens(config: &Config, env: &Environment, running: bool, findings: &mut Vec<Finding>) -> Seen {
    let mut find = |token: Token| match look(token, config, env) {
        Look::Here { secret, spot, remark } => {
            findings.push(Finding::ok("tokens", format!("the {token} is there ({spot})")));
            findings.extend(
                remark.map(|remark| Finding::warning("tokens", remark.what, remark.hint.unwrap_or_default())),
            );
            Some(secret)
        }
        Look::Missing(_) if running => {
            findings.push(Finding::ok("tokens", format!("the {token} is seen by the running daemon only")));
            None
        }
        Look::Missing(problem) | Look::Wrong(problem) => {
            let hint = problem.hint.unwrap_or_else(|| "deskd init".to_owned());
            findings.push(Finding::problem("tokens", problem.what, hint));
            None
        }
    };
    let [app, bot, ..] =
        Token::ALL.map(|token| if token.is_needed(config, env) { find(token) } else { None });
    Seen { app, bot }
}

/// Looks at who may read and write what.
pub fn files(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut forbid = |path: &Path, bits: u32, what: &str, hint: String| {
        let Ok(seen) = std::fs::metadata(path) else { return };
        if seen.permissions().mode() & bits != 0 {
            findings.push(Finding::problem("files", format!("{what} ({})", path.display()), hint));
        }
    };
    let database = &config.store.path;
    let chmod = |mode: &str, path: &Path| format!("chmod {mode} {}", path.display());
    forbid(database, 0o077, "others than its owner can open the database", chmod("0600", database));
    let socket = &config.api.socket;
    forbid(socket, 0o007, "everybody on this machine can give orders to deskd", chmod("0660", socket));
    if findings.is_empty() {
        findings.push(Finding::ok("files", "files are closed to those whom they do not concern"));
    }
    findings
}

/// Looks at the space where the database lives.
pub fn disk(config: &Config) -> Option<Finding> {
    let folder = existing(&config.store.path)?;
    let seen = rustix::fs::statvfs(&folder).ok()?;
    let free = seen.f_bavail.saturating_mul(seen.f_frsize);
    let shown = format!("{} are free at {}", bytes(free), folder.display());
    let hint =
        "free some space: with a full disk deskd acknowledges nothing, and Slack gives up after a while";
    Some(match free {
        0..NONE => Finding::problem("disk", format!("only {shown}"), hint),
        NONE..LITTLE => Finding::warning("disk", format!("only {shown}"), hint),
        _ => Finding::ok("disk", shown),
    })
}

/// Has the database checked. The answer says whether opening it would change nothing.
pub async fn database(config: &Config, findings: &mut Vec<Finding>) -> bool {
    let path = &config.store.path;
    if !path.exists() {
        let what = format!("there is no database at {} yet; deskd run makes it", path.display());
        findings.push(Finding::ok("database", what));
        return false;
    }
    match examine(path.clone()).await {
        Ok(examined) => {
            findings
                .push(Finding::ok("database", format!("the database is sound (schema {})", examined.schema)));
            examined.current
        }
        Err(problem) => {
            findings.push(Finding::told("database", Level::Problem, &problem.to_string()));
            false
        }
    }
}

/// Looks for the key of the secrets, and whether it opens them. `readable` says whether the database can be looked into, and
/// `running` whether a daemon runs, which under systemd is the only one to see the key.
pub async fn secrets(
    config: &Config,
    env: &Environment,
    (readable, running): (bool, Option<&SecretsDocument>),
) -> Finding {
    let keys = keys::look(config, env);
    let standing = match running {
        Some(running) if keys.ring().is_none() => running.clone(),
        Some(_) | None => {
            let ring = keys.ring().cloned();
            let inventory = if readable { peek(config.store.path.clone(), ring).await.ok() } else { None };
            judge(&keys, &inventory.unwrap_or_default())
        }
    };
    let SecretsDocument { state, sealed, reason, hint, locked: _ } = standing;
    let rotate = "systemctl stop deskd, then deskd secret rotate";
    match (reason, left_over(&keys), keys.ring()) {
        (Some(reason), _, _) => Finding::problem("secrets", reason, hint.unwrap_or_default()),
        (None, _, Some(ring)) if ring.keys().count() > 1 => {
            let what = "there are two keys of the secrets: a change of the key was not finished";
            Finding::warning("secrets", what, rotate)
        }
        (None, Some(old), _) => {
            let what = format!("an old key of the secrets is still there: {}", old.display());
            Finding::warning("secrets", what, rotate)
        }
        (None, None, _) if state == "none" => {
            Finding::ok("secrets", "no secrets are stored, so that no key is needed")
        }
        (None, None, _) => {
            Finding::ok("secrets", format!("the key opens all secrets that are stored ({sealed})"))
        }
    }
}

/// The old key beside the file of the key, or beside the one that systemd hands over: a change of the key that stopped right
/// before its end has left it.
fn left_over(keys: &KeyLook) -> Option<PathBuf> {
    let seen = match keys {
        KeyLook::Here { spot: Spot::File(path), .. } => path.canonicalize().ok(),
        KeyLook::Here { .. } | KeyLook::Missing(_) | KeyLook::Wrong(_) => None,
    };
    let usual = PathBuf::from(USUAL);
    seen.into_iter().chain([usual]).map(|file| old(&file)).find(|old| old.exists())
}

/// Id and name of each channel that somebody picked, read from the database when that changes nothing in it.
pub async fn monitored(config: &Config, readable: bool, now: Timestamp) -> Vec<(String, String)> {
    if !readable {
        return Vec::new();
    }
    let Ok(store) = Store::open(&config.store.path, now).await else { return Vec::new() };
    let Ok(Some(ours)) = store.ourselves().await else { return Vec::new() };
    let channels = store.of(&ours.workspace).channels().await.unwrap_or_default();
    let picked = channels.into_iter().filter(|channel| channel.pick == Pick::Monitor);
    picked.map(|channel| (channel.id.0, channel.name)).collect()
}

/// The nearest folder above `path` that is there.
fn existing(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|folder| folder.is_dir()).map(Path::to_path_buf)
}

fn bytes(count: u64) -> String {
    const GIB: u64 = 1 << 30;
    match count {
        0..GIB => format!("{} MiB", count >> 20),
        _ => format!("{} GiB", count >> 30),
    }
}
