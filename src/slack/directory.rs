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
        let done = self.read("users.list", &after(&[("limit", PAGE)], cursor)).await?;
        let answer = answer(&done)?;
        let members = answer.members.iter().filter_map(people::profile).collect();
        Ok((members, next(&answer, cursor)))
    }

    /// One page of `usergroups.list`: the groups in use. Slack has one page of them so far.
    pub async fn groups_page(&self, cursor: &str) -> Result<Page<Group>, Failure> {
        let done = self.read("usergroups.list", &after(&[], cursor)).await?;
        let answer = answer(&done)?;
        let groups = answer.usergroups.iter().filter_map(groups::group).collect();
        Ok((groups, next(&answer, cursor)))
    }

    /// `usergroups.users.list`: who is in a group.
    pub async fn group_members(&self, group: &GroupId) -> Result<Vec<PersonId>, Failure> {
        let done = self.read("usergroups.users.list", &[("usergroup", &group.0)]).await?;
        Ok(groups::people(answer(&done)?.users))
    }
}

fn after<'f>(form: &[(&'static str, &'f str)], cursor: &'f str) -> Vec<(&'static str, &'f str)> {
    let mut form = form.to_vec();
    form.extend((!cursor.is_empty()).then_some(("cursor", cursor)));
    form
}

/// A list that cannot be read must not pass for an empty one: everybody would be gone.
fn answer(done: &Done) -> Result<Answer<'_>, Failure> {
    serde_json::from_slice(&done.body).map_err(|_| missing("readable page"))
}

/// A cursor that leads to its own page leads nowhere.
fn next(answer: &Answer<'_>, cursor: &str) -> Option<String> {
    let more = answer.response_metadata.object();
    more.and_then(|more| loose::filled(&more.next_cursor)).filter(|next| next != cursor)
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
