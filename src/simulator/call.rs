//! One Web API call as it came in: method, token and arguments, from query, form or JSON.
//!
//! It hides how the arguments were encoded; what they mean is up to each method.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::methods;

/// The answer of a method: fields beside `ok: true`, or a refusal.
pub type Reply = Result<Value, Refusal>;

/// An `ok: false` answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The error's name.
    pub error: String,
    /// Fields beside it.
    pub extra: Map<String, Value>,
    /// Seconds to wait: makes the answer an HTTP 429.
    pub retry_after_s: Option<u64>,
}

impl From<&str> for Refusal {
    fn from(error: &str) -> Self {
        Self { error: error.to_owned(), extra: Map::new(), retry_after_s: None }
    }
}

impl Refusal {
    /// HTTP 429 with these seconds in `Retry-After`.
    pub fn wait(seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..Self::from("ratelimited") }
    }

    /// A refusal with `response_metadata.messages`.
    pub fn with_messages(error: &str, messages: &[String]) -> Self {
        let mut refusal = Self::from(error);
        refusal.extra.insert("response_metadata".to_owned(), serde_json::json!({"messages": messages}));
        refusal
    }
}

/// A decoded call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method name, such as `chat.postMessage`.
    pub method: String,
    /// Token, wherever it stood.
    pub token: Option<String>,
    /// Whether it stood in the header.
    pub token_in_header: bool,
    /// Whether it stood anywhere else, too or instead: Slack takes it there, and what logs addresses and bodies keeps it.
    pub token_astray: bool,
    /// Arguments without the token.
    pub args: Map<String, Value>,
}

impl Call {
    /// Decodes a request. Errors are Slack's names for malformed bodies.
    pub fn decode(method: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let mut args = decode_form(query);
        let content_type = header(headers, "content-type").to_ascii_lowercase();
        let is_json = content_type.starts_with("application/json");
        let is_blank = body.iter().all(u8::is_ascii_whitespace);
        if is_json && !is_blank {
            let parsed: Value = serde_json::from_slice(body).map_err(|_| Refusal::from("invalid_json"))?;
            let Value::Object(fields) = parsed else { return Err("json_not_object".into()) };
            if methods::reads_json(method) {
                args.extend(fields.into_iter().filter(|(name, _)| name != "token"));
            }
        } else if content_type.starts_with("application/x-www-form-urlencoded") {
            args.extend(decode_form(&String::from_utf8_lossy(body)));
        } else if !is_blank {
            let missing = content_type.is_empty();
            return Err(if missing { "missing_post_type" } else { "invalid_post_type" }.into());
        }
        let in_body = args.remove("token").and_then(|token| token.as_str().map(str::to_owned));
        let in_header = header(headers, "authorization").strip_prefix("Bearer ").map(str::to_owned);
        let token_in_header = in_header.is_some();
        let holds = |text: &str, token: &str| !token.is_empty() && text.contains(token);
        let repeats = |token: &String| holds(query, token) || holds(&String::from_utf8_lossy(body), token);
        let token_astray = in_body.is_some() || in_header.as_ref().is_some_and(repeats);
        let token = in_header.or(in_body).filter(|token| !token.is_empty());
        Ok(Self { method: method.to_owned(), token, token_in_header, token_astray, args })
    }

    /// A scalar argument as text; absent, null and empty are all `None`.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.args.get(name)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A required scalar argument.
    pub fn need(&self, name: &str) -> Result<String, Refusal> {
        self.text(name).ok_or_else(|| {
            Refusal::with_messages("invalid_arguments", &[format!("[ERROR] missing required field: {name}")])
        })
    }

    /// A boolean: `true` and `1` count.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).as_deref(), Some("true" | "1"))
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// A nested argument: an object or array, or a string that holds one as JSON.
    pub fn nested(&self, name: &str, error: &str) -> Result<Option<Value>, Refusal> {
        match self.args.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| Refusal::from(error))
            }
            Some(value @ (Value::Object(_) | Value::Array(_))) => Ok(Some(value.clone())),
            Some(Value::Bool(_) | Value::Number(_)) => Err(error.into()),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Decodes `a=b&c=d` with percent and plus encoding.
pub fn decode_form(form: &str) -> Map<String, Value> {
    let pairs = form.split('&').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), Value::String(percent_decode(value)))
        })
        .collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Call;
    use http::HeaderMap;

    fn headers(content_type: &str, bearer: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        if let Some(token) = bearer {
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_form_may_carry_the_token_and_json_in_fields() {
        let body = b"token=xoxb-1&channel=C1&text=a+b%26c&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D";
        let call =
            Call::decode("chat.postMessage", "", &headers("application/x-www-form-urlencoded", None), body)
                .unwrap();
        assert_eq!(call.token.as_deref(), Some("xoxb-1"));
        assert_eq!(call.text("text").as_deref(), Some("a b&c"));
        assert_eq!(call.nested("blocks", "x").unwrap().unwrap()[0]["type"], "divider");
    }

    #[test]
    fn an_empty_json_body_is_no_arguments() {
        let call = Call::decode("auth.test", "", &headers("application/json", Some("xoxb-1")), b"").unwrap();
        assert!(call.token_in_header && call.args.is_empty());
    }

    #[test]
    fn malformed_bodies_get_slacks_names() {
        for (content_type, body, error) in [
            ("application/json", "{", "invalid_json"),
            ("application/json", "[]", "json_not_object"),
            ("text/csv", "a,b", "invalid_post_type"),
        ] {
            let refusal = Call::decode("auth.test", "", &headers(content_type, None), body.as_bytes());
            assert_eq!(refusal.unwrap_err().error, error);
        }
    }
}
