//! `users.info`, `users.list`, `users.lookupByEmail`.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::page;
use super::people::Person;
use super::workspace::Workspace;

/// `users.info`
pub fn info(workspace: &mut Workspace, call: &Call) -> Reply {
    let id = call.need("user").map_err(|_| Refusal::from("user_not_found"))?;
    let with_email = workspace.has_scope("users:read.email");
    let person = workspace
        .people
        .iter()
        .find(|person| person.id == id)
        .ok_or_else(|| Refusal::from("user_not_found"))?;
    // The address of somebody in another organisation is not ours to see.
    Ok(json!({"user": person.as_user(with_email && !person.is_stranger)}))
}

/// `users.list`: everybody but foreign people, deactivated ones and bots too.
pub fn list(workspace: &mut Workspace, call: &Call) -> Reply {
    let with_email = workspace.has_scope("users:read.email");
    let shown = |person: &&Person| workspace.shows(call, |team| team.people.contains(&person.handle));
    let ours = workspace.people.iter().filter(|person| !person.is_foreign).filter(shown);
    let all: Vec<Value> = ours.map(|person| person.as_user(with_email)).collect();
    let limit = page::limit(call, all.len().max(1), 1000)?;
    let (members, metadata) = page::cut(call, all, limit)?;
    Ok(
        json!({"members": members, "cache_ts": workspace.clock.now_ms() / 1000, "response_metadata": metadata}),
    )
}

/// `users.lookupByEmail`: not for foreign, deactivated or bot users.
pub fn lookup_by_email(workspace: &mut Workspace, call: &Call) -> Reply {
    let wanted = call.need("email").map_err(|_| Refusal::from("users_not_found"))?.to_lowercase();
    let found = workspace.people.iter().find(|person| {
        let visible = !person.is_foreign && !person.deleted && person.bot.is_none();
        visible && person.email.as_ref().is_some_and(|email| email.to_lowercase() == wanted)
    });
    found.map(|person| json!({"user": person.as_user(true)})).ok_or_else(|| "users_not_found".into())
}
