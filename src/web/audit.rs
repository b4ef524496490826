//! The audit: who changed what, and whether what is written there is what was written.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::Front;
use super::arguments::Asked;
use super::errors::Refusal;
use super::replay::start;
use crate::domain::audit::{Anchor, Break, Entry, Finding, Seal};
use crate::domain::time::Timestamp;

/// Most rows in one answer; whoever wants more asks again with the last number.
const MOST: u32 = 1_000;

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
    /// Where the chain breaks first.
    pub broken: Option<BrokenDocument>,
    /// Rows in which deskd noted that what stood before them was not what it had written.
    pub doubts: Vec<i64>,
    /// Whether the end that somebody kept is still in it; null when none was given.
    pub kept: Option<bool>,
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
    let wrong = || {
        Refusal::bad("that is not the end of an audit; hint: 41:DIGEST, as \"deskd audit verify\" prints it")
    };
    let anchor = head.map(|text| Anchor::parse(&text).ok_or_else(wrong)).transpose()?;
    Ok(Json(examined(&front.store.examine_audit(anchor).await?)))
}

fn row(entry: Entry) -> AuditRow {
    let Entry { id, workspace, at, who, what, subject, detail, digest } = entry;
    AuditRow { id, at: at.to_string(), who, what, subject, detail, workspace: workspace.0, digest }
}

fn examined(finding: &Finding) -> Examined {
    let seal = finding.seal.unwrap_or(Seal::None);
    Examined {
        ok: finding.is_sound(),
        rows: finding.rows,
        head: finding.last.map(|last| format!("{last}:{}", finding.digest)),
        seal: seal.as_str().to_owned(),
        sentence: sealed(seal).to_owned(),
        broken: finding.broken.map(|broken| BrokenDocument {
            row: broken.row(),
            how: broken.as_str().to_owned(),
            sentence: told(broken),
        }),
        doubts: finding.doubts.clone(),
        kept: finding.anchored,
    }
}

fn sealed(seal: Seal) -> &'static str {
    match seal {
        Seal::Right => "the end is sealed with the key of the secrets",
        Seal::None => {
            "the end is not sealed, because there was no key: whoever can write the database could have written all of it; \
             hint: deskd secret init"
        }
        Seal::OtherKey => "the end was sealed with a key that is not here, so the seal says nothing",
        Seal::Wrong => "the seal of the end is wrong: somebody without the key has changed it",
    }
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
