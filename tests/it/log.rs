//! The log of the scenes: none, unless `DESKD_TEST_LOG` is set. Then deskd's own log is started as the daemon starts it,
//! at its lowest level and on standard error, for `tests/leaks/run` to search.

use std::sync::Once;

use deskd::app::log;
use deskd::config::settings::{Log, LogFormat, LogLevel};

/// Starts it once for all scenes of the process.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        if std::env::var_os("DESKD_TEST_LOG").is_some() {
            log::start(&Log { format: LogFormat::Json, level: LogLevel::Trace });
        }
    });
}
