//! What docs/monitoring names exists: every figure of the alert rules and of the dashboard.

use std::collections::BTreeSet;

use regex::Regex;

use crate::api_desk::{finish, with_a_task};

#[tokio::test(start_paused = true)]
async fn every_figure_that_rules_and_dashboard_name_is_in_the_metrics() {
    let (world, door) = with_a_task().await;
    let (_, text) = door.text("/metrics", "*/*").await;
    let names =
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next());
    let known: BTreeSet<&str> = names.collect();
    let figure = Regex::new(r"\bdeskd_[a-z_]+").unwrap();
    for (file, page) in [
        ("alerts.yml", include_str!("../../docs/monitoring/alerts.yml")),
        ("alerts_test.yml", include_str!("../../docs/monitoring/alerts_test.yml")),
        ("dashboard.json", include_str!("../../docs/monitoring/dashboard.json")),
    ] {
        let named: BTreeSet<&str> = figure.find_iter(page).map(|found| found.as_str()).collect();
        assert!(named.len() > 3, "{file} names figures");
        let missing: Vec<&&str> = named.difference(&known).collect();
        assert!(missing.is_empty(), "{file} names figures that do not exist: {missing:?}");
    }
    finish(world, door).await;
}
