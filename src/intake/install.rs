//! What comes of a person who has allowed the app in Slack: the code becomes tokens, which are kept before anything is asked with
//! them, or given back. Whoever waits for the page may go away meanwhile.

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;

use super::account::{Accounts, Connected, NotConnected, check_scopes};
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::install::may_install;
use crate::domain::installation::{Pair, Source, WrongToken};
use crate::domain::message::Ourselves;
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;
use crate::slack::api::Api;
use crate::slack::manifest::without;
use crate::slack::oauth::{Client, Grant, Rotating};
use crate::slack::outcome::Failure;
use crate::store::installations::{NewInstallation, Tokens};

/// How long a person waits for those before them; a code lives for ten minutes.
const TURN: Duration = Duration::from_secs(60);

impl Accounts {
    /// Takes the code that a person came back with from Slack's pages: exchanges it, keeps what Slack gives, and asks whose it is.
    /// What cannot be kept, or is not wanted, is given back at once.
    pub async fn install(
        &self,
        (client, redirect_url, allowed): (&Client, &str, &[String]),
        code: &str,
        now: Timestamp,
    ) -> Result<Connected, NotConnected> {
        let busy = |_| Failure::Unreachable { what: "too many workspaces are connected at once".to_owned() };
        let _turn = timeout(TURN, self.apis.turn()).await.map_err(busy)?;
        let grant = self.apis.configured().exchange(client, code, redirect_url).await?;
        let person = grant.user.as_ref().map(|user| user.token.clone());
        let given: Vec<Secret> = person.into_iter().chain([grant.bot.clone()]).collect();
        match self.keep(grant, allowed, now).await {
            Ok(connected) => Ok(connected),
            Err(problem) => {
                self.give_back(&given).await;
                Err(problem)
            }
        }
    }

    async fn give_back(&self, tokens: &[Secret]) {
        for token in tokens {
            if let Err(failure) = self.end(token).await {
                warn!(error = failure.code(), "Slack did not revoke a token that is not kept");
            }
        }
    }

    /// Keeps what Slack gave. Nothing after the commit makes it undone.
    async fn keep(
        &self,
        grant: Grant,
        allowed: &[String],
        now: Timestamp,
    ) -> Result<Connected, NotConnected> {
        let (team, enterprise) = (grant.team.as_deref(), grant.enterprise.as_deref());
        let refused = || NotConnected::NotAllowed(team.or(enterprise).unwrap_or_default().to_owned());
        if !may_install(allowed, team, enterprise) {
            return Err(refused());
        }
        check_scopes(&grant.scopes)?;
        let api = self.apis.configured().speaking(&grant.bot);
        let api = api.map_err(|_| WrongToken::Damaged)?;
        let Some(ours) = ours(&grant) else { return Err(refused()) };
        let (scopes, missing) = (grant.scopes.clone(), without(&grant.scopes));
        let restored = self.store.install(installation(grant, ours.clone(), now), now).await?;
        let ours = self.introduced(&api, ours, scopes, now).await;
        if let Err(problem) = self.enter(api, &ours).await {
            warn!(workspace = %ours.workspace, "What is known of workspace {} cannot be written down: {problem}", ours.workspace);
        }
        Ok(self.connected(ours, restored, missing))
    }

    /// Who we are there as Slack says it to the token; what it said with the token until then. It is asked again by itself.
    async fn introduced(&self, api: &Api, ours: Ourselves, scopes: Vec<String>, now: Timestamp) -> Ourselves {
        let workspace = ours.workspace.clone();
        let told = match api.auth_test().await {
            // An organisation counts as one workspace, under its own id.
            Ok(identity) => Ourselves { workspace: ours.workspace, ..identity.ourselves },
            Err(failure) => {
                let error = failure.code();
                warn!(workspace = %workspace, error, "Slack does not tell us about workspace {workspace} yet");
                return ours;
            }
        };
        if let Err(problem) = self.store.set_ourselves(told.clone(), scopes, now).await {
            warn!(workspace = %workspace, "What is known of workspace {workspace} cannot be written down: {problem}");
        }
        told
    }
}

/// Who we are there as far as Slack says it with the token; `None` where it does not say where that is.
fn ours(grant: &Grant) -> Option<Ourselves> {
    let whole = grant.enterprise.clone().filter(|_| grant.org_wide);
    Some(Ourselves {
        workspace: WorkspaceId(whole.or_else(|| grant.team.clone())?),
        workspace_name: grant.name.clone(),
        url: String::new(),
        person: PersonId(grant.bot_user.clone()),
        bot: String::new(),
        app: grant.app.clone(),
    })
}

fn installation(grant: Grant, ours: Ourselves, now: Timestamp) -> NewInstallation {
    let Grant { bot, scopes, user, refresh, expires_in, enterprise, org_wide, .. } = grant;
    let ends = |life: Option<Duration>| life.map(|span| now.plus(span));
    let user = user.map(|Rotating { token, refresh, expires_in }| Pair {
        token,
        refresh,
        expires_at: ends(expires_in),
    });
    let tokens = Tokens { bot, user, refresh, expires_at: ends(expires_in) };
    let (source, by) = (Source::OAuth, Actor::Desk);
    NewInstallation { ours, enterprise: enterprise.unwrap_or_default(), org_wide, source, scopes, tokens, by }
}
