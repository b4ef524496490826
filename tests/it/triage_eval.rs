//! `deskd triage eval` from the outside: two files and a few words in, figures out, nothing else needed and nothing kept.

use std::path::Path;

use clap::Parser;
use deskd::cli::Cli;
use serde_json::Value;

use crate::api_door::deskd;

/// Writes `lines` and gives the path as an argument.
fn file(folder: &Path, name: &str, lines: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, lines).unwrap();
    path.display().to_string()
}

const TRAIN: &str = "fruit\tripe apples in a basket\ntools\tthe saw is blunt\nfruit\tsweet apples\\nand pears\n\
    tools\ta hammer and a saw\nno tab in this line\nfruit\tpears for the apples cake\ntools\toil for the saw\n";
const TEST: &str = "fruit\tmore apples and pears\ntools\twho has the saw\n";

#[tokio::test]
async fn lines_of_ones_own_are_learned_and_tested_without_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (file(folder.path(), "train.tsv", TRAIN), file(folder.path(), "test.tsv", TEST));
    let ended = deskd(["deskd", "--json", "triage", "eval", "--train", &train, "--test", &test]).await;
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (&told["accuracy"], &told["learned"], &told["wrong_lines"]),
        (&1.0.into(), &6.into(), &1.into())
    );
    for key in ["ece", "coverage_80", "accuracy_80", "classify_us_p50"] {
        assert!(told[key].is_number(), "{key}: {told}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left behind");
}

#[tokio::test]
async fn words_decide_before_the_first_line_of_a_stream_and_a_wrong_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (file(folder.path(), "train.tsv", TRAIN), file(folder.path(), "test.tsv", TEST));
    let words = file(folder.path(), "words.tsv", "fruit\tapples\t3\ntools\tsaw\n");
    let line = ["deskd", "triage", "eval", "--stream", &train, "--test", &test, "--keywords", &words];
    let ended = deskd(line).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("\n    0   100.0 %\n"), "{}", ended.out);
    let named = "train.tsv:5: there is no tab between category and text";
    assert!(ended.out.contains(named), "{}", ended.out);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let (test, none) =
        (file(folder.path(), "test.tsv", TEST), folder.path().join("none.tsv").display().to_string());
    let ended = deskd(["deskd", "triage", "eval", "--train", &none, "--test", &test]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("cannot read") && ended.err.contains("none.tsv"), "{}", ended.err);
    assert!(
        Cli::try_parse_from(["deskd", "triage", "eval", "--test", &test]).is_err(),
        "nothing to learn from"
    );
}
