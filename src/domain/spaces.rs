//! The workspaces that we serve: who we are in each, which of them is home, and whose an event is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::WorkspaceId;
use super::message::Ourselves;

/// Between two looks at known workspaces after a start: what is known of them holds, and Slack is not asked about all at once.
const LOOK_GAP: Duration = Duration::from_secs(2);

/// How long after the start the `nth` of the known workspaces is looked at, when each is looked at `every` so often: one after
/// the other, and each before its next look would be due.
pub fn first_look(nth: usize, every: Duration) -> Duration {
    let gaps = every.as_millis() / LOOK_GAP.as_millis().max(1);
    let gap = u32::try_from(nth as u128 % gaps.max(1)).unwrap_or(0);
    LOOK_GAP * gap
}

/// Who we are in each workspace that we serve. An organisation that installed the app as a whole counts as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spaces {
    /// Where deskd tells of itself: the workspace of the configured token, else the one that was connected first.
    home: Option<WorkspaceId>,
    ours: BTreeMap<WorkspaceId, Ourselves>,
}

/// What a caller's word for a workspace came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    This(&'a Ourselves),
    /// None is served.
    None,
    /// There are several, and nobody said which.
    Several,
    /// None of those that are served is called so.
    Unknown,
}

impl Spaces {
    /// One workspace, which is home.
    pub fn only(ours: Ourselves) -> Spaces {
        let mut spaces = Spaces::default();
        spaces.enter(ours, true);
        spaces
    }

    /// Adds a workspace, or brings what we know of it up to date. The first is home until one `is_home`.
    pub fn enter(&mut self, ours: Ourselves, is_home: bool) {
        if is_home || self.home.is_none() {
            self.home = Some(ours.workspace.clone());
        }
        self.ours.insert(ours.workspace.clone(), ours);
    }

    /// Takes a workspace out.
    pub fn leave(&mut self, workspace: &WorkspaceId) {
        self.ours.remove(workspace);
        if self.home.as_ref() == Some(workspace) {
            self.home = self.ours.keys().next().cloned();
        }
    }

    /// Who we are at home.
    pub fn home(&self) -> Option<&Ourselves> {
        self.home.as_ref().and_then(|home| self.ours.get(home))
    }

    /// Who we are in a workspace; `None` where we are not.
    pub fn of(&self, workspace: &WorkspaceId) -> Option<&Ourselves> {
        self.ours.get(workspace)
    }

    /// All of them, by their ids.
    pub fn all(&self) -> impl Iterator<Item = &Ourselves> {
        self.ours.values()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ours.len()
    }

    /// Whose an event is that names these workspaces, the one it was seen through first. One that names none, or an
    /// organisation alone, is of the only workspace that there is.
    pub fn whose(&self, named: &[String]) -> Option<&Ourselves> {
        let known = named.iter().find_map(|id| self.ours.get(&WorkspaceId(id.clone())));
        let alone = || (self.ours.len() == 1).then(|| self.ours.values().next()).flatten();
        let names_a_team = named.iter().any(|id| id.starts_with('T'));
        known.or_else(|| if names_a_team { None } else { alone() })
    }

    /// The workspace that somebody means by an id or a name; with nothing said, the only one.
    pub fn choose(&self, wanted: Option<&str>) -> Choice<'_> {
        let Some(wanted) = wanted else {
            return match self.ours.len() {
                0 => Choice::None,
                1 => self.ours.values().next().map_or(Choice::None, Choice::This),
                _ => Choice::Several,
            };
        };
        if let Some(ours) = self.ours.get(&WorkspaceId(wanted.to_owned())) {
            return Choice::This(ours);
        }
        let called = |ours: &&Ourselves| ours.workspace_name.to_lowercase() == wanted.to_lowercase();
        let mut found = self.ours.values().filter(called);
        match (found.next(), found.next()) {
            (Some(ours), None) => Choice::This(ours),
            (Some(_), Some(_)) => Choice::Several,
            (None, _) => Choice::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Duration, Ourselves, Spaces, WorkspaceId, first_look};

    #[test]
    fn a_thousand_workspaces_are_looked_at_one_after_the_other_within_the_hour() {
        let hour = Duration::from_secs(3600);
        for (nth, seconds) in [(0, 0), (1, 2), (999, 1998), (1799, 3598), (1800, 0), (5000, 2800)] {
            assert_eq!(first_look(nth, hour), Duration::from_secs(seconds), "{nth}");
        }
    }

    use crate::domain::ids::PersonId;

    fn ours(id: &str, name: &str) -> Ourselves {
        Ourselves {
            workspace: WorkspaceId(id.into()),
            workspace_name: name.into(),
            url: String::new(),
            person: PersonId("UBOT".into()),
            bot: "B".into(),
            app: None,
        }
    }

    fn named(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    #[test]
    fn an_event_is_of_the_workspace_it_names_and_a_strangers_is_nobodys() {
        let mut spaces = Spaces::only(ours("T1", "Acme"));
        for (ids, whose) in [
            (&["T1"][..], Some("T1")),
            (&[], Some("T1")),
            (&["E9"], Some("T1")),
            (&["T2"], None),
            (&["T2", "T1"], Some("T1")),
        ] {
            let found = spaces.whose(&named(ids)).map(|ours| ours.workspace.0.as_str());
            assert_eq!(found, whose, "{ids:?} with one workspace");
        }
        spaces.enter(ours("T2", "Globex"), false);
        spaces.enter(ours("E5", "Initech"), false);
        for (ids, whose) in
            [(&["T2", "T1"][..], Some("T2")), (&["T7", "E5"], Some("E5")), (&["E9"], None), (&[], None)]
        {
            let found = spaces.whose(&named(ids)).map(|ours| ours.workspace.0.as_str());
            assert_eq!(found, whose, "{ids:?} with several");
        }
    }

    #[test]
    fn one_workspace_needs_no_word_and_of_several_an_id_or_a_name_chooses() {
        let mut spaces = Spaces::default();
        assert_eq!(spaces.choose(None), Choice::None);
        spaces.enter(ours("T1", "Acme"), true);
        assert_eq!(spaces.choose(None), Choice::This(&ours("T1", "Acme")));
        spaces.enter(ours("T2", "Globex"), false);
        assert_eq!(spaces.choose(None), Choice::Several);
        assert_eq!(spaces.choose(Some("T2")), Choice::This(&ours("T2", "Globex")));
        assert_eq!(spaces.choose(Some("acme")), Choice::This(&ours("T1", "Acme")));
        assert_eq!(spaces.choose(Some("Umbrella")), Choice::Unknown);
        spaces.enter(ours("T3", "Acme"), false);
        assert_eq!(spaces.choose(Some("acme")), Choice::Several);
    }

    #[test]
    fn home_is_where_the_configured_token_is_and_moves_on_when_that_is_left() {
        let mut spaces = Spaces::default();
        spaces.enter(ours("T2", "Globex"), false);
        assert_eq!(spaces.home(), Some(&ours("T2", "Globex")));
        spaces.enter(ours("T1", "Acme"), true);
        assert_eq!(spaces.home(), Some(&ours("T1", "Acme")));
        spaces.leave(&WorkspaceId("T1".into()));
        assert_eq!(spaces.home(), Some(&ours("T2", "Globex")));
        spaces.leave(&WorkspaceId("T2".into()));
        assert_eq!(spaces.home(), None);
    }
}
