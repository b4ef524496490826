//! Keeps the directory: reads the workspace's people and groups every night, and before when somebody asks or the
//! configuration names somebody.
//!
//! One call of Slack a step, at the pace of its method. What events say in between is taken in by the gatherer.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use jiff::tz::TimeZone;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::domain::backoff;
use crate::domain::directory::{Purpose, Rest, next_reading};
use crate::domain::ids::{GroupId, WorkspaceId};
use crate::domain::limit::Admission;
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Soonest, Worker};
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::store::directory::{Reading, Sheet};
use crate::store::{Store, StoreError};

const PEOPLE: &str = "users.list";
const GROUPS: &str = "usergroups.list";
const MEMBERS: &str = "usergroups.users.list";

/// Reads the directory.
pub struct Census {
    store: Store,
    apis: Apis,
    spaces: watch::Receiver<Arc<Spaces>>,
    /// Whether the configuration names people or groups.
    named: watch::Receiver<bool>,
    zone: TimeZone,
    /// When the first step was taken.
    since: Option<Timestamp>,
    /// Workspaces that Slack or a failure makes wait, each until when and after how many failures.
    pauses: BTreeMap<WorkspaceId, (Timestamp, u32)>,
}

impl Census {
    /// A reader that comes at night in `zone`.
    pub fn new(store: Store, apis: Apis, (named, zone): (watch::Receiver<bool>, TimeZone)) -> Census {
        let spaces = apis.spaces();
        Census { store, apis, spaces, named, zone, since: None, pauses: BTreeMap::new() }
    }

    /// Does the next thing for one workspace; `rest` is how it rests, `None` while it is being read.
    async fn visit(&mut self, workspace: &WorkspaceId, rest: Option<Rest>, now: Timestamp) -> Result<Next> {
        if let Some(rest) = rest {
            let since = *self.since.get_or_insert(now);
            let purpose = Purpose { is_named: *self.named.borrow(), since, zone: self.zone.clone() };
            let at = next_reading(rest, &purpose);
            if at > now {
                return Ok(Next::At(at));
            }
            self.store.of(workspace).begin_reading().await?;
            return Ok(Next::Again);
        }
        let reading = self.store.of(workspace).reading().await?;
        let method = match &reading {
            Reading::Resting(_) => return Ok(Next::Again),
            Reading::People(_) => PEOPLE,
            Reading::Groups(_) => GROUPS,
            Reading::Members(_) => MEMBERS,
        };
        match self.read(workspace, (method, reading), now).await {
            // It was left while Slack was asked.
            Err(problem) if matches!(problem.downcast_ref(), Some(StoreError::Left)) => Ok(Next::Bell),
            done => done,
        }
    }

    /// Reads one page, or the members of one group.
    async fn read(
        &mut self,
        workspace: &WorkspaceId,
        (method, reading): (&'static str, Reading),
        now: Timestamp,
    ) -> Result<Next> {
        // Left a moment ago: there is nothing to be read there any more.
        let Ok(api) = self.apis.of(workspace) else { return Ok(Next::Bell) };
        if let Admission::At(at) = self.store.of(workspace).admit_call(method, now).await? {
            return Ok(Next::NotBefore(at));
        }
        let done = match &reading {
            Reading::Resting(_) => Ok(()),
            Reading::People(cursor) => self.people(workspace, (&api, cursor), now).await?,
            Reading::Groups(cursor) => self.groups(workspace, (&api, cursor), now).await?,
            Reading::Members(group) => self.members(workspace, (&api, group), now).await?,
        };
        let failure = match done {
            Ok(()) => {
                self.pauses.remove(workspace);
                self.tell(workspace).await?;
                return Ok(Next::Again);
            }
            Err(failure) => failure,
        };
        self.recover(workspace, (method, &reading, failure), now).await
    }

    async fn people(
        &self,
        workspace: &WorkspaceId,
        (api, cursor): (&Api, &str),
        now: Timestamp,
    ) -> Result<Result<(), Failure>> {
        match api.people_page(cursor).await {
            Ok((items, next)) => {
                self.store.of(workspace).list_people(Sheet { items, next }, now).await?;
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn groups(
        &self,
        workspace: &WorkspaceId,
        (api, cursor): (&Api, &str),
        now: Timestamp,
    ) -> Result<Result<(), Failure>> {
        match api.groups_page(cursor).await {
            Ok((items, next)) => {
                self.store.of(workspace).list_groups(Sheet { items, next }, now).await?;
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn members(
        &self,
        workspace: &WorkspaceId,
        (api, group): (&Api, &GroupId),
        now: Timestamp,
    ) -> Result<Result<(), Failure>> {
        let members = match api.group_members(group).await {
            Ok(members) => Some(members),
            Err(Failure::Refused { error, .. }) if error == "no_such_subteam" => None,
            Err(failure) => return Ok(Err(failure)),
        };
        self.store.of(workspace).list_members(group.clone(), members, now).await?;
        Ok(Ok(()))
    }

    /// What a failed call means: a pause, a fresh beginning, or a list that we are not allowed to see.
    async fn recover(
        &mut self,
        workspace: &WorkspaceId,
        (method, reading, failure): (&'static str, &Reading, Failure),
        now: Timestamp,
    ) -> Result<Next> {
        match (&failure, reading) {
            (Failure::RateLimited { retry_after }, _) => {
                let until = now.plus(*retry_after);
                self.store.of(workspace).hold_method(method, until).await?;
                Ok(Next::NotBefore(until))
            }
            (Failure::Refused { error, .. }, _) if error == "invalid_cursor" => {
                // Cursors do not live for long: a reading that stood still begins anew.
                self.store.of(workspace).begin_reading().await?;
                Ok(Next::Again)
            }
            (Failure::Refused { error, .. }, Reading::Groups(_) | Reading::Members(_)) => {
                warn!(error, "Slack does not let us read the user groups: {}", failure.sentence());
                self.store.of(workspace).without_groups(error.clone(), now).await?;
                Ok(Next::Again)
            }
            (Failure::Refused { error, .. }, Reading::Resting(_) | Reading::People(_)) => {
                warn!(error, "Slack does not let us read who is in the workspace: {}", failure.sentence());
                self.store.of(workspace).give_up_reading(error.clone(), now).await?;
                Ok(Next::Again)
            }
            (Failure::Token { .. } | Failure::Unreachable { .. } | Failure::Unknown { .. }, _) => {
                // Said once by the worker that asks who we are.
                let failures = self.pauses.get(workspace).map_or(0, |(_, failures)| *failures) + 1;
                let until = now.plus(backoff::delay(failures, fastrand::f64()));
                self.pauses.insert(workspace.clone(), (until, failures));
                Ok(Next::NotBefore(until))
            }
        }
    }

    /// Tells the log once a reading is complete. Numbers only: names are nobody's business there.
    async fn tell(&self, workspace: &WorkspaceId) -> Result<()> {
        if let Reading::Resting(_) = self.store.of(workspace).reading().await? {
            let standing = self.store.of(workspace).directory().await?;
            let (people, groups) = (standing.people, standing.groups);
            let (joined, gone) = (standing.joined, standing.gone);
            info!(people, groups, joined, gone, "Read the directory: {people} people and {groups} groups");
        }
        Ok(())
    }
}

impl Worker for Census {
    fn name(&self) -> &'static str {
        "directory"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let spaces = self.spaces.borrow().clone();
        self.pauses.retain(|workspace, _| spaces.of(workspace).is_some());
        let readings = self.store.readings().await?;
        let mut next = Soonest::default();
        for ours in spaces.all() {
            if let Some((until, _)) = self.pauses.get(&ours.workspace).filter(|(until, _)| *until > now) {
                next.wait(*until);
                continue;
            }
            let rest = readings.get(&ours.workspace).copied().unwrap_or(Some(Rest::default()));
            match self.visit(&ours.workspace, rest, now).await? {
                Next::Again => return Ok(Next::Again),
                Next::NotBefore(at) => next.wait(at),
                Next::At(at) => next.due(at),
                Next::Bell => {}
            }
        }
        Ok(next.next())
    }
}
