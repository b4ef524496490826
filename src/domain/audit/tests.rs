//! A chain, and everything somebody could do to it.

use zeroize::Zeroizing;

use super::{
    Act, Anchor, Beside, Break, Deed, Entry, Examiner, Finding, Head, Past, Seal, changed_keys, marks,
    misgiving,
};
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::{Key, Keyring};
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

fn ring(byte: u8) -> Keyring {
    Keyring::new(Key::new(Zeroizing::new([byte; 32])))
}

fn chained(rows: &mut [Entry]) {
    let mut before = String::new();
    for row in rows {
        row.digest = row.digest_after(&before);
        before.clone_from(&row.digest);
    }
}

/// Five rows that somebody wrote in order.
fn rows() -> Vec<Entry> {
    let mut rows: Vec<Entry> = (1..=5)
        .map(|id| Entry {
            id,
            workspace: WorkspaceId("T1".to_owned()),
            at: Timestamp(1_000 * id),
            who: "user:alice".to_owned(),
            what: Deed::TeammateAdded.as_str().to_owned(),
            subject: format!("U{id}"),
            detail: String::new(),
            digest: String::new(),
        })
        .collect();
    chained(&mut rows);
    rows
}

fn head(rows: &[Entry], keys: Option<&Keyring>) -> Option<Head> {
    rows.last().map(|row| Head::over(row.id, row.digest.clone(), keys))
}

fn examined(rows: &[Entry], head: Option<&Head>, keys: Option<&Keyring>) -> Finding {
    looked_for(rows, head, keys, None)
}

fn looked_for(rows: &[Entry], head: Option<&Head>, keys: Option<&Keyring>, kept: Option<Anchor>) -> Finding {
    let mut examiner = Examiner::looking_for(kept, None);
    rows.iter().for_each(|row| examiner.take(row));
    examiner.finish(Beside { head: head.cloned(), keys, had_key: false, guarded: true })
}

#[test]
fn a_chain_as_it_was_written_is_sound_with_and_without_a_key() {
    let (rows, keys) = (rows(), ring(1));
    let sealed = examined(&rows, head(&rows, Some(&keys)).as_ref(), Some(&keys));
    assert_eq!((sealed.broken, sealed.seal, sealed.is_sound()), (None, Some(Seal::Right), true));
    let plain = examined(&rows, head(&rows, None).as_ref(), None);
    assert_eq!((plain.broken, plain.seal, plain.is_sound()), (None, Some(Seal::None), true), "and says so");
    let stripped = examined(&rows, head(&rows, None).as_ref(), Some(&keys));
    assert_eq!((stripped.broken, stripped.is_sound()), (None, false), "who has a key misses the seal");
    let empty = examined(&[], None, Some(&keys));
    assert_eq!((empty.rows, empty.broken), (0, Some(Break::Cut(1))), "every start writes a row");
}

#[test]
fn the_first_row_that_is_not_as_it_was_written_is_named() {
    type Tamper = fn(&mut Vec<Entry>);
    let tampers: [(&str, Tamper, Break); 10] = [
        ("another person", |rows| rows[2].who = "user:mallory".to_owned(), Break::Changed(3)),
        ("another subject", |rows| rows[0].subject = "U9".to_owned(), Break::Changed(1)),
        ("another time", |rows| rows[4].at = Timestamp(1), Break::Changed(5)),
        ("another workspace", |rows| rows[1].workspace = WorkspaceId("T2".to_owned()), Break::Changed(2)),
        (
            "a letter moved from one column to the next",
            |rows| {
                rows[1].subject = "U".to_owned();
                rows[1].detail = "2".to_owned();
            },
            Break::Changed(2),
        ),
        ("a row taken out", |rows| drop(rows.remove(2)), Break::Missing(3)),
        ("the first row taken out", |rows| drop(rows.remove(0)), Break::Missing(1)),
        ("the tail cut", |rows| rows.truncate(3), Break::Cut(4)),
        (
            "two rows swapped",
            |rows| {
                rows.swap(1, 3);
                (rows[1].id, rows[3].id) = (2, 4);
            },
            Break::Changed(2),
        ),
        (
            "everything after a change chained anew",
            |rows| {
                rows[2].subject = "U9".to_owned();
                chained(rows);
            },
            Break::Head(5),
        ),
    ];
    let keys = ring(1);
    for (what, tamper, expected) in tampers {
        let mut rows = rows();
        let head = head(&rows, Some(&keys));
        tamper(&mut rows);
        let found = examined(&rows, head.as_ref(), Some(&keys));
        assert_eq!((found.broken, found.is_sound()), (Some(expected), false), "{what}");
    }
}

#[test]
fn who_has_not_the_key_cannot_make_a_head() {
    let (mut rows, keys, other) = (rows(), ring(1), ring(2));
    let honest = head(&rows, Some(&keys)).expect("a head");
    rows[2].subject = "U9".to_owned();
    chained(&mut rows);
    let digest = rows[4].digest.clone();
    let copied = Head { digest: digest.clone(), ..honest.clone() };
    assert_eq!(examined(&rows, Some(&copied), Some(&keys)).seal, Some(Seal::Wrong), "an old seal");
    let foreign = Head::over(5, digest.clone(), Some(&other));
    assert_eq!(examined(&rows, Some(&foreign), Some(&keys)).seal, Some(Seal::OtherKey), "another key");
    let posing = Head { key: honest.key.clone(), ..foreign };
    assert_eq!(examined(&rows, Some(&posing), Some(&keys)).seal, Some(Seal::Wrong), "another key, posing");
    let shorter = Head { last: 3, digest: rows[2].digest.clone(), ..honest };
    assert_eq!(
        examined(&rows[..3], Some(&shorter), Some(&keys)).seal,
        Some(Seal::Wrong),
        "a tail cut with its head"
    );
}

#[test]
fn what_cannot_be_gone_on_from_in_silence_is_written_down_first() {
    let (rows, keys, other) = (rows(), ring(1), ring(2));
    let newest = rows.last().map(|row| (row.id, row.digest.as_str()));
    let sealed = head(&rows, Some(&keys));
    let plain = head(&rows, None);
    let wrong = sealed.clone().map(|head| Head { seal: "00".repeat(32), ..head });
    let both = ring(1).behind(Key::new(Zeroizing::new([2; 32])));
    let cut = rows.get(2).map(|row| (row.id, row.digest.as_str()));
    let past = Past::default();
    let (used, had_key) = (Past { was_used: true, ..past }, Past { was_sealed: true, ..past });
    let ended = Past { has_ended: true, ..had_key };
    for (what, head, newest, keys, past, expected) in [
        ("no key and nothing yet", &None, None, None, past, None),
        ("nothing yet", &None, None, Some(&keys), past, Some(Deed::SealBegan)),
        ("nothing any more", &None, None, Some(&keys), used, Some(Deed::Doubted)),
        ("nothing any more, and no key", &None, None, None, used, Some(Deed::Doubted)),
        ("the seal was taken away", &plain, newest, Some(&keys), had_key, Some(Deed::Doubted)),
        ("the key was away and rows were written", &plain, newest, Some(&keys), ended, Some(Deed::SealBegan)),
        ("all is well", &sealed, newest, Some(&keys), had_key, None),
        ("no key, no seal", &plain, newest, None, past, None),
        ("the key is away", &sealed, newest, None, had_key, Some(Deed::SealEnded)),
        ("the new key stands before the old one", &sealed, newest, Some(&both), had_key, None),
        ("a key has come", &plain, newest, Some(&keys), past, Some(Deed::SealBegan)),
        ("another key has come", &sealed, newest, Some(&other), had_key, Some(Deed::KeyChanged)),
        ("a wrong seal", &wrong, newest, Some(&keys), had_key, Some(Deed::Doubted)),
        ("rows without a head", &None, newest, None, past, Some(Deed::Doubted)),
        ("a head without rows", &plain, None, None, past, Some(Deed::Doubted)),
        ("a cut tail", &plain, cut, None, past, Some(Deed::Doubted)),
    ] {
        assert_eq!(misgiving(head.as_ref(), newest, keys, past).map(|(deed, _)| deed), expected, "{what}");
    }
}

#[test]
fn a_doubt_stays_and_a_kept_row_is_found_again() {
    let mut rows = rows();
    rows[3].what = Deed::Doubted.as_str().to_owned();
    chained(&mut rows);
    let found = examined(&rows, head(&rows, None).as_ref(), None);
    assert_eq!((found.broken, found.doubts.as_slice(), found.is_sound()), (None, &[4][..], false));
    let against = |anchor: &str| looked_for(&rows, head(&rows, None).as_ref(), None, Anchor::parse(anchor));
    assert_eq!(against(&format!("2:{}", rows[1].digest)).anchored, Some(true));
    assert_eq!(against(&format!("3:{}", rows[1].digest)).anchored, Some(false));
    let from_there = against(&format!("4:{}", rows[3].digest));
    assert_eq!((from_there.doubts.len(), from_there.is_sound()), (0, true), "what was kept is known");
    for wrong in ["", "2", "2:", "x:00", "0:aa", &format!("2:{}", "g".repeat(64))] {
        assert_eq!(Anchor::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn words_are_there_once_and_an_act_names_who() {
    let words: std::collections::BTreeSet<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
    assert_eq!(words.len(), Deed::ALL.len());
    let act = Act::new(&Actor::Operator("alice".to_owned()), Deed::WebhookRenamed, "ops").with("ops-2");
    assert_eq!((act.who.as_str(), act.subject.as_str(), act.detail.as_str()), ("user:alice", "ops", "ops-2"));
}

#[test]
fn a_change_of_the_configuration_is_told_by_its_keys() {
    let lines = |pairs: &[(&str, &str)]| {
        let lines: Vec<(String, String)> =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        marks(&lines)
    };
    let before = lines(&[("log.level", "info"), ("route.ops.to", "#ops"), ("inbox.quiet", "30s")]);
    let after = lines(&[("log.level", "debug"), ("route.billing.to", "#billing"), ("inbox.quiet", "30s")]);
    assert_eq!(changed_keys(&before, &after), "log.level, route.billing.to, route.ops.to");
    assert_eq!(changed_keys(&before, &before), "");
    let (two, one) = (lines(&[("k", "a"), ("k", "b")]), lines(&[("k", "a1:b")]));
    assert_eq!(changed_keys(&two, &one), "k", "two values are not one that looks like both");
    let many: Vec<(String, String)> = (0..50).map(|at| (format!("k{at:02}"), String::new())).collect();
    assert!(changed_keys(&lines(&[]), &marks(&many)).ends_with("k39 and 10 more"));
}
