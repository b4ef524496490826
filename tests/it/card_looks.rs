//! What cards look like: golden ones for the kinds that people know, and the limits that hold whatever is in them.

use std::path::PathBuf;

use deskd::domain::card::{By, Standing, draw};
use deskd::domain::notice::{Checked, Draft, Kind, Kinds, draft};
use deskd::domain::time::Timestamp;
use deskd::slack::blocks::{Message, card};
use insta::assert_snapshot;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, proptest};
use serde_json::{Value, json};

/// 2026-11-21T12:00:00Z.
const NOW: Timestamp = Timestamp(1_795_262_400_000);

fn checked(kind: &str, title: &str, fields: &[(&str, &str)]) -> Checked {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let link = "https://app.example.com/record/7?a=1&b=2".to_owned();
    let draft = Draft { kind: kind.to_owned(), title: title.to_owned(), fields, link, ..Draft::default() };
    draft::check(&draft, "test", &Kinds::builtin(), NOW).unwrap()
}

fn shown(checked: &Checked, count: i64, handled_by: &str) -> Message {
    let standing = Standing {
        problem: 7,
        status: checked.content.status,
        count,
        first_at: Timestamp(NOW.0 - 600_000),
        last_at: NOW,
        handled_by: (!handled_by.is_empty()).then(|| By::Name(handled_by.to_owned())),
    };
    let kinds = Kinds::builtin();
    card(&draw(&checked.content, kinds.get(&checked.content.kind), &standing, ""))
}

/// A card as people read it: what each block says, the colour of the bar, the buttons, and the fallback text.
fn readable(message: &Message) -> String {
    let mut text = String::new();
    let mut add = |line: String| text.push_str(&format!("{line}\n"));
    let attachment = &message.parts["attachments"][0];
    for block in blocks(&message.parts["blocks"]) {
        add(block_line(block));
    }
    if attachment.is_object() {
        add(format!("| {}", attachment["color"].as_str().unwrap()));
        for block in blocks(&attachment["blocks"]) {
            block_line(block).lines().for_each(|line| add(format!("| {line}")));
        }
    }
    add(format!("--- {}", message.text.replace('\n', "\n--- ")));
    text
}

fn blocks(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn block_line(block: &Value) -> String {
    let text = |value: &Value| value["text"].as_str().unwrap_or_default().to_owned();
    match block["type"].as_str().unwrap() {
        "section" if block["text"].is_object() => text(&block["text"]),
        "section" => {
            let fields = blocks(&block["fields"]).map(|field| text(field).replace('\n', " "));
            fields.collect::<Vec<_>>().join("\n")
        }
        "context" => format!("({})", blocks(&block["elements"]).map(text).collect::<String>()),
        "actions" => {
            let button = |button: &Value| {
                let goes = button["url"].as_str().or(button["value"].as_str()).unwrap_or_default().to_owned();
                format!("[{}] -> {} {goes}", text(&button["text"]), button["action_id"].as_str().unwrap())
            };
            blocks(&block["elements"]).map(button).collect::<Vec<_>>().join("\n")
        }
        other => panic!("a card has no {other}"),
    }
}

#[test]
fn not_06_17_18_19_a_failed_payment() {
    let failed = checked(
        "payment.failed",
        "",
        &[
            ("client", "Acme & Sons"),
            ("amount", "1250.00 EUR"),
            ("invoice", "2031"),
            ("reason", "card expired"),
        ],
    );
    assert_snapshot!(readable(&shown(&failed, 1, "")), @"
    :credit_card: *Payment failed*
    (error · Acme &amp; Sons · 1,250.00 EUR · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #e8912d
    | *Invoice* 2031
    | *Reason* card expired
    | [Open payment] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- Payment failed
    --- error · Acme &amp; Sons · 1,250.00 EUR · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Invoice: 2031
    --- Reason: card expired
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_08_a_quote_shows_its_amount_and_opens_its_record() {
    let accepted =
        checked("quote.accepted", "", &[("client", "Acme"), ("amount", "12800 EUR"), ("quote", "Q-7")]);
    assert_snapshot!(readable(&shown(&accepted, 1, "")), @"
    :handshake: *Quote accepted*
    (Acme · 12,800 EUR · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #36c5f0
    | *Quote* Q-7
    | [Open quote] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- Quote accepted
    --- Acme · 12,800 EUR · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Quote: Q-7
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_10_a_new_contact_shows_where_it_comes_from_and_how_to_reach_it() {
    let lead = checked(
        "contact.form",
        "",
        &[
            ("name", "Ann Example"),
            ("source", "pricing page"),
            ("email", "ann@example.com"),
            ("phone", "+49 30 1234"),
            ("message", "Do you ship to Norway?"),
        ],
    );
    assert_snapshot!(readable(&shown(&lead, 1, "")), @"
    :memo: *New lead from a form*
    (Ann Example · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #36c5f0
    | Do you ship to Norway?
    | *Source* pricing page
    | *Email* ann@example.com
    | *Phone* +49 30 1234
    | [Open contact] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- New lead from a form
    --- Ann Example · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Do you ship to Norway?
    --- Source: pricing page
    --- Email: ann@example.com
    --- Phone: +49 30 1234
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_29_alr_01_alr_02_an_alert_shows_how_bad_it_is_which_system_and_what_happens() {
    let fields = [("system", "db-1"), ("description", "91 % of /var is used\nsince 11:50")];
    let mut alert = checked("alert", "Disk is nearly full", &fields);
    alert.content.severity = deskd::domain::notice::Severity::Critical;
    assert_snapshot!(readable(&shown(&alert, 12, "Tess")), @"
    :rotating_light: *Disk is nearly full*
    (critical · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC> · 12 times, first <!date^1795261800^{date_short_pretty} {time}|2026-11-21 11:50 UTC> · handled by Tess)
    | #e01e5a
    | 91 % of /var is used
    | since 11:50
    | *System* db-1
    | [Open alert] -> notice_open https://app.example.com/record/7?a=1&b=2
    --- Disk is nearly full
    --- critical · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC> · 12 times, first <!date^1795261800^{date_short_pretty} {time}|2026-11-21 11:50 UTC> · handled by Tess
    --- 91 % of /var is used
    --- since 11:50
    --- System: db-1
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
    assert_snapshot!(readable(&shown(&alert, 1, "")), @"
    :rotating_light: *Disk is nearly full*
    (critical · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #e01e5a
    | 91 % of /var is used
    | since 11:50
    | *System* db-1
    | [Open alert] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- Disk is nearly full
    --- critical · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- 91 % of /var is used
    --- since 11:50
    --- System: db-1
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_30_a_deployment_shows_its_build_its_environment_and_how_it_went() {
    let fields = [
        ("service", "shop"),
        ("build", "1.84.2"),
        ("environment", "production"),
        ("status", "failed"),
        ("commit", "b693945"),
        ("by", "omar"),
    ];
    assert_snapshot!(readable(&shown(&checked("deployment", "", &fields), 1, "")), @"
    :rocket: *Deployment*
    (error · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #e8912d
    | *Service* shop
    | *Build* 1.84.2
    | *Environment* production
    | *Status* failed
    | *Commit* b693945
    | *By* omar
    | [Open build] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- Deployment
    --- error · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Service: shop
    --- Build: 1.84.2
    --- Environment: production
    --- Status: failed
    --- Commit: b693945
    --- By: omar
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_31_a_metric_shows_its_value_its_threshold_and_by_how_much_it_is_crossed() {
    let fields = [
        ("metric", "EUR/USD exposure"),
        ("value", "1270000.5"),
        ("threshold", "1000000"),
        ("unit", "EUR"),
        ("system", "book 3"),
    ];
    assert_snapshot!(readable(&shown(&checked("metric", "", &fields), 1, "")), @"
    :chart_with_upwards_trend: *A threshold is crossed*
    (warning · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #ecb22e
    | *Metric* EUR/USD exposure
    | *Value* 1270000.5 EUR
    | *Threshold* 1000000 EUR
    | *Breach* 270000.5 EUR above
    | *System* book 3
    | [Open dashboard] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- A threshold is crossed
    --- warning · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Metric: EUR/USD exposure
    --- Value: 1270000.5 EUR
    --- Threshold: 1000000 EUR
    --- Breach: 270000.5 EUR above
    --- System: book 3
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_11_13_bookings_and_operations() {
    let booked = [("booking", "b1"), ("client", "Ann"), ("start_at", "2026-11-22T09:00:00Z")];
    assert_snapshot!(readable(&shown(&checked("booking.booked", "", &booked), 1, "")), @"
    :date: *Booked*
    (Ann · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #36c5f0
    | *Booking* b1
    | *Start at* <!date^1795338000^{date_short_pretty} {time}|2026-11-22 09:00 UTC>
    | [Open booking] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- Booked
    --- Ann · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Booking: b1
    --- Start at: <!date^1795338000^{date_short_pretty} {time}|2026-11-22 09:00 UTC>
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
    let quota = [("resource", "Slack API calls"), ("used", "950"), ("limit", "1000")];
    assert_snapshot!(readable(&shown(&checked("quota.near", "", &quota), 1, "")), @"
    :bar_chart: *A quota is nearly reached*
    (warning · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>)
    | #ecb22e
    | *Resource* Slack API calls
    | *Used* 950 of 1000 (95 %)
    | [Open usage] -> notice_open https://app.example.com/record/7?a=1&b=2
    | [Mark as handled] -> notice_handled 7
    --- A quota is nearly reached
    --- warning · <!date^1795262400^{date_short_pretty} {time}|2026-11-21 12:00 UTC>
    --- Resource: Slack API calls
    --- Used: 950 of 1000 (95 %)
    --- https://app.example.com/record/7?a=1&amp;b=2
    ");
}

#[test]
fn not_18_every_open_card_has_one_or_two_buttons_and_opens_its_record() {
    let kinds = Kinds::builtin();
    for kind in kinds.all() {
        for link in [None, Some("https://example.com/7".to_owned())] {
            let mut content = checked("alert", "x", &[]).content;
            content.kind.clone_from(&kind.name);
            content.link.clone_from(&link);
            let checked = Checked { content, ..checked("alert", "x", &[]) };
            let message = shown(&checked, 1, "");
            let buttons =
                &message.parts["attachments"][0]["blocks"].as_array().unwrap().last().unwrap()["elements"];
            let count = buttons.as_array().unwrap().len();
            assert_eq!(count, 1 + usize::from(link.is_some()), "{}", kind.name);
            if let Some(link) = link {
                assert_eq!(buttons[0]["url"], json!(link), "{}", kind.name);
            }
        }
    }
}

/// What callers write: odd letters, markup, very long texts, nothing at all.
fn odd() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        any::<String>(),
        Just("<!channel> <!here> <@U012ABCDEF> <!subteam^S123>".to_owned()),
        Just("```*_~`".to_owned()),
        Just("&amp;<https://evil.example|click>".to_owned()),
        Just("👩‍👩‍👧‍👦 ﷽ \u{202e}abc\u{0}\u{7}\u{1b}[0m".to_owned()),
        Just(String::new()),
        Just("\n\n\t \r\n".to_owned()),
    ];
    let times = prop_oneof![Just(1_usize), Just(3), Just(400), Just(9_000)];
    (word, times).prop_map(|(word, times)| word.repeat(times).chars().take(40_000).collect())
}

fn limits() -> Option<jsonschema::Validator> {
    let Some(folder) = std::env::var_os("DESKD_SCHEMAS") else {
        println!("skipped: DESKD_SCHEMAS is not set");
        return None;
    };
    let text = std::fs::read_to_string(PathBuf::from(folder).join("blocks.limits.schema.json")).unwrap();
    Some(jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap())
}

/// The limits that no schema has, and what must never happen.
fn keeps_the_limits(message: &Message) {
    let units = |text: &str| text.encode_utf16().count();
    assert!(units(&message.text) <= 4_000, "the fallback is too long: {}", units(&message.text));
    assert!(!message.text.trim().is_empty());
    let mut texts = vec![message.text.clone()];
    let attachments = message.parts["attachments"].as_array().cloned().unwrap_or_default();
    let lists = attachments.iter().map(|part| &part["blocks"]).chain([&message.parts["blocks"]]);
    let mut count = 0;
    for block in lists.flat_map(blocks) {
        count += 1;
        let one = blocks(&block["fields"]).chain(blocks(&block["elements"])).chain([&block["text"]]);
        for text in one {
            let text = text["text"].as_str().or(text["text"]["text"].as_str()).unwrap_or_default();
            assert!(units(text) <= 3_000, "{} is too long: {}", block["type"], units(text));
            texts.push(text.to_owned());
        }
        for field in blocks(&block["fields"]) {
            assert!(units(field["text"].as_str().unwrap()) <= 2_000);
        }
    }
    assert!(count <= 50);
    for text in texts {
        for (at, _) in text.match_indices('<') {
            let rest = &text[at..];
            let ours = rest.starts_with("<!date^") || rest.starts_with("<https://app.example.com/");
            assert!(ours, "content can ping or link: {}", rest.chars().take(40).collect::<String>());
            assert!(rest.contains('>'), "a link is cut in two");
        }
        for (at, _) in text.match_indices('&') {
            let rest = &text[at..];
            assert!(["&amp;", "&lt;", "&gt;"].iter().any(|escape| rest.starts_with(escape)), "a cut escape");
        }
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character");
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]

    #[test]
    fn every_card_passes_the_limits_and_nobody_is_woken_by_what_is_in_it(
        which in any::<proptest::sample::Index>(),
        title in odd(),
        text in odd(),
        fields in collection::btree_map("[a-z_ *<&👩]{1,100}", odd(), 0..50),
        (count, handled_by, linked) in (1..1_000_000_i64, odd(), any::<bool>()),
        templated in any::<bool>(),
    ) {
        let kinds = Kinds::builtin();
        let all: Vec<Kind> = kinds.all().cloned().collect();
        let mut checked = checked("alert", "x", &[]);
        checked.content.kind.clone_from(&which.get(&all).name);
        checked.content.title = title;
        checked.content.text = text.clone();
        checked.content.fields = fields;
        if !linked {
            checked.content.link = None;
        }
        let standing = Standing {
            problem: 7,
            status: checked.content.status,
            count,
            first_at: NOW,
            last_at: NOW,
            handled_by: Some(By::Name(handled_by)),
        };
        let mut drawn = draw(&checked.content, Some(which.get(&all)), &standing, "");
        if templated {
            drawn.drawn = Some(deskd::domain::mrkdwn::escape(&text));
        }
        let message = card(&drawn);
        keeps_the_limits(&message);
        thread_local! {
            static LIMITS: Option<jsonschema::Validator> = limits();
        }
        LIMITS.with(|limits| {
            let Some(limits) = limits else { return };
            let attachments = message.parts["attachments"].as_array().cloned().unwrap_or_default();
            let lists = attachments.iter().map(|part| &part["blocks"]).chain([&message.parts["blocks"]]);
            for list in lists {
                let problems: Vec<String> =
                    limits.iter_errors(list).map(|problem| format!("{}", problem.instance_path)).collect();
                assert!(problems.is_empty(), "{problems:?}");
            }
        });
    }
}
