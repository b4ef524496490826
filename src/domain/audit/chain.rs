//! How rows hang together, how the head is sealed, and what an examination finds.

use sha2::{Digest, Sha256};

use super::deed::Deed;
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::{Key, Keyring};
use crate::domain::time::Timestamp;

/// Says what a digest is over, so that it is of no use for anything else.
const ROW_MARK: &str = "deskd audit row 1";
/// The same for the seal of the head.
const HEAD_MARK: &[u8] = b"deskd audit head 1";

/// A row of the audit, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number: 1, 2, 3 and so on, without gaps.
    pub id: i64,
    /// The workspace it concerns; empty for the whole desk.
    pub workspace: WorkspaceId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// The word for what was done.
    pub what: String,
    /// To what.
    pub subject: String,
    /// What else there is to say.
    pub detail: String,
    /// The digest, in hexadecimal.
    pub digest: String,
}

impl Entry {
    /// The digest that it has to have behind a row with the digest `before`; empty before the first.
    pub fn digest_after(&self, before: &str) -> String {
        let (id, at) = (self.id.to_string(), self.at.0.to_string());
        let parts: [&str; 9] = [
            ROW_MARK,
            before,
            &id,
            &self.workspace.0,
            &at,
            &self.who,
            &self.what,
            &self.subject,
            &self.detail,
        ];
        let mut digest = Sha256::new();
        for part in parts {
            // The length in front, so that no two rows look alike.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        hex(&digest.finalize())
    }
}

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

/// How the chain breaks, with the row where it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// This row is not what was written.
    Changed(i64),
    /// This row is not there, while a later one is.
    Missing(i64),
    /// The head says that there was this row at the end, and it is not there any more.
    Cut(i64),
    /// The head does not fit to the last row, which is this one.
    Head(i64),
}

impl Break {
    /// The row.
    pub fn row(self) -> i64 {
        match self {
            Break::Changed(row) | Break::Missing(row) | Break::Cut(row) | Break::Head(row) => row,
        }
    }

    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Break::Changed(_) => "changed",
            Break::Missing(_) => "missing",
            Break::Cut(_) => "cut",
            Break::Head(_) => "head",
        }
    }
}

/// Something that stood at the end of an audit once, as its operator kept it: a number and a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The row.
    pub row: i64,
    /// The digest it had.
    pub digest: String,
}

impl Anchor {
    /// Reads `41:9f86d0…`.
    pub fn parse(text: &str) -> Option<Anchor> {
        let (row, digest) = text.trim().split_once(':')?;
        let row = row.parse().ok().filter(|row: &i64| *row > 0)?;
        let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| Anchor { row, digest: digest.to_ascii_lowercase() })
    }
}

/// What an examination came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How many rows there are.
    pub rows: i64,
    /// The number of the last one.
    pub last: Option<i64>,
    /// The digest of the last one; empty where there is none.
    pub digest: String,
    /// How the seal of the head stands; `None` where there is no head.
    pub seal: Option<Seal>,
    /// Where the chain breaks first.
    pub broken: Option<Break>,
    /// Rows in which deskd itself noted that what stood before them was not what it had written.
    pub doubts: Vec<i64>,
    /// Whether the row that somebody kept is still there as it was; `None` when none was given.
    pub anchored: Option<bool>,
}

impl Finding {
    /// Whether everything is as deskd wrote it, as far as that can be known.
    pub fn is_sound(&self) -> bool {
        self.broken.is_none()
            && self.doubts.is_empty()
            && !matches!(self.seal, Some(Seal::Wrong | Seal::OtherKey))
            && self.anchored != Some(false)
    }
}

/// Goes through the rows in their order, one at a time: an audit of years need not fit into memory.
#[derive(Clone, Debug, Default)]
pub struct Examiner {
    rows: i64,
    last: i64,
    digest: String,
    broken: Option<Break>,
    doubts: Vec<i64>,
    anchor: Option<Anchor>,
    anchored: bool,
}

impl Examiner {
    /// One that looks for a row that somebody kept, too.
    pub fn looking_for(anchor: Option<Anchor>) -> Examiner {
        Examiner { anchor, ..Examiner::default() }
    }

    /// Takes the next row.
    pub fn take(&mut self, entry: &Entry) {
        let broken = if entry.id != self.last + 1 {
            Some(Break::Missing(self.last + 1))
        } else {
            (entry.digest_after(&self.digest) != entry.digest).then_some(Break::Changed(entry.id))
        };
        self.broken = self.broken.or(broken);
        if entry.what == Deed::Doubted.as_str() {
            self.doubts.push(entry.id);
        }
        self.anchored |= self
            .anchor
            .as_ref()
            .is_some_and(|anchor| anchor.row == entry.id && anchor.digest == entry.digest);
        self.rows += 1;
        self.last = entry.id;
        self.digest.clone_from(&entry.digest);
    }

    /// What it came to, with the head.
    pub fn finish(self, head: Option<&Head>, keys: Option<&Keyring>) -> Finding {
        let at_end = match head {
            None if self.rows == 0 => None,
            None => Some(Break::Head(self.last)),
            Some(head) if head.last > self.last => Some(Break::Cut(self.last + 1)),
            Some(head) if head.last < self.last || head.digest != self.digest => Some(Break::Head(self.last)),
            Some(_) => None,
        };
        Finding {
            rows: self.rows,
            last: (self.rows > 0).then_some(self.last),
            digest: self.digest,
            seal: head.map(|head| head.standing(keys)),
            broken: self.broken.or(at_end),
            doubts: self.doubts,
            anchored: self.anchor.map(|_| self.anchored),
        }
    }
}

/// What has to be written before the next row, when the head is not one that we can go on from in silence. `newest` is the last row
/// that is really there, with its digest.
pub fn misgiving(
    head: Option<&Head>,
    newest: Option<(i64, &str)>,
    keys: Option<&Keyring>,
) -> Option<(Deed, &'static str)> {
    match (head, newest) {
        (None, None) => None,
        (None, Some(_)) => Some((Deed::Doubted, "the head was gone")),
        (Some(head), newest) if newest != Some((head.last, head.digest.as_str())) => {
            Some((Deed::Doubted, "the last row was not the one that the head names"))
        }
        (Some(head), _) => match (head.standing(keys), keys) {
            (Seal::Wrong, _) => Some((Deed::Doubted, "the seal of the head was wrong")),
            (Seal::None, Some(_)) => Some((Deed::SealBegan, "what is before it was not sealed")),
            (Seal::OtherKey, Some(_)) => Some((Deed::Doubted, "the head was sealed with another key")),
            (Seal::Right | Seal::None | Seal::OtherKey, _) => None,
        },
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
