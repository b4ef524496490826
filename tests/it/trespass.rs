//! What else somebody in a workspace could do with whatever number or name they can think of, beside what `isolation` tries. Each
//! method of a `Space` stands in one of the two, which a test there makes sure of.

use deskd::config::Secret;
use deskd::domain::alarm::Way;
use deskd::domain::audit::{Act, Deed};
use deskd::domain::bundle::Monitor;
use deskd::domain::destination::Verdict;
use deskd::domain::heartbeat::Seen;
use deskd::domain::ids::{
    BundleId, ChannelId, DeliveryId, EventId, GroupId, NoticeId, PersonId, ProjectName, SendId, TaskNumber,
    TroubleId, WorkspaceId,
};
use deskd::domain::installation::{Pair, Parting, Whose};
use deskd::domain::mention::Budget;
use deskd::domain::message::{Ourselves, Profile, Sibling};
use deskd::domain::notice::{Checked, Draft, Kinds, draft};
use deskd::domain::own::{Own, Raised};
use deskd::domain::recovery::{Cause, Wanted};
use deskd::domain::report::Why;
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::domain::webhook::{Posted, WebhookName};
use deskd::store::contacts::ContactLine;
use deskd::store::directory::Sheet;
use deskd::store::examples::About;
use deskd::store::farewells::Standing;
use deskd::store::mentions::Calling;
use deskd::store::outbox::Part;
use deskd::store::reports::Run;
use deskd::store::silences::Silenced;
use deskd::store::webhooks::NewUrl;
use deskd::store::why::Subject;
use deskd::store::{Keeping, Space};
use rusqlite::Connection;

use crate::walls::silence;
use crate::world::alice;

/// How many kinds of deeds there are.
pub const DEEDS: u8 = 66;

fn checked(n: i64, now: Timestamp) -> Checked {
    let given = Draft { kind: "alert".into(), title: format!("tried {n}"), ..Draft::default() };
    draft::check(&given, "somebody", &Kinds::builtin(), now).unwrap()
}

fn somebody() -> Profile {
    Profile {
        person: PersonId("U0NEW".into()),
        team: None,
        handle: "new".into(),
        name: "New".into(),
        email: None,
        is_bot: false,
        deleted: false,
    }
}

fn part(n: i64, now: Timestamp) -> Part {
    Part { key: format!("trespass-{n}-{}-{}", now.0, fastrand::u64(..)), text: "hello".to_owned() }
}

fn url(n: i64) -> NewUrl {
    let url = Secret::new(&format!("https://hooks.slack.com/services/T0/B0/{n}"));
    NewUrl { origin: "https://hooks.slack.com".into(), url }
}

/// Whom they take themselves for: the other workspace.
fn pretended(space: &Space) -> Ourselves {
    let other = if space.workspace().0.contains("ALPHA") { "T0BRAVO0001" } else { "T0ALPHA0001" };
    Ourselves {
        workspace: WorkspaceId(other.into()),
        workspace_name: "Pretended".into(),
        url: String::new(),
        person: PersonId("U0ELSE".into()),
        bot: "B0ELSE".into(),
        app: None,
    }
}

/// One thing that could be tried; what is to be seen then.
pub async fn act(space: &Space, deed: u8, n: i64, now: Timestamp) -> String {
    match deed {
        0..=21 => of_people(space, deed, n, now).await,
        22..=43 => of_work(space, deed, n, now).await,
        _ => of_notices(space, deed, n, now).await,
    }
}

async fn of_people(space: &Space, deed: u8, n: i64, now: Timestamp) -> String {
    let channel = ChannelId("C1".into());
    let app = Sibling { name: "extra".into(), app: "A0EXTRA".into(), person: None, bot: None };
    match deed {
        0 => format!("{:?}", space.model_spending(now).await.unwrap()),
        1 => format!("{:?}", space.advised().await.unwrap()),
        2 => format!("{:?}", space.note_app(app, now).await),
        3 => format!("{:?}", space.serve_through(pretended(space), Vec::new(), now).await),
        4 => format!("{:?}", space.ourselves().await.unwrap()),
        5 => format!("{:?}", space.doors().await.unwrap()),
        6 => format!("{:?}", space.find_channel("support".into()).await.unwrap()),
        7 => format!("{:?}", space.looked_at(channel, Verdict::Works, now).await),
        8 => format!("{:?}", space.directory().await.unwrap()),
        9 => format!("{:?}", space.people().await.unwrap()),
        10 => format!("{:?}", space.reading().await.unwrap()),
        11 => format!("{:?}", space.begin_reading().await),
        12 => {
            let sheet = Sheet { items: vec![somebody()], next: None };
            format!("{:?}", space.list_people(sheet, now).await)
        }
        13 => format!("{:?}", space.list_groups(Sheet { items: Vec::new(), next: None }, now).await),
        14 => format!("{:?}", space.list_members(GroupId("S1".into()), Some(Vec::new()), now).await),
        15 => format!("{:?}", space.without_groups("no".into(), now).await),
        16 => format!("{:?}", space.give_up_reading("no".into(), now).await),
        17 => format!("{:?}", space.groups().await.unwrap()),
        18 => format!("{:?}", space.set_person(somebody(), now).await),
        19 => format!("{:?}", space.person(PersonId("U0TESS".into())).await.unwrap()),
        20 => format!("{:?}", space.person_by_handle("ada".into()).await.unwrap()),
        _ => {
            let line = ContactLine {
                name: "New".into(),
                email: format!("new{n}@x.example"),
                company: String::new(),
            };
            format!("{:?}", space.import_contacts(vec![line], alice(), now).await)
        }
    }
}

async fn of_work(space: &Space, deed: u8, n: i64, now: Timestamp) -> String {
    let (task, channel) = (TaskNumber(n), ChannelId("C1".into()));
    let run = Run { name: "daily".into(), due: None, why: Why::NoChannel, message: None };
    match deed {
        22 => format!("{:?}", space.examples(About::Category, 0).await.is_ok()),
        23 => format!("{:?}", space.example_counts().await.unwrap()),
        24 => format!("{:?}", space.import_examples(Vec::new(), alice(), now).await),
        25 => format!("{:?}", space.untaught(Some(task), alice(), now).await),
        26 => format!("{:?}", space.forget_teacher("user:alice".into(), alice(), now).await),
        27 => format!("{:?}", space.facts(Timestamp(0), now).await.is_ok()),
        28 => format!("{:?}", space.renew(Whose::Bot, refresh(), pair(n), now).await),
        29 => {
            let ends = space.token_ends(Whose::Person, refresh(), now).await;
            space.note(Act::new(&alice(), Deed::TokenRevoked, "tried"), now).await.unwrap();
            format!("{ends:?} {:?}", space.speaking_tokens().await.unwrap())
        }
        30 => format!("{:?}", space.judgements(Timestamp(0)).await.is_ok()),
        31 => format!("{:?}", space.admit_call("users.info", now).await.unwrap()),
        32 => format!("{:?}", space.hold_method("users.info", now).await),
        33 => format!("{:?}", space.project(&ProjectName("apollo".into())).bound().await.unwrap()),
        34 => format!("{:?}", space.file_recovered(channel, "recovered", now).await.is_ok()),
        35 => format!(
            "{:?}",
            space.request_recovery(Monitor::Joined, Wanted::everything(Cause::Asked), now).await
        ),
        36 => format!("{:?}", space.next_recovery(now).await.is_ok()),
        37 => format!("{:?}", space.rehearsal(Timestamp(0)).await.is_ok()),
        38 => format!("{:?}", space.report_standings(Vec::new(), now).await.unwrap()),
        39 => format!("{:?}", space.finish_report(run, now).await),
        40 => format!("{:?}", space.report_waits("daily".into(), Why::NoChannel, now).await),
        41 => format!("{:?}", space.taught().await.is_ok()),
        42 => format!("{:?}", space.make_task_of(BundleId(n)).await),
        _ => format!("{:?}", space.judged(task).await.unwrap().map(|bundle| bundle.texts)),
    }
}

fn refresh() -> Secret {
    Secret::new("xoxe-1-tried")
}

fn pair(n: i64) -> Pair {
    Pair { token: Secret::new(&format!("xoxb-tried-{n}")), refresh: None, expires_at: None }
}

async fn of_notices(space: &Space, deed: u8, n: i64, now: Timestamp) -> String {
    let (channel, name) = (ChannelId("C1".into()), || "ops".to_owned());
    let raised = || Raised { own: Own::DeadLetter, subject: format!("tried {n}"), detail: String::new() };
    let seen = Seen { since: now, last: None, missed: None };
    match deed {
        44 => format!("{:?}", space.beat(name(), checked(n, now), now).await.is_ok()),
        45 => format!("{:?}", space.miss_heartbeat(name(), seen, checked(n, now), now).await),
        46 => format!("{:?}", space.forget_heartbeat(name(), checked(n, now), now).await),
        47 => format!("{:?}", space.reached(NoticeId(n)).await.unwrap()),
        48 => {
            let budget = Budget { per_day: 1, zone: jiff::tz::TimeZone::UTC };
            let calling = Calling { channel, mentions: Vec::new(), budget };
            format!("{:?}", space.resolve_mentions(calling, now).await)
        }
        49 => format!("{:?}", space.look_up_mentions(Vec::new()).await.unwrap()),
        50 => format!("{:?}", space.submit_notices(vec![checked(n, now)], now).await.is_ok()),
        51 => format!("{:?}", space.submit_notice(channel, vec![part(n, now)], String::new(), now).await),
        52 => format!("{:?}", space.due_tellings(vec![Way::Slack], now).await.is_ok()),
        53 => format!("{:?}", space.tell_slack(n, channel, part(n, now), now).await.is_ok()),
        54 => format!("{:?}", space.submit_test(channel, part(n, now), now).await),
        55 => format!("{:?}", space.note_told(raised(), vec![Way::Slack], now, now).await),
        56 => format!("{:?}", space.raise(raised(), now).await),
        57 => format!("{:?}", space.open_troubles().await.unwrap()),
        58 => format!("{:?}", space.webhook_url_to_test(name()).await.map(|url| url.expose().to_owned())),
        59 => format!("{:?}", space.webhook_turn(name(), now).await.unwrap()),
        60 => format!("{:?}", space.note_webhook(name(), Posted::Away, now).await),
        61 => format!("{:?}", space.rotate_webhook(name(), url(n), alice(), now).await),
        62 => {
            let to = WebhookName::parse(&format!("ops{n}")).unwrap();
            format!("{:?}", space.rename_webhook(name(), to, alice(), now).await)
        }
        63 => {
            let new = (WebhookName::parse("ops").unwrap(), "again".to_owned());
            format!("{:?}", space.add_webhook(new, url(n), alice(), now).await)
        }
        64 => format!("{:?}", space.webhook(name()).await.unwrap()),
        _ => {
            let silence = Silenced { id: n, ..silence(now) };
            format!("{:?}", space.add_silence(silence, alice()).await)
        }
    }
}

/// The last things that anybody can do in a workspace.
pub async fn end(space: &Space, now: Timestamp) {
    let heard = (Parting::TokensRevoked, EventId(i64::MAX));
    assert!(!space.decide_departure(heard, Standing::Good, now).await.unwrap());
    assert!(space.part(Parting::Disconnected, Actor::Desk, now).await.unwrap());
    assert!(space.clear_out(Keeping::Nothing).await.unwrap().rows > 40);
}

/// Things of another workspace whose trail says something here.
pub async fn foreign_trails(space: &Space, connection: &Connection) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in ["bundles", "sends", "notices", "deliveries", "troubles", "events"] {
        let whose = match table {
            "events" => "COALESCE((SELECT workspace FROM outcomes WHERE event = events.id), workspace)",
            _ => "workspace",
        };
        let mut query =
            connection.prepare(&format!("SELECT id FROM {table} WHERE {whose} <> ? ORDER BY id")).unwrap();
        let ids: Vec<i64> =
            query.query_map([&space.workspace().0], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(table == "deliveries" || !ids.is_empty(), "there is something of another in {table}");
        for id in ids {
            let subject = match table {
                "bundles" => Subject::Bundle(BundleId(id)),
                "sends" => Subject::Send(SendId(id)),
                "notices" => Subject::Notice(NoticeId(id)),
                "deliveries" => Subject::Delivery(DeliveryId(id)),
                "troubles" => Subject::Trouble(TroubleId(id)),
                _ => Subject::Event(EventId(id)),
            };
            let steps = space.trail(subject).await.unwrap();
            wrong.extend(steps.into_iter().map(|step| format!("{table} {id}: {}", step.sentence)));
        }
    }
    wrong
}
