//! deskd in trouble: somebody is told once when it begins and once when it is over, by a way that works.

use std::path::PathBuf;

use deskd::config::Secret;
use deskd::config::mail::{Mail, MailTls};
use deskd::dispatch::sign::signature;
use deskd::domain::own::{Own, Raised};
use deskd::domain::time::Timestamp;
use deskd::simulator::{Fault, Setup, Times, Which};
use insta::assert_snapshot;
use serde_json::Value;

use crate::api_door::{Door, timeless};
use crate::sink::{Sink, header, smtp, without_boundary};
use crate::world::World;

/// A desk whose command appends what it is told to a file.
struct Told {
    world: World,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Told {
    async fn with(change: impl FnOnce(&mut deskd::config::Config)) -> Told {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let script = format!("cat >> {}", file.display());
        let world = World::with(Setup::default(), |config| {
            config.alarm.command = vec!["/bin/sh".into(), "-c".into(), script];
            change(config);
        })
        .await;
        Told { world, file, _folder: folder }
    }

    /// What the command was told: kind and phase, in order.
    fn heard(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        let word = |document: &Value, key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let line = |line: &str| {
            let document: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", word(&document, "kind"), word(&document, "phase"))
        };
        text.lines().map(line).collect()
    }

    /// Slack's sockets break and cannot be opened again.
    fn deafen(&self) {
        self.world.slack.fault("apps.connections.open", Fault::Drop, Times::UntilCleared);
        self.world.slack.cut_sockets(Which::All);
    }
}

async fn dead_letter(world: &World) {
    let raised = Raised { own: Own::DeadLetter, subject: "7".into(), detail: "unreachable".into() };
    world.space().raise(raised, world.clock.now()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_minute_without_a_socket_is_told_once_and_so_is_its_end() {
    let told = Told::with(|config| config.alarm.channel = Some("#sales".into())).await;
    told.deafen();
    told.world.pass(50).await;
    assert_eq!(told.heard(), [] as [&str; 0], "it may pass");
    told.world.pass(30).await;
    assert_eq!(told.heard(), ["no_socket raised"]);
    told.world.pass(3600).await;
    assert_eq!(told.heard(), ["no_socket raised"], "once");
    told.world.slack.clear_faults();
    told.world.pass(600).await;
    assert_eq!(told.heard(), ["no_socket raised", "no_socket resolved"]);
    assert_eq!(told.world.slack.posts("sales").unwrap().len(), 0, "Slack was the trouble: nothing there");
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_comes_and_goes_is_one_trouble() {
    let told = Told::with(|config| config.slack.sockets = 1).await;
    told.deafen();
    told.world.pass(90).await;
    for _ in 0..5 {
        told.world.slack.clear_faults();
        let up = async {
            while told.world.slack.sockets() == 0 {
                told.world.pass(1).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(600), up).await.unwrap();
        told.world.pass(20).await;
        told.deafen();
        told.world.pass(70).await;
    }
    assert_eq!(told.heard(), ["no_socket raised"]);
    told.world.slack.clear_faults();
    told.world.pass(900).await;
    assert_eq!(told.heard(), ["no_socket raised", "no_socket resolved"]);
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_told_in_slack_once_although_the_desk_restarts() {
    let mut told = Told::with(|config| config.alarm.channel = Some("#sales".into())).await;
    dead_letter(&told.world).await;
    told.world.pass(20).await;
    told.world.close().await;
    told.world.open().await;
    told.world.pass(600).await;
    assert_snapshot!(timeless(&told.world.channel("sales")), @"
    desk: :rotating_light: deskd: warning: a message did not go out (send 7, unreachable)
    Since TIME. Hint: deskd queue list, then deskd queue retry ID or drop ID.
    ");
    let (workspace, now) = (told.world.workspace.clone(), told.world.clock.now());
    told.world.store().of(&workspace).resolve(Own::DeadLetter, "7".into(), now).await.unwrap();
    told.world.pass(10).await;
    told.world.close().await;
    told.world.open().await;
    told.world.pass(600).await;
    let said = told.world.channel("sales");
    assert_eq!(said.matches("over: a message did not go out").count(), 1, "{said}");
    assert_eq!(told.heard(), [] as [&str; 0], "the second way was not needed");
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_slack_does_not_take_within_two_minutes_leaves_by_the_second_way() {
    let told = Told::with(|config| config.alarm.channel = Some("#sales".into())).await;
    told.world.slack.fault("chat.postMessage", Fault::Error("invalid_auth".into()), Times::UntilCleared);
    dead_letter(&told.world).await;
    told.world.pass(110).await;
    assert_eq!(told.heard(), [] as [&str; 0]);
    told.world.pass(30).await;
    assert_eq!(told.heard(), ["dead_letter raised"]);
    told.world.slack.clear_faults();
    told.world.pass(600).await;
    assert_eq!(told.world.slack.posts("sales").unwrap().len(), 1, "and in Slack when it takes it");
    assert_eq!(told.heard(), ["dead_letter raised"]);
    let door = Door::open(told.world.desk().front());
    assert_snapshot!(timeless(&door.ok(&["troubles"]).await), @"
    1    a message did not go out (send 7, unreachable)
         since CLOCK (12 min ago)
         hint: deskd queue list, then deskd queue retry ID or drop ID
         begin slack    sent     to the alarm channel
         begin command  sent     Slack did not take it within two minutes
    ");
    assert_snapshot!(timeless(&door.ok(&["why", "trouble", "1"]).await), @"
    trouble 1
      CLOCK  a message did not go out (send 7, unreachable)
      CLOCK  raised by command: sent after 1 attempts: Slack did not take it within two minutes
      CLOCK  raised by slack: sent after 1 attempts, as send 1: to the alarm channel
    ");
    door.close().await;
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_trouble_that_is_over_before_anybody_was_told_is_not_told() {
    let told = Told::with(|config| config.alarm.command[2] = "exit 1".into()).await;
    told.deafen();
    told.world.pass(70).await;
    told.world.slack.clear_faults();
    told.world.pass(900).await;
    let workspace = told.world.workspace.clone();
    let (_, tellings) = told.world.store().of(&workspace).troubles(true).await.unwrap().remove(0);
    let ends: Vec<String> =
        tellings.iter().map(|row| format!("{} {}", row.state.as_str(), row.reason)).collect();
    assert_eq!(ends, ["dropped over_before_told", "dropped beginning_not_told"]);
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_that_fails_is_tried_again_and_given_up_in_the_end() {
    let mut told = Told::with(|config| config.alarm.command[2] = "exit 1".into()).await;
    dead_letter(&told.world).await;
    told.world.pass(3 * 3600).await;
    let (_, tellings) = told.world.store().of(&told.world.workspace).troubles(false).await.unwrap().remove(0);
    assert_eq!((tellings[0].state.as_str(), tellings[0].attempts), ("failed", 12));
    assert_eq!(tellings[0].reason, "exit_1");
    told.world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_and_a_mail_say_the_same() {
    let webhook = Sink::answering("204 X").await;
    let server = Sink::open(smtp).await;
    let mut world = World::without_desk(Setup::default(), |config| {
        config.alarm.email = Some("ops@acme.example".into());
        config.mail = Mail {
            server: Some(server.address.clone()),
            tls: MailTls::None,
            from: Some("deskd@acme.example".into()),
            ..Mail::default()
        };
    });
    world.secrets.webhook = Some(Secret::new(&format!("http://{}/hook/zzz-secret", webhook.address)));
    world.secrets.webhook_secret = Some(Secret::new("0123456789abcdef"));
    world.open().await;
    dead_letter(&world).await;
    for _ in 0..60 {
        // Real sockets and virtual time: an attempt may be late, and then there is another.
        if webhook.heard().is_empty() || server.heard().is_empty() {
            world.pass(5).await;
        }
    }
    let called = webhook.heard();
    assert_eq!(called.len(), 1, "{called:?}");
    let (head, body) = called[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook/zzz-secret HTTP/1.1"), "{head}");
    let signed = header(head, "x-deskd-signature").unwrap();
    let at: i64 = signed.split(',').nth(1).unwrap().parse().unwrap();
    let expected = signature(&Secret::new("0123456789abcdef"), body, Timestamp(at * 1000));
    assert_eq!(Some(signed), expected);
    assert_eq!(header(head, "x-deskd-delivery").as_deref(), Some("1-raised"));
    let document: Value = serde_json::from_str(body).unwrap();
    assert_snapshot!(timeless(&format!("{document:#}")), @r#"
    {
      "deskd": "0.1.0",
      "detail": "unreachable",
      "hint": "deskd queue list, then deskd queue retry ID or drop ID",
      "key": "1-raised",
      "kind": "dead_letter",
      "phase": "raised",
      "raised_at": "TIME",
      "resolved_at": null,
      "sentence": "a message did not go out (send 7, unreachable)",
      "severity": "warning",
      "subject": "7",
      "test": false,
      "text": "deskd: warning: a message did not go out (send 7, unreachable)\nSince TIME. Hint: deskd queue list, then deskd queue retry ID or drop ID.",
      "trouble": 1
    }
    "#);
    let mails = server.heard();
    let workspace = world.workspace.clone();
    let (_, tellings) = world.store().of(&workspace).troubles(false).await.unwrap().remove(0);
    assert_eq!(mails.len(), 1, "{tellings:?}");
    let mail: Vec<&str> = mails[0].lines().filter(|line| !line.starts_with("Date:")).collect();
    let id = mail.iter().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap();
    assert!(id.starts_with("<deskd-1-raised-") && id.ends_with("@acme.example>"), "{id}");
    let mail: Vec<&str> = mail.into_iter().filter(|line| !line.starts_with("Message-ID:")).collect();
    assert_snapshot!(timeless(&without_boundary(&mail.join("\n"))), @r#"
    From: deskd@acme.example
    To: ops@acme.example
    Subject: [deskd] warning: a message did not go out (send 7, unreachable)
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="BOUNDARY"

    --BOUNDARY
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    deskd: warning: a message did not go out (send 7, unreachable)

    Since TIME. Hint: deskd queue list, then deskd queue re=
    try ID or drop ID.

    --BOUNDARY
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    <!doctype html>
    <html><body>
    <p>deskd: warning: a message did not go out (send 7, unreachable)</p>
    <p>Since TIME. Hint: deskd queue list, then deskd queue=
     retry ID or drop ID.</p>
    </body></html>

    --BOUNDARY--
    "#);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_test_tries_every_way_and_says_what_came_of_each() {
    let told = Told::with(|config| config.alarm.channel = Some("#sales".into())).await;
    let door = Door::open(told.world.desk().front());
    assert_snapshot!(door.ok(&["alarm", "test"]).await, @"
    slack    told
    command  told
    ");
    assert_eq!(told.heard(), ["no_socket raised"], "marked as a test");
    assert!(std::fs::read_to_string(&told.file).unwrap().contains("\"test\":true"));
    assert!(told.world.channel("sales").contains("this is only a test"));
    assert_eq!(door.ok(&["troubles", "--all"]).await.lines().count(), 1, "a test is no trouble");
    door.close().await;
    told.world.finish().await;
    let broken = Told::with(|config| {
        config.alarm.command[0] = "/nonexistent/page".into();
        config.alarm.channel = Some("#nowhere".into());
    })
    .await;
    let door = Door::open(broken.world.desk().front());
    let ended = door.deskd(&["alarm", "test"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @"
    slack    no_such_channel
             hint: deskd knows no channel of this name: deskd channels list
    command  no_such_program
             hint: check the path; the daemon's sandbox hides /home
    ");
    door.close().await;
    broken.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_is_too_old_is_told_and_a_new_one_ends_it() {
    let told = Told::with(|config| {
        config.alarm.backup_older_than = Some(std::time::Duration::from_secs(3600));
    })
    .await;
    told.world.pass(3500).await;
    assert_eq!(told.heard(), [] as [&str; 0]);
    told.world.pass(200).await;
    assert_eq!(told.heard(), ["backup_old raised"]);
    let to = told.file.with_file_name("copy.db");
    let from = told.world.database();
    deskd::store::backup::backup(from, to, Box::new(|_| {}), told.world.clock.now()).await.unwrap();
    told.world.pass(30).await;
    assert_eq!(told.heard(), ["backup_old raised", "backup_old resolved"]);
    told.world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_database_that_cannot_be_written_is_told_without_it() {
    let Some(disk) = crate::disk::SmallDisk::mount() else {
        println!("skipped: mounting a small file system is not allowed here");
        return;
    };
    let database = disk.0.path().join("deskd.db");
    let told = Told::with(|config| config.store.path = database).await;
    disk.fill();
    for number in 0..crate::disk::SAID {
        told.world.slack.say("ada", "support", &format!("{number} {}", "words ".repeat(400))).unwrap();
    }
    told.world.pass(120).await;
    assert_eq!(told.heard(), ["not_writable raised"], "told although nothing can be stored");
    std::fs::remove_file(disk.ballast()).unwrap();
    told.world.pass(120).await;
    assert_eq!(told.heard(), ["not_writable raised", "not_writable resolved"]);
    let troubles = told.world.store().of(&told.world.workspace).troubles(true).await.unwrap();
    let (trouble, tellings) = &troubles[0];
    assert_eq!(trouble.raised.own, Own::NotWritable, "noted afterwards");
    assert!(trouble.resolved_at.is_some() && tellings.len() == 2, "{tellings:?}");
    told.world.finish().await;
}
