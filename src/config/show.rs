//! The effective configuration as lines of key and value, and as a short hash. There are no secrets in it.

use sha2::{Digest, Sha256};

use super::keys::SecretsKey;
use super::settings::{Api, Canary, Config, Http, Inbox, Log, Outbox, Slack, Store};
use super::span;
use crate::domain::destination::Fallbacks;
use crate::domain::rules::{CategoryRule, PriorityWords, Rules};

/// How many bytes of the hash are shown: enough to tell two configurations of one desk apart.
const HASH_BYTES: usize = 6;

impl Config {
    /// Every setting as it holds, in a fixed order: key path and value.
    pub fn lines(&self) -> Vec<(String, String)> {
        // Destructured in full, so that a new section cannot be forgotten here.
        let Config {
            slack,
            oauth,
            http,
            inbox,
            triage,
            store,
            api,
            outbox,
            canary,
            alarm,
            mail,
            endpoints,
            model,
            wish,
            secrets,
            time,
            reports,
            mentions,
            log,
            rules,
            routing,
            kinds,
            doors,
            remarks: _,
            channels_named: _,
            mentions_named: _,
        } = self;
        let mut lines = Vec::new();
        let mut add = |key: &str, value: String| lines.push((key.to_owned(), value));
        show_slack(slack, &mut add);
        super::oauth::show(oauth, &mut add);
        let Http { listen } = http;
        add("http.listen", listen.to_string());
        show_inbox(inbox, &mut add);
        super::triage::show(triage, &mut add);
        show_store(store, &mut add);
        show_api(api, &mut add);
        let Outbox { give_up, fallbacks } = outbox;
        add("outbox.give_up", span::show(*give_up));
        let Fallbacks { general, own } = fallbacks;
        add("outbox.fallback", general.as_ref().map(ToString::to_string).unwrap_or_default());
        for (channel, fallback) in own {
            add(&format!("destination.{channel}.fallback"), fallback.to_string());
        }
        let Canary { channel, every } = canary;
        add("canary.channel", channel.clone().unwrap_or_default());
        add("canary.every", span::show(*every));
        super::alarm::show(alarm, &mut add);
        super::mail::show(mail, &mut add);
        super::endpoint::show(endpoints, &mut add);
        super::model::show(model, *wish, &mut add);
        let SecretsKey { key_file } = secrets;
        add("secrets.key_file", path(key_file.as_deref()));
        super::report::show(time, reports, &mut add);
        super::mentions::show(mentions, &mut add);
        let Log { format, level } = log;
        add("log.format", format!("{format:?}").to_lowercase());
        add("log.level", format!("{level:?}").to_lowercase());
        show_rules(rules, &mut add);
        super::routes::show(routing, &mut add);
        super::kinds::show(kinds, &mut add);
        super::callers::show(doors, &mut add);
        lines
    }

    /// A short hash of what holds: the same settings give the same hash, wherever they were set.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        for (key, value) in self.lines() {
            // Lengths in front, so that no value can look like another key.
            digest.update(format!("{}:{key}={}:{value}\n", key.len(), value.len()));
        }
        hex(&digest.finalize())
    }
}

/// A short hash of a text that is too long to be shown.
pub fn short_hash(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn show_slack(slack: &Slack, add: &mut impl FnMut(&str, String)) {
    let Slack { api_url, mode, sockets, app_token_file, bot_token_file, .. } = slack;
    let Slack { signing_secret_file, previous_signing_secret_file, apps, .. } = slack;
    add("slack.mode", format!("{mode:?}").to_lowercase());
    add("slack.api_url", api_url.clone());
    add("slack.sockets", sockets.to_string());
    add("slack.app_token_file", path(app_token_file.as_deref()));
    add("slack.bot_token_file", path(bot_token_file.as_deref()));
    add("slack.signing_secret_file", path(signing_secret_file.as_deref()));
    add("slack.previous_signing_secret_file", path(previous_signing_secret_file.as_deref()));
    super::apps::show(apps, add);
}

fn show_inbox(inbox: &Inbox, add: &mut impl FnMut(&str, String)) {
    let Inbox { quiet, max_wait, trusted_bots, monitor, notify_replies } = inbox;
    add("inbox.quiet", span::show(*quiet));
    add("inbox.max_wait", span::show(*max_wait));
    add("inbox.trusted_bots", trusted_bots.join(", "));
    add("inbox.monitor", format!("{monitor:?}").to_lowercase());
    add("inbox.notify_replies", notify_replies.to_string());
}

fn show_store(store: &Store, add: &mut impl FnMut(&str, String)) {
    let Store { path, keep_events, keep_tasks, keep_deliveries } = store;
    add("store.path", path.display().to_string());
    add("store.keep_events", span::show(*keep_events));
    add("store.keep_tasks", span::show(*keep_tasks));
    add("store.keep_deliveries", span::show(*keep_deliveries));
}

fn show_api(api: &Api, add: &mut impl FnMut(&str, String)) {
    let Api { socket, listen, token_file } = api;
    add("api.socket", socket.display().to_string());
    add("api.listen", listen.map(|address| address.to_string()).unwrap_or_default());
    add("api.token_file", path(token_file.as_deref()));
}

fn show_rules(rules: &Rules, add: &mut impl FnMut(&str, String)) {
    let Rules { categories, priority, fallback } = rules;
    add("inbox.fallback", fallback.clone());
    let PriorityWords { urgent, high, low } = priority;
    add("priority.urgent", urgent.join(", "));
    add("priority.high", high.join(", "));
    add("priority.low", low.join(", "));
    for rule in categories {
        let CategoryRule {
            name,
            formerly,
            description,
            keywords,
            phrases,
            patterns,
            channels,
            domains,
            weight,
        } = rule;
        let mut part = |key: &str, value: String| add(&format!("category.{name}.{key}"), value);
        part("formerly", formerly.join(", "));
        part("description", description.clone());
        part("keywords", keywords.join(", "));
        part("phrases", phrases.join(", "));
        part("patterns", patterns.iter().map(regex::Regex::as_str).collect::<Vec<_>>().join(", "));
        part("channels", channels.join(", "));
        part("domains", domains.join(", "));
        part("weight", weight.to_string());
    }
}

fn path(path: Option<&std::path::Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}
