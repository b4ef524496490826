//! Where a delivery goes, as people write it and as it is stored.

use std::fmt;

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A channel of this workspace: `#name` or its id.
    Channel(String),
    /// A person of this workspace, written to directly: a handle, an e-mail address or an id.
    Person(String),
    /// An incoming webhook of Slack, by the name it was added under.
    Webhook(String),
    /// A system of the user's own that is called, by its name in the configuration.
    Endpoint(String),
    /// A mailbox.
    Mail(String),
}

impl Destination {
    /// Reads `#ops`, `C0123456789`, `@bob`, `U0123456789`, `webhook:ops`, `endpoint:crm`, `mail:ops@example.com`; also the form
    /// that `Display` writes.
    pub fn parse(text: &str) -> Option<Destination> {
        let text = text.trim();
        let plain = |rest: &str| {
            let rest = rest.trim();
            let odd = |c: char| c.is_whitespace() || c.is_control() || "<>|\"'".contains(c);
            (!rest.is_empty() && rest.chars().count() <= 200 && !rest.contains(odd)).then(|| rest.to_owned())
        };
        if let Some((kind, rest)) = text.split_once(':') {
            let rest = plain(rest)?;
            return match kind {
                "channel" => Some(Destination::Channel(rest)),
                "person" => Some(Destination::Person(rest)),
                "webhook" => Some(Destination::Webhook(rest)),
                "endpoint" => Some(Destination::Endpoint(rest)),
                "mail" => rest.contains('@').then_some(Destination::Mail(rest)),
                _ => None,
            };
        }
        if let Some(handle) = text.strip_prefix('@') {
            return plain(handle).map(Destination::Person);
        }
        if text.starts_with('#') {
            return plain(text).filter(|name| name.len() > 1).map(Destination::Channel);
        }
        let id = |first: &[char]| {
            let rest = text.strip_prefix(first);
            rest.is_some_and(|rest| {
                rest.len() >= 6 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            })
        };
        if id(&['C', 'G', 'D']) {
            return Some(Destination::Channel(text.to_owned()));
        }
        id(&['U', 'W']).then(|| Destination::Person(text.to_owned()))
    }

    /// Whether it is reached through the outbox, with the bot's token: then its messages can be changed and clicked.
    pub fn is_ours(&self) -> bool {
        matches!(self, Destination::Channel(_) | Destination::Person(_))
    }
}

impl fmt::Display for Destination {
    /// The form that is stored: `channel:#ops`, `person:bob`, `webhook:ops`, `endpoint:crm`, `mail:ops@example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, rest) = match self {
            Destination::Channel(rest) => ("channel", rest),
            Destination::Person(rest) => ("person", rest),
            Destination::Webhook(rest) => ("webhook", rest),
            Destination::Endpoint(rest) => ("endpoint", rest),
            Destination::Mail(rest) => ("mail", rest),
        };
        write!(f, "{kind}:{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::Destination;

    #[test]
    fn a_destination_is_read_as_people_write_it_and_back_as_it_is_stored() {
        let table = [
            ("#ops", "channel:#ops"),
            ("C0123456789", "channel:C0123456789"),
            ("@bob", "person:bob"),
            ("U0123456789", "person:U0123456789"),
            ("webhook:ops", "webhook:ops"),
            ("endpoint:crm", "endpoint:crm"),
            ("mail:ops@example.com", "mail:ops@example.com"),
        ];
        for (written, stored) in table {
            let read = Destination::parse(written).unwrap();
            assert_eq!(read.to_string(), stored);
            assert_eq!(Destination::parse(stored), Some(read));
        }
        for wrong in ["", "#", "@", "ops", "webhook:", "mail:nobody", "sms:1", "#a b", "<!here>", "C12"] {
            assert_eq!(Destination::parse(wrong), None, "{wrong}");
        }
    }
}
