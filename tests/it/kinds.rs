//! The built-in kinds: each is taken and shown, and what follows from one by itself comes in its time, or not at all.

use deskd::domain::notice::{Draft, Kinds};
use deskd::domain::own::{Own, Raised};
use deskd::domain::time::Timestamp;

use crate::notices::{draft, routed, tell, texts};
use crate::world::World;

const TO_SUPPORT: &str = "
[[route]]
to = [\"#support\"]
";

/// A kind of its own, whose template needs a field that not every notice has.
const SHIFTS: &str = "
[[kind]]
name = \"shift.open\"
icon = \":clock9:\"
title = \"A shift is open\"
open = \"Open shift\"
fields = { place = \"text!\", hours = \"number\" }
template = \"*{{ fields.place }}* needs somebody, {{ 12 // fields.hours|int }} times\"
[[route]]
to = [\"#support\"]
";

/// An instant so many seconds from now, as callers write it.
fn ahead(world: &World, seconds: i64) -> String {
    Timestamp(world.clock.now().0 + seconds * 1000).to_string()
}

/// A notice with all the fields that its kind requires.
pub fn filled(kind: &str, kinds: &Kinds) -> Draft {
    use deskd::domain::notice::kind::Form;
    let kind = kinds.get(kind).unwrap();
    let value = |form| match form {
        Form::Text => "Acme",
        Form::Number => "97.5",
        Form::Amount => "1250.00 EUR",
        Form::Time => "2030-01-01T09:00:00Z",
        Form::Day => "2020-01-01",
        Form::Link => "https://example.com/x",
    };
    let fields = kind.fields.iter().filter(|field| field.required);
    let fields: Vec<(&str, &str)> = fields.map(|field| (field.name.as_str(), value(field.form))).collect();
    let mut draft = draft(&kind.name, "", &fields);
    draft.link = "https://app.example.com/record/7".to_owned();
    draft
}

#[tokio::test(start_paused = true)]
async fn not_06_07_09_11_13_every_built_in_kind_is_taken_and_has_a_card_of_its_own() {
    let world = routed(TO_SUPPORT).await;
    let kinds = Kinds::builtin();
    let public: Vec<_> = kinds.all().filter(|kind| kind.category != "deskd").collect();
    for kind in &public {
        tell(&world, filled(&kind.name, &kinds)).await;
    }
    world.pass(120).await;
    let mut shown = texts(&world, "support");
    shown.sort();
    let mut expected: Vec<String> = public.iter().map(|kind| kind.title.clone()).collect();
    expected.sort();
    assert_eq!(shown, expected);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_12_a_booking_is_announced_fifteen_minutes_before_it_begins() {
    let world = routed(TO_SUPPORT).await;
    let start = ahead(&world, 3600);
    let fields = [("booking", "b1"), ("client", "Ann Example"), ("start_at", start.as_str())];
    tell(&world, draft("booking.booked", "", &fields)).await;
    world.pass(44 * 60).await;
    assert_eq!(texts(&world, "support"), ["Booked"], "a minute too early");
    world.pass(2 * 60).await;
    assert_eq!(texts(&world, "support"), ["Booked", "Starts in 15 minutes"]);
    world.pass(3600).await;
    assert_eq!(texts(&world, "support").len(), 2, "once is enough");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_12_a_cancelled_booking_is_not_announced_and_a_moved_one_at_its_new_time() {
    let world = routed(TO_SUPPORT).await;
    for booking in ["b1", "b2"] {
        let start = ahead(&world, 3600);
        let fields = [("booking", booking), ("client", "Ann Example"), ("start_at", start.as_str())];
        tell(&world, draft("booking.booked", "", &fields)).await;
    }
    world.pass(60).await;
    tell(&world, draft("booking.cancelled", "", &[("booking", "b1")])).await;
    let later = ahead(&world, 2 * 3600);
    tell(&world, draft("booking.reschedule", "", &[("booking", "b2"), ("start_at", &later)])).await;
    world.pass(100 * 60).await;
    assert_eq!(texts(&world, "support").len(), 4, "two booked, two changed, nobody reminded yet");
    world.pass(10 * 60).await;
    let posts = world.slack.posts("support").unwrap();
    assert_eq!(posts.len(), 5, "{posts:#?}");
    assert!(posts[4].text.starts_with("Starts in 15 minutes"), "{}", posts[4].text);
    assert!(posts[4].text.contains("Ann Example"), "the client is known from the booking: {}", posts[4].text);
    world.finish().await;
}

/// A week and this many seconds ago.
fn week_and(world: &World, seconds: i64) -> String {
    ahead(world, -7 * 24 * 3600 - seconds)
}

#[tokio::test(start_paused = true)]
async fn not_14_an_invoice_is_told_as_overdue_once_on_the_eighth_day() {
    let world = routed(TO_SUPPORT).await;
    let due_on = week_and(&world, 23 * 3600);
    let fields = [("invoice", "2031"), ("client", "Acme"), ("amount", "1250 EUR"), ("due_on", &due_on)];
    for _ in 0..2 {
        tell(&world, draft("invoice.overdue", "", &fields)).await;
        world.pass(29 * 60).await;
        assert_eq!(texts(&world, "support"), Vec::<String>::new(), "seven days are patience");
    }
    for _ in 0..3 {
        world.pass(5 * 60).await;
        tell(&world, draft("invoice.overdue", "", &fields)).await;
        world.pass(60).await;
        assert_eq!(texts(&world, "support"), ["Invoice overdue"]);
    }
    let paid = [("invoice", "2031"), ("client", "Acme"), ("amount", "1250 EUR")];
    tell(&world, draft("invoice.paid", "", &paid)).await;
    world.pass(60).await;
    let shown = texts(&world, "support");
    assert!(shown.contains(&"Resolved: Invoice overdue".to_owned()), "{shown:?}");
    assert!(shown.contains(&"Invoice paid".to_owned()), "{shown:?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_14_an_invoice_that_is_paid_within_a_week_is_never_told_as_overdue() {
    let world = routed(TO_SUPPORT).await;
    let due_on = week_and(&world, 23 * 3600);
    let fields = [("invoice", "2031"), ("client", "Acme"), ("amount", "1250 EUR"), ("due_on", &due_on)];
    tell(&world, draft("invoice.overdue", "", &fields)).await;
    world.pass(30 * 60).await;
    tell(&world, draft("invoice.paid", "", &fields[..3])).await;
    world.pass(2 * 3600).await;
    assert_eq!(texts(&world, "support"), ["Invoice paid"]);
    // It is over: the next one with this number is another.
    tell(&world, draft("invoice.overdue", "", &fields)).await;
    world.pass(60).await;
    assert_eq!(texts(&world, "support"), ["Invoice paid", "Invoice overdue"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_04_a_kind_of_ones_own_has_fields_and_a_template_and_a_failing_template_a_plain_card() {
    let world = routed(SHIFTS).await;
    let shift = |hours: &str| draft("shift.open", "", &[("place", "<!channel> Bakery"), ("hours", hours)]);
    tell(&world, shift("4")).await;
    world.pass(5).await;
    let blocks = |at: usize| {
        let post = world.slack.posts("support").unwrap()[at].clone();
        post.attachments.unwrap()[0]["blocks"].to_string()
    };
    assert!(blocks(0).contains("*&lt;!channel&gt; Bakery* needs somebody, 3 times"), "{}", blocks(0));
    for _ in 0..2 {
        tell(&world, shift("0")).await;
        world.pass(5).await;
    }
    assert!(blocks(1).contains("*Hours*\\n0"), "the plain card says it all: {}", blocks(1));
    let open = world.space().open_troubles().await.unwrap();
    let told: Vec<_> =
        open.iter().map(|trouble| (trouble.raised.own.as_str(), &*trouble.raised.subject)).collect();
    assert_eq!(told, [("template_failed", "shift.open")], "once for the kind");
    assert!(!open[0].raised.detail.contains("Bakery"), "nothing of the notice: {}", open[0].raised.detail);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_33_a_reply_of_a_contact_becomes_a_card_where_the_desk_wants_it() {
    for wanted in [false, true] {
        let route = "[[route]]\nkind = [\"reply.*\"]\nto = [\"#sales\"]\n";
        let world = routed(&format!("[inbox]\nnotify_replies = {wanted}\n{route}")).await;
        let first = world.slack.say("ada", "support", "My invoice 2031 is wrong, please help").unwrap();
        world.pass(60).await;
        assert_eq!(texts(&world, "sales"), Vec::<String>::new(), "the first message is a task and no reply");
        world
            .slack
            .say_in_thread("ada", "support", &first, "The amount should be 90, not <!here> 120")
            .unwrap();
        world.pass(60).await;
        let posts = world.slack.posts("sales").unwrap();
        assert_eq!(posts.len(), usize::from(wanted), "{posts:#?}");
        if let Some(card) = posts.first() {
            assert!(card.text.starts_with("Reply received\nada"), "{}", card.text);
            assert!(card.text.contains("The amount should be 90"), "{}", card.text);
            assert!(card.text.contains("Task: 1"), "{}", card.text);
        }
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_notice_quotes_of_a_contact_is_erased_with_the_contact() {
    let world = routed("[inbox]\nnotify_replies = true\n[[route]]\nto = [\"#sales\"]\n").await;
    let first = world.slack.say("ada", "support", "My invoice 2031 is wrong, please help").unwrap();
    world.pass(60).await;
    world.slack.say_in_thread("ada", "support", &first, "The sapphire costs 90 and not 120").unwrap();
    world.pass(60).await;
    assert_eq!(texts(&world, "sales"), ["Reply received"]);
    let contacts = world.space().contacts().await.unwrap();
    let (now, workspace) = (world.clock.now(), world.workspace.clone());
    world.store().of(&workspace).erase_contact(contacts[0].id, crate::world::alice(), now).await.unwrap();
    let folder = world.database().parent().unwrap().to_owned();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(8).any(|word| word == b"sapphire"), "{}", path.display());
    }
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn deskds_own_troubles_are_notices_where_a_route_names_them_and_nowhere_else() {
    for (kind, cards) in [("deskd.*", 1), ("*", 0)] {
        let world = routed(&format!("[[route]]\nkind = [\"{kind}\"]\nto = [\"#sales\"]\n")).await;
        let (store, workspace) = (world.store(), world.workspace.clone());
        let raised = Raised { own: Own::CanaryMissed, subject: String::new(), detail: "9 days".to_owned() };
        store.of(&workspace).raise(raised, world.clock.now()).await.unwrap();
        world.pass(60).await;
        assert_eq!(texts(&world, "sales").len(), cards, "{kind}");
        store.of(&workspace).resolve(Own::CanaryMissed, String::new(), world.clock.now()).await.unwrap();
        world.pass(60).await;
        let posts = world.slack.posts("sales").unwrap();
        assert_eq!(posts.len(), 2 * cards, "the card and the line of its end: {posts:#?}");
        if let Some(card) = posts.first() {
            assert!(
                card.text.starts_with("Resolved: deskd: the canary was posted and did not come back"),
                "{}",
                card.text
            );
        }
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_about_deskd_that_cannot_be_delivered_is_the_end_of_it() {
    let world = routed("[[route]]\nkind = [\"deskd.*\"]\nto = [\"#nowhere\"]\n").await;
    let raised = Raised { own: Own::CanaryMissed, subject: String::new(), detail: String::new() };
    world.space().raise(raised, world.clock.now()).await.unwrap();
    world.pass(600).await;
    let open = world.space().open_troubles().await.unwrap();
    assert_eq!(open.len(), 1, "nothing follows from it: {open:?}");
    world.finish().await;
}

#[test]
fn the_page_of_kinds_says_what_the_code_says() {
    let page = include_str!("../../docs/kinds.md");
    let (_, table) = page.split_once("<!-- kinds -->\n").unwrap();
    let (table, _) = table.split_once("<!-- end -->").unwrap();
    let kinds = Kinds::builtin();
    let mut all: Vec<_> = kinds.all().filter(|kind| kind.category != "deskd").collect();
    all.sort_by(|a, b| (&a.category, &a.name).cmp(&(&b.category, &b.name)));
    let mut expected = "| category | kind | severity | fields |\n|---|---|---|---|\n".to_owned();
    for kind in all {
        let fields: Vec<String> = kind.fields.iter().map(deskd::cli::kinds::marked).collect();
        let known_by = match kind.fingerprint.as_slice() {
            [] => String::new(),
            fields => format!("; lasts, known by {}", fields.join(" and ")),
        };
        let row = (&kind.category, &kind.name, kind.severity.as_str(), fields.join(", "));
        expected.push_str(&format!("| {} | `{}` | {} | {}{known_by} |\n", row.0, row.1, row.2, row.3));
    }
    assert_eq!(table, expected, "write this into docs/kinds.md:\n{expected}");
}
