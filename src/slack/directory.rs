//! The lists of people and groups, one page a call: whoever reads them keeps the pace, and goes on where a rate limit or a
//! restart stopped it.

use serde::Deserialize;

use super::api::{Api, missing};
use super::groups::{self, Subteam};
use super::http::Done;
use super::loose::{self, Loose};
use super::outcome::Failure;
use super::people::{self, User};
use super::rooms::More;
use crate::domain::directory::Group;
use crate::domain::ids::{GroupId, PersonId};
use crate::domain::message::Profile;

/// People a page, as Slack advises; with more, `users.list` fails on large teams.
const PAGE: &str = "200";

/// What stands on a page, and the cursor of the next one; `None` on the last.
pub type Page<T> = (Vec<T>, Option<String>);

impl Api {
    /// One page of `users.list`: everybody of the workspace, bots and closed accounts included, people of other
    /// organisations not.
    pub async fn people_page(&self, cursor: &str) -> Result<Page<Profile>, Failure> {
        let place = self.place(cursor).await?;
        if place.is_over() {
            return Ok((Vec::new(), None));
        }
        let done = self.read("users.list", &place.form(&[("limit", PAGE)])).await?;
        let answer = answer(&done)?;
        let members = answer.members.iter().filter_map(people::profile).collect();
        Ok((members, place.after(next(&answer))))
    }

    /// One page of `usergroups.list`: the groups in use. Slack has one page of them so far.
    pub async fn groups_page(&self, cursor: &str) -> Result<Page<Group>, Failure> {
        let place = self.place(cursor).await?;
        if place.is_over() {
            return Ok((Vec::new(), None));
        }
        let done = self.read("usergroups.list", &place.form(&[])).await?;
        let answer = answer(&done)?;
        let groups: Vec<Group> = answer.usergroups.iter().filter_map(groups::group).collect();
        if let (Some(whole), Some(team)) = (self.whole(), place.team()) {
            groups.iter().for_each(|group| whole.lists(&group.id.0, team));
        }
        Ok((groups, place.after(next(&answer))))
    }

    /// `usergroups.users.list`: who is in a group. In an organisation the group has to be listed first, or whoever reads the
    /// directory has to begin anew.
    pub async fn group_members(&self, group: &GroupId) -> Result<Vec<PersonId>, Failure> {
        let team = self.whole().map(|whole| whole.team_of(&group.0).ok_or_else(not_listed)).transpose()?;
        let mut form = vec![("usergroup", group.0.as_str())];
        form.extend(team.as_ref().map(|team| ("team_id", team.as_str())));
        let done = self.read("usergroups.users.list", &form).await?;
        Ok(groups::people(answer(&done)?.users))
    }
}

/// What Slack says of a cursor that is too old: the reading begins anew.
fn not_listed() -> Failure {
    Failure::Refused { error: "invalid_cursor".to_owned(), needed: None, messages: Vec::new() }
}

/// A list that cannot be read must not pass for an empty one: everybody would be gone.
fn answer(done: &Done) -> Result<Answer<'_>, Failure> {
    serde_json::from_slice(&done.body).map_err(|_| missing("readable page"))
}

fn next(answer: &Answer<'_>) -> Option<String> {
    answer.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow, deserialize_with = "loose::objects")]
    members: Vec<User<'a>>,
    #[serde(borrow, deserialize_with = "loose::objects")]
    usergroups: Vec<Subteam<'a>>,
    #[serde(deserialize_with = "loose::texts")]
    users: Vec<String>,
    #[serde(borrow)]
    response_metadata: Loose<'a, More<'a>>,
}
