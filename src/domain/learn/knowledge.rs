//! Everything that a desk has learned: which category a bundle is of, and whether it is a request at all.
//!
//! Two models from the same examples, because the second question is another one: a wrong answer to it costs a task, so it
//! has a model of its own that no category can outvote, and `classify::decide` asks it for much more confidence.

use std::collections::BTreeMap;

use super::model::{Categories, Example, Judgement, Model};
use super::prior::{Phrase, Prior};
use super::trial::in_hindsight;
use super::urgency::{Leaning, Urgency};
use super::{Explanation, explain};
use crate::domain::rules::{PriorityWords, Rules};

/// The category of examples that are no requests; no configured category can be called so.
pub const NO_REQUEST: &str = "";
/// What examples of all categories are to the second model.
const REQUEST: &str = "request";
/// What bundles that are no requests are to the second model.
const NONE: &str = "none";
/// Weight of a configured keyword, measured on lines that the built-in words were not written for: see docs/triage.md.
const KEYWORD_WEIGHT: f32 = 1.0;
/// Weight of a configured phrase.
const PHRASE_WEIGHT: f32 = 2.0;

/// What a model begins with: the configured words and the categories that there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Basis {
    /// The configured words.
    pub phrases: Vec<Phrase>,
    /// The categories that are not switched off.
    pub categories: Vec<String>,
    /// What categories were called before, each with what it is called now.
    pub formerly: BTreeMap<String, String>,
    /// The category of what nothing speaks for.
    pub fallback: String,
    /// The configured words of priorities.
    pub urgency: PriorityWords,
}

/// One row of the examples as it is learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The example; its category stands for nothing when it is no request, and is a priority's name where it is about that.
    example: Example,
    about: About,
}

/// What a lesson is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Category,
    NoRequest,
    Priority,
}

/// What examples come to.
#[derive(Clone, Debug)]
pub struct Knowledge {
    categories: Model,
    requests: Model,
    urgency: Urgency,
}

impl Basis {
    /// What the configured rules begin with.
    pub fn of(rules: &Rules) -> Basis {
        let (fallback, urgency) = (rules.fallback.clone(), rules.priority.clone());
        let mut basis = Basis { fallback, urgency, ..Basis::default() };
        for rule in rules.categories.iter().filter(|rule| rule.weight > 0.0) {
            basis.categories.push(rule.name.clone());
            basis.formerly.extend(rule.formerly.iter().map(|former| (former.clone(), rule.name.clone())));
            let strength = rule.weight as f32;
            let weighed = |texts: &[String], weight: f32| -> Vec<Phrase> {
                let phrase = |text: &String| Phrase {
                    category: rule.name.clone(),
                    text: text.clone(),
                    weight: weight * strength,
                };
                texts.iter().map(phrase).collect()
            };
            basis.phrases.extend(weighed(&rule.keywords, KEYWORD_WEIGHT));
            basis.phrases.extend(weighed(&rule.phrases, PHRASE_WEIGHT));
        }
        if !basis.categories.contains(&basis.fallback) {
            basis.categories.push(basis.fallback.clone());
        }
        basis
    }

    /// What a category is called now.
    pub fn current<'a>(&'a self, category: &'a str) -> &'a str {
        self.formerly.get(category).map_or(category, String::as_str)
    }

    /// An example under the name that its category has now.
    pub fn renamed(&self, example: Example) -> Example {
        match self.formerly.get(example.category()) {
            Some(name) => example.taken_for(name),
            None => example,
        }
    }

    /// Examples with what would have been said of each before it was learned, by who had learned those of `before`.
    pub fn foresee(&self, before: &[Example], examples: &[Example]) -> Vec<Example> {
        in_hindsight(&self.prior(), &Categories::Only(self.categories.clone()), before, examples)
    }

    fn prior(&self) -> Prior {
        Prior::new(self.phrases.clone(), Some(self.fallback.clone()))
    }

    /// All configured words speak for a request.
    fn asking(&self) -> Prior {
        let asking = |phrase: &Phrase| Phrase { category: REQUEST.to_owned(), ..phrase.clone() };
        Prior::new(self.phrases.iter().map(asking).collect(), Some(REQUEST.to_owned()))
    }
}

impl Lesson {
    /// A lesson; an example of `NO_REQUEST` comes as one of any name, with `is_request` false.
    pub fn new(example: Example, is_request: bool) -> Lesson {
        Lesson { example, about: if is_request { About::Category } else { About::NoRequest } }
    }

    /// A lesson about how soon somebody should look; the example's category is the priority's name.
    pub fn of_priority(example: Example) -> Lesson {
        Lesson { example, about: About::Priority }
    }

    /// For the model of categories: what is no request teaches it nothing but how far to trust itself.
    fn of_category(&self) -> Option<Example> {
        match self.about {
            About::Category => Some(self.example.clone()),
            About::NoRequest => Some(self.example.clone().weighing(0.0)),
            About::Priority => None,
        }
    }

    fn of_request(&self) -> Option<Example> {
        let category = match self.about {
            About::Category => REQUEST,
            About::NoRequest => NONE,
            About::Priority => return None,
        };
        Some(self.example.taken_for(category).unforeseen())
    }

    fn of_urgency(&self) -> Option<&Example> {
        (self.about == About::Priority).then_some(&self.example)
    }
}

impl Knowledge {
    /// What these lessons come to, in their order: the same as learning them one by one.
    pub fn rebuild(basis: &Basis, lessons: &[Lesson]) -> Knowledge {
        let categories: Vec<Example> = lessons.iter().filter_map(Lesson::of_category).collect();
        let requests: Vec<Example> = lessons.iter().filter_map(Lesson::of_request).collect();
        let only = Categories::Only(basis.categories.clone());
        let two = Categories::Only(vec![REQUEST.to_owned(), NONE.to_owned()]);
        Knowledge {
            categories: Model::rebuild(basis.prior(), only, &categories),
            requests: Model::rebuild(basis.asking(), two, &requests),
            urgency: Urgency::rebuild(&basis.urgency, lessons.iter().filter_map(Lesson::of_urgency)),
        }
    }

    /// Learns one more.
    pub fn learn(&mut self, lesson: &Lesson) {
        if let Some(example) = lesson.of_category() {
            self.categories.learn(&example);
        }
        if let Some(example) = lesson.of_request() {
            self.requests.learn(&example);
        }
        if let Some(example) = lesson.of_urgency() {
            self.urgency.learn(example);
        }
    }

    /// How soon somebody should look; `None` while nothing was taught about that.
    pub fn urgency(&self, texts: &[&str]) -> Option<Leaning> {
        self.urgency.judge(texts)
    }

    /// Which category a bundle is of, with what else speaks for categories.
    pub fn judge(&self, texts: &[&str], hints: &[(String, f32)]) -> Judgement {
        self.categories.judge_with(texts, hints)
    }

    /// How sure it is that a bundle is no request, and which share of its words was known; `None` while nobody has taught
    /// that anything is not, or where it more likely is one.
    pub fn no_request(&self, texts: &[&str]) -> Option<(f32, f32)> {
        if self.no_requests() == 0 {
            return None;
        }
        let judgement = self.requests.judge(texts);
        (judgement.category() == Some(NONE)).then(|| (judgement.confidence, judgement.figures.known()))
    }

    /// Why a bundle is judged as it is.
    pub fn explain(&self, texts: &[&str], hints: &[(String, f32)]) -> Explanation {
        explain::explain(&self.categories, texts, hints)
    }

    /// How many examples categories were learned from.
    pub fn examples(&self) -> usize {
        self.categories.examples()
    }

    /// How many of them are of this category.
    pub fn examples_of(&self, category: &str) -> usize {
        self.categories.examples_of(category)
    }

    /// How many examples were no requests.
    pub fn no_requests(&self) -> usize {
        self.requests.examples_of(NONE)
    }

    /// The model of categories.
    pub fn model(&self) -> &Model {
        &self.categories
    }
}

#[cfg(test)]
mod tests {
    use super::{Basis, Knowledge, Lesson};
    use crate::domain::learn::Example;
    use crate::domain::rules::Rules;

    fn lesson(category: &str, text: &str) -> Lesson {
        Lesson::new(Example::new(vec![text.to_owned()], category, 1.0).unwrap(), true)
    }

    fn no_request(text: &str) -> Lesson {
        Lesson::new(Example::new(vec![text.to_owned()], "none", 1.0).unwrap(), false)
    }

    #[test]
    fn what_is_no_request_is_told_apart_and_teaches_no_category() {
        let basis = Basis::of(&Rules::builtin());
        let text = "lunch today at the noodle place around the corner";
        let lessons = [
            lesson("billing", "the invoice of may is wrong"),
            no_request(text),
            lesson("bug", "the export crashes"),
        ];
        let knowledge = Knowledge::rebuild(&basis, &lessons);
        assert_eq!((knowledge.examples(), knowledge.no_requests()), (2, 1));
        assert!(
            knowledge.no_request(&[text]).is_some_and(|(confidence, known)| confidence > 0.9 && known > 0.9)
        );
        for other in ["the invoice is wrong", "the export crashes at noon", "where is the corner office?"] {
            let sure = knowledge.no_request(&[other]).map_or(0.0, |(confidence, _)| confidence);
            assert!(sure < 0.9, "{other}: {sure}");
        }
    }

    #[test]
    fn learning_one_by_one_is_a_rebuild() {
        let basis = Basis::of(&Rules::builtin());
        let lessons = [
            lesson("billing", "the invoice of may is wrong"),
            no_request("lunch at noon?"),
            lesson("bug", "the export crashes"),
            no_request("who is coming to the party"),
        ];
        let mut running = Knowledge::rebuild(&basis, &[]);
        lessons.iter().for_each(|lesson| running.learn(lesson));
        let rebuilt = Knowledge::rebuild(&basis, &lessons);
        for text in ["the invoice crashes", "party at noon"] {
            assert_eq!(running.judge(&[text], &[]), rebuilt.judge(&[text], &[]), "{text}");
            assert_eq!(running.no_request(&[text]), rebuilt.no_request(&[text]), "{text}");
        }
    }

    #[test]
    fn a_category_that_is_switched_off_is_not_learned() {
        let mut rules = Rules::builtin();
        rules.categories.retain(|rule| rule.name != "sales");
        if let Some(bug) = rules.categories.iter_mut().find(|rule| rule.name == "bug") {
            bug.weight = 0.0;
        }
        let basis = Basis::of(&rules);
        assert!(!basis.categories.iter().any(|name| name == "bug" || name == "sales"));
        let knowledge =
            Knowledge::rebuild(&basis, &[lesson("bug", "it crashes"), lesson("sales", "an offer")]);
        assert_eq!(knowledge.examples(), 0);
    }
}
