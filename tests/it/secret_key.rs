//! The key of the secrets: made, changed and lost, with the program as it is started in earnest; and no address of a
//! webhook anywhere but encrypted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use deskd::config::{Secret, keys};
use deskd::domain::ids::WorkspaceId;
use deskd::domain::seal::{Keyring, locked};
use deskd::domain::time::Timestamp;
use deskd::domain::webhook::WebhookName;
use deskd::simulator::{Fault, Times};
use deskd::store::webhooks::NewUrl;
use deskd::store::{Store, StoreError, occupy, sealed};
use tokio::io::AsyncWriteExt;

use crate::process::Machine;

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A machine that has its key in a file outside its data.
pub fn machine(more: &str) -> (Machine, tempfile::TempDir, PathBuf) {
    let elsewhere = crate::world::folder();
    let file = elsewhere.path().join("deskd_key");
    let machine =
        Machine::configured(Machine::setup(), "", &format!("[secrets]\nkey_file = {file:?}\n{more}"));
    (machine, elsewhere, file)
}

/// The program with something on its standard input.
pub async fn piped(machine: &Machine, words: &[&str], input: &str) -> Output {
    let mut command = tokio::process::Command::from(machine.command());
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    child.wait_with_output().await.unwrap()
}

/// A database with so many webhooks, sealed with `ring`.
pub async fn filled(path: &Path, ring: &Keyring, count: usize) {
    let store = Store::open(path, Timestamp(1)).await.unwrap().with_keys(ring.clone());
    for number in 0..count {
        let name = WebhookName::parse(&format!("hook-{number}")).unwrap();
        let new = NewUrl { origin: "https://hooks.slack.com".into(), url: Secret::new(&address(number)) };
        store
            .of(&WorkspaceId("T1".into()))
            .add_webhook((name, String::new()), new, crate::world::alice(), Timestamp(1))
            .await
            .unwrap();
    }
    store.checkpoint().await.unwrap();
}

fn address(number: usize) -> String {
    format!("https://hooks.slack.com/services/T1/B1/secret{number}")
}

/// Every webhook opens with what is in the key file.
pub async fn readable(path: &Path, file: &Path, count: usize) {
    let ring = keys::file(file, path).map_err(|problem| problem.to_string()).unwrap();
    let inventory = sealed::peek(path.to_owned(), Some(ring.clone())).await.unwrap();
    assert_eq!((locked(Some(&ring), &inventory), inventory.total()), (None, i64::try_from(count).unwrap()));
    let store = Store::open(path, Timestamp(2)).await.unwrap().with_keys(ring);
    for number in (0..count).step_by(7) {
        let url = store.of(&WorkspaceId("T1".into())).webhook_url(format!("hook-{number}")).await.unwrap();
        assert_eq!(url.expose(), address(number));
    }
}

pub fn kept(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_once_for_its_owner_alone_and_never_beside_the_database() {
    let (machine, elsewhere, file) = machine("");
    let made = machine.deskd(&["secret", "init", file.to_str().unwrap()]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&file).unwrap();
    assert!(Keyring::parse(&key).is_some() && key.len() == 65);
    let said = text(&made.stdout);
    assert!(said.contains("LoadCredential=deskd_key:") && !said.contains(key.trim()), "{said}");
    let again = machine.deskd(&["secret", "init", file.to_str().unwrap()]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("will not overwrite"), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(&file).unwrap(), key);
    let beside = machine.folder.path().join("key");
    let refused = machine.deskd(&["secret", "init", beside.to_str().unwrap()]).await;
    assert!(
        text(&refused.stderr).contains("lies in the folder of the database"),
        "{}",
        text(&refused.stderr)
    );
    assert!(!beside.exists());
    assert_eq!(kept(elsewhere.path()), ["deskd_key"]);
    let other = machine.deskd(&["secret", "init", elsewhere.path().join("two").to_str().unwrap()]).await;
    assert!(other.status.success());
    assert_ne!(fs::read_to_string(elsewhere.path().join("two")).unwrap(), key, "keys are random");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_changed_while_no_daemon_works_and_everything_has_the_new_one() {
    let (machine, elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    assert!(machine.deskd(&["secret", "init", file.to_str().unwrap()]).await.status.success());
    let before = fs::read_to_string(&file).unwrap();
    let ring = Keyring::parse(&before).unwrap();
    filled(&database, &ring, 20).await;
    let working = occupy(&database).unwrap();
    let refused = machine.deskd(&["secret", "rotate"]).await;
    assert!(text(&refused.stderr).contains("another deskd works with"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    drop(working);
    let done = machine.deskd(&["secret", "rotate"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(
        text(&done.stdout).contains("encrypted anew with the new key: 20 secrets"),
        "{}",
        text(&done.stdout)
    );
    let after = fs::read_to_string(&file).unwrap();
    assert!(after != before && after.lines().count() == 1, "the old key is gone");
    assert_eq!(kept(elsewhere.path()), ["deskd_key"]);
    readable(&database, &file, 20).await;
    let bytes = fs::read(&database).unwrap();
    let old_id = format!("{:?}", ring.first().id());
    let id: Vec<u8> =
        (0..16).step_by(2).map(|at| u8::from_str_radix(&old_id[at..at + 2], 16).unwrap()).collect();
    assert!(!bytes.windows(8).any(|window| window == id), "what the old key opens is overwritten");
    // A key that does not open everything changes nothing.
    fs::write(&file, &before).unwrap();
    let refused = machine.deskd(&["secret", "rotate"]).await;
    assert!(
        text(&refused.stderr).contains("20 secrets cannot be opened with this key"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    fs::write(&file, &after).unwrap();
    readable(&database, &file, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_from_the_environment_is_changed_by_putting_the_new_one_in_front() {
    let mut machine = Machine::new();
    let database = machine.folder.path().join("deskd.db");
    let (old, new) = ("11".repeat(32), "22".repeat(32));
    filled(&database, &Keyring::parse(&old).unwrap(), 3).await;
    machine.env = vec![("DESKD_KEY", old.clone().into())];
    let refused = machine.deskd(&["secret", "rotate"]).await;
    assert!(text(&refused.stderr).contains("in front of the old one"), "{}", text(&refused.stderr));
    machine.env = vec![("DESKD_KEY", format!("{new},{old}").into())];
    let done = machine.deskd(&["secret", "rotate"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let inventory = sealed::peek(database, None).await.unwrap();
    assert_eq!(locked(Keyring::parse(&new).as_ref(), &inventory), None);
    let told = text(&done.stdout) + &text(&done.stderr) + &text(&refused.stderr);
    assert!(!told.contains(&old) && !told.contains(&new));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_of_a_change_the_key_file_opens_everything() {
    const COUNT: usize = 500;
    let (mut unchanged, mut half, mut done) = (0, 0, 0);
    let (machine, elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    assert!(machine.deskd(&["secret", "init", file.to_str().unwrap()]).await.status.success());
    let ring = Keyring::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    filled(&database, &ring, 1).await;
    let more = "INSERT INTO webhooks (workspace, name, label, origin, url, state, result, next_at, created_at, rotated_at)
         VALUES ('T1', ?1, '', 'https://hooks.slack.com', ?2, 'ok', '', 1, 1, 1)";
    let mut connection = rusqlite::Connection::open(&database).unwrap();
    let tx = connection.transaction().unwrap();
    for number in 1..COUNT {
        let row = i64::try_from(number + 1).unwrap();
        let place = deskd::domain::seal::Place { table: "webhooks", column: "url", workspace: "T1", row };
        let nonce = [u8::try_from(number % 251).unwrap(); 24];
        let sealed = ring.seal(place, &Secret::new(&address(number)), nonce);
        tx.execute(more, (format!("hook-{number}"), sealed)).unwrap();
    }
    tx.commit().unwrap();
    drop(connection);
    readable(&database, &file, COUNT).await;
    let moments = [
        (0, true),
        (1, true),
        (0, false),
        (5, false),
        (10, false),
        (20, false),
        (40, false),
        (90, false),
        (600, false),
    ];
    for (wait, early) in moments {
        let before = fs::read_to_string(&file).unwrap();
        let mut running = machine
            .command()
            .args(["secret", "rotate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From now on it is under way: the old key is set aside, and then the file has both.
        let begun = || {
            if early { kept(elsewhere.path()).len() > 1 } else { text(&fs::read(&file).unwrap()) != before }
        };
        while !begun() && running.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_millis(wait));
        running.kill().unwrap();
        running.wait().unwrap();
        readable(&database, &file, COUNT).await;
        let now = fs::read_to_string(&file).unwrap();
        match (now == before, now.lines().count()) {
            (true, _) => unchanged += 1,
            (false, 1) => done += 1,
            (false, _) => half += 1,
        }
    }
    println!("killed before {unchanged}, within {half}, after {done}");
    assert!(half > 0, "no kill met the change itself");
    let finished = machine.deskd(&["secret", "rotate"]).await;
    assert!(finished.status.success(), "{}", text(&finished.stderr));
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
    assert_eq!(kept(elsewhere.path()), ["deskd_key"], "nothing is left beside it");
    readable(&database, &file, COUNT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_used_stops_no_daemon_and_the_doctor_says_so() {
    let (mut machine, _elsewhere, file) = machine("");
    assert!(machine.deskd(&["secret", "init", file.to_str().unwrap()]).await.status.success());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    machine.start().await;
    let status = machine.json(&["status"]).await;
    assert_eq!(status["secrets"]["state"], "refused", "{status}");
    assert!(status["wrong"][0]["hint"].as_str().unwrap().starts_with("chmod 0600"), "{status}");
    let doctor = text(&machine.deskd(&["doctor"]).await.stdout);
    assert!(
        doctor.contains("problem  ") && doctor.contains("others than its owner can read the key"),
        "{doctor}"
    );
    let check = machine.deskd(&["check"]).await;
    assert_eq!(check.status.code(), Some(2), "{}", text(&check.stdout));
    machine.kill().await;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    machine.start().await;
    assert_eq!(machine.json(&["status"]).await["secrets"]["state"], "ready");
    let doctor = text(&machine.deskd(&["doctor"]).await.stdout);
    assert!(doctor.contains("the key opens all secrets that are stored (0)"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f39_web_11_web_12_no_address_of_a_webhook_is_written_or_said_anywhere() {
    let (mut machine, _elsewhere, file) = machine("[log]\nlevel = \"trace\"\nformat = \"json\"\n");
    assert!(machine.deskd(&["secret", "init", file.to_str().unwrap()]).await.status.success());
    let key = fs::read_to_string(&file).unwrap();
    machine.start().await;
    let slack = machine.slack.clone();
    let (one, two) = (slack.add_webhook("support").unwrap(), slack.add_webhook("sales").unwrap());
    let strange = "https://evil.example/services/T0/B0/f39strangehook";
    let mut said = Vec::new();
    for (words, input, code) in [
        (&["webhook", "add", "ops", "--channel", "#support"][..], one.as_str(), 0),
        (&["webhook", "test", "ops"], "", 0),
        (&["webhook", "add", "other"], strange, 2),
        (&["webhook", "add", "other"], "", 2),
        (&["webhook", "add", &two], "", 1),
        (&["webhook", "add", "other", &two], "", 1),
        (&["webhook", "rotate", "ops", &two], "", 1),
        (&["webhook", "rotate", &two], "", 1),
        (&["webhook", "add", "other", "--channel", &two], "", 1),
        (&["webhook", "label", "ops", &two], "", 1),
        (&["webhook", "rename", "ops", &two], "", 1),
        (&["webhook", "delete", &two], "", 1),
        (&["webhook", "test", &two], "", 1),
        (&["webhook", "rotate", "ops"], &format!("{two}\n"), 0),
        (&["webhook", "list"], "", 0),
        (&["webhook", "list", "--json"], "", 0),
    ] {
        let output = piped(&machine, words, input).await;
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        said.push((words[..2].join(" "), shown.into_bytes()));
    }
    for fault in [
        Fault::Error("no_service".into()),
        Fault::Drop,
        Fault::Status(500),
        Fault::AcceptThenCut,
        Fault::RateLimited(1),
    ] {
        slack.fault("incoming_webhook", fault, Times::Count(1));
        let output = machine.deskd(&["webhook", "test", "ops"]).await;
        assert_eq!(output.status.code(), Some(1));
        said.push(("webhook test".into(), [output.stdout, output.stderr].concat()));
    }
    for words in
        [&["status"][..], &["doctor"], &["check"], &["queue", "list", "--all"], &["notices", "--all"]]
    {
        let output = machine.deskd(words).await;
        said.push((words.join(" "), [output.stdout, output.stderr].concat()));
    }
    let daemon = machine.daemon.as_ref().unwrap().id();
    said.push(("its command line".into(), fs::read(format!("/proc/{daemon}/cmdline")).unwrap()));
    let backup = machine.folder.path().join("backup.db");
    assert!(machine.deskd(&["backup", backup.to_str().unwrap()]).await.status.success());
    machine.kill().await;
    for name in kept(machine.folder.path()) {
        said.push((name.clone(), fs::read(machine.folder.path().join(name)).unwrap_or_default()));
    }
    let tail = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let needles = [tail(&one), tail(&two), tail(strange), key.trim().to_owned(), "services/T".to_owned()];
    let found: Vec<_> = said
        .iter()
        .flat_map(|(place, bytes)| {
            let seen = text(bytes);
            needles.iter().filter(move |needle| seen.contains(needle.as_str())).map(move |_| place)
        })
        .collect();
    assert!(found.is_empty(), "a secret is in {found:?}");
    let log = said.iter().find(|(place, _)| place == "log").map(|(_, bytes)| text(bytes)).unwrap();
    assert!(
        log.contains("added the webhook ops") && log.contains("gave a new address to"),
        "the log was written"
    );
}

#[tokio::test]
async fn root_leaves_nothing_beside_a_database_that_its_owner_cannot_open() {
    use std::os::unix::fs::{MetadataExt, chown};
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can hand files over");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    chown(folder.path(), Some(12_345), Some(12_345)).unwrap();
    let path = folder.path().join("deskd.db");
    drop(occupy(&path).unwrap());
    let lock = fs::metadata(folder.path().join("deskd.db.lock")).unwrap();
    assert_eq!((lock.uid(), lock.gid()), (12_345, 12_345));
    let held = occupy(&path).unwrap();
    assert!(matches!(occupy(&path), Err(StoreError::InUse(_))));
    drop(held);
}
