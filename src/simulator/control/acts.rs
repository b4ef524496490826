//! `POST /sim/…`: what people do.

use serde_json::{Value, json};

use super::super::setup::{ChannelSetup, GroupSetup, PersonSetup};
use super::super::{Simulator, Which};
use super::{Args, Outcome, Wrong, answered};

/// Does the verb `name`.
pub async fn act(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    match name {
        "say" | "file" | "bot" | "integration" => write(simulator, name, args),
        "edit" | "delete" | "unfurl" | "react" | "unreact" => touch(simulator, name, args),
        "command" | "shortcut" | "click" | "submit" | "close" | "options" => {
            interact(simulator, name, args).await
        }
        "join" | "leave" | "rename" | "archive" | "unarchive" | "change_id" | "add_channel"
        | "add_person" | "home" | "webhook" | "remove_webhook" => arrange(simulator, name, args),
        "add_group" | "staff_group" | "rename_group" | "disable_group" => group(simulator, name, args),
        "rename_person" => {
            simulator.rename_person(args.text("person")?, args.text("handle")?)?;
            Ok(json!({}))
        }
        "close_account" => {
            simulator.close_account(args.text("person")?)?;
            Ok(json!({}))
        }
        "deliver" | "event" | "raw" | "duplicate" => deliver(simulator, name, args),
        _ => Err(Wrong::Unknown),
    }
}

fn write(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    let channel = args.text("channel")?;
    let words = args.maybe("text").unwrap_or_default();
    let ts = match name {
        "file" => simulator.share_file(args.text("person")?, channel, args.text("name")?, words)?,
        "bot" => simulator.say_as_bot(args.text("bot")?, channel, args.text("text")?)?,
        "integration" => simulator.say_as_integration(args.text("name")?, channel, args.text("text")?)?,
        _ => match args.maybe("thread_ts") {
            Some(thread) if args.flag("broadcast") => {
                simulator.broadcast(args.text("person")?, channel, thread, words)?
            }
            Some(thread) => simulator.say_in_thread(args.text("person")?, channel, thread, words)?,
            None => simulator.say(args.text("person")?, channel, args.text("text")?)?,
        },
    };
    Ok(json!({"ts": ts, "channel": simulator.channel_id(channel)?}))
}

fn touch(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    let (channel, ts) = (args.text("channel")?, args.text("ts")?);
    match name {
        "edit" => simulator.edit(channel, ts, args.text("text")?)?,
        "delete" => simulator.delete(channel, ts)?,
        "unfurl" => simulator.unfurl(channel, ts)?,
        "react" => simulator.react(args.text("person")?, channel, ts, args.text("emoji")?)?,
        _ => simulator.unreact(args.text("person")?, channel, ts, args.text("emoji")?)?,
    }
    Ok(json!({}))
}

async fn interact(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    let person = args.text("person")?;
    let value = args.json("value");
    let chosen = Some(&value).filter(|value| !value.is_null());
    let sent = match name {
        "command" => {
            let text = args.maybe("text").unwrap_or_default();
            simulator.run_command(person, args.text("channel")?, args.text("command")?, text)?
        }
        "shortcut" => match args.maybe("ts") {
            Some(ts) => {
                simulator.message_shortcut(person, args.text("channel")?, ts, args.text("callback_id")?)?
            }
            None => simulator.shortcut(person, args.text("callback_id")?)?,
        },
        "click" => match (args.maybe("view"), chosen) {
            (Some(view), chosen) => simulator.click_in_view(person, view, args.text("action_id")?, chosen)?,
            (None, Some(value)) => simulator.choose(
                person,
                (args.text("channel")?, args.text("ts")?),
                args.text("action_id")?,
                value,
            )?,
            (None, None) => {
                simulator.click(person, args.text("channel")?, args.text("ts")?, args.text("action_id")?)?
            }
        },
        "submit" => simulator.submit(person, args.text("view")?, &args.json("values"))?,
        "options" => {
            let typed = args.maybe("typed").unwrap_or_default();
            simulator.ask_options(person, args.text("view")?, args.text("action_id")?, typed)?
        }
        _ => match simulator.close_view(person, args.text("view")?)? {
            Some(sent) => sent,
            None => return Ok(json!({"notified": false})),
        },
    };
    Ok(answered(simulator, sent).await)
}

fn arrange(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    match name {
        "join" => simulator.join(args.text("person")?, args.text("channel")?)?,
        "leave" => simulator.leave(args.text("person")?, args.text("channel")?)?,
        "rename" => simulator.rename_channel(args.text("channel")?, args.text("name")?)?,
        "archive" => simulator.archive_channel(args.text("channel")?)?,
        "unarchive" => simulator.unarchive_channel(args.text("channel")?)?,
        "change_id" => return Ok(json!({"id": simulator.change_channel_id(args.text("channel")?)?})),
        "home" => simulator.open_home(args.text("person")?)?,
        "webhook" => return Ok(json!({"url": simulator.add_webhook(args.text("channel")?)?})),
        "remove_webhook" => return Ok(json!({"removed": simulator.remove_webhook(args.text("url")?)})),
        "add_channel" => {
            let mut channel = ChannelSetup::public(args.text("name")?);
            channel.is_private = args.flag("private");
            channel.has_bot = !args.flag("without_bot");
            return Ok(json!({"id": simulator.add_channel(&channel)}));
        }
        _ => {
            let handle = args.text("handle")?;
            let mut person = PersonSetup::new(handle, args.maybe("real_name").unwrap_or(handle));
            person.email = args.maybe("email").map(str::to_owned);
            return Ok(json!({"id": simulator.add_person(&person)}));
        }
    }
    Ok(json!({}))
}

fn group(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    let group = args.text("group")?;
    let listed = args.json("people");
    let people: Vec<&str> = listed.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match name {
        "add_group" => return Ok(json!({"id": simulator.add_group(&GroupSetup::new(group, &people))?})),
        "staff_group" => simulator.staff_group(group, &people)?,
        "rename_group" => simulator.rename_group(group, args.text("handle")?)?,
        _ => simulator.disable_group(group)?,
    }
    Ok(json!({}))
}

fn deliver(simulator: &Simulator, name: &str, args: &Args) -> Outcome {
    match name {
        "deliver" => {
            simulator.deliver(args.text("type")?, args.json("payload"));
            Ok(json!({}))
        }
        "event" => {
            simulator.deliver_event(args.json("event"));
            Ok(json!({}))
        }
        "raw" => Ok(json!({"sockets": simulator.deliver_raw(which(args)?, args.text("text")?)})),
        _ => Ok(json!({"frames": simulator.duplicate_last()})),
    }
}

/// The `which` argument: `all` (default), `oldest`, `newest`, or a position.
pub fn which(args: &Args) -> Result<Which, Wrong> {
    match args.json("which") {
        Value::Null => Ok(Which::All),
        Value::Number(n) => {
            Ok(Which::Nth(n.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX)))
        }
        Value::String(word) if word == "all" => Ok(Which::All),
        Value::String(word) if word == "oldest" => Ok(Which::Oldest),
        Value::String(word) if word == "newest" => Ok(Which::Newest),
        _ => Err(Wrong::Argument("\"which\" is all, oldest, newest or a position".to_owned())),
    }
}
