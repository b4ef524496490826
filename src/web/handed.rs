//! A notice as a caller writes it in JSON, read so that everything that does not fit is told with its field.

use serde_json::{Map, Value};

use crate::domain::nearest::nearest;
use crate::domain::notice::{Draft, Refusal};

/// The keys of a notice.
const KEYS: [&str; 11] =
    ["kind", "severity", "status", "title", "text", "link", "fields", "key", "at", "since", "to"];

/// Reads one notice. Numbers and truths count as the texts they are written as; `null` counts as left out.
pub fn draft(value: &Value) -> Result<Draft, Vec<Refusal>> {
    let Value::Object(object) = value else {
        return Err(vec![refusal("", "wrong_type", "a notice is an object such as {\"kind\": \"alert\"}")]);
    };
    let mut wrong: Vec<Refusal> =
        object.keys().filter(|key| !KEYS.contains(&key.as_str())).map(|key| unknown(key)).collect();
    let mut word = |key: &'static str| text(object.get(key), key, &mut wrong);
    let mut draft = Draft {
        kind: word("kind"),
        severity: word("severity"),
        status: word("status"),
        title: word("title"),
        text: word("text"),
        link: word("link"),
        key: word("key"),
        at: word("at"),
        since: word("since"),
        ..Draft::default()
    };
    match object.get("fields") {
        None | Some(Value::Null) => {}
        Some(Value::Object(fields)) => read_fields(fields, &mut draft, &mut wrong),
        Some(_) => wrong.push(refusal("fields", "wrong_type", "fields are an object of names and values")),
    }
    match object.get("to") {
        None | Some(Value::Null) => {}
        Some(Value::String(one)) => draft.to.push(one.clone()),
        Some(Value::Array(several)) => {
            draft.to = several.iter().map(|one| text(Some(one), "to", &mut wrong)).collect();
        }
        Some(_) => wrong.push(refusal("to", "wrong_type", "write a list such as [\"#ops\"]")),
    }
    if wrong.is_empty() { Ok(draft) } else { Err(wrong) }
}

fn read_fields(fields: &Map<String, Value>, draft: &mut Draft, wrong: &mut Vec<Refusal>) {
    for (name, value) in fields {
        if !value.is_null() {
            let field = format!("fields.{}", short(name));
            let value = text(Some(value), &field, wrong);
            draft.fields.insert(name.clone(), value);
        }
    }
}

fn text(value: Option<&Value>, field: &str, wrong: &mut Vec<Refusal>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(truth)) => truth.to_string(),
        Some(Value::Array(_) | Value::Object(_)) => {
            wrong.push(refusal(field, "wrong_type", "a text or a number is needed here"));
            String::new()
        }
    }
}

fn unknown(key: &str) -> Refusal {
    let hint = match nearest(key, KEYS) {
        Some(known) => format!("did you mean {known}?"),
        None => "what belongs to the kind goes into fields".to_owned(),
    };
    refusal(&short(key), "unknown_field", &format!("there is no such field; {hint}"))
}

/// A caller's word in an answer: enough of it to be found.
fn short(word: &str) -> String {
    word.chars().take(60).collect()
}

fn refusal(field: &str, code: &'static str, reason: &str) -> Refusal {
    Refusal { field: field.to_owned(), code, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::draft;
    use serde_json::json;

    #[test]
    fn a_notice_is_read_with_numbers_as_texts() {
        let read = draft(&json!({
            "kind": "metric", "at": 1_800_000_000, "fields": { "value": 12.5, "ok": true, "none": null },
            "to": "#ops", "title": null,
        }));
        let read = read.expect("it is right");
        assert_eq!((read.kind.as_str(), read.at.as_str(), read.title.as_str()), ("metric", "1800000000", ""));
        assert_eq!(read.to, ["#ops"]);
        let fields: Vec<(&str, &str)> =
            read.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("ok", "true"), ("value", "12.5")]);
    }

    #[test]
    fn everything_that_does_not_fit_is_told_with_its_field() {
        let told = |value| {
            let wrong = draft(&value).expect_err("something is wrong");
            wrong.iter().map(|no| format!("{}: {}", no.field, no.code)).collect::<Vec<_>>()
        };
        assert_eq!(told(json!("alert")), [": wrong_type"]);
        assert_eq!(
            told(json!({ "kid": "alert", "title": [], "fields": { "a": {} }, "to": 7 })),
            ["kid: unknown_field", "title: wrong_type", "fields.a: wrong_type", "to: wrong_type"]
        );
        assert_eq!(told(json!({ "fields": [] })), ["fields: wrong_type"]);
    }
}
