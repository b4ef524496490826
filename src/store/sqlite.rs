//! Connections: one that writes, a few that read, and how work gets to them.
//!
//! Work runs on tokio's blocking pool, where an `await` inside a transaction cannot be written and paused time in tests
//! does not run on.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::audit;
use super::backup::folder_of;
use super::error::StoreError;
use super::migrate;
use crate::domain::seal::Keyring;
use crate::domain::time::Timestamp;

/// How long a statement waits for another process (a backup, a shell) to let go.
const BUSY: Duration = Duration::from_secs(5);

/// Read connections that are kept open. A burst of callers opens more, which are closed again.
const READERS: usize = 2;

/// Page caches in KiB. The writer's holds the indexes of some hundred thousand open bundles and messages.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;

/// Size of the write-ahead log from which folding waits for a moment without writers, instead of for luck, so that the log
/// begins anew: in a long flood it would grow without end.
const LARGEST_LOG_BYTES: u64 = 256 << 20;

/// Size of the write-ahead log from which folding it into the file is worth the work.
const LOG_BYTES: u64 = 8 << 20;

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// Opens and seals secrets; `None` while there is no key.
    keys: Option<Arc<Keyring>>,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// Whether something was deleted that must not stay in the write-ahead log. So it may be after a start: nobody knows what the
    /// last run still owed.
    owes_fold: AtomicBool,
}

impl Store {
    /// Opens the database at `path`, makes it when there is none, and brings its schema up to date.
    ///
    /// Fails when the file cannot be opened, is damaged, locked, or was written by a newer deskd.
    pub async fn open(path: &Path, now: Timestamp) -> Result<Store, StoreError> {
        let path = path.to_owned();
        blocking(move || {
            only_ours(&path)?;
            let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            writer.pragma_update(None, "journal_mode", "WAL")?;
            writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
            writer.pragma_update(None, "synchronous", "FULL")?;
            // Never within a commit that somebody waits for: `fold` does it beside the writer.
            writer.pragma_update(None, "wal_autocheckpoint", 0)?;
            // What is deleted or erased is overwritten, not only unlinked.
            writer.pragma_update(None, "secure_delete", true)?;
            migrate::up(&mut writer, &path, now)?;
            audit::begin_memory(&writer)?;
            Ok(Store::around(path, writer))
        })
        .await
    }

    /// Opens the database at `path` so that nothing can be written to it. Its schema must be the one we know.
    pub(super) async fn reader(path: &Path) -> Result<Store, StoreError> {
        let path = path.to_owned();
        blocking(move || {
            let writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            migrate::expect_newest(&writer)?;
            audit::begin_memory(&writer)?;
            Ok(Store::around(path, writer))
        })
        .await
    }

    fn around(path: PathBuf, writer: Connection) -> Store {
        let (writer, readers) = (Mutex::new(writer), Mutex::new(Vec::new()));
        let owes_fold = AtomicBool::new(true);
        Store { inner: Arc::new(Inner { path, writer, readers, owes_fold }), keys: None }
    }

    /// The same database for one who has these keys.
    pub fn with_keys(self, keys: Keyring) -> Store {
        Store { keys: Some(Arc::new(keys)), ..self }
    }

    /// Whether a secret can be kept in it.
    pub fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The keys of the secrets in it.
    pub(super) fn keys(&self) -> Option<Arc<Keyring>> {
        self.keys.clone()
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` in one transaction of the writer. It is committed when `work` succeeds and rolled back otherwise.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = self.inner.clone();
        blocking(move || {
            let mut writer = inner.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&tx)?;
            tx.commit()?;
            Ok(done)
        })
        .await
    }

    /// Runs `work` on a connection that cannot write, in one snapshot.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = self.inner.clone();
        blocking(move || {
            let mut reader = inner.take_reader()?;
            let tx = reader.transaction()?;
            let found = work(&tx);
            drop(tx);
            inner.put_reader(reader);
            found
        })
        .await
    }

    /// Runs `work` with the writer outside any transaction: checkpoints and backups.
    pub(super) async fn maintain<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = self.inner.clone();
        blocking(move || work(&mut inner.writer.lock().unwrap_or_else(PoisonError::into_inner))).await
    }

    /// From now on the write-ahead log is to begin anew as soon as nobody reads it.
    pub(super) fn owe_fold(&self) {
        self.inner.owes_fold.store(true, Ordering::SeqCst);
    }

    /// Folds a write-ahead log that has grown, or that holds what was deleted, into the database file, beside the writer. Says
    /// whether there was one.
    pub async fn fold(&self) -> Result<bool, StoreError> {
        if self.inner.owes_fold.load(Ordering::SeqCst) && self.truncate_log().await? {
            return Ok(true);
        }
        if self.log_bytes() < LOG_BYTES {
            return Ok(false);
        }
        let inner = self.inner.clone();
        blocking(move || {
            let folder = connect(&inner.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            folder.pragma_update(None, "synchronous", "FULL")?;
            folder.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await?;
        if self.log_bytes() > LARGEST_LOG_BYTES {
            self.checkpoint().await?;
        }
        Ok(true)
    }

    /// Folds the write-ahead log and begins it anew, if nobody reads an older state of the database at the moment: says
    /// whether that was so. It does not wait, so that nobody has to wait for it.
    pub async fn truncate_log(&self) -> Result<bool, StoreError> {
        let inner = self.inner.clone();
        blocking(move || {
            let folder = connect(&inner.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            folder.pragma_update(None, "synchronous", "FULL")?;
            folder.busy_timeout(Duration::ZERO)?;
            // Before: what is deleted meanwhile is owed anew.
            let owed = inner.owes_fold.swap(false, Ordering::SeqCst);
            let busy: i64 = folder.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            inner.owes_fold.fetch_or(owed && busy != 0, Ordering::SeqCst);
            Ok(busy == 0)
        })
        .await
    }

    fn log_bytes(&self) -> u64 {
        let mut log = self.inner.path.clone().into_os_string();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |found| found.len())
    }

    /// Folds the write-ahead log into the database file: the last act before closing.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.maintain(|writer| Ok(writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)).await
    }
}

impl Inner {
    fn take_reader(&self) -> Result<Connection, StoreError> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match pooled {
            Some(reader) => Ok(reader),
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY),
        }
    }

    fn put_reader(&self, reader: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(reader);
        }
    }
}

/// Says that a daemon works with a database; gone with the process, however that ends.
#[derive(Debug)]
pub struct Occupied {
    _lock: std::fs::File,
}

/// Occupies the database at `path` for this process: two daemons on one file would send what the other is sending.
pub fn occupy(path: &Path) -> Result<Occupied, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut beside = path.to_owned().into_os_string();
    beside.push(".lock");
    let file = |problem: std::io::Error| match problem.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => StoreError::ReadOnly,
        _ => StoreError::File { what: format!("cannot lock {}", path.display()), problem },
    };
    let fresh = !Path::new(&beside).exists();
    let lock = std::fs::File::options().create(true).append(true).mode(0o600).open(beside).map_err(file)?;
    if fresh {
        belongs_to_folder(&lock, path).map_err(file)?;
    }
    match lock.try_lock() {
        Ok(()) => Ok(Occupied { _lock: lock }),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(problem)) => Err(file(problem)),
    }
}

/// What root makes beside a database belongs to whom the folder belongs, or the daemon's user could not open it.
fn belongs_to_folder(made: &std::fs::File, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let folder = std::fs::metadata(folder_of(path))?;
    std::os::unix::fs::fchown(made, Some(folder.uid()), Some(folder.gid()))
}

/// Opens one connection with the settings that every connection has.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|_| StoreError::CannotOpen(path.to_owned()))?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Makes the file if there is none. Message texts are in there, so nobody but the daemon's user reads it; SQLite gives the
/// files beside it the same mode, if it has it before they are made.
pub(super) fn only_ours(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let made = std::fs::File::options().create(true).append(true).mode(0o600).open(path);
    let file = made.map_err(|_| StoreError::CannotOpen(path.to_owned()))?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|problem| StoreError::File {
        what: format!("cannot set the mode of {}", path.display()),
        problem,
    })
}

/// Runs `work` where blocking is allowed. A panic in it goes on in the caller.
pub(super) async fn blocking<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, StoreError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(join) => match join.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down and took the work with it: nothing was committed.
            Err(_) => Err(StoreError::Locked),
        },
    }
}
