//! What the store promises to those who use it, method by method.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, ContactId, PersonId, TaskNumber, WorkspaceId};
use deskd::domain::own::{Own, Raised};
use deskd::domain::send::{Fate, SendState};
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::store::contacts::{ContactLine, Imported};
use deskd::store::outbox::{Claim, ClaimedSend, Part};
use deskd::store::retention::{Class, Retention};
use deskd::store::why::Subject;
use deskd::store::{Incoming, Store, StoreError, backup, occupy};

use crate::world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LEASE: Duration = Duration::from_secs(60);

fn incoming(id: &str) -> Incoming {
    Incoming {
        workspace: "T1".into(),
        app: "A1".into(),
        kind: "events_api".into(),
        inner: "message".into(),
        event_id: id.into(),
        retry: 0,
        payload: "{}".into(),
    }
}

async fn empty_store(folder: &Path) -> Store {
    Store::open(&folder.join("deskd.db"), Timestamp(0)).await.unwrap()
}

/// A world with one task for ada in #support, and one for grace in #sales.
async fn two_tasks() -> World {
    let world = World::start().await;
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(40).await;
    world
}

#[tokio::test]
async fn a_batch_is_recorded_once_however_often_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    let batch = vec![incoming("Ev1"), incoming("Ev2"), incoming("Ev1")];
    let fresh = |recorded: Vec<deskd::store::Recorded>| -> Vec<bool> {
        recorded.iter().map(|recorded| recorded.is_fresh()).collect()
    };
    assert_eq!(fresh(store.record_events(batch.clone(), Timestamp(1)).await.unwrap()), [true, true, false]);
    assert_eq!(fresh(store.record_events(batch, Timestamp(2)).await.unwrap()), [false, false, false]);
    assert_eq!(store.next_events(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_damaged_file_and_a_newer_schema_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.db");
    std::fs::write(&damaged, "this is not a database, however long it may be ".repeat(40)).unwrap();
    let refused = Store::open(&damaged, Timestamp(0)).await.err().unwrap();
    assert!(matches!(refused, StoreError::Corrupt), "{refused}");
    assert!(refused.to_string().contains("hint: stop deskd and run \"deskd restore FILE\""), "{refused}");
    let refused = Store::open(Path::new("/nowhere/deskd.db"), Timestamp(0)).await.err().unwrap();
    assert!(refused.to_string().starts_with("cannot open database /nowhere/deskd.db; hint:"), "{refused}");
}

#[tokio::test]
async fn a_backup_taken_while_running_can_be_restored_and_a_damaged_one_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    store.record_events(vec![incoming("Ev1")], Timestamp(1)).await.unwrap();
    let copy = folder.path().join("copy.db");
    let quiet = || -> backup::Tell { Box::new(|_| {}) };
    assert_eq!(store.last_backup().await.unwrap(), None);
    let copied = backup::backup(store.path().to_owned(), copy.clone(), quiet(), Timestamp(7)).await.unwrap();
    assert_eq!((copied.noted, store.last_backup().await.unwrap()), (true, Some(Timestamp(7))));
    assert!(copied.bytes > 0 && copied.schema >= 3);
    let elsewhere = folder.path().join("elsewhere.db");
    backup::restore(copy.clone(), elsewhere.clone(), quiet()).await.unwrap();
    let restored = Store::open(&elsewhere, Timestamp(2)).await.unwrap();
    assert_eq!(restored.next_events(10).await.unwrap().len(), 1);
    std::fs::write(&copy, "nonsense").unwrap();
    let target: PathBuf = folder.path().join("never.db");
    assert!(backup::restore(copy, target.clone(), quiet()).await.is_err());
    assert!(!target.exists(), "a damaged copy leaves nothing behind");
}

#[tokio::test]
async fn nobody_else_can_read_the_database_or_the_files_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    store.record_events(vec![incoming("Ev1")], Timestamp(1)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[test]
fn a_database_is_occupied_by_one_daemon_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskd.db");
    let first = occupy(&path).unwrap();
    let refused = occupy(&path).unwrap_err();
    assert!(refused.to_string().starts_with("another deskd works with database"), "{refused}");
    drop(first);
    occupy(&path).unwrap();
}

#[tokio::test(start_paused = true)]
async fn retention_forgets_what_is_over_and_keeps_what_is_not() {
    let world = two_tasks().await;
    world.reply(1, "we will look").await;
    world.pass(5).await;
    world.handle(1, deskd::store::tasks::Handling::Close).await;
    let (store, now) = (world.store(), world.clock.now());
    let retention = Retention { events: 90 * DAY, tasks: 365 * DAY, deliveries: 30 * DAY };
    for class in Class::ALL {
        assert_eq!(store.prune(class, retention, now).await.unwrap(), 0, "nothing is old yet: {class:?}");
    }
    let raised = Raised { own: Own::DeadLetter, subject: "7".into(), detail: String::new() };
    store.of(&world.workspace).raise(raised.clone(), now).await.unwrap();
    store.of(&world.workspace).resolve(raised.own, raised.subject.clone(), now).await.unwrap();
    store.of(&world.workspace).raise(raised, now).await.unwrap();
    let later = now.plus(400 * DAY);
    assert_eq!(store.prune(Class::Tasks, retention, later).await.unwrap(), 1);
    assert_eq!(store.prune(Class::Sends, retention, later).await.unwrap(), 0, "they went with their task");
    assert_eq!(store.prune(Class::Troubles, retention, later).await.unwrap(), 1);
    assert_eq!(store.of(&world.workspace).open_troubles().await.unwrap().len(), 1, "what lasts stays");
    assert!(store.prune(Class::Events, retention, later).await.unwrap() >= 2);
    assert_eq!(store.prune(Class::Events, retention, later).await.unwrap(), 0, "the newest one stays");
    let standing = store.standing().await.unwrap();
    assert_eq!(standing.tasks.get("open"), Some(&1), "an open task stays");
    let recorded = standing.recorded;
    store.record_events(vec![incoming("EvLater")], now).await.unwrap();
    assert_eq!(store.standing().await.unwrap().recorded, recorded + 1, "numbers are not given twice");
    world.close_quietly().await;
}

async fn claim(store: &Store, now: Timestamp) -> Option<ClaimedSend> {
    match store.claim_send(LEASE, now).await.unwrap() {
        Claim::Send(send) => Some(*send),
        Claim::At(_) | Claim::Idle => None,
    }
}

fn part(key: &str) -> Part {
    Part { key: key.into(), text: key.into() }
}

/// A store with two tasks and no desk running on it.
async fn quiet_store(world: &mut World) -> (Store, WorkspaceId, Timestamp) {
    world.close().await;
    let store = Store::open(&world.database(), world.clock.now()).await.unwrap();
    (store, world.workspace.clone(), world.clock.now())
}

#[tokio::test(start_paused = true)]
async fn a_lane_keeps_its_order_and_another_channel_does_not_wait() {
    let mut world = two_tasks().await;
    let (store, workspace, now) = quiet_store(&mut world).await;
    let actor = Actor::Operator("alice".into());
    let space = store.of(&workspace);
    let submit = |task, keys: &[&str]| {
        let parts = keys.iter().map(|key| part(key)).collect();
        space.submit_reply(TaskNumber(task), parts, actor.clone(), now)
    };
    submit(1, &["a1", "a2"]).await.unwrap();
    submit(2, &["b1"]).await.unwrap();
    let first = claim(&store, now).await.unwrap();
    let other = claim(&store, now).await.unwrap();
    assert_eq!((first.key.as_str(), other.key.as_str()), ("a1", "b1"));
    assert!(claim(&store, now).await.is_none(), "a2 waits for a1");
    store.finish_send(other, Fate::Sent(None), now).await.unwrap();
    let later = now.plus(Duration::from_secs(5));
    let retry = Fate::Retry { at: later.plus(LEASE), look_up: false, reason: "unreachable" };
    store.finish_send(first, retry, now).await.unwrap();
    assert!(claim(&store, later).await.is_none(), "a2 waits as long as a1 does");
    let again = claim(&store, later.plus(LEASE)).await.unwrap();
    assert_eq!((again.key.as_str(), again.attempts), ("a1", 2));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_is_claimed_again_and_its_late_end_changes_nothing() {
    let mut world = two_tasks().await;
    let (store, workspace, now) = quiet_store(&mut world).await;
    let actor = Actor::Operator("alice".into());
    store.of(&workspace).submit_reply(TaskNumber(1), vec![part("k")], actor, now).await.unwrap();
    let dead = claim(&store, now).await.unwrap();
    assert!(!dead.look_up, "nobody has tried before");
    let later = now.plus(LEASE);
    let alive = claim(&store, later).await.unwrap();
    assert!(alive.look_up, "the first attempt may have been done");
    let refused = Fate::Stop { state: SendState::Failed, reason: "is_archived".into() };
    assert!(!store.finish_send(dead, refused, later).await.unwrap());
    assert!(store.finish_send(alive, Fate::Sent(None), later).await.unwrap());
    let queue = store.of(&workspace).queue(SendState::ALL.to_vec()).await.unwrap();
    assert_eq!(queue[0].state, SendState::Sent);
}

#[tokio::test]
async fn contacts_are_imported_by_address_and_imported_again_without_effect() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    let workspace = WorkspaceId("T1".into());
    let line = |name: &str, email: &str, company: &str| ContactLine {
        name: name.into(),
        email: email.into(),
        company: company.into(),
    };
    let lines = vec![line("Ada", "Ada@Globex.example", "Globex"), line("Bob", "bob@x.example", "")];
    let space = store.of(&workspace);
    let import = |lines: Vec<ContactLine>| space.import_contacts(lines, crate::world::alice(), Timestamp(5));
    let done = import(lines.clone()).await.unwrap();
    assert_eq!(done, Imported { created: 2, updated: 0, unchanged: 0 });
    assert_eq!(import(lines).await.unwrap(), Imported { created: 0, updated: 0, unchanged: 2 });
    let renamed = import(vec![line("Ada L.", "ada@globex.example", "")]).await.unwrap();
    assert_eq!(renamed, Imported { created: 0, updated: 1, unchanged: 0 });
    let contacts = store.of(&workspace).contacts().await.unwrap();
    assert_eq!((contacts[0].name.as_str(), contacts[0].company.as_str()), ("Ada L.", "Globex"));
}

#[tokio::test(start_paused = true)]
async fn con_04_an_imported_address_is_matched_and_an_erased_contact_leaves_no_text() {
    let world = World::start().await;
    let line = ContactLine {
        name: "Ada of Globex".into(),
        email: "ADA@globex.example".into(),
        company: "Globex".into(),
    };
    let store = world.store();
    let now = world.clock.now();
    store.of(&world.workspace).import_contacts(vec![line], crate::world::alice(), now).await.unwrap();
    world.slack.say("ada", "support", "my secret question").unwrap();
    world.pass(40).await;
    let contacts = store.of(&world.workspace).contacts().await.unwrap();
    assert_eq!(contacts.len(), 1, "no second contact");
    assert_eq!(contacts[0].people, [PersonId(world.slack.user_id("ada").unwrap())]);
    assert_eq!(world.task(1).await.task.contact.name, "Ada of Globex");
    assert!(
        store
            .of(&world.workspace)
            .erase_contact(contacts[0].id, crate::world::alice(), now)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .of(&world.workspace)
            .erase_contact(ContactId(99), crate::world::alice(), now)
            .await
            .unwrap()
            .is_none()
    );
    let mut world = world;
    world.close().await;
    let bytes = std::fs::read(world.database()).unwrap();
    for word in ["my secret question", "ada@globex.example"] {
        let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word:?} is still in the file");
    }
}

#[tokio::test(start_paused = true)]
async fn why_tells_the_way_of_a_message_from_its_event_to_its_task() {
    let world = World::start().await;
    let ts = world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    let ignored = world.slack.say("ada", "general", "not for the desk").unwrap();
    world.pass(40).await;
    let trail = |channel: &str, ts: &str| {
        let channel = ChannelId(world.slack.channel_id(channel).unwrap());
        let subject = Subject::Message(channel, deskd::domain::ids::MessageTs(ts.to_owned()));
        let (store, workspace) = (world.store(), world.workspace.clone());
        async move {
            let steps = store.of(&workspace).trail(subject).await.unwrap();
            steps
                .into_iter()
                .map(|step| format!("{}: {}", step.what, step.sentence))
                .collect::<Vec<_>>()
                .join("\n")
        }
    };
    insta::assert_snapshot!(trail("support", &ts).await, @r#"
    event 1: recorded an envelope of type events_api (message)
    event 1: opened bundle 1
    bundle 1: closed and triaged
    task 1: opened from bundle 1 by deskd: billing (71 % sure), because the word "invoice" speaks for billing; the phrase "invoice is wrong" speaks for billing; the phrase "the invoice" speaks for billing; the word "wrong" speaks for bug
    "#);
    insta::assert_snapshot!(trail("general", &ignored).await, @"
    event 2: recorded an envelope of type events_api (message)
    event 2: ignored: channel not monitored
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_changes_its_id_keeps_its_pick_and_its_tasks() {
    let world = two_tasks().await;
    let event = serde_json::json!({"type": "channel_id_changed",
        "old_channel_id": world.slack.channel_id("support").unwrap(), "new_channel_id": "C0NEW"});
    world.slack.deliver_event(event);
    world.pass(2).await;
    assert_eq!(world.task(1).await.task.channel.0, ChannelId("C0NEW".into()));
    let moved = world.space().find_channel("C0NEW".into()).await.unwrap().unwrap();
    assert_eq!((moved.name.as_str(), moved.pick), ("support", Pick::Monitor));
    world.finish().await;
}

#[tokio::test]
async fn hot_queries_never_walk_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    for sql in [
        "SELECT id FROM events WHERE event_id = 'x'",
        "SELECT id FROM events WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes) ORDER BY id LIMIT 9",
        "SELECT mentioned FROM messages WHERE channel = 'c' AND ts = 't' AND workspace = 'w'",
        "SELECT id FROM bundles WHERE workspace = 'w' AND channel = 'c' AND thread = '' AND person = 'p'
             AND state = 'open'",
        "SELECT MIN(due) FROM bundles WHERE state = 'open'",
        "SELECT id FROM bundles WHERE state = 'sealed' ORDER BY id LIMIT 9",
        "SELECT id FROM tasks WHERE workspace = 'w' AND number = 1",
        "SELECT MIN(next_at) FROM advice WHERE state IN ('waiting', 'asking')",
        "SELECT task FROM advice WHERE state IN ('waiting', 'asking') AND next_at <= 1 ORDER BY next_at, task LIMIT 1",
        "SELECT id FROM sends WHERE state IN ('waiting', 'sending') AND next_at <= 1 ORDER BY next_at, id LIMIT 1",
    ] {
        let mut query = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> =
            query.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        for step in &plan {
            let walks = step.starts_with("SCAN") && !step.contains("USING") && step != "SCAN CONSTANT ROW";
            assert!(!walks && !step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
        }
    }
}

#[tokio::test]
async fn a_notice_is_raised_once_and_resolved_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = empty_store(folder.path()).await;
    let workspace = || WorkspaceId("T1".into());
    let space = store.of(&workspace());
    let raise = |detail: &str, at: i64| {
        let raised = Raised { own: Own::DestinationBroken, subject: "C1".into(), detail: detail.into() };
        space.raise(raised, Timestamp(at))
    };
    assert!(raise("is_archived", 1).await.unwrap());
    assert!(!raise("channel_not_found", 2).await.unwrap(), "one that is open is not raised again");
    let open = store.of(&workspace()).open_troubles().await.unwrap();
    assert_eq!(
        (open.len(), open[0].raised.detail.as_str(), open[0].raised_at),
        (1, "channel_not_found", Timestamp(1))
    );
    let resolve = |at: i64| space.resolve(Own::DestinationBroken, "C1".into(), Timestamp(at));
    assert!(resolve(3).await.unwrap());
    assert!(!resolve(4).await.unwrap());
    assert!(store.of(&workspace()).open_troubles().await.unwrap().is_empty());
    assert!(raise("is_archived", 5).await.unwrap(), "what comes back is news");
}
