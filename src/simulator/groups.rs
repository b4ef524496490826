//! User groups: `usergroups.list`, `usergroups.users.list`, and what people do with groups and accounts.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::setup::GroupSetup;
use super::workspace::{Mistake, Workspace};
use super::{Simulator, ids};

/// A user group of the workspace.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id (`S…`).
    pub id: String,
    /// The handle, without `@`.
    pub handle: String,
    /// What people call it.
    pub name: String,
    /// User ids.
    pub members: Vec<String>,
    /// Whether it is switched off; Slack keeps such groups.
    pub is_disabled: bool,
    /// Unix seconds of the last change.
    pub updated: i64,
}

impl Group {
    fn as_object(&self, team: &str, with_users: bool) -> Value {
        let mut object = json!({
            "id": self.id, "team_id": team, "is_usergroup": true, "is_subteam": true, "name": self.name,
            "description": "", "handle": self.handle, "is_external": false, "date_create": self.updated,
            "date_update": self.updated, "date_delete": if self.is_disabled { self.updated } else { 0 },
            "auto_type": null, "created_by": "USLACKBOT", "updated_by": "USLACKBOT", "deleted_by": null,
            "prefs": {"channels": [], "groups": []}, "user_count": self.members.len().to_string(),
        });
        if with_users {
            object["users"] = json!(self.members);
        }
        object
    }
}

/// `usergroups.list`: without pages, as Slack has it.
pub fn list(workspace: &mut Workspace, call: &Call) -> Reply {
    let (disabled, users) = (call.flag("include_disabled"), call.flag("include_users"));
    let team = &workspace.setup.team_id;
    let shows = |group: &Group| workspace.shows(call, |team| team.groups.contains(&group.handle));
    let shown = workspace.groups.iter().filter(|group| (disabled || !group.is_disabled) && shows(group));
    let groups: Vec<Value> = shown.map(|group| group.as_object(team, users)).collect();
    Ok(json!({"usergroups": groups}))
}

/// `usergroups.users.list`
pub fn users(workspace: &mut Workspace, call: &Call) -> Reply {
    let id = call.need("usergroup").map_err(|_| Refusal::from("no_such_subteam"))?;
    let include = call.flag("include_disabled");
    let shows = |group: &Group| workspace.shows(call, |team| team.groups.contains(&group.handle));
    let is_it = |group: &&Group| group.id == id && (include || !group.is_disabled) && shows(group);
    let found = workspace.groups.iter().find(is_it);
    found.map(|group| json!({"users": group.members})).ok_or_else(|| "no_such_subteam".into())
}

impl Workspace {
    /// Adds a group and raises `subteam_created`; returns its id.
    fn add_group(&mut self, setup: &GroupSetup) -> Result<String, Mistake> {
        let group = self.new_group(setup)?;
        let (id, subteam) = (group.id.clone(), group.as_object(&self.setup.team_id, true));
        self.groups.push(group);
        self.raise_group_event(json!({"type": "subteam_created", "subteam": subteam}));
        Ok(id)
    }

    /// A group as it begins, not yet there.
    pub fn new_group(&self, setup: &GroupSetup) -> Result<Group, Mistake> {
        let members = setup.members.iter().map(|handle| Ok(self.person(handle)?.id.clone()));
        Ok(Group {
            id: ids::stable("S", &setup.handle),
            handle: setup.handle.clone(),
            name: setup.name.clone(),
            members: members.collect::<Result<_, _>>()?,
            is_disabled: false,
            updated: self.clock.now_ms() / 1000,
        })
    }

    fn group(&mut self, handle: &str) -> Result<usize, Mistake> {
        let at = self.groups.iter().position(|group| group.handle == handle || group.id == handle);
        at.ok_or_else(|| Mistake::NoGroup(handle.to_owned()))
    }

    /// Changes a group and raises `subteam_updated`.
    fn change_group(&mut self, handle: &str, change: impl FnOnce(&mut Group)) -> Result<(), Mistake> {
        let at = self.group(handle)?;
        let now_s = self.clock.now_ms() / 1000;
        let group = &mut self.groups[at];
        change(group);
        group.updated = now_s;
        let subteam = group.as_object(&self.setup.team_id, true);
        self.raise_group_event(json!({"type": "subteam_updated", "subteam": subteam}));
        Ok(())
    }

    /// Puts these people, and nobody else, into a group: `subteam_members_changed`, then `subteam_updated`.
    fn staff_group(&mut self, handle: &str, people: &[&str]) -> Result<(), Mistake> {
        let members: Result<Vec<String>, Mistake> =
            people.iter().map(|person| Ok(self.person(person)?.id.clone())).collect();
        let (at, members) = (self.group(handle)?, members?);
        let before = std::mem::replace(&mut self.groups[at].members, members.clone());
        let added: Vec<&String> = members.iter().filter(|id| !before.contains(id)).collect();
        let removed: Vec<&String> = before.iter().filter(|id| !members.contains(id)).collect();
        let now_s = self.clock.now_ms() / 1000;
        let event = json!({
            "type": "subteam_members_changed", "subteam_id": self.groups[at].id, "team_id": self.setup.team_id,
            "date_previous_update": self.groups[at].updated, "date_update": now_s,
            "added_users": added, "added_users_count": added.len().to_string(),
            "removed_users": removed, "removed_users_count": removed.len().to_string(),
        });
        self.raise_group_event(event);
        self.change_group(handle, |_| {})
    }

    fn raise_group_event(&mut self, event: Value) {
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        self.raise_event(&kind, "usergroups:read", event);
    }

    /// Changes an account and raises `user_change`, and `user_profile_changed` beside it.
    fn change_person(&mut self, who: &str, handle: Option<&str>, deleted: bool) -> Result<(), Mistake> {
        let id = self.person(who)?.id.clone();
        let now_s = self.clock.now_ms() / 1000;
        let with_email = self.has_scope("users:read.email");
        let Some(person) = self.people.iter_mut().find(|person| person.id == id) else { return Ok(()) };
        if let Some(handle) = handle {
            handle.clone_into(&mut person.handle);
            handle.clone_into(&mut person.display_name);
        }
        person.deleted = deleted;
        person.updated = now_s;
        let user = person.as_user(with_email);
        for kind in ["user_change", "user_profile_changed"] {
            let event = json!({"type": kind, "user": user, "cache_ts": now_s});
            self.raise_event(kind, "users:read", event);
        }
        Ok(())
    }
}

impl Simulator {
    /// Adds a user group. Returns its id.
    pub fn add_group(&self, group: &GroupSetup) -> Result<String, Mistake> {
        self.act(|workspace| workspace.add_group(group))
    }

    /// Gives a user group another handle.
    pub fn rename_group(&self, group: &str, handle: &str) -> Result<(), Mistake> {
        self.act(|workspace| workspace.change_group(group, |group| handle.clone_into(&mut group.handle)))
    }

    /// Switches a user group off: it is listed no more.
    pub fn disable_group(&self, group: &str) -> Result<(), Mistake> {
        self.act(|workspace| workspace.change_group(group, |group| group.is_disabled = true))
    }

    /// Puts these people, and nobody else, into a user group.
    pub fn staff_group(&self, group: &str, people: &[&str]) -> Result<(), Mistake> {
        self.act(|workspace| workspace.staff_group(group, people))
    }

    /// Gives a person another handle and display name.
    pub fn rename_person(&self, person: &str, handle: &str) -> Result<(), Mistake> {
        self.act(|workspace| workspace.change_person(person, Some(handle), false))
    }

    /// Closes a person's account.
    pub fn close_account(&self, person: &str) -> Result<(), Mistake> {
        self.act(|workspace| workspace.change_person(person, None, true))
    }

    /// Takes a person out of the workspace without a word, so that only a new list shows it.
    pub fn lose_person(&self, person: &str) -> Result<(), Mistake> {
        self.act(|workspace| {
            let id = workspace.person(person)?.id.clone();
            workspace.people.retain(|person| person.id != id);
            Ok(())
        })
    }

    /// Takes a user group out of the workspace without a word, so that only a new list shows it.
    pub fn lose_group(&self, group: &str) -> Result<(), Mistake> {
        self.act(|workspace| {
            let at = workspace.group(group)?;
            workspace.groups.remove(at);
            Ok(())
        })
    }
}
