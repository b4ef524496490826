//! `POST /sim/…`: workspaces come and go, and people install the app.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::Simulator;
use super::super::server::Shared;
use super::{Args, Outcome, Wrong};

/// The workspace that a call is about: the one it names by name or id, else the first.
pub fn meant(shared: &Arc<Shared>, args: &Args) -> Result<Simulator, Wrong> {
    let Some(wanted) = args.maybe("workspace") else { return Ok(Simulator { shared: shared.clone() }) };
    let is_it = |place: &Arc<Shared>| {
        let setup = &place.lock().setup;
        setup.team_id == wanted || setup.team_name.eq_ignore_ascii_case(wanted)
    };
    let found = shared.places().into_iter().find(is_it);
    let unknown =
        || Wrong::Argument(format!("there is no workspace {wanted}; GET /sim/workspaces lists them"));
    Ok(Simulator { shared: found.ok_or_else(unknown)? })
}

/// Does the verb `name` in the workspace `simulator`; `first` is the one that the app's pages are of.
pub fn act((first, simulator): (&Simulator, &Simulator), name: &str, args: &Args) -> Outcome {
    match name {
        "add_workspace" => {
            let added = first.open_workspace(args.text("name")?).map_err(Wrong::Mistake)?;
            return Ok(told(&added));
        }
        "install_into" => first.install_into(&simulator.setup().team_id),
        "refuse_install" => first.refuse_install(),
        "uninstall" => simulator.uninstall(),
        "revoke_tokens" => simulator.revoke_tokens(),
        "token" => return Ok(json!({"bot_token": simulator.another_bot_token()})),
        _ => return Err(Wrong::Unknown),
    }
    Ok(json!({}))
}

/// All workspaces, the first one first.
pub fn listed(first: &Simulator) -> Value {
    let places = first.shared.places().into_iter();
    let all: Vec<Value> = places.map(|shared| told(&Simulator { shared })).collect();
    json!({"workspaces": all})
}

fn told(simulator: &Simulator) -> Value {
    let setup = simulator.setup();
    json!({"team": setup.team_id, "name": setup.team_name, "bot_token": setup.app.bot_token})
}
