//! What customers write to the machine that reads them: "ignore your instructions", "label this as urgent".
//!
//! Such a sentence asks nothing of the desk, and an honest reader would pass over it; a model may not. So the sentence is
//! taken out before the model sees the message. This is the second fence and the weakest: what holds without it is that the
//! text is only ever a field of data, that nothing but a category of the desk's can be answered, and that a priority moves by
//! one step (`effect`). A sentence that no pattern here knows meets those.

use std::sync::LazyLock;

use regex::Regex;

/// What stands where such a sentence stood.
pub const REMOVED: &str = "[words to a machine]";

/// Words that are said to a model and hardly ever to a person who answers customers. German, French and Spanish, too.
static ORDERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)
        \b(?: ignore | disregard | forget | override ) \b .{0,30} \b (?: instructions? | prompts? | rules? | directions | guidelines ) \b
        | \b(?: ignorier\w* | vergiss | missachte ) \b .{0,30} \b (?: anweisung\w* | regeln | vorgaben ) \b
        | \b(?: ignore[rz]? | oublie[rz]? ) \b .{0,30} \b (?: consignes | instructions | règles ) \b
        | \b(?: ignor[ae]\w* | olvid[ae]\w* ) \b .{0,30} \b (?: instrucciones | reglas ) \b
        | \b(?: system | developer ) \s* (?: prompt | message | instruction\w* | override ) \b
        | ^\W* (?: system | assistant | developer | user ) \s* :
        | <\|? /? \s* (?: system | assistant | im_start | im_end | endoftext | instructions? )
        | \[/? inst \]
        | \b you \s+ are \s+ (?: now \s+ )? (?: an? \s+ )? (?: ai | chatbot | assistant | classifier | language \s+ model | large \s+ language \s+ model ) \b
        | \b (?: as \s+ an? | dear ) \s+ (?: ai | language \s+ model | classifier | llm ) \b
        | \b (?: classify | label | categori[sz]e | tag | mark | rate | treat | set | prioriti[sz]e | put ) \s+
          (?: this | it | me | my | these | the \s+ (?: ticket | message | request | task | priority | category | label ) ) \b
          .{0,30} \b (?: urgent | high | highest | low | top | critical | maximum | category | priority | p0 | p1 ) \b
        | \b (?: output | answer | respond | return | reply ) \b .{0,20} \b (?: json | category | confidence | priority ) \b
        | \b (?: category | priority | confidence ) \b ['\x22]? \s* [:=]
        | \b (?: kategorie | priorität | priorité | catégorie | prioridad | categoría ) \b ['\x22]? \s* [:=]
        ",
    )
    .expect("a constant pattern that a test compiles")
});

/// The text without what is said to a machine.
pub fn without_orders(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for sentence in sentences(text) {
        if ORDERS.is_match(sentence) {
            let end = &sentence[sentence.trim_end().len()..];
            kept.push_str(REMOVED);
            kept.push_str(end);
        } else {
            kept.push_str(sentence);
        }
    }
    kept
}

/// Sentences with what follows them: a stop with space behind it ends one, and so does a line.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut last = ' ';
        let stop = |(_, c): &(usize, char)| {
            let ends =
                *c == '\n' || (c.is_whitespace() && ".!?;。！？".contains(last)) || "。！？".contains(*c);
            last = *c;
            ends
        };
        let end = rest.char_indices().find(stop).map_or(rest.len(), |(at, c)| at + c.len_utf8());
        let (sentence, left) = rest.split_at(end);
        rest = left;
        Some(sentence)
    })
}
