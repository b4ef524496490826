//! The learner on small made-up examples, and on what nobody hopes for.

use super::trial::{Feedback, few, rotated, stream, test, with_hindsight};
use super::{Categories, Example, Model, Phrase, Prior, Refused};

const TAUGHT: [(&str, &str); 12] = [
    ("fruit", "the apples are ripe and sweet"),
    ("fruit", "we have pears and apples today"),
    ("fruit", "a basket of ripe cherries"),
    ("fruit", "sweet cherries, soft pears"),
    ("tools", "the hammer lost its handle"),
    ("tools", "a saw and a hammer for the shed"),
    ("tools", "sharpen the saw, oil the drill"),
    ("tools", "the drill needs a longer handle"),
    ("birds", "two sparrows sat on the roof"),
    ("birds", "the sparrows feed their young"),
    ("birds", "an owl called from the roof"),
    ("birds", "owls and sparrows in the barn"),
];

fn example(category: &str, text: &str) -> Example {
    Example::new(vec![text.to_owned()], category, 1.0).unwrap()
}

fn taught() -> Vec<Example> {
    TAUGHT.iter().map(|(category, text)| example(category, text)).collect()
}

fn model(examples: &[Example]) -> Model {
    Model::rebuild(Prior::default(), Categories::Open, examples)
}

fn words() -> Prior {
    let phrase =
        |category: &str, text: &str, weight| Phrase { category: category.into(), text: text.into(), weight };
    let phrases =
        vec![phrase("fruit", "apples", 2.0), phrase("tools", "spare part", 3.0), phrase("other", "hm", 1.0)];
    Prior::new(phrases, Some("other".into()))
}

#[test]
fn what_was_taught_is_recognised_in_other_words() {
    let model = model(&taught());
    let table = [
        ("ripe pears", "fruit"),
        ("where is the hammer", "tools"),
        ("an owl on the roof", "birds"),
        ("RIPE CHERRY!!", "fruit"),
        ("hammers", "tools"),
    ];
    for (text, category) in table {
        assert_eq!(model.judge(&[text]).category(), Some(category), "{text}");
    }
}

#[test]
fn shares_add_up_and_the_first_is_the_most_likely() {
    let judgement = model(&taught()).judge(&["ripe pears"]);
    assert!((judgement.ranked.iter().map(|(_, share)| share).sum::<f32>() - 1.0).abs() < 1e-4);
    assert!(judgement.ranked.is_sorted_by(|a, b| a.1 >= b.1), "{judgement:?}");
    assert_eq!(judgement.ranked.len(), 3);
}

#[test]
fn unknown_words_are_less_sure_than_known_ones() {
    let model = model(&taught());
    let (known, unknown) = (model.judge(&["ripe apples and pears"]), model.judge(&["quarterly tax forms"]));
    assert!(known.confidence > unknown.confidence + 0.1, "{} {}", known.confidence, unknown.confidence);
    assert_eq!(unknown.decided(0.9), None);
}

#[test]
fn configured_words_decide_before_the_first_example() {
    let model = Model::new(words(), Categories::Open);
    assert_eq!(model.judge(&["Apples, please"]).category(), Some("fruit"));
    assert_eq!(model.judge(&["I need a spare part"]).category(), Some("tools"));
    assert_eq!(model.judge(&["part of the spare change"]).category(), Some("other"));
    assert_eq!(model.judge(&["something else"]).category(), Some("other"));
}

#[test]
fn examples_correct_configured_words() {
    let mut model = Model::new(words(), Categories::Open);
    let text = "the apples of the lathe must be oiled";
    assert_eq!(model.judge(&[text]).category(), Some("fruit"));
    model.learn(&example("tools", text));
    assert_eq!(model.judge(&[text]).category(), Some("tools"), "on the corrected text itself, at once");
    assert_eq!(model.judge(&["ripe apples"]).category(), Some("fruit"), "one example is not a rule");
    for other in ["oil the apples of the lathe", "apples of that lathe are worn", "the lathe has no apples"] {
        model.learn(&example("tools", other));
    }
    assert_eq!(model.judge(&["the apples of the lathe are worn"]).category(), Some("tools"));
}

#[test]
fn learning_one_by_one_ends_where_a_rebuild_ends() {
    let examples = taught();
    let mut running = Model::new(words(), Categories::Open);
    for count in 0..examples.len() {
        assert!(running.learn(&examples[count]));
        let rebuilt = Model::rebuild(words(), Categories::Open, &examples[..=count]);
        for text in ["ripe pears", "the drill", "owl", "apples and saws"] {
            assert_eq!(running.scores(&[text]), rebuilt.scores(&[text]), "after {count}: {text}");
        }
    }
}

#[test]
fn what_is_undone_was_never_there() {
    let mut examples = taught();
    let never = model(&examples);
    examples.insert(5, example("birds", "the hammer is a bird"));
    assert_ne!(model(&examples).scores(&["hammer"]), never.scores(&["hammer"]));
    examples.remove(5);
    assert_eq!(model(&examples).scores(&["hammer"]), never.scores(&["hammer"]));
}

#[test]
fn a_new_category_works_from_its_first_example() {
    let mut model = model(&taught());
    model.learn(&example("boats", "the sail of the dinghy is torn"));
    assert_eq!(model.judge(&["a torn sail"]).category(), Some("boats"));
    assert_eq!(model.judge(&["ripe pears"]).category(), Some("fruit"));
}

#[test]
fn examples_of_a_removed_category_wait_until_it_is_back() {
    let (all, mut fewer) = (Categories::Open, Vec::new());
    fewer.extend(["fruit".to_owned(), "tools".to_owned()]);
    let without = Model::rebuild(Prior::default(), Categories::Only(fewer), &taught());
    assert_eq!((without.examples(), without.categories().len()), (8, 2));
    assert!(without.judge(&["two sparrows"]).ranked.iter().all(|(name, _)| name != "birds"));
    let back = Model::rebuild(Prior::default(), all, &taught());
    assert_eq!(back.judge(&["two sparrows"]).category(), Some("birds"));
}

#[test]
fn greetings_and_thanks_teach_and_change_nothing() {
    let model = model(&taught());
    let bare = model.scores(&["ripe pears and apples"]);
    assert_eq!(model.scores(&["Hi team!", "ripe pears and apples", "thanks a lot :pray:"]), bare);
    assert_eq!(model.scores(&["Hello, ripe pears and apples, thank you"]), bare);
}

#[test]
fn an_explanation_names_the_words_that_decided() {
    let model = Model::rebuild(words(), Categories::Open, &taught());
    let told = model.explain(&["could you look at the ripe apples tomorrow"]);
    let named: Vec<&str> = told.words.iter().map(|word| word.word.as_str()).collect();
    assert_eq!(told.judgement.category(), Some("fruit"));
    assert!(named.contains(&"apples") && named.contains(&"ripe"), "{named:?}");
    assert!(told.words.is_sorted_by(|a, b| a.weight >= b.weight) && told.words.len() <= 3);
    assert_eq!(told.phrases.iter().map(|phrase| phrase.text.as_str()).collect::<Vec<_>>(), ["apples"]);
    assert!(model.lead_without(&["ripe apples"], &["ripe", "apples"]) < told.judgement.lead);
}

#[test]
fn confidence_follows_what_people_confirm_and_correct() {
    let mut trusted = model(&taught());
    let mut doubted = trusted.clone();
    let judgement = trusted.judge(&["ripe pears"]);
    for _ in 0..30 {
        let seen = example("fruit", "ripe pears").weighing(0.0);
        trusted.learn(&seen.clone().after(judgement.forecast("fruit")));
        doubted.learn(&seen.after(judgement.forecast("birds")));
    }
    assert_eq!(trusted.scores(&["ripe pears"]), doubted.scores(&["ripe pears"]));
    let of = |model: &Model| model.judge(&["ripe pears"]).confidence;
    assert!(of(&trusted) > judgement.confidence && of(&doubted) < judgement.confidence);
}

#[test]
fn nothing_and_next_to_nothing_is_judged_without_harm() {
    for model in [Model::new(Prior::default(), Categories::Open), model(&taught())] {
        for text in ["", " \n", "🎉", ":tada:", "?", "<", "<>", "\u{0}", "``` ```", "<@U1>", "的"] {
            let judgement = model.judge(&[text]);
            assert!((0.0..=1.0).contains(&judgement.confidence), "{text:?} {judgement:?}");
            assert!(model.explain(&[text]).words.len() <= 3);
        }
        assert!(model.judge(&[]).confidence < 0.5);
    }
    assert_eq!(Model::new(Prior::default(), Categories::Open).judge(&["hello"]).category(), None);
}

#[test]
fn a_corrupt_example_is_refused_with_a_reason() {
    let new = |texts: &[&str], category: &str, weight| {
        Example::new(texts.iter().map(|text| (*text).to_owned()).collect(), category, weight)
    };
    assert_eq!(new(&[], "fruit", 1.0), Err(Refused::NoWords));
    assert_eq!(new(&["", " "], "fruit", 1.0), Err(Refused::NoWords));
    assert_eq!(new(&["apples"], "  ", 1.0), Err(Refused::NoCategory));
    for weight in [-0.1, 10.5, f32::NAN, f32::INFINITY] {
        assert_eq!(new(&["apples"], "fruit", weight), Err(Refused::Weight));
    }
    assert!(new(&["🍎"], "fruit", 1.0).is_ok());
}

#[test]
fn forty_thousand_letters_are_read_as_far_as_it_makes_sense() {
    let model = model(&taught());
    let long = format!("ripe apples and pears. {}", "lorem ipsum dolor ".repeat(2300));
    assert!(long.len() > 40_000);
    assert!(model.judge(&[&long]).category().is_some());
    assert!(model.explain(&[&long]).words.len() <= 3);
    let solid = "x".repeat(40_000);
    assert!(model.judge(&[&solid, &solid]).category().is_some());
}

#[test]
fn thousands_of_examples_of_one_category_leave_the_others_alone() {
    let mut examples = taught();
    examples
        .extend((0..10_000).map(|at| example("bulk", &format!("parcel row{at} shelf{} scanned", at % 97))));
    let model = model(&examples);
    assert_eq!(model.judge(&["parcel on a shelf"]).category(), Some("bulk"));
    for (text, category) in [("ripe pears", "fruit"), ("the drill", "tools"), ("two sparrows", "birds")] {
        assert_eq!(model.judge(&[text]).category(), Some(category), "{text}");
    }
}

#[test]
fn two_people_who_teach_the_opposite_leave_it_open() {
    let mut examples = taught();
    for _ in 0..10 {
        examples.push(example("fruit", "tomatoes in the greenhouse"));
        examples.push(example("tools", "tomatoes in the greenhouse"));
    }
    let judgement = model(&examples).judge(&["tomatoes in the greenhouse"]);
    assert!(judgement.lead < 0.2, "{judgement:?}");
    assert!(judgement.ranked[..2].iter().all(|(name, _)| name == "fruit" || name == "tools"));
}

#[test]
fn an_example_of_little_weight_teaches_little() {
    let contradicted = |weight: f32| {
        let mut examples = taught();
        examples.push(example("birds", "ripe pears in a bowl").weighing(weight));
        let scores = model(&examples);
        let at = scores.categories().iter().position(|name| name == "birds").unwrap();
        scores.scores(&["ripe pears in a bowl"])[at]
    };
    assert!(contradicted(0.05) < contradicted(1.0) && contradicted(0.0) < contradicted(0.05));
}

#[test]
fn few_takes_so_many_of_each_and_wraps_around() {
    let names = |picked: Vec<Example>| -> Vec<String> { picked.iter().map(|e| e.texts().concat()).collect() };
    let examples = taught();
    assert_eq!(few(&examples, 2, 0).len(), 6);
    assert_eq!(few(&examples, 9, 0).len(), 12);
    assert_ne!(names(few(&examples, 2, 0)), names(few(&examples, 2, 1)));
    assert_eq!(names(few(&examples, 2, 0)), names(few(&examples, 2, 2)));
    assert_eq!(rotated(&examples, 1, 3)[0].texts(), ["the hammer lost its handle"]);
}

#[test]
fn a_stream_judges_before_it_learns() {
    let mut learner = Model::new(Prior::default(), Categories::Open);
    let (examples, mut counts) = (taught(), Vec::new());
    let way = stream(&mut learner, &examples, Feedback::Full, &mut |count, _| counts.push(count));
    assert!(!way[0].right && way.len() == 12 && counts.last() == Some(&12));
    assert!(test(&learner, &examples).iter().all(|scored| scored.right));
}

#[test]
fn hindsight_adds_forecasts_and_nothing_else() {
    let examples = taught();
    let told = with_hindsight(&Prior::default(), &Categories::Open, &examples);
    assert_eq!(told.len(), examples.len());
    assert_eq!(model(&told).scores(&["ripe pears"]), model(&examples).scores(&["ripe pears"]));
}

/// The sets of `DESKD_TRIAGE`, as `cargo bench --bench triage` measures them in full.
#[test]
fn public_lines_are_learned_as_well_as_promised() {
    let Some(folder) = std::env::var_os("DESKD_TRIAGE") else {
        eprintln!("DESKD_TRIAGE is not set: nothing but made-up examples was learned");
        return;
    };
    for (set, least) in [("bitext27", 0.98), ("slack_triage", 0.60)] {
        let path = std::path::Path::new(&folder).join(set).join("train.tsv");
        let lines = super::tsv::examples(&std::fs::read_to_string(path).unwrap());
        assert_eq!(lines.wrong, []);
        let (kept, rest): (Vec<_>, Vec<_>) =
            lines.rows.into_iter().enumerate().partition(|(at, _)| at % 5 == 4);
        let bare = |lines: Vec<(usize, Example)>| lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        let accuracy = super::measure::accuracy(&test(&model(&bare(rest)), &bare(kept)));
        assert!(accuracy >= least, "{set}: {accuracy}");
    }
}
