//! The built-in rules put together from the word lists beside this file.

use super::{CategoryRule, PriorityWords, money, people, priority, product};

/// The seven categories. The order decides between equals: what hurts comes before what is merely asked.
pub fn categories() -> Vec<CategoryRule> {
    vec![
        category("bug", 1.0, (product::BUG_KEYWORDS, product::BUG_PHRASES)),
        category("billing", 1.0, (money::BILLING_KEYWORDS, money::BILLING_PHRASES)),
        category("sales", 1.0, (money::SALES_KEYWORDS, money::SALES_PHRASES)),
        category("feature", 1.0, (product::FEATURE_KEYWORDS, product::FEATURE_PHRASES)),
        category("support", 1.0, (people::SUPPORT_KEYWORDS, people::SUPPORT_PHRASES)),
        category("question", 0.5, (people::QUESTION_KEYWORDS, people::QUESTION_PHRASES)),
        category("other", 0.6, (people::OTHER_KEYWORDS, people::OTHER_PHRASES)),
    ]
}

/// What belongs into a category, for those who read.
fn description(name: &str) -> &'static str {
    match name {
        "bug" => "something in the product does not work as it should: errors, crashes, wrong results",
        "billing" => "money that was or will be paid: invoices, charges, refunds, payment methods, taxes",
        "sales" => "before buying or buying more: prices, plans, quotes, demos, contracts",
        "feature" => "a wish for something that the product cannot do yet",
        "support" => "help with the customer's own account or set-up: access, settings, data, migration",
        "question" => "how something works, or whether it can be done",
        "other" => "whatever is none of the others",
        _ => "",
    }
}

/// The priority words.
pub fn priority() -> PriorityWords {
    PriorityWords { urgent: list(priority::URGENT), high: list(priority::HIGH), low: list(priority::LOW) }
}

/// `weight` is below one where the words also accompany everything else, as "how do i" does.
fn category(name: &str, weight: f64, (keywords, phrases): (&str, &str)) -> CategoryRule {
    CategoryRule {
        description: description(name).to_owned(),
        keywords: list(keywords),
        phrases: list(phrases),
        weight,
        ..CategoryRule::named(name)
    }
}

fn list(words: &str) -> Vec<String> {
    words.split(';').map(|word| word.trim().to_owned()).collect()
}
