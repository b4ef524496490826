//! The head: what says which row is the last, how it is sealed, and whether we can go on from it.

use super::chain::hex;
use super::deed::Deed;
use crate::domain::seal::{Key, Keyring};

/// Says what a seal is over, so that it is of no use for anything else.
const HEAD_MARK: &[u8] = b"deskd audit head 1";

/// What says which row is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub last: i64,
    /// Its digest.
    pub digest: String,
    /// The id of the key that sealed this; empty for none.
    pub key: String,
    /// The seal; empty for none.
    pub seal: String,
}

impl Head {
    /// The head over a row, sealed where there is a key.
    pub fn over(last: i64, digest: String, keys: Option<&Keyring>) -> Head {
        match keys.map(Keyring::first) {
            Some(key) => {
                let seal = seal(key, last, &digest);
                Head { last, digest, key: key.id().to_string(), seal }
            }
            None => Head { last, digest, key: String::new(), seal: String::new() },
        }
    }

    /// How its seal stands.
    pub fn standing(&self, keys: Option<&Keyring>) -> Seal {
        if self.key.is_empty() {
            return Seal::None;
        }
        let mut known = keys.into_iter().flat_map(Keyring::keys);
        match known.find(|key| key.id().to_string() == self.key) {
            None => Seal::OtherKey,
            Some(key) if same(&seal(key, self.last, &self.digest), &self.seal) => Seal::Right,
            Some(_) => Seal::Wrong,
        }
    }
}

/// How the seal of the head stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It is what the key makes of this head.
    Right,
    /// There is none: whoever can write the database could have written all of it.
    None,
    /// It was made with a key that is not here, so that it says nothing.
    OtherKey,
    /// The key is here and makes something else: somebody without the key has changed the head.
    Wrong,
}

impl Seal {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Seal::Right => "right",
            Seal::None => "none",
            Seal::OtherKey => "other_key",
            Seal::Wrong => "wrong",
        }
    }
}

/// What is known beside the head when a row is to be added. It is asked for only where the head is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether the desk was in use since there is an audit, as other tables show.
    pub was_used: bool,
    /// Whether there was a key since then: rows tell of a seal, or there are sealed secrets.
    pub was_sealed: bool,
    /// Whether the last that rows tell of the seal is that it ended.
    pub has_ended: bool,
}

/// What has to be written before the next row, when the head is not one that we can go on from in silence. `newest` is the last row
/// that is really there, with its digest.
pub fn misgiving(
    head: Option<&Head>,
    newest: Option<(i64, &str)>,
    keys: Option<&Keyring>,
    past: Past,
) -> Option<(Deed, &'static str)> {
    let head = match (head, newest) {
        (None, None) if past.was_used => {
            return Some((Deed::Doubted, "there were no rows, and the desk was in use"));
        }
        (None, None) => return keys.map(|_| (Deed::SealBegan, "from the first row on")),
        (None, Some(_)) => return Some((Deed::Doubted, "the head was gone")),
        (Some(head), newest) if newest != Some((head.last, head.digest.as_str())) => {
            return Some((Deed::Doubted, "the last row was not the one that the head names"));
        }
        (Some(head), _) => head,
    };
    match (head.standing(keys), keys) {
        (Seal::Right, _) | (Seal::None, None) => None,
        (Seal::Wrong, _) => Some((Deed::Doubted, "the seal of the head was wrong")),
        (Seal::None, Some(_)) if past.has_ended => Some((Deed::SealBegan, "the key is here again")),
        (Seal::None, Some(_)) if past.was_sealed => {
            Some((Deed::Doubted, "the seal of the head was taken away"))
        }
        (Seal::None, Some(_)) => Some((Deed::SealBegan, "what is before it was not sealed")),
        (Seal::OtherKey, Some(_)) => {
            Some((Deed::KeyChanged, "what is before it was sealed with a key that is not here"))
        }
        (Seal::OtherKey, None) => Some((Deed::SealEnded, "there was no key")),
    }
}

fn seal(key: &Key, last: i64, digest: &str) -> String {
    let over = [&last.to_be_bytes(), digest.as_bytes()].concat();
    hex(&key.tag(HEAD_MARK, &over))
}

/// Compares in a time that does not depend on where the first difference is.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}
