//! What is written down: who did what to what.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::chain::hex;
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
    /// A copy took the place of the database. The subject is the copy's name, the detail says when.
    Restored,
    /// Slack revoked the token of a workspace that was left, because somebody wanted that. The subject is the workspace.
    TokenRevoked,
    /// What had been picked in a workspace that was left was forgotten, too. The subject is the workspace, the detail says why.
    SettingsForgotten,
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
    /// Everything that is held about a contact was handed out. The subject is its number.
    ContactExported,
    /// A message that had not gone out was put in the queue again. The subject is its number there.
    SendRetried,
    /// A message that had not gone out was dropped. The subject is its number in the queue.
    SendDropped,
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
    pub const ALL: [Deed; 31] = [
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
        Deed::Restored,
        Deed::TokenRevoked,
        Deed::SettingsForgotten,
        Deed::TeammateAdded,
        Deed::TeammateRemoved,
        Deed::ChannelPicked,
        Deed::ContactsImported,
        Deed::ContactLinked,
        Deed::ContactErased,
        Deed::ContactExported,
        Deed::SendRetried,
        Deed::SendDropped,
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
            Deed::Restored => "restored",
            Deed::TokenRevoked => "token_revoked",
            Deed::SettingsForgotten => "settings_forgotten",
            Deed::TeammateAdded => "teammate_added",
            Deed::TeammateRemoved => "teammate_removed",
            Deed::ChannelPicked => "channel_picked",
            Deed::ContactsImported => "contacts_imported",
            Deed::ContactLinked => "contact_linked",
            Deed::ContactErased => "contact_erased",
            Deed::ContactExported => "contact_exported",
            Deed::SendRetried => "send_retried",
            Deed::SendDropped => "send_dropped",
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

/// What the values of each key come to, as a short hash: enough to see that they are others.
pub type Marks = BTreeMap<String, String>;

/// The marks of a configuration's lines. A key that is there several times has one mark.
pub fn marks(lines: &[(String, String)]) -> Marks {
    /// Bytes of a mark: two values of one key that somebody writes have the same one by chance as good as never.
    const BYTES: usize = 6;
    let mut digests: BTreeMap<&str, Sha256> = BTreeMap::new();
    for (key, value) in lines {
        // The length in front, so that two values are not one that looks like both.
        digests.entry(key).or_default().update(format!("{}:{value}", value.len()));
    }
    let short = |digest: Sha256| hex(&digest.finalize()[..BYTES]);
    digests.into_iter().map(|(key, digest)| (key.to_owned(), short(digest))).collect()
}

/// The keys whose values differ between two configurations, each once; of a long list the first ones and how many more.
pub fn changed_keys(before: &Marks, after: &Marks) -> String {
    const MOST: usize = 40;
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&str> =
        all.into_iter().filter(|key| before.get(*key) != after.get(*key)).map(String::as_str).collect();
    let named = changed.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match changed.len().saturating_sub(MOST) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
