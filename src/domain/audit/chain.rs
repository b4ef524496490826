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

/// What an examination came to. With an end that somebody kept, and that is still in it, only what came after it is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How many rows there are.
    pub rows: i64,
    /// The number of the last one.
    pub last: Option<i64>,
    /// What stands for all rows up to the last: its digest, where the chain is whole. Empty where there is no row.
    pub digest: String,
    /// The head, as it stands there.
    pub end: Option<Head>,
    /// How the seal of the head stands; `None` where there is no head.
    pub seal: Option<Seal>,
    /// The row since which everything is sealed without a gap; `None` where the end is not.
    pub sealed_since: Option<i64>,
    /// Whether whoever examined had a key.
    pub has_key: bool,
    /// Whether a seal is missed: there is a key, or there was one.
    pub seal_missed: bool,
    /// Where the chain breaks first.
    pub broken: Option<Break>,
    /// Rows in which deskd itself noted that what stood before them was not what it had written.
    pub doubts: Vec<i64>,
    /// Rows before which the seal ended, or was of a key that was not there: what is before them is not vouched for.
    pub lapses: Vec<i64>,
    /// Whether the row that somebody kept is still there as it was, with all before it; `None` when none was given.
    pub anchored: Option<bool>,
    /// Whether the database still refuses to change and to shorten the audit.
    pub guarded: bool,
}

impl Finding {
    /// Whether everything is as deskd wrote it, as far as that can be known.
    pub fn is_sound(&self) -> bool {
        let is_sealed = match self.seal {
            Some(Seal::Right) => true,
            Some(Seal::None) | None => !self.seal_missed,
            Some(Seal::Wrong | Seal::OtherKey) => false,
        };
        let is_whole = self.broken.is_none() && self.doubts.is_empty() && self.lapses.is_empty();
        is_sealed && is_whole && self.guarded && self.anchored != Some(false)
    }
}

/// What is known beside the rows when they are examined.
#[derive(Clone, Debug)]
pub struct Beside<'a> {
    /// The head.
    pub head: Option<Head>,
    /// The keys of whoever examines.
    pub keys: Option<&'a Keyring>,
    /// Whether there are secrets that were sealed since there is an audit, so that there was a key then.
    pub had_key: bool,
    /// Whether the database still refuses to change and to shorten the audit.
    pub guarded: bool,
}

/// Goes through the rows in their order, one at a time: an audit of years need not fit into memory.
#[derive(Clone, Debug, Default)]
pub struct Examiner {
    rows: i64,
    last: i64,
    digest: String,
    /// A digest over all that was read up to here, whatever the rows say of themselves: the last row's where the chain is whole.
    read: String,
    broken: Option<Break>,
    doubts: Vec<i64>,
    lapses: Vec<i64>,
    since: Option<i64>,
    was_sealed: bool,
    anchor: Option<Anchor>,
    anchored: bool,
    written: Option<Anchor>,
    is_written: bool,
}

impl Examiner {
    /// One that looks for a row that somebody kept, and for one that was written a moment ago.
    pub fn looking_for(anchor: Option<Anchor>, written: Option<Anchor>) -> Examiner {
        Examiner { anchor, written, ..Examiner::default() }
    }

    /// Takes the next row.
    pub fn take(&mut self, entry: &Entry) {
        let broken = if entry.id != self.last + 1 {
            Some(Break::Missing(self.last + 1))
        } else {
            (entry.digest_after(&self.digest) != entry.digest).then_some(Break::Changed(entry.id))
        };
        self.broken = self.broken.or(broken);
        self.heed(entry);
        self.read = entry.digest_after(&self.read);
        self.rows += 1;
        self.last = entry.id;
        self.digest.clone_from(&entry.digest);
        let is_it = |anchor: &Option<Anchor>, digest: &str| {
            anchor.as_ref().is_some_and(|anchor| anchor.row == entry.id && anchor.digest == digest)
        };
        self.is_written |= is_it(&self.written, &entry.digest);
        if is_it(&self.anchor, &self.read) {
            // Whoever kept this end knows of all that is before it, and it has not changed since.
            self.anchored = true;
            (self.broken, self.doubts, self.lapses) = (None, Vec::new(), Vec::new());
        }
    }

    /// What a row says of the chain itself.
    fn heed(&mut self, entry: &Entry) {
        match Deed::from_word(&entry.what) {
            Some(Deed::Doubted) => {
                self.doubts.push(entry.id);
                self.since = Some(entry.id);
            }
            Some(Deed::SealEnded) => {
                self.lapses.push(entry.id);
                self.was_sealed = true;
            }
            Some(Deed::KeyChanged) => {
                self.lapses.push(entry.id);
                (self.was_sealed, self.since) = (true, Some(entry.id));
            }
            Some(Deed::SealBegan) => (self.was_sealed, self.since) = (true, Some(entry.id)),
            Some(Deed::KeyRotated) => self.was_sealed = true,
            Some(_) | None => {}
        }
    }

    /// What it came to.
    pub fn finish(self, beside: Beside<'_>) -> Finding {
        let Beside { head, keys, had_key, guarded } = beside;
        let seal = head.as_ref().map(|head| head.standing(keys));
        let is_sealed = seal == Some(Seal::Right);
        Finding {
            rows: self.rows,
            last: (self.rows > 0).then_some(self.last),
            broken: self.broken.or(self.at_end(head.as_ref())),
            end: head,
            seal,
            sealed_since: is_sealed.then(|| self.since.unwrap_or(1)),
            has_key: keys.is_some(),
            seal_missed: keys.is_some() || self.was_sealed || had_key,
            digest: self.read,
            doubts: self.doubts,
            lapses: self.lapses,
            anchored: self.anchor.map(|_| self.anchored),
            guarded,
        }
    }

    /// How the end breaks. Every start writes a row, so that there is always one.
    fn at_end(&self, head: Option<&Head>) -> Option<Break> {
        let written = self.written.as_ref().filter(|_| !self.is_written);
        let named = head.map_or(0, |head| head.last).max(written.map_or(0, |written| written.row));
        match head {
            _ if self.rows == 0 || named > self.last => Some(Break::Cut(self.last + 1)),
            Some(head) if written.is_none() && head.last == self.last && head.digest == self.digest => None,
            Some(_) | None => Some(Break::Head(self.last)),
        }
    }
}

/// Bytes as digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
