//! deskd: a self-hosted desk for Slack. The map of the house is in `docs/architecture.md`.

pub mod cli;
pub mod config;
pub mod domain;
pub mod simulator;
pub mod slack;
