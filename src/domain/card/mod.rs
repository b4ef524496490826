//! Cards: what a notice looks like, before Slack's shapes. Plain values; `slack::blocks` turns them into Block Kit and keeps
//! its limits. `details` says what stands where, `template` renders what users write for kinds of their own.

mod details;
pub mod template;

use self::details::{Details, details};
use super::ids::PersonId;
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
    pub fields: Vec<(String, Span)>,
    /// What a user's template made of it, as Slack encodes it: it stands in place of body and fields.
    pub drawn: Option<String>,
    /// At most two.
    pub buttons: Vec<Button>,
    /// The colour of its bar.
    pub colour: Colour,
    /// Whom it wakes, as Slack encodes it: `<!here>`. Empty for nobody.
    pub mention: String,
}

/// A piece of the context line, or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain text.
    Text(String),
    /// An instant, shown to each reader in their own zone.
    Time(Timestamp),
    /// Who takes care of it.
    Handled(By),
    /// How often, and since when.
    Count(i64, Timestamp),
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
    /// Who marked it as handled; `None` for nobody.
    pub handled_by: Option<By>,
}

/// A person as well as we know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// By name.
    Name(String),
    /// By id alone: Slack shows the name.
    Id(PersonId),
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
    let Details { who, body, fields } = details(content, kind);
    Card {
        icon,
        title,
        context: context(content, who, standing),
        body,
        fields,
        drawn: None,
        buttons: buttons(content, kind, standing),
        colour: if over { Colour::Green } else { colour(content.severity) },
        mention: mention.to_owned(),
    }
}

/// One line for a thread or a list: what the newest notice says, about whom and how much.
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
    let mut line = format!("{sign}: {}", content.title);
    let who = details(content, None).who;
    for more in who.into_iter().chain(content.amount.as_ref().map(ToString::to_string)) {
        line.push_str(&format!(" · {more}"));
    }
    line
}

fn colour(severity: Severity) -> Colour {
    match severity {
        Severity::Info => Colour::Blue,
        Severity::Warning => Colour::Yellow,
        Severity::Error => Colour::Orange,
        Severity::Critical => Colour::Red,
    }
}

/// Who, how much, when; how often, and who takes care of it. That something is good to know goes without saying.
fn context(content: &Content, who: Option<String>, standing: &Standing) -> Vec<Span> {
    let severity = (content.severity != Severity::Info).then(|| content.severity.as_str().to_owned());
    let amount = content.amount.as_ref().map(ToString::to_string);
    let mut spans: Vec<Span> = severity.into_iter().chain(who).chain(amount).map(Span::Text).collect();
    spans.push(Span::Time(content.at));
    if standing.count > 1 {
        spans.push(Span::Count(standing.count, standing.first_at));
    }
    spans.extend(standing.handled_by.clone().map(Span::Handled));
    spans
}

fn buttons(content: &Content, kind: Option<&Kind>, standing: &Standing) -> Vec<Button> {
    let mut buttons = Vec::new();
    if let Some(link) = &content.link {
        let label = kind.map_or_else(|| "Open".to_owned(), |kind| kind.open.clone());
        buttons.push(Button::Open { label, link: link.clone() });
    }
    if standing.status != Status::Resolved && standing.handled_by.is_none() {
        buttons.push(Button::Handled { problem: standing.problem });
    }
    buttons
}
