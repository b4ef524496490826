//! deskd: a self-hosted desk for Slack. One binary, one SQLite file, no public endpoint.
//!
//! The house in reading order. Imports point one way; `tests/it/architecture.rs` holds the table.
//!
//! - [`domain`]: decisions. Pure values in, values out; every ending has a reason.
//! - [`runtime`]: clock, bell, worker, crew: tiny machinery that knows nothing of the product.
//! - [`config`]: TOML in, checked configuration out, all problems at once.
//! - [`store`]: all SQL; one method, one transaction.
//! - [`slack`]: all of Slack's wire shapes, the sockets and the Web API.
//! - [`llm`]: language models: one question to one address.
//! - [`intake`]: Slack to task: record, acknowledge, gather, judge.
//! - [`dispatch`]: us to Slack: the outbox and its senders.
//! - [`commands`]: what people type and click in Slack.
//! - [`alarm`]: deskd's own trouble: measured, raised, and told by a second way when Slack is the trouble.
//! - [`web`]: the local API.
//! - [`app`]: wiring: start in one straight line, stop as its mirror.
//! - [`cli`]: one file per subcommand.
//! - [`simulator`]: a Slack workspace in one process, for the demo and the tests.

pub mod alarm;
pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod dispatch;
pub mod domain;
pub mod intake;
pub mod llm;
pub mod runtime;
pub mod simulator;
pub mod slack;
pub mod store;
pub mod web;
