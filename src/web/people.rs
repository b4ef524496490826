//! The person that somebody means by an id, a handle or an e-mail address: looked for in the store, then asked of Slack.

use super::Front;
use super::errors::{Code, Refusal};
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::message::Profile;
use crate::slack::outcome::Failure;

/// What somebody typed for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    /// A Slack id.
    Id(PersonId),
    /// A handle, without `@`.
    Handle(String),
    /// An e-mail address.
    Email(String),
}

/// Finds the person, in Slack if need be; what Slack says is remembered.
pub async fn find(front: &Front, workspace: &WorkspaceId, typed: &str) -> Result<PersonId, Refusal> {
    match read(typed)? {
        Typed::Id(person) => {
            let known = front.store.of(workspace).person(person.clone()).await?;
            if known.is_none_or(|known| known.handle.is_empty()) {
                let profile = front
                    .apis
                    .of(workspace)?
                    .user_info(&person)
                    .await
                    .map_err(|failure| missing(failure, typed))?;
                // Kept under the id we were given: Slack may answer with an organisation's id.
                remember(front, workspace, Profile { person: person.clone(), ..profile }).await?;
            }
            Ok(person)
        }
        Typed::Email(address) => {
            let profile = front
                .apis
                .of(workspace)?
                .lookup_by_email(&address)
                .await
                .map_err(|failure| missing(failure, typed))?;
            let person = profile.person.clone();
            remember(front, workspace, profile).await?;
            Ok(person)
        }
        Typed::Handle(handle) => match front.store.of(workspace).person_by_handle(handle.clone()).await? {
            Some(person) => Ok(person),
            None => by_handle(front, workspace, &handle).await,
        },
    }
}

/// Finds the person among those we know already; Slack is not asked.
pub async fn stored(front: &Front, workspace: &WorkspaceId, typed: &str) -> Result<PersonId, Refusal> {
    match read(typed)? {
        Typed::Id(person) => Ok(person),
        Typed::Handle(handle) => {
            let found = front.store.of(workspace).person_by_handle(handle).await?;
            found.ok_or_else(|| nobody(typed, "give the Slack id (U...), or see \"deskd team list\""))
        }
        Typed::Email(_) => Err(Refusal::bad(format!(
            "{typed:?} cannot be filtered by; hint: give the Slack id (U...) or the @handle"
        ))),
    }
}

async fn by_handle(front: &Front, workspace: &WorkspaceId, handle: &str) -> Result<PersonId, Refusal> {
    let everybody = front.apis.of(workspace)?.user_list().await?;
    let fits = |profile: &&Profile| !profile.deleted && profile.handle.eq_ignore_ascii_case(handle);
    let goes_by = |profile: &&Profile| !profile.deleted && profile.name.eq_ignore_ascii_case(handle);
    let mut by_name = everybody.iter().filter(goes_by);
    let found = match (everybody.iter().find(fits), by_name.next(), by_name.next()) {
        (Some(profile), _, _) | (None, Some(profile), None) => profile.clone(),
        (None, Some(_), Some(_)) => {
            let what = format!(
                "several people are called {handle:?}; hint: give the Slack id (U...), under \
                                \"Copy member ID\" in the person's profile"
            );
            return Err(Refusal::new(Code::NoSuchPerson, what));
        }
        (None, None, _) => {
            return Err(nobody(
                handle,
                "give the Slack id (U...), under \"Copy member ID\" in the person's profile",
            ));
        }
    };
    let person = found.person.clone();
    remember(front, workspace, found).await?;
    Ok(person)
}

async fn remember(front: &Front, workspace: &WorkspaceId, profile: Profile) -> Result<(), Refusal> {
    Ok(front.store.of(workspace).set_person(profile, (front.now)()).await?)
}

fn missing(failure: Failure, typed: &str) -> Refusal {
    match &failure {
        Failure::Refused { error, .. } if matches!(error.as_str(), "user_not_found" | "users_not_found") => {
            nobody(typed, "is it somebody of this workspace, with an open account?")
        }
        Failure::Refused { .. }
        | Failure::RateLimited { .. }
        | Failure::Unreachable { .. }
        | Failure::Unknown { .. }
        | Failure::Token { .. } => failure.into(),
    }
}

fn nobody(typed: &str, hint: &str) -> Refusal {
    // An answer ends up in callers' logs, where no address belongs.
    let what = match typed.trim().trim_start_matches('@').contains('@') {
        true => format!("there is nobody with this address; hint: {hint}"),
        false => format!("there is nobody called {typed:?}; hint: {hint}"),
    };
    Refusal::new(Code::NoSuchPerson, what)
}

/// `U…`, `W…` and `<@U…>` are ids, what has an `@` inside is an address, the rest is a handle.
fn read(typed: &str) -> Result<Typed, Refusal> {
    let bare = typed.trim().trim_start_matches("<@").trim_end_matches('>');
    let bare = bare.split('|').next().unwrap_or(bare);
    let is_id = bare.len() > 2
        && bare.starts_with(['U', 'W', 'B'])
        && bare.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match bare.trim_start_matches('@') {
        "" => Err(Refusal::bad(
            "a person is missing; hint: give @handle, a Slack id (U...) or an e-mail address",
        )),
        _ if is_id => Ok(Typed::Id(PersonId(bare.to_owned()))),
        handle if handle.contains('@') => Ok(Typed::Email(handle.to_owned())),
        handle => Ok(Typed::Handle(handle.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::{PersonId, Typed, read};

    #[test]
    fn a_person_is_an_id_a_handle_or_an_address() {
        let id = |id: &str| Typed::Id(PersonId(id.to_owned()));
        for (typed, expected) in [
            ("U0123ABCD", id("U0123ABCD")),
            (" <@U0123ABCD|ada> ", id("U0123ABCD")),
            ("W0123ABCD", id("W0123ABCD")),
            ("@ada", Typed::Handle("ada".into())),
            ("ada.l", Typed::Handle("ada.l".into())),
            ("UWE", id("UWE")),
            ("Uwe", Typed::Handle("Uwe".into())),
            ("ada@acme.example", Typed::Email("ada@acme.example".into())),
        ] {
            assert_eq!(read(typed), Ok(expected), "{typed}");
        }
        assert!(read(" @ ").is_err());
    }
}
