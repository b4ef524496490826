//! Who a person is: asked once, remembered in the store.

use std::time::Duration;

use anyhow::Result;
use tracing::info;

use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::limit::Admission;
use crate::domain::message::Profile;
use crate::domain::time::Timestamp;
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::store::{Store, StoreError};

const METHOD: &str = "users.info";

/// Pause after Slack could not be asked, before it is asked again.
const PAUSE: Duration = Duration::from_secs(5);

/// Asks Slack about people.
pub struct Directory {
    store: Store,
    apis: Apis,
}

/// What asking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Slack told us, or said that it never will: either way the store knows what there is to know.
    Answered,
    /// Not now; ask again then.
    Later(Timestamp),
}

impl Directory {
    /// A directory that remembers in `store`.
    pub fn new(store: Store, apis: impl Into<Apis>) -> Directory {
        Directory { store, apis: apis.into() }
    }

    /// Asks about one person, keeping to the method's pace.
    pub async fn ask(&self, workspace: &WorkspaceId, person: &PersonId, now: Timestamp) -> Result<Asked> {
        match self.ask_slack(workspace, person, now).await {
            // It was left while Slack was asked: what waits for the answer goes with it.
            Err(problem) if matches!(problem.downcast_ref(), Some(StoreError::Left)) => {
                Ok(Asked::Later(now.plus(PAUSE)))
            }
            asked => asked,
        }
    }

    async fn ask_slack(&self, workspace: &WorkspaceId, person: &PersonId, now: Timestamp) -> Result<Asked> {
        if let Admission::At(at) = self.store.of(workspace).admit_call(METHOD, now).await? {
            return Ok(Asked::Later(at));
        }
        let told = match self.apis.of(workspace) {
            Ok(api) => api.user_info(person).await,
            Err(failure) => Err(failure),
        };
        let profile = match told {
            Ok(profile) => profile,
            Err(Failure::Refused { error, .. }) => {
                info!(person = %person, error, "Slack tells nothing about {person}: {error}");
                nobody(person)
            }
            Err(Failure::RateLimited { retry_after }) => {
                let until = now.plus(retry_after);
                self.store.of(workspace).hold_method(METHOD, until).await?;
                return Ok(Asked::Later(until));
            }
            Err(Failure::Token { .. } | Failure::Unreachable { .. } | Failure::Unknown { .. }) => {
                return Ok(Asked::Later(now.plus(PAUSE)));
            }
        };
        // Answers are kept under the id we asked for: Slack may answer with an organisation's id.
        let profile = Profile { person: person.clone(), ..profile };
        self.store.of(workspace).set_person(profile, now).await?;
        Ok(Asked::Answered)
    }
}

/// Somebody whom Slack does not show us: a stranger, a closed account, a trusted bot.
fn nobody(person: &PersonId) -> Profile {
    Profile {
        person: person.clone(),
        team: None,
        handle: String::new(),
        name: String::new(),
        email: None,
        is_bot: false,
        deleted: false,
    }
}
