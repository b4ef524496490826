//! Copies of the database: taken while the daemon runs, proved sound before they count, put back with care.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::StoreError;
use super::migrate;
use super::sqlite::{Store, blocking, connect, occupy, only_ours};
use crate::domain::time::Timestamp;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Size of the copy in bytes.
    pub bytes: u64,
    /// Its schema number.
    pub schema: i64,
    /// Whether the database knows of it, so that nobody is told that the last backup is old.
    pub noted: bool,
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
        let schema = check(&path, &(Box::new(|_| {}) as Tell))?;
        Ok(Examined { schema, current: schema == migrate::newest() })
    })
    .await
}

/// How far a long piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes of so many are copied.
    Copied(u64, u64),
    /// Everything is copied; SQLite looks at every page.
    Checking(u64),
}

/// Whom to tell of progress: called often, from the thread that works.
pub type Tell = Box<dyn Fn(Progress) + Send>;

/// Pages that are copied between two words of progress: 4 MiB.
const PAGES: i32 = 1024;

/// Copies the database at `from` to `to`, consistent as of one moment even while a daemon writes. The copy is checked
/// and appears under its name only when it is whole; then the database notes that there is a copy as of `now`.
pub async fn backup(from: PathBuf, to: PathBuf, tell: Tell, now: Timestamp) -> Result<Copied, StoreError> {
    blocking(move || {
        let partial = beside(&to, "partial");
        let copied = or_nothing(&partial, || {
            copy(&from, &partial, &tell)?;
            let schema = check(&partial, &tell)?;
            finish(&partial, &to)?;
            Ok(Copied { bytes: size(&to), schema, noted: false })
        })?;
        Ok(Copied { noted: note(&from, copied.bytes, now).is_ok(), ..copied })
    })
    .await
}

/// Puts the copy at `from` in place of the database at `to`. Refuses a copy that is damaged or of a newer schema; what was
/// there before stays beside it as `.before-restore`. No daemon may be working with it.
pub async fn restore(from: PathBuf, to: PathBuf, tell: Tell) -> Result<Copied, StoreError> {
    blocking(move || {
        let _alone = occupy(&to)?;
        let partial = beside(&to, "partial");
        or_nothing(&partial, || {
            copy(&from, &partial, &tell)?;
            let schema = check(&partial, &tell)?;
            look_before_sending(&partial)?;
            set_aside(&to)?;
            finish(&partial, &to)?;
            like_its_folder(&to)?;
            Ok(Copied { bytes: size(&to), schema, noted: false })
        })
    })
    .await
}

/// Does something with a file that is not finished yet, and leaves none when that fails.
fn or_nothing<T>(partial: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    remove(partial)?;
    let done = work();
    if done.is_err() {
        remove(partial)?;
        remove(&partial.with_file_name(sidecar(partial, "-journal")))?;
    }
    done
}

/// Copies page by page, all as of the moment at which it began: the reading transaction that is held keeps it.
fn copy(from: &Path, to: &Path, tell: &Tell) -> Result<(), StoreError> {
    let mut source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let snapshot = source.transaction()?;
    snapshot.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let page: u32 = snapshot.pragma_query_value(None, "page_size", |row| row.get(0))?;
    only_ours(to)?;
    let mut target = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // It is worth nothing before it is whole, and then it is synced as a whole.
    target.pragma_update(None, "synchronous", "OFF")?;
    let copying = Backup::new(&snapshot, &mut target)?;
    while copying.step(PAGES)? != StepResult::Done {
        let pages = copying.progress();
        let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * u64::from(page);
        tell(Progress::Copied(bytes(pages.pagecount - pages.remaining), bytes(pages.pagecount)));
    }
    drop(copying);
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    Ok(())
}

/// Notes in the database that there is a copy of it. A user who may only read it, or an older schema, cannot.
fn note(from: &Path, bytes: u64, now: Timestamp) -> Result<(), StoreError> {
    let connection = connect(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute(
        "INSERT INTO last_backup (id, at, bytes) VALUES (1, ?1, ?2)
         ON CONFLICT (id) DO UPDATE SET at = excluded.at, bytes = excluded.bytes",
        (now.0, i64::try_from(bytes).unwrap_or(i64::MAX)),
    )?;
    Ok(())
}

impl Store {
    /// When the database was last copied and the copy found sound; `None` when it never was.
    pub async fn last_backup(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached("SELECT at FROM last_backup WHERE id = 1")?;
            Ok(query.query_row([], |row| row.get(0).map(Timestamp)).optional()?)
        })
        .await
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What waited to be sent when the copy was taken may have been sent since.
fn look_before_sending(copy: &Path) -> Result<(), StoreError> {
    let connection = connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute("UPDATE sends SET look_up = 1 WHERE state IN ('waiting', 'sending')", [])?;
    connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    Ok(())
}

/// Keeps the old database beside the new one. A sound one is made whole and linked, so that at no moment there is none
/// under its name; of a damaged one the write-ahead log is kept as well, which the new one must not find.
fn set_aside(to: &Path) -> Result<(), StoreError> {
    if !to.exists() {
        return Ok(());
    }
    let old = beside(to, "before-restore");
    let log = |database: &Path| database.with_file_name(sidecar(database, "-wal"));
    remove(&old)?;
    remove(&log(&old))?;
    let folded = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|old| {
        Ok(old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))?)
    });
    std::fs::hard_link(to, &old).map_err(file("cannot set the old database aside"))?;
    if !matches!(folded, Ok(0)) && log(to).exists() {
        std::fs::rename(log(to), log(&old)).map_err(file("cannot set the old database aside"))?;
    }
    remove(&log(to))?;
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
fn check(copy: &Path, tell: &Tell) -> Result<i64, StoreError> {
    tell(Progress::Checking(size(copy)));
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
pub(super) fn finish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(partial, mode).map_err(file("cannot set the mode of the copy"))?;
    let synced = std::fs::File::open(partial).and_then(|copy| copy.sync_all());
    synced.map_err(file("cannot sync the copy"))?;
    std::fs::rename(partial, to).map_err(file("cannot name the copy"))?;
    let synced = std::fs::File::open(folder_of(to)).and_then(|folder| folder.sync_all());
    synced.map_err(file("cannot sync the folder of the copy"))
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(sidecar(path, &format!(".{suffix}")))
}

pub(super) fn sidecar(path: &Path, suffix: &str) -> String {
    format!("{}{suffix}", path.file_name().unwrap_or_default().to_string_lossy())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
            Err(file("cannot remove an old file")(problem))
        }
        _ => Ok(()),
    }
}

pub(super) fn file(what: &'static str) -> impl Fn(std::io::Error) -> StoreError {
    move |problem| StoreError::File { what: what.to_owned(), problem }
}
