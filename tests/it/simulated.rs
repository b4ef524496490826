//! The Slack client against the simulator: two readings of Slack's documentation that know nothing of each other.

use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::ids::{ChannelId, MessageTs, PersonId};
use deskd::domain::message::{Arrival, ChannelChange};
use deskd::domain::time::{Now, Timestamp};
use deskd::simulator::{Fault, Handshake, Reason, Setup, Simulator, Times, Which};
use deskd::slack::api::{Api, Post};
use deskd::slack::decode::decode;
use deskd::slack::sent::LookUp;
use deskd::slack::socket::{Acks, Envelope, LinkState, Links, SocketSettings, run};
use deskd::slack::wire::keys;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::stage::{Stored, until};

/// The simulated workspace with the links running against it.
struct Scene {
    slack: Simulator,
    api: Api,
    links: Links,
    envelopes: mpsc::Receiver<Envelope>,
    stop: CancellationToken,
}

impl Scene {
    async fn open(sockets: usize) -> Scene {
        crate::log::start();
        crate::world::crypto();
        let listen = "127.0.0.1:0".parse().expect("an address");
        let slack = Simulator::start(listen, Setup::default()).expect("the simulator starts");
        let (bot, app) = (Secret::new(&slack.bot_token()), Secret::new(&slack.app_token()));
        let api = Api::new(&slack.api_url(), &bot, &app).expect("the address is good");
        let (out, envelopes) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let clock = slack.clone();
        let now: Now = std::sync::Arc::new(move || Timestamp(clock.now_ms()));
        let settings = SocketSettings { wanted: sockets, api: api.clone(), further: Vec::new(), now };
        let (links, all) = run(settings, out, stop.clone());
        tokio::spawn(all);
        let scene = Scene { slack, api, links, envelopes, stop };
        until(|| scene.links.states().iter().all(|link| link.state == LinkState::Connected)).await;
        scene
    }

    /// The next envelope, acknowledged.
    async fn next(&mut self) -> Envelope {
        let wait = tokio::time::timeout(Duration::from_secs(30), self.envelopes.recv());
        let envelope = wait.await.expect("something arrives").expect("the links run");
        let mut acks = Acks::default();
        acks.add(&envelope, &Stored);
        acks.send();
        envelope
    }

    /// What the next envelope means.
    async fn arrival(&mut self) -> Arrival {
        let envelope = self.next().await;
        let us = PersonId(self.slack.setup().app.bot_user_id);
        decode(&envelope.kind, &envelope.payload, Some(&us)).expect("the payload decodes")
    }

    fn channel(&self, name: &str) -> ChannelId {
        ChannelId(self.slack.channel_id(name).expect("the channel exists"))
    }

    fn say(&self, text: &str) -> String {
        self.slack.say("ada", "support", text).expect("ada may write")
    }
}

#[tokio::test(start_paused = true)]
async fn what_people_do_is_understood() {
    let mut scene = Scene::open(2).await;
    let support = scene.channel("support");
    let ts = scene.say("help &amp; hurry");
    let envelope = scene.next().await;
    let found = keys(&envelope.kind, &envelope.payload);
    assert_eq!((found.workspace.as_deref(), found.kind.as_deref()), (Some("T0ACME00001"), Some("message")));
    assert!(found.event_id.is_some_and(|id| id.starts_with("Ev")));
    let Ok(Arrival::Posted(posted)) = decode(&envelope.kind, &envelope.payload, None) else {
        panic!("not a post")
    };
    assert_eq!((&posted.channel, &posted.ts.0, posted.text.as_str()), (&support, &ts, "help &amp; hurry"));
    assert_eq!(
        posted.author.person.map(|person| person.0).as_deref(),
        scene.slack.user_id("ada").ok().as_deref()
    );

    scene.slack.say_in_thread("ada", "support", &ts, "<@U0DESKBOT01> please").expect("ada may answer");
    for _ in 0..2 {
        let Arrival::Posted(twin) = scene.arrival().await else { panic!("not a post") };
        assert!(twin.mentions_us && twin.thread == Some(MessageTs(ts.clone())));
    }
    scene.slack.edit("support", &ts, "help").expect("ada may edit");
    let Arrival::Edited(edit) = scene.arrival().await else { panic!("not an edit") };
    assert_eq!(
        (edit.ts.0.as_str(), edit.text.as_str(), edit.previous.as_deref()),
        (&*ts, "help", Some("help &amp; hurry"))
    );
    scene.slack.share_file("ada", "support", "log.txt", "").expect("ada may share");
    let Arrival::Posted(upload) = scene.arrival().await else { panic!("not a post") };
    assert_eq!((upload.files, upload.text.as_str()), (vec!["log.txt".to_owned()], ""));
    scene.slack.delete("support", &ts).expect("ada may delete");
    assert!(matches!(scene.arrival().await, Arrival::Deleted { ts: gone, .. } if gone.0 == ts));
    scene.slack.rename_channel("support", "help").expect("a channel may be renamed");
    let Arrival::Channel(news) = scene.arrival().await else { panic!("not channel news") };
    assert_eq!(news.change, ChannelChange::Renamed("help".to_owned()));
    scene.slack.run_command("ada", "help", "/desk", "list").expect("ada may run a command");
    let Arrival::Command(command) = scene.arrival().await else { panic!("not a command") };
    assert_eq!((command.name.as_str(), command.text.as_str()), ("/desk", "list"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((scene.slack.unacked(), scene.slack.complaints()), (0, Vec::<String>::new()));
}

#[tokio::test(start_paused = true)]
async fn the_methods_we_call_answer_as_we_expect() {
    let scene = Scene::open(1).await;
    let (api, support) = (&scene.api, scene.channel("support"));
    let identity = api.auth_test().await.expect("the token is good");
    let us = identity.ourselves;
    assert_eq!(
        (us.person.0.as_str(), us.bot.as_str(), us.app.as_deref()),
        ("U0DESKBOT01", "B0DESKBOT01", Some("A0DESKAPP01"))
    );
    assert!(identity.scopes.iter().any(|scope| scope == "chat:write"));
    let ada = PersonId(scene.slack.user_id("ada").expect("ada exists"));
    let profile = api.user_info(&ada).await.expect("ada is known");
    assert_eq!(profile.email.as_deref(), Some("ada@globex.example"));
    assert_eq!(api.lookup_by_email("ada@globex.example").await.map(|found| found.person), Ok(ada));
    assert!(api.user_list().await.expect("people are listed").iter().any(|person| person.handle == "tess"));
    let joined = api.conversations_joined().await.expect("channels are listed");
    assert!(joined.iter().any(|channel| channel.id == support && channel.is_member));
    assert!(!joined.iter().any(|channel| channel.name == "random"));
    let all = api.conversations_list().await.expect("channels are listed");
    assert!(all.iter().any(|channel| channel.name == "random" && !channel.is_member));
    assert_eq!(api.conversation_info(&support).await.map(|channel| channel.name), Ok("support".to_owned()));
    let post = Post { channel: &support, thread: None, text: "hello", blocks: None, key: "k1" };
    let ts = api.post_message(&post).await.expect("posted").ts.expect("Slack said the ts");
    assert!(
        api.permalink(&support, &ts).await.expect("a link").starts_with("https://acme.slack.com/archives/")
    );
    let random = scene.channel("random");
    let outside = Post { channel: &random, thread: None, text: "hello", blocks: None, key: "k2" };
    let refused = api.post_message(&outside).await.expect_err("the bot is not in there");
    assert_eq!(refused.code(), "not_in_channel");
    assert_eq!(scene.slack.complaints(), Vec::<String>::new());
}

fn look_up<'a>(
    channel: &'a ChannelId,
    thread: Option<&'a MessageTs>,
    key: &'a str,
    since: Timestamp,
) -> LookUp<'a> {
    LookUp { channel, thread, key, since, from: "" }
}

#[tokio::test(start_paused = true)]
async fn f35_a_message_whose_answer_was_cut_is_found_again_by_its_key() {
    let scene = Scene::open(1).await;
    let support = scene.channel("support");
    let parent = MessageTs(scene.say("help"));
    for (number, thread) in [None, Some(&parent)].into_iter().enumerate() {
        let since = Timestamp(scene.slack.now_ms());
        let key = format!("k{number}");
        let post = Post { channel: &support, thread, text: "hello", blocks: None, key: &key };
        scene.slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
        let failure = scene.api.post_message(&post).await.expect_err("the answer was cut");
        assert_eq!(failure.code(), "unknown_outcome");
        let found =
            scene.api.find_sent(look_up(&support, thread, &key, since)).await.expect("history is read");
        let sent = scene.slack.posts("support").expect("the channel exists").pop().expect("it was posted");
        assert_eq!(found, Some(MessageTs(sent.ts)));
        assert_eq!(scene.api.find_sent(look_up(&support, thread, "other", since)).await, Ok(None));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_server_does_to_the_sockets_every_event_arrives() {
    let mut scene = Scene::open(2).await;
    let troubles: [fn(&Simulator) -> usize; 6] = [
        |slack| slack.disconnect(Which::All, Reason::Warning),
        |slack| slack.disconnect(Which::Oldest, Reason::RefreshRequested),
        |slack| slack.cut_sockets(Which::All),
        |slack| slack.close_sockets(Which::Newest, 1012),
        |slack| slack.stall_sockets(Which::Newest),
        |slack| {
            slack.next_handshakes([Handshake::Refuse(408), Handshake::Disconnect(Reason::Warning)]);
            slack.cut_sockets(Which::All)
        },
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        assert!(trouble(&scene.slack) > 0);
        let text = format!("message {number}");
        scene.say(&text);
        loop {
            // A redelivery of an earlier one may come first.
            let Arrival::Posted(posted) = scene.arrival().await else { panic!("not a post") };
            if posted.text == text {
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert!(scene.slack.sockets() <= 3, "{number}: {} sockets", scene.slack.sockets());
        assert_eq!(
            scene.links.states().iter().filter(|link| link.state == LinkState::Connected).count(),
            2,
            "{number}"
        );
    }
    while scene.envelopes.try_recv().is_ok() {}
    scene.stop.cancel();
    until(|| scene.slack.sockets() == 0).await;
}
