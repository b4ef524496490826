//! Arguments of a request, read so that a wrong one gets an answer in our own form. Unknown ones are refused, because
//! a filter that is quietly left out shows more than was asked for.

use std::str::FromStr;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::errors::{Code, Refusal};

/// The query of a request.
pub struct Asked<T>(pub T);

/// The JSON body of a request; an empty body counts as `{}`.
pub struct Given<T>(pub T);

/// The number in the path of a request.
pub struct Numbered(pub i64);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked<T>, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Asked(asked)),
            Err(problem) => Err(Refusal::bad(format!(
                "{}; hint: see docs/api.md for what may be asked",
                without_value(problem.body_text().trim_start_matches("Failed to deserialize query string: "))
            ))),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Given<T>, Refusal> {
        let body = match axum::body::Bytes::from_request(request, state).await {
            Ok(body) => body,
            Err(BytesRejection::FailedToBufferBody(problem)) if problem.status().as_u16() == 413 => {
                return Err(Refusal::new(Code::TooLarge, "the request is too large; hint: send it in parts"));
            }
            Err(_) => return Err(Refusal::bad("the request broke off; hint: send it again")),
        };
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        serde_json::from_slice(text).map(Given).map_err(|problem| {
            let problem = without_value(&problem.to_string());
            Refusal::bad(format!("the request does not fit: {problem}; hint: see docs/api.md"))
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Numbered {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Numbered, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Refusal::bad("the number is missing; hint: see docs/api.md"))?;
        let number = text.trim_start_matches('#').parse().ok().filter(|number: &i64| *number > 0);
        number.map(Numbered).ok_or_else(|| {
            Refusal::bad(format!(
                "{text:?} is not a number; hint: numbers count from 1, as the lists show them"
            ))
        })
    }
}

/// Reads a comma-separated list of words.
pub fn words<T: FromStr>(list: Option<&str>, what: &str, known: &str) -> Result<Vec<T>, Refusal> {
    let named = list.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    named
        .map(|word| {
            word.parse().map_err(|_| Refusal::bad(format!("{word:?} is no {what}; hint: one of {known}")))
        })
        .collect()
}

/// What serde says of a wrong value, without the value: callers write what they are told into their logs, and it may be
/// an address or a message.
fn without_value(problem: &str) -> String {
    let quotes =
        ["invalid type", "invalid value", "unknown variant"].iter().any(|kind| problem.starts_with(kind));
    match problem.rsplit_once(", expected ") {
        Some((found, expected)) if quotes => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("{kind}, expected {expected}")
        }
        Some(_) | None => problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_value;

    #[test]
    fn a_refusal_names_what_was_expected_and_not_what_was_given() {
        for (problem, told) in [
            (
                r#"invalid type: string "a, expected b", expected a sequence at line 1 column 9"#,
                "invalid type: string, expected a sequence at line 1 column 9",
            ),
            ("invalid type: integer `7`, expected a string", "invalid type: integer, expected a string"),
            ("unknown variant `x`, expected one of `a`, `b`", "unknown variant, expected one of `a`, `b`"),
            ("unknown field `txet`, expected `text`", "unknown field `txet`, expected `text`"),
            ("missing field `text` at line 1 column 2", "missing field `text` at line 1 column 2"),
        ] {
            assert_eq!(without_value(problem), told);
        }
    }
}
