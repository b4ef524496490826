//! Methods about the app and its team: `auth.test`, `apps.connections.open`, `bots.info`, `team.info`, `api.test`.

use serde_json::json;

use super::call::{Call, Reply};
use super::workspace::Workspace;

/// `auth.test`
pub fn auth_test(workspace: &mut Workspace, call: &Call) -> Reply {
    let setup = &workspace.setup;
    let url = format!("https://{}.slack.com/", setup.team_domain);
    let is_its = |token: &str| call.token.as_deref() == Some(token);
    let other = setup.others.iter().find(|other| is_its(&other.app_token) || is_its(&other.bot_token));
    let app = other.unwrap_or(&setup.app);
    if is_its(&app.app_token) {
        return Ok(json!({"app_name": app.name, "app_id": app.id}));
    }
    let mut answer = json!({
        "url": url, "team": setup.team_name, "user": app.bot_handle, "team_id": setup.team_id,
        "user_id": app.bot_user_id, "bot_id": app.bot_id, "is_enterprise_install": false,
    });
    if let Some(whole) = &setup.organisation {
        answer["team"] = json!(whole.name);
        answer["team_id"] = json!(whole.id);
        answer["enterprise_id"] = json!(whole.id);
        answer["is_enterprise_install"] = json!(true);
    }
    Ok(answer)
}

/// `api.test`: echoes its arguments.
pub fn api_test(_workspace: &mut Workspace, call: &Call) -> Reply {
    match call.text("error") {
        Some(error) => Err(error.as_str().into()),
        None => Ok(json!({"args": call.args})),
    }
}

/// `apps.connections.open`
pub fn connections_open(workspace: &mut Workspace, _call: &Call) -> Reply {
    let ticket = workspace.tickets.issue(&mut workspace.ids);
    let address = workspace.base_url.replacen("http", "ws", 1);
    let app = &workspace.setup.app.id;
    Ok(json!({"url": format!("{address}/link/?ticket={ticket}&app_id={app}")}))
}

/// `bots.info`
pub fn bots_info(workspace: &mut Workspace, call: &Call) -> Reply {
    let wanted = call.text("bot").unwrap_or_else(|| workspace.setup.app.bot_id.clone());
    let owner =
        workspace.people.iter().find(|person| person.bot.as_ref().is_some_and(|bot| bot.bot_id == wanted));
    match owner.and_then(super::people::Person::as_bot) {
        Some(bot) => Ok(json!({"bot": bot})),
        None => Err("bot_not_found".into()),
    }
}

/// `team.info`
pub fn team_info(workspace: &mut Workspace, call: &Call) -> Reply {
    let setup = &workspace.setup;
    if call.text("team").is_some_and(|team| team != setup.team_id) && setup.organisation.is_none() {
        return Err("team_not_found".into());
    }
    let icon = json!({"image_34": "https://avatars.simulated.example/team.png", "image_default": true});
    Ok(json!({"team": {
        "id": setup.team_id, "name": setup.team_name, "domain": setup.team_domain,
        "url": format!("https://{}.slack.com/", setup.team_domain), "email_domain": "", "icon": icon,
    }}))
}
