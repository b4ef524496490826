//! Nothing of one workspace is read or changed from another. What belongs to one is reached through `store::Space`, which only
//! `store.of(workspace)` makes; what serves the whole file is listed here, with the reason.

use std::collections::BTreeSet;
use std::path::Path;

// Why a method is for the whole file.
const FILE: &str = "the file itself: opened, folded, copied, measured; no row goes out";
const JOURNAL: &str = "the journal is one queue of all workspaces, recorded in one commit and gathered in its order; each event carries its own";
const CLAIM: &str =
    "a worker takes what is due next, whoever it belongs to; what it gets names its workspace";
const END: &str = "ends what such a claim has begun: by the value or the row that the claim gave out, which no caller can name otherwise";
const SWEEP: &str = "the same for all rows at once, each after its own workspace: what is too old, left over from a crash, or may go on";
const FIGURES: &str =
    "counts of the whole file for status and metrics; no text, name or id of anybody goes out";
const SERVED: &str = "which workspaces there are, for whoever starts, serves, leaves or lists all of them; a row is asked for by none";
const CONFIG: &str = "promised by the configuration, which is one for the whole desk";

const AUDIT: &str =
    "the audit is one chain of the whole desk, for whoever runs it; its rows name their workspace";

/// Every public method of `Store`, the handle of the whole file, and why it needs no workspace.
const WHOLE_FILE: [(&str, &str); 87] = [
    ("open", FILE),
    ("open_to_read", FILE),
    ("with_keys", FILE),
    ("path", FILE),
    ("fold", FILE),
    ("truncate_log", FILE),
    ("checkpoint", FILE),
    ("copies_beside", FILE),
    ("forget_copies", FILE),
    ("last_backup", FILE),
    ("integrity", FILE),
    ("sizes", FILE),
    ("probe", FILE),
    ("of", FILE),
    ("record_events", JOURNAL),
    ("backlog", JOURNAL),
    ("next_events", JOURNAL),
    ("outcomes_for_replay", JOURNAL),
    ("recent_outcomes", JOURNAL),
    ("events", JOURNAL),
    ("gather", JOURNAL),
    ("seal_due", JOURNAL),
    ("next_due", JOURNAL),
    ("promise", JOURNAL),
    ("set_ourselves", JOURNAL),
    ("ourselves", JOURNAL),
    ("claim_advice", CLAIM),
    ("claim_carried", CLAIM),
    ("next_chart", CLAIM),
    ("broken_destinations", CLAIM),
    ("places", CLAIM),
    ("head", CLAIM),
    ("workspace_of", CLAIM),
    ("next_feed", CLAIM),
    ("unrouted", CLAIM),
    ("claim_send", CLAIM),
    ("claim_telling", CLAIM),
    ("sealed", CLAIM),
    ("next_wake", CLAIM),
    ("untold_troubles", CLAIM),
    ("claim_whisper", CLAIM),
    ("next_whisper", CLAIM),
    ("look_up_due", CLAIM),
    ("finish_advice", END),
    ("finish_carried", END),
    ("put_back_carried", END),
    ("chart_is_tried", END),
    ("finish_chart", END),
    ("chart_waits", END),
    ("hand_over", END),
    ("give_up_delivery", END),
    ("gather_deliveries", END),
    ("finish_send", END),
    ("note_look_up", END),
    ("file_routed", END),
    ("finish_telling", END),
    ("finish_triage", END),
    ("finish_whisper", END),
    ("take_page", END),
    ("set_back", END),
    ("detour", SWEEP),
    ("release_held", SWEEP),
    ("expire_deliveries", SWEEP),
    ("take_over_sends", SWEEP),
    ("prune", SWEEP),
    ("recovery_progress", FIGURES),
    ("sealed_inventory", FIGURES),
    ("standing", FIGURES),
    ("waiting", FIGURES),
    ("webhook_states", FIGURES),
    ("install", SERVED),
    ("introduce", SERVED),
    ("installations", SERVED),
    ("speakers", SERVED),
    ("rotating", SERVED),
    ("next_expiry", SERVED),
    ("was_left", SERVED),
    ("leaving", SERVED),
    ("readings", SERVED),
    ("unfinished_recoveries", SERVED),
    ("sweep_departed", SWEEP),
    ("audit", AUDIT),
    ("examine_audit", AUDIT),
    ("note_start", AUDIT),
    ("note_for_desk", AUDIT),
    ("promise_heartbeats", CONFIG),
    ("heartbeats", CONFIG),
];

/// The names of the public methods in the blocks `impl HANDLE {` of the store.
fn methods(handle: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let head = format!("\nimpl {handle} {{\n");
        for block in text.split(&head).skip(1) {
            let body = block.split("\n}\n").next().unwrap_or_default();
            let lines = body.lines().filter(|line| line.starts_with("    pub ") && line.contains("fn "));
            for line in lines.filter(|line| !line.starts_with("    pub(")) {
                let name = line.split("fn ").nth(1).unwrap_or_default();
                found.insert(name.split(['(', '<']).next().unwrap_or_default().to_owned());
            }
        }
    }
    found
}

#[test]
fn sec_21_only_what_serves_the_whole_file_is_reached_without_a_workspace() {
    let listed: BTreeSet<String> = WHOLE_FILE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there = methods("Store");
    let new: Vec<_> = there.difference(&listed).collect();
    assert!(
        new.is_empty(),
        "methods of Store that nobody gave a reason for: put them into Space, or list them: {new:?}"
    );
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(gone.is_empty(), "listed, and not there any more: {gone:?}");
    assert!(WHOLE_FILE.iter().all(|(_, reason)| reason.len() > 20), "a reason is a sentence");
    assert!(methods("Space").len() > 70, "the use cases of a workspace are found");
}

/// A method of a space that takes another workspace would be a door in the wall.
#[test]
fn sec_21_no_method_of_a_space_takes_another_workspace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for block in text.split("\nimpl Space {\n").skip(1) {
            let body = block.split("\n}\n").next().unwrap_or_default();
            for method in body.split("\n    pub async fn ").skip(1) {
                let head = method.split('{').next().unwrap_or_default();
                if head.contains("WorkspaceId") {
                    wrong.push(format!("{}: {}", path.display(), head.split('(').next().unwrap_or_default()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
