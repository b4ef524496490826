//! Further apps beside the one of `[slack]`: what is known of them, what asks who they are, and their sockets.

use anyhow::{Context, Result};

use super::speakers::speakers;
use crate::config::Secret;
use crate::config::apps::AppTokens;
use crate::domain::message::Sibling;
use crate::intake::kin::{Asked, Kin};
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::slack::socket::FurtherApp;
use crate::store::Store;

/// Who speaks where, and our further apps among them.
pub struct Family {
    /// Who speaks where.
    pub apis: Apis,
    /// The further apps, as far as they are known already.
    pub kin: Kin,
    /// Those that can be asked who they are.
    pub asked: Vec<Asked>,
}

/// All who speak for us, as far as they are known before Slack is asked.
pub async fn family(store: &Store, api: &Api, (api_url, apps): (&str, &[AppTokens])) -> Result<Family> {
    let (apis, kin, asked) = (speakers(store, api).await?, kin(store, apps).await?, asked(api_url, apps)?);
    asked.iter().for_each(|app| kin.await_word(&app.id));
    join(store, &asked, &apis).await?;
    Ok(Family { apis, kin, asked })
}

/// The further apps, as far as they are known already.
async fn kin(store: &Store, apps: &[AppTokens]) -> Result<Kin> {
    let ids = apps.iter().map(|tokens| Sibling {
        name: tokens.app.name.clone().unwrap_or_default(),
        app: tokens.app.id.clone().unwrap_or_default(),
        person: None,
        bot: None,
    });
    let kin = Kin::new(ids.collect());
    let configured = |app: &str| apps.iter().any(|tokens| tokens.app.id.as_deref() == Some(app));
    for (workspace, app) in store.apps().await?.into_iter().filter(|(_, app)| configured(&app.app)) {
        kin.learn(&workspace, app);
    }
    Ok(kin)
}

/// Lets the further apps speak where they were before, until Slack has been asked.
async fn join(store: &Store, asked: &[Asked], apis: &Apis) -> Result<()> {
    for (workspace, known) in store.apps().await? {
        let Some(app) = asked.iter().find(|app| app.id == known.app) else { continue };
        apis.join(&app.id, &workspace, app.api.clone());
        let has_home = apis.spaces().borrow().home().is_some();
        if has_home
            && !apis.is_settled(&workspace)
            && let Some(ours) = store.of(&workspace).ourselves().await?
        {
            apis.enter(ours, app.api.clone(), false);
        }
    }
    Ok(())
}

/// The further apps that can be asked who they are.
fn asked(api_url: &str, apps: &[AppTokens]) -> Result<Vec<Asked>> {
    let mut asked = Vec::new();
    for AppTokens { app, bot_token, .. } in apps {
        let Some(token) = bot_token else { continue };
        let api = Api::new(api_url, token, &Secret::new("")).context("cannot prepare calls to Slack")?;
        let (name, id) = (app.name.clone().unwrap_or_default(), app.id.clone().unwrap_or_default());
        asked.push(Asked { name, id, api });
    }
    Ok(asked)
}

/// The sockets of further apps.
pub fn further(api_url: &str, apps: &[AppTokens]) -> Result<Vec<FurtherApp>> {
    let none = Secret::new("");
    let with_sockets = apps.iter().filter(|tokens| tokens.sockets > 0);
    let further = with_sockets.map(|tokens| {
        let AppTokens { app, sockets, app_token, .. } = tokens;
        let api = Api::new(api_url, &none, app_token.as_ref().unwrap_or(&none));
        let api = api.context("cannot prepare calls to Slack")?;
        let (name, id) = (app.name.clone().unwrap_or_default(), app.id.clone().unwrap_or_default());
        Ok(FurtherApp { name, id, wanted: usize::from(*sockets), api })
    });
    further.collect()
}
