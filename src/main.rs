//! The binary: a thin start.

fn main() {}
