//! Tables for classification by rules.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

use super::{Bundled, Compiled, Priority, Reasoned, Verdict, classify};
use crate::domain::rules::{CategoryRule, PriorityWords, Rules};

fn rule(name: &str, keywords: &[&str], phrases: &[&str]) -> CategoryRule {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    CategoryRule { keywords: owned(keywords), phrases: owned(phrases), ..CategoryRule::named(name) }
}

fn compiled(categories: Vec<CategoryRule>) -> Compiled {
    let priority = PriorityWords {
        urgent: vec!["urgent".into(), "至急".into()],
        high: vec!["soon".into()],
        low: vec!["not urgent".into(), "whenever".into()],
    };
    Compiled::new(&Rules { categories, priority, fallback: "other".into() })
}

fn bundled<'a>(texts: &'a [&'a str]) -> Bundled<'a> {
    Bundled { channel: "C1", channel_name: Some("help"), ..Bundled::of(texts) }
}

fn verdict(text: &str, compiled: &Compiled) -> Verdict {
    classify(&bundled(&[text]), compiled)
}

#[test]
fn words_match_whole_in_any_case_and_phrases_across_punctuation() {
    let rules = compiled(vec![
        rule("billing", &["invoice", "Überweisung", "退款"], &["credit card", "can't pay"]),
        rule("bug", &["crash"], &["does not work"]),
    ]);
    let table = [
        ("my INVOICE", "billing"),
        ("invoices", "other"),
        ("Die überweisung fehlt", "billing"),
        ("credit-card", "billing"),
        ("the credit, card", "billing"),
        ("credit my card", "other"),
        ("We CAN’T pay", "billing"),
        ("cant pay", "billing"),
        ("我想退款谢谢", "billing"),
        ("it does *not* work", "bug"),
        ("see <https://x.test/crash>", "other"),
        ("see <https://x.test|the crash>", "bug"),
        ("&lt;crash&gt;", "bug"),
        ("<@U1> crash", "bug"),
    ];
    for (text, category) in table {
        assert_eq!(verdict(text, &rules).category, category, "{text}");
    }
}

#[test]
fn confidence_follows_the_points() {
    let rules = compiled(vec![rule("a", &["one", "two", "three"], &["four five"]), rule("b", &["six"], &[])]);
    let table = [
        ("one", "a", 0.5),
        ("one one one", "a", 0.5),
        ("four five", "a", 2.0 / 3.0),
        ("one two three", "a", 0.75),
        ("six one", "a", 1.0 / 3.0),
        ("six one two", "a", 0.5),
        ("nothing here", "other", 0.15),
    ];
    for (text, category, confidence) in table {
        let verdict = verdict(text, &rules);
        assert_eq!(verdict.category, category, "{text}");
        assert!((verdict.confidence - confidence).abs() < 1e-4, "{text}: {}", verdict.confidence);
    }
    assert_eq!(verdict("six one", &rules).runners_up, [("b".to_owned(), 0.3333)]);
}

#[test]
fn messages_of_a_bundle_count_together_but_no_phrase_spans_two() {
    let rules = compiled(vec![rule("a", &["one"], &["two three"]), rule("b", &["four"], &["five six"])]);
    let together = classify(&bundled(&["four", "one two", "three five six"]), &rules);
    assert_eq!(together.category, "b");
    assert_eq!(together.runners_up.len(), 1);
    assert!(
        !together.reasons.iter().any(|r| matches!(r, Reasoned::Phrase { category, .. } if category == "a"))
    );
}

#[test]
fn channel_domain_pattern_and_weight_count() {
    let mut sales = rule("sales", &["price"], &[]);
    sales.channels = vec!["#Sales-Desk".into(), "C9".into()];
    sales.domains = vec!["@Acme.test".into()];
    sales.patterns = vec![regex::Regex::new(r"(?i)\bPO-\d{4}\b & co").unwrap()];
    let mut bug = rule("bug", &["crash"], &[]);
    bug.weight = 5.0;
    let mut off = rule("off", &["off"], &[]);
    off.weight = f64::NAN;
    let rules = compiled(vec![sales, bug, off]);
    let plain = bundled(&["hello you"]);
    let in_channel = Bundled { channel_name: Some("sales-desk"), ..plain };
    let by_id = Bundled { channel: "C9", channel_name: None, ..plain };
    let by_mail = Bundled { email: Some("ann@eu.ACME.test"), ..plain };
    let stranger = Bundled { email: Some("ann@notacme.test"), ..plain };
    assert_eq!(classify(&plain, &rules).category, "other");
    assert_eq!(classify(&in_channel, &rules).category, "sales");
    assert_eq!(classify(&by_id, &rules).category, "sales");
    assert_eq!(classify(&by_mail, &rules).category, "sales");
    assert_eq!(classify(&stranger, &rules).category, "other");
    assert_eq!(verdict("see po-1234 &amp; co", &rules).category, "sales");
    assert_eq!(verdict("price crash", &rules).category, "bug");
    assert_eq!(verdict("off", &rules).category, "other");
    let domain = Reasoned::Domain { category: "sales".into(), domain: "@Acme.test".into() };
    assert_eq!(classify(&by_mail, &rules).reasons, [domain]);
}

#[test]
fn the_highest_priority_word_wins_unless_a_longer_one_hides_it() {
    let rules = compiled(vec![rule("a", &["one"], &[])]);
    let table = [
        ("one", Priority::Normal),
        ("URGENT!", Priority::Urgent),
        ("not urgent", Priority::Low),
        ("not urgent, but soon", Priority::High),
        ("not urgent for me but urgent for her", Priority::Urgent),
        ("whenever, soon", Priority::High),
        ("至急お願いします", Priority::Urgent),
    ];
    for (text, priority) in table {
        assert_eq!(verdict(text, &rules).priority, priority, "{text}");
    }
}

#[test]
fn a_mention_lifts_what_sounded_low() {
    let rules = compiled(vec![]);
    let calm = Bundled { mentioned: true, ..bundled(&["<@U1> whenever you can"]) };
    let verdict = classify(&calm, &rules);
    assert_eq!(verdict.priority, Priority::Normal);
    assert!(verdict.reasons.contains(&Reasoned::Mentioned));
    let urgent = Bundled { mentioned: true, ..bundled(&["<@U1> urgent"]) };
    assert_eq!(classify(&urgent, &rules).priority, Priority::Urgent);
}

#[test]
fn what_nothing_speaks_for_says_why() {
    let rules = compiled(vec![rule("praise", &["thanks", "hi"], &[])]);
    let fallback = || "other".to_owned();
    let reason = |bundle: &Bundled<'_>| classify(bundle, &rules).reasons;
    assert_eq!(reason(&bundled(&["what now"])), [Reasoned::NothingMatched { fallback: fallback() }]);
    assert_eq!(reason(&bundled(&["hi", "thanks!"])), [Reasoned::OnlyCourtesy { fallback: fallback() }]);
    assert_eq!(reason(&bundled(&[])), [Reasoned::NothingMatched { fallback: fallback() }]);
    let files = Bundled { files: 2, ..bundled(&["", ""]) };
    assert_eq!(reason(&files), [Reasoned::OnlyFiles { files: 2, fallback: fallback() }]);
    let greeted = Bundled { files: 1, ..bundled(&["hi", ""]) };
    assert_eq!(reason(&greeted), [Reasoned::OnlyCourtesy { fallback: fallback() }]);
}

#[test]
fn reasons_name_configured_words_winner_first_and_never_the_text() {
    let rules = compiled(vec![rule("a", &["One"], &[]), rule("b", &["two"], &["three four"])]);
    let verdict = verdict("xyzzy ONE two three - four soon", &rules);
    let told: Vec<String> = verdict.reasons.iter().map(Reasoned::sentence).collect();
    assert_eq!(
        told,
        [
            "the word \"two\" speaks for b",
            "the phrase \"three four\" speaks for b",
            "the word \"One\" speaks for a",
            "\"soon\" asks for priority high",
        ]
    );
}

#[test]
fn the_built_in_rules_know_the_everyday_messages() {
    let rules = Compiled::new(&Rules::builtin());
    let table = [
        ("Hi, we were charged twice for March, can we get a refund?", "billing", Priority::High),
        ("where do I find last month's invoice", "billing", Priority::Normal),
        ("please cancel our subscription at the end of the month", "billing", Priority::Normal),
        ("the dashboard crashes when I open it", "bug", Priority::Normal),
        ("export doesn't work since the update", "bug", Priority::Normal),
        ("URGENT: production is down, all our users get error 500", "bug", Priority::Urgent),
        ("there is an outage?!", "bug", Priority::Urgent),
        ("I can't log in, password reset link never comes", "support", Priority::Normal),
        ("can you help me please", "support", Priority::Normal),
        ("could you add dark mode? would be nice", "feature", Priority::Normal),
        ("Feature request: export to CSV, no rush", "feature", Priority::Low),
        ("what would 50 more seats cost? can we get a quote", "sales", Priority::Normal),
        ("could we book a demo of the enterprise plan", "sales", Priority::Normal),
        ("How do I change the colour of a chart?", "question", Priority::Normal),
        ("good morning everyone!", "other", Priority::Normal),
        ("lovely picture", "other", Priority::Normal),
        ("Die Rechnung ist falsch, bitte dringend", "billing", Priority::Urgent),
        ("Bonjour, je voudrais un remboursement", "billing", Priority::Normal),
        ("no funciona la aplicación", "bug", Priority::Normal),
        ("ログインできません、至急", "support", Priority::Urgent),
        ("请帮我退款", "billing", Priority::Normal),
        ("please scroll down and break down the costs", "other", Priority::Normal),
    ];
    for (text, category, priority) in table {
        let verdict = verdict(text, &rules);
        let told: Vec<String> = verdict.reasons.iter().map(Reasoned::sentence).collect();
        assert_eq!((verdict.category.as_str(), verdict.priority), (category, priority), "{text}: {told:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bundle_gets_the_same_sound_verdict_twice(
        texts in proptest::collection::vec("(?s).{0,60}|[a-z ,:<>@]{0,60}|(invoice|not|urgent|退款|down|thanks|:|<@U1>| ){0,12}", 0..4),
        files in 0..3usize,
        mentioned in proptest::bool::ANY,
    ) {
        let rules = Compiled::new(&Rules::builtin());
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let bundle = Bundled { files, mentioned, ..bundled(&texts) };
        let verdict = classify(&bundle, &rules);
        prop_assert!((0.0..=1.0).contains(&verdict.confidence));
        prop_assert!(!verdict.reasons.is_empty() || verdict.confidence > 0.15);
        prop_assert!(verdict.runners_up.iter().all(|(name, c)| *c <= verdict.confidence && *name != verdict.category));
        prop_assert_eq!(&classify(&bundle, &rules), &verdict);
        prop_assert_eq!(Verdict::from_json(&verdict.to_json()).unwrap(), verdict);
    }
}
