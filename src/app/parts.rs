//! The parts that a desk is put together from, each made of the configuration.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tracing::warn;

use super::Reloadable;
use crate::alarm::Unwritable;
use crate::alarm::watch::Watched;
use crate::config::keys::KeyLook;
use crate::config::{Config, Secret};
use crate::domain::message::Ourselves;
use crate::domain::seal::Keyring;
use crate::domain::send::SETTLE;
use crate::domain::time::Timestamp;
use crate::domain::trouble::Thresholds;
use crate::intake::listen::Tally;
use crate::llm::Model;
use crate::runtime::crew::Crew;
use crate::slack::socket::Links;
use crate::store::retention::Retention;
use crate::store::{Occupied, Store, occupy};
use crate::web::desk::Health;
use crate::web::secrets::judge;

/// The language model, if there is one and it may be called where it is.
pub(super) async fn model(config: &Config, key: Option<&Secret>) -> Result<Option<Model>> {
    let model = Model::new(&config.model, key).context("cannot prepare calls of the language model")?;
    if let Some(model) = &model {
        model.look_up(&config.model).await.context("the language model must not be called")?;
    }
    Ok(model)
}

/// The database of the configuration, taken into use.
pub(super) async fn open(
    config: &Config,
    keys: Option<&Keyring>,
    now: Timestamp,
) -> Result<(Store, Occupied)> {
    if let Some(folder) = config.store.path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make folder {}; hint: set store.path", folder.display()))?;
    }
    let occupied = occupy(&config.store.path)?;
    let store = Store::open(&config.store.path, now).await?;
    store.take_over_sends(now.plus(SETTLE)).await?;
    let store = match keys {
        Some(ring) => store.with_keys(ring.clone()),
        None => store,
    };
    Ok((store, occupied))
}

/// Has the audit told of the start, and says in the log which secrets cannot be opened. Without either the desk works all the same.
pub(super) async fn tell_start(
    store: &Store,
    (keys, reloadable): (&KeyLook, &Reloadable),
    now: Timestamp,
) -> Result<()> {
    let (hash, marks) = reloadable.told();
    if let Err(problem) = store.note_start(hash, marks, now).await {
        warn!("The start is not in the audit: {problem}");
    }
    tell_locked(store, keys).await
}

/// Says in the log which secrets in the database cannot be opened, and what to do.
async fn tell_locked(store: &Store, keys: &KeyLook) -> Result<()> {
    let standing = judge(keys, &store.sealed_inventory().await?);
    if let (Some(reason), Some(hint), true) = (standing.reason, standing.hint, standing.locked > 0) {
        warn!("{reason}; hint: {hint}");
    }
    Ok(())
}

/// How long things are kept.
pub(super) fn retention(config: &Config) -> Retention {
    let kept = &config.store;
    Retention { events: kept.keep_events, tasks: kept.keep_tasks, deliveries: kept.keep_deliveries }
}

/// What the alarm watches.
pub(super) fn watched(
    (store, links, ours): (&Store, &Links, &watch::Receiver<Option<Ourselves>>),
    crew: &Crew,
    tally: &Arc<Tally>,
) -> Watched {
    let tally = tally.clone();
    Watched {
        store: store.clone(),
        links: links.clone(),
        crew: crew.watch(),
        recording: Arc::new(move || tally.failing_since()),
        ours: ours.clone(),
    }
}

/// From when on something is a trouble.
pub(super) fn thresholds(config: &Config) -> Thresholds {
    let alarm = &config.alarm;
    Thresholds { no_socket: alarm.no_socket_after, backup: alarm.backup_older_than }
}

/// How the workers fare, at any time.
pub(super) fn health(crew: &Crew, unwritable: Unwritable) -> Arc<dyn Fn(Timestamp) -> Health + Send + Sync> {
    let watch = crew.watch();
    Arc::new(move |now| Health { workers: watch.seen(now), unwritable_since: unwritable.since() })
}
