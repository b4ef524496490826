//! `GET /sim/…`: what there is to see.

use serde_json::{Map, Value, json};

use super::super::{Message, Simulator};
use super::{Args, Outcome, Wrong, places};

const VERBS: &str = "say file bot integration edit delete unfurl react unreact command shortcut click submit close \
                     options home webhook remove_webhook join leave rename archive unarchive add_channel add_person \
                     rename_person close_account add_group staff_group rename_group disable_group deliver event raw \
                     duplicate fault clear socket handshake network add_workspace install_into refuse_install \
                     uninstall revoke_tokens token";
const THINGS: &str = "state workspaces channels people history thread views ephemerals calls";

/// Looks at the thing `name`.
pub fn look((first, simulator): (&Simulator, &Simulator), name: &str, args: &Args) -> Outcome {
    match name {
        "workspaces" => Ok(places::listed(first)),
        "" => Ok(overview(simulator)),
        "state" => Ok(state(simulator)),
        "channels" => Ok(json!({"channels": channels(simulator)})),
        "people" => {
            let people: Vec<Value> = simulator.people().iter().map(|person| person.as_user(true)).collect();
            Ok(json!({"people": people}))
        }
        "history" => {
            let messages = simulator.history(args.text("channel")?)?;
            Ok(json!({"messages": messages.iter().map(show).collect::<Vec<_>>()}))
        }
        "thread" => {
            let messages = simulator.thread(args.text("channel")?, args.text("ts")?)?;
            Ok(json!({"messages": messages.iter().map(show).collect::<Vec<_>>()}))
        }
        "views" => Ok(json!({"views": views(simulator)})),
        "ephemerals" => {
            let all = simulator.ephemerals().into_iter().map(|one| {
                json!({"channel": one.channel, "user": one.user, "text": one.text, "blocks": one.blocks,
                       "thread_ts": one.thread_ts})
            });
            Ok(json!({"ephemerals": all.collect::<Vec<_>>()}))
        }
        "calls" => Ok(calls(simulator, args.maybe("method"))),
        _ => Err(Wrong::Unknown),
    }
}

fn overview(simulator: &Simulator) -> Value {
    let setup = simulator.setup();
    json!({
        "team": {"id": setup.team_id, "name": setup.team_name}, "api_url": simulator.api_url(),
        "app_token": simulator.app_token(), "bot_token": simulator.bot_token(),
        "app": {"client_id": setup.app.client_id, "client_secret": setup.app.client_secret},
        "post": VERBS.split_whitespace().collect::<Vec<_>>(), "get": THINGS.split_whitespace().collect::<Vec<_>>(),
    })
}

fn state(simulator: &Simulator) -> Value {
    json!({
        "sockets": simulator.sockets(), "unacked": simulator.unacked(), "acks": simulator.acks(),
        "lost": simulator.lost(), "complaints": simulator.complaints(), "now_ms": simulator.now_ms(),
    })
}

fn channels(simulator: &Simulator) -> Vec<Value> {
    let setup = simulator.setup();
    let me = &setup.app.bot_user_id;
    simulator.channels().iter().map(|channel| channel.as_object(me, &setup.team_id)).collect()
}

fn views(simulator: &Simulator) -> Vec<Value> {
    let shown = simulator.views().into_iter().map(|view| {
        json!({"id": view.id, "user": view.user, "open": view.is_open, "errors": view.errors,
               "view": simulator.view_object(&view)})
    });
    shown.collect()
}

fn show(message: &Message) -> Value {
    let mut shown = message.as_object(true);
    if message.deleted {
        shown.insert("deleted".to_owned(), json!(true));
    }
    Value::Object(shown)
}

/// Counts by method and ending; with `method`, every call of it.
fn calls(simulator: &Simulator, method: Option<&str>) -> Value {
    if let Some(method) = method {
        let all = simulator.call_records(method);
        let shown =
            all.iter().map(|one| json!({"at_ms": one.at_ms, "outcome": one.outcome, "args": one.args}));
        return json!({"calls": shown.collect::<Vec<_>>()});
    }
    let mut counts = Map::new();
    for method in simulator.called_methods() {
        let mut endings: Map<String, Value> = Map::new();
        for record in simulator.call_records(&method) {
            let count = endings.get(&record.outcome).and_then(Value::as_u64).unwrap_or(0);
            endings.insert(record.outcome, json!(count + 1));
        }
        counts.insert(method, Value::Object(endings));
    }
    json!({"calls": counts})
}
