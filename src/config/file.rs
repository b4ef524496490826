//! One TOML file as text, as a tree, and as lines and columns. What the keys mean is not known here.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use super::problem::{Problem, Spot};

/// The text of a configuration file and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's path, as problems name it.
    pub path: PathBuf,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Reads a file; the problem says why that failed and what to do.
    pub fn read(path: &Path) -> Result<Source, Problem> {
        let trouble = |what: String| Problem::new(Spot::File(path.to_path_buf()), "", what);
        let bytes = std::fs::read(path).map_err(|error| {
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "write one with \"deskd init\", or name another with --config"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "run as root, or join the group that may read the file"
                }
                _ => "name another file with --config",
            };
            trouble(format!("cannot read the file: {error}")).hint(hint)
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
            trouble(format!("line {} is not UTF-8 text", line + 1)).hint("save the file as UTF-8")
        })?;
        Ok(Source { path: path.to_path_buf(), text })
    }

    /// The tree of the file and all its mistakes of syntax.
    ///
    /// What could be understood stands in the tree, so that mistakes of meaning elsewhere are told in the same run.
    pub fn parse(&self) -> (Spanned<DeTable<'_>>, Vec<Problem>) {
        let (tree, errors) = DeTable::parse_recoverable(&self.text);
        let problem = |error: &toml::de::Error| {
            let spot = self.spot(error.span().unwrap_or_default());
            Problem::new(spot, "", format!("not TOML here: {}", error.message()))
        };
        let mut problems: Vec<Problem> = errors.iter().map(problem).collect();
        problems.sort();
        // One slip makes the parser stumble several times on the same line; the first is the one that helps.
        problems.dedup_by_key(|problem| line_of(&problem.spot));
        (tree, problems)
    }

    /// Where a span of the text begins, in lines and characters counted from 1.
    pub fn spot(&self, span: Range<usize>) -> Spot {
        let start = self.text.floor_char_boundary(span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Spot::Line {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// The line a spot stands on; 0 for what is not a line of a file.
pub fn line_of(spot: &Spot) -> usize {
    match spot {
        Spot::Line { line, .. } => *line,
        Spot::File(_) | Spot::Variable(_) | Spot::Flag(_) | Spot::Nowhere => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, line_of};
    use std::path::Path;

    fn source(text: &str) -> Source {
        Source { path: "config.toml".into(), text: text.to_owned() }
    }

    #[test]
    fn a_spot_counts_characters_and_not_bytes() {
        let file = source("# é\n\"ü\" = 1 # x\n");
        let at = file.text.find('1').expect("there is a 1");
        assert_eq!(file.spot(at..at + 1).to_string(), "config.toml:2:7");
        assert_eq!(file.spot(500..501).to_string(), "config.toml:3:1");
    }

    #[test]
    fn every_line_with_a_slip_is_told_once() {
        let file = source("[inbox]\nquiet = \nmax_wait = \"5m\"\n[store\npath = \"x\"\n");
        let (tree, problems) = file.parse();
        assert_eq!(problems.iter().map(|p| line_of(&p.spot)).collect::<Vec<_>>(), [2, 4]);
        assert!(tree.get_ref().contains_key("inbox"));
    }

    #[test]
    fn a_missing_file_comes_with_the_next_step() {
        let problem = Source::read(Path::new("/nonexistent/config.toml")).expect_err("it is not there");
        assert!(problem.to_string().contains("deskd init"), "{problem}");
    }
}
