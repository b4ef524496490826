//! Templates that people write: values in, text for Slack out.
//!
//! A template is not trusted to be right: what is missing is an error and not a gap, its work is limited, and values are
//! escaped, so that a name with `<!channel>` in it wakes nobody. An error names the line and never a value.

use std::borrow::Cow;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value as Json;

use super::figures::{grouped, span_words};
use super::mrkdwn::escape;

/// How many steps a rendering may take: a table of a thousand rows takes about 50,000.
const FUEL: u64 = 500_000;
/// The longest template, in bytes.
pub const LONGEST_TEMPLATE: usize = 64 << 10;
/// The longest text that one may make, in bytes: what is longer is a document, not a message.
pub const LONGEST_TEXT: usize = 64 << 10;
/// The name that a template has inside; templates know no others.
const NAME: &str = "template";

/// What is wrong with a template, or went wrong while it was rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", .line.map(|line| format!(" in line {line}")).unwrap_or_default())]
pub struct Flaw {
    /// What, in a few words; never a value.
    pub what: String,
    /// The line of the template, counted from 1.
    pub line: Option<usize>,
}

/// A template that can be rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
}

impl Template {
    /// Reads a template.
    pub fn new(source: &str) -> Result<Template, Flaw> {
        if source.len() > LONGEST_TEMPLATE {
            return Err(Flaw { what: "the template is too long".to_owned(), line: None });
        }
        let template = Template { source: source.to_owned() };
        template.environment().map(|_| ()).map_err(|error| flaw(&error))?;
        Ok(template)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text that `values` make.
    pub fn render(&self, values: &Json) -> Result<String, Flaw> {
        let environment = self.environment().map_err(|error| flaw(&error))?;
        let mut text = Limited { text: Vec::new() };
        let rendered = environment
            .get_template(NAME)
            .and_then(|template| template.render_captured_to(Serde(values), &mut text).map(|_| ()));
        match rendered {
            Ok(()) => Ok(tidied(&String::from_utf8_lossy(&text.text))),
            Err(error) => Err(flaw(&error)),
        }
    }

    fn environment(&self) -> Result<Environment<'_>, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        environment.set_syntax(syntax);
        environment.set_auto_escape_callback(|_| AutoEscape::Custom(Cow::Borrowed("mrkdwn")));
        environment.set_formatter(write_escaped);
        environment.add_filter("span", |seconds: i64| span_words(seconds));
        environment.add_filter("amount", |amount: String| grouped(&amount));
        environment.add_template(NAME, &self.source)?;
        Ok(environment)
    }
}

/// Text that stops growing when it is too long.
struct Limited {
    text: Vec<u8>,
}

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > LONGEST_TEXT {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Values as Slack's text: escaped unless the template says `|safe`, and nothing for "none".
fn write_escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::Undefined => return Err(minijinja::Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => return Ok(()),
        _ => {}
    }
    let text = value.to_string();
    let text = if value.is_safe() { text } else { escape(&text) };
    out.write_str(&text).map_err(|_| minijinja::Error::from(ErrorKind::WriteFailure))
}

/// Without space at the ends and without more than one empty line in a row: loops leave such gaps.
fn tidied(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.trim_end().to_owned()
}

/// The kind of an error and its line. Its detail may quote a value, so it stays where it is.
fn flaw(error: &minijinja::Error) -> Flaw {
    let what = match error.kind() {
        ErrorKind::UndefinedError => "a value is missing",
        ErrorKind::OutOfFuel => "the template does too much",
        ErrorKind::WriteFailure => "the text is too long",
        ErrorKind::SyntaxError => return syntax(error),
        ErrorKind::UnknownFilter => "there is no such filter",
        ErrorKind::UnknownTest => "there is no such test",
        ErrorKind::UnknownFunction => "there is no such function",
        ErrorKind::UnknownMethod => "there is no such method",
        _ => "a value has another form than the template expects",
    };
    Flaw { what: what.to_owned(), line: error.line() }
}

/// A slip of syntax is in the template itself, which holds no values: it may be quoted.
fn syntax(error: &minijinja::Error) -> Flaw {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    Flaw { what: format!("not a template{detail}"), line: error.line() }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use serde_json::json;

    fn render(source: &str, values: serde_json::Value) -> String {
        match Template::new(source).and_then(|template| template.render(&values)) {
            Ok(text) => text,
            Err(flaw) => format!("flaw: {flaw}"),
        }
    }

    #[test]
    fn values_are_escaped_and_the_template_itself_is_not() {
        let text = render("*{{ who }}* <https://x.example|more>", json!({"who": "<!channel> & co"}));
        assert_eq!(text, "*&lt;!channel&gt; &amp; co* <https://x.example|more>");
        assert_eq!(render("{{ link|safe }}", json!({"link": "<https://x.example>"})), "<https://x.example>");
    }

    #[test]
    fn a_flaw_names_the_line_and_never_a_value() {
        for (source, flaw) in [
            ("one\n{{ two }}", "flaw: a value is missing in line 2"),
            ("{{ secret.more.deep }}", "flaw: a value is missing in line 1"),
            (
                "{% for x in secret %}{% endfor %}{{ secret + 1 }}",
                "flaw: a value has another form than the template expects in line 1",
            ),
            ("{{ secret|nosuch }}", "flaw: there is no such filter in line 1"),
            (
                "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = b %}{% endfor %}{% endfor %}",
                "flaw: the template does too much in line 1",
            ),
            ("{% for a in range(9000) %}0123456789{% endfor %}", "flaw: the text is too long"),
        ] {
            assert_eq!(render(source, json!({"secret": "hunter2"})), flaw, "{source}");
        }
        let slip = render("a\n{% if %}", json!({}));
        assert!(slip.starts_with("flaw: not a template: ") && slip.ends_with(" in line 2"), "{slip}");
    }

    #[test]
    fn gaps_that_loops_leave_are_closed() {
        let source =
            "a\n{% for x in [1, 2] %}\n{% if x == 1 %}\n- {{ x }}\n{% endif %}\n{% endfor %}\n\n\n\nb\n\n";
        assert_eq!(render(source, json!({})), "a\n- 1\n\nb");
    }
}
