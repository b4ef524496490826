//! From tokens to numbers: which features a bundle has, and how much each of them counts.
//!
//! Features are hashed into a fixed number of rows, so nothing has to be known in advance and no word is stored. Three
//! blocks are made equally long, so that a long message does not speak louder than a short one: words and pairs of
//! words, parts of words (which carry over inflection, typing errors and scripts without spaces), and concepts.

use super::concepts;
use super::rows::Rows;
use super::tokens::{Kind, Token, is_courtesy};

/// Rows that features are hashed into. A quarter of it would cost up to half a point on 150 categories.
const ROWS: usize = 1 << 18;
/// Longest word whose parts are looked at, in letters; longer ones are keys and codes.
const LONGEST_WORD: usize = 40;
/// How many blocks there are.
const BLOCKS: usize = 3;
/// How long each block is made: words, parts of words, concepts.
const LENGTHS: [f32; BLOCKS] = [1.0, 1.0, 0.6];

/// The features of a bundle with how often each occurs, by block, sorted by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    blocks: [Vec<(u32, u16)>; BLOCKS],
}

/// The features of a bundle with how much each counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vector {
    /// Row and value.
    pub entries: Vec<(u32, f32)>,
    /// How many of the entries are of the block of words; they come first.
    pub words: usize,
}

/// In how many of the examples each feature occurs.
#[derive(Clone, Debug, Default)]
pub struct Frequencies {
    documents: u32,
    of: Rows,
}

/// Counts the features of a bundle's messages.
pub fn count(messages: &[Vec<Token>]) -> Counted {
    let mut rows: [Vec<u32>; BLOCKS] = Default::default();
    for message in messages {
        let mut before = Hash::new("^");
        for token in message {
            let whole = Hash::new(&token.text);
            rows[0].push(whole.row("w"));
            rows[0].push(before.pair(&whole));
            if token.kind == Kind::Number {
                rows[0].push(Hash::new("<num>").row("w"));
            }
            parts(token, &mut rows[1]);
            before = whole;
        }
        rows[0].push(before.pair(&Hash::new("$")));
        concepts::find(message, &mut |concept| rows[2].push(Hash::new(concept).row("c")));
    }
    rows[2].push(Hash::new(length(messages)).row("s"));
    if messages.iter().all(|message| is_courtesy(message)) {
        rows[2].push(Hash::new("courtesy").row("s"));
    }
    Counted { blocks: rows.map(tally) }
}

impl Counted {
    /// The vector under these frequencies.
    pub fn vector(&self, frequencies: &Frequencies) -> Vector {
        let mut entries = Vec::with_capacity(self.blocks.iter().map(Vec::len).sum());
        let mut words = 0;
        for (block, (counts, length)) in self.blocks.iter().zip(LENGTHS).enumerate() {
            let from = entries.len();
            entries.extend(
                counts
                    .iter()
                    .map(|&(row, times)| (row, (1.0 + f32::from(times).ln()) * frequencies.rarity(row))),
            );
            let norm = entries[from..].iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
            let scale = if norm > 0.0 { length / norm } else { 0.0 };
            entries[from..].iter_mut().for_each(|(_, value)| *value *= scale);
            if block == 0 {
                words = entries.len();
            }
        }
        Vector { entries, words }
    }

    fn rows(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().flatten().map(|&(row, _)| row)
    }
}

impl Frequencies {
    /// Those of no examples: every feature is equally rare.
    pub fn new() -> Frequencies {
        Frequencies::default()
    }

    /// Counts one more example.
    pub fn add(&mut self, counted: &Counted) {
        self.documents += 1;
        for row in counted.rows() {
            *self.of.get_or(row, 0) += 1;
        }
    }

    fn rarity(&self, row: u32) -> f32 {
        let seen = self.of.get(row).unwrap_or(0);
        ((1.0 + self.documents as f32) / (1.0 + seen as f32)).ln() + 1.0
    }
}

/// How long a bundle is, roughly: small talk is short.
fn length(messages: &[Vec<Token>]) -> &'static str {
    match messages.iter().map(Vec::len).sum() {
        0..=2 => "a word or two",
        3..=5 => "a few words",
        6..=12 => "a sentence",
        13..=30 => "some sentences",
        _ => "long",
    }
}

/// The parts of a word: two to four letters with the gaps around it; one to three of a run.
fn parts(token: &Token, rows: &mut Vec<u32>) {
    let (shortest, longest) = match token.kind {
        Kind::Word => (2, 4),
        Kind::Run => (1, 3),
        Kind::Number | Kind::Sign | Kind::Mark | Kind::Mention | Kind::Class => return,
    };
    let mut letters: Vec<char> = Vec::with_capacity(token.text.len() + 2);
    letters.push(' ');
    letters.extend(token.text.chars().take(LONGEST_WORD));
    letters.push(' ');
    for from in 0..letters.len() {
        let mut hash = Hash::empty();
        for (length, &letter) in (1..=longest).zip(&letters[from..]) {
            hash.letter(letter);
            if length >= shortest && (length > 1 || letter != ' ') {
                rows.push(hash.row("p"));
            }
        }
    }
}

fn tally(mut rows: Vec<u32>) -> Vec<(u32, u16)> {
    rows.sort_unstable();
    let mut counts: Vec<(u32, u16)> = Vec::with_capacity(rows.len());
    for row in rows {
        match counts.last_mut().filter(|(last, _)| *last == row) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => counts.push((row, 1)),
        }
    }
    counts
}

/// FNV-1a with a mix at the end. Stored nowhere, yet the same on every machine, so that results are.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn empty() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn new(text: &str) -> Hash {
        let mut hash = Hash::empty();
        text.bytes().for_each(|byte| hash.byte(byte));
        hash
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn letter(&mut self, letter: char) {
        u32::from(letter).to_le_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    /// The row of this in a space of its own.
    fn row(mut self, space: &str) -> u32 {
        space.bytes().for_each(|byte| self.byte(byte));
        self.mixed()
    }

    /// The row of the pair of this and what follows it.
    fn pair(&self, next: &Hash) -> u32 {
        Hash(self.0.rotate_left(17) ^ next.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)).mixed()
    }

    fn mixed(self) -> u32 {
        let mut mixed = self.0 ^ (self.0 >> 33);
        mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^= mixed >> 29;
        u32::try_from(mixed % ROWS as u64).unwrap_or(0)
    }
}
