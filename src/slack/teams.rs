//! Lists of an organisation that has installed the app as a whole: its one token works in several teams, and a list is asked for
//! team by team [slack-facts 4.4, 9.2].
//!
//! Whoever reads a list keeps one text of where it goes on. For an organisation the teams that are left stand in it, so that a
//! restart goes on in the right one.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::api::{Api, missing};
use super::http::Form;
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::rooms::More;

/// Teams a page.
const PAGE: &str = "1000";
/// The most pages of teams; more means that a cursor runs in a circle.
const MOST_PAGES: usize = 100;
/// Between the teams that are left and the cursor; neither holds one.
const MARK: char = ' ';

/// What is known of an organisation while its lists are read.
#[derive(Debug, Default)]
pub struct Whole {
    /// The team of each user group that was listed.
    groups: Mutex<BTreeMap<String, String>>,
}

/// Where a list goes on.
pub(super) struct Place {
    /// The teams that are left, the one it is in first; `None` where there is no organisation.
    teams: Option<Vec<String>>,
    cursor: String,
}

impl Api {
    /// `auth.teams.list`, all pages: the teams of the organisation in which the app may work.
    pub async fn teams(&self) -> Result<Vec<String>, Failure> {
        let (mut teams, mut cursor) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let mut form = vec![("limit", PAGE)];
            form.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let done = self.read("auth.teams.list", &form).await?;
            let page: Page<'_> = serde_json::from_slice(&done.body).map_err(|_| missing("readable page"))?;
            teams.extend(page.teams.iter().filter_map(|team| loose::filled(&team.id)));
            let next = page.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor));
            match next.filter(|next| *next != cursor) {
                Some(next) => cursor = next,
                None => return Ok(teams),
            }
        }
        Err(Failure::Unknown { what: "the list of teams does not end".to_owned() })
    }

    /// Where a list goes on that stands at `at`; its beginning for an empty text.
    pub(super) async fn place(&self, at: &str) -> Result<Place, Failure> {
        if self.whole().is_none() {
            return Ok(Place { teams: None, cursor: at.to_owned() });
        }
        let (teams, cursor) = match at.split_once(MARK) {
            Some((teams, cursor)) => (teams.split(',').map(str::to_owned).collect(), cursor.to_owned()),
            None => (self.teams().await?, String::new()),
        };
        Ok(Place { teams: Some(teams), cursor })
    }
}

impl Whole {
    /// Remembers that a user group was listed in a team.
    pub(super) fn lists(&self, group: &str, team: &str) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.insert(group.to_owned(), team.to_owned());
    }

    /// The team of a user group.
    pub(super) fn team_of(&self, group: &str) -> Option<String> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).get(group).cloned()
    }
}

impl Place {
    /// Whether there is nothing to be asked: an organisation in none of whose teams the app may work.
    pub fn is_over(&self) -> bool {
        self.teams.as_ref().is_some_and(Vec::is_empty)
    }

    /// The team that is asked for; `None` where there is no organisation.
    pub fn team(&self) -> Option<&str> {
        self.teams.as_ref().and_then(|teams| teams.first()).map(String::as_str)
    }

    /// These arguments with those that say where it goes on.
    pub fn form<'f>(&'f self, form: &Form<'f>) -> Vec<(&'f str, &'f str)> {
        let mut form = form.to_vec();
        form.extend(self.team().map(|team| ("team_id", team)));
        form.extend((!self.cursor.is_empty()).then_some(("cursor", self.cursor.as_str())));
        form
    }

    /// Where it goes on behind a page that ended with this cursor; `None` behind the last. A cursor that leads to its own page
    /// leads nowhere.
    pub fn after(self, cursor: Option<String>) -> Option<String> {
        let cursor = cursor.filter(|cursor| *cursor != self.cursor);
        let Some(mut teams) = self.teams else { return cursor };
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => {
                teams = teams.split_off(1.min(teams.len()));
                String::new()
            }
        };
        (!teams.is_empty()).then(|| format!("{}{MARK}{cursor}", teams.join(",")))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow, deserialize_with = "loose::objects")]
    teams: Vec<Team<'a>>,
    #[serde(borrow)]
    response_metadata: Loose<'a, More<'a>>,
}

#[derive(Deserialize)]
struct Team<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn place(teams: &[&str], cursor: &str) -> Place {
        let teams = teams.iter().map(|&team| team.to_owned()).collect();
        Place { teams: Some(teams), cursor: cursor.to_owned() }
    }

    #[test]
    fn a_list_of_an_organisation_goes_from_page_to_page_and_from_team_to_team() {
        let next = |place: Place, cursor: &str| {
            place.after(Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty()))
        };
        for (teams, at, cursor, then) in [
            (&["T1", "T2"][..], "", "c1", Some("T1,T2 c1")),
            (&["T1", "T2"], "c1", "", Some("T2 ")),
            (&["T1", "T2"], "c1", "c1", Some("T2 ")),
            (&["T2"], "", "", None),
            (&[], "", "", None),
        ] {
            assert_eq!(next(place(teams, at), cursor).as_deref(), then, "{teams:?} {at} {cursor}");
        }
        let single = Place { teams: None, cursor: "c1".to_owned() };
        assert_eq!(next(single, "c2").as_deref(), Some("c2"), "as it is where there is no organisation");
        assert_eq!(
            place(&["T1"], "c1").form(&[("limit", "2")]),
            [("limit", "2"), ("team_id", "T1"), ("cursor", "c1")]
        );
        assert!(place(&[], "").is_over());
    }
}
