//! One workspace's part of the database. What belongs to a workspace is reached through here alone, so that no use case can
//! be written that forgets whose rows it reads or changes.
//!
//! What serves the whole file stays at `Store`: recording and claiming, the schema, retention, copies. `tests/it/isolation.rs`
//! lists it with the reasons.

use std::sync::Arc;

use rusqlite::Transaction;

use super::error::StoreError;
use super::installations::is_served;
use super::sqlite::Store;
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::Keyring;

/// The rows of one workspace. Made by [`Store::of`]; clones share the database.
#[derive(Clone)]
pub struct Space {
    pub(super) store: Store,
    pub(super) workspace: WorkspaceId,
}

impl Store {
    /// The part of this workspace.
    pub fn of(&self, workspace: &WorkspaceId) -> Space {
        Space { store: self.clone(), workspace: workspace.clone() }
    }
}

impl Space {
    /// Whose it is.
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// The keys of the secrets in it.
    pub(super) fn keys(&self) -> Option<Arc<Keyring>> {
        self.store.keys()
    }

    /// Runs `work` in one transaction of the writer, with the workspace it is for. Fails with [`StoreError::Left`] where that was
    /// left: what was under way may end after the departure, and must not write what that has deleted.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, &WorkspaceId) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_anyway(move |tx, workspace| match is_served(tx, workspace)? {
            true => work(tx, workspace),
            false => Err(StoreError::Left),
        })
        .await
    }

    /// The same for what ends an installation, clears up behind it, or begins it again.
    pub(super) async fn write_anyway<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, &WorkspaceId) -> Result<T, StoreError> + Send + 'static,
    {
        let workspace = self.workspace.clone();
        self.store.write(move |tx| work(tx, &workspace)).await
    }

    /// Runs `work` on a connection that cannot write, in one snapshot, with the workspace it is for.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, &WorkspaceId) -> Result<T, StoreError> + Send + 'static,
    {
        let workspace = self.workspace.clone();
        self.store.read(move |tx| work(tx, &workspace)).await
    }
}
