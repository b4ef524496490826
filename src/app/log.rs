//! The log: one line per event on standard error, for people or as JSON. Never a token, a text or an address.

use tracing_subscriber::EnvFilter;

use crate::config::settings::{Log, LogFormat, LogLevel};

/// Starts logging as configured.
pub fn start(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    // Libraries print bodies and addresses at their lower levels: they stay at warn whatever is asked of us.
    let filter = EnvFilter::new(format!("warn,deskd={level}"));
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start (a test, the demo) keeps the first log.
    let _ = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
