use super::{Known, Patterns, Veil};
use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use regex::Regex;

fn known(id: &str, name: &str, near: bool) -> Known {
    Known { id: id.to_owned(), name: name.to_owned(), near }
}

#[test]
fn what_has_the_form_of_an_address_a_number_or_a_token_is_covered() {
    let patterns = Patterns::new(vec![Regex::new(r"\bACME-\d+\b").unwrap()]);
    for (text, covered) in [
        ("write to ada.lovelace+x@globex.example please", "write to [e-mail] please"),
        ("<mailto:ada@globex.example>", "<[e-mail]>"),
        ("call +49 (0)30 1234-5678 or 030/12345678", "call [phone] or [phone]"),
        ("(030) 123 456 78", "[phone]"),
        ("card 4111 1111 1111 1111, exp 12/27", "card [card], exp 12/27"),
        ("card 4111-1111-1111-1112", "card [phone]"),
        ("IBAN DE89 3704 0044 0532 0130 00 is ours", "IBAN [account] is ours"),
        ("my password is hunter2!", "my password is [token]"),
        ("token=abcd1234", "token=[token]"),
        ("curl -H 'Authorization: Bearer abcdefghijklmnop'", "curl -H 'Authorization: [token]'"),
        ("key sk-proj-abcdefgh1234 leaked", "key [token] leaked"),
        ("xoxb-12-34-abcd", "[token]"),
        ("see https://x.example/reset?user=ada&t=1 now", "see https://x.example/reset now"),
        ("9f86d081884c7d659a2feaa0c55ad015 fails", "[token] fails"),
        ("ticket ACME-77", "ticket [redacted]"),
    ] {
        assert_eq!(patterns.cover(text), covered, "{text}");
    }
}

#[test]
fn what_people_need_to_be_understood_stays() {
    let patterns = Patterns::default();
    for text in [
        "order 12345678 of 2026-11-21 is missing",
        "we were charged 1,040.00 EUR instead of 940.00",
        "version 2.14.0 on 192.168.0.10 returns 502",
        "the internationalisation-of-everything page",
        "src/components/settings/ExportButton/index.tsx is broken",
        "password reset does not work",
        "The token expired",
    ] {
        assert_eq!(patterns.cover(text), text);
    }
}

#[test]
fn cls_03_names_become_placeholders_and_come_back() {
    let patterns = Patterns::default();
    let people = vec![
        known("U1", "Ada Lovelace", true),
        known("U2", "Grace Hopper", false),
        known("U3", "陳大文", false),
    ];
    let veil = Veil::new(&patterns, people);
    let covered = veil.cover(
        "Hi <@U2>, this is Ada. Ada Lovelace &amp; grace hopper and 陳大文 said so. By your grace. <@U9>",
    );
    assert_eq!(
        covered,
        "Hi @Person 1, this is Person 3. Person 3 & Person 1 and Person 2 said so. By your grace. @somebody"
    );
    assert_eq!(
        veil.lift("Person 3 asks Person 1; Person 12 is nobody"),
        "Ada Lovelace asks Grace Hopper; Person 12 is nobody"
    );
}

#[test]
fn a_placeholder_that_somebody_wrote_is_nobody() {
    let patterns = Patterns::default();
    let mut veil = Veil::new(&patterns, vec![known("U1", "Ada", true)]);
    veil.heed("Person 1 and Person 2 of the play");
    assert_eq!(veil.cover("Ada likes Person 1"), "Person 3 likes Person 1");
    assert_eq!(veil.lift("Person 3 likes Person 1"), "Ada likes Person 1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_covered_without_panic_and_no_address_stays(text in "(?s).{0,80}", user in "[a-z]{1,8}") {
        let patterns = Patterns::default();
        let veil = Veil::new(&patterns, vec![known("U1", "Ada Lovelace", true)]);
        let covered = veil.cover(&format!("{text} {user}@globex.example {text}"));
        prop_assert!(!covered.contains("@globex.example"));
        veil.lift(&covered);
    }
}
