//! How far a long piece of work is: one line that is written over on a terminal, a line now and then elsewhere. It goes to
//! the error stream, so that what programs read stays clean.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::backup::{Progress, Tell};

/// Smaller files are copied before anybody wonders.
const WORTH_TELLING: u64 = 64 << 20;

/// Percent between two lines: a terminal's one line may change often, a log's may not.
const TERMINAL_STEP: u64 = 1;
const LOG_STEP: u64 = 10;

/// Tells of progress on the error stream.
pub fn tell() -> Tell {
    let is_terminal = std::io::stderr().is_terminal();
    let step = if is_terminal { TERMINAL_STEP } else { LOG_STEP };
    let told = AtomicU64::new(0);
    Box::new(move |progress| {
        if let Some(line) = line(progress, step, &told) {
            let (begin, end) = if is_terminal { ("\r\u{1b}[K", "") } else { ("", "\n") };
            let done = if is_terminal && matches!(progress, Progress::Checking(_)) { "\n" } else { end };
            // Where progress cannot be told the work goes on all the same.
            let _ = write!(std::io::stderr(), "{begin}{line}{done}");
        }
    })
}

/// The line for this moment, if it is time for one; `told` remembers the percents of the last.
fn line(progress: Progress, step: u64, told: &AtomicU64) -> Option<String> {
    match progress {
        Progress::Copied(_, all) | Progress::Checking(all) if all < WORTH_TELLING => None,
        Progress::Copied(done, all) => {
            let percent = done * 100 / all;
            if percent < told.load(Ordering::Relaxed) + step {
                return None;
            }
            told.store(percent, Ordering::Relaxed);
            Some(format!("copied {} of {} MiB, {percent} %", done >> 20, all >> 20))
        }
        Progress::Checking(all) => Some(format!("checking {} MiB", all >> 20)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::{Progress, line};

    #[test]
    fn a_large_copy_is_told_in_steps_and_a_small_one_not_at_all() {
        let told = AtomicU64::new(0);
        let all = 400 << 20;
        let lines: Vec<String> =
            (0..=100).filter_map(|tick| line(Progress::Copied(tick * (4 << 20), all), 25, &told)).collect();
        assert_eq!(
            lines,
            [
                "copied 100 of 400 MiB, 25 %",
                "copied 200 of 400 MiB, 50 %",
                "copied 300 of 400 MiB, 75 %",
                "copied 400 of 400 MiB, 100 %"
            ]
        );
        assert_eq!(line(Progress::Checking(all), 25, &told).as_deref(), Some("checking 400 MiB"));
        assert_eq!(line(Progress::Copied(1, 2 << 20), 1, &AtomicU64::new(0)), None);
        assert_eq!(line(Progress::Checking(2 << 20), 1, &told), None);
    }
}
