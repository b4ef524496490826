//! What can go wrong with the database, in words an operator can act on.

use std::path::PathBuf;

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG};
use thiserror::Error;

use crate::domain::seal::Locked;

/// Why a store method could not do its work. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No space left where the database lives.
    #[error("the disk of the database is full; hint: free some space, deskd goes on by itself")]
    Full,
    /// The file or its folder cannot be written.
    #[error("the database is read-only; hint: check the owner and mode of the file and its folder")]
    ReadOnly,
    /// Another process holds the database for too long.
    #[error(
        "the database is locked by another process; hint: is another deskd or a backup tool using the file?"
    )]
    Locked,
    /// Another daemon works with the file.
    #[error("another deskd works with database {}; hint: stop it first, or set store.path", .0.display())]
    InUse(PathBuf),
    /// The file is damaged or no database at all.
    #[error("the database is damaged; hint: stop deskd and run \"deskd restore FILE\" with your last backup")]
    Corrupt,
    /// The file cannot be opened.
    #[error("cannot open database {}; hint: does its folder exist, and may this user write there?", .0.display())]
    CannotOpen(PathBuf),
    /// A newer deskd wrote the file.
    #[error(
        "the database was written by deskd {wrote} (schema {found}), newer than this one (schema {known}); hint: install that version again, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Version that wrote it.
        wrote: String,
        /// Its schema number.
        found: i64,
        /// The newest schema number this version knows.
        known: i64,
    },
    /// An older deskd wrote the file, and it may not be changed here.
    #[error(
        "the database has the older schema {found}, this deskd works with {known}; hint: start deskd once, which brings it up to date"
    )]
    Older {
        /// Its schema number.
        found: i64,
        /// The schema number that is needed.
        known: i64,
    },
    /// A row holds something this version cannot read.
    #[error(
        "the database holds a {what} that this version does not know: {word:?}; hint: was it written by another version? run \"deskd doctor\""
    )]
    Unreadable {
        /// Which kind of thing.
        what: &'static str,
        /// The stored word.
        word: String,
    },
    /// The disk reported an error.
    #[error("the disk of the database reports an error; hint: look at the kernel log")]
    Disk,
    /// The workspace was left: nothing is written for it any more, whatever was under way.
    #[error("deskd is not connected to this workspace any more; hint: deskd connect")]
    Left,
    /// A file operation beside the database failed.
    #[error("{what}: {problem}; hint: run \"deskd doctor\"")]
    File {
        /// What was tried.
        what: String,
        /// The system's words.
        problem: std::io::Error,
    },
    /// A secret could not be opened, or there is no key to seal one with.
    #[error("a secret in the database cannot be used: {0}")]
    Sealed(Locked),
    /// The system gave no random bytes, without which nothing is sealed.
    #[error("the system gives no random numbers; hint: look at the kernel log")]
    NoRandomness,
    /// Something we did not expect; the code is SQLite's.
    #[error("the database refused a statement (SQLite code {code}: {name}); hint: run \"deskd doctor\"")]
    Sql {
        /// SQLite's extended result code.
        code: i32,
        /// What SQLite calls it. Never the statement's values.
        name: String,
    },
}

impl StoreError {
    /// Whether the rows are to blame and not the disk or the file: the same work would fail again and again.
    pub(super) fn is_of_the_rows(&self) -> bool {
        match self {
            StoreError::Unreadable { .. } => true,
            // The low byte is SQLite's primary code; -1 is an answer that was not of the expected shape.
            StoreError::Sql { code, .. } => {
                matches!(code & 0xff, SQLITE_TOOBIG | SQLITE_CONSTRAINT | SQLITE_MISMATCH) || *code == -1
            }
            StoreError::Full
            | StoreError::ReadOnly
            | StoreError::Locked
            | StoreError::InUse(_)
            | StoreError::Corrupt
            | StoreError::CannotOpen(_)
            | StoreError::Newer { .. }
            | StoreError::Older { .. }
            | StoreError::Disk
            | StoreError::Left
            | StoreError::Sealed(_)
            | StoreError::NoRandomness
            | StoreError::File { .. } => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(problem: rusqlite::Error) -> StoreError {
        let rusqlite::Error::SqliteFailure(failure, message) = &problem else {
            return StoreError::Sql { code: -1, name: describe(&problem) };
        };
        match failure.code {
            ErrorCode::DiskFull => StoreError::Full,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Locked,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt,
            ErrorCode::SystemIoFailure => StoreError::Disk,
            _ => StoreError::Sql {
                code: failure.extended_code,
                name: message.clone().unwrap_or_else(|| failure.to_string()),
            },
        }
    }
}

/// Names the kind of error without the values that some of them carry.
fn describe(problem: &rusqlite::Error) -> String {
    match problem {
        rusqlite::Error::QueryReturnedNoRows => "no row where one was expected".to_owned(),
        rusqlite::Error::InvalidColumnType(_, column, kind) => format!("column {column} holds {kind}"),
        rusqlite::Error::FromSqlConversionFailure(column, kind, _) => format!("column {column} holds {kind}"),
        _ => "unexpected answer".to_owned(),
    }
}
