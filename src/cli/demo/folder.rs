//! The folder of a demo: for its user alone, and gone when the demo ends.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use uuid::Uuid;

/// A folder that is removed with all it holds when this value goes away.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where temporary files lie.
    pub fn make() -> Result<Folder> {
        // Short, because the path of a unix socket may have 107 bytes at most.
        let name = format!("deskd-demo-{:08x}", Uuid::new_v4().as_fields().0);
        let path = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make folder {}; hint: set TMPDIR", path.display()))?;
        Ok(Folder(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever cleans temporary files takes what is left.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
