//! An organisation with several teams that has installed the app as a whole: one token for all of them, and calls that have to
//! say which team they mean.
//!
//! Channels and people have ids of the organisation's own; which team shows them is in its setup.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::page;
use super::workspace::Workspace;

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id (`E…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its teams in which the app may work.
    pub teams: Vec<TeamSetup>,
}

/// A team of an organisation.
#[derive(Clone, Debug)]
pub struct TeamSetup {
    /// Its id (`T…`).
    pub id: String,
    /// Its name.
    pub name: String,
    /// Names of its channels.
    pub channels: Vec<String>,
    /// Handles of its people.
    pub people: Vec<String>,
    /// Handles of its user groups.
    pub groups: Vec<String>,
}

impl TeamSetup {
    /// A team with these channels, people and groups.
    pub fn new(id: &str, name: &str, [channels, people, groups]: [&[&str]; 3]) -> Self {
        let texts = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (id, name) = (id.to_owned(), name.to_owned());
        Self { id, name, channels: texts(channels), people: texts(people), groups: texts(groups) }
    }
}

/// Methods that have to be told the team by whoever calls with the token of an organisation (docs: their pages).
const WITH_TEAM: [&str; 7] = [
    "bots.info",
    "conversations.list",
    "team.info",
    "usergroups.list",
    "usergroups.users.list",
    "users.conversations",
    "users.list",
];

/// `auth.teams.list`: the teams that the app may work in.
pub fn teams(workspace: &mut Workspace, call: &Call) -> Reply {
    let teams: Vec<Value> = match &workspace.setup.organisation {
        Some(whole) => whole.teams.iter().map(|team| json!({"id": team.id, "name": team.name})).collect(),
        None => vec![json!({"id": workspace.setup.team_id, "name": workspace.setup.team_name})],
    };
    let limit = page::limit(call, 100, 1000)?;
    let (teams, metadata) = page::cut(call, teams, limit)?;
    Ok(json!({"teams": teams, "response_metadata": metadata}))
}

impl Workspace {
    /// Refuses a call that has to say its team and does not, or says one that the app may not work in.
    pub fn check_team(&self, call: &Call) -> Result<(), Refusal> {
        let Some(whole) = &self.setup.organisation else { return Ok(()) };
        if !WITH_TEAM.contains(&call.method.as_str()) {
            return Ok(());
        }
        let named = call.text("team_id").ok_or_else(|| Refusal::from("missing_argument"))?;
        let is_its = whole.teams.iter().any(|team| team.id == named);
        if is_its { Ok(()) } else { Err("team_access_not_granted".into()) }
    }

    /// Whether something shows in the team that a call names; everything does where there is no organisation.
    pub fn shows(&self, call: &Call, of: impl Fn(&TeamSetup) -> bool) -> bool {
        let Some(whole) = &self.setup.organisation else { return true };
        let named = call.text("team_id").unwrap_or_default();
        whole.teams.iter().any(|team| team.id == named && of(team))
    }

    /// The team that a channel is seen through.
    pub fn team_of_channel(&self, channel: &str) -> String {
        let name = self.channel_by_id(channel).map(|at| self.channels[at].name.as_str()).unwrap_or_default();
        let teams = self.setup.organisation.iter().flat_map(|whole| &whole.teams);
        let mut showing = teams.filter(|team| team.channels.iter().any(|other| other == name));
        showing.next().map_or_else(|| self.setup.team_id.clone(), |team| team.id.clone())
    }

    /// Who is authorised to see an event, as its wrapper says it.
    pub fn authorizations(&self) -> Value {
        let user = &self.setup.app.bot_user_id;
        let (enterprise, team) = match &self.setup.organisation {
            Some(whole) => (json!(whole.id), Value::Null),
            None => (Value::Null, json!(self.setup.team_id)),
        };
        json!([{
            "enterprise_id": enterprise, "team_id": team, "user_id": user, "is_bot": true,
            "is_enterprise_install": self.setup.organisation.is_some(),
        }])
    }
}
