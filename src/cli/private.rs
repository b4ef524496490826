//! Files that only this user can read: for what people wrote.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a new file. One that is there is not replaced: it may be readable for others.
pub fn write(file: &Path, content: &str) -> Result<()> {
    let shown = file.display();
    let made = File::options().create_new(true).write(true).mode(0o600).open(file);
    let mut written =
        made.with_context(|| format!("cannot make {shown}; hint: name a file that is not there yet"))?;
    written
        .write_all(content.as_bytes())
        .and_then(|()| written.sync_all())
        .with_context(|| format!("cannot write {shown}"))
}
