//! How the secrets in the database stand: whether there is a key, and whether it opens them.

use serde::{Deserialize, Serialize};

use super::Front;
use super::errors::{Code, Refusal};
use super::status::WrongDocument;
use crate::config::keys::KeyLook;
use crate::domain::own::Severity;
use crate::domain::seal::{self, AGAIN, Locked};
use crate::store::StoreError;

/// How the secrets in the database stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretsDocument {
    /// `ready`; `none` where there is no key and nothing that needs one; `refused` where there is something that cannot be
    /// used as a key; else why secrets cannot be opened: `key_missing`, `key_other`, `secret_damaged`, `secret_newer`.
    pub state: String,
    /// How many there are.
    pub sealed: i64,
    /// How many of them cannot be opened.
    pub locked: i64,
    /// What is wrong, and null where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Looks at all of them.
pub async fn standing(front: &Front) -> Result<SecretsDocument, StoreError> {
    let inventory = front.store.sealed_inventory().await?;
    Ok(judge(&front.keys, &inventory))
}

/// What a key and the sealed values make together.
pub fn judge(keys: &KeyLook, inventory: &seal::Inventory) -> SecretsDocument {
    let sealed = inventory.total();
    let locked = seal::locked(keys.ring(), inventory);
    let document = |state: &str, reason: Option<String>, hint: Option<String>| SecretsDocument {
        state: state.to_owned(),
        sealed,
        locked: locked.map_or(0, |(_, count)| count),
        reason,
        hint,
    };
    match (keys, locked) {
        (KeyLook::Here { .. }, None) => document("ready", None, None),
        (KeyLook::Missing(_), None) => document("none", None, None),
        (KeyLook::Missing(problem), Some((why, _))) => {
            document(why.as_str(), Some(problem.what.clone()), problem.hint.clone())
        }
        (KeyLook::Wrong(problem), _) => {
            let what = format!("{}: {}", problem.spot, problem.what);
            document("refused", Some(what), problem.hint.clone())
        }
        (KeyLook::Here { .. }, Some((why, count))) => {
            let (what, hint) = told(why, count);
            document(why.as_str(), Some(what), Some(hint))
        }
    }
}

fn told(why: Locked, count: i64) -> (String, String) {
    let secrets = format!("{count} of the secrets in the database");
    match why {
        Locked::NoKey | Locked::OtherKey => (
            format!("{secrets} cannot be opened: they have another key"),
            format!("put the old key back, or give deskd each of them again: {AGAIN}"),
        ),
        Locked::Damaged => (
            format!("{secrets} cannot be opened: what is stored is damaged"),
            format!("\"deskd secret rotate\" names them; give deskd each of them again: {AGAIN}"),
        ),
        Locked::Newer => (
            format!("{secrets} cannot be opened: a newer deskd sealed them"),
            "install that version again".to_owned(),
        ),
    }
}

impl SecretsDocument {
    /// What is wrong, as a line of the status.
    pub fn wrong(&self) -> Option<WrongDocument> {
        Some(WrongDocument {
            what: self.reason.clone()?,
            since: None,
            hint: self.hint.clone().unwrap_or_default(),
            severity: Severity::Warning.as_str().to_owned(),
        })
    }
}

/// Refuses what cannot be done without a key, and says where it was looked for.
pub fn need_key(front: &Front) -> Result<(), Refusal> {
    match front.keys.problem() {
        None => Ok(()),
        Some(problem) => {
            let hint = problem.hint.as_deref().unwrap_or("see docs/operations.md");
            let told = format!("{}; hint: {hint}", problem.what);
            Err(Refusal::new(Code::SecretsLocked, told))
        }
    }
}
