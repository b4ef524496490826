//! How things look on a terminal: tables that fit its width, a few colours, times as people say them.
//!
//! Styles are written as escape codes always; the stream at the end takes them out where nobody would see them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Row, Table};
use jiff::tz::TimeZone;

use crate::domain::time::Timestamp;

/// What a rendering depends on besides its document.
#[derive(Clone, Debug)]
pub struct View {
    /// The instant that "2 min ago" counts from.
    pub now: Timestamp,
    /// Columns of the terminal; `None` where lines may be as long as they like.
    pub width: Option<u16>,
    /// The zone in which times of day are shown.
    pub zone: TimeZone,
}

/// Narrower terminals get what a 40-column one gets.
const NARROWEST: u16 = 40;

/// Widest text in prose; longer lines are hard to read.
const PROSE: usize = 100;

impl View {
    /// The view of this terminal.
    pub fn of_terminal(now: Timestamp) -> View {
        View { now, width: width(), zone: TimeZone::system() }
    }

    /// `2 min ago`, `in 3 h`, `just now`; `-` for nothing, and the text itself when it is no time.
    pub fn ago(&self, at: Option<&str>) -> String {
        let Some(text) = at else { return "-".to_owned() };
        let Some(at) = instant(text) else { return text.to_owned() };
        match (self.now.since(at).as_secs(), at.since(self.now).as_secs()) {
            (0..5, 0..5) => "just now".to_owned(),
            (past, 0) => format!("{} ago", span(past)),
            (_, ahead) => format!("in {}", span(ahead)),
        }
    }

    /// The time of day, with the date unless it is today.
    pub fn clock(&self, at: &str) -> String {
        let Some(instant) = instant(at) else { return at.to_owned() };
        let local =
            |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(self.zone.clone()));
        match (local(instant), local(self.now)) {
            (Ok(then), Ok(now)) if then.date() == now.date() => then.strftime("%H:%M:%S").to_string(),
            (Ok(then), _) => then.strftime("%Y-%m-%d %H:%M").to_string(),
            (Err(_), _) => at.to_owned(),
        }
    }

    /// Columns that prose may take.
    pub fn prose(&self) -> usize {
        usize::from(self.width.unwrap_or(u16::MAX).max(NARROWEST)).min(PROSE)
    }

    /// A table with one line per row: what does not fit is cut with `…`. `paint` styles the line of a row.
    pub fn table(&self, header: &[&str], rows: &[Vec<String>], paint: impl Fn(usize) -> Style) -> String {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(width) = self.width {
            table.set_width(width.max(NARROWEST));
        }
        table.set_header(header.iter().copied());
        for row in rows {
            // A line break inside a cell would make two lines of a row.
            let cells = row.iter().map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" "));
            let mut row = Row::from(cells.collect::<Vec<_>>());
            row.max_height(1);
            table.add_row(row);
        }
        if let Some(first) = table.column_mut(0) {
            first.set_padding((0, 1));
        }
        let mut lines = String::new();
        for (at, line) in table.lines().enumerate() {
            let style = match at.checked_sub(1) {
                None => dim(),
                Some(row) => paint(row),
            };
            lines.push_str(&format!("{}\n", styled(style, line.trim_end())));
        }
        lines
    }
}

/// How long a whole number of seconds is, in one unit.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `1 task`, `2 tasks`.
pub fn plural(count: i64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// The text in a style.
pub fn styled(style: Style, text: impl Display) -> String {
    match style.is_plain() {
        true => text.to_string(),
        false => format!("{style}{text}{style:#}"),
    }
}

/// For what carries a screen.
pub fn bold() -> Style {
    Style::new().bold()
}

/// For what stands back.
pub fn dim() -> Style {
    Style::new().dimmed()
}

/// For what is well.
pub fn good() -> Style {
    AnsiColor::Green.on_default()
}

/// For what somebody should look at.
pub fn odd() -> Style {
    AnsiColor::Yellow.on_default()
}

/// For what is wrong.
pub fn bad() -> Style {
    AnsiColor::Red.on_default()
}

/// Text in lines of at most `width` columns, each behind `indent`; line breaks in the text stay.
pub fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let room = width.saturating_sub(indent.len()).max(20);
    let mut lines = String::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                lines.push_str(&format!("{indent}{line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push_str(format!("{indent}{line}").trim_end());
        lines.push('\n');
    }
    lines
}

/// An instant in RFC 3339.
pub fn instant(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
}

/// Lines of the terminal; a pipe has none.
pub fn height() -> Option<u16> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_row).filter(|rows| *rows > 0)
}

/// What the terminal says, else what the environment says; a pipe has no width.
fn width() -> Option<u16> {
    let seen = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col);
    let said = || std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    seen.or_else(said).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::{View, dim, wrapped};
    use crate::domain::time::Timestamp;
    use anstyle::Style;
    use jiff::tz::TimeZone;

    fn view(width: Option<u16>) -> View {
        View { now: Timestamp(1_700_000_000_000), width, zone: TimeZone::UTC }
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        for (at, told) in [
            ("2023-11-14T22:13:18.000Z", "just now"),
            ("2023-11-14T22:12:50.000Z", "30 s ago"),
            ("2023-11-14T22:11:20.000Z", "2 min ago"),
            ("2023-11-14T19:13:20.000Z", "3 h ago"),
            ("2023-11-11T22:13:20.000Z", "3 days ago"),
            ("2023-11-14T22:43:20.000Z", "in 30 min"),
            ("soon", "soon"),
        ] {
            assert_eq!(view(None).ago(Some(at)), told, "{at}");
        }
        assert_eq!(view(None).ago(None), "-");
        assert_eq!(view(None).clock("2023-11-14T20:01:02.000Z"), "20:01:02");
        assert_eq!(view(None).clock("2023-11-13T20:01:02.000Z"), "2023-11-13 20:01");
    }

    #[test]
    fn a_row_is_one_line_however_narrow_the_terminal() {
        let rows = vec![vec!["1".to_owned(), "a very long text\nwith a second line in it".to_owned()]];
        let table = |width| view(width).table(&["ID", "TEXT"], &rows, |_| Style::new());
        let styled = |text: &str| format!("{}{text}{:#}", dim(), dim());
        assert_eq!(
            table(None),
            format!("{}\n1   a very long text with a second line in it\n", styled("ID  TEXT"))
        );
        let narrow = table(Some(30));
        assert_eq!(narrow.lines().count(), 2);
        assert!(narrow.lines().nth(1).is_some_and(|line| line.ends_with('…')), "{narrow}");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(
            wrapped("one two three four five\nsix", 22, "  "),
            "  one two three four\n  five\n  six\n"
        );
    }
}
