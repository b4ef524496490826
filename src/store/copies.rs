//! The copies that deskd leaves beside the database by itself: from before a change of its schema, from before a restore.
//! They are full of what people wrote, so those of a change go by themselves; what a person set aside is that person's to delete.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::backup::{file, folder_of, remove, sidecar};
use super::error::StoreError;
use super::sqlite::{Store, blocking};
use crate::domain::time::Timestamp;

/// How long a copy from before a change of the schema is kept: whoever wants to go back does so within days.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Store {
    /// The copies that deskd itself left beside the database: from before a change of its schema, from before a restore.
    pub async fn copies_beside(&self) -> Result<Vec<PathBuf>, StoreError> {
        let path = self.path().to_owned();
        blocking(move || copies_beside(&path, ".before-")).await
    }

    /// Deletes copies from before a change of the schema that were made more than 30 days ago. What a person set aside by
    /// a restore stays. Says how many went.
    pub async fn forget_copies(&self, now: Timestamp) -> Result<usize, StoreError> {
        let path = self.path().to_owned();
        blocking(move || {
            let mut gone = 0;
            for copy in copies_beside(&path, ".before-schema-")? {
                if made_at(&copy).is_some_and(|made| made.plus(KEPT) < now) {
                    remove(&copy)?;
                    gone += 1;
                }
            }
            Ok(gone)
        })
        .await
    }
}

fn copies_beside(path: &Path, mark: &str) -> Result<Vec<PathBuf>, StoreError> {
    let begin = sidecar(path, mark);
    let listed =
        std::fs::read_dir(folder_of(path)).map_err(file("cannot list the folder of the database"))?;
    let mut copies: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|copy| copy.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin)))
        .collect();
    copies.sort();
    Ok(copies)
}

fn made_at(copy: &Path) -> Option<Timestamp> {
    let made = std::fs::metadata(copy).ok()?.modified().ok()?;
    let since = made.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(i64::try_from(since.as_millis()).ok()?))
}
