//! Copies of the database: taken while the daemon runs, proved sound before they count, put back with care.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::migrate;
use super::sqlite::{Store, blocking, connect};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Size of the copy in bytes.
    pub bytes: u64,
    /// Its schema number.
    pub schema: i64,
}

/// What looking at a database file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Its schema number.
    pub schema: i64,
    /// Whether that is the schema this version works with, so that opening the file changes nothing in it.
    pub current: bool,
}

/// Has SQLite check every page of the database at `path`, without changing anything.
pub async fn examine(path: PathBuf) -> Result<Examined, StoreError> {
    blocking(move || {
        let schema = check(&path)?;
        Ok(Examined { schema, current: schema == migrate::newest() })
    })
    .await
}

/// Copies the database at `from` to `to`, consistent as of one moment even while a daemon writes. The copy is checked
/// and appears under its name only when it is whole.
pub async fn backup(from: PathBuf, to: PathBuf) -> Result<Copied, StoreError> {
    blocking(move || {
        let source = connect(&from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let partial = beside(&to, "partial");
        remove(&partial)?;
        source.execute("VACUUM INTO ?", [partial.display().to_string()])?;
        let schema = check(&partial)?;
        finish(&partial, &to)?;
        Ok(Copied { bytes: size(&to), schema })
    })
    .await
}

/// Puts the copy at `from` in place of the database at `to`. Refuses a copy that is damaged or of a newer schema; what was
/// there before stays beside it as `.before-restore`. No daemon may be running.
pub async fn restore(from: PathBuf, to: PathBuf) -> Result<Copied, StoreError> {
    blocking(move || {
        check(&from)?;
        let partial = beside(&to, "partial");
        remove(&partial)?;
        std::fs::copy(&from, &partial).map_err(file("cannot copy the backup"))?;
        let schema = check(&partial)?;
        look_before_sending(&partial)?;
        set_aside(&to)?;
        finish(&partial, &to)?;
        like_its_folder(&to)?;
        Ok(Copied { bytes: size(&to), schema })
    })
    .await
}

impl Store {
    /// The copies that deskd itself left beside the database: from before a change of its schema, from before a restore.
    pub async fn copies_beside(&self) -> Result<Vec<PathBuf>, StoreError> {
        let path = self.path().to_owned();
        blocking(move || copies_beside(&path)).await
    }
}

fn copies_beside(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let begin = sidecar(path, ".before-");
    let listed =
        std::fs::read_dir(folder_of(path)).map_err(file("cannot list the folder of the database"))?;
    let mut copies: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|copy| copy.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin)))
        .collect();
    copies.sort();
    Ok(copies)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What waited to be sent when the copy was taken may have been sent since.
fn look_before_sending(copy: &Path) -> Result<(), StoreError> {
    let connection = connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute("UPDATE sends SET look_up = 1 WHERE state IN ('waiting', 'sending')", [])?;
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    Ok(())
}

/// Keeps the old database beside the new one, with its write-ahead log: after a crash the last commits are only there.
fn set_aside(to: &Path) -> Result<(), StoreError> {
    let old = beside(to, "before-restore");
    for suffix in ["", "-wal"] {
        let from = to.with_file_name(sidecar(to, suffix));
        let kept = old.with_file_name(sidecar(&old, suffix));
        remove(&kept)?;
        if from.exists() {
            std::fs::rename(&from, &kept).map_err(file("cannot set the old database aside"))?;
        }
    }
    remove(&to.with_file_name(sidecar(to, "-shm")))
}

/// Root restores for the daemon's user, who owns the folder.
fn like_its_folder(to: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt;
    let Some(folder) = to.parent().and_then(|folder| std::fs::metadata(folder).ok()) else { return Ok(()) };
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    std::os::unix::fs::chown(to, Some(folder.uid()), Some(folder.gid()))
        .map_err(file("cannot hand the database over"))
}

/// Opens a copy and has SQLite check every page of it; the answer is its schema number.
fn check(copy: &Path) -> Result<i64, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(copy, flags).map_err(|_| StoreError::CannotOpen(copy.to_owned()))?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    let schema = migrate::version(&connection)?;
    match (verdict.as_str(), schema) {
        ("ok", 0) => Err(StoreError::Corrupt),
        ("ok", schema) if schema > migrate::newest() => Err(StoreError::Newer {
            wrote: "of a later version".into(),
            found: schema,
            known: migrate::newest(),
        }),
        ("ok", schema) => Ok(schema),
        _ => Err(StoreError::Corrupt),
    }
}

/// Gives a finished copy its name: on disk before the rename, the rename on disk before we say done.
fn finish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(partial, mode).map_err(file("cannot set the mode of the copy"))?;
    let synced = std::fs::File::open(partial).and_then(|copy| copy.sync_all());
    synced.map_err(file("cannot sync the copy"))?;
    std::fs::rename(partial, to).map_err(file("cannot name the copy"))?;
    let synced = std::fs::File::open(folder_of(to)).and_then(|folder| folder.sync_all());
    synced.map_err(file("cannot sync the folder of the copy"))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(sidecar(path, &format!(".{suffix}")))
}

fn sidecar(path: &Path, suffix: &str) -> String {
    format!("{}{suffix}", path.file_name().unwrap_or_default().to_string_lossy())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
            Err(file("cannot remove an old file")(problem))
        }
        _ => Ok(()),
    }
}

fn file(what: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |problem| StoreError::File { what: what.to_owned(), problem }
}
