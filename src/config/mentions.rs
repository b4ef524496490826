//! `[mentions]`: whom notices call, and how often a whole channel may be called. The same lists stand with categories and
//! routes; `list` reads them there.

use super::problem::Spot;
use super::reader::Section;
use crate::domain::mention::{Mention, parse};

/// `[mentions]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mentions {
    /// Whom a notice calls when neither its category nor its route says it.
    pub default: Vec<Mention>,
    /// How many broad mentions a channel takes a day.
    pub budget: u8,
}

/// A person or group named in the file. The text may be an address, so `Debug` shows the key.
#[derive(Clone, PartialEq, Eq)]
pub struct MentionNamed {
    /// As written.
    pub text: String,
    /// The key it stands under, for instance `mentions.default[1]`.
    pub key: String,
    /// Where that is.
    pub spot: Spot,
}

/// Broad mentions of a channel and day: a bad day has a handful of them that matter, and nobody reads the sixth.
const BUDGET: u8 = 5;

/// The largest budget: every quarter of an hour.
const LARGEST_BUDGET: u8 = 100;

impl Default for Mentions {
    fn default() -> Mentions {
        Mentions { default: Vec::new(), budget: BUDGET }
    }
}

impl std::fmt::Debug for MentionNamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MentionNamed({})", self.key)
    }
}

/// Reads the section.
pub fn section(section: &mut Section<'_, '_>, default: Mentions, named: &mut Vec<MentionNamed>) -> Mentions {
    Mentions {
        default: list(section, "default", named).unwrap_or(default.default),
        budget: section.integer("budget", 0..=LARGEST_BUDGET, default.budget),
    }
}

/// Reads a list of mentions such as `["@here", "@team-db", "bob@example.com"]`, wherever it stands; `None` when the key is not
/// set, which is not the same as `[]` or `["none"]`. The people and groups in it are added to `named`, for
/// `deskd check --online`.
pub fn list(
    section: &mut Section<'_, '_>,
    key: &'static str,
    named: &mut Vec<MentionNamed>,
) -> Option<Vec<Mention>> {
    let items = section.list(key)?;
    let mut mentions = Vec::with_capacity(items.len());
    for item in &items {
        match parse(&item.text) {
            Ok(mention) => {
                if !matches!(mention, Mention::None | Mention::Here | Mention::Channel) {
                    let (text, key, spot) = (item.text.clone(), item.key.clone(), item.spot.clone());
                    named.push(MentionNamed { text, key, spot });
                }
                mentions.push(mention);
            }
            // The text is not repeated: it may be a mistyped address.
            Err(wrong) => section.refuse_item(item, wrong.sentence(), wrong.hint()),
        }
    }
    if mentions.len() > 1 && mentions.contains(&Mention::None) {
        section.refuse(key, "\"none\" stands beside others", "take it out, or the others");
    }
    Some(mentions)
}

/// The section's settings as they hold; addresses stay in the file.
pub fn show(mentions: &Mentions, add: &mut impl FnMut(&str, String)) {
    let Mentions { default, budget } = mentions;
    add("mentions.default", default.iter().map(Mention::shown).collect::<Vec<_>>().join(", "));
    add("mentions.budget", budget.to_string());
}
