//! Slack's user object, as it comes in events and from `users.info`, `users.list` and `users.lookupByEmail`.

use serde::Deserialize;

use super::loose::{self, Loose, Text};
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::message::Profile;

/// The fields of a user that we use.
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub team_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub real_name: Text<'a>,
    #[serde(default, deserialize_with = "loose::flag")]
    pub deleted: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    pub is_bot: bool,
    #[serde(borrow, default)]
    pub profile: Loose<'a, Names<'a>>,
}

/// The part of a profile that names a person.
#[derive(Debug, Default, Deserialize)]
pub struct Names<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    display_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    real_name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    email: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team: Text<'a>,
}

/// The person, or `None` for a user without an id.
pub fn profile(user: &User<'_>) -> Option<Profile> {
    let person = PersonId(loose::filled(&user.id)?);
    let nameless = Names::default();
    let names = user.profile.object().unwrap_or(&nameless);
    let handle = loose::filled(&user.name).unwrap_or_else(|| person.0.clone());
    let name = loose::filled(&names.display_name)
        .or_else(|| loose::filled(&names.real_name))
        .or_else(|| loose::filled(&user.real_name))
        .unwrap_or_else(|| handle.clone());
    Some(Profile {
        person,
        team: loose::filled(&user.team_id).or_else(|| loose::filled(&names.team)).map(WorkspaceId),
        handle,
        name,
        email: loose::filled(&names.email),
        is_bot: user.is_bot,
        deleted: user.deleted,
    })
}
