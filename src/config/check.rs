//! From layers to a checked `Config`: which keys there are, what they may be, and how they must agree.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use super::file::{Source, line_of};
use super::places::Places;
use super::problem::{Problem, Problems, Spot};
use super::reader::{Item, Reader, Section};
use super::settings::{
    Api, Canary, ChannelNamed, Config, Http, Inbox, Log, LogFormat, LogLevel, Mode, Monitor, Outbox, Slack,
    Store,
};
use super::{
    Environment, Flag, alarm, apps, callers, categories, endpoint, keys, kinds, mail, mentions, model,
    projects, report, routes, triage, unknown,
};
use crate::domain::destination::Fallbacks;
use crate::domain::ids::ChannelId;

/// The shortest pause between two canaries: one has to be back before the next is posted.
const CANARY_PAUSE: Duration = Duration::from_secs(60);

/// What a configuration is made of.
pub struct Layers<'a> {
    /// The file, when there is one.
    pub source: Option<&'a Source>,
    /// The environment, over the file.
    pub env: &'a Environment,
    /// The flags, over the environment.
    pub flags: &'a [Flag],
}

/// Reads all layers over the defaults of `places`. Every problem there is comes back, in the order of the file.
pub fn check(layers: &Layers<'_>, places: &Places) -> Result<Config, Problems> {
    let (tree, slips) = match layers.source.map(Source::parse) {
        Some((tree, slips)) => (Some(tree), slips),
        None => (None, Vec::new()),
    };
    let mut reader = Reader {
        source: layers.source,
        tree: tree.as_ref().map(toml::Spanned::get_ref),
        env: layers.env,
        flags: layers.flags,
        problems: Vec::new(),
        asked: Default::default(),
    };
    let config = read(&mut reader, Config::defaults(places));
    unknown::note(&mut reader);
    let problems = ordered(reader.problems, slips);
    if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
}

/// Every channel that the configuration names and the workspace does not have. `known` holds ids and names.
pub fn unknown_channels(config: &Config, known: &[(String, String)]) -> Vec<Problem> {
    let exists = |channel: &str| {
        let name = channel.strip_prefix('#');
        known.iter().any(|(id, own)| name.map_or(id == channel, |name| own == name))
    };
    let unknown = config.channels_named.iter().filter(|named| !exists(&named.channel));
    unknown
        .map(|named| {
            let names = known.iter().map(|(_, name)| name.as_str());
            let hint = match super::problem::nearest(named.channel.trim_start_matches('#'), names) {
                Some(name) => format!("did you mean \"#{name}\"?"),
                None => {
                    "see \"deskd channels list\"; a private channel is known once the bot is in it".to_owned()
                }
            };
            Problem::new(named.spot.clone(), &named.key, format!("no channel {} is known", named.channel))
                .hint(hint)
        })
        .collect()
}

/// Slips of syntax and problems of meaning together. On a line with a slip only the slip is told: what could be
/// read of the rest of that line is a guess.
fn ordered(problems: Vec<Problem>, slips: Vec<Problem>) -> Vec<Problem> {
    let slipped: Vec<usize> = slips.iter().map(|slip| line_of(&slip.spot)).collect();
    let on_slip = |problem: &Problem| {
        matches!(problem.spot, Spot::Line { .. }) && slipped.contains(&line_of(&problem.spot))
    };
    let mut all: Vec<Problem> =
        problems.into_iter().filter(|problem| !on_slip(problem)).chain(slips).collect();
    all.sort();
    all
}

fn read(reader: &mut Reader<'_>, defaults: Config) -> Config {
    let triage = triage::triage(&mut reader.section("triage"), defaults.triage);
    let (rules, mut channels_named) = categories::read(reader, defaults.rules, triage.learns());
    let canary = canary(&mut reader.section("canary"), defaults.canary, &mut channels_named);
    let mut mentions_named = Vec::new();
    let mentions = mentions::section(&mut reader.section("mentions"), defaults.mentions, &mut mentions_named);
    let kinds = kinds::read(reader, defaults.kinds);
    let mut doors = callers::read(reader);
    let (time, reports) = report::read(reader, defaults.time, &mut channels_named);
    let named = (&mut channels_named, &mut mentions_named);
    let (routing, remarks) = routes::read(reader, (&kinds, &mentions, &time.zone), named);
    let endpoints = endpoint::read(reader);
    routes::endpoints(reader, &routing, &endpoints);
    projects::bind(reader, &mut doors.callers, &routing.projects);
    let mail = mail::mail(&mut reader.section("mail"), defaults.mail);
    let alarm = alarm::alarm(&mut reader.section("alarm"), defaults.alarm, &mail, &mut channels_named);
    let model = model::model(&mut reader.section("model"), defaults.model);
    let wish = model::wish(&mut reader.section("triage"), &model);
    let store = store(&mut reader.section("store"), defaults.store);
    let secrets = keys::secrets(&mut reader.section("secrets"), &store);
    Config {
        slack: slack(reader, defaults.slack),
        oauth: super::oauth::oauth(&mut reader.section("oauth")),
        http: http(&mut reader.section("http"), defaults.http),
        inbox: inbox(&mut reader.section("inbox"), defaults.inbox),
        triage,
        store,
        secrets,
        api: api(&mut reader.section("api"), defaults.api),
        outbox: outbox(reader, defaults.outbox, &mut channels_named),
        canary,
        mail,
        endpoints,
        model,
        wish,
        alarm,
        time,
        reports,
        mentions,
        log: log(&mut reader.section("log"), defaults.log),
        rules,
        routing,
        kinds,
        doors,
        remarks,
        channels_named,
        mentions_named,
    }
}

fn slack(reader: &mut Reader<'_>, default: Slack) -> Slack {
    let apps = apps::read(reader);
    let section = &mut reader.section("slack");
    Slack {
        apps,
        api_url: api_url(section).unwrap_or(default.api_url),
        mode: section.word("mode", Mode::WORDS, default.mode),
        sockets: section.integer("sockets", 1..=10, default.sockets),
        app_token_file: token_file(section, "app_token_file"),
        bot_token_file: token_file(section, "bot_token_file"),
        signing_secret_file: token_file(section, "signing_secret_file"),
        previous_signing_secret_file: token_file(section, "previous_signing_secret_file"),
    }
}

fn http(section: &mut Section<'_, '_>, default: Http) -> Http {
    Http { listen: section.address("listen").unwrap_or(default.listen) }
}

/// A path, and not a token put where its file should be named: as a path it would be shown everywhere.
pub(super) fn token_file(section: &mut Section<'_, '_>, key: &'static str) -> Option<PathBuf> {
    let path = section.path(key)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !["xapp-", "xox"].iter().any(|prefix| name.starts_with(prefix)) {
        return Some(path);
    }
    section.refuse(
        key,
        "this is a token; the path of a file that holds it is needed",
        "write the token into a file",
    );
    None
}

fn inbox(section: &mut Section<'_, '_>, default: Inbox) -> Inbox {
    let quiet = section.duration("quiet", default.quiet);
    let max_wait = section.duration("max_wait", default.max_wait);
    if max_wait < quiet {
        // The one that was set is the one to blame; when both were, the cap is the stranger of the two.
        let key = if section.is_set("max_wait") { "max_wait" } else { "quiet" };
        let (cap, gap) = (super::span::show(max_wait), super::span::show(quiet));
        let what = format!("max_wait ({cap}) is shorter than quiet ({gap})");
        section.refuse(key, what, "a bundle waits at least the quiet period: raise max_wait or lower quiet");
    }
    let bots = section.list("trusted_bots").unwrap_or_default();
    Inbox {
        quiet,
        max_wait,
        trusted_bots: bots.iter().filter_map(|item| bot(section, item)).collect(),
        monitor: section.word("monitor", Monitor::WORDS, default.monitor),
        notify_replies: section.switch("notify_replies", default.notify_replies),
    }
}

fn store(section: &mut Section<'_, '_>, default: Store) -> Store {
    Store {
        path: section.path("path").unwrap_or(default.path),
        keep_events: section.duration("keep_events", default.keep_events),
        keep_tasks: section.duration("keep_tasks", default.keep_tasks),
        keep_deliveries: section.duration("keep_deliveries", default.keep_deliveries),
    }
}

fn api(section: &mut Section<'_, '_>, default: Api) -> Api {
    let listen = section.loopback("listen");
    let token_file = section.path("token_file");
    if listen.is_some() && token_file.is_none() && !section.has_credentials() {
        let hint = "make a long random token, keep it in a file and name that file as token_file";
        section.refuse("listen", "listening on a port needs a token for its callers", hint);
    }
    Api { socket: section.path("socket").unwrap_or(default.socket), listen, token_file }
}

fn outbox(reader: &mut Reader<'_>, default: Outbox, named: &mut Vec<ChannelNamed>) -> Outbox {
    let own = destinations(reader, named);
    let mut section = reader.section("outbox");
    let general = channel_id(&mut section, "fallback", named);
    Outbox { give_up: section.duration("give_up", default.give_up), fallbacks: Fallbacks { general, own } }
}

/// `[[destination]]`: channels with a fallback of their own.
fn destinations(reader: &mut Reader<'_>, named: &mut Vec<ChannelNamed>) -> BTreeMap<ChannelId, ChannelId> {
    let mut own = BTreeMap::new();
    for (at, table) in reader.tables("destination").into_iter().enumerate() {
        let mut section = reader.element("destination", at + 1, &table);
        for (key, hint) in
            [("channel", "say which channel it is about"), ("fallback", "say where to go instead")]
        {
            if !section.is_set(key) {
                section.refuse_table(format!("a destination needs a {key}"), hint);
            }
        }
        let channel = channel_id(&mut section, "channel", named);
        let fallback = channel_id(&mut section, "fallback", named);
        let (Some(channel), Some(fallback)) = (channel, fallback) else { continue };
        if channel == fallback {
            section.refuse("fallback", "a channel cannot stand in for itself", "name another channel");
        } else if own.insert(channel.clone(), fallback).is_some() {
            section.refuse("channel", format!("{channel} is there twice"), "join the two");
        }
    }
    own
}

/// A channel by its id: a name may change while deskd runs, and then nothing would be told anywhere.
fn channel_id(
    section: &mut Section<'_, '_>,
    key: &'static str,
    named: &mut Vec<ChannelNamed>,
) -> Option<ChannelId> {
    let text = section.text(key)?;
    if is_id(&text, &['C', 'G', 'D']) {
        let (key, spot) = section.place(key);
        named.push(ChannelNamed { channel: text.clone(), key, spot });
        return Some(ChannelId(text));
    }
    let hint = "write the id, for instance \"C0123456789\": \"deskd channels list\" shows it";
    section.refuse(key, format!("\"{text}\" is not the id of a channel"), hint);
    None
}

fn canary(section: &mut Section<'_, '_>, default: Canary, named: &mut Vec<ChannelNamed>) -> Canary {
    let every = section.duration("every", default.every);
    if every < CANARY_PAUSE {
        let what = format!("{} is too often", super::span::show(every));
        section.refuse("every", what, "a canary gets 30s to come back: write 1m or more");
    }
    let channel = section.text("channel").filter(|text| !text.is_empty());
    let channel = channel.filter(|text| {
        let good = categories::is_channel(text);
        if !good {
            let what = format!("\"{text}\" is neither a channel's name nor its id");
            section.refuse(
                "channel",
                what,
                "write \"#deskd-canary\" (names are lower case) or \"C0123456789\"",
            );
        }
        good
    });
    named.extend(channel.clone().map(|channel| {
        let spot = section.spot("channel");
        ChannelNamed { channel, key: "canary.channel".to_owned(), spot }
    }));
    Canary { channel, every }
}

fn log(section: &mut Section<'_, '_>, default: Log) -> Log {
    Log {
        format: section.word("format", LogFormat::WORDS, default.format),
        level: section.word("level", LogLevel::WORDS, default.level),
    }
}

fn bot(section: &mut Section<'_, '_>, item: &Item) -> Option<String> {
    let id = item.text.trim();
    if is_id(id, &['A', 'B']) {
        return Some(id.to_owned());
    }
    let hint = "give the app id (A…) or bot id (B…) from the app's page in Slack";
    section.refuse_item(item, format!("\"{id}\" is not the id of an app or a bot"), hint);
    None
}

/// Whether a text has the form of a Slack id that begins with one of `kinds`.
pub fn is_id(text: &str, kinds: &[char]) -> bool {
    let rest = text.strip_prefix(kinds);
    rest.is_some_and(|rest| {
        rest.len() >= 2 && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    })
}

/// The Web API's base with a slash at its end. Plain `http` only to this machine: tokens travel on it.
fn api_url(section: &mut Section<'_, '_>) -> Option<String> {
    let text = section.text("api_url")?;
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?, uri.query())));
    match parts {
        Some(("https", _, None)) => {}
        Some(("http", host, None)) if is_this_machine(host) => {}
        Some(("http", _, None)) => {
            let what = "tokens must not travel unencrypted over a network";
            section.refuse("api_url", what, "use https; plain http is for a simulator on 127.0.0.1");
            return None;
        }
        Some(_) | None => {
            let what = format!("\"{text}\" is not the base address of a Web API");
            section.refuse("api_url", what, "write for instance \"https://slack.com/api/\"");
            return None;
        }
    }
    Some(format!("{}/", text.trim_end_matches('/')))
}

/// Whether an address may be called with a secret in it: encrypted, or on this machine.
pub fn is_private_or_encrypted(address: &str) -> bool {
    let uri: Option<Uri> = address.parse().ok();
    match uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?))) {
        Some(("https", _)) => true,
        Some(("http", host)) => is_this_machine(host),
        Some(_) | None => false,
    }
}

/// Whether a host is this machine.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
