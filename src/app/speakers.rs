//! Who speaks where when the desk starts, before Slack is asked.

use anyhow::{Context, Result};
use tracing::warn;

use crate::domain::installation::State;
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::store::Store;
use crate::store::installations::Speaker;

/// Who speaks where, as far as we know before Slack is asked: tokens of the database in their workspaces, and the configured
/// one at home, unless another has taken its place.
pub async fn speakers(store: &Store, api: &Api) -> Result<Apis> {
    let apis = Apis::from(api.clone());
    for left in store.installations().await?.into_iter().filter(|one| one.state != State::Active) {
        apis.leave(&left.workspace);
    }
    let mut entered = Vec::new();
    if let Some(home) = store.ourselves().await?.filter(|_| api.has_bot()) {
        entered.push((home, api.clone(), true));
    }
    for Speaker { ours, is_home, bot } in store.speakers().await? {
        let workspace = &ours.workspace;
        match bot {
            Ok(bot) => {
                let speaking = api.speaking(&bot).context("cannot prepare calls to Slack")?;
                entered.retain(|(known, ..)| known.workspace != ours.workspace);
                entered.push((ours, speaking, is_home));
            }
            Err(locked) => {
                warn!(workspace = %workspace, "The token of workspace {workspace} cannot be read: {locked}")
            }
        }
    }
    apis.enter_all(entered);
    Ok(apis)
}
