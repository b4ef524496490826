//! A small file system for the database, which can be full.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// More than an hour of soak needs.
const ROOM_KIB: u64 = 2 * 1024 * 1024;

/// A file system of its own in memory, gone with the value.
pub struct Disk(PathBuf);

impl Disk {
    /// `None` where mounting is not allowed.
    pub fn mount(at: &Path) -> Option<Disk> {
        std::fs::create_dir_all(at).ok()?;
        let size = format!("size={ROOM_KIB}k,mode=0700");
        mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], at).then(|| Disk(at.to_owned()))
    }

    /// Leaves `left_kib` of room, or none.
    pub fn fill(&self, left_kib: u64) -> bool {
        let Ok(stat) = rustix::fs::statvfs(&self.0) else { return false };
        let used_kib = (stat.f_blocks - stat.f_bfree) * stat.f_frsize / 1024;
        self.resize(used_kib + left_kib)
    }

    /// Gives all the room back.
    pub fn mend(&self) -> bool {
        self.resize(ROOM_KIB)
    }

    fn resize(&self, kib: u64) -> bool {
        mount(&["-o", &format!("remount,size={kib}k")], &self.0)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(options: &[&str], at: &Path) -> bool {
    let mounted = Command::new("mount").args(options).arg(at).stderr(Stdio::null()).status();
    mounted.is_ok_and(|status| status.success())
}
