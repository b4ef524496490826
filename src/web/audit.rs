//! The audit: who changed what, and whether what is written there is what was written.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::Front;
use super::arguments::Asked;
use super::errors::Refusal;
use super::replay::start;
use crate::domain::audit::{Anchor, Break, Entry, Finding, Head, Seal};
use crate::domain::time::Timestamp;

/// Most rows in one answer; whoever wants more asks again with the last number.
const MOST: u32 = 1_000;

/// What to say of something that is not the end of an audit.
pub const NO_END: &str =
    "that is not the end of an audit; hint: 41:DIGEST, as \"deskd audit verify\" prints it";

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who: `user:NAME` at the command line or the API, `team:U…` in Slack, `deskd` itself.
    pub who: String,
    /// What: a stable word.
    pub what: String,
    /// To what.
    pub subject: String,
    /// What else there is to say.
    pub detail: String,
    /// The workspace it concerns; empty for the whole desk.
    pub workspace: String,
    /// What chains it to the row before.
    pub digest: String,
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examined {
    /// Whether everything is as deskd wrote it, as far as that can be known.
    pub ok: bool,
    /// How many rows there are.
    pub rows: i64,
    /// The end of it, to be kept elsewhere: `41:DIGEST`; null where there is no row.
    pub head: Option<String>,
    /// `right`, `none`, `other_key` or `wrong`.
    pub seal: String,
    /// The same as people read it.
    pub sentence: String,
    /// The row since which everything is sealed without a gap; null where the end is not.
    pub sealed_since: Option<i64>,
    /// Where the chain breaks first.
    pub broken: Option<BrokenDocument>,
    /// Rows in which deskd noted that what stood before them was not what it had written.
    pub doubts: Vec<i64>,
    /// Rows before which the seal ended, or was of a key that was not there.
    pub lapses: Vec<i64>,
    /// Whether the end that somebody kept is still in it, with all before it; null when none was given.
    pub kept: Option<bool>,
    /// Whether the database refuses to change and to shorten the audit.
    pub guarded: bool,
    /// What to do next; null where all is well.
    pub hint: Option<String>,
    /// The end as it stands in the database; null where there is none.
    pub end: Option<EndDocument>,
}

/// The end of the audit, so that a copy of its rows can be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndDocument {
    /// The number of the last row.
    pub last: i64,
    /// Its digest.
    pub digest: String,
    /// The id of the key that sealed it; empty for none.
    pub key: String,
    /// The seal; empty for none.
    pub seal: String,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenDocument {
    /// The row.
    pub row: i64,
    /// `changed`, `missing`, `cut` or `head`.
    pub how: String,
    /// The same as people read it.
    pub sentence: String,
}

/// Which rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    since: Option<String>,
    #[serde(default)]
    after: i64,
}

/// What to compare with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    head: Option<String>,
}

/// `GET /v1/audit`: the oldest first.
pub async fn list(
    front: Front,
    Asked(Which { since, after }): Asked<Which>,
) -> Result<Json<Vec<AuditRow>>, Refusal> {
    let since = since.as_deref().map(|since| start(since, (front.now)())).transpose()?;
    let found = front.store.audit(since.unwrap_or(Timestamp(i64::MIN)), after, MOST).await?;
    Ok(Json(found.into_iter().map(row).collect()))
}

/// `GET /v1/audit/verify`: goes through all of it.
pub async fn verify(front: Front, Asked(Kept { head }): Asked<Kept>) -> Result<Json<Examined>, Refusal> {
    let anchor = head.map(|text| Anchor::parse(&text).ok_or_else(|| Refusal::bad(NO_END))).transpose()?;
    Ok(Json(examined(&front.store.examine_audit(anchor).await?)))
}

/// A row as a document.
pub fn row(entry: Entry) -> AuditRow {
    let Entry { id, workspace, at, who, what, subject, detail, digest } = entry;
    AuditRow { id, at: at.to_string(), who, what, subject, detail, workspace: workspace.0, digest }
}

/// What was found, as a document.
pub fn examined(finding: &Finding) -> Examined {
    Examined {
        ok: finding.is_sound(),
        rows: finding.rows,
        head: finding.last.map(|last| format!("{last}:{}", finding.digest)),
        seal: finding.seal.unwrap_or(Seal::None).as_str().to_owned(),
        sentence: sealed(finding),
        sealed_since: finding.sealed_since,
        broken: finding.broken.map(|broken| BrokenDocument {
            row: broken.row(),
            how: broken.as_str().to_owned(),
            sentence: told(broken),
        }),
        doubts: finding.doubts.clone(),
        lapses: finding.lapses.clone(),
        kept: finding.anchored,
        guarded: finding.guarded,
        hint: next_step(finding),
        end: finding.end.clone().map(end),
    }
}

fn end(head: Head) -> EndDocument {
    let Head { last, digest, key, seal } = head;
    EndDocument { last, digest, key, seal }
}

fn sealed(finding: &Finding) -> String {
    let plain = match finding.seal.unwrap_or(Seal::None) {
        Seal::Right => match finding.sealed_since.unwrap_or(1) {
            1 => "the end is sealed with the key of the secrets",
            since => {
                return format!(
                    "sealed since row {since} with the key of the secrets; what is before that row is not vouched for"
                );
            }
        },
        Seal::None if finding.has_key => {
            "the end is not sealed, although there is a key: whoever can write the database could have written all of it"
        }
        Seal::None if finding.seal_missed => {
            "the end is not sealed, because the key is missing: what came after it was lost is not vouched for"
        }
        Seal::None => {
            "the end is not sealed, because there was no key: whoever can write the database could have written all of it; \
             hint: deskd secret init"
        }
        Seal::OtherKey => "the end was sealed with a key that is not here, so the seal says nothing",
        Seal::Wrong => "the seal of the end is wrong: somebody without the key has changed it",
    };
    plain.to_owned()
}

fn told(broken: Break) -> String {
    match broken {
        Break::Changed(row) => format!("row {row} is not what was written"),
        Break::Missing(row) => format!("row {row} is missing"),
        Break::Cut(row) => format!("row {row} and what came after it were cut off"),
        Break::Head(row) => {
            format!("the end does not fit to row {row}, the last one: what is before it was written anew")
        }
    }
}

/// The worst first: a question of who did it comes before one of what to repair.
fn next_step(finding: &Finding) -> Option<String> {
    const WHO: &str = "set a copy of the database aside, find out who can write it, and compare with a backup: \
                       deskd audit verify --file BACKUP";
    let is_lapsed = !finding.lapses.is_empty();
    let seal = finding.seal.unwrap_or(Seal::None);
    let is_touched = finding.broken.is_some() || !finding.doubts.is_empty() || seal == Seal::Wrong;
    let step = if is_touched || finding.anchored == Some(false) {
        WHO.to_owned()
    } else if !finding.guarded {
        "restart deskd: it puts back what refuses changes, and notes it".to_owned()
    } else if seal == Seal::OtherKey || !finding.has_key && finding.seal_missed {
        "put the key back where \"deskd status\" says that it was looked for".to_owned()
    } else if seal == Seal::None && finding.has_key {
        "deskd seals the end when it starts with the key; if it runs, somebody took the seal away".to_owned()
    } else if is_lapsed {
        let end = finding.last.map(|last| format!("{last}:{}", finding.digest)).unwrap_or_default();
        format!(
            "if you know why, keep the end and have what comes after it judged: deskd audit verify --head {end}"
        )
    } else {
        return None;
    };
    Some(step)
}
