//! Cards: what a notice looks like, before Slack's shapes. Plain values; `slack::blocks` turns them into Block Kit and keeps
//! its limits.

use super::caller::PASSED;
use super::notice::problem::Effect;
use super::notice::{Content, Kind, Severity, Status};
use super::time::Timestamp;

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The emoji before the title, `:credit_card:`.
    pub icon: String,
    /// Its first line.
    pub title: String,
    /// Who, when, how much: one line under the title.
    pub context: Vec<Span>,
    /// What else there is to say; plain text.
    pub body: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
    /// At most two.
    pub buttons: Vec<Button>,
    /// The colour of its bar.
    pub colour: Colour,
    /// Whom it wakes, as Slack encodes it: `<!here>`. Empty for nobody.
    pub mention: String,
}

/// A piece of the context line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// An instant, shown to each reader in their own zone.
    Time(Timestamp),
}

/// A button of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Button {
    /// Opens the record.
    Open {
        /// Its label.
        label: String,
        /// Its address.
        link: String,
    },
    /// Marks the problem as handled.
    Handled {
        /// The problem's row.
        problem: i64,
    },
}

/// What the colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Over, or good.
    Green,
    /// Good to know.
    Blue,
    /// Somebody should look.
    Yellow,
    /// Something does not work.
    Orange,
    /// Somebody has to act.
    Red,
}

/// How a problem stands when its card is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The problem's row.
    pub problem: i64,
    /// Whether it lasts.
    pub status: Status,
    /// How many notices there have been.
    pub count: i64,
    /// When the first came.
    pub first_at: Timestamp,
    /// When the last came.
    pub last_at: Timestamp,
    /// Who marked it as handled; empty for nobody.
    pub handled_by: String,
}

/// Draws the card of a problem with its newest notice.
pub fn draw(content: &Content, kind: Option<&Kind>, standing: &Standing, mention: &str) -> Card {
    let over = standing.status == Status::Resolved;
    let icon = match (over, kind) {
        (true, _) => ":white_check_mark:".to_owned(),
        (false, Some(kind)) => kind.icon.clone(),
        (false, None) => ":bell:".to_owned(),
    };
    let title = if over { format!("Resolved: {}", content.title) } else { content.title.clone() };
    Card {
        icon,
        title,
        context: context(content, standing),
        body: content.text.clone(),
        fields: fields(content, kind),
        buttons: buttons(content, standing),
        colour: if over { Colour::Green } else { colour(content.severity) },
        mention: mention.to_owned(),
    }
}

/// One line for a thread or a list: what the newest notice says.
pub fn line(content: &Content, effect: Effect) -> String {
    let sign = match effect {
        Effect::Ends => ":white_check_mark: Resolved",
        Effect::Begins | Effect::Adds | Effect::Repeats | Effect::EndsNothing => match content.severity {
            Severity::Info => ":large_blue_circle: info",
            Severity::Warning => ":large_yellow_circle: warning",
            Severity::Error => ":large_orange_circle: error",
            Severity::Critical => ":red_circle: critical",
        },
    };
    format!("{sign}: {}", content.title)
}

fn colour(severity: Severity) -> Colour {
    match severity {
        Severity::Info => Colour::Blue,
        Severity::Warning => Colour::Yellow,
        Severity::Error => Colour::Orange,
        Severity::Critical => Colour::Red,
    }
}

fn context(content: &Content, standing: &Standing) -> Vec<Span> {
    let mut spans = vec![Span::Text(content.severity.as_str().to_owned())];
    spans.extend(content.fields.get("client").map(|client| Span::Text(client.clone())));
    spans.extend(content.amount.as_ref().map(|amount| Span::Text(amount.to_string())));
    spans.push(Span::Time(content.at));
    if standing.count > 1 {
        spans.push(Span::Text(format!("{} times, first", standing.count)));
        spans.push(Span::Time(standing.first_at));
    }
    if !standing.handled_by.is_empty() {
        spans.push(Span::Text(format!("handled by {}", standing.handled_by)));
    }
    spans
}

/// The fields in the order of the kind, the others after them by name. What the context line says is not said twice.
fn fields(content: &Content, kind: Option<&Kind>) -> Vec<(String, String)> {
    let known: Vec<&str> =
        kind.map(|kind| kind.fields.iter().map(|field| field.name.as_str()).collect()).unwrap_or_default();
    let shown = |name: &str| {
        !matches!(name, "client" | "currency" | PASSED) && (name != "amount" || content.amount.is_none())
    };
    let first = known.iter().filter_map(|name| content.fields.get_key_value(*name));
    let others = content.fields.iter().filter(|(name, _)| !known.contains(&name.as_str()));
    first
        .chain(others)
        .filter(|(name, value)| shown(name) && !value.trim().is_empty())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn buttons(content: &Content, standing: &Standing) -> Vec<Button> {
    let mut buttons = Vec::new();
    if let Some(link) = &content.link {
        buttons.push(Button::Open { label: "Open".to_owned(), link: link.clone() });
    }
    if standing.status != Status::Resolved && standing.handled_by.is_empty() {
        buttons.push(Button::Handled { problem: standing.problem });
    }
    buttons
}
