//! `[mentions]`: whom notices call, and how often a whole channel may be called. The same lists stand with categories and
//! routes; `list` reads them there.

use super::problem::Spot;
use super::reader::{Item, Section};
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
    Some(of(section, key, &items, named))
}

/// The mentions of a list that has been read.
pub fn of(
    section: &mut Section<'_, '_>,
    key: &'static str,
    items: &[Item],
    named: &mut Vec<MentionNamed>,
) -> Vec<Mention> {
    let mut mentions = Vec::with_capacity(items.len());
    for item in items {
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
    mentions
}

/// The section's settings as they hold; addresses stay in the file.
pub fn show(mentions: &Mentions, add: &mut impl FnMut(&str, String)) {
    let Mentions { default, budget } = mentions;
    add("mentions.default", default.iter().map(Mention::shown).collect::<Vec<_>>().join(", "));
    add("mentions.budget", budget.to_string());
}

#[cfg(test)]
mod tests {
    use super::super::check::{Layers, check};
    use super::super::file::Source;
    use super::super::{Config, Environment, Places, Problems};

    fn load(text: &str, env: Environment) -> Result<Config, Problems> {
        let source = Source { path: "/etc/deskd/config.toml".into(), text: text.to_owned() };
        check(&Layers { source: Some(&source), env: &env, flags: &[] }, &Places::system())
    }

    #[test]
    fn mentions_are_read_refused_with_a_hint_and_shown_without_addresses() {
        let text = "[mentions]\ndefault = [\"@here\", \"@team-db\", \"bob@example.com\"]\nbudget = 3\n";
        let config = load(text, Environment::new()).expect("nothing is wrong");
        assert_eq!((config.mentions.default.len(), config.mentions.budget), (3, 3));
        let named: Vec<_> = config.mentions_named.iter().map(|named| named.key.as_str()).collect();
        assert_eq!(named, ["mentions.default[2]", "mentions.default[3]"]);
        let shown = format!("{:?} {config:?}", config.lines());
        assert!(shown.contains("@here, @team-db, (an e-mail address)") && !shown.contains("bob"), "{shown}");
        let off = load("", [("DESKD_MENTIONS__DEFAULT".to_owned(), "@channel,@ops".to_owned())].into())
            .expect("nothing is wrong");
        assert!(off.names_people());
        let wrong = "[mentions]\ndefault = [\"@everyone\", \"bob@@example.com\", \"none\", \"@here\"]\nbudget = 101\n";
        let told = load(wrong, Environment::new()).expect_err("it has problems").to_string();
        assert!(!told.contains("bob"), "an address is not repeated");
        insta::assert_snapshot!(told, @r#"
        4 problems in the configuration
        /etc/deskd/config.toml:2:11: mentions.default: "none" stands beside others
          hint: take it out, or the others
        /etc/deskd/config.toml:2:12: mentions.default[1]: @everyone calls the whole company
          hint: write "@here" or "@channel", or name a group
        /etc/deskd/config.toml:2:25: mentions.default[2]: this is no mention
          hint: write "@here", "@channel", "@handle", an e-mail address, or an id (U..., S...)
        /etc/deskd/config.toml:3:10: mentions.budget: not a whole number from 0 to 100
          hint: 5 is usual
        "#);
    }
}
