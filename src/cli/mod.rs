//! The command line: one file per subcommand, each with its `Args` and its `run`.
//!
//! `call` is what every command gets: its sources, its form of output, where it writes, and how it may end.

pub mod call;
pub mod check;
pub mod init;
pub mod manifest;
