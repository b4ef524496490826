//! The table of `docs/reliability.md` and the scenes it names are the same: every story has its scene, every scene its row.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

/// The stories F01 to F40.
const STORIES: usize = 40;

/// Story and name of every scene in these folders, by the name of its function.
fn scenes() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let function = Regex::new(r"fn ((?:f\d\d_)+[a-z0-9_]+)").unwrap();
    let mut folders = vec![root.join("tests/it"), root.join("src")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = fs::read_to_string(path).unwrap();
                for scene in function.captures_iter(&code) {
                    found.extend(stories(&scene[1]).map(|story| (story, scene[1].to_owned())));
                }
            }
        }
    }
    found
}

/// `F05` and `F10` for `f05_f10_fifty_refreshes`.
fn stories(scene: &str) -> impl Iterator<Item = String> {
    let id = |part: &str| part.len() == 3 && part[1..].bytes().all(|byte| byte.is_ascii_digit());
    scene.split('_').take_while(move |part| id(part)).map(str::to_uppercase).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_story_has_its_scenes_and_the_table_names_exactly_those() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| F"));
    let name = Regex::new(r"`([a-z0-9_]+)`").unwrap();
    let told: BTreeSet<(String, String)> = rows
        .flat_map(|row| {
            let story = row[2..5].to_owned();
            name.captures_iter(row).map(|scene| (story.clone(), scene[1].to_owned())).collect::<Vec<_>>()
        })
        .collect();
    let there = scenes();
    let missing: Vec<_> = there.symmetric_difference(&told).collect();
    assert!(missing.is_empty(), "in the code or in the table, but not in both:\n{missing:#?}");
    for story in (1..=STORIES).map(|number| format!("F{number:02}")) {
        assert!(there.iter().any(|(id, _)| *id == story), "{story} has no scene");
    }
}
