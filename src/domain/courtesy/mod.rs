//! Greetings, thanks and fillers: what people say around what they want.
//!
//! Two users: "thanks!" must not reopen a done task, and chatter must not sway classification. Conservative on
//! purpose: every word has to be known, so that "thanks, but it still fails" is never taken for courtesy.

mod phrases;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::words::{Word, WordKind, words};
use phrases::{EMOJI, FILLERS, GREETINGS, TAILS, THANKS};

/// What a courtesy phrase is; decides where it may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Greeting,
    Thanks,
    Filler,
    /// Counts only behind another: "so much", "again", "everyone".
    Tail,
}

/// What follows a phrase's first word, and what the phrase is.
type Entry = (Vec<String>, Kind);

/// Known phrases by their first word; longer ones first.
static KNOWN: LazyLock<HashMap<String, Vec<Entry>>> = LazyLock::new(|| {
    let kinds =
        [(GREETINGS, Kind::Greeting), (THANKS, Kind::Thanks), (FILLERS, Kind::Filler), (TAILS, Kind::Tail)];
    let mut known: HashMap<String, Vec<Entry>> = HashMap::new();
    for (phrases, kind) in kinds {
        for phrase in phrases {
            let mut texts = words(phrase).into_iter().map(|word| word.text.into_owned());
            if let Some(head) = texts.next() {
                known.entry(head).or_default().push((texts.collect(), kind));
            }
        }
    }
    for entries in known.values_mut() {
        entries.sort_by_key(|(tail, _)| std::cmp::Reverse(tail.len()));
    }
    known
});

/// Whether `text` (as Slack encodes it) says nothing but hello, thanks, fine or bye. False for empty text and for
/// anything with a question mark.
pub fn is_courtesy(text: &str) -> bool {
    !asks(text) && is_only_courtesy(&words(text))
}

/// The part of a message's words that is left without a leading greeting and a trailing thanks; empty when there is
/// nothing but courtesy.
pub fn without_courtesy(words: &[Word<'_>]) -> Range<usize> {
    if is_only_courtesy(words) {
        return 0..0;
    }
    let start = leading(words);
    let thanks = (start..words.len()).find(|&at| {
        phrase_at(words, at).is_some_and(|(_, kind)| kind == Kind::Thanks) && is_only_courtesy(&words[at..])
    });
    start..thanks.unwrap_or(words.len())
}

fn asks(text: &str) -> bool {
    text.contains(['?', '？', '؟'])
}

fn is_only_courtesy(words: &[Word<'_>]) -> bool {
    let mut at = 0;
    let mut polite = false;
    let mut last = None;
    while let Some(word) = words.get(at) {
        match word.kind {
            WordKind::Emoji if EMOJI.contains(&word.text.as_ref()) => {
                (at, polite, last) = (at + 1, true, None)
            }
            WordKind::Mention => (at, last) = (at + 1, None),
            WordKind::Emoji | WordKind::Token => return false,
            WordKind::Word | WordKind::Run => match phrase_at(words, at) {
                Some((_, Kind::Tail)) if !polite => return false,
                Some((length, kind)) => (at, polite, last) = (at + length, true, Some(kind)),
                None if is_name(words, at, last) => (at, last) = (at + 1, None),
                None => return false,
            },
        }
    }
    polite
}

/// How many words greet at the beginning: a greeting, and what politely follows it.
fn leading(words: &[Word<'_>]) -> usize {
    let mut at = 0;
    let mut last = None;
    while let Some(word) = words.get(at) {
        let length = match phrase_at(words, at) {
            Some((length, kind @ (Kind::Greeting | Kind::Thanks))) => {
                last = Some(kind);
                length
            }
            Some((length, Kind::Tail)) if last.is_some() => length,
            Some((_, Kind::Filler | Kind::Tail)) | None if word.kind == WordKind::Mention => 1,
            Some((_, Kind::Filler | Kind::Tail)) => return at,
            None if is_name(words, at, last) => 1,
            None => return at,
        };
        at += length;
    }
    at
}

/// Whether a single word behind a greeting or thanks is the name of whom it is for: "Thanks Anna!".
fn is_name(words: &[Word<'_>], at: usize, last: Option<Kind>) -> bool {
    let addressed = matches!(last, Some(Kind::Greeting | Kind::Thanks)) && at > 0 && !words[at - 1].stop;
    let ends = words[at].stop || words.get(at + 1).is_some_and(|next| next.kind == WordKind::Emoji);
    addressed && ends && words[at].capital
}

/// The longest known phrase that begins at `at`, as its number of words and its kind.
fn phrase_at(words: &[Word<'_>], at: usize) -> Option<(usize, Kind)> {
    let entries = KNOWN.get(words[at].text.as_ref())?;
    let rest = &words[at + 1..];
    let fits = |tail: &[String]| {
        tail.len() <= rest.len() && tail.iter().zip(rest).all(|(text, word)| *text == word.text)
    };
    entries.iter().find(|(tail, _)| fits(tail)).map(|(tail, kind)| (tail.len() + 1, *kind))
}

#[cfg(test)]
mod tests {
    use super::{is_courtesy, without_courtesy};
    use crate::domain::words::words;

    #[test]
    fn only_greetings_thanks_and_fillers_are_courtesy() {
        let table = [
            "thanks!",
            "Thanks",
            "THANK YOU",
            "thank you so much :pray:",
            "ok great",
            "👍",
            ":+1:",
            ":+1::skin-tone-3:",
            "got it, thx",
            "danke",
            "Vielen Dank!",
            "merci",
            "Merci beaucoup, bonne journée",
            "gracias",
            "muchas gracias!",
            "grazie mille",
            "obrigado",
            "bedankt",
            "dzięki!",
            "tack så mycket",
            "tusen takk",
            "teşekkürler",
            "спасибо",
            "Большое спасибо!",
            "děkuji",
            "ačiū",
            "kiitos",
            "köszönöm",
            "ευχαριστώ",
            "شكرا",
            "תודה רבה",
            "धन्यवाद",
            "谢谢",
            "谢谢！",
            "ありがとうございます",
            "了解です、ありがとうございます！",
            "감사합니다",
            "ขอบคุณครับ",
            "hi",
            "Hello team",
            "hey there :wave:",
            "Good morning everyone",
            "Thanks Anna!",
            "Hi Bob",
            "thanks <@U123>",
            "<@U123> thank you!",
            "perfect 🎉",
            "ok",
            "Okay, sounds good.",
            "cool cool",
            "awesome, that works now. Thanks a lot!",
            "that fixed it, thank you",
            "thanks for your help",
            "Thanks for the quick reply",
            "no worries",
            "You're welcome :slightly_smiling_face:",
            "great, have a nice weekend!",
            "cheers mate",
            "appreciate it",
            "much appreciated 🙏🏽",
            "ty",
            "tysm ❤️",
            "np",
            "alles klar, danke dir",
            "d'accord, merci",
            "vale, gracias",
            "noted\nthanks",
            "all good now, thanks again",
            "Thanks in advance",
            "👍👍",
            "works now, thank you!",
        ];
        for text in table {
            assert!(is_courtesy(text), "{text}");
        }
    }

    #[test]
    fn anything_that_may_want_an_answer_is_not_courtesy() {
        let table = [
            "",
            " ",
            "thanks, but it still fails",
            "thanks but no",
            "ok?",
            "thanks?",
            "hello?",
            "ok, and the invoice?",
            "no",
            "yes",
            "yes please",
            "not ok",
            "it is not great",
            "that doesn't work",
            "works not",
            "great, when is it live",
            "still",
            "again",
            "all",
            "team",
            "everyone",
            "<@U123>",
            "<!here>",
            ":rotating_light:",
            "🔥",
            "👎",
            ":-1:",
            "thanks <https://x.test>",
            "ok 5",
            "5",
            "Thanks, Broken again",
            "Hi Anna the export fails",
            "thanks bob the build",
            "danke, aber es geht nicht",
            "merci mais ça ne marche pas",
            "gracias, pero no funciona",
            "谢谢但是不行",
            "ありがとう、でも動きません",
            "help",
            "please",
            "problem",
            "no problem found",
            "it works only on Mondays",
            "hi DOWN",
            "Hi Invoice thanks",
            "thank you for nothing",
            "ok cancel it",
            "go ahead",
            "???",
            "!",
            "...",
            "```ok```x",
            "good",
            "day",
            "cool down period",
            "need help, thanks",
        ];
        for text in table {
            assert!(!is_courtesy(text), "{text}");
        }
    }

    #[test]
    fn greeting_and_thanks_are_taken_off_the_ends_only() {
        let table = [
            ("Hi team, the export fails. Thanks so much!", "the export fails"),
            ("Hello Anna, where is my invoice", "where is my invoice"),
            ("<@U1> hi, refund please, thank you :pray:", "refund please"),
            ("dark mode would be great", "dark mode would be great"),
            ("thanks for the fix but it fails", "for the fix but it fails"),
            ("thank you!", ""),
            ("", ""),
        ];
        for (text, left) in table {
            let all = words(text);
            let kept: Vec<&str> = all[without_courtesy(&all)].iter().map(|w| w.text.as_ref()).collect();
            assert_eq!(kept.join(" "), left, "{text}");
        }
    }
}
