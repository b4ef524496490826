//! The command line as people use it: what they type, what they see, how it ends.

use deskd::simulator::{Fault, Times};
use insta::assert_snapshot;

use crate::api_door::{Door, deskd, timeless};
use crate::world::World;

async fn desk() -> (World, Door) {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    (world, door)
}

async fn finish(world: World, door: Door) {
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_day_at_the_desk() {
    let (world, door) = desk().await;
    assert_snapshot!(door.ok(&["task", "list"]).await, @r##"
    no tasks to deal with; hint: deskd task list --all, or deskd channels monitor "#support"
    "##);
    let first = world.slack.say("ada", "support", "our invoice 4711 was charged twice").unwrap();
    world.slack.share_file("ada", "support", "invoice.pdf", "here it is").unwrap();
    world.pass(40).await;
    assert_snapshot!(door.ok(&["task", "list"]).await, @"
    ID  STATUS  PRIORITY  CATEGORY  CHANNEL   CONTACT  MSGS  ASSIGNEE  UPDATED
    1   open    high      billing   #support  ada      2     -         10 s ago
    ");
    let preview = door.ok(&["reply", "1", "Sorry!", "--preview"]).await;
    assert_snapshot!(timeless(&preview), @"
    to ada in #support, thread TS
      ada: our invoice 4711 was charged twice
      ada: here it is
      you: Sorry!
    nothing was sent
    ");
    assert_snapshot!(timeless(&door.ok(&["reply", "1", "Sorry! We refund one today.", "--wait"]).await), @"sent: https://acme.slack.com/archives/C09OPJ3RUJD/pTS?thread_ts=TS&cid=C09OPJ3RUJD");
    world.slack.edit("support", &first, "our invoice 4711 was charged three times").unwrap();
    world.pass(5).await;
    assert_snapshot!(timeless(&door.ok(&["task", "show", "1"]).await), @r#"
    Task 1  waiting, high, billing
    ada <ada@globex.example> in #support, assigned to nobody, opened 15 s ago
    classified as billing by the rules (89 % sure): the word "invoice" speaks for billing; the word
    "charged" speaks for billing; the phrase "charged twice" speaks for billing; the phrase "was
    charged" speaks for billing; the phrase "our invoice" speaks for billing; "charged twice" asks for
    priority high

    ada  CLOCK, edited
      our invoice 4711 was charged three times

    ada  CLOCK
      here it is
      [file: invoice.pdf]

    NAME (desk)  CLOCK
      Sorry! We refund one today.

    History
      CLOCK  opened from bundle 1, by deskd
      CLOCK  replied (send 1), by user:NAME
      CLOCK  moved from open to waiting, by user:NAME
      CLOCK  message TS edited, by contact

    hint: deskd reply 1 "...", or deskd task close 1
    "#);
    assert_snapshot!(door.ok(&["task", "close", "#1"]).await, @"task 1 is now done, high, billing");
    assert_snapshot!(timeless(&door.ok(&["why", "task", "1"]).await), @r#"
    task 1
      CLOCK  opened from bundle 1 by deskd: billing (89 % sure), because the word "invoice" speaks
                for billing; the word "charged" speaks for billing; the phrase "charged twice" speaks
                for billing; the phrase "was charged" speaks for billing; the phrase "our invoice"
                speaks for billing; "charged twice" asks for priority high
      CLOCK  replied (send 1) by user:NAME
      CLOCK  moved from open to waiting by user:NAME
    send 1
      CLOCK  sent as TS, attempt 1
    task 1
      CLOCK  message TS edited by contact
      CLOCK  moved from waiting to done by user:NAME
      CLOCK  taught as an example of billing by user:NAME
    "#);
    let link = format!("{}/{first}", world.slack.channel_id("support").unwrap());
    assert!(door.ok(&["why", &link]).await.contains("opened bundle 1"));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn the_status_fits_one_screen() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "hello?").unwrap();
    world.pass(10).await;
    let shown = door.ok(&["status"]).await;
    let sizes = regex::Regex::new(r"\d[\d.]* [kM]B").unwrap();
    let shown = sizes.replace_all(&shown, "SIZE").into_owned();
    let hash = shown.split("configuration ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert_snapshot!(shown.replace(&hash, "HASH").replace(env!("CARGO_PKG_VERSION"), "VERSION"), @"
    deskd all is well

      workspace  Acme (T0ACME00001)
      sockets    2 connected for 12 s
      events     1 recorded, all decoded, the last 10 s ago
      bundles    1 open
      tasks      0 open, 0 waiting, 0 snoozed, 0 done
      outbox     empty
      backup     none yet; hint: deskd backup FILE
      database   SIZE, log SIZE
      workers    all 33 at work
      daemon     version VERSION, up 12 s, configuration HASH
    ");
    world.pass(40).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn the_queue_shows_what_is_stuck_and_what_to_do() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "how do I export?").unwrap();
    world.pass(40).await;
    assert_snapshot!(door.ok(&["queue", "list"]).await, @"nothing is waiting to go out, and nothing has failed; hint: deskd queue list --all");
    assert!(
        door.ok(&["reply", "1", "-5 is fine", "--wait"]).await.starts_with("sent: "),
        "text may begin with -"
    );
    world.slack.fault("chat.postMessage", Fault::Error("thread_not_found".into()), Times::Count(1));
    let ended = door.deskd(&["reply", "1", "Settings, Export", "--wait"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @"
    Slack refused it: there is no such thread
      hint: mend that, then deskd queue retry 2
    ");
    assert_snapshot!(door.ok(&["queue", "list"]).await, @"
    ID  KIND   TASK  TO        STATE   TRIES  NEXT  WHY
    2   reply  1     #support  failed  1      -     there is no such thread
    hint: deskd queue retry 2, or deskd queue drop 2
    ");
    assert_snapshot!(door.ok(&["queue", "retry", "2"]).await, @"send 2 to #support is tried again; hint: deskd queue list");
    world.pass(5).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_takes_no_messages_is_told_wherever_one_looks() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "how do I export?").unwrap();
    world.pass(40).await;
    world.slack.archive_channel("support").unwrap();
    world.pass(1).await;
    let waited = door.deskd(&["reply", "1", "Settings, Export", "--wait"]).await;
    assert_eq!(waited.code, 1);
    assert_snapshot!(waited.out, @"
    stored, but Slack does not have it yet: the channel is archived; it goes out when that ends
      deskd goes on by itself; hint: deskd queue list
    ");
    assert_snapshot!(door.ok(&["queue", "list"]).await, @"
    ID  KIND   TASK  TO        STATE    TRIES  NEXT  WHY
    1   reply  1     #support  waiting  1      -     the channel is archived; it goes out when that ends
    ");
    assert_snapshot!(door.ok(&["status"]).await.lines().find(|line| line.contains("broken")).unwrap_or_default(), @"  broken     #support takes no messages: the channel is archived (just now; 1 waiting, next look in 59 s)");
    assert!(door.ok(&["why", "send 1"]).await.contains("held: the channel is archived"));
    world.slack.unarchive_channel("support").unwrap();
    world.pass(1).await;
    // A person who retries need not wait for the next look.
    assert_snapshot!(door.ok(&["queue", "retry", "1"]).await, @"send 1 to #support is tried again; hint: deskd queue list");
    world.pass(5).await;
    assert_eq!(world.slack.posts("support").unwrap().len(), 1);
    assert!(!door.ok(&["status"]).await.contains("takes no messages"));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn channels_team_and_contacts_are_told_as_tables_and_sentences() {
    let (world, door) = desk().await;
    let ids = |text: String| {
        regex::Regex::new(r"\b[CUTB]0[0-9A-Z]{6,}\b").unwrap().replace_all(&text, "ID").into_owned()
    };
    assert_snapshot!(ids(door.ok(&["channels", "list"]).await), @"
    CHANNEL   ID           MONITORED  BOT IS IN  KIND
    #general  ID  no         yes        public
    #random   ID  no         no         public
    #sales    ID  yes        yes        public
    #support  ID  yes        yes        public
    ");
    assert_snapshot!(door.ok(&["channels", "ignore", "#sales"]).await, @"#sales is ignored now");
    assert_snapshot!(ids(door.ok(&["team", "add", "@grace"]).await), @"grace (ID) is on the team now");
    assert_snapshot!(ids(door.ok(&["team", "add", "@grace"]).await), @"grace (ID) is on the team already");
    assert_snapshot!(ids(door.ok(&["team", "remove", "@grace"]).await), @"grace (ID) is not on the team any more");
    assert_snapshot!(door.ok(&["contact", "list"]).await, @"no contacts yet; they come with the first message, or hint: deskd contact import FILE.csv");
    let file = door.file("contacts.csv");
    std::fs::write(&file, "name,email,company\nAda Lovelace,ada@acme.example,Acme\n").unwrap();
    assert_snapshot!(door.ok(&["contact", "import", &file.display().to_string()]).await, @"1 created, 0 updated, 0 as they were");
    assert_snapshot!(door.ok(&["contact", "list"]).await, @"
    ID  NAME          EMAIL             COMPANY  SLACK  TASKS
    1   Ada Lovelace  ada@acme.example  Acme            0
    ");
    assert_snapshot!(door.ok(&["contact", "erase", "1"]).await, @"contact 1 is erased; it had no tasks, and backups keep what they hold");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn errors_name_the_next_step_and_end_with_the_right_code() {
    let (world, door) = desk().await;
    for (words, code) in [
        (&["task", "show", "9"][..], 1),
        (&["task", "show", "nine"], 2),
        (&["task", "list", "--status", "late"], 2),
        (&["channels", "monitor", "#suport"], 1),
        (&["why", "something"], 2),
        (&["replay", "--reason", "sent"], 2),
        (&["contact", "import", "/nowhere.csv"], 1),
    ] {
        let ended = door.deskd(words).await;
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{words:?}: {}", ended.err);
        assert!(
            ended.err.starts_with("error: ") && ended.err.contains("\n  hint: "),
            "{words:?}: {}",
            ended.err
        );
    }
    let ended = door.deskd(&["--json", "task", "show", "9"]).await;
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &document["code"], ended.err.as_str()), (1, &"no_such_task".into(), ""));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn json_is_the_document_of_the_api() {
    let (world, door) = desk().await;
    for (words, path) in [
        (&["--json", "status"][..], "/v1/status"),
        (&["task", "list", "--json", "--all"], "/v1/tasks?status=all"),
        (&["--json", "channels", "list"], "/v1/channels"),
        (&["--json", "team", "list"], "/v1/team"),
        (&["--json", "queue", "list"], "/v1/queue"),
    ] {
        let shown: serde_json::Value = serde_json::from_str(&door.ok(words).await).unwrap();
        assert_eq!(shown, door.get(path).await.1, "{words:?}");
    }
    finish(world, door).await;
}

#[tokio::test]
async fn a_stopped_daemon_is_told_in_one_sentence() {
    crate::world::crypto();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("deskd.sock").display().to_string();
    for words in [&["status"][..], &["task", "list"], &["reply", "1", "x"], &["replay"]] {
        let ended = deskd(["deskd", "--socket", &socket].into_iter().chain(words.iter().copied())).await;
        assert_eq!((ended.code, ended.out.as_str()), (75, ""), "{words:?}");
        let told = ended.err.replace(&socket, "SOCKET");
        assert_eq!(
            told,
            "error: deskd is not running (no answer on SOCKET)\n  hint: systemctl start deskd, or deskd run\n"
        );
    }
    let ended = deskd(["deskd", "--socket", &socket, "--json", "status"]).await;
    let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&document["code"], &document["retryable"]), (&"not_running".into(), &true.into()));
}

#[tokio::test(start_paused = true)]
async fn a_backup_comes_back_only_when_nothing_runs_and_with_force() {
    let (mut world, door) = desk().await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, format!("[store]\npath = {:?}\n", world.database().display().to_string()))
        .unwrap();
    let (config, copy) = (config.display().to_string(), folder.path().join("copy.db").display().to_string());
    let shown = door.ok(&["--config", &config, "backup", &copy]).await;
    assert!(shown.contains("copy.db: ") && shown.contains("bytes, checked"), "{shown}");
    let ended = door.deskd(&["--config", &config, "restore", &copy, "--force"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.err, @"
    error: deskd is running and would go on with the old database
      hint: systemctl stop deskd deskd.socket, then again
    ");
    let database = world.database().display().to_string();
    let socket = door.socket.display().to_string();
    door.close().await;
    world.close().await;
    let line = ["deskd", "--socket", &socket, "--config", &config, "restore", &copy];
    let ended = deskd(line).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.err.replace(&database, "DATABASE"), @"
    error: there is a database at DATABASE
      hint: --force replaces it and keeps it beside as .before-restore
    ");
    let ended = deskd(line.into_iter().chain(["--force"])).await;
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    assert!(std::path::Path::new(&format!("{database}.before-restore")).exists());
}

#[tokio::test(start_paused = true)]
async fn check_knows_the_channels_that_the_database_knows() {
    let (world, door) = desk().await;
    let config = door.file("config.toml");
    let database = world.database().display().to_string();
    let text =
        format!("[store]\npath = {database:?}\n[[category]]\nname = \"bug\"\nchannels = [\"#suport\"]\n");
    std::fs::write(&config, text).unwrap();
    let ended = door.deskd(&["--config", &config.display().to_string(), "check"]).await;
    assert_eq!(ended.code, 2, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("no channel #suport is known"), "{}", ended.out);
    assert!(ended.out.contains("did you mean \"#support\"?"), "{}", ended.out);
    finish(world, door).await;
}
