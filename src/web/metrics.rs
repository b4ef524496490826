//! Figures for a monitoring system, read at the moment they are asked for. Labels are words of our own: never names,
//! ids, or anything that people wrote.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use super::errors::{Code, Refusal};
use super::{Front, figures};
use crate::domain::send::SendState;
use crate::domain::task::Status;
use crate::domain::time::Timestamp;
use crate::slack::socket::LinkState;
use crate::store::status::Standing;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) type Labels = Vec<(&'static str, String)>;

/// `GET /metrics`: OpenMetrics for whoever accepts it, else Prometheus's older text form.
pub async fn show(State(front): State<Front>, headers: HeaderMap) -> Result<Response, Refusal> {
    let now = (front.now)();
    let standing = front.store.standing().await?;
    let sizes = front.store.sizes().await?;
    let mut registry = Registry::with_prefix("deskd");
    build(&mut registry);
    incoming(&mut registry, &front);
    ended(&mut registry, &front);
    held(&mut registry, &standing, now);
    copied(&mut registry, front.store.last_backup().await?);
    working(&mut registry, &front, now);
    figures::connection(&mut registry, &front, now);
    figures::told(&mut registry, &standing);
    figures::database(&mut registry, sizes, &standing, now);
    figures::workers(&mut registry, &front, now);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| {
        Refusal::new(Code::DatabaseBroken, "the figures cannot be written; hint: run \"deskd doctor\"")
    })?;
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, text) = match accepted.contains("application/openmetrics-text") {
        true => (OPEN_METRICS, text),
        false => (PROMETHEUS, older(&text)),
    };
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

fn build(registry: &mut Registry) {
    let family = Family::<Labels, Gauge>::default();
    family.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
    registry.register("build_info", "The version that runs", family);
}

fn incoming(registry: &mut Registry, front: &Front) {
    let links = front.links.states();
    let mut states = BTreeMap::new();
    for link in links {
        *states.entry(link.state.as_str().to_owned()).or_default() += 1;
    }
    let all = [LinkState::Connecting, LinkState::Connected, LinkState::Waiting, LinkState::Stopped];
    let family = words(all.map(LinkState::as_str), &states);
    registry.register("sockets", "Socket Mode links by state", family);
    let counts = front.links.counts();
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter("socket_frames", "Frames received on sockets", counts.frames);
    counter("socket_envelopes", "Envelopes received on sockets", counts.envelopes);
    counter("socket_unknown_frames", "Frames that meant nothing", counts.unknown_frames);
    counter("socket_reconnects", "Sockets opened after the first of each link", counts.reconnects);
    counter("events_recorded", "Events recorded for the first time", front.tally.recorded());
    counter("events_repeated", "Events that had been recorded before", front.tally.repeated());
    counter("record_batches", "Commits that recorded events", front.tally.batches());
    counter("record_failures", "Attempts to record events that failed", front.tally.failures());
}

/// How events ended: a reason appears with its first event.
fn ended(registry: &mut Registry, front: &Front) {
    let family = Family::<Labels, Counter>::default();
    for (reason, count) in front.endings.counts() {
        family.get_or_create(&vec![("reason", reason.to_owned())]).inc_by(count);
    }
    registry.register("events_ended", "Events by the reason they ended with", family);
}

fn held(registry: &mut Registry, standing: &Standing, now: Timestamp) {
    let mut gauge = |name: &str, help: &str, value: i64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    gauge("journal_pending", "Events without an outcome", standing.pending);
    gauge("bundles_open", "Bundles that still take messages", standing.bundles_open);
    gauge("bundles_sealed", "Bundles waiting to become tasks", standing.bundles_sealed);
    let family = words(Status::ALL.map(Status::as_str), &standing.tasks);
    registry.register("tasks", "Tasks by status", family);
    let unsent = SendState::ALL.into_iter().filter(|state| *state != SendState::Sent);
    let family = words(unsent.map(SendState::as_str), &standing.outbox);
    registry.register("outbox", "Rows of the outbox that are not sent, by state", family);
    let mut seconds = |name: &str, help: &str, at: Option<Timestamp>| {
        let age = at.map_or(0.0, |at| now.since(at).as_secs_f64());
        registry.register_with_unit(name, help, Unit::Seconds, ConstGauge::new(age));
    };
    let pending = "Age of the oldest event without an outcome, 0 when there is none";
    seconds("journal_oldest_pending", pending, standing.oldest_pending);
    let waiting = "Age of the oldest row that still has to be sent, 0 when there is none";
    seconds("outbox_oldest", waiting, standing.oldest_send);
}

/// When the last backup was made; absent until there is one, as is usual for such times.
fn copied(registry: &mut Registry, at: Option<Timestamp>) {
    if let Some(at) = at {
        let help = "When the last backup was made and found sound";
        let at = ConstGauge::new(at.unix_seconds());
        registry.register_with_unit("backup_last_success_timestamp", help, Unit::Seconds, at);
    }
}

fn working(registry: &mut Registry, front: &Front, now: Timestamp) {
    let health = (front.health)(now);
    let stuck = ConstGauge::new(count(health.stuck().len()));
    registry.register("workers_stuck", "Workers whose step has been running for too long", stuck);
    let failing = ConstGauge::new(count(health.failing().len()));
    registry.register("workers_failing", "Workers whose last step failed", failing);
    let uptime = ConstGauge::new(now.since(front.started_at).as_secs_f64());
    registry.register_with_unit("uptime", "Time since the daemon started", Unit::Seconds, uptime);
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// One line per word, those that nothing is counted for included: a line that comes and goes is hard to alert on.
fn words(
    all: impl IntoIterator<Item = &'static str>,
    counted: &BTreeMap<String, i64>,
) -> Family<Labels, Gauge> {
    let family = Family::<Labels, Gauge>::default();
    for word in all {
        let value = counted.get(word).copied().unwrap_or_default();
        family.get_or_create(&vec![("state", word.to_owned())]).set(value);
    }
    family
}

/// OpenMetrics names a counter without the `_total` of its samples, which the older form's readers do not put together.
fn older(text: &str) -> String {
    let counters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ").and_then(|rest| rest.strip_suffix(" counter")))
        .collect();
    let mut lines = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let mut parts = line.splitn(4, ' ');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(&name) => {
                lines.push_str(&format!("# {what} {name}_total {rest}\n"));
            }
            _ => lines.push_str(&format!("{line}\n")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::older;

    #[test]
    fn the_older_form_names_counters_with_their_total() {
        let text = "# HELP a_x Things.\n# TYPE a_x counter\na_x_total 3\n# HELP a_y_seconds Age.\n\
                    # TYPE a_y_seconds gauge\n# UNIT a_y_seconds seconds\na_y_seconds 1.5\n# EOF\n";
        let expected = "# HELP a_x_total Things.\n# TYPE a_x_total counter\na_x_total 3\n\
                        # HELP a_y_seconds Age.\n# TYPE a_y_seconds gauge\na_y_seconds 1.5\n";
        assert_eq!(older(text), expected);
    }
}
