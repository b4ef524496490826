//! Blocks and views that real apps sent, from outside the repository (`DESKD_PAYLOADS`).

use std::path::PathBuf;

use serde_json::Value;

use crate::simulator::blocks;

fn samples(folder: &str) -> Option<Vec<(PathBuf, Value)>> {
    let Some(root) = std::env::var_os("DESKD_PAYLOADS") else {
        println!("skipped: DESKD_PAYLOADS does not name a folder of payloads");
        return None;
    };
    let files = std::fs::read_dir(PathBuf::from(root).join(folder)).unwrap();
    let read =
        |path: PathBuf| (path.clone(), serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
    Some(files.map(|entry| read(entry.unwrap().path())).collect())
}

#[test]
fn blocks_that_real_apps_sent_are_refused_only_for_what_they_lack() {
    let mut refused = Vec::new();
    for (path, sample) in samples("blocks").into_iter().flatten() {
        let list = if sample.is_array() { sample } else { sample["blocks"].clone() };
        let problems = blocks::check_message(&list);
        // Some samples are builder fragments without required fields or with one id for all.
        let excused =
            |problem: &String| problem.contains("missing required") || problem.contains("must be unique");
        if !problems.iter().all(excused) {
            refused.push(format!("{}: {problems:?}", path.display()));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn views_that_real_apps_sent_are_accepted() {
    let mut refused = Vec::new();
    for (path, sample) in samples("views").into_iter().flatten() {
        let view = if sample["view"].is_object() { sample["view"].clone() } else { sample };
        let problems = blocks::check_view(&view);
        if !problems.is_empty() {
            refused.push(format!("{}: {problems:?}", path.display()));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
