//! One call of the command line: where its settings come from, where it writes, how it ends.

use std::io::Write;
use std::process::ExitCode;

use serde::de::DeserializeOwned;

use super::client::Answer;
use super::screen::View;
use crate::config::Sources;
use crate::runtime::clock::Clock;

/// What a command works with besides its own arguments.
pub struct Call<'a> {
    /// Where the configuration comes from.
    pub sources: Sources,
    /// Whether the answer is for a program (`--json`).
    pub json: bool,
    /// Standard output, or a buffer in a test.
    pub out: &'a mut dyn Write,
}

/// How a command ended, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: it was tried and failed.
    Failed,
    /// 2: the arguments or the configuration are wrong; trying again changes nothing.
    Usage,
    /// 75: not now; the same call may succeed later (`EX_TEMPFAIL`).
    TryAgain,
}

impl Call<'_> {
    /// Writes one JSON document and a line end.
    pub fn print_json(&mut self, value: &serde_json::Value) -> std::io::Result<()> {
        writeln!(self.out, "{value:#}")
    }

    /// Prints what the daemon answered: the document as it is, or as `render` puts it for people.
    pub fn show<T: DeserializeOwned>(
        &mut self,
        answer: &Answer,
        render: impl FnOnce(&T, &View) -> String,
    ) -> anyhow::Result<Exit> {
        if self.json {
            self.print_json(&answer.document)?;
        } else {
            let now = answer.now.unwrap_or_else(|| Clock::Wall.now());
            write!(self.out, "{}", render(&answer.read()?, &View::of_terminal(now)))?;
        }
        Ok(Exit::Done)
    }
}

impl Exit {
    /// The number of the exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::TryAgain => 75,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
