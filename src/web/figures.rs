//! More figures for `/metrics`: the connection, calls of Slack, troubles, the database, the workers. Labels are words of our
//! own, each from a closed list.

use std::collections::BTreeMap;

use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use super::Front;
use super::errors::Refusal;
use super::metrics::{Labels, words};
use super::secrets::SecretsDocument;
use crate::domain::alarm::{TellingState, Way};
use crate::domain::learn::Source;
use crate::domain::notice::problem::Effect;
use crate::domain::own::Own;
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookState;
use crate::store::status::Standing;

/// What was taught, who decides, and what learning takes.
pub async fn learner(registry: &mut Registry, front: &Front) -> Result<(), Refusal> {
    let ours = front.store.ourselves().await?;
    let examples = match ours {
        Some(ours) => front.store.of(&ours.workspace).example_counts().await?,
        None => BTreeMap::new(),
    };
    let family = Family::<Labels, Gauge>::default();
    for source in Source::ALL.map(Source::as_str) {
        let count = examples.get(source).copied().unwrap_or_default();
        family.get_or_create(&vec![("source", source.to_owned())]).set(count);
    }
    registry.register("triage_examples", "Examples that count, by who says so", family);
    let counts = front.learned.mind.counts();
    let verdicts = Family::<Labels, Counter>::default();
    for (by, count) in [("rules", counts.by_rules), ("learned", counts.by_learner)] {
        verdicts.get_or_create(&vec![("by", by.to_owned())]).inc_by(count);
    }
    registry.register("triage_verdicts", "Verdicts on bundles, by who decided", verdicts);
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter("triage_abstained", "Verdicts of which nobody was sure enough", counts.abstained);
    counter("triage_passed_over", "Bundles that were taken for no request", counts.passed_over);
    counter("triage_learned", "Examples learned one by one", counts.learned);
    counter("triage_rebuilds", "Times a model was made from all examples", counts.rebuilds);
    let corrupt = i64::try_from(counts.corrupt).unwrap_or(i64::MAX);
    let help = "Examples that cannot be read and were left out";
    registry.register("triage_examples_corrupt", help, ConstGauge::new(corrupt));
    for (name, help, value) in [
        ("triage_rebuild", "How long the last model took to be made", counts.rebuild_s),
        ("triage_learn", "How long the last example took to be learned", counts.learn_s),
    ] {
        registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(value));
    }
    Ok(())
}

/// The sockets as a whole, and what became of calls of the Web API.
pub fn connection(registry: &mut Registry, front: &Front, now: Timestamp) {
    let none = front.links.none_since().map_or(0.0, |since| now.since(since).as_secs_f64());
    let help = "Time without any socket to Slack, 0 while one is up";
    registry.register_with_unit("no_socket", help, Unit::Seconds, ConstGauge::new(none));
    let seen = front.links.states().into_iter().filter_map(|link| link.connections_seen).max();
    let help = "Sockets of this app that Slack counted at the last hello";
    registry.register("connections_seen", help, ConstGauge::new(i64::from(seen.unwrap_or_default())));
    let help = "Time from taking an envelope to acknowledging it";
    registry.register_with_unit("ack", help, Unit::Seconds, front.tally.latency().histogram());
    let calls = Family::<Labels, Counter>::default();
    for ((method, outcome), count) in front.api.calls() {
        calls.get_or_create(&vec![("method", method), ("outcome", outcome.to_owned())]).inc_by(count);
    }
    registry.register("slack_calls", "Calls of Slack's Web API by what came of them", calls);
}

/// Troubles of deskd's own trouble, and who was told.
pub fn told(registry: &mut Registry, standing: &Standing) {
    let open = Family::<Labels, Gauge>::default();
    for own in Own::ALL {
        let count = standing.troubles.get(own.as_str()).copied().unwrap_or_default();
        open.get_or_create(&vec![("kind", own.as_str().to_owned())]).set(count);
    }
    registry.register("troubles_open", "Troubles of deskd that last, by kind", open);
    let tellings = Family::<Labels, Gauge>::default();
    for (way, state) in Way::ALL.into_iter().flat_map(|way| TellingState::ALL.map(|state| (way, state))) {
        let key = (way.as_str().to_owned(), state.as_str().to_owned());
        let count = standing.tellings.get(&key).copied().unwrap_or_default();
        tellings.get_or_create(&vec![("way", key.0), ("state", key.1)]).set(count);
    }
    registry.register("tellings", "Tellings of troubles that are stored, by way and state", tellings);
}

/// The ways of notices, as labels.
const WAYS: [&str; 5] = ["channel", "person", "webhook", "endpoint", "mail"];

/// The states of a delivery, as labels.
const DELIVERY_STATES: [&str; 9] =
    ["held", "waiting", "sending", "sent", "failed", "dead", "unknown", "dropped", "merged"];

/// Notices: what was taken and refused, what waits, and what became of deliveries.
pub fn notices(registry: &mut Registry, front: &Front, standing: &Standing, now: Timestamp) {
    let (taken, refused) = (front.doors.count.taken(), front.doors.count.refused());
    let family = Family::<Labels, Counter>::default();
    for effect in Effect::ALL.map(Effect::as_str) {
        let count = taken.get(effect).copied().unwrap_or_default();
        family.get_or_create(&vec![("effect", effect.to_owned())]).inc_by(count);
    }
    registry.register("notices", "Notices taken, by what they are to their problem", family);
    let family = Family::<Labels, Counter>::default();
    for (code, count) in refused {
        family.get_or_create(&vec![("code", code.to_owned())]).inc_by(count);
    }
    registry.register("notices_refused", "Requests with notices that were refused, by code", family);
    let family = Family::<Labels, Gauge>::default();
    for lane in ["critical", "usual"] {
        let count = standing.waiting_notices.get(lane).copied().unwrap_or_default();
        family.get_or_create(&vec![("lane", lane.to_owned())]).set(count);
    }
    registry.register("notices_waiting", "Notices and deliveries that wait to go out, by lane", family);
    let family = Family::<Labels, Gauge>::default();
    for (way, state) in WAYS.into_iter().flat_map(|way| DELIVERY_STATES.map(|state| (way, state))) {
        let count = standing.deliveries.get(&(way.to_owned(), state.to_owned())).copied().unwrap_or_default();
        family.get_or_create(&vec![("way", way.to_owned()), ("state", state.to_owned())]).set(count);
    }
    registry.register("deliveries", "Deliveries of notices that are stored, by way and state", family);
    let age = standing.oldest_notice.map_or(0.0, |at| now.since(at).as_secs_f64());
    let help = "Age of the oldest delivery whose time has come, 0 when there is none";
    registry.register_with_unit("deliveries_oldest", help, Unit::Seconds, ConstGauge::new(age));
}

/// The database on the disk.
pub fn database(registry: &mut Registry, (file, log): (u64, u64), standing: &Standing, now: Timestamp) {
    let bytes = |bytes: u64| ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
    registry.register_with_unit("database", "Size of the database file", Unit::Bytes, bytes(file));
    registry.register_with_unit("database_log", "Size of its write-ahead log", Unit::Bytes, bytes(log));
    let last = standing.last_backup.or(standing.made_at);
    let age = last.map_or(0.0, |at| now.since(at).as_secs_f64());
    let help = "Age of the last sound backup, or of the database where there is none";
    registry.register_with_unit("backup_age", help, Unit::Seconds, ConstGauge::new(age));
}

/// Secrets that cannot be opened, and webhooks by state.
pub fn webhooks(registry: &mut Registry, secrets: &SecretsDocument, states: &BTreeMap<String, i64>) {
    let help = "Secrets in the database that the key does not open";
    registry.register("secrets_locked", help, ConstGauge::new(secrets.locked));
    let family = words(WebhookState::ALL.map(WebhookState::as_str), states);
    registry.register("webhooks", "Incoming webhooks by state", family);
}

/// The workers; those that share a name are counted together.
pub fn workers(registry: &mut Registry, front: &Front, now: Timestamp) {
    let health = (front.health)(now);
    let (steps, failed) = (Family::<Labels, Counter>::default(), Family::<Labels, Counter>::default());
    let last = Family::<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    for seen in &health.workers {
        let label = vec![("worker", seen.name.to_owned())];
        steps.get_or_create(&label).inc_by(seen.steps);
        failed.get_or_create(&label).inc_by(seen.failed);
        let age = seen.last_step.map_or(0.0, |age| age.as_secs_f64());
        let longest = last.get_or_create(&label);
        let known = longest.get();
        longest.set(known.max(age));
    }
    registry.register("worker_steps", "Steps of the workers", steps);
    registry.register("worker_failures", "Steps that failed", failed);
    let help = "Time since the last step ended; for several workers of one name, the longest";
    registry.register_with_unit("worker_last_step", help, Unit::Seconds, last);
    let unwritable = health.unwritable_since.map_or(0.0, |since| now.since(since).as_secs_f64());
    let help = "Time for which the database cannot be written, 0 while it can";
    registry.register_with_unit("not_writable", help, Unit::Seconds, ConstGauge::new(unwritable));
}
