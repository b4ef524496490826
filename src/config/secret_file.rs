//! Files with secrets in them: how they are read, and what is said about one that others can read, too.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::endpoint;
use super::problem::{Problem, Spot};
use super::tokens::SHORTEST_SECRET;
use super::{Config, Secret};

/// The text of a file that `key` names, wiped when dropped.
pub(super) fn text(what: &str, key: &str, path: &Path) -> Result<Zeroizing<String>, Problem> {
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        let what = format!("cannot read the {what}: {error}");
        let hint = "check the path and that the user deskd runs as may read the file";
        Problem::new(Spot::File(path.to_path_buf()), key, what).hint(hint)
    })
}

/// A secret to sign with, out of the file that `key` names, and what should be said about that file.
pub(super) fn signing_file(what: &str, key: &str, path: &Path) -> Result<(Secret, Option<Problem>), Problem> {
    let secret = Secret::new(&text(what, key, path)?);
    match secret.expose().chars().count() < SHORTEST_SECRET {
        true => Err(endpoint::too_short(what, Spot::File(path.to_path_buf()))),
        false => Ok((secret, open_to_all(what, path))),
    }
}

/// The certificates that `mail.ca_file` names.
pub(super) fn certificates(config: &Config) -> Result<Option<String>, Problem> {
    let Some(path) = &config.mail.ca_file else { return Ok(None) };
    let found = text("certificates for the mail server", "mail.ca_file", path)?;
    if !found.contains("-----BEGIN CERTIFICATE-----") {
        let problem = Problem::new(Spot::File(path.clone()), "mail.ca_file", "there is no certificate in it");
        return Err(problem.hint("it begins with -----BEGIN CERTIFICATE----- (PEM)"));
    }
    Ok(Some(found.to_string()))
}

/// What should be said about the files of callers and of the ping, which are read when they are needed.
pub(super) fn open_doors(config: &Config) -> impl Iterator<Item = Problem> {
    let doors = &config.doors;
    let callers = doors
        .callers
        .iter()
        .filter_map(|one| open_to_all(&format!("token of the caller {}", one.caller.name), &one.token_file));
    let ping = doors.ping.url_file.iter().filter_map(|file| open_to_all("address of the ping", file));
    callers.chain(ping)
}

/// A remark about a file that every user of the machine can read.
pub(super) fn open_to_all(what: &str, path: &Path) -> Option<Problem> {
    const READ_BY_OTHERS: u32 = 0o004;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & READ_BY_OTHERS != 0).then(|| {
        let what = format!("every user of this machine can read the {what}");
        Problem::new(Spot::File(path.to_path_buf()), "", what).hint(format!("chmod 0600 {}", path.display()))
    })
}
