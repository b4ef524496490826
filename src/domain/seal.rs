//! Secrets at rest: sealed with a key that is not in the database, and bound to the place they stand in.
//!
//! XChaCha20-Poly1305. A sealed value is the version, the id of its key, the nonce, and the ciphertext with its tag. Table,
//! column, workspace and row are authenticated with it, so that nobody who can write the database can put one
//! value in another's place. Nonces come in as arguments: 24 random bytes never meet twice.
//! See `docs/decisions/0032-secrets-are-sealed-in-their-row.md`.

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::secret::Secret;

/// Length of a key in bytes.
pub const KEY_BYTES: usize = 32;
/// Length of a nonce in bytes.
pub const NONCE_BYTES: usize = 24;

/// The first byte of what this version seals.
const VERSION: u8 = 1;
/// Length of the id of a key: enough to tell the keys of one desk apart.
const ID_BYTES: usize = 8;
/// What stands before the ciphertext.
const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_BYTES;
/// Says what the id of a key is a digest for, so that it is of no use for anything else.
const ID_MARK: &[u8] = b"deskd key id 1";

/// A nonce: random, and used once.
pub type Nonce = [u8; NONCE_BYTES];

/// Which key sealed a value. It says nothing about the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID_BYTES]);

/// A key; wiped when dropped, never shown.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    id: KeyId,
}

/// The keys of a desk: the first seals, all of them open. There are several only while one takes the other's place.
#[derive(Clone, Debug)]
pub struct Keyring {
    first: Key,
    older: Vec<Key>,
}

/// Where a sealed value stands. It opens there and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The workspace that the row belongs to.
    pub workspace: &'a str,
    /// The row's number, which never changes and never comes back.
    pub row: i64,
}

/// The sealed values of a database, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// By the key that sealed them. Those of a key that was there when they were counted can be opened.
    pub by_key: BTreeMap<KeyId, i64>,
    /// Those that are not what was sealed.
    pub unreadable: i64,
    /// Those that a newer deskd sealed.
    pub newer: i64,
}

/// How many of the sealed values cannot be opened, and why; `None` when all can, be it that there is none.
pub fn locked(keys: Option<&Keyring>, inventory: &Inventory) -> Option<(Locked, i64)> {
    let other: i64 = inventory
        .by_key
        .iter()
        .filter(|(id, _)| keys.is_none_or(|keys| !keys.has(**id)))
        .map(|(_, count)| count)
        .sum();
    let count = other + inventory.unreadable + inventory.newer;
    match (other, inventory.unreadable, keys) {
        _ if count == 0 => None,
        (0, 0, _) => Some((Locked::Newer, count)),
        (0, _, _) => Some((Locked::Damaged, count)),
        (_, _, None) => Some((Locked::NoKey, count)),
        (_, _, Some(_)) => Some((Locked::OtherKey, count)),
    }
}

impl Inventory {
    /// Counts a value of which it is known which key it has, or why it cannot be opened.
    pub fn count(&mut self, seen: Result<KeyId, Locked>) {
        match seen {
            Ok(id) => *self.by_key.entry(id).or_default() += 1,
            Err(Locked::Newer) => self.newer += 1,
            Err(Locked::Damaged | Locked::NoKey | Locked::OtherKey) => self.unreadable += 1,
        }
    }

    /// How many there are.
    pub fn total(&self) -> i64 {
        self.by_key.values().sum::<i64>() + self.unreadable + self.newer
    }
}

/// How deskd is given a secret again.
pub const AGAIN: &str =
    "\"deskd webhook rotate NAME\" for a webhook, \"deskd connect\" or \"deskd token rotate\" for a token";

/// Why a sealed value cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// There is no key at all.
    #[error("the key of the secrets is missing; hint: \"deskd status\" says where it was looked for")]
    NoKey,
    /// It was sealed with a key that we do not have.
    #[error(
        "it was sealed with another key; hint: put that key back, or give deskd the secret again: {AGAIN}"
    )]
    OtherKey,
    /// It is not what was sealed, or stands in another place than then.
    #[error("what is stored is damaged; hint: give deskd the secret again: {AGAIN}")]
    Damaged,
    /// A newer deskd sealed it.
    #[error("a newer deskd sealed it; hint: install that version again")]
    Newer,
}

impl Locked {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Locked::NoKey => "key_missing",
            Locked::OtherKey => "key_other",
            Locked::Damaged => "secret_damaged",
            Locked::Newer => "secret_newer",
        }
    }
}

impl Key {
    /// The key of these bytes.
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Key {
        let digest = Sha256::new().chain_update(ID_MARK).chain_update(bytes.as_slice()).finalize();
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&digest[..ID_BYTES]);
        Key { bytes, id: KeyId(id) }
    }

    /// Which one it is.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key as a line of a key file.
    pub fn to_line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(2 * KEY_BYTES));
        for byte in self.bytes.iter() {
            for digit in [byte >> 4, byte & 15] {
                line.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        line
    }

    /// An authentication code over a message, for one purpose: codes of different purposes have nothing to do with each other,
    /// nor with what is sealed.
    pub fn tag(&self, purpose: &[u8], message: &[u8]) -> [u8; KEY_BYTES] {
        let derived = Zeroizing::new(hmac(self.bytes.as_slice(), purpose));
        hmac(derived.as_slice(), message)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.bytes).into())
    }
}

impl Keyring {
    /// A ring of one key.
    pub fn new(key: Key) -> Keyring {
        Keyring { first: key, older: Vec::new() }
    }

    /// Reads keys, the one that seals first: 32 bytes each, as hexadecimal or base64, with space, commas or line ends
    /// between them. `None` when there is none, or when something is not a key.
    pub fn parse(text: &str) -> Option<Keyring> {
        let mut words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let first = key(words.next()?)?;
        let older = words.map(key).collect::<Option<_>>()?;
        Some(Keyring { first, older })
    }

    /// The same keys behind another that seals from now on.
    pub fn behind(self, key: Key) -> Keyring {
        let older = std::iter::once(self.first).chain(self.older).collect();
        Keyring { first: key, older }
    }

    /// The key that seals.
    pub fn first(&self) -> &Key {
        &self.first
    }

    /// All keys, the one that seals first.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.older)
    }

    /// Whether something sealed with this key can be opened.
    pub fn has(&self, id: KeyId) -> bool {
        self.keys().any(|key| key.id == id)
    }

    /// Seals a secret for its place.
    pub fn seal(&self, place: Place<'_>, secret: &Secret, nonce: Nonce) -> Vec<u8> {
        let head = [&[VERSION][..], &self.first.id.0, &nonce].concat();
        let (text, bound) = (secret.expose().as_bytes(), bound(&head, place));
        let payload = Payload { msg: text, aad: &bound };
        // It fails for texts of 256 GiB; an empty text in its place would be refused when it is opened.
        let sealed = self.first.cipher().encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [head, sealed].concat()
    }

    /// Looks whether a value can be opened in this place: which key it has, where that key is another one or opens it.
    pub fn look(&self, place: Place<'_>, sealed: &[u8]) -> Result<KeyId, Locked> {
        let id = key_of(sealed)?;
        match self.open(place, sealed) {
            Ok(_) | Err(Locked::OtherKey | Locked::NoKey) => Ok(id),
            Err(why @ (Locked::Damaged | Locked::Newer)) => Err(why),
        }
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, Locked> {
        let id = key_of(sealed)?;
        let key = self.keys().find(|key| key.id == id).ok_or(Locked::OtherKey)?;
        let (head, rest) = sealed.split_at(HEAD_BYTES);
        let nonce = Nonce::try_from(&head[1 + ID_BYTES..]).map_err(|_| Locked::Damaged)?;
        let payload = Payload { msg: rest, aad: &bound(head, place) };
        let opened = key.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| Locked::Damaged)?;
        let opened = Zeroizing::new(opened);
        std::str::from_utf8(&opened).map(Secret::new).map_err(|_| Locked::Damaged)
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; KEY_BYTES] {
    // A key of any length is one, so the other branch is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; KEY_BYTES] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Which key a value was sealed with.
pub fn key_of(sealed: &[u8]) -> Result<KeyId, Locked> {
    match sealed {
        [VERSION, rest @ ..] if rest.len() >= HEAD_BYTES - 1 => {
            let id = rest[..ID_BYTES].try_into().map_err(|_| Locked::Damaged)?;
            Ok(KeyId(id))
        }
        [VERSION, ..] | [] | [0, ..] => Err(Locked::Damaged),
        _ => Err(Locked::Newer),
    }
}

/// What is authenticated beside the text: the head, and the place with the length of each part in front, so that no two
/// places look alike.
fn bound(head: &[u8], place: Place<'_>) -> Vec<u8> {
    let Place { table, column, workspace, row } = place;
    let mut bound = head.to_vec();
    for part in [table.as_bytes(), column.as_bytes(), workspace.as_bytes(), &row.to_be_bytes()] {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}

/// A key as somebody wrote it: 64 hexadecimal digits, or 44 characters of base64 (43 without the sign at the end).
fn key(word: &str) -> Option<Key> {
    let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
    let text = word.as_bytes();
    match text.len() {
        64 => {
            for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
                *byte = 16 * hex(pair[0])? + hex(pair[1])?;
            }
        }
        43 | 44 => base64(text.strip_suffix(b"=").unwrap_or(text), &mut bytes)?,
        _ => return None,
    }
    Some(Key::new(bytes))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Both alphabets are read. By hand, because this is the only base64 in here, and its table stays off the key.
fn base64(text: &[u8], bytes: &mut [u8; KEY_BYTES]) -> Option<()> {
    if text.len() != 43 {
        return None;
    }
    let (mut held, mut bits, mut at) = (Zeroizing::new(0_u32), 0, 0);
    for letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        *held = (*held << 6 | u32::from(value)) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes[at] = u8::try_from(*held >> bits & 0xff).ok()?;
            at += 1;
        }
    }
    // Of the last letter two bits are left over; set, they would make two texts of one key.
    (at == KEY_BYTES && *held & 3 == 0).then_some(())
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Inventory, Key, Keyring, Locked, Place, key_of, locked};
    use crate::domain::secret::Secret;
    use zeroize::Zeroizing;

    const PLACE: Place<'_> = Place { table: "webhooks", column: "url", workspace: "T1", row: 7 };

    fn key(byte: u8) -> Key {
        Key::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_in_no_other() {
        let ring = Keyring::new(key(1));
        let sealed = ring.seal(PLACE, &Secret::new("https://hooks.example/x"), [9; 24]);
        assert_eq!(ring.open(PLACE, &sealed).expect("its place").expose(), "https://hooks.example/x");
        assert!(!sealed.windows(5).any(|window| window == b"https"));
        for other in [
            Place { table: "endpoints", ..PLACE },
            Place { column: "name", ..PLACE },
            Place { workspace: "T2", ..PLACE },
            Place { row: 8, ..PLACE },
            Place { table: "webhooksu", column: "rl", ..PLACE },
        ] {
            assert_eq!(ring.open(other, &sealed).expect_err("another place"), Locked::Damaged, "{other:?}");
        }
    }

    #[test]
    fn every_byte_that_changes_is_noticed() {
        let ring = Keyring::new(key(1));
        let sealed = ring.seal(PLACE, &Secret::new("x"), [9; 24]);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(ring.open(PLACE, &changed).is_err(), "byte {at}");
            assert!(ring.open(PLACE, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn another_key_is_told_from_damage_and_an_older_one_still_opens() {
        let (old, new) = (Keyring::new(key(1)), Keyring::new(key(2)));
        let sealed = old.seal(PLACE, &Secret::new("x"), [9; 24]);
        assert_eq!(new.open(PLACE, &sealed).expect_err("another key"), Locked::OtherKey);
        let both = old.clone().behind(key(2));
        assert_eq!(both.open(PLACE, &sealed).expect("the older key").expose(), "x");
        let again = both.seal(PLACE, &Secret::new("x"), [8; 24]);
        assert_eq!(key_of(&again), Ok(key(2).id()), "the first key seals");
        assert_eq!(key_of(&[2, 0, 0]), Err(Locked::Newer));
    }

    #[test]
    fn a_key_is_read_as_hexadecimal_or_base64_and_nothing_else_is_one() {
        let hex = "00ff10".to_owned() + &"ab".repeat(29);
        let ring = Keyring::parse(&hex).expect("64 digits");
        assert_eq!(ring.first().to_line().as_str(), hex);
        assert_eq!(ring.first().id(), Keyring::parse(&hex.to_uppercase()).expect("upper case").first().id());
        // What "openssl rand -base64 32" would print for 32 bytes of 0x01.
        let base64 = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        assert_eq!(Keyring::parse(base64).expect("base64").first().id(), key(1).id());
        assert_eq!(Keyring::parse(&base64[..43]).expect("unpadded").first().id(), key(1).id());
        let two = Keyring::parse(&format!("{hex}\n{base64}\n")).expect("two keys");
        assert!(two.keys().count() == 2 && two.has(key(1).id()) && two.first().id() != key(1).id());
        for nonsense in ["", " \n", "secret", &hex[..62], &format!("{hex}0"), &"zz".repeat(32)] {
            assert!(Keyring::parse(nonsense).is_none(), "{nonsense}");
        }
        assert!(Keyring::parse(&base64.replace("E=", "F=")).is_none(), "bits left over");
        assert!(Keyring::parse(&format!("{hex} and more")).is_none());
    }

    #[test]
    fn a_missing_or_other_key_matters_once_there_is_something_to_open() {
        let ring = Keyring::new(key(1));
        let count = |by_key: &[(u8, i64)], unreadable| Inventory {
            by_key: by_key.iter().map(|(byte, count)| (key(*byte).id(), *count)).collect(),
            unreadable,
            newer: 0,
        };
        for (keys, inventory, expected) in [
            (None, count(&[], 0), None),
            (Some(&ring), count(&[], 0), None),
            (Some(&ring), count(&[(1, 3)], 0), None),
            (None, count(&[(1, 3)], 0), Some((Locked::NoKey, 3))),
            (Some(&ring), count(&[(1, 3), (2, 4)], 0), Some((Locked::OtherKey, 4))),
            (Some(&ring), count(&[(1, 3)], 2), Some((Locked::Damaged, 2))),
        ] {
            assert_eq!(locked(keys, &inventory), expected, "{inventory:?}");
        }
        let newer = Inventory { newer: 1, ..count(&[(1, 3)], 0) };
        assert_eq!((locked(Some(&ring), &newer), newer.total()), (Some((Locked::Newer, 1)), 4));
    }

    #[test]
    fn a_key_is_never_shown() {
        let shown = format!("{:?}", Keyring::new(key(1)));
        assert!(!shown.contains("01, 01") && !shown.contains("0101010101"), "{shown}");
    }
}
