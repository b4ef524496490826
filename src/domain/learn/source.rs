//! Where an example comes from, and what it weighs for that.

/// Least margin at which a judgement that nobody corrected is learned from.
const ACCEPTED_LEAD: f32 = 0.5;
/// What such an example weighs.
const ACCEPTED_WEIGHT: f32 = 0.3;
/// What the word of a language model weighs: more than silence, less than a person.
const MODEL_WEIGHT: f32 = 0.5;

/// Who says that an example is of its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A person, by saying so.
    Person,
    /// A language model.
    Model,
    /// Somebody who closed the task and did not change the category.
    Accepted,
    /// A file of examples.
    Imported,
}

impl Source {
    /// All of them.
    pub const ALL: [Source; 4] = [Source::Person, Source::Model, Source::Accepted, Source::Imported];

    /// The word as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Person => "person",
            Source::Model => "model",
            Source::Accepted => "accepted",
            Source::Imported => "imported",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Source> {
        Source::ALL.into_iter().find(|source| source.as_str() == word)
    }

    /// What an example weighs of whose category the judgement was `lead` before the next one. Silence after a judgement that
    /// was hardly one teaches nothing but how far to trust such judgements.
    pub fn weight(self, lead: f32) -> f32 {
        match self {
            Source::Person | Source::Imported => 1.0,
            Source::Model => MODEL_WEIGHT,
            Source::Accepted if lead >= ACCEPTED_LEAD => ACCEPTED_WEIGHT,
            Source::Accepted => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn a_person_weighs_more_than_a_model_and_a_model_more_than_silence() {
        let weights = [Source::Person, Source::Model, Source::Accepted].map(|source| source.weight(1.0));
        assert!(weights.is_sorted_by(|a, b| a > b), "{weights:?}");
        assert_eq!(Source::Accepted.weight(0.1), 0.0);
        for source in Source::ALL {
            assert_eq!(Source::from_word(source.as_str()), Some(source));
        }
    }
}
