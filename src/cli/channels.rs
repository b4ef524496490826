//! `deskd channels`: which channels the desk listens to.

use anstyle::Style;
use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use super::screen::{View, bold, dim, odd, styled};
use crate::web::channels::{ChannelRow, Picked};

/// Choose which channels the desk listens to.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List the channels that the bot can see.
    List {
        /// Ask Slack for a fresh list first.
        #[arg(long)]
        refresh: bool,
    },
    /// Take messages from a channel.
    Monitor {
        /// "#name" (in quotes) or the channel's id.
        channel: String,
    },
    /// Do not take messages from a channel.
    Ignore {
        /// "#name" (in quotes) or the channel's id.
        channel: String,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List { refresh } => {
            let query: &[(&str, &str)] = if *refresh { &[("refresh", "1")] } else { &[] };
            let answer = client.get("/v1/channels", query).await?;
            call.show(&answer, |channels: &Vec<ChannelRow>, view| table(channels, view))
        }
        What::Monitor { channel } => {
            let answer = client.post("/v1/channels/monitor", &json!({ "channel": channel })).await?;
            call.show(&answer, |picked: &Picked, _| told(picked, "is monitored now"))
        }
        What::Ignore { channel } => {
            let answer = client.post("/v1/channels/ignore", &json!({ "channel": channel })).await?;
            call.show(&answer, |picked: &Picked, _| told(picked, "is ignored now"))
        }
    }
}

/// The list.
pub fn table(channels: &[ChannelRow], view: &View) -> String {
    if channels.is_empty() {
        return "no channels known yet; hint: deskd channels list --refresh, or deskd doctor\n".to_owned();
    }
    let row = |channel: &ChannelRow| {
        let monitored = match (channel.monitored, channel.pick.as_str()) {
            (true, _) => "yes",
            (false, "ignore") => "ignored",
            (false, _) => "no",
        };
        let kind = match (channel.is_archived, channel.is_private) {
            (true, _) => "archived",
            (false, true) => "private",
            (false, false) => "public",
        };
        let member = if channel.is_member { "yes" } else { "no" };
        vec![name(channel), channel.id.clone(), monitored.to_owned(), member.to_owned(), kind.to_owned()]
    };
    let rows: Vec<Vec<String>> = channels.iter().map(row).collect();
    let table = view.table(&["CHANNEL", "ID", "MONITORED", "BOT IS IN", "KIND"], &rows, |at| match channels
        .get(at)
    {
        Some(channel) if channel.is_archived => dim(),
        Some(channel) if channel.monitored && !channel.is_member => odd(),
        Some(channel) if channel.monitored => bold(),
        Some(_) | None => Style::new(),
    });
    let hint = match channels.iter().find(|channel| channel.monitored && !channel.is_member) {
        Some(channel) => format!("hint: the bot is not in {}; in Slack: /invite it there\n", name(channel)),
        None if channels.iter().any(|channel| channel.monitored) => String::new(),
        None => "hint: no channel is monitored; deskd channels monitor \"#name\"\n".to_owned(),
    };
    format!("{table}{hint}")
}

fn told(picked: &Picked, what: &str) -> String {
    let remark =
        picked.remark.as_ref().map(|remark| format!("{}\n", styled(odd(), format!("remark: {remark}"))));
    format!("{} {what}\n{}", name(&picked.channel), remark.unwrap_or_default())
}

fn name(channel: &ChannelRow) -> String {
    match channel.name.as_str() {
        "" => channel.id.clone(),
        name => format!("#{name}"),
    }
}
