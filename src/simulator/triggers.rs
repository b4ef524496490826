//! Trigger ids: three seconds, one use.
//!
//! A trigger raised inside a modal remembers that modal, because only such a one may push.

use std::collections::BTreeMap;

use super::call::Refusal;
use super::ids::Ids;

/// How long a trigger id may be exchanged (docs: handling-user-interaction).
const LIFE_MS: i64 = 3_000;

/// Who may open what with a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Whose screen it is.
    pub user: String,
    /// The view the interaction came from.
    pub view: Option<String>,
    made_ms: i64,
    used: bool,
}

/// All trigger ids handed out.
#[derive(Debug, Default)]
pub struct Triggers(BTreeMap<String, Trigger>);

impl Triggers {
    /// Makes a trigger id for a user's interaction.
    pub fn make(&mut self, ids: &mut Ids, now_ms: i64, user: &str, view: Option<&str>) -> String {
        let id = ids.trigger();
        let trigger =
            Trigger { user: user.to_owned(), view: view.map(str::to_owned), made_ms: now_ms, used: false };
        self.0.insert(id.clone(), trigger);
        id
    }

    /// Exchanges a trigger id, or says why not.
    pub fn exchange(&mut self, id: &str, now_ms: i64) -> Result<Trigger, Refusal> {
        let Some(trigger) = self.0.get_mut(id) else { return Err("invalid_trigger_id".into()) };
        if trigger.used {
            return Err("exchanged_trigger_id".into());
        }
        if now_ms - trigger.made_ms > LIFE_MS {
            return Err("expired_trigger_id".into());
        }
        trigger.used = true;
        Ok(trigger.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Ids;
    use super::Triggers;

    #[test]
    fn a_trigger_id_works_once_and_for_three_seconds() {
        let (mut triggers, mut ids) = (Triggers::default(), Ids::new(1));
        let early = triggers.make(&mut ids, 1_000, "U1", None);
        let late = triggers.make(&mut ids, 1_000, "U1", None);
        assert_eq!(triggers.exchange(&early, 4_000).unwrap().user, "U1");
        assert_eq!(triggers.exchange(&early, 4_000).unwrap_err().error, "exchanged_trigger_id");
        assert_eq!(triggers.exchange(&late, 4_001).unwrap_err().error, "expired_trigger_id");
        assert_eq!(triggers.exchange("1.2.x", 1_000).unwrap_err().error, "invalid_trigger_id");
    }
}
