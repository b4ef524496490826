//! How our further apps stand: their tokens, secrets, sockets, and when something came for each.

use serde::{Deserialize, Serialize};

use super::Front;
use super::status::WrongDocument;
use super::tasks::time;
use crate::domain::own::Severity;
use crate::intake::kin::Standing;
use crate::slack::manifest::lacking;
use crate::slack::socket::LinkState;

/// One further app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppDocument {
    /// What it is called here.
    pub name: String,
    /// Slack's id of it.
    pub id: String,
    /// `works`, `none`, `not_asked`, `another_app` or Slack's name of the error.
    pub bot_token: String,
    /// The workspace that the token is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The scopes that its token lacks for the profile that it is nearest to.
    pub missing_scopes: Vec<String>,
    /// Whether its signing secret is there; null where it has no addresses.
    pub signing_secret: Option<bool>,
    /// How many sockets are held for it.
    pub sockets: usize,
    /// How many of them are connected.
    pub connected: usize,
    /// When something came for it last, since the daemon started; RFC 3339.
    pub last_event_at: Option<String>,
}

/// All further apps, as they were at the start.
pub fn documents(front: &Front) -> Vec<AppDocument> {
    let kin = front.habits.borrow().kin.clone();
    let (links, signed) = (front.links.states(), front.settings.borrow().signed.clone());
    let document = |name: String, id: String| {
        let of_it = || links.iter().filter(|link| link.app.as_deref() == Some(&name));
        let (workspace, missing_scopes) = match kin.standing(&id) {
            Some(Standing::Works { workspace, scopes }) => (Some(workspace.0), lacking(&scopes)),
            _ => (None, Vec::new()),
        };
        let bot_token = match kin.standing(&id) {
            Some(Standing::Works { .. }) => "works".to_owned(),
            Some(Standing::OfAnother) => "another_app".to_owned(),
            Some(Standing::Fails(error)) => error,
            None if kin.is_awaited(&id) => "not_asked".to_owned(),
            None => "none".to_owned(),
        };
        AppDocument {
            bot_token,
            workspace,
            missing_scopes,
            signing_secret: signed.iter().find(|(app, _)| app.as_ref() == Some(&name)).map(|(_, has)| *has),
            sockets: of_it().count(),
            connected: of_it().filter(|link| link.state == LinkState::Connected).count(),
            last_event_at: time(front.tally.last_of(&id)),
            name,
            id,
        }
    };
    kin.configured().into_iter().map(|app| document(app.name, app.app)).collect()
}

impl AppDocument {
    /// What is wrong with it, each with what to do; empty when all is well.
    pub fn wrong(&self) -> Vec<(String, String)> {
        let AppDocument { name, bot_token, missing_scopes, .. } = self;
        let mut wrong = Vec::new();
        match bot_token.as_str() {
            "works" | "none" | "not_asked" => {}
            "another_app" => wrong.push((
                format!("the bot token of the app {name} belongs to another app"),
                "compare its id with the App ID in the app's Basic Information".to_owned(),
            )),
            error => wrong.push((
                format!("Slack does not vouch for the bot token of the app {name} ({error})"),
                "copy the Bot User OAuth Token again from OAuth & Permissions".to_owned(),
            )),
        }
        if !missing_scopes.is_empty() {
            wrong.push((
                format!("the bot token of the app {name} lacks {}", missing_scopes.join(", ")),
                "add them under OAuth & Permissions in the app's settings and reinstall the app".to_owned(),
            ));
        }
        if self.signing_secret == Some(false) {
            wrong.push((
                format!("the signing secret of the app {name} is missing, so its requests are refused"),
                "it is in the app's Basic Information; then systemctl reload deskd".to_owned(),
            ));
        }
        if self.sockets > 0 && self.connected == 0 {
            wrong.push((
                format!("no socket of the app {name} is connected"),
                "deskd status --json says why in sockets".to_owned(),
            ));
        }
        wrong
    }
}

/// What is wrong with the apps, and what of the configuration waits for the next start.
pub fn wrong(front: &Front, apps: &[AppDocument]) -> Vec<WrongDocument> {
    let warning = |(what, hint): (String, String)| WrongDocument {
        what,
        since: None,
        hint,
        severity: Severity::Warning.as_str().to_owned(),
    };
    let behind = front.settings.borrow().behind.clone();
    let restart = "it takes effect at the next start: systemctl restart deskd";
    let unsigned = front.settings.borrow().signed.iter().any(|(name, known)| name.is_none() && !known);
    let unsigned = unsigned.then(|| {
        (
            "the signing secret is missing, so what Slack sends over HTTP is refused".to_owned(),
            "it is in the app's Basic Information; then systemctl reload deskd".to_owned(),
        )
    });
    let behind =
        behind.into_iter().map(|what| (format!("{what} since deskd was started"), restart.to_owned()));
    apps.iter().flat_map(AppDocument::wrong).chain(unsigned).chain(behind).map(warning).collect()
}
