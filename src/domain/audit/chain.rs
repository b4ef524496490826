//! How rows hang together, and what an examination finds.

use sha2::{Digest, Sha256};

use super::deed::Deed;
use super::head::{Head, Seal};
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::Keyring;
use crate::domain::time::Timestamp;

/// Says what a digest is over, so that it is of no use for anything else.
const ROW_MARK: &str = "deskd audit row 1";

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

/// Bytes as digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
