//! The words of mentions and what they become, case by case.

use super::{Budget, Mention, MentionReason, NotAMention, Rendered, day, parse, resolve, within_budget};
use crate::domain::directory::{Directory, Group};
use crate::domain::ids::{GroupId, PersonId};
use crate::domain::message::Profile;
use crate::domain::time::Timestamp;
use jiff::tz::TimeZone;

fn person(id: &str, handle: &str, name: &str, email: Option<&str>) -> Profile {
    Profile {
        person: PersonId(id.into()),
        team: None,
        handle: handle.into(),
        name: name.into(),
        email: email.map(str::to_owned),
        is_bot: false,
        deleted: false,
    }
}

fn acme() -> Directory {
    let group = |id: &str, handle: &str| Group {
        id: GroupId(id.into()),
        handle: handle.into(),
        name: handle.into(),
        changed_at: Timestamp(0),
    };
    let closed = Profile { deleted: true, ..person("U00000GON", "gone", "Gone", Some("gone@acme.example")) };
    Directory {
        people: vec![
            person("U00000BOB", "bob", "Bob", Some("Bob@Acme.Example")),
            person("U0000ADA1", "ada1", "Ada", None),
            person("U0000ADA2", "ada2", "Ada", None),
            person("U0000NOOR", "noor", "Noor H.", None),
            person("U00000OPS", "ops", "Olive", None),
            closed,
        ],
        groups: vec![group("S00000DBA", "team-db"), group("S00000OPS", "ops")],
    }
}

fn rendered(words: &[&str], may_call_all: bool) -> Rendered {
    let mentions: Vec<Mention> = words.iter().map(|word| parse(word).unwrap()).collect();
    resolve(&mentions, &acme(), may_call_all)
}

#[test]
fn each_word_has_its_meaning() {
    let named = |name: &str| Ok(Mention::Named(name.into()));
    for (text, expected) in [
        ("none", Ok(Mention::None)),
        ("@here", Ok(Mention::Here)),
        (" @HERE ", Ok(Mention::Here)),
        ("<!channel>", Ok(Mention::Channel)),
        ("@everyone", Err(NotAMention::Everyone)),
        ("@Everyone", Err(NotAMention::Everyone)),
        ("<!everyone>", Err(NotAMention::Everyone)),
        ("@team-db", named("team-db")),
        ("@Noor H.", named("Noor H.")),
        ("Bob@Acme.Example", Ok(Mention::Email("bob@acme.example".into()))),
        ("U0123ABCD", Ok(Mention::Person(PersonId("U0123ABCD".into())))),
        ("<@W0123ABCD|bob>", Ok(Mention::Person(PersonId("W0123ABCD".into())))),
        ("S0123ABCD", Ok(Mention::Group(GroupId("S0123ABCD".into())))),
        ("<!subteam^S0123ABCD|@db>", Ok(Mention::Group(GroupId("S0123ABCD".into())))),
        ("here", Err(NotAMention::Unreadable)),
        ("bob", Err(NotAMention::Unreadable)),
        ("@", Err(NotAMention::Unreadable)),
        ("", Err(NotAMention::Unreadable)),
        ("@a<!channel>", Err(NotAMention::Unreadable)),
        ("a@b", Err(NotAMention::Unreadable)),
        ("a@b@c.example", Err(NotAMention::Unreadable)),
        ("@a@b.example", Err(NotAMention::Unreadable)),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
    assert!(parse(&format!("@{}", "x".repeat(81))).is_err());
}

#[test]
fn not_36_people_and_groups_become_tokens_and_what_is_unknown_stays_text() {
    let called = |token: &str| MentionReason::Called(token.into());
    for (sentence, word, prefix, reason) in [
        ("a group by handle", "@team-db", "<!subteam^S00000DBA>", called("<!subteam^S00000DBA>")),
        ("whatever its case", "@Team-DB", "<!subteam^S00000DBA>", called("<!subteam^S00000DBA>")),
        ("a group by id", "S00000DBA", "<!subteam^S00000DBA>", called("<!subteam^S00000DBA>")),
        ("a person by handle", "@bob", "<@U00000BOB>", called("<@U00000BOB>")),
        ("by address", "bob@acme.example", "<@U00000BOB>", called("<@U00000BOB>")),
        ("by id", "U00000BOB", "<@U00000BOB>", called("<@U00000BOB>")),
        ("by a display name", "@noor h.", "<@U0000NOOR>", called("<@U0000NOOR>")),
        ("a group before a person", "@ops", "<!subteam^S00000OPS>", called("<!subteam^S00000OPS>")),
        ("two of a name", "@Ada", "@Ada", MentionReason::Ambiguous("@Ada".into())),
        ("a closed account", "@gone", "@gone", MentionReason::Gone("@gone".into())),
        ("nobody", "@x & y", "@x &amp; y", MentionReason::Unknown("@x & y".into())),
        ("no such id", "U99999999", "@U99999999", MentionReason::Unknown("@U99999999".into())),
        ("no such group", "S99999999", "@S99999999", MentionReason::Unknown("@S99999999".into())),
        (
            "an address of nobody is not repeated",
            "eve@acme.example",
            "@eve",
            MentionReason::Unknown("(an e-mail address)".into()),
        ),
    ] {
        let rendered = rendered(&[word], false);
        assert_eq!((rendered.prefix.as_str(), &rendered.reasons[..]), (prefix, &[reason][..]), "{sentence}");
    }
}

#[test]
fn a_list_is_rendered_in_its_order_and_nobody_is_called_twice() {
    for (words, may_call_all, prefix, codes) in [
        (&["@here", "@bob"][..], true, "<!here> <@U00000BOB>", &["called", "called"][..]),
        (&["@bob", "bob@acme.example"], true, "<@U00000BOB>", &["called", "repeated"]),
        (&["@here", "@channel"], true, "<!channel>", &["repeated", "called"]),
        (&["@here", "@bob"], false, "@here <@U00000BOB>", &["over_budget", "called"]),
        (&["@channel", "@here"], false, "@channel @here", &["over_budget", "over_budget"]),
        (&["@x", "@x"], false, "@x", &["unknown", "unknown"]),
        (&["none"], true, "", &[]),
        (&[], true, "", &[]),
    ] {
        let rendered = rendered(words, may_call_all);
        let found: Vec<&str> = rendered.reasons.iter().map(MentionReason::code).collect();
        assert_eq!((rendered.prefix.as_str(), &found[..]), (prefix, codes), "{words:?}");
        let is_broad = prefix.contains("<!here>") || prefix.contains("<!channel>");
        assert_eq!(rendered.is_broad(), is_broad, "{words:?}");
    }
}

#[test]
fn the_budget_counts_by_the_day_of_its_zone() {
    for (used, budget, fits) in [(0, 5, true), (4, 5, true), (5, 5, false), (9, 5, false), (0, 0, false)] {
        assert_eq!(within_budget(used, budget), fits, "{used} of {budget}");
    }
    let budget = |zone: &str| Budget { per_day: 5, zone: TimeZone::get(zone).unwrap() };
    let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    for (zone, now, expected) in [
        ("UTC", "2026-11-21T23:59:59Z", "2026-11-21"),
        ("Europe/Berlin", "2026-11-21T23:00:00Z", "2026-11-22"),
        ("America/New_York", "2026-11-22T04:59:59Z", "2026-11-21"),
    ] {
        assert_eq!(day(at(now), &budget(zone).zone), expected, "{zone} {now}");
    }
}

#[test]
fn a_reason_survives_its_way_through_the_store_and_a_mention_shows_no_address() {
    let text = || "@x".to_owned();
    let all = [
        MentionReason::Called(text()),
        MentionReason::OverBudget(text()),
        MentionReason::Unknown(text()),
        MentionReason::Ambiguous(text()),
        MentionReason::Gone(text()),
        MentionReason::Repeated(text()),
    ];
    for reason in all {
        let back = MentionReason::from_parts(reason.code(), reason.detail());
        assert_eq!(back, Some(reason.clone()), "{}", reason.sentence());
    }
    let shown = format!("{:?}", parse("bob@acme.example"));
    assert!(!shown.contains("bob") && !shown.contains("acme"), "{shown}");
}
