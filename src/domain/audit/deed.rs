//! What is written down: who did what to what.

use std::collections::BTreeMap;

use crate::domain::task::Actor;

/// What was done. The words are stored and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// deskd works in a workspace, or as another bot or app than before. The subject is the workspace.
    Connected,
    /// An installation got another token. The subject is the workspace.
    TokenChanged,
    /// A workspace was left. The subject is the workspace, the detail says how.
    Disconnected,
    /// The desk started with a configuration that it did not have when it last wrote here. The subject is its hash.
    ConfigFound,
    /// The configuration was read again and is another one. The detail names the keys that changed.
    ConfigReloaded,
    /// The key of the secrets took another's place. The subject is the id of the new one.
    KeyRotated,
    /// From here on the head is sealed, which it was not before. The subject is the id of the key.
    SealBegan,
    /// From here on the head is not sealed, because there was no key. The subject is empty.
    SealEnded,
    /// The head was sealed with a key that was not there any more; from here on it is sealed with another. The subject is its id.
    KeyChanged,
    /// What stood here last was not what deskd had written. The detail says how it differed.
    Doubted,
    /// Somebody was made a teammate.
    TeammateAdded,
    /// A teammate was made an ordinary person.
    TeammateRemoved,
    /// A channel is listened to from now on, or not any more. The detail is the pick.
    ChannelPicked,
    /// Contacts were imported. The detail counts them.
    ContactsImported,
    /// A contact was linked to a person in Slack.
    ContactLinked,
    /// A contact was erased. The subject is its number, which is all that is left of it.
    ContactErased,
    /// A webhook was added.
    WebhookAdded,
    /// A webhook got another address.
    WebhookRotated,
    /// A webhook got another name, which is the detail.
    WebhookRenamed,
    /// A webhook got another label.
    WebhookLabelled,
    /// A webhook was deleted.
    WebhookDeleted,
    /// Something was silenced. The detail says until when.
    SilenceAdded,
    /// A silence was ended before its time.
    SilenceEnded,
    /// Examples came from a file. The detail counts them.
    ExamplesImported,
    /// What somebody taught was forgotten. The subject is who taught it, the detail counts the examples.
    ExamplesForgotten,
}

impl Deed {
    /// All of them.
    pub const ALL: [Deed; 25] = [
        Deed::Connected,
        Deed::TokenChanged,
        Deed::Disconnected,
        Deed::ConfigFound,
        Deed::ConfigReloaded,
        Deed::KeyRotated,
        Deed::SealBegan,
        Deed::SealEnded,
        Deed::KeyChanged,
        Deed::Doubted,
        Deed::TeammateAdded,
        Deed::TeammateRemoved,
        Deed::ChannelPicked,
        Deed::ContactsImported,
        Deed::ContactLinked,
        Deed::ContactErased,
        Deed::WebhookAdded,
        Deed::WebhookRotated,
        Deed::WebhookRenamed,
        Deed::WebhookLabelled,
        Deed::WebhookDeleted,
        Deed::SilenceAdded,
        Deed::SilenceEnded,
        Deed::ExamplesImported,
        Deed::ExamplesForgotten,
    ];

    /// The deed of a stored word; `None` for one of a later version.
    pub fn from_word(word: &str) -> Option<Deed> {
        Deed::ALL.into_iter().find(|deed| deed.as_str() == word)
    }

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::Connected => "connected",
            Deed::TokenChanged => "token_changed",
            Deed::Disconnected => "disconnected",
            Deed::ConfigFound => "config_found",
            Deed::ConfigReloaded => "config_reloaded",
            Deed::KeyRotated => "key_rotated",
            Deed::SealBegan => "seal_began",
            Deed::SealEnded => "seal_ended",
            Deed::KeyChanged => "key_changed",
            Deed::Doubted => "doubted",
            Deed::TeammateAdded => "teammate_added",
            Deed::TeammateRemoved => "teammate_removed",
            Deed::ChannelPicked => "channel_picked",
            Deed::ContactsImported => "contacts_imported",
            Deed::ContactLinked => "contact_linked",
            Deed::ContactErased => "contact_erased",
            Deed::WebhookAdded => "webhook_added",
            Deed::WebhookRotated => "webhook_rotated",
            Deed::WebhookRenamed => "webhook_renamed",
            Deed::WebhookLabelled => "webhook_labelled",
            Deed::WebhookDeleted => "webhook_deleted",
            Deed::SilenceAdded => "silence_added",
            Deed::SilenceEnded => "silence_ended",
            Deed::ExamplesImported => "examples_imported",
            Deed::ExamplesForgotten => "examples_forgotten",
        }
    }
}

/// Something that was done, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who did it: a word of [`Actor`].
    pub who: String,
    /// What.
    pub deed: Deed,
    /// To what: an id or a name that deskd's users gave. Never a secret, a text or somebody's name.
    pub subject: String,
    /// What else there is to say, as words or names of keys.
    pub detail: String,
}

impl Act {
    /// Somebody did this to that.
    pub fn new(who: &Actor, deed: Deed, subject: impl Into<String>) -> Act {
        Act { who: who.word(), deed, subject: subject.into(), detail: String::new() }
    }

    /// The same with something more to say.
    pub fn with(self, detail: impl Into<String>) -> Act {
        Act { detail: detail.into(), ..self }
    }
}

/// The keys whose values differ between two configurations, each once; of a long list the first ones and how many more.
pub fn changed_keys(before: &[(String, String)], after: &[(String, String)]) -> String {
    const MOST: usize = 40;
    let mut values: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for (key, value) in before {
        values.entry(key).or_default().0.push(value);
    }
    for (key, value) in after {
        values.entry(key).or_default().1.push(value);
    }
    let changed: Vec<&str> =
        values.into_iter().filter(|(_, (old, new))| old != new).map(|(key, _)| key).collect();
    let named = changed.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match changed.len().saturating_sub(MOST) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
