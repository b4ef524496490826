//! The names and values of a card: what is left of a notice when title and context line have had their part, in the order of
//! its kind. Nothing is said twice.

use rust_decimal::Decimal;

use super::Span;
use crate::domain::caller::PASSED;
use crate::domain::notice::draft::{day, time};
use crate::domain::notice::kind::Form;
use crate::domain::notice::{Content, Kind};

/// Fields that say who it is about, the first of them is shown in the context line.
const WHO: [&str; 3] = ["client", "name", "customer"];

/// Fields that stand as text where the notice has no other.
const TOLD: [&str; 4] = ["description", "message", "error", "preview"];

/// What a notice says beside its title.
pub struct Details {
    /// Who it is about.
    pub who: Option<String>,
    /// Its text.
    pub body: String,
    /// Names and values.
    pub fields: Vec<(String, Span)>,
}

/// Takes a notice apart.
pub fn details(content: &Content, kind: Option<&Kind>) -> Details {
    let given =
        |name: &str| content.fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let who = WHO.into_iter().find(|name| given(name).is_some());
    let told = TOLD.into_iter().find(|name| content.text.is_empty() && given(name).is_some());
    let body = told.and_then(given).unwrap_or(&content.text).to_owned();
    let mut used: Vec<&str> = who.into_iter().chain(told).collect();
    // What was written for Slack is passed on and no field.
    used.push(PASSED);
    if content.amount.is_some() {
        used.extend(["amount", "currency"]);
    }
    let measured = measured(content, &given);
    used.extend(measured.iter().flat_map(|measured| measured.uses));
    let known = kind.map(|kind| kind.fields.as_slice()).unwrap_or_default();
    let form = |name: &str| known.iter().find(|field| field.name == name).map(|field| field.form);
    let first =
        known.iter().map(|field| field.name.as_str()).filter(|name| content.fields.contains_key(*name));
    let others = content.fields.keys().map(String::as_str).filter(|name| form(name).is_none());
    let shown = first.chain(others).filter(|name| !used.contains(name));
    let plain = shown.filter_map(|name| Some((label(name), value(given(name)?, form(name)))));
    // When it is stands in the context line.
    let plain = plain.filter(|(_, value)| *value != Span::Time(content.at));
    let measures = measured.into_iter().flat_map(|measured| measured.shown);
    let mut fields: Vec<(String, Span)> = plain.collect();
    // What was measured comes right behind what it was measured of.
    let at = fields.len().min(1);
    fields.splice(at..at, measures);
    Details { who: who.and_then(given).map(str::to_owned), body, fields }
}

/// `start_at` as people read it: "Start at".
fn label(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn value(text: &str, form: Option<Form>) -> Span {
    let instant = match form {
        Some(Form::Time) => time(text),
        // A bare day is the same day for every reader.
        Some(Form::Day) if text.len() > 10 => day(text),
        Some(Form::Day | Form::Text | Form::Number | Form::Amount | Form::Link) | None => None,
    };
    instant.map_or_else(|| Span::Text(text.to_owned()), Span::Time)
}

/// Numbers that say more together.
struct Measured {
    uses: &'static [&'static str],
    shown: Vec<(String, Span)>,
}

fn measured<'a>(content: &Content, given: &impl Fn(&str) -> Option<&'a str>) -> Option<Measured> {
    let number = |name: &str| given(name).and_then(|text| Decimal::from_str_exact(text).ok());
    match content.kind.as_str() {
        "metric" => {
            let (value, threshold) = (number("value")?, number("threshold")?);
            let unit = given("unit").map(|unit| format!(" {unit}")).unwrap_or_default();
            let beyond = value.checked_sub(threshold)?;
            let side = match given("breach") {
                Some(word) => word.to_owned(),
                None if beyond.is_sign_negative() => "below".to_owned(),
                None if beyond.is_zero() => "reached".to_owned(),
                None => "above".to_owned(),
            };
            let breach = if beyond.is_zero() { side } else { format!("{}{unit} {side}", beyond.abs()) };
            let shown = [
                ("Value", format!("{value}{unit}")),
                ("Threshold", format!("{threshold}{unit}")),
                ("Breach", breach),
            ];
            Some(Measured { uses: &["value", "threshold", "unit", "breach"], shown: texts(shown) })
        }
        "quota.near" => {
            let (used, limit) = (number("used")?, number("limit")?);
            let share = used.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(limit)?.round_dp(1).normalize();
            let shown = [("Used", format!("{used} of {limit} ({share} %)"))];
            Some(Measured { uses: &["used", "limit"], shown: texts(shown) })
        }
        _ => None,
    }
}

fn texts<const N: usize>(shown: [(&str, String); N]) -> Vec<(String, Span)> {
    shown.into_iter().map(|(name, value)| (name.to_owned(), Span::Text(value))).collect()
}
