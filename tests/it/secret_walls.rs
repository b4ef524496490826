//! The key and the secrets when something is wrong with them: what still works, what is said, and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use deskd::config::keys;
use deskd::domain::seal::Keyring;
use rusqlite::Connection;

use crate::process::Machine;
use crate::secret_key::{filled, kept, machine, piped, readable, text};

fn ring(file: &Path) -> Keyring {
    Keyring::parse(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Turns one bit in the ciphertext of a webhook.
fn damaged(database: &Path, name: &str) {
    changed(database, name, |sealed| *sealed.last_mut().unwrap() ^= 1);
}

fn changed(database: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let connection = Connection::open(database).unwrap();
    let sealed: Vec<u8> =
        connection.query_row("SELECT url FROM webhooks WHERE name = ?", [name], |row| row.get(0)).unwrap();
    let mut sealed = sealed;
    change(&mut sealed);
    connection.execute("UPDATE webhooks SET url = ? WHERE name = ?", (sealed, name)).unwrap();
}

async fn init(machine: &Machine, file: &Path) {
    let made = machine.deskd(&["secret", "init", file.to_str().unwrap()]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_away_stops_no_desk_whose_tokens_are_all_in_the_database() {
    let (mut machine, elsewhere, file) = machine("");
    init(&machine, &file).await;
    machine.start().await;
    let token = machine.slack.bot_token();
    let connected = piped(&machine, &["connect"], &token).await;
    assert!(connected.status.success(), "{}", text(&connected.stderr));
    machine.kill().await;
    machine.env.push(("SLACK_BOT_TOKEN", "".into()));
    machine.start().await;
    machine.kill().await;
    let away = elsewhere.path().join("away");
    for (what, spoil) in [
        ("moved", &(|| fs::rename(&file, &away)) as &dyn Fn() -> std::io::Result<()>),
        ("readable", &|| {
            fs::rename(&away, &file)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644))
        }),
        ("another", &|| {
            fs::write(&file, "0a".repeat(32))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
        }),
    ] {
        spoil().unwrap();
        machine.launch();
        machine.answers().await;
        let status = machine.json(&["status"]).await;
        let state = status["secrets"]["state"].as_str().unwrap();
        assert!(matches!(state, "refused" | "key_other"), "{what}: {status}");
        assert!(status["secrets"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{what}: {status}");
        assert_eq!(status["workspaces"][0]["state"], "token_locked", "{what}: {status}");
        machine.end();
    }
    // Without any workspace there is nothing that a daemon could do.
    fs::remove_file(&file).unwrap();
    fs::remove_file(machine.folder.path().join("deskd.db")).unwrap();
    let _ = fs::remove_file(machine.folder.path().join("deskd.db-wal"));
    let _ = fs::remove_file(machine.folder.path().join("deskd.db-shm"));
    let refused = machine.deskd(&["run"]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("bot token is missing"), "{}", text(&refused.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_secret_is_named_before_anything_of_the_key_is_changed() {
    let (machine, elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    init(&machine, &file).await;
    filled(&database, &ring(&file), 3).await;
    let before = fs::read_to_string(&file).unwrap();
    damaged(&database, "hook-1");
    for _ in 0..3 {
        let refused = machine.deskd(&["secret", "rotate"]).await;
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{told}");
        for part in ["the address of webhook hook-1", "nothing is changed", "deskd webhook rotate hook-1"] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
        assert_eq!(kept(elsewhere.path()), ["deskd_key"]);
    }
    Connection::open(&database).unwrap().execute("DELETE FROM webhooks WHERE name = 'hook-1'", []).unwrap();
    let done = machine.deskd(&["secret", "rotate"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_ne!(fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_secret_is_not_reported_as_readable() {
    let (mut machine, _elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    init(&machine, &file).await;
    filled(&database, &ring(&file), 3).await;
    damaged(&database, "hook-1");
    for (state, version) in [("secret_damaged", 1), ("secret_newer", 2)] {
        changed(&database, "hook-1", |sealed| sealed[0] = version);
        machine.start().await;
        let status = machine.json(&["status"]).await;
        let secrets = &status["secrets"];
        assert_eq!(
            (secrets["state"].as_str(), secrets["locked"].as_i64()),
            (Some(state), Some(1)),
            "{status}"
        );
        let running = machine.deskd(&["doctor"]).await;
        machine.kill().await;
        let doctor = text(&running.stdout) + &text(&machine.deskd(&["doctor"]).await.stdout);
        assert_eq!(doctor.matches("1 of the secrets in the database").count(), 2, "{state}: {doctor}");
        let log = fs::read_to_string(machine.folder.path().join("log")).unwrap();
        assert!(log.contains("1 of the secrets in the database"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_with_the_key_the_next_step_is_said() {
    let (mut machine, _elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    let said = |output: std::process::Output| text(&output.stderr);
    let told = said(machine.deskd(&["secret", "init", "/nonexistent/key"]).await);
    assert!(told.contains("hint: ") && told.contains("mkdir"), "{told}");
    init(&machine, &file).await;
    filled(&database, &ring(&file), 2).await;
    fs::write(&file, "0b".repeat(32)).unwrap();
    let told = said(machine.deskd(&["secret", "rotate"]).await);
    assert!(told.contains("put the old key back") && told.contains("deskd webhook rotate"), "{told}");
    assert!(told.contains("deskd connect") && told.contains("deskd token rotate"), "{told}");
    let config = machine.folder.path().join("config.toml");
    let without: String = fs::read_to_string(&config)
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("key_file"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&config, without).unwrap();
    machine.env.push(("DESKD_KEY", "hello".into()));
    let told = said(machine.deskd(&["secret", "rotate"]).await);
    assert!(told.contains("not a key") && told.contains("hint: ") && !told.contains("hello"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_key_that_was_left_beside_the_new_one_is_told_of() {
    let (machine, elsewhere, file) = machine("");
    let database = machine.folder.path().join("deskd.db");
    init(&machine, &file).await;
    filled(&database, &ring(&file), 1).await;
    let old = elsewhere.path().join("deskd_key.old");
    fs::copy(&file, &old).unwrap();
    let doctor = text(&machine.deskd(&["doctor"]).await.stdout);
    assert!(doctor.contains("deskd_key.old") && doctor.contains("deskd secret rotate"), "{doctor}");
    assert!(machine.deskd(&["secret", "rotate"]).await.status.success());
    assert_eq!(kept(elsewhere.path()), ["deskd_key"]);
    readable(&database, &file, 1).await;
}

#[test]
fn a_key_beside_the_real_file_of_a_linked_database_and_one_of_another_user_are_refused() {
    let folder = crate::world::folder();
    let (real, seen) = (folder.path().join("real"), folder.path().join("seen"));
    fs::create_dir(&real).unwrap();
    fs::create_dir(&seen).unwrap();
    let write = |path: &Path| {
        fs::write(path, "0a".repeat(32)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    fs::write(real.join("deskd.db"), "").unwrap();
    std::os::unix::fs::symlink(real.join("deskd.db"), seen.join("deskd.db")).unwrap();
    write(&real.join("key"));
    let told = keys::file(&real.join("key"), &seen.join("deskd.db")).map(drop).unwrap_err().to_string();
    assert!(told.contains("lies in the folder of the database"), "{told}");
    let key = folder.path().join("key");
    write(&key);
    assert!(keys::file(&key, &seen.join("deskd.db")).is_ok());
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can hand files over");
        return;
    }
    std::os::unix::fs::chown(&key, Some(12_345), Some(12_345)).unwrap();
    let told = keys::file(&key, &seen.join("deskd.db")).map(drop).unwrap_err().to_string();
    assert!(told.contains("belongs to another user") && told.contains("chown"), "{told}");
}
