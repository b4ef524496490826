//! deskd: a self-hosted desk for Slack. The map of the house is in `docs/architecture.md`.

pub mod cli;
pub mod commands;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod intake;
pub mod runtime;
pub mod simulator;
pub mod slack;
pub mod store;
pub mod web;
