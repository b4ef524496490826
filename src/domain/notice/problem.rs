//! One problem, one card: what a notice changes about the problem that is known by its fingerprint.

use super::Status;

/// What is known of the newest problem with the same fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// Where it stands.
    pub status: Status,
    /// The digest of its last notice's content.
    pub last: &'a str,
}

/// What a notice is to its problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It begins a problem.
    Begins,
    /// It adds to the one there is.
    Adds,
    /// It ends the one there is.
    Ends,
    /// It says again what its key has said already: nothing changes.
    Repeats,
    /// It ends something that nobody told of.
    EndsNothing,
}

impl Effect {
    /// All of them.
    pub const ALL: [Effect; 5] =
        [Effect::Begins, Effect::Adds, Effect::Ends, Effect::Repeats, Effect::EndsNothing];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Begins => "begins",
            Effect::Adds => "adds",
            Effect::Ends => "ends",
            Effect::Repeats => "repeats",
            Effect::EndsNothing => "ends_nothing",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Effect> {
        Effect::ALL.into_iter().find(|effect| effect.as_str() == word)
    }
}

/// What a notice with this status and content digest is to the newest problem of its fingerprint. `keyed` says that the caller
/// gave a key, which makes a word-for-word repeat harmless; without a key each one counts.
pub fn effect(status: Status, digest: &str, keyed: bool, known: Option<Known<'_>>) -> Effect {
    match (status, known) {
        (_, Some(known)) if keyed && known.last == digest => Effect::Repeats,
        (Status::Resolved, None) => Effect::EndsNothing,
        (Status::Resolved, Some(known)) if known.status == Status::Resolved => Effect::Repeats,
        (Status::Resolved, Some(_)) => Effect::Ends,
        (Status::Event | Status::Firing, None) => Effect::Begins,
        (Status::Event | Status::Firing, Some(known)) if known.status == Status::Resolved => Effect::Begins,
        (Status::Event | Status::Firing, Some(_)) => Effect::Adds,
    }
}

/// What somebody's word that a problem is handled does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It is handled from now on.
    Marks,
    /// Somebody else was first, or it is the second click.
    Already,
    /// There is nothing to be handled any more.
    Over,
}

/// What somebody's word does to a problem that stands like this.
pub fn handle(status: Status, handled: bool) -> Handling {
    match (status, handled) {
        (_, true) => Handling::Already,
        (Status::Resolved, false) => Handling::Over,
        (Status::Event | Status::Firing, false) => Handling::Marks,
    }
}

#[cfg(test)]
mod tests {
    use super::Effect::{Adds, Begins, Ends, EndsNothing, Repeats};
    use super::{Known, effect};
    use crate::domain::notice::Status::{Event, Firing, Resolved};

    #[test]
    fn a_notice_begins_adds_to_ends_or_repeats_its_problem() {
        let known = |status, last| Some(Known { status, last });
        let table = [
            ("the first of its kind", Firing, "a", true, None, Begins),
            ("again, word for word, with a key", Firing, "a", true, known(Firing, "a"), Repeats),
            ("again, word for word, without a key", Firing, "a", false, known(Firing, "a"), Adds),
            ("again with other words", Firing, "b", true, known(Firing, "a"), Adds),
            ("its end", Resolved, "c", true, known(Firing, "a"), Ends),
            ("its end once more", Resolved, "d", false, known(Resolved, "c"), Repeats),
            ("the end of nothing", Resolved, "c", true, None, EndsNothing),
            ("back after its end", Firing, "a", true, known(Resolved, "c"), Begins),
            ("an event under a key that was used", Event, "b", true, known(Event, "a"), Adds),
        ];
        for (what, status, digest, keyed, known, expected) in table {
            assert_eq!(effect(status, digest, keyed, known), expected, "{what}");
        }
    }
}
