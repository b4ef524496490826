//! The local API: the unix socket that the command line talks to, and loopback TCP where it is configured.

pub mod desk;

pub use desk::Front;
