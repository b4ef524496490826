//! Whom a notice calls: words of the configuration, what they mean in a workspace, and how often a whole channel may be
//! called. What cannot be resolved stays as plain text, which calls nobody, and says why.
//!
//! Not done here: finding the people and groups that could be meant (the store) and counting the day's broad mentions.

mod reason;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::tz::TimeZone;

pub use reason::MentionReason;

use super::contact::normal_email;
use super::directory::Directory;
use super::ids::{GroupId, PersonId};
use super::message::Profile;
use super::mrkdwn::escape;
use super::time::Timestamp;

/// The shortest id that Slack gives out, in characters: shorter words in capitals are names.
const ID_LENGTH: usize = 9;

/// The longest name that Slack allows, in characters.
const NAME_LENGTH: usize = 80;

/// One entry of a list of mentions.
#[derive(Clone, PartialEq, Eq)]
pub enum Mention {
    /// Nobody: says that the list is empty on purpose.
    None,
    /// Whoever of the channel is active now.
    Here,
    /// Everybody in the channel.
    Channel,
    /// Whoever has this handle, without `@`: a group, else a person; a person's display name counts when it is the only one.
    Named(String),
    /// A person by id.
    Person(PersonId),
    /// A person by e-mail address.
    Email(String),
    /// A group by id.
    Group(GroupId),
}

/// Why a text is no mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAMention {
    /// `@everyone` calls the whole company; nothing deskd has to say is worth that.
    Everyone,
    /// It has no form that we know.
    Unreadable,
}

/// A list of mentions as it stands in front of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Slack's tokens and plain words, one space between them; empty when nobody is named.
    pub prefix: String,
    /// What became of each entry, in its order; `none` has no reason.
    pub reasons: Vec<MentionReason>,
}

/// How many broad mentions a channel takes a day, and where that day is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many; 0 allows none.
    pub per_day: u32,
    /// Where midnight is.
    pub zone: TimeZone,
}

impl NotAMention {
    /// What is wrong, in a few words.
    pub fn sentence(self) -> &'static str {
        match self {
            NotAMention::Everyone => "@everyone calls the whole company",
            NotAMention::Unreadable => "this is no mention",
        }
    }

    /// What to write instead.
    pub fn hint(self) -> &'static str {
        match self {
            NotAMention::Everyone => "write \"@here\" or \"@channel\", or name a group",
            NotAMention::Unreadable => {
                "write \"@here\", \"@channel\", \"@handle\", an e-mail address, or an id (U..., S...)"
            }
        }
    }
}

impl Rendered {
    /// Whether it calls a whole channel: then it counts against the budget.
    pub fn is_broad(&self) -> bool {
        let broad = ["<!here>", "<!channel>"];
        self.reasons
            .iter()
            .any(|reason| matches!(reason, MentionReason::Called(token) if broad.contains(&token.as_str())))
    }
}

impl Mention {
    /// Whether it calls a whole channel.
    pub fn is_broad(&self) -> bool {
        matches!(self, Mention::Here | Mention::Channel)
    }

    /// The entry as plain words. Of an address only what stands before its `@`.
    fn plain(&self) -> String {
        match self {
            Mention::None => String::new(),
            Mention::Here => "@here".to_owned(),
            Mention::Channel => "@channel".to_owned(),
            Mention::Named(name) => format!("@{name}"),
            Mention::Person(PersonId(id)) | Mention::Group(GroupId(id)) => format!("@{id}"),
            Mention::Email(address) => format!("@{}", address.split('@').next().unwrap_or_default()),
        }
    }

    /// The entry as it is stored; `parse` reads it back. It may be an address: not for people's eyes.
    pub fn word(&self) -> String {
        match self {
            Mention::None => "none".to_owned(),
            Mention::Person(PersonId(id)) | Mention::Group(GroupId(id)) => id.clone(),
            Mention::Email(address) => address.clone(),
            Mention::Here | Mention::Channel | Mention::Named(_) => self.plain(),
        }
    }

    /// The entry as a reason or a list of settings names it: an address stays where it was written.
    pub fn shown(&self) -> String {
        match self {
            Mention::None => "none".to_owned(),
            Mention::Email(_) => "(an e-mail address)".to_owned(),
            Mention::Here | Mention::Channel | Mention::Named(_) | Mention::Person(_) | Mention::Group(_) => {
                self.plain()
            }
        }
    }
}

impl fmt::Debug for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mention({})", self.shown())
    }
}

/// Reads one entry: `none`, `@here`, `@channel`, `@handle`, an e-mail address, or an id (`U…`, `W…`, `S…`), also as Slack
/// writes it (`<@U…>`, `<!subteam^S…>`).
pub fn parse(text: &str) -> Result<Mention, NotAMention> {
    let text = text.trim();
    let bare = text.trim_start_matches("<@").trim_start_matches("<!subteam^").trim_end_matches('>');
    let bare = bare.split('|').next().unwrap_or(bare);
    match text.to_ascii_lowercase().as_str() {
        "none" => return Ok(Mention::None),
        "@here" | "<!here>" => return Ok(Mention::Here),
        "@channel" | "<!channel>" => return Ok(Mention::Channel),
        "@everyone" | "<!everyone>" => return Err(NotAMention::Everyone),
        _ if is_id(bare, &['U', 'W']) => return Ok(Mention::Person(PersonId(bare.to_owned()))),
        _ if is_id(bare, &['S']) => return Ok(Mention::Group(GroupId(bare.to_owned()))),
        _ => {}
    }
    let plain = |text: &str| {
        let odd = |letter: char| letter.is_control() || "<>@|".contains(letter);
        !text.is_empty() && text.trim() == text && text.chars().count() <= NAME_LENGTH && !text.contains(odd)
    };
    match text.split_once('@') {
        Some(("", name)) if plain(name) => Ok(Mention::Named(name.to_owned())),
        Some((local, domain))
            if plain(local) && plain(domain) && domain.contains('.') && !text.contains(' ') =>
        {
            Ok(Mention::Email(normal_email(text)))
        }
        Some(_) | None => Err(NotAMention::Unreadable),
    }
}

/// Whether one more broad mention is within the budget.
pub fn within_budget(used_today: u32, budget: u32) -> bool {
    used_today < budget
}

/// The day that `now` belongs to where midnight is `zone`'s, for instance `2026-11-21`.
pub fn day(now: Timestamp, zone: &TimeZone) -> String {
    let instant = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    instant.to_zoned(zone.clone()).date().to_string()
}

/// Renders the entries for a workspace. `may_call_all` says whether the channel's budget allows a broad mention; one message
/// uses one of them, whether it calls those who are active or all.
pub fn resolve(mentions: &[Mention], directory: &Directory, may_call_all: bool) -> Rendered {
    let mut rendered = Rendered::default();
    let mut words: Vec<String> = Vec::new();
    // Everybody includes whoever is active.
    let all = may_call_all && mentions.contains(&Mention::Channel);
    for mention in mentions {
        let found: Found = match mention {
            Mention::None => continue,
            Mention::Here if all => Err(MentionReason::Repeated),
            Mention::Here if may_call_all => Ok("<!here>".to_owned()),
            Mention::Channel if may_call_all => Ok("<!channel>".to_owned()),
            Mention::Here | Mention::Channel => Err(MentionReason::OverBudget),
            Mention::Named(name) => named(directory, name),
            Mention::Person(id) => called(directory.people.iter().find(|person| person.person == *id)),
            Mention::Email(address) => called(by_email(directory, address)),
            Mention::Group(id) => {
                let group = directory.groups.iter().find(|group| group.id == *id);
                group.map(|group| subteam(&group.id)).ok_or(MentionReason::Unknown)
            }
        };
        rendered.reasons.push(match found {
            Ok(token) if words.contains(&token) => MentionReason::Repeated(mention.shown()),
            Ok(token) => {
                words.push(token.clone());
                MentionReason::Called(token)
            }
            Err(why) => {
                let reason = why(mention.shown());
                let word = escape(&mention.plain());
                let is_said = matches!(reason, MentionReason::Repeated(_)) || words.contains(&word);
                words.extend((!is_said).then_some(word));
                reason
            }
        });
    }
    rendered.prefix = words.join(" ");
    rendered
}

type Found = Result<String, fn(String) -> MentionReason>;

/// A group goes first: its handle was made to be called.
fn named(directory: &Directory, name: &str) -> Found {
    let fits = |other: &str| other.eq_ignore_ascii_case(name);
    if let Some(group) = directory.groups.iter().find(|group| fits(&group.handle)) {
        return Ok(subteam(&group.id));
    }
    let by_handle = |person: &&Profile| fits(&person.handle);
    let open = || directory.people.iter().filter(|person| !person.deleted);
    let mut by_name = open().filter(|person| fits(&person.name));
    match (open().find(by_handle), by_name.next(), by_name.next()) {
        (Some(person), ..) | (None, Some(person), None) => called(Some(person)),
        (None, Some(_), Some(_)) => Err(MentionReason::Ambiguous),
        (None, None, _) => {
            let closed = directory.people.iter().find(|person| fits(&person.handle) || fits(&person.name));
            called(closed)
        }
    }
}

fn by_email<'a>(directory: &'a Directory, address: &str) -> Option<&'a Profile> {
    let fits =
        |person: &&Profile| person.email.as_deref().is_some_and(|email| normal_email(email) == address);
    let people = || directory.people.iter().filter(fits);
    people().find(|person| !person.deleted).or_else(|| people().next())
}

fn called(person: Option<&Profile>) -> Found {
    match person {
        Some(person) if person.deleted => Err(MentionReason::Gone),
        Some(person) => Ok(format!("<@{}>", person.person)),
        None => Err(MentionReason::Unknown),
    }
}

fn subteam(group: &GroupId) -> String {
    format!("<!subteam^{group}>")
}

fn is_id(text: &str, letters: &[char]) -> bool {
    text.len() >= ID_LENGTH
        && text.starts_with(letters)
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
