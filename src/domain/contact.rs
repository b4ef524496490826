//! Contacts: whom we serve, possibly known before they ever wrote in Slack.

use super::ids::ContactId;
use super::message::Profile;

/// A contact as found in the store for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// The person is linked to this contact already.
    Linked(ContactId),
    /// A contact with the person's e-mail address exists: link it.
    ByEmail(ContactId),
    /// Nobody fits: create one.
    New,
}

/// What the store found for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The contact linked to the person's Slack id.
    pub linked: Option<ContactId>,
    /// The contact with the person's e-mail address.
    pub by_email: Option<ContactId>,
}

/// Which contact a person is: by Slack id first, then by e-mail address, else a new one.
pub fn decide(found: Candidates) -> Match {
    match (found.linked, found.by_email) {
        (Some(contact), _) => Match::Linked(contact),
        (None, Some(contact)) => Match::ByEmail(contact),
        (None, None) => Match::New,
    }
}

/// An e-mail address in the form that is compared: trimmed and in lower case.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// What to call somebody of whom Slack told us nothing: the id is better than no name.
pub fn name_of(profile: Option<&Profile>, id: &str) -> String {
    profile
        .map(|profile| profile.name.clone())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| id.to_owned())
}
