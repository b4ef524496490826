//! Figures for a monitoring system, read at the moment they are asked for. Labels are words of our own: never names,
//! ids, or anything that people wrote.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use super::errors::{Code, Refusal};
use super::{Front, figures, secrets};
use crate::domain::send::SendState;
use crate::domain::task::Status;
use crate::domain::time::Timestamp;
use crate::intake::canary::Figures;
use crate::slack::socket::LinkState;
use crate::store::retention::Class;
use crate::store::status::Standing;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) type Labels = Vec<(&'static str, String)>;

/// `GET /metrics`: OpenMetrics for whoever accepts it, else Prometheus's older text form.
pub async fn show(front: Front, headers: HeaderMap) -> Result<Response, Refusal> {
    let now = (front.now)();
    let standing = front.store.standing().await?;
    let sizes = front.store.sizes().await?;
    let mut registry = Registry::with_prefix("deskd");
    build(&mut registry);
    incoming(&mut registry, &front);
    refused(&mut registry, &front);
    ended(&mut registry, &front);
    held(&mut registry, &standing, now);
    forgotten(&mut registry, &front);
    copied(&mut registry, front.store.last_backup().await?);
    recovering(&mut registry, &front).await?;
    working(&mut registry, &front, now);
    figures::learner(&mut registry, &front).await?;
    figures::connection(&mut registry, &front, now);
    figures::told(&mut registry, &standing);
    figures::notices(&mut registry, &front, &standing, now);
    figures::database(&mut registry, sizes, &standing, now);
    figures::workers(&mut registry, &front, now);
    super::model::figures(&mut registry, &front).await?;
    let webhooks = front.store.webhook_states().await?;
    figures::webhooks(&mut registry, &secrets::standing(&front).await?, &webhooks);
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
    let family = words(LinkState::ALL.map(LinkState::as_str), &states);
    registry.register("sockets", "Socket Mode links by state", family);
    gauges(registry, front);
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

/// Requests over HTTP that were not from Slack.
fn refused(registry: &mut Registry, front: &Front) {
    let family = Family::<Labels, Counter>::default();
    for (why, count) in front.tally.refused() {
        family.get_or_create(&vec![("why", why.to_owned())]).inc_by(count);
    }
    registry.register("http_refused", "Requests to the addresses of Slack that were refused", family);
}

/// Gauges about the connection as a whole.
fn gauges(registry: &mut Registry, front: &Front) {
    let tally = front.links.tally();
    let mut gauge = |name: &str, help: &str, value: u32| {
        registry.register(name, help, ConstGauge::new(i64::from(value)));
    };
    let seen = tally.map_or(0, |tally| tally.seen);
    gauge("socket_connections_seen", "Sockets of the app that Slack counted at the newest hello", seen);
    let excess = tally.map_or(0, |tally| tally.excess());
    gauge("socket_connections_foreign", "How many of them were not ours", excess);
    let gaps = ConstCounter::new(front.links.gaps());
    registry.register("socket_gaps", "Moments in which events may have been missed", gaps);
    let Some(canary) = front.canary.as_ref().map(Figures::now) else { return };
    let round_trip = ConstGauge::new(canary.round_trip.unwrap_or_default().as_secs_f64());
    let help = "How long the last canary took that came back, 0 before the first";
    registry.register_with_unit("canary_round_trip", help, Unit::Seconds, round_trip);
    registry.register("canary_back", "Canaries that came back", ConstCounter::new(canary.back));
    let missed = ConstCounter::new(canary.missed);
    registry.register("canary_missed", "Canaries that did not come back although we were connected", missed);
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
    gauge("destinations_broken", "Channels that take no messages", standing.destinations_broken);
    gauge("whispers", "Late answers to commands that are still to be given", standing.whispers);
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

/// What has gone because it was kept long enough.
fn forgotten(registry: &mut Registry, front: &Front) {
    let family = Family::<Labels, Counter>::default();
    for class in Class::ALL {
        let labels = vec![("class", class.as_str().to_owned())];
        family.get_or_create(&labels).inc_by(front.forgotten.count(class));
    }
    registry.register("rows_forgotten", "Rows deleted because they were kept long enough, by class", family);
}

/// When the last backup was made; absent until there is one, as is usual for such times.
fn copied(registry: &mut Registry, at: Option<Timestamp>) {
    if let Some(at) = at {
        let help = "When the last backup was made and found sound";
        let at = ConstGauge::new(at.unix_seconds());
        registry.register_with_unit("backup_last_success_timestamp", help, Unit::Seconds, at);
    }
}

async fn recovering(registry: &mut Registry, front: &Front) -> Result<(), Refusal> {
    let progress = front.store.recovery_progress().await?;
    let mut gauge = |name: &str, help: &str, value: i64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    gauge("recovery_running", "Whether channels are read after a gap", i64::from(progress.left > 0));
    gauge("recovery_channels_left", "Channels that are not read to their end", progress.left);
    gauge("recovery_channels_failed", "Channels that cannot be read", count(progress.failed.len()));
    let finished = progress.finished_at.map_or(0.0, |at| at.0 as f64 / 1000.0);
    let help = "When a channel or thread was read to its end last, in Unix time; 0 for never";
    registry.register_with_unit(
        "recovery_finished_timestamp",
        help,
        Unit::Seconds,
        ConstGauge::new(finished),
    );
    let totals = front.recovery.totals();
    let mut counter = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstCounter::new(value));
    };
    counter("recovery_messages_read", "Messages read from the history", totals.messages());
    counter("recovery_found", "Messages found in the history that had not arrived", totals.found());
    counter(
        "recovery_failures",
        "Channels and threads that could not be read to their end",
        totals.failures(),
    );
    Ok(())
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
pub(super) fn words(
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
