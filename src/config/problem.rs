//! What is wrong with a configuration, told so that it can be mended without a manual.

use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

pub use crate::domain::nearest::nearest;

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// A place in a file; line and column count from 1, columns in characters.
    Line {
        /// The file.
        file: PathBuf,
        /// Its line.
        line: usize,
        /// The character in that line.
        column: usize,
    },
    /// A whole file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// Nowhere: something that should be there is not.
    Nowhere,
}

/// One thing that is wrong, or worth a remark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where to look.
    pub spot: Spot,
    /// The key path, for instance `inbox.quiet`; empty when no single key is meant.
    pub key: String,
    /// What is wrong, in a few words without a full stop.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All that is wrong, in the order of the file. Never empty when it stands in an `Err`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    /// A problem without a hint. A token that someone put in the wrong place is cut out of `what`.
    pub fn new(spot: Spot, key: &str, what: impl Into<String>) -> Problem {
        Problem { spot, key: key.to_owned(), what: hide_tokens(&what.into()), hint: None }
    }

    /// The same with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Line { file, line, column } => write!(f, "{}:{line}:{column}", file.display()),
            Spot::File(file) => write!(f, "{}", file.display()),
            Spot::Variable(name) => write!(f, "environment variable {name}"),
            Spot::Flag(name) => write!(f, "flag {name}"),
            Spot::Nowhere => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spot != Spot::Nowhere {
            write!(f, "{}: ", self.spot)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "one problem in the configuration")?,
            count => writeln!(f, "{count} problems in the configuration")?,
        }
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// Cuts every token of Slack off behind its prefix, which is all that may be shown of it, and the address of a webhook behind
/// its host.
fn hide_tokens(text: &str) -> String {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(xapp|xox[a-z.]+)-[\w.-]+").expect("a constant pattern that a test compiles")
    });
    static ADDRESS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"/services/[\w/-]+").expect("a constant pattern that a test compiles"));
    let text = TOKEN.replace_all(text, "$1-…");
    ADDRESS.replace_all(&text, "/services/…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Problem, Problems, Spot, nearest};

    #[test]
    fn a_typing_mistake_finds_the_key_that_was_meant() {
        let keys = ["quiet", "max_wait", "trusted_bots", "monitor", "fallback"];
        for (typed, meant) in [
            ("quite", Some("quiet")),
            ("maxwait", Some("max_wait")),
            ("trusted_bot", Some("trusted_bots")),
            ("Quiet", Some("quiet")),
            ("colour", None),
        ] {
            assert_eq!(nearest(typed, keys), meant, "{typed}");
        }
    }

    #[test]
    fn a_list_of_problems_reads_line_by_line() {
        let line = Spot::Line { file: "/etc/deskd/config.toml".into(), line: 3, column: 1 };
        let problems = Problems(vec![
            Problem::new(line, "inbox.quite", "unknown key").hint("did you mean \"quiet\"?"),
            Problem::new(Spot::Variable("DESKD_SLACK__SOCKETS".into()), "slack.sockets", "11 is too much"),
        ]);
        insta::assert_snapshot!(problems, @r#"
        2 problems in the configuration
        /etc/deskd/config.toml:3:1: inbox.quite: unknown key
          hint: did you mean "quiet"?
        environment variable DESKD_SLACK__SOCKETS: slack.sockets: 11 is too much
        "#);
    }
}
