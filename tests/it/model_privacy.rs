//! What leaves for a language model, that nothing else does, and what is kept of it.

use std::time::Duration;

use deskd::config::model::Egress;
use deskd::domain::task::Actor;
use deskd::simulator::Setup;
use deskd::store::retention::{Class, Retention};
use deskd::store::tasks::Handling;
use serde_json::Value;

use crate::api_door::Door;
use crate::models::{Model, NAME, Speaks, complaint};
use crate::world::World;

use crate::language_models::{ABSTAIN, UNSURE, WITH_SUMMARIES, desk, settled};

/// What nobody needs to know in order to sort a message, all of it in the conversation that is asked about.
const PRIVATE: [&str; 9] = [
    "Lovelace",
    "ada@globex.example",
    "030 1234567",
    "4111 1111 1111 1111",
    "ghp_1secret",
    "plan-of-ada.pdf",
    "we look into it",
    "PROJ-77",
    "session=abc",
];

#[tokio::test(start_paused = true)]
async fn agt_14_of_a_conversation_leaves_what_privacy_says_and_nothing_else() {
    for speaks in [Speaks::Openai, Speaks::Anthropic] {
        let model = Model::start(speaks).await;
        let own = vec!["PROJ-[0-9]+".to_owned()];
        let world = desk(&model, WITH_SUMMARIES, |config| config.model.redact = own).await;
        let (ada, grace) = (world.slack.user_id("ada").unwrap(), world.slack.user_id("grace").unwrap());
        let text = format!(
            "{UNSURE} on PROJ-77, see https://x.example/p?session=abc. <@{grace}> knows. Call 030 1234567, card 4111 1111 1111 1111, \
             token ghp_1secret, ada@globex.example. Ada"
        );
        let root = world.slack.share_file("ada", "support", "plan-of-ada.pdf", &text).unwrap();
        world.slack.say_in_thread("tess", "support", &root, "we look into it").unwrap();
        settled(&world).await;
        world.slack.say("grace", "sales", "the zorbel is greyed").unwrap();
        settled(&world).await;
        let requests = model.requests();
        assert_eq!(requests.len(), 2, "each task was asked about once");

        let door = Door::open(world.desk().front());
        let file = door.file("config.toml");
        let protocol = format!("{speaks:?}").to_lowercase();
        let text = format!(
            "[model]\nprotocol = \"{protocol}\"\nurl = \"{}\"\nname = \"{NAME}\"\n[triage]\nmodel = \"abstain\"\nsummaries = true\n",
            model.url()
        );
        std::fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        let flows: Value =
            serde_json::from_str(&door.ok(&["--config", &path, "privacy", "--json"]).await).unwrap();
        let flow = flows.as_array().unwrap().iter().find(|flow| flow["receiver"] == "model").unwrap();
        assert!(model.url().contains(flow["to"].as_str().unwrap().split(" at ").nth(1).unwrap()));
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let mut declared: Vec<String> = flow["leaves"]
            .as_array()
            .unwrap()
            .iter()
            .map(|leaving| leaving["name"].as_str().unwrap().to_owned())
            .collect();
        declared.retain(|name| !["instructions", "envelope"].contains(&name.as_str()));
        declared.sort();

        let mut frames = Vec::new();
        for request in &requests {
            assert_eq!(complaint(request, speaks), None);
            let seen: Vec<&str> = PRIVATE.into_iter().filter(|word| request.contains(word)).collect();
            assert!(seen.is_empty(), "{speaks:?} got {seen:?}");
            for id in [&ada, &grace, &world.workspace.0, &world.slack.channel_id("support").unwrap(), &root] {
                assert!(!request.contains(id.as_str()), "{id} is nobody's business");
            }
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let mut body: Value = serde_json::from_str(body).unwrap();
            let place = match speaks {
                Speaks::Openai => "/messages/1/content",
                Speaks::Anthropic => "/messages/0/content",
            };
            let place = body.pointer_mut(place).unwrap();
            let data: Value = serde_json::from_str(place.as_str().unwrap()).unwrap();
            let mut keys = names(&data);
            keys.sort();
            assert_eq!(keys, declared, "a field that is not declared");
            *place = Value::Null;
            let head: Vec<&str> = head.lines().filter(|line| !line.starts_with("content-length")).collect();
            frames.push((head.join("\n"), body));
        }
        assert_eq!(frames[0], frames[1], "beside the data nothing depends on who wrote what");
        let said = model.questions()[0]["messages"][0].as_str().unwrap().to_owned();
        assert!(said.starts_with(&format!("{UNSURE} on [redacted], see https://x.example/p")), "{said}");
        assert_eq!(model.questions()[0]["files"], 1);
        door.close().await;
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn agt_14_privacy_lists_everybody_who_is_told_something() {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    let file = door.file("config.toml");
    std::fs::write(&file, "[log]\nlevel = \"info\"\n").unwrap();
    let path = file.display().to_string();
    let said = door.ok(&["--config", &path, "privacy"]).await;
    assert!(said.contains("No language model is asked"), "{said}");
    assert!(said.starts_with("slack  slack.com\n") && said.contains("Nothing else leaves"), "{said}");
    let text = "[model]\nurl = \"https://api.example.com/v1\"\nname = \"big\"\negress = \"any\"\n[triage]\nmodel = \"always\"\n\
                [[endpoint]]\nname = \"crm\"\nurl = \"https://crm.example.com/secret-path\"\n\
                [mail]\nserver = \"smtp.example.com\"\nfrom = \"d@example.com\"\n\
                [alarm]\ncommand = [\"/bin/page\"]\n[ping]\nurl_file = \"ping\"\n\
                [[route]]\nname = \"all\"\nto = [\"webhook:ops\"]\n\
                [[report]]\nname = \"stock\"\ncron = \"0 9 * * *\"\nchannel = \"#ops\"\ntemplate = \"team\"\ncommand = [\"/bin/stock\"]\n";
    std::fs::write(&file, text).unwrap();
    let said = door.ok(&["--config", &path, "privacy", "--json"]).await;
    assert!(!said.contains("secret-path"), "an address may be a secret");
    let flows: Value = serde_json::from_str(&said).unwrap();
    let receivers: Vec<&str> =
        flows.as_array().unwrap().iter().map(|flow| flow["receiver"].as_str().unwrap()).collect();
    assert_eq!(receivers, ["slack", "webhook", "model", "endpoint", "mail", "alarm", "ping", "program"]);
    assert_eq!(flows[1]["to"], "ops, and what else is in \"deskd webhook list\"");
    assert_eq!(flows[7]["to"], "/bin/stock");
    assert_eq!(flows[2]["to"], "big at api.example.com");
    assert!(flows[2]["when"].as_str().unwrap().contains("leave your network"));
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_in_time_takes_its_questions_and_calls_along() {
    let model = Model::start(Speaks::Openai).await;
    let world = desk(&model, WITH_SUMMARIES, |_| {}).await;
    world.slack.say("ada", "support", UNSURE).unwrap();
    settled(&world).await;
    world.handle(1, Handling::Close).await;
    let day = Duration::from_secs(24 * 60 * 60);
    let retention = Retention { events: day, tasks: day, deliveries: day };
    let later = world.clock.now().plus(2 * day);
    assert_eq!(world.store().prune(Class::Tasks, retention, later).await.unwrap(), 1);
    let path = world.database();
    let left = tokio::task::spawn_blocking(move || {
        let sql = "SELECT (SELECT COUNT(*) FROM advice) + (SELECT COUNT(*) FROM model_calls)";
        rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    });
    assert_eq!(left.await.unwrap(), 0);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_contact_takes_summary_and_calls_along_and_the_budget_stays() {
    let model = Model::start(Speaks::Openai).await;
    let world = desk(&model, WITH_SUMMARIES, |_| {}).await;
    world.slack.say("ada", "support", &format!("{UNSURE}, says Ada")).unwrap();
    settled(&world).await;
    let space = world.space();
    let task = world.task(1).await;
    let id = task.task.contact.id;
    let held = space.export_contact(id).await.unwrap().unwrap();
    assert_eq!((held["model_calls"].len(), held["advice"].len()), (1, 1));
    assert!(held["tasks"][0]["summary"].as_str().unwrap().contains("asks about"));
    space.erase_contact(id, Actor::Desk, world.clock.now()).await.unwrap();
    let held = space.export_contact(id).await.unwrap().unwrap();
    assert_eq!((held["model_calls"].len(), held["advice"].len()), (0, 0));
    let task = world.task(1).await;
    assert_eq!((task.task.title, task.task.summary), (None, None));
    assert_eq!(space.model_spending(world.clock.now()).await.unwrap().calls, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_model_outside_is_refused_at_the_start_where_egress_is_local() {
    for (url, egress, refused) in [
        ("http://10.1.2.3:11434/v1", Egress::Local, true),
        ("https://8.8.8.8/v1", Egress::Local, true),
        ("http://2130706433:1/v1", Egress::Local, false),
        ("http://134744072/v1", Egress::Local, true),
        ("http://[::ffff:8.8.8.8]/v1", Egress::Local, true),
        ("http://8.8.8.8/v1", Egress::Any, true),
        ("https://8.8.8.8/v1", Egress::Any, false),
        ("http://localhost:1/v1", Egress::Local, false),
    ] {
        let world = World::without_desk(Setup::default(), |config| {
            config.model.url = Some(url.to_owned());
            config.model.name = Some(NAME.to_owned());
            config.model.egress = egress;
            config.wish = ABSTAIN;
        });
        match world.try_open().await {
            Ok(desk) => {
                assert!(!refused, "{url} is called");
                desk.stop(Duration::from_secs(8)).await;
            }
            Err(problem) => {
                let told = format!("{problem:#}");
                assert!(refused && told.contains("lets nothing go"), "{url}: {told}");
            }
        }
    }
}
