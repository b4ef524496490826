//! One project's part of a space. What belongs to a project is reached through here alone by those who may see nothing else.
//!
//! What belongs to no project, or is the whole desk's to look at, stays at `Space`.

use rusqlite::Transaction;

use super::error::StoreError;
use super::space::Space;
use crate::domain::ids::{ProjectName, WorkspaceId};

/// The rows of one project. Made by [`Space::project`]; clones share the database.
#[derive(Clone)]
pub struct Plot {
    pub(super) space: Space,
    pub(super) name: ProjectName,
}

/// Whose a notice is: a workspace's, or a project's in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceId,
    /// The project's name; empty for the workspace as a whole.
    pub project: &'a str,
}

impl<'a> Owner<'a> {
    /// The workspace as a whole.
    pub fn whole(workspace: &'a WorkspaceId) -> Owner<'a> {
        Owner { workspace, project: "" }
    }
}

impl Space {
    /// The part of this project.
    pub fn project(&self, name: &ProjectName) -> Plot {
        Plot { space: self.clone(), name: name.clone() }
    }
}

impl Plot {
    /// Whose it is.
    pub fn name(&self) -> &ProjectName {
        &self.name
    }

    /// Runs `work` in one transaction of the writer, with whose it is.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Owner<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let name = self.name.clone();
        self.space.write(move |tx, workspace| work(tx, Owner { workspace, project: &name.0 })).await
    }

    /// Runs `work` on a connection that cannot write, in one snapshot, with whose it is.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Owner<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let name = self.name.clone();
        self.space.read(move |tx, workspace| work(tx, Owner { workspace, project: &name.0 })).await
    }
}
