//! Nothing of one workspace is read or changed from another. What belongs to one is reached through `store::Space`, which only
//! `store.of(workspace)` makes; what serves the whole file is listed here, with the reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::bundle::Pick;
use deskd::domain::ids::{
    BundleId, ChannelId, ContactId, EventId, NoticeId, PersonId, SendId, TaskNumber, WorkspaceId,
};
use deskd::domain::notice::Draft;
use deskd::domain::own::{Own, Raised};
use deskd::domain::seal::Keyring;
use deskd::domain::send::SendState;
use deskd::domain::time::Timestamp;
use deskd::domain::webhook::WebhookName;
use deskd::simulator::Setup;
use deskd::store::contacts::ContactLine;
use deskd::store::life::NoticeFilter;
use deskd::store::outbox::{Part, Rescue};
use deskd::store::silences::Silenced;
use deskd::store::tasks::{Doing, Handling, TaskFilter};
use deskd::store::webhooks::NewUrl;
use deskd::store::why::Subject;
use deskd::store::{Space, Store};
use rusqlite::Connection;

use crate::trespass;
use crate::world::{World, alice};

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
const WHOLE_FILE: &[(&str, &str)] = &[
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
    ("unplaced", JOURNAL),
    ("events", JOURNAL),
    ("gather", JOURNAL),
    ("seal_due", JOURNAL),
    ("next_due", JOURNAL),
    ("promise", JOURNAL),
    ("apps", JOURNAL),
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
    ("example_marks", CLAIM),
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
    ("keep_coverage", SWEEP),
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
    ("has_keys", FILE),
    ("rotating", SERVED),
    ("next_expiry", SERVED),
    ("was_left", SERVED),
    ("leaving", SERVED),
    ("doubts", SERVED),
    ("readings", SERVED),
    ("unfinished_recoveries", SERVED),
    ("sweep_departed", SWEEP),
    ("audit", AUDIT),
    ("examine_audit", AUDIT),
    ("note_start", AUDIT),
    ("note_reload", AUDIT),
    ("hold_projects", CONFIG),
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

/// A method of a space that takes another workspace would be a door in the wall; so would one of a plot that takes a project.
#[test]
fn sec_21_no_method_of_a_space_or_a_plot_takes_another() {
    assert_eq!(foreign("Space", &["WorkspaceId"]), Vec::<String>::new());
    assert_eq!(foreign("Plot", &["WorkspaceId", "ProjectName"]), Vec::<String>::new());
    assert!(methods("Plot").len() > 8, "what a project may do is found");
}

/// The methods of a handle that take one of these types.
fn foreign(handle: &str, types: &[&str]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for block in text.split(&format!("\nimpl {handle} {{\n")).skip(1) {
            let body = block.split("\n}\n").next().unwrap_or_default();
            for method in body.split("\n    pub async fn ").skip(1) {
                let head = method.split('{').next().unwrap_or_default();
                if types.iter().any(|name| head.contains(name)) {
                    wrong.push(format!("{}: {}", path.display(), head.split('(').next().unwrap_or_default()));
                }
            }
        }
    }
    wrong
}

const DAY: Duration = Duration::from_secs(24 * 3600);

fn ring() -> Keyring {
    Keyring::parse(&"07".repeat(32)).unwrap()
}

/// Everything a desk can hold of a workspace, marked with a word: people, texts, contacts, notices, silences, webhooks.
async fn settle(team: &str, word: &str, path: Option<PathBuf>) -> World {
    let setup = Setup { team_id: team.to_owned(), ..Setup::default() };
    let mut world =
        World::without_desk(setup, |config| config.store.path = path.unwrap_or(config.store.path.clone()));
    world.keys = Some(ring());
    world.open().await;
    for channel in ["support", "sales"] {
        world.pick(channel, Pick::Monitor).await;
    }
    world.hire("tess").await;
    let (space, now) = (world.space(), world.clock.now());
    let line = |at: i64| ContactLine {
        name: format!("{word} {at}"),
        email: format!("{word}{at}@globex.example"),
        company: word.to_owned(),
    };
    space.import_contacts(vec![line(1), line(2)], alice(), now).await.unwrap();
    for (person, channel) in [("ada", "support"), ("grace", "sales")] {
        world.slack.say(person, channel, &format!("{word}: the invoice is wrong")).unwrap();
    }
    world.pass(40).await;
    world.reply(1, &format!("{word}: we look")).await;
    let draft = Draft { kind: "alert".into(), title: format!("{word} is full"), ..Draft::default() };
    let inlet = world.desk().front().inlet;
    inlet.submit(world.workspace.clone(), &[draft], word, now).await.unwrap().unwrap();
    let silence = Silenced {
        id: 0,
        project: None,
        pairs: vec![("kind".into(), vec!["nothing".into()])],
        reason: word.to_owned(),
        made_by: "user:alice".into(),
        made_at: now,
        until: now.plus(365 * DAY),
        ended_by: String::new(),
    };
    space.add_silence(silence, alice()).await.unwrap();
    let url = format!("https://hooks.slack.com/services/{team}/B1/{word}");
    let new = NewUrl { origin: "https://hooks.slack.com".into(), url: Secret::new(&url) };
    let name = WebhookName::parse("ops").unwrap();
    space.add_webhook((name, word.to_owned()), new, alice(), now).await.unwrap();
    let raised = Raised { own: Own::DeadLetter, subject: word.to_owned(), detail: String::new() };
    space.raise(raised, now).await.unwrap();
    world.pass(60).await;
    world
}

/// Tables whose rows name no workspace: what the configuration promises, and the file itself.
const WITHOUT: [&str; 3] = ["heartbeats", "last_backup", "migrations"];

/// Every row of a workspace.
fn rows(connection: &Connection, workspace: &WorkspaceId) -> Vec<String> {
    let text = |sql: &str| -> Vec<String> {
        let mut query = connection.prepare(sql).unwrap();
        let count = query.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells = (0..count).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            Ok(cells.collect::<Vec<_>>().join("|"))
        };
        query.query_map([&workspace.0], row).unwrap().map(Result::unwrap).collect()
    };
    let sql = "SELECT t.name, EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'workspace') FROM sqlite_schema t
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND ?1 <> '' ORDER BY 1";
    let mut query = connection.prepare(sql).unwrap();
    let tables = query.query_map([&workspace.0], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let (with, without): (Vec<(String, bool)>, Vec<_>) =
        tables.map(Result::unwrap).partition(|(_, has)| *has);
    assert_eq!(without.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), WITHOUT);
    let mut all = Vec::new();
    for (table, _) in with {
        let mut found = text(&format!("SELECT * FROM {table} WHERE workspace = ?"));
        found.sort();
        all.extend(found.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

/// What the other workspace calls its things.
fn foreign_word(space: &Space) -> String {
    if space.workspace().0.contains("ALPHA") { "bravo" } else { "alpha" }.to_owned()
}

/// How many kinds of deeds there are here.
const ACTS: u8 = 34;

/// One thing that somebody in a workspace could do, with whatever number they can think of; what they get to see.
async fn act(space: &Space, deed: u8, n: i64, now: Timestamp) -> String {
    let (task, contact, send, notice) = (TaskNumber(n), ContactId(n), SendId(n), NoticeId(n));
    let person = PersonId("U0TESS".to_owned());
    match deed {
        0 => {
            let found = space.tasks(TaskFilter::default()).await.unwrap();
            found.into_iter().map(|task| task.contact.name).collect()
        }
        1 => {
            let found = space.task(task).await.unwrap();
            found
                .map(|task| task.conversation.into_iter().map(|said| said.text).collect())
                .unwrap_or_default()
        }
        2 => {
            let doing = Doing { handling: Handling::Label("bug".into()), actor: alice(), teaches: true };
            format!("{}", space.handle_task(task, doing, now).await.unwrap())
        }
        3 => {
            space.contacts().await.unwrap().into_iter().map(|contact| contact.name + &contact.email).collect()
        }
        4 => space.contact(contact).await.unwrap().map(|contact| contact.name).unwrap_or_default(),
        5 => format!("{}", space.link_contact(contact, person, alice(), now).await.unwrap()),
        6 => format!("{}", space.erase_contact(contact, alice(), now).await.unwrap().is_some()),
        7 => format!("{:?}", space.export_contact(contact).await.unwrap()),
        8 => {
            let pick = if n % 2 == 0 { Pick::Ignore } else { Pick::Monitor };
            let all = space.channels().await.unwrap();
            let channel = all[usize::try_from(n).unwrap() % all.len()].id.clone();
            space.pick_channel(channel, pick, alice(), now).await.unwrap();
            format!("{all:?}")
        }
        9 => {
            let all = space.teammates().await.unwrap();
            match all.first() {
                Some(one) => space.remove_teammate(one.person.clone(), alice(), now).await.unwrap(),
                None => space.add_teammate(person, alice(), now).await.unwrap(),
            };
            format!("{all:?}")
        }
        10 => format!("{:?}", space.label_webhook("ops".into(), "x".into(), alice(), now).await.unwrap()),
        11 => format!("{:?}", space.delete_webhook("ops".into(), alice(), now).await.unwrap()),
        12 => format!(
            "{:?} {:?}",
            space.webhooks().await.unwrap(),
            space.webhook_url("ops".into()).await.map(|url| url.expose().to_owned())
        ),
        13 => format!("{:?}", space.silences(true, now).await.unwrap()),
        14 => format!("{:?}", space.expire_silence(n, alice(), now).await.unwrap()),
        15 => format!(
            "{:?}",
            space.notices(NoticeFilter { most: 100, ..NoticeFilter::default() }).await.unwrap()
        ),
        16 => format!("{:?}", space.notice_life(notice).await.unwrap()),
        17 => format!("{:?}", space.outcomes_of(vec![notice]).await.unwrap()),
        18 => format!("{:?}", space.cancel_notices(foreign_word(space), String::new()).await.unwrap()),
        19 => {
            let part = Part { key: format!("{}-{n}-{}", space.workspace(), now.0), text: "hello".to_owned() };
            format!("{:?}", space.submit_reply(task, vec![part], alice(), now).await.unwrap())
        }
        20 | 21 => {
            let own = space.queue(SendState::ALL.to_vec()).await.unwrap();
            let is_own = own.iter().any(|row| row.id == send);
            assert_eq!(space.send(send).await.unwrap().is_some(), is_own, "a row of somebody's outbox");
            String::new()
        }
        22 => format!("{:?}", space.rescue_send(send, Rescue::Drop, (alice(), now)).await.unwrap()),
        23 => format!("{:?}", space.resolve(Own::DeadLetter, foreign_word(space), now).await.unwrap()),
        24 => format!("{:?}", space.troubles(true).await.unwrap()),
        25 => format!("{:?}", space.trail(Subject::Event(EventId(n))).await.unwrap()),
        26 => format!("{:?}", space.trail(Subject::Bundle(BundleId(n))).await.unwrap()),
        27 => format!("{:?}", space.trail(Subject::Notice(notice)).await.unwrap()),
        28 => format!("{:?}", space.trail(Subject::Send(send)).await.unwrap()),
        29 => format!("{:?}", space.sync_channels(Vec::new(), now).await),
        30 => format!("{:?}", space.routing_state(vec!["*".into()], now).await.unwrap()),
        31 => format!("{:?}", space.want_directory().await),
        32 => format!("{:?}", space.held_for_recap(ChannelId("C1".into()), now).await.is_ok()),
        _ => format!("{:?}", space.trail(Subject::Task(task)).await.unwrap()),
    }
}

/// Each method of a space stands in one of the lists of what is tried.
#[test]
fn sec_21_every_method_of_a_space_is_tried_across_the_wall() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let tried = read("isolation.rs") + &read("trespass.rs");
    let methods = methods("Space");
    let untried: Vec<_> = methods.iter().filter(|name| !tried.contains(&format!("space.{name}("))).collect();
    assert!(untried.is_empty(), "methods of Space that nobody tries from another workspace: {untried:?}");
}

#[tokio::test(start_paused = true)]
async fn sec_21_nothing_of_a_workspace_is_seen_or_changed_from_another_whatever_is_tried() {
    let mut one = settle("T0ALPHA0001", "alpha", None).await;
    one.close().await;
    let path = one.database();
    let mut two = settle("T0BRAVO0001", "bravo", Some(path.clone())).await;
    let now = two.clock.now().plus(DAY);
    two.close().await;
    let store = Store::open(&path, now).await.unwrap().with_keys(ring());
    let (alpha, bravo) = (store.of(&one.workspace), store.of(&two.workspace));
    let connection = Connection::open(&path).unwrap();
    for (space, other) in [(&alpha, &bravo), (&bravo, &alpha)] {
        let kept = rows(&connection, other.workspace());
        assert!(kept.len() > 40, "there is something to keep: {}", kept.len());
        let foreign = foreign_word(space);
        let mut chance = fastrand::Rng::with_seed(21);
        // Each deed with every small number once, in a random order, and then at random.
        let all = ACTS + trespass::DEEDS;
        let mut deeds: Vec<(u8, i64)> = (0..all).flat_map(|deed| (1..7).map(move |n| (deed, n))).collect();
        chance.shuffle(&mut deeds);
        deeds.extend((0..200).map(|_| (chance.u8(0..all), chance.i64(1..30))));
        for (deed, n) in deeds {
            let seen = match deed.checked_sub(ACTS) {
                None => act(space, deed, n, now).await,
                Some(deed) => trespass::act(space, deed, n, now).await,
            };
            assert!(!seen.contains(&foreign), "deed {deed} with {n} shows what is not ours: {seen}");
            assert_eq!(rows(&connection, other.workspace()), kept, "by deed {deed} with {n}");
        }
        assert_eq!(trespass::foreign_trails(space, &connection).await, Vec::<String>::new());
    }
    let kept = rows(&connection, alpha.workspace());
    trespass::end(&bravo, now).await;
    assert_eq!(
        rows(&connection, alpha.workspace()),
        kept,
        "what is left of one workspace is nothing of another"
    );
}
