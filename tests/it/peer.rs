//! Programs of others that scenes work with: those that `tests/peers/fetch` has brought, else those of the machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where programs are looked for, in order.
fn folders() -> Vec<PathBuf> {
    let brought = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(brought).chain(std::env::split_paths(&path)).collect()
}

/// The program of this name, if there is one.
pub fn program(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `PATH` for a shell that shall find them, too, with `first` before all.
pub fn path(first: &Path) -> OsString {
    std::env::join_paths(std::iter::once(first.to_owned()).chain(folders())).unwrap()
}
