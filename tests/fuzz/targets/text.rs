//! What people write and type.
#![no_main]

#[path = "../drive.rs"]
#[allow(dead_code, reason = "each target drives one of them")]
mod drive;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drive::text(bytes));
