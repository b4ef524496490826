//! `/in/alertmanager/...` and `/in/grafana/...`: the webhooks of Prometheus Alertmanager (version 4) and of Grafana's contact
//! points, which has the same shape with more in it. Each alert is one notice of the kind `alert`; its fingerprint is its key,
//! so that a repetition changes nothing and the end closes what began.
//!
//! Nothing an alert may hold makes it refused: an alert that is not told because its text is too long helps nobody.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::notice::Draft;
use crate::domain::notice::draft::{KEY_CHARS, MOST_FIELDS, TITLE_CHARS};

/// The kind of what comes this way.
pub const KIND: &str = "alert";

/// Longest text and longest field that are kept, in characters: a card shows less.
const WORDS: usize = 3_000;

/// A group of alerts as it travels. Texts are taken as they are, whatever else is in them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    #[serde(default)]
    group_key: Value,
    #[serde(default)]
    status: String,
    #[serde(default, rename = "externalURL")]
    external_url: String,
    #[serde(default)]
    truncated_alerts: u64,
    #[serde(default)]
    common_labels: BTreeMap<String, Value>,
    alerts: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    #[serde(default)]
    status: String,
    #[serde(default)]
    labels: BTreeMap<String, Value>,
    #[serde(default)]
    annotations: BTreeMap<String, Value>,
    #[serde(default)]
    starts_at: String,
    #[serde(default)]
    ends_at: String,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
    #[serde(default, rename = "dashboardURL")]
    dashboard_url: String,
    #[serde(default, rename = "panelURL")]
    panel_url: String,
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    values: Option<BTreeMap<String, Value>>,
}

/// The notices of Alertmanager's webhook.
pub fn drafts(document: &Value) -> Result<Vec<Draft>, String> {
    let version = &document["version"];
    if !version.is_null() && version != "4" {
        return Err(
            "this is not version 4 of Alertmanager's webhook; hint: see docs/integrations.md".to_owned()
        );
    }
    read(document, "Alertmanager")
}

/// The notices of Grafana's webhook.
pub fn grafana(document: &Value) -> Result<Vec<Draft>, String> {
    read(document, "Grafana")
}

fn read(document: &Value, who: &str) -> Result<Vec<Draft>, String> {
    // What serde says of a wrong value would repeat it.
    let group = Group::deserialize(document)
        .map_err(|_| format!("this is not what {who}'s webhook sends: alerts is a list of objects; hint: see docs/integrations.md"))?;
    let mut drafts: Vec<Draft> = group.alerts.iter().map(|alert| draft(alert, &group)).collect();
    drafts.extend(truncated(&group, who));
    Ok(drafts)
}

fn draft(alert: &Alert, group: &Group) -> Draft {
    let is_over = alert.status == "resolved";
    let label = |name: &str| alert.labels.get(name).map(shown).unwrap_or_default();
    let note = |names: &[&str]| names.iter().find_map(|name| alert.annotations.get(*name)).map(shown);
    let name = label("alertname");
    let title = note(&["summary", "title"]).filter(|text| !text.trim().is_empty()).unwrap_or(name);
    let title = title.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Alert");
    let (began, ended) = (moment(&alert.starts_at), moment(&alert.ends_at));
    Draft {
        kind: KIND.to_owned(),
        severity: severity(&label("severity")).to_owned(),
        status: if is_over { "resolved" } else { "firing" }.to_owned(),
        title: clip(title, TITLE_CHARS),
        text: clip(&note(&["description", "message"]).unwrap_or_default(), WORDS),
        link: [&alert.panel_url, &alert.dashboard_url, &alert.generator_url, &group.external_url]
            .into_iter()
            .find_map(|url| link(url))
            .unwrap_or_default(),
        fields: fields(alert),
        key: key(alert),
        at: String::new(),
        since: if is_over { ended.unwrap_or_default() } else { began.unwrap_or_default() },
        to: Vec::new(),
    }
}

/// The labels, with the system that the alert is about; and what Grafana measured.
fn fields(alert: &Alert) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> = alert
        .labels
        .iter()
        .filter(|(name, _)| !["alertname", "severity"].contains(&name.as_str()) && !name.starts_with("__"))
        .map(|(name, value)| (clip(name, 100), clip(&shown(value), WORDS)))
        .filter(|(_, value)| !value.is_empty())
        .take(MOST_FIELDS - 2)
        .collect();
    let system = ["system", "instance", "service", "job"].iter().find_map(|name| fields.get(*name).cloned());
    fields.extend(system.map(|system| ("system".to_owned(), system)));
    let values: Vec<String> =
        alert.values.iter().flatten().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
    if !values.is_empty() {
        fields.entry("values".to_owned()).or_insert_with(|| clip(&values.join(", "), WORDS));
    }
    fields
}

/// What the alert is known by: its fingerprint, or its labels where an old version gives none.
fn key(alert: &Alert) -> String {
    let given = alert.fingerprint.trim();
    if !given.is_empty() && given.len() <= KEY_CHARS {
        return given.to_owned();
    }
    let labels: Vec<String> =
        alert.labels.iter().map(|(name, value)| format!("{name}\u{1f}{}\u{1f}", shown(value))).collect();
    digest(&format!("{given}{}", labels.concat()))
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Alerts that the sender left out are told as one.
fn truncated(group: &Group, who: &str) -> Option<Draft> {
    let missing = group.truncated_alerts;
    (missing > 0).then(|| {
        let name = group.common_labels.get("alertname").map(shown).unwrap_or_default();
        let name = if name.is_empty() { "this group".to_owned() } else { name };
        let is_over = group.status == "resolved";
        Draft {
            kind: KIND.to_owned(),
            severity: group
                .common_labels
                .get("severity")
                .map(shown)
                .map_or("", |word| severity(&word))
                .to_owned(),
            status: if is_over { "resolved" } else { "firing" }.to_owned(),
            title: clip(
                &format!("{missing} more {} of {name}", if missing == 1 { "alert" } else { "alerts" }),
                TITLE_CHARS,
            ),
            text: format!("{who} left them out of what it sent; look there for all of them."),
            link: link(&group.external_url).unwrap_or_default(),
            key: format!("more-{}", digest(&shown(&group.group_key))),
            ..Draft::default()
        }
    })
}

/// The severities that people use, as ours; empty for the kind's own.
fn severity(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "critical" | "crit" | "page" | "emergency" | "fatal" | "disaster" | "p1" => "critical",
        "error" | "err" | "major" | "high" | "p2" => "error",
        "warning" | "warn" | "minor" | "medium" | "average" | "p3" => "warning",
        "info" | "information" | "informational" | "notice" | "none" | "low" | "debug" | "p4" | "p5" => {
            "info"
        }
        _ => "",
    }
}

/// A time, if it is one: `0001-01-01T00:00:00Z` stands for none.
fn moment(text: &str) -> Option<String> {
    let at: jiff::Timestamp = text.parse().ok()?;
    (at.as_second() > 0).then(|| at.to_string())
}

fn link(url: &str) -> Option<String> {
    let url = url.trim();
    let web = url.starts_with("https://") || url.starts_with("http://");
    let fits =
        url.chars().count() <= 3_000 && !url.contains(|c: char| c.is_whitespace() || "<>|".contains(c));
    (web && fits).then(|| url.to_owned())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn clip(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => format!("{}…", text.chars().take(most - 1).collect::<String>()),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{drafts, grafana, severity};
    use crate::domain::notice::{Draft, Kinds, draft};
    use crate::domain::time::Timestamp;
    use serde_json::{Value, json};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    /// Checks a draft as the inlet does.
    fn taken(draft: &Draft) {
        let checked = draft::check(draft, "mon", &Kinds::builtin(), NOW);
        assert!(checked.is_ok(), "{checked:?}");
    }

    fn recorded(name: &str) -> Value {
        let text = match name {
            "alertmanager" => include_str!("../../tests/data/doors/alertmanager.json"),
            _ => include_str!("../../tests/data/doors/grafana.json"),
        };
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn what_alertmanager_sends_becomes_a_notice_for_each_alert() {
        let drafts = drafts(&recorded("alertmanager")).expect("it is version 4");
        drafts.iter().for_each(taken);
        insta::assert_debug_snapshot!(drafts, @r#"
        [
            Draft {
                kind: "alert",
                severity: "critical",
                status: "firing",
                title: "Disk is full on db-1",
                text: "96 % of / is used",
                link: "http://prometheus.example:9090/graph?g0.expr=disk_used+%3E+95&g0.tab=1",
                fields: {
                    "instance": "db-1:9100",
                    "job": "node",
                    "system": "db-1:9100",
                },
                key: "8c77d5865e910658",
                at: "",
                since: "2026-11-21T15:47:15.364304225Z",
                to: [],
            },
            Draft {
                kind: "alert",
                severity: "critical",
                status: "firing",
                title: "1 more alert of DiskFull",
                text: "Alertmanager left them out of what it sent; look there for all of them.",
                link: "http://alertmanager.example:9093",
                fields: {},
                key: "more-17c4e445d234645c9e547ff6d32a864a",
                at: "",
                since: "",
                to: [],
            },
        ]
        "#);
    }

    #[test]
    fn what_grafana_sends_becomes_a_notice_for_each_alert() {
        let drafts = grafana(&recorded("grafana")).expect("it is a contact point's");
        drafts.iter().for_each(taken);
        insta::assert_debug_snapshot!(drafts, @r#"
        [
            Draft {
                kind: "alert",
                severity: "",
                status: "firing",
                title: "Memory is short in zone us-1",
                text: "The system has high memory usage",
                link: "https://grafana.example/d/abc?viewPanel=2",
                fields: {
                    "grafana_folder": "Servers",
                    "team": "blue",
                    "values": "B = 44.23943737541908, C = 1",
                    "zone": "us-1",
                },
                key: "c6eadffa33fcdf37",
                at: "",
                since: "2026-10-12T07:51:03.157076Z",
                to: [],
            },
            Draft {
                kind: "alert",
                severity: "",
                status: "resolved",
                title: "High CPU usage",
                text: "",
                link: "https://grafana.example/alerting/d1rdpdv7k/edit",
                fields: {
                    "team": "blue",
                    "zone": "eu-1",
                },
                key: "bc97ff14869b13e3",
                at: "",
                since: "2026-10-12T10:00:00Z",
                to: [],
            },
        ]
        "#);
    }

    #[test]
    fn nothing_in_an_alert_makes_it_refused() {
        let long = "x".repeat(50_000);
        let labels: serde_json::Map<String, Value> =
            (0..80).map(|at| (format!("label{at}"), json!(long))).collect();
        let odd = json!({ "version": "4", "groupKey": long, "truncatedAlerts": 3, "alerts": [
            { "status": "firing", "labels": labels, "annotations": { "summary": long, "description": long },
              "startsAt": "soon", "generatorURL": "http://prometheus:9090/graph?g0.expr=up == 0", "fingerprint": long },
            { "labels": { "severity": 7, "instance": null } },
        ] });
        let drafts = drafts(&odd).expect("it is taken");
        assert_eq!(drafts.len(), 3);
        drafts.iter().for_each(taken);
    }

    #[test]
    fn what_is_something_else_is_refused_without_repeating_it() {
        for document in
            [json!({ "version": "3", "alerts": [] }), json!({}), json!({ "alerts": "hunter2" }), json!([])]
        {
            let told = drafts(&document).expect_err("it is something else");
            assert!(told.contains("hint:") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn severities_are_read_as_people_write_them() {
        for (word, ours) in
            [("page", "critical"), ("HIGH", "error"), ("warn", "warning"), ("none", "info"), ("odd", "")]
        {
            assert_eq!(severity(word), ours, "{word}");
        }
    }
}
