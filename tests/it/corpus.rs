//! The kept inputs of the coverage-guided targets, run again on every build: what they reach and once found stays tried,
//! without the tools that found it.

use std::fs;
use std::path::Path;

#[path = "../fuzz/drive.rs"]
mod drive;

/// Runs every kept input of a target; there must be some.
fn replay(target: &str, drive: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        // The name of the input that panics is the last thing printed.
        println!("{}", path.display());
        drive(&input);
        inputs += 1;
    }
    assert!(inputs > 10, "only {inputs} inputs in {}", folder.display());
}

#[test]
fn every_kept_frame_is_survived() {
    replay("envelope", drive::envelope);
}

#[test]
fn every_kept_text_is_survived() {
    replay("text", drive::text);
}

#[test]
fn every_kept_configuration_is_survived() {
    replay("config", drive::config);
}
