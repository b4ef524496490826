//! How soon somebody should look, learned from the priorities that people gave and kept.
//!
//! The same learner as for categories, with the four priorities in their place and the configured priority words as its
//! first opinion. It is asked beside the rules, and goes against them only where it is sure: a wrong "urgent" wakes
//! somebody, a wrong "low" leaves somebody waiting.

use super::model::{Categories, Example, Model};
use super::prior::{Phrase, Prior};
use crate::domain::classify::Priority;
use crate::domain::rules::PriorityWords;

/// Weight of a priority word: as strong as a configured phrase of a category.
const WORD_WEIGHT: f32 = 2.0;

/// What was learned about priorities.
#[derive(Clone, Debug)]
pub struct Urgency {
    model: Model,
}

/// What it says of a bundle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leaning {
    /// The most likely priority.
    pub priority: Priority,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
    /// The share of its words that is known from examples.
    pub known: f32,
    /// How many examples of this priority there are.
    pub examples: usize,
}

impl Urgency {
    /// What is known before the first example.
    pub fn fresh(words: &PriorityWords) -> Urgency {
        let lists =
            [(Priority::Urgent, &words.urgent), (Priority::High, &words.high), (Priority::Low, &words.low)];
        let phrase = |priority: Priority, text: &String| Phrase {
            category: priority.as_str().to_owned(),
            text: text.clone(),
            weight: WORD_WEIGHT,
        };
        let phrases = lists
            .into_iter()
            .flat_map(|(priority, list)| list.iter().map(move |text| phrase(priority, text)));
        let prior = Prior::new(phrases.collect(), Some(Priority::Normal.as_str().to_owned()));
        let names = Priority::ALL.map(|priority| priority.as_str().to_owned());
        Urgency { model: Model::new(prior, Categories::Only(names.into())) }
    }

    /// What these examples alone come to, in their order; their categories are the priorities' names.
    pub fn taught<'a>(&self, examples: impl IntoIterator<Item = &'a Example>) -> Urgency {
        Urgency { model: self.model.taught(examples) }
    }

    /// Learns one more.
    pub fn learn(&mut self, example: &Example) {
        self.model.learn(example);
    }

    /// What it says of a bundle; `None` while nothing was taught.
    pub fn judge(&self, texts: &[&str]) -> Option<Leaning> {
        if self.model.examples() == 0 {
            return None;
        }
        let judgement = self.model.judge(texts);
        let priority: Priority = judgement.category()?.parse().ok()?;
        Some(Leaning {
            priority,
            confidence: judgement.confidence,
            known: judgement.figures.known(),
            examples: self.model.examples_of(priority.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Leaning, Urgency};
    use crate::domain::classify::Priority;
    use crate::domain::learn::Example;
    use crate::domain::rules::Rules;

    fn example(priority: &str, text: &str, weight: f32) -> Example {
        Example::new(vec![text.to_owned()], priority, weight).unwrap()
    }

    /// Tasks that were closed with the priority that they had.
    const NORMAL: [&str; 12] = [
        "how do I add a second user to my account",
        "where can I download the invoice of may",
        "the export to csv has the wrong date format",
        "can you change the address on our invoice",
        "is there a discount for non-profits",
        "the search finds nothing when I type two words",
        "please send me the contract again",
        "how do I reset my password",
        "the logo on the invoice is blurry",
        "which plan has the api in it",
        "the page loads slowly since yesterday",
        "can I move a project to another team",
    ];

    /// Tasks that a person gave priority high.
    const PAYROLL: [&str; 5] = [
        "the payroll run of this month does not start",
        "payroll is stuck at the approval step",
        "our payroll shows the wrong month",
        "salaries of the payroll were not sent",
        "the payroll page is empty",
    ];

    fn taught(normals: usize, highs: usize) -> Urgency {
        let normal = NORMAL[..normals].iter().map(|text| example("normal", text, 0.3));
        let high = PAYROLL[..highs].iter().map(|text| example("high", text, 1.0));
        let all: Vec<Example> = normal.chain(high).collect();
        Urgency::fresh(&Rules::builtin().priority).taught(&all)
    }

    fn leaning(urgency: &Urgency, text: &str) -> Leaning {
        urgency.judge(&[text]).unwrap()
    }

    #[test]
    fn nothing_taught_says_nothing() {
        assert_eq!(taught(0, 0).judge(&["it is on fire"]), None);
    }

    #[test]
    fn what_people_raise_is_raised_and_what_they_leave_is_left() {
        let urgency = taught(12, 5);
        let like = leaning(&urgency, "our payroll run is stuck again");
        assert_eq!((like.priority, like.examples), (Priority::High, 5));
        assert!(like.confidence >= 0.7, "{like:?}");
        for other in ["the page of the contract is empty", "can I get a discount", "how do I delete a user"] {
            assert_eq!(leaning(&urgency, other).priority, Priority::Normal, "{other}");
        }
    }

    #[test]
    fn configured_words_are_its_first_opinion() {
        for urgency in [taught(0, 1), taught(12, 5)] {
            let down = leaning(&urgency, "production is down for everyone");
            assert_eq!(down.priority, Priority::Urgent);
        }
    }

    #[test]
    fn corrections_alone_do_not_raise_everything() {
        let all: Vec<Example> =
            (0..60).map(|at| example("high", &format!("{} case {at}", PAYROLL[at % 5]), 1.0)).collect();
        let urgency = Urgency::fresh(&Rules::builtin().priority).taught(&all);
        for text in NORMAL {
            let leaning = leaning(&urgency, text);
            let raises =
                leaning.priority > Priority::Normal && leaning.confidence >= 0.7 && leaning.known >= 0.4;
            assert!(!raises, "{text}: {leaning:?}");
        }
    }

    #[test]
    fn learning_one_by_one_is_a_rebuild() {
        let words = Rules::builtin().priority;
        let mut urgency = Urgency::fresh(&words);
        let all: Vec<Example> = PAYROLL.iter().map(|text| example("high", text, 1.0)).collect();
        all.iter().for_each(|example| urgency.learn(example));
        let text = "payroll is late";
        assert_eq!(leaning(&urgency, text), leaning(&Urgency::fresh(&words).taught(&all), text));
    }
}
