//! Further apps beside the one of `[slack]`: what is known of them, what asks who they are, and their sockets.

use anyhow::{Context, Result};

use crate::config::Secret;
use crate::config::apps::AppTokens;
use crate::domain::message::Sibling;
use crate::intake::kin::{Asked, Kin};
use crate::slack::api::Api;
use crate::slack::socket::FurtherApp;
use crate::store::Store;

/// The further apps, as far as they are known already.
pub async fn kin(store: &Store, apps: &[AppTokens]) -> Result<Kin> {
    let configured = |app: &str| apps.iter().any(|tokens| tokens.app.id.as_deref() == Some(app));
    let mut known = store.apps().await?;
    known.retain(|app| configured(&app.app));
    let ids = apps.iter().map(|tokens| Sibling {
        name: tokens.app.name.clone().unwrap_or_default(),
        app: tokens.app.id.clone().unwrap_or_default(),
        person: None,
        bot: None,
    });
    known.extend(ids);
    Ok(Kin::new(known))
}

/// The further apps that can be asked who they are.
pub fn asked(api_url: &str, apps: &[AppTokens]) -> Result<Vec<Asked>> {
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
