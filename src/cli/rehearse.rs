//! `deskd replay --diff`: the journal against the rules of another configuration. It reads the database beside the daemon,
//! keeps everything in memory, and neither writes nor sends anything.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use anyhow::{Context, Result};
use serde::Serialize;

use super::call::{Call, Exit};
use super::screen::{View, plural};
use crate::app::reload::habits;
use crate::config::Config;
use crate::domain::classify::Compiled;
use crate::domain::ids::{ChannelId, EventId, MessageTs};
use crate::domain::message::Arrival;
use crate::domain::reason::EventReason;
use crate::domain::rehearsal::{Outline, Rehearsal};
use crate::domain::spaces::Spaces;
use crate::domain::time::Timestamp;
use crate::intake::bundle::understand;
use crate::runtime::clock::Clock;
use crate::store::Store;
use crate::store::rehearse::KeptMessages;
use crate::web::replay::start;

/// Rows of the table; all of them are in the JSON.
const MOST_SHOWN: usize = 40;

/// What would change.
#[derive(Debug, Default, Serialize)]
pub struct Difference {
    /// Always true.
    pub ok: bool,
    /// Events that were looked at.
    pub events: u64,
    /// Bundles of these events in earnest, and as they would be.
    pub bundles: (usize, usize),
    /// How many changes there are of each kind.
    pub changes: BTreeMap<String, u64>,
    /// Each change.
    pub rows: Vec<Row>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The channel.
    pub channel: String,
    /// The message that it begins with.
    pub ts: String,
    /// The task's number, where there is one.
    pub task: Option<i64>,
    /// What changes: `event`, `bundles`, `category` or `priority`.
    pub what: &'static str,
    /// In earnest.
    pub before: String,
    /// As it would be.
    pub after: String,
}

/// Rehearses and tells the difference.
pub async fn run(since: &str, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let since = start(since, Clock::Wall.now()).map_err(|refusal| anyhow::anyhow!(refusal.message))?;
    let difference = compare(&config, since).await?;
    if call.json {
        call.print_json(&serde_json::to_value(&difference)?)?;
    } else {
        write!(call.out, "{}", told(&difference, &View::of_terminal(Clock::Wall.now())))?;
    }
    Ok(Exit::Done)
}

/// What would change if `config` had held since then.
pub async fn compare(config: &Config, since: Timestamp) -> Result<Difference> {
    let store = Store::open_to_read(&config.store.path).await?;
    let ours = store.ourselves().await?.context(
        "the database knows no workspace yet; hint: start deskd once, so that it can ask Slack who it is",
    )?;
    let (facts, kept) = store.of(&ours.workspace).rehearsal(since).await?;
    let habits = habits(config);
    let configured = |app: &str| config.slack.apps.iter().any(|known| known.id == app);
    for (workspace, app) in store.apps().await?.into_iter().filter(|(_, app)| configured(&app.app)) {
        habits.kin.learn(&workspace, app);
    }
    let desk = habits.desk(ours.clone());
    let spaces = Spaces::only(ours);
    let mut rehearsal = Rehearsal::new(desk.clone(), facts);
    let mut difference = Difference { ok: true, ..Difference::default() };
    let mut after = EventId(0);
    loop {
        let batch = store.outcomes_for_replay(since, Vec::new(), after).await?;
        let Some((last, _)) = batch.last() else { break };
        after = last.id;
        for (event, before) in batch {
            let decoded = understand(event, &spaces, &habits.kin);
            if decoded.whose.ours().is_none() {
                continue;
            }
            difference.events += 1;
            let Ok(arrival) = decoded.arrival else { continue };
            let now = rehearsal.take(&arrival, decoded.received_at, decoded.recovered);
            difference.extend(event_row(&arrival, &before, now.as_ref()));
        }
    }
    let outlines = rehearsal.finish(&Compiled::new(&config.rules));
    difference.weigh(&outlines, &kept);
    Ok(difference)
}

/// What counts as the same: that a message opens a bundle or joins one follows from the cuts, which are told apart.
fn kind(code: &str) -> &str {
    match code {
        "opened_bundle" | "joined_bundle" => "message",
        "answered" | "answered_bundle" => "answer",
        other => other,
    }
}

fn event_row(arrival: &Arrival, before: &str, now: Option<&EventReason>) -> Option<Row> {
    let (Arrival::Posted(message), Some(now)) = (arrival, now) else { return None };
    let (before, after) = (kind(before), kind(now.code()));
    // The first of a pair may lie before the events that are looked at.
    let is_repeated = |word: &str| matches!(word, "duplicate" | "mention_kept" | "double_post" | "erased");
    if before == after || is_repeated(before) || is_repeated(after) {
        return None;
    }
    Some(row(&message.channel, &message.ts, None, "event", before, after))
}

fn row(
    channel: &ChannelId,
    ts: &MessageTs,
    task: Option<i64>,
    what: &'static str,
    before: &str,
    after: &str,
) -> Row {
    let (before, after) = (before.to_owned(), after.to_owned());
    Row { channel: channel.0.clone(), ts: ts.0.clone(), task, what, before, after }
}

impl Difference {
    fn extend(&mut self, rows: impl IntoIterator<Item = Row>) {
        for row in rows {
            let kind = match row.what {
                "bundles" => "bundles".to_owned(),
                what => format!("{what}: {} to {}", row.before, row.after),
            };
            *self.changes.entry(kind).or_default() += 1;
            self.rows.push(row);
        }
    }

    /// Compares the tasks that there would be with those that there are.
    fn weigh(&mut self, outlines: &[Outline], kept: &KeptMessages) {
        let earnest: BTreeSet<i64> = kept.values().map(|kept| kept.bundle.0).collect();
        self.bundles = (earnest.len(), outlines.iter().map(|outline| outline.bundles.len()).sum());
        // In how many bundles each bundle's messages would be.
        let mut parts: BTreeMap<i64, usize> = BTreeMap::new();
        for bundle in outlines.iter().flat_map(|outline| cuts(outline, kept)).flatten() {
            *parts.entry(bundle).or_default() += 1;
        }
        parts.retain(|_, parts| *parts > 1);
        for outline in outlines {
            self.weigh_cuts(outline, kept, &mut parts);
            self.weigh_verdict(outline, kept);
        }
    }

    /// Bundles that would be one, and each bundle that would be several, once.
    fn weigh_cuts(&mut self, outline: &Outline, kept: &KeptMessages, parts: &mut BTreeMap<i64, usize>) {
        for (bundle, before) in outline.bundles.iter().zip(cuts(outline, kept)) {
            let Some(first) = bundle.first() else { continue };
            let known = kept.get(&(outline.channel.clone(), first.clone()));
            let task = known.and_then(|kept| kept.task.as_ref()).map(|(number, _)| number.0);
            let mut tell = |before: usize, after: usize| {
                let (before, after) = (before.to_string(), after.to_string());
                self.extend([row(&outline.channel, first, task, "bundles", &before, &after)]);
            };
            if before.len() > 1 {
                tell(before.len(), 1);
            }
            for parts in before.iter().filter_map(|bundle| parts.remove(bundle)) {
                tell(1, parts);
            }
        }
    }

    fn weigh_verdict(&mut self, outline: &Outline, kept: &KeptMessages) {
        let channel = &outline.channel;
        let Some(first) = outline.bundles.first().and_then(|bundle| bundle.first()) else { return };
        let Some(known) = kept.get(&(channel.clone(), first.clone())) else { return };
        let task = known.task.as_ref().map(|(number, _)| number.0);
        let (Some((_, before)), Some(after)) = (&known.task, &outline.verdict) else { return };
        for (what, before, after) in [
            ("category", before.category.as_str(), after.category.as_str()),
            ("priority", before.priority.as_str(), after.priority.as_str()),
        ] {
            if before != after {
                self.extend([row(channel, first, task, what, before, after)]);
            }
        }
    }
}

/// For each bundle that there would be, the bundles in which its messages are.
fn cuts(outline: &Outline, kept: &KeptMessages) -> Vec<BTreeSet<i64>> {
    let place = |ts: &MessageTs| kept.get(&(outline.channel.clone(), ts.clone())).map(|kept| kept.bundle.0);
    outline.bundles.iter().map(|bundle| bundle.iter().filter_map(place).collect()).collect()
}

fn told(difference: &Difference, view: &View) -> String {
    let events = i64::try_from(difference.events).unwrap_or(i64::MAX);
    let (before, after) = difference.bundles;
    let mut text = format!(
        "{} looked at; bundles: {before} as it is, {after} with the other rules; nothing was changed\n",
        plural(events, "event")
    );
    if difference.rows.is_empty() {
        text.push_str("nothing would be different\n");
        return text;
    }
    for (change, count) in &difference.changes {
        text.push_str(&format!("  {count:>6}  {change}\n"));
    }
    let cells = |row: &Row| {
        let task = row.task.map_or_else(|| "-".to_owned(), |task| task.to_string());
        let message = format!("{}/{}", row.channel, row.ts);
        vec![task, message, row.what.to_owned(), row.before.clone(), row.after.clone()]
    };
    let rows: Vec<Vec<String>> = difference.rows.iter().take(MOST_SHOWN).map(cells).collect();
    text.push_str(&view.table(&["TASK", "MESSAGE", "WHAT", "BEFORE", "AFTER"], &rows, |_| Style::new()));
    if difference.rows.len() > MOST_SHOWN {
        let more = difference.rows.len() - MOST_SHOWN;
        text.push_str(&format!("and {more} more; hint: --json names all of them\n"));
    }
    text
}
