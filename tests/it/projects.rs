//! Projects: each bound to one channel, each with programs of its own, which neither see nor reach anything of another's.

use std::path::Path;

use deskd::config::{Config, Secret, Sources};
use deskd::domain::seal::Keyring;
use deskd::simulator::{ChannelSetup, Setup, Simulator};
use deskd::web::serve_tcp;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api_door::Door;
use crate::workspaces::{connect, globex};
use crate::world::World;

/// Two projects at home and one at Globex that has the name of the first; a caller for each, and one for the whole desk.
const PROJECTS: &str = r##"
[[project]]
name = "apollo"
channel = "#apollo"
[[project]]
name = "zeus"
channel = "#zeus"
[[project]]
name = "apollo"
workspace = "Globex"
channel = "#apollo"
[[route]]
name = "overview"
to = ["#overview"]
"##;

/// The callers: name, and what its section says beside that.
const CALLERS: [(&str, &str); 4] = [
    ("apollo", "project = \"apollo\""),
    ("zeus", "project = \"zeus\""),
    ("far", "project = \"apollo\"\nworkspace = \"globex\""),
    ("all", ""),
];

/// A desk in Acme and in Globex, with projects and their callers.
pub struct Town {
    pub world: World,
    pub globex: Simulator,
    door: Door,
    http: reqwest::Client,
    base: String,
    stop: CancellationToken,
    folder: TempDir,
}

/// A workspace with the channels of the projects.
fn with_channels(setup: Setup) -> Setup {
    let mut channels = setup.channels;
    channels.extend(["apollo", "zeus", "overview"].map(ChannelSetup::public));
    Setup { channels, ..setup }
}

/// The token of a caller.
fn token(caller: &str) -> String {
    format!("{caller}-token-0123456789abcdef0123")
}

/// The configuration, with the tokens in files beside it.
fn written(folder: &Path, projects: &str, is_there: fn(&str) -> bool) -> String {
    let mut text = projects.to_owned();
    for (name, says) in CALLERS.into_iter().filter(|(name, _)| is_there(name)) {
        let file = folder.join(name);
        std::fs::write(&file, token(name)).unwrap();
        let file = file.display();
        text.push_str(&format!("[[caller]]\nname = \"{name}\"\ntoken_file = \"{file}\"\n{says}\n"));
    }
    text
}

impl Town {
    pub async fn open() -> Town {
        let folder = tempfile::tempdir().unwrap();
        let read: Config = crate::notices::read(&written(folder.path(), PROJECTS, |_| true));
        let mut world = World::without_desk(with_channels(Setup::default()), |config| {
            config.routing = read.routing;
            config.doors = read.doors;
        });
        world.keys = Some(Keyring::parse(&"07".repeat(32)).unwrap());
        world.settle().await;
        let globex = world.slack.add_workspace(with_channels(globex()));
        let door = Door::open(world.desk().front());
        connect(&world, &door, &globex).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve_tcp(listener, world.desk().front(), Secret::new("api-token"), stop.clone()));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        world.pass(20).await;
        Town { world, globex, door, http, base, stop, folder }
    }

    /// What a caller gets to hear.
    pub async fn ask(&self, caller: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(token(caller));
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn get(&self, caller: &str, path: &str) -> (u16, Value) {
        self.ask(caller, Method::GET, path, None).await
    }

    pub async fn post(&self, caller: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(caller, Method::POST, path, Some(body)).await
    }

    /// Hands an alert in, which has to be taken; its number.
    pub async fn alert(&self, caller: &str, title: &str, status: &str) -> i64 {
        let notice =
            json!({ "kind": "alert", "status": status, "title": title, "fields": { "system": "db-1" } });
        let (status, taken) = self.post(caller, "/v1/notices", notice).await;
        assert_eq!(status, 200, "{taken}");
        taken["notices"][0]["id"].as_i64().unwrap()
    }

    /// First lines of what stands in a channel of each workspace.
    fn told(&self, channel: &str) -> [Vec<String>; 2] {
        [&self.world.slack, &self.globex].map(|slack| {
            let posts = slack.posts(channel).unwrap();
            posts.into_iter().map(|post| post.text.lines().next().unwrap_or_default().to_owned()).collect()
        })
    }

    /// The rows of projects, without times.
    async fn rows(&self) -> Vec<String> {
        let path = self.world.database();
        let read = move || -> rusqlite::Result<Vec<String>> {
            let connection = rusqlite::Connection::open(path)?;
            let sql = "SELECT p.workspace || ' ' || p.name || ' ' || p.channel || ' ' || p.enabled || ' of ' || i.workspace
                       FROM projects p JOIN installations i ON i.id = p.installation ORDER BY p.workspace, p.name";
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        tokio::task::spawn_blocking(read).await.unwrap().unwrap()
    }

    /// Puts another configuration into effect.
    async fn reload(&self, projects: &str) {
        self.reload_with(projects, |_| true).await;
    }

    /// The same with some of the callers.
    async fn reload_with(&self, projects: &str, is_there: fn(&str) -> bool) {
        let file = self.folder.path().join("config.toml");
        std::fs::write(&file, written(self.folder.path(), projects, is_there)).unwrap();
        let env = [("HOME".to_owned(), "/home/ada".to_owned())];
        let sources = Sources { config: Some(file), env: env.into(), flags: Vec::new(), root: true };
        self.world.desk().reload(&sources).await.unwrap();
        self.world.pass(1).await;
    }

    /// Stops the desk and starts it again; its port stays closed.
    async fn restart(&mut self) {
        self.stop.cancel();
        self.world.close().await;
        self.world.open().await;
        self.world.pass(20).await;
    }

    /// Ends a scene that leaves something undone on purpose.
    pub async fn shut(self) {
        self.stop.cancel();
        self.door.close().await;
        self.world.close_quietly().await;
    }

    pub async fn close(self) {
        self.stop.cancel();
        self.door.close().await;
        self.world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sec_22_what_a_projects_program_hands_over_goes_to_its_channel_and_is_refused_elsewhere() {
    let town = Town::open().await;
    for caller in ["apollo", "zeus", "far", "all"] {
        town.alert(caller, &format!("{caller} is full"), "firing").await;
    }
    town.world.pass(5).await;
    let one = |text: &str| vec![text.to_owned()];
    assert_eq!(town.told("apollo"), [one("apollo is full"), one("far is full")]);
    assert_eq!(town.told("zeus"), [one("zeus is full"), Vec::new()]);
    assert_eq!(town.told("overview"), [one("all is full"), Vec::new()]);
    // Named outright, by the channel's name or its id, the own channel is the only place.
    let id = town.world.slack.channel_id("apollo").unwrap();
    let zeus = town.world.slack.channel_id("zeus").unwrap();
    for (to, status) in [
        ("#apollo", 200),
        (id.as_str(), 200),
        ("#zeus", 403),
        (zeus.as_str(), 403),
        ("#nowhere", 403),
        ("@tess", 403),
        ("webhook:ops", 403),
        ("endpoint:crm", 403),
        ("mail:eve@example.com", 403),
    ] {
        let notice = json!({ "kind": "message", "title": "straight on", "to": [to] });
        let (answered, said) = town.post("apollo", "/v1/notices", notice).await;
        assert_eq!(answered, status, "{to}: {said}");
        if status == 403 {
            assert_eq!(said["code"], "other_project", "{said}");
        }
    }
    let named = json!({ "kind": "alert", "fields": { "system": "db-1", "project": "zeus" } });
    let (status, said) = town.post("apollo", "/v1/notices", named).await;
    assert_eq!((status, said["code"].as_str()), (403, Some("other_project")), "{said}");
    let all = json!([{ "kind": "alert", "title": "good" }, { "kind": "alert", "to": ["#zeus"] }]);
    assert_eq!(town.post("apollo", "/v1/notices", all).await.0, 403, "all, or none");
    town.world.pass(5).await;
    assert_eq!(town.told("apollo")[0], ["apollo is full", "straight on", "straight on"]);
    assert_eq!(town.told("zeus"), [one("zeus is full"), Vec::new()]);
    assert_eq!(town.told("overview"), [one("all is full"), Vec::new()]);
    town.close().await;
}

#[tokio::test(start_paused = true)]
async fn sec_22_a_route_that_leads_out_of_the_project_is_passed_over_and_says_so() {
    let town = Town::open().await;
    let mailed = PROJECTS.replace("to = [\"#overview\"]", "to = [\"#overview\"]\ncontinue = true");
    town.reload(&format!(
        "{mailed}[[route]]\nname = \"own\"\nkind = \"message\"\nto = [\"#zeus\", \"project\"]\n\
         [[route]]\nname = \"noise\"\nkind = \"test\"\nto = []\n"
    ))
    .await;
    let id = town.alert("apollo", "apollo is full", "firing").await;
    for kind in ["message", "test"] {
        let (status, said) = town.post("apollo", "/v1/notices", json!({ "kind": kind, "title": kind })).await;
        assert_eq!(status, 200, "{said}");
    }
    town.world.pass(5).await;
    assert_eq!(town.told("apollo")[0], ["apollo is full", "message"], "by no route, and by one that stays");
    assert_eq!((town.told("zeus"), town.told("overview")), Default::default());
    let why = town.door.ok(&["why", "notice", &id.to_string(), "--workspace", "Acme"]).await;
    for part in [
        "handed in by apollo for the project apollo as alert",
        "route overview does not take it: it leads out of the channel of the project apollo",
        "to channel #apollo, by route project apollo",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let file = town.folder.path().join("config.toml").display().to_string();
    let explain = async |more: &[&str]| {
        let words = ["--config", &file, "route", "explain", "alert", "--field", "system=db-1"];
        town.door
            .ok(&words.iter().chain(more).copied().chain(["--workspace", "Acme"]).collect::<Vec<_>>())
            .await
    };
    let bound = explain(&["--caller", "apollo"]).await;
    assert!(bound.contains("overview  it leads out of the channel of the project apollo"), "{bound}");
    assert!(bound.contains("goes to channel:#apollo by project apollo: now"), "{bound}");
    let open = explain(&["--caller", "all"]).await;
    assert!(open.contains("goes to channel:#overview by overview: now"), "{open}");
    let nobody = town.door.deskd(&["--config", &file, "route", "explain", "alert", "--caller", "zues"]).await;
    assert!(nobody.code == 1 && nobody.err.contains("no caller"), "{}", nobody.err);
    town.close().await;
}

#[tokio::test(start_paused = true)]
async fn oau_11_a_project_is_a_row_under_its_installation_and_follows_configuration_and_departures() {
    let mut town = Town::open().await;
    let all = [
        "T0ACME00001 apollo channel:#apollo 1 of T0ACME00001",
        "T0ACME00001 zeus channel:#zeus 1 of T0ACME00001",
        "T0GLOBEX001 apollo channel:#apollo 1 of T0GLOBEX001",
    ];
    assert_eq!(town.rows().await, all, "the same name in two workspaces is two projects");
    let late =
        json!({ "kind": "alert", "title": "later", "at": town.world.clock.now().unix_seconds() + 3600 });
    assert_eq!(town.post("zeus", "/v1/notices", late).await.0, 200);
    let fired = town.alert("zeus", "zeus is full", "firing").await;
    town.world.pass(2).await;
    let silence = json!({ "match": { "kind": ["alert"] }, "until": "30d", "reason": "zeus alone" });
    assert_eq!(town.post("zeus", "/v1/silences", silence).await.0, 200);
    // Zeus leaves the configuration, apollo moves, and its far namesake is switched off.
    let moved = PROJECTS
        .replacen("#apollo", "#random", 1)
        .replace("name = \"zeus\"\nchannel = \"#zeus\"", "name = \"hera\"\nchannel = \"#nobody\"");
    let moved = moved.replace("workspace = \"Globex\"", "workspace = \"Globex\"\nenabled = false");
    let moved =
        format!("{moved}[[project]]\nname = \"lost\"\nworkspace = \"Initech\"\nchannel = \"#lost\"\n");
    town.reload_with(&moved, |caller| caller != "zeus").await;
    assert_eq!(
        town.rows().await,
        [
            "T0ACME00001 apollo channel:#random 1 of T0ACME00001",
            "T0ACME00001 hera channel:#nobody 1 of T0ACME00001",
            "T0GLOBEX001 apollo channel:#apollo 0 of T0GLOBEX001",
        ]
    );
    insta::assert_snapshot!(town.door.ok(&["project", "list"]).await, @"
    PROJECT  WORKSPACE  CHANNEL  STATE
    apollo   Acme       #random  bot not in channel
    hera     Acme       #nobody  channel unknown
    apollo   Globex     #apollo  off
    lost     Initech    #lost    not installed
    ");
    insta::assert_snapshot!(town.door.ok(&["project", "list", "--workspace", "Globex"]).await, @"
    PROJECT  WORKSPACE  CHANNEL  STATE
    apollo   Globex     #apollo  off
    ");
    // What zeus had handed in is nobody's, and nothing of it begins to be about the whole workspace.
    let (_, notice) = town.door.get(&format!("/v1/notices/{fired}?")).await;
    assert!(notice["message"].is_string(), "several workspaces, and none is named: {notice}");
    let shown = town.door.ok(&["notices", "list", "--json", "--workspace", "Acme"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    for row in shown.as_array().unwrap() {
        assert!(row["project"].is_null(), "{row}");
        let (state, reason) =
            if row["title"] == "later" { ("dropped", "no_project") } else { ("routed", "") };
        assert_eq!(
            (row["state"].as_str(), row["reason"].as_str().unwrap_or_default()),
            (Some(state), reason)
        );
    }
    assert_eq!(
        town.post("zeus", "/v1/notices", json!({ "kind": "alert" })).await.0,
        401,
        "its caller is gone"
    );
    town.alert("all", "all is full", "firing").await;
    town.world.pass(5).await;
    assert_eq!(town.told("overview")[0], ["all is full"], "the silence of zeus is over");
    // A workspace that is left takes its projects along, and they come back with it.
    town.reload(PROJECTS).await;
    town.door.ok(&["disconnect", "--workspace", "Globex"]).await;
    town.world.pass(20).await;
    assert_eq!(town.rows().await, all[..2]);
    let far = town.post("far", "/v1/notices", json!({ "kind": "alert", "title": "far" })).await;
    assert_eq!(far.1["code"], "not_configured", "{far:?}");
    let globex = town.globex.clone();
    connect(&town.world, &town.door, &globex).await;
    town.world.pass(20).await;
    assert_eq!(town.rows().await, all);
    town.restart().await;
    assert_eq!(town.rows().await, all, "and stay over a restart");
    town.close().await;
}

#[tokio::test(start_paused = true)]
async fn sec_21_a_projects_program_reads_silences_and_ends_only_what_is_its_own() {
    let town = Town::open().await;
    let mut firing = Vec::new();
    for caller in ["apollo", "zeus", "far", "all"] {
        firing.push(town.alert(caller, "the disk is full", "firing").await);
    }
    town.world.pass(5).await;
    for (at, caller) in ["apollo", "zeus", "far"].into_iter().enumerate() {
        let (_, list) = town.get(caller, "/v1/notices").await;
        let ids: Vec<i64> = list.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, [firing[at]], "{caller}");
        for (other, id) in firing.iter().enumerate() {
            let (status, said) = town.get(caller, &format!("/v1/notices/{id}")).await;
            assert_eq!(status, if other == at { 200 } else { 404 }, "{caller} and {id}: {said}");
        }
        let (_, projects) = town.get(caller, "/v1/projects").await;
        assert_eq!(projects.as_array().unwrap().len(), 1, "{projects}");
        for path in [
            "/v1/tasks",
            "/v1/status",
            "/v1/channels",
            "/v1/workspaces",
            "/v1/heartbeats",
            "/v1/why?notice=1",
        ] {
            assert_eq!(town.get(caller, path).await.0, 403, "{path}");
        }
        for path in ["/v1/heartbeats/backup", "/v1/test", "/v1/workspaces/connect", "/v1/channels/monitor"] {
            assert_eq!(town.post(caller, path, json!({})).await.0, 403, "{path}");
        }
    }
    assert_eq!(town.get("all", "/v1/notices").await.0, 403, "a caller of the whole desk reads nothing");
    // Zeus ends what has the same fingerprint: its own alone turns green.
    town.alert("zeus", "the disk is full", "resolved").await;
    town.world.pass(5).await;
    assert!(town.told("zeus")[0][0].starts_with("Resolved"), "{:?}", town.told("zeus"));
    assert_eq!(town.told("apollo"), [["the disk is full"], ["the disk is full"]]);
    assert_eq!(town.told("overview")[0], ["the disk is full"]);
    // A silence of zeus keeps zeus quiet and nobody else, and nobody else ends it.
    let silence = json!({ "match": { "kind": ["alert"] }, "until": "1h", "reason": "planned" });
    let (_, made) = town.post("zeus", "/v1/silences", silence).await;
    assert_eq!((&made["project"], &made["made_by"]), (&json!("zeus"), &json!("user:zeus")), "{made}");
    let end = format!("/v1/silences/{}/expire", made["id"]);
    for caller in ["apollo", "far"] {
        assert_eq!(town.get(caller, "/v1/silences?all=true").await.1, json!([]));
        assert_eq!(town.post(caller, &end, json!({})).await.0, 404);
    }
    for caller in ["apollo", "zeus", "far", "all"] {
        town.alert(caller, "the fan is loud", "firing").await;
    }
    town.world.pass(5).await;
    assert_eq!(town.told("zeus")[0].len(), 2, "the card and its end: {:?}", town.told("zeus"));
    assert_eq!(town.told("apollo").map(|told| told.len()), [2, 2]);
    assert_eq!(town.told("overview")[0].len(), 2);
    assert_eq!(town.post("zeus", &end, json!({})).await.1["changed"], true);
    // One of the whole workspace holds for its projects, too.
    let whole = town.world.space();
    assert_eq!(whole.silences(true, town.world.clock.now()).await.unwrap().len(), 1);
    town.close().await;
}

#[tokio::test(start_paused = true)]
async fn sec_22_a_tool_at_another_address_and_a_named_workspace_lead_nowhere_else_either() {
    let town = Town::open().await;
    let address = format!("{}/services/far/{}", town.base, token("far"));
    let posted = town.http.post(address).json(&json!({ "text": "hello", "channel": "#zeus" }));
    assert_eq!(posted.send().await.unwrap().text().await.unwrap(), "ok");
    for (workspace, status) in [("Acme", 200), ("T0ACME00001", 200), ("Globex", 403), ("Initech", 404)] {
        for request in [
            town.http.get(format!("{}/v1/notices", town.base)),
            town.http.post(format!("{}/v1/notices", town.base)).json(&json!({ "kind": "test" })),
        ] {
            let request = request.bearer_auth(token("apollo")).header("deskd-workspace", workspace);
            assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{workspace}");
        }
    }
    town.world.pass(5).await;
    assert_eq!(town.told("apollo").map(|told| told.len()), [2, 1]);
    assert_eq!((town.told("zeus"), town.told("overview")), Default::default());
    town.close().await;
}
