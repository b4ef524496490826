//! The command line: one file per subcommand.

pub mod call;
pub mod check;
pub mod demo;
pub mod init;
pub mod manifest;
pub mod simulator;
