//! The walls between projects: whatever the program of one tries, through the handle of its project or over the API, it sees and
//! changes nothing of another, in its workspace or in the next one.

use std::path::Path;

use deskd::domain::ids::{NoticeId, ProjectName, WorkspaceId};
use deskd::domain::notice::{Checked, Draft, Kinds, draft};
use deskd::domain::time::Timestamp;
use deskd::store::Plot;
use deskd::store::life::NoticeFilter;
use deskd::store::silences::Silenced;
use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::projects::Town;
use crate::world::alice;

/// Who there is: the caller, whose its things are, and the word that marks them. The last belongs to no project.
const ALL: [(&str, &str, &str, &str); 4] = [
    ("apollo", "T0ACME00001", "apollo", "marked-one"),
    ("zeus", "T0ACME00001", "zeus", "marked-two"),
    ("far", "T0GLOBEX001", "apollo", "marked-three"),
    ("all", "T0ACME00001", "", "marked-four"),
];

/// How many kinds of deeds there are.
const DEEDS: u8 = 22;

/// A notice that everybody could hand in: the same fingerprint, the same key, and a mark of whose it is.
fn notice(mark: &str, deed: u8) -> Value {
    let fields = json!({ "system": "db-1" });
    let (title, text) = ("the disk is full", format!("seen by {mark}"));
    match deed % 4 {
        0 => json!({ "kind": "alert", "title": title, "text": text, "fields": fields }),
        1 => json!({ "kind": "alert", "title": title, "text": text, "fields": fields, "key": "disk" }),
        2 => json!({ "kind": "alert", "status": "resolved", "title": title, "text": text, "fields": fields }),
        _ => json!({ "kind": "invoice.paid", "text": text, "key": "paid",
                     "fields": { "invoice": "4711", "client": "Acme", "amount": "5 EUR" } }),
    }
}

/// One that silences nothing that there is.
pub fn silence(now: Timestamp) -> Silenced {
    Silenced {
        id: 0,
        project: None,
        pairs: vec![("kind".into(), vec!["nothing".into()])],
        reason: String::new(),
        made_by: "user:alice".into(),
        made_at: now,
        until: now.plus(std::time::Duration::from_secs(60)),
        ended_by: String::new(),
    }
}

/// Everything that a desk can hold of each: what fires, what waits, what is overdue, what is silenced.
async fn settle(town: &Town) {
    for (caller, _, _, mark) in ALL {
        let later = town.world.clock.now().unix_seconds() + 360_000;
        let mut waits = notice(mark, 0);
        (waits["at"], waits["key"], waits["title"]) = (json!(later), json!("later"), json!("later"));
        let overdue = json!({ "kind": "invoice.overdue", "text": format!("seen by {mark}"), "key": "4711",
                              "fields": { "invoice": "4711", "client": "Acme", "amount": "5 EUR", "due_on": "2020-01-01" } });
        let (status, said) =
            town.post(caller, "/v1/notices", json!([notice(mark, 0), notice(mark, 1), waits, overdue])).await;
        assert_eq!(status, 200, "{said}");
        let wanted =
            json!({ "match": { "kind": ["nothing"], "about": [mark] }, "until": "90d", "reason": mark });
        match caller {
            "all" => {
                let (pairs, until) = (vec![("about".into(), vec![mark.to_owned()])], town.world.clock.now());
                let until = until.plus(std::time::Duration::from_secs(9_000_000));
                let whole = Silenced { pairs, until, ..silence(town.world.clock.now()) };
                town.world.space().add_silence(whole, alice()).await.unwrap();
            }
            _ => assert_eq!(town.post(caller, "/v1/silences", wanted).await.0, 200),
        }
    }
    town.world.pass(120).await;
}

/// Every row of a project, or of what belongs to none in a workspace.
fn rows(path: &Path, (workspace, project): (&str, &str)) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut all = Vec::new();
    for (table, of) in [
        ("notices", "t.workspace = ?1 AND t.project = ?2"),
        ("problems", "t.workspace = ?1 AND t.project = ?2"),
        ("silences", "t.workspace = ?1 AND t.project = ?2"),
        ("projects", "t.workspace = ?1 AND t.name = ?2"),
        ("deliveries", "t.notice IN (SELECT id FROM notices WHERE workspace = ?1 AND project = ?2)"),
        ("cards", "t.problem IN (SELECT id FROM problems WHERE workspace = ?1 AND project = ?2)"),
    ] {
        let mut query = connection.prepare(&format!("SELECT t.* FROM {table} t WHERE {of}")).unwrap();
        let count = query.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells = (0..count).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            Ok(cells.collect::<Vec<_>>().join("|"))
        };
        let mut found: Vec<String> =
            query.query_map([workspace, project], row).unwrap().map(Result::unwrap).collect();
        found.sort();
        all.extend(found.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

fn checked(mark: &str, deed: u8, now: Timestamp) -> Checked {
    let given = deskd::web::handed::draft(&notice(mark, deed)).unwrap();
    let given = Draft { at: String::new(), ..given };
    draft::check(&given, "somebody", &Kinds::builtin(), now).unwrap()
}

/// One thing that could be tried with the handle of a project; what is to be seen then.
async fn with_handle(plot: &Plot, mark: &str, (deed, n): (u8, i64), now: Timestamp) -> String {
    let id = NoticeId(n);
    match deed {
        0 => format!(
            "{:?}",
            plot.notices(NoticeFilter { most: 100, ..NoticeFilter::default() }).await.unwrap()
        ),
        1 => format!("{:?}", plot.notice_life(id).await.unwrap()),
        2 => format!("{:?}", plot.reached(id).await.unwrap()),
        3 => format!("{:?}", plot.silences(true, now).await.unwrap()),
        4 => format!("{:?}", plot.expire_silence(n, alice(), now).await.unwrap()),
        5 => format!("{:?}", plot.add_silence(silence(now), alice()).await.unwrap()),
        6 => {
            let whose = ALL[usize::try_from(n).unwrap() % ALL.len()].0;
            format!("{:?}", plot.cancel_notices(whose.to_owned(), "later".to_owned()).await.unwrap())
        }
        7 => format!("{:?}", plot.bound().await.unwrap()),
        8 => {
            let state = plot.routing_state(vec!["*".into()], now).await.unwrap();
            // What is the whole workspace's holds for its projects, too; that is for the router, and for nobody to read.
            format!("{state:?}").replace(ALL[3].3, "")
        }
        _ => format!("{:?}", plot.submit_notices(vec![checked(mark, deed, now)], now).await.unwrap()),
    }
}

/// One thing that the program of a project could try over the API; what is to be seen then.
async fn over_the_api(town: &Town, (caller, mark): (&str, &str), (deed, n): (u8, i64)) -> String {
    let (status, heard) = match deed {
        13 => town.get(caller, "/v1/notices?most=1000").await,
        14 => town.get(caller, &format!("/v1/notices/{n}")).await,
        15 => town.get(caller, "/v1/silences?all=true").await,
        16 => town.post(caller, &format!("/v1/silences/{n}/expire"), json!({})).await,
        17 => {
            let wanted = json!({ "match": { "kind": ["nothing"] }, "until": "1m", "reason": "" });
            town.post(caller, "/v1/silences", wanted).await
        }
        18 => town.get(caller, "/v1/projects").await,
        19 => {
            let mut claimed = notice(mark, 0);
            claimed["fields"]["project"] = json!(["apollo", "zeus", "hera"][usize::try_from(n).unwrap() % 3]);
            town.post(caller, "/v1/notices", claimed).await
        }
        20 => {
            let mut straight = notice(mark, 0);
            straight["to"] =
                json!(["#zeus", "#overview", "@tess", "mail:a@example.com"][usize::try_from(n).unwrap() % 4]);
            town.post(caller, "/v1/notices", straight).await
        }
        _ => town.post(caller, "/v1/notices", notice(mark, u8::try_from(n % 4).unwrap())).await,
    };
    assert!(status < 500, "{caller} {deed} {n}: {heard}");
    heard.to_string()
}

#[tokio::test(start_paused = true)]
async fn sec_21_nothing_of_a_project_is_seen_or_changed_from_another_whatever_is_tried() {
    let town = Town::open().await;
    settle(&town).await;
    let path = town.world.database();
    let mut chance = fastrand::Rng::with_seed(21);
    for (caller, workspace, project, mark) in ALL.into_iter().take(3) {
        let plot =
            town.world.store().of(&WorkspaceId(workspace.into())).project(&ProjectName(project.into()));
        let others: Vec<_> = ALL.into_iter().filter(|other| other.0 != caller).collect();
        let look = || others.iter().map(|other| rows(&path, (other.1, other.2))).collect::<Vec<_>>();
        let kept = look();
        assert!(kept.iter().all(|rows| rows.len() > 8), "there is something to keep: {kept:#?}");
        // Each deed with every small number once, in a random order, and then at random.
        let mut deeds: Vec<(u8, i64)> = (0..DEEDS).flat_map(|deed| (1..25).map(move |n| (deed, n))).collect();
        chance.shuffle(&mut deeds);
        deeds.extend((0..100).map(|_| (chance.u8(0..DEEDS), chance.i64(1..60))));
        for (at, (deed, n)) in deeds.into_iter().enumerate() {
            let seen = match deed {
                0..13 => with_handle(&plot, mark, (deed, n), town.world.clock.now()).await,
                _ => over_the_api(&town, (caller, mark), (deed, n)).await,
            };
            for (.., foreign) in &others {
                assert!(
                    !seen.contains(foreign),
                    "{caller}: deed {deed} with {n} shows what is not its own: {seen}"
                );
            }
            if at % 20 == 0 {
                town.world.pass(1).await;
                assert_eq!(look(), kept, "{caller}: by deed {deed} with {n} or one before");
            }
        }
        town.world.pass(60).await;
        assert_eq!(look(), kept, "{caller}");
        assert!(!rows(&path, (workspace, project)).is_empty(), "and it could do something at home");
    }
    town.shut().await;
}

/// A request is answered the same whether what it names is somebody else's or nowhere.
#[tokio::test(start_paused = true)]
async fn sec_21_what_is_anothers_is_answered_like_what_does_not_exist() {
    let town = Town::open().await;
    settle(&town).await;
    let said = async |path: &str, method: Method| {
        let (status, mut heard) = town.ask("apollo", method, path, Some(json!({}))).await;
        let message = heard["message"].as_str().unwrap_or_default().replace(char::is_numeric, "");
        (heard["trace_id"], heard["message"]) = (json!(""), json!(message));
        (status, heard)
    };
    // Apollo has 1 to 4, zeus those behind.
    assert_eq!(said("/v1/notices/5", Method::GET).await, said("/v1/notices/5000", Method::GET).await);
    let (theirs, none) = ("/v1/silences/2/expire", "/v1/silences/2000/expire");
    assert_eq!(said(theirs, Method::POST).await, said(none, Method::POST).await);
    town.shut().await;
}
