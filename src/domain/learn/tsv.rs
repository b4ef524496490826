//! Examples and phrases as lines of text, parted by tabs: `category`, `text`; `category`, `phrase`, `weight`.
//!
//! In a text `\n` begins the next message of the bundle, `\r` is a line break within a message and `\\` is a backslash. The
//! category `!` is that of what is no request. A line that is wrong is told with its
//! number and harms no other; what stands in it is not told, because it may be what somebody wrote.

use super::model::{Example, Refused};
use super::prior::Phrase;

/// Weight of a phrase that has none.
const USUAL_WEIGHT: f32 = 2.0;

/// What stands in the place of the category where something is no request; no category can be called so.
const NO_REQUEST: &str = "!";
/// The category that such an example has here; it stands for nothing.
const NO_CATEGORY: &str = "none";

/// One line of what was taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it teaches; its category stands for nothing when it is no request.
    pub example: Example,
    /// Whether it is a request.
    pub is_request: bool,
}

/// What was read, and the lines that could not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Table<T> {
    /// What the good lines say, in their order.
    pub rows: Vec<T>,
    /// The other lines: number from one, and why.
    pub wrong: Vec<(usize, Wrong)>,
}

/// What may be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// There is no tab.
    #[error("there is no tab between category and text")]
    NoTab,
    /// It is no example.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Reads examples, each of weight one. Empty lines are passed over.
pub fn examples(text: &str) -> Table<Example> {
    table(text, |line| {
        let (category, text) = line.split_once('\t').ok_or(Wrong::NoTab)?;
        Ok(Example::new(messages(text), category, 1.0)?)
    })
}

/// Reads what was taught: examples of categories, and of what is no request.
pub fn lines(text: &str) -> Table<Line> {
    let Table { rows, wrong } = examples(text);
    let line = |example: Example| match example.category() {
        NO_REQUEST => Line { example: example.taken_for(NO_CATEGORY), is_request: false },
        _ => Line { example, is_request: true },
    };
    Table { rows: rows.into_iter().map(line).collect(), wrong }
}

/// Writes what `lines` reads. Tabs become spaces: they mean nothing to who reads words.
pub fn written(lines: &[Line]) -> String {
    let mut text = String::new();
    for Line { example, is_request } in lines {
        text.push_str(if *is_request { example.category() } else { NO_REQUEST });
        for (at, message) in example.texts().into_iter().enumerate() {
            text.push_str(if at == 0 { "\t" } else { "\\n" });
            for letter in message.replace("\r\n", "\n").chars() {
                match letter {
                    '\\' => text.push_str("\\\\"),
                    '\n' | '\r' => text.push_str("\\r"),
                    '\t' => text.push(' '),
                    _ => text.push(letter),
                }
            }
        }
        text.push('\n');
    }
    text
}

/// Reads phrases. Empty lines are passed over.
pub fn phrases(text: &str) -> Table<Phrase> {
    table(text, |line| {
        let mut cells = line.split('\t').map(str::trim);
        let category = cells.next().filter(|cell| !cell.is_empty()).ok_or(Refused::NoCategory)?;
        let text = cells.next().ok_or(Wrong::NoTab)?;
        if text.is_empty() {
            return Err(Refused::NoWords.into());
        }
        let weight = match cells.next() {
            None | Some("") => USUAL_WEIGHT,
            Some(cell) => cell.parse().ok().filter(|weight| *weight >= 0.0).ok_or(Refused::Weight)?,
        };
        Ok(Phrase { category: category.to_owned(), text: text.to_owned(), weight })
    })
}

fn table<T>(text: &str, read: impl Fn(&str) -> Result<T, Wrong>) -> Table<T> {
    let mut table = Table { rows: Vec::new(), wrong: Vec::new() };
    for (number, line) in (1..).zip(text.trim_start_matches('\u{FEFF}').lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match read(line) {
            Ok(row) => table.rows.push(row),
            Err(wrong) => table.wrong.push((number, wrong)),
        }
    }
    table
}

/// The messages of a written bundle.
fn messages(text: &str) -> Vec<String> {
    let mut messages = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = if letter == '\\' { letters.peek().copied() } else { None };
        let last = messages.len() - 1;
        match escaped {
            Some('n') => messages.push(String::new()),
            Some('r') => messages[last].push('\n'),
            Some('\\') => messages[last].push('\\'),
            Some(_) | None => {
                messages[last].push(letter);
                continue;
            }
        }
        letters.next();
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::{Refused, Wrong, examples, lines, phrases, written};

    #[test]
    fn a_line_is_a_bundle_with_its_category() {
        let table = examples("bug\tit fails\\nsince monday\n\nbilling\tC:\\\\new invoice\n");
        let read: Vec<(&str, Vec<&str>)> =
            table.rows.iter().map(|row| (row.category(), row.texts())).collect();
        assert_eq!(read, [("bug", vec!["it fails", "since monday"]), ("billing", vec!["C:\\new invoice"])]);
        assert_eq!(table.wrong, []);
    }

    #[test]
    fn a_corrupt_line_is_told_by_its_number_and_harms_no_other() {
        let table = examples("bug\tit fails\nno tab here\n\ttext\nbug\t\nbug\tstill here");
        assert_eq!(table.rows.len(), 2);
        let wrong = [
            (2, Wrong::NoTab),
            (3, Wrong::Refused(Refused::NoCategory)),
            (4, Wrong::Refused(Refused::NoWords)),
        ];
        assert_eq!(table.wrong, wrong);
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let text =
            "bug\tit fails\\n\\nC:\\\\new \\r- one\\r- two\n!\tlunch at noon?\nbilling\t請求書 :pray:\n";
        let table = lines(text);
        assert_eq!((table.rows.len(), table.rows[1].is_request, table.wrong.len()), (3, false, 0));
        assert_eq!(table.rows[0].example.texts(), ["it fails", "", "C:\\new \n- one\n- two"]);
        assert_eq!(written(&table.rows), text);
        let odd = crate::domain::learn::Example::new(vec!["a\tb\r\nc".to_owned()], "bug", 1.0).unwrap();
        let odd = super::Line { example: odd, is_request: true };
        assert_eq!(written(&[odd]), "bug\ta b\\rc\n");
    }

    #[test]
    fn a_phrase_has_a_weight_or_the_usual_one() {
        let table = phrases("bug\tit fails\t3.5\nbug\tbroken\nbug\tx\tmuch\nbug\tx\t-1\nbug\tx\tNaN\nbug");
        let weights: Vec<f32> = table.rows.iter().map(|phrase| phrase.weight).collect();
        assert_eq!(weights, [3.5, 2.0]);
        assert_eq!(table.wrong.len(), 4);
    }
}
