//! Cards in Slack's shapes: Block Kit within its limits, whatever is in them. What is too long is cut with a mark; nothing is
//! refused [slack-facts 5.1 to 5.4].
//!
//! The title and the context line are blocks of the message itself; the rest hangs at a bar in the colour of the severity,
//! which only attachments have. The text says everything: it is what notifications and screen readers get.

use serde_json::{Value, json};

use crate::domain::card::{Button, Card, Colour, Span};
use crate::domain::mrkdwn::escape;
use crate::domain::time::Timestamp;

/// The action that marks a problem as handled.
pub const HANDLED: &str = "notice_handled";

/// The action of a button that only opens an address; its click is acknowledged and nothing more.
pub const OPEN: &str = "notice_open";

/// Longest text of a section, in characters; 3,000 less a tenth, since Slack does not say what it counts.
const SECTION: usize = 2_700;

/// Longest field of a section: 2,000 less a tenth.
const FIELD: usize = 1_800;

/// Most fields of a section.
const FIELDS: usize = 10;

/// Longest title: readable on a phone.
const TITLE: usize = 300;

/// Longest fallback text: Slack advises 4,000.
const FALLBACK: usize = 3_500;

/// Longest label of a button: 75, about 30 are shown.
const LABEL: usize = 70;

/// Stands where something was cut.
const CUT: &str = "…";

/// A message ready for the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The text that says everything.
    pub text: String,
    /// `blocks` and `attachments`.
    pub parts: Value,
}

/// Draws a card.
pub fn card(card: &Card) -> Message {
    let Card { icon, title, context, body, fields, buttons, colour, mention } = card;
    let mention_before = if mention.is_empty() { String::new() } else { format!("{mention} ") };
    let heading = format!("{mention_before}{icon} *{}*", bold(&cut(title, TITLE)));
    let line = context.iter().map(shown).collect::<Vec<_>>().join(" · ");
    let mut top = vec![section(&heading)];
    if !line.is_empty() {
        top.push(json!({ "type": "context", "elements": [mrkdwn(&shorten(&line, SECTION))] }));
    }
    let mut below = Vec::new();
    if !body.trim().is_empty() {
        below.push(section(&cut(body.trim(), SECTION)));
    }
    below.extend(fields.chunks(FIELDS).take(4).map(|some| {
        let shown = some.iter().map(|(name, value)| mrkdwn(&field(name, value)));
        json!({ "type": "section", "fields": shown.collect::<Vec<_>>() })
    }));
    if !buttons.is_empty() {
        let elements: Vec<Value> = buttons.iter().take(2).enumerate().map(button).collect();
        below.push(json!({ "type": "actions", "elements": elements }));
    }
    let mut parts = json!({ "blocks": top });
    if !below.is_empty() {
        let fallback: String = cut(title, TITLE);
        parts["attachments"] = json!([{ "color": bar(*colour), "fallback": fallback, "blocks": below }]);
    }
    Message { text: fallback(card, &mention_before), parts }
}

/// Lines under a title, as one message: a digest, or what was held over night.
pub fn list(title: &str, lines: &[String], more: i64) -> Message {
    let mut blocks = vec![section(&format!("*{}*", bold(&cut(title, TITLE))))];
    let mut text = escape(title);
    let mut part = String::new();
    let more = (more > 0).then(|| format!("and {more} more"));
    for line in lines.iter().map(|line| cut(line, 600)).chain(more) {
        if part.chars().count() + line.chars().count() > SECTION {
            blocks.push(section(&std::mem::take(&mut part)));
        }
        part.push_str(if part.is_empty() { "" } else { "\n" });
        part.push_str(&line);
        text.push('\n');
        text.push_str(&line);
    }
    if !part.is_empty() {
        blocks.push(section(&part));
    }
    blocks.truncate(50);
    Message { text: shorten(&text, FALLBACK), parts: json!({ "blocks": blocks }) }
}

fn fallback(card: &Card, mention: &str) -> String {
    let mut text = format!("{mention}{}", cut(&card.title, TITLE));
    let line = card.context.iter().map(shown).collect::<Vec<_>>().join(" · ");
    if !line.is_empty() {
        text.push_str(&format!("\n{line}"));
    }
    if !card.body.trim().is_empty() {
        text.push_str(&format!("\n{}", cut(card.body.trim(), 1_500)));
    }
    for (name, value) in &card.fields {
        text.push_str(&format!("\n{}: {}", cut(name, 100), cut(value, 300)));
    }
    for button in &card.buttons {
        if let Button::Open { link, .. } = button {
            text.push_str(&format!("\n{}", escape(link)));
        }
    }
    shorten(&text, FALLBACK)
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// Foreign text is not searched for addresses and names.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn field(name: &str, value: &str) -> String {
    let value = if value.trim().is_empty() { "–" } else { value.trim() };
    format!("*{}*\n{}", bold(&cut(name, 100)), cut(value, FIELD - 150))
}

fn button((at, button): (usize, &Button)) -> Value {
    let style = |mut value: Value| {
        if at == 0 {
            value["style"] = json!("primary");
        }
        value
    };
    let label = |text: &str| json!({ "type": "plain_text", "text": clip(text, LABEL), "emoji": true });
    style(match button {
        Button::Open { label: text, link } => {
            json!({ "type": "button", "action_id": OPEN, "text": label(text), "url": link })
        }
        Button::Handled { problem } => json!({
            "type": "button", "action_id": HANDLED, "text": label("Mark as handled"), "value": problem.to_string(),
        }),
    })
}

fn shown(span: &Span) -> String {
    match span {
        Span::Text(text) => cut(text, 300),
        Span::Time(at) => moment(*at),
    }
}

/// An instant that each reader sees in their own zone [slack-facts 10].
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let minutes = text.get(..16).unwrap_or(&text).replace('T', " ");
    format!("<!date^{}^{{date_short_pretty}} {{time}}|{minutes} UTC>", at.unix_seconds())
}

fn bar(colour: Colour) -> &'static str {
    match colour {
        Colour::Green => "#2eb67d",
        Colour::Blue => "#36c5f0",
        Colour::Yellow => "#ecb22e",
        Colour::Orange => "#e8912d",
        Colour::Red => "#e01e5a",
    }
}

/// Within bold text a star would end it, and a line break, too.
fn bold(escaped: &str) -> String {
    escaped.replace('*', "∗").replace(['\n', '\r'], " ")
}

/// Escapes, and cuts so that what is escaped is at most `most` characters long and no escape is cut in two.
fn cut(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(|c| *c == '\n' || *c == '\t' || !c.is_control()).collect();
    let whole = escape(&text);
    if whole.chars().count() <= most {
        return whole;
    }
    let mut kept = String::new();
    let mut count = 0;
    for letter in text.chars() {
        let escaped = escape(&letter.to_string());
        count += escaped.chars().count();
        if count + 1 > most {
            break;
        }
        kept.push_str(&escaped);
    }
    format!("{}{CUT}", kept.trim_end())
}

/// Cuts what is escaped already, at the end of a line where that is near.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    let end = kept.rfind('\n').filter(|at| *at > kept.len() / 2).unwrap_or_else(|| {
        // Neither an escape nor a link may be cut in two.
        kept.rfind(['&', '<']).filter(|at| kept.len() - at < 3_100).unwrap_or(kept.len())
    });
    format!("{}{CUT}", kept[..end].trim_end())
}

fn clip(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match text.chars().count() > most {
        true => format!("{}{CUT}", text.chars().take(most - 1).collect::<String>()),
        false => text,
    }
}
