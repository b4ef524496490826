//! Routing as a table: what a configuration says about a notice. The configuration is that of an operator, so that what is
//! written and what is decided are tested as one.

use super::Places;
use super::check::{Layers, check};
use super::file::Source;
use crate::domain::ids::ProblemId;
use crate::domain::notice::problem::Effect;
use crate::domain::notice::{Content, Draft, Kinds, draft};
use crate::domain::project::as_written;
use crate::domain::route::quiet::{Firing, Muted, Silence};
use crate::domain::route::{Asked, Decision, Dropped, Held, Matcher, Miss, Plan, Rules, State, decide};
use crate::domain::time::Timestamp;

/// A Friday at noon in Berlin.
const FRIDAY: &str = "2026-11-20T12:00:00+01:00";

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn rules(toml: &str) -> Rules {
    let source = Source { path: "config.toml".into(), text: toml.to_owned() };
    let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
    check(&layers, &Places::system()).unwrap().routing
}

fn content(kind: &str, severity: &str, fields: &[(&str, &str)]) -> Content {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let draft = Draft { kind: kind.into(), severity: severity.into(), fields, ..Draft::default() };
    draft::check(&draft, "shop", &Kinds::builtin(), at(FRIDAY)).unwrap().content
}

fn paid(severity: &str, client: &str, amount: &str) -> Content {
    content("payment.failed", severity, &[("client", client), ("amount", amount)])
}

fn alert(severity: &str, system: &str) -> Content {
    content("alert", severity, &[("system", system)])
}

fn asked(content: &Content) -> Asked<'_> {
    Asked {
        content,
        source: "shop",
        project: None,
        problem: Some(ProblemId(9)),
        effect: Effect::Begins,
        told: false,
    }
}

fn decided(toml: &str, content: &Content, now: &str) -> Decision {
    let rules = rules(toml);
    decide(&asked(content), &rules, &known(&rules), at(now))
}

/// What is known at home.
fn known(rules: &Rules) -> State {
    State { projects: as_written(&rules.projects, None), ..State::default() }
}

/// Where it goes, or why it goes nowhere.
fn goes(toml: &str, content: &Content) -> String {
    let decision = decided(toml, content, FRIDAY);
    match decision.dropped {
        Some(dropped) => dropped.sentence(),
        None => {
            let places: Vec<String> =
                decision.deliveries.iter().map(|planned| planned.destination.to_string()).collect();
            places.join(" ")
        }
    }
}

fn calls(toml: &str, content: &Content) -> Vec<String> {
    let whom = decided(toml, content, FRIDAY).deliveries.remove(0).mention;
    whom.iter().map(|mention| mention.word()).collect()
}

#[test]
fn not_02_each_category_goes_to_its_channel() {
    let toml = "[[route]]\ncategory = \"payments\"\nto = [\"#payments\"]\n[[route]]\ncategory = [\"alerts\"]\nto = \"#incidents\"\n";
    assert_eq!(goes(toml, &paid("", "Acme", "5 EUR")), "channel:#payments");
    assert_eq!(goes(toml, &alert("", "db-1")), "channel:#incidents");
}

#[test]
fn not_03_kind_and_severity_together_choose_the_channel() {
    let toml = r##"
[[route]]
at_least = "critical"
to = ["#incidents"]
continue = true
[[route]]
kind = "payment.*"
severity = ["warning", "error"]
to = ["#risk-alerts"]
[[route]]
to = ["#rest"]
"##;
    assert_eq!(goes(toml, &paid("critical", "Acme", "5 EUR")), "channel:#incidents channel:#rest");
    assert_eq!(goes(toml, &paid("error", "Acme", "5 EUR")), "channel:#risk-alerts");
    assert_eq!(goes(toml, &paid("info", "Acme", "5 EUR")), "channel:#rest");
    assert_eq!(goes(toml, &alert("critical", "db-1")), "channel:#incidents channel:#rest");
}

#[test]
fn not_23_an_amount_is_compared_in_its_own_currency_only() {
    let toml = "[[route]]\nname = \"large\"\nwhere = { amount = \">= 1000 EUR\" }\nto = [\"#large\"]\n";
    assert_eq!(goes(toml, &paid("", "Acme", "1000.00 EUR")), "channel:#large");
    let below = paid("", "Acme", "999.99 EUR");
    assert_eq!(goes(toml, &below), "no route takes it");
    for (content, why) in [
        (below, "amount is beyond the limit"),
        (paid("", "Acme", "5000 USD"), "amount is in another currency"),
        (alert("", "db-1"), "there is no amount"),
    ] {
        let tried = decided(toml, &content, FRIDAY).tried;
        assert_eq!(tried[0].miss.as_ref().map(Miss::sentence).as_deref(), Some(why));
    }
}

#[test]
fn not_24_a_client_has_a_channel_of_its_own() {
    let toml = "[[route]]\nwhere = { client = [\"Acme\", \"/^Zeta/\"] }\nto = [\"#a\"]\n[[route]]\nto = [\"#rest\"]\n";
    assert_eq!(goes(toml, &paid("", "Acme", "5 EUR")), "channel:#a");
    assert_eq!(goes(toml, &paid("", "Zeta Ltd", "5 EUR")), "channel:#a");
    assert_eq!(goes(toml, &paid("", "Other", "5 EUR")), "channel:#rest");
}

#[test]
fn not_25_a_member_gets_what_is_theirs() {
    let toml = "[[route]]\nwhere = { owner = \"bob\" }\nto = [\"@bob\"]\n";
    let own = content("alert", "", &[("owner", "bob")]);
    assert_eq!(goes(toml, &own), "person:bob");
    assert_eq!(goes(toml, &content("alert", "", &[("owner", "eve")])), "no route takes it");
    assert_eq!(goes(toml, &alert("", "db-1")), "no route takes it");
}

#[test]
fn not_21_mentions_are_switched_on_by_category_and_a_route_may_say_otherwise() {
    let toml = "[mentions]\nat_least = \"error\"\n[mentions.category]\npayments = [\"@here\"]\n[[route]]\nto = [\"#a\"]\n";
    assert_eq!(calls(toml, &paid("error", "Acme", "5 EUR")), ["@here"]);
    assert_eq!(calls(toml, &paid("info", "Acme", "5 EUR")), Vec::<String>::new(), "routine calls nobody");
    assert_eq!(calls(toml, &alert("critical", "db-1")), Vec::<String>::new(), "off for alerts");
    let own = toml.replace("[[route]]", "[[route]]\nmention = [\"@ops\"]");
    assert_eq!(calls(&own, &paid("error", "Acme", "5 EUR")), ["@ops"]);
    let none = toml.replace("[[route]]", "[[route]]\nmention = []");
    assert_eq!(calls(&none, &paid("error", "Acme", "5 EUR")), Vec::<String>::new());
}

#[test]
fn not_22_nobody_is_called_when_nothing_is_said() {
    assert_eq!(calls("[[route]]\nto = [\"#a\"]\n", &paid("critical", "Acme", "5 EUR")), Vec::<String>::new());
}

const PROJECTS: &str = r##"
[[project]]
name = "P"
channel = "#p"
[[project]]
name = "old"
channel = "#old"
enabled = false
[[route]]
to = ["project"]
"##;

#[test]
fn not_32_a_notice_of_a_project_goes_to_the_channel_bound_to_it_and_nowhere_else() {
    assert_eq!(goes(PROJECTS, &content("alert", "", &[("project", "P")])), "channel:#p");
    let unknown = content("alert", "", &[("project", "Q")]);
    assert_eq!(goes(PROJECTS, &unknown), "it names no project that has a channel");
}

#[test]
fn not_35_a_project_that_is_switched_off_is_not_told_of() {
    let off = content("alert", "critical", &[("project", "old")]);
    assert_eq!(goes(PROJECTS, &off), "the project old is switched off");
}

#[test]
fn not_34_the_method_selects_slack_or_webhooks_or_both() {
    let crm = "[[endpoint]]\nname = \"crm\"\nurl = \"https://crm.example.com/notices\"\n";
    let with =
        |method: &str| format!("{crm}[[route]]\nto = [\"#a\", \"endpoint:crm\"]\nmethod = \"{method}\"\n");
    let notice = alert("", "db-1");
    assert_eq!(goes(&with("both"), &notice), "channel:#a endpoint:crm");
    assert_eq!(goes(&with("slack"), &notice), "channel:#a");
    assert_eq!(goes(&with("webhook"), &notice), "endpoint:crm");
}

const OFFICE: &str = r##"
[[hours]]
name = "office"
zone = "Europe/Berlin"
days = ["mon-fri"]
from = "09:00"
to = "19:00"
[[route]]
to = ["#a"]
hours = "office"
digest = { window = "10m", by = ["client"], most = 50 }
"##;

#[test]
fn not_26_outside_its_hours_a_route_holds_what_does_not_break_through() {
    let plan = |content: &Content, now: &str| decided(OFFICE, content, now).deliveries.remove(0).plan;
    let night = "2026-11-20T22:00:00+01:00";
    let until = at("2026-11-23T09:00:00+01:00");
    let held = Plan::Hold { why: Held::OutsideHours, group: "recap".into(), until, most: None };
    assert_eq!(plan(&alert("error", "db-1"), night), held);
    assert_eq!(plan(&alert("critical", "db-1"), night), Plan::Now);
}

#[test]
fn a_digest_holds_by_key_and_never_what_is_critical() {
    let plan = |content: &Content| decided(OFFICE, content, FRIDAY).deliveries.remove(0).plan;
    let acme = plan(&paid("error", "Acme", "5 EUR"));
    let Plan::Hold { why: Held::Digest, until, most: Some(50), .. } = &acme else { panic!("{acme:?}") };
    assert_eq!(*until, at("2026-11-20T12:10:00+01:00"));
    assert_eq!(plan(&paid("error", "Acme", "7 EUR")), acme);
    assert_ne!(plan(&paid("error", "Zeta", "5 EUR")), acme);
    assert_eq!(plan(&paid("critical", "Acme", "5 EUR")), Plan::Now);
}

fn silence(pairs: &[(&str, &str)]) -> State {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
    State { silences: vec![Silence { id: 3, matcher: Matcher::of(&pairs).unwrap() }], ..State::default() }
}

#[test]
fn what_is_silenced_is_not_told_and_its_end_only_where_somebody_knew() {
    let rules = rules("[[route]]\nto = [\"#a\"]\n");
    let state = silence(&[("kind", "alert"), ("system", "db-1")]);
    let (muted, other) = (alert("critical", "db-1"), alert("critical", "db-2"));
    let dropped = |asked: &Asked<'_>| decide(asked, &rules, &state, at(FRIDAY)).dropped;
    assert_eq!(dropped(&asked(&muted)), Some(Dropped::Muted(Muted::Silence(3))));
    assert_eq!(dropped(&asked(&other)), None);
    let end = Asked { effect: Effect::Ends, ..asked(&muted) };
    assert_eq!(dropped(&end), Some(Dropped::NobodyTold));
    assert_eq!(dropped(&Asked { told: true, ..end }), None);
}

#[test]
fn a_maintenance_window_mutes_while_it_lasts_once_or_every_week() {
    let toml = r##"
[[maintenance]]
name = "move"
from = "2026-11-20T11:00:00+01:00"
to = "2026-11-20T13:00:00+01:00"
match = { system = "db-1" }
[[maintenance]]
name = "patches"
zone = "Europe/Berlin"
days = ["sun"]
from = "02:00"
to = "04:00"
match = { kind = "alert" }
[[route]]
to = ["#a"]
"##;
    let muted = |system: &str, now: &str| decided(toml, &alert("critical", system), now).dropped;
    let name = |dropped: Option<Dropped>| dropped.map(|dropped| dropped.sentence()).unwrap_or_default();
    assert_eq!(name(muted("db-1", FRIDAY)), "maintenance move");
    assert_eq!(muted("db-2", FRIDAY), None);
    assert_eq!(muted("db-1", "2026-11-20T13:00:00+01:00"), None);
    assert_eq!(name(muted("db-2", "2026-11-22T03:00:00+01:00")), "maintenance patches");
    assert_eq!(muted("db-2", "2026-11-22T04:00:00+01:00"), None);
}

#[test]
fn a_firing_problem_mutes_what_follows_from_it_and_neither_itself_nor_its_like() {
    let toml = r##"
[[inhibit]]
source = { kind = "alert", severity = "critical" }
target = { kind = ["alert", "payment.*"] }
equal = ["system"]
[[route]]
to = ["#a"]
"##;
    let rules = rules(toml);
    let firing =
        Firing { problem: ProblemId(7), content: alert("critical", "db-1"), source: "mon".to_owned() };
    let state = State { firing: vec![firing], ..State::default() };
    let table = [
        ("a lesser alert of the same system", alert("warning", "db-1"), 9, Some("inhibited by problem 7")),
        ("one of another system", alert("warning", "db-2"), 9, None),
        ("one without a system", content("alert", "warning", &[]), 9, None),
        ("its like, which could mute it, too", alert("critical", "db-1"), 9, None),
        ("itself", alert("warning", "db-1"), 7, None),
    ];
    for (what, content, problem, expected) in table {
        let asked = Asked { problem: Some(ProblemId(problem)), ..asked(&content) };
        let dropped = decide(&asked, &rules, &state, at(FRIDAY)).dropped;
        assert_eq!(dropped.map(|dropped| dropped.sentence()).as_deref(), expected, "{what}");
    }
}

#[test]
fn every_reason_survives_its_way_through_the_store() {
    let all = [
        Dropped::NoRoute,
        Dropped::ByRoute,
        Dropped::Repeats,
        Dropped::EndsNothing,
        Dropped::NobodyTold,
        Dropped::NoProject,
        Dropped::Elsewhere,
        Dropped::ProjectOff("a:b".to_owned()),
        Dropped::Muted(Muted::Silence(3)),
        Dropped::Muted(Muted::Maintenance("rack".to_owned())),
        Dropped::Muted(Muted::Problem(ProblemId(7))),
    ];
    for dropped in all {
        assert_eq!(Dropped::from_word(&dropped.word()), Some(dropped));
    }
}

fn checked(toml: &str) -> Result<Vec<String>, String> {
    let source = Source { path: "config.toml".into(), text: toml.to_owned() };
    let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
    match check(&layers, &Places::system()) {
        Ok(config) => Ok(config.remarks.iter().map(|remark| remark.what.clone()).collect()),
        Err(problems) => Err(problems.to_string()),
    }
}

#[test]
fn check_finds_routes_that_nothing_reaches_and_what_no_route_takes() {
    let route = |name: &str, rest: &str| format!("[[route]]\nname = \"{name}\"\nto = [\"#a\"]\n{rest}\n");
    let shadowed = |first: &str, second: &str| {
        let text = route("a", first) + &route("b", second) + &route("c", "");
        !checked(&text).unwrap().is_empty()
    };
    let table = [
        ("a wider kind", "kind = \"payment.*\"", "kind = \"payment.failed\"", true),
        ("a narrower kind", "kind = \"payment.failed\"", "kind = \"payment.*\"", false),
        ("a lower severity", "at_least = \"error\"", "severity = \"critical\"", true),
        ("a higher severity", "at_least = \"critical\"", "at_least = \"error\"", false),
        ("the same field", "where = { a = [\"1\", \"2\"] }", "kind = \"alert\"\nwhere = { a = \"1\" }", true),
        ("another field", "where = { a = \"1\" }", "where = { b = \"1\" }", false),
        ("all of them, and goes on", "continue = true", "kind = \"alert\"", false),
    ];
    for (what, first, second, expected) in table {
        assert_eq!(shadowed(first, second), expected, "{what}");
    }
    let open = checked(&route("a", "kind = \"alert\"")).unwrap();
    assert_eq!(open, ["a notice that no route takes goes nowhere"]);
}

#[test]
fn a_route_to_an_endpoint_that_is_not_there_is_a_problem() {
    let told = checked("[[route]]\nname = \"a\"\nto = [\"endpoint:crm\"]\n").unwrap_err();
    assert!(told.contains("there is no endpoint crm"), "{told}");
}

#[test]
fn a_wrong_route_is_told_with_its_place_and_the_word_that_was_meant() {
    let toml = r##"[[route]]
kind = ["payment.fialed", "deskd.no_socket"]
category = "payment"
where = { amount = ">= a lot" }
continue = "yes"
hours = "ofice"
digest = { windw = "1m" }
[[hours]]
name = "office"
days = ["someday"]
zone = "Europe/Berln"
[[maintenance]]
from = "tomorrow"
to = "2026-11-22T02:00:00Z"
[mentions]
category = { payment = ["@here"] }
"##;
    insta::assert_snapshot!(checked(toml).unwrap_err(), @r##"
    12 problems in the configuration
    config.toml:1:1: route[1]: a route needs a destination
      hint: write to = ["#channel"], or to = [] to drop what it takes
    config.toml:2:9: route[1].kind[1]: there is no kind "payment.fialed"
      hint: did you mean "payment.failed"?
    config.toml:3:12: route[1].category: there is no category of kinds "payment"
      hint: did you mean "payments"?
    config.toml:4:20: route[1].where.amount: "a lot" is neither a number nor an amount such as 1000 EUR
      hint: write "acme", ["a", "b"], "/^a/" or ">= 1000 EUR"
    config.toml:5:12: route[1].continue: this is neither yes nor no
      hint: write true or false, without quotes
    config.toml:6:9: route[1].hours: there are no hours named "ofice"
      hint: did you mean "office"?
    config.toml:7:12: route[1].digest.windw: unknown key
      hint: did you mean "window"?
    config.toml:10:8: hours[1].days: "someday" is no weekday
      hint: write ["mon-fri", "sun"]
    config.toml:11:8: hours[1].zone: there is no time zone "Europe/Berln"
      hint: write for instance "Europe/Berlin" or "UTC"
    config.toml:12:1: maintenance[1]: match is missing
      hint: write for instance { kind = "alert", system = "db-1" }
    config.toml:13:8: maintenance[1].from: from has to be an instant
      hint: write "2026-11-22T02:00:00+01:00"; with days it is a time of day
    config.toml:16:12: mentions.category: no kind has the category "payment"
      hint: did you mean "payments"?
    "##);
}
