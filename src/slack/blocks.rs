//! Cards in Slack's shapes: Block Kit within its limits, whatever is in them. What is too long is cut with a mark; nothing is
//! refused [slack-facts 5.1 to 5.4].
//!
//! The title and the context line are blocks of the message itself; the rest hangs at a bar in the colour of the severity,
//! which only attachments have. The text says everything: it is what notifications and screen readers get.

use serde_json::{Value, json};

use crate::domain::card::{Button, By, Card, Colour, Span};
use crate::domain::mrkdwn::escape;
use crate::domain::time::Timestamp;

/// The action that marks a problem as handled.
pub const HANDLED: &str = "notice_handled";

/// The action of a button that only opens an address; its click is acknowledged and nothing more.
pub const OPEN: &str = "notice_open";

/// Longest text of a section; 3,000 less a tenth, since Slack does not say what it counts.
const SECTION: usize = 2_700;

/// Longest field of a section: 2,000 less a tenth.
const FIELD: usize = 1_800;

/// Most fields of a section.
const FIELDS: usize = 10;

/// Most fields of a card: more are a report.
const MOST_FIELDS: usize = 40;

/// Longest address behind the mark of a cut.
const MORE: usize = 1_000;

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
    let Card { icon, title, context, body: _, fields: _, drawn: _, buttons, colour, mention } = card;
    let mention_before = if mention.is_empty() { String::new() } else { format!("{mention} ") };
    let heading = format!("{mention_before}{icon} *{}*", bold(&cut(title, TITLE)));
    let line = context.iter().map(shown).collect::<Vec<_>>().join(" · ");
    let mut top = vec![section(&heading)];
    if !line.is_empty() {
        top.push(json!({ "type": "context", "elements": [mrkdwn(&shorten(&line, SECTION, ""))] }));
    }
    let mut below = said(card);
    if !buttons.is_empty() {
        let elements: Vec<Value> = buttons.iter().take(2).enumerate().map(button).collect();
        below.push(json!({ "type": "actions", "elements": elements }));
    }
    let mut parts = json!({ "blocks": top });
    if !below.is_empty() {
        let fallback = bold(&cut(title, TITLE));
        parts["attachments"] = json!([{ "color": bar(*colour), "fallback": fallback, "blocks": below }]);
    }
    Message { text: fallback(card, &mention_before), parts }
}

/// What a card says beside title and context line: the user's template, or text and fields.
fn said(card: &Card) -> Vec<Value> {
    let more = more(card);
    if let Some(drawn) = &card.drawn {
        let drawn = shorten(&clean(drawn), SECTION, &more);
        return if drawn.trim().is_empty() { Vec::new() } else { vec![section(drawn.trim())] };
    }
    let mut blocks = Vec::new();
    if !card.body.trim().is_empty() {
        blocks.push(section(&cut_to(card.body.trim(), SECTION, &more)));
    }
    let rows = MOST_FIELDS.min(card.fields.len());
    blocks.extend(card.fields[..rows].chunks(FIELDS).map(|some| {
        let shown = some.iter().map(|(name, value)| mrkdwn(&field(name, value, &more)));
        json!({ "type": "section", "fields": shown.collect::<Vec<_>>() })
    }));
    if card.fields.len() > rows {
        let left = format!("and {} more fields{more}", card.fields.len() - rows);
        blocks.push(json!({ "type": "context", "elements": [mrkdwn(&left)] }));
    }
    blocks
}

/// What stands behind the mark of a cut: the way to the rest, where there is one and it is short enough.
fn more(card: &Card) -> String {
    let link = card.buttons.iter().find_map(|button| match button {
        Button::Open { link, .. } => Some(escape(link)),
        Button::Handled { .. } => None,
    });
    let short = link.filter(|link| size(link) <= MORE);
    short.map(|link| format!(" <{link}|more>")).unwrap_or_default()
}

/// The line of a thread that says who takes care of a problem.
pub fn handled(by: &By) -> Message {
    let text = format!(":ballot_box_with_check: Handled by {}", named(by));
    Message { parts: json!({ "blocks": [section(&text)] }), text }
}

/// Lines under a title, as one message: a digest, or what was held over night.
pub fn list(title: &str, lines: &[String], more: i64) -> Message {
    let mut blocks = vec![section(&format!("*{}*", bold(&cut(title, TITLE))))];
    let mut text = bold(&cut(title, TITLE));
    let mut part = String::new();
    let more = (more > 0).then(|| format!("and {more} more"));
    for line in lines.iter().map(|line| cut(line, 600)).chain(more) {
        if size(&part) + size(&line) >= SECTION {
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
    Message { text: shorten(&text, FALLBACK, ""), parts: json!({ "blocks": blocks }) }
}

/// The card as text: what notifications, searches and screen readers get.
fn fallback(card: &Card, mention: &str) -> String {
    let mut text = format!("{mention}{}", bold(&cut(&card.title, TITLE)));
    let line = card.context.iter().map(shown).collect::<Vec<_>>().join(" · ");
    if !line.is_empty() {
        text.push_str(&format!("\n{line}"));
    }
    let link = card.buttons.iter().find_map(|button| match button {
        Button::Open { link, .. } => Some(format!("\n{}", escape(link))),
        Button::Handled { .. } => None,
    });
    // The address is kept whatever else has to go.
    let link = link.filter(|link| size(link) <= FALLBACK / 2).unwrap_or_default();
    match &card.drawn {
        Some(drawn) => text.push_str(&format!("\n{}", clean(drawn).trim())),
        None => {
            if !card.body.trim().is_empty() {
                text.push_str(&format!("\n{}", cut(card.body.trim(), 1_500)));
            }
            for (name, value) in &card.fields {
                text.push_str(&format!("\n{}: {}", bold(&cut(name, 100)), told(value, 300)));
            }
        }
    }
    format!("{}{link}", shorten(&text, FALLBACK - size(&link), ""))
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": mrkdwn(text) })
}

/// Foreign text is not searched for addresses and names.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

fn field(name: &str, value: &Span, more: &str) -> String {
    let value = match value {
        Span::Text(text) if text.trim().is_empty() => "–".to_owned(),
        Span::Text(text) => cut_to(text.trim(), FIELD - 250, more),
        Span::Time(_) | Span::Count(..) | Span::Handled(_) => shown(value),
    };
    format!("*{}*\n{value}", bold(&cut(name, 100)))
}

fn told(value: &Span, most: usize) -> String {
    match value {
        Span::Text(text) => cut(text.trim(), most),
        Span::Time(_) | Span::Count(..) | Span::Handled(_) => shown(value),
    }
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
        Span::Handled(by) => format!("handled by {}", named(by)),
        Span::Count(count, first) => format!("{count} times, first {}", moment(*first)),
    }
}

fn named(by: &By) -> String {
    match by {
        By::Name(name) => cut(name, 300),
        By::Id(id) => format!("<@{}>", escape(&id.0)),
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

/// Within bold text a star would end it, and a line break, too; there has to be something in it.
fn bold(escaped: &str) -> String {
    let one_line = escaped.replace('*', "∗").replace(['\n', '\r', '\t'], " ");
    let trimmed = one_line.trim();
    if trimmed.is_empty() { "–".to_owned() } else { trimmed.to_owned() }
}

/// How long Slack may take a text to be: it does not say what it counts, so this is the larger of two ways.
fn size(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Without control characters, and without those that turn the direction of what follows: a value must not make its
/// neighbours look like something else.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control() && !turns(*c)).collect()
}

/// Escapes, and cuts so that what is escaped is at most `most` long and no escape is cut in two.
fn cut(text: &str, most: usize) -> String {
    cut_to(text, most, "")
}

/// The same, with the way to the rest behind the mark of the cut.
fn cut_to(text: &str, most: usize, more: &str) -> String {
    let text = clean(text);
    let whole = escape(&text);
    if size(&whole) <= most {
        return whole;
    }
    let room = most.saturating_sub(size(more) + size(CUT));
    let mut kept = String::new();
    let mut count = 0;
    for letter in text.chars() {
        let escaped = escape(letter.encode_utf8(&mut [0; 4]));
        count += size(&escaped);
        if count > room {
            break;
        }
        kept.push_str(&escaped);
    }
    format!("{}{CUT}{more}", kept.trim_end())
}

/// Cuts what is escaped already, at the end of a line where that is near, and never within an escape or a link.
fn shorten(text: &str, most: usize, more: &str) -> String {
    if size(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(size(more) + size(CUT));
    let mut end = 0;
    let mut count = 0;
    for (at, letter) in text.char_indices() {
        count += letter.len_utf16();
        if count > room {
            break;
        }
        end = at + letter.len_utf8();
    }
    let kept = &text[..end];
    let line = kept.rfind('\n').filter(|at| *at > kept.len() / 2);
    let whole = |kept: &str| {
        let open = kept.rfind('<').filter(|at| !kept[*at..].contains('>'));
        let escape = kept.rfind('&').filter(|at| !kept[*at..].contains(';'));
        open.into_iter().chain(escape).min()
    };
    let kept = &kept[..line.or_else(|| whole(kept)).unwrap_or(kept.len())];
    format!("{}{CUT}{more}", kept.trim_end())
}

/// Plain text for a label; never empty.
fn clip(text: &str, most: usize) -> String {
    let text = clean(text).replace(['\n', '\t'], " ");
    let mut kept = String::new();
    for letter in text.trim().chars() {
        if size(&kept) + letter.len_utf16() > most - 1 {
            kept.push_str(CUT);
            break;
        }
        kept.push(letter);
    }
    if kept.trim().is_empty() { "–".to_owned() } else { kept }
}
