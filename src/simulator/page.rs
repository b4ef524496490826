//! Cursors: cutting lists into pages the way the Web API does.
//!
//! A cursor is opaque to clients and ends in `=`, so that one that forgets to encode it is caught.

use serde_json::{Value, json};

use super::call::{Call, Refusal};

/// The `limit` of a call, between 1 and `max`.
pub fn limit(call: &Call, default: usize, max: usize) -> Result<usize, Refusal> {
    match call.number("limit") {
        None => Ok(default),
        Some(given) => match usize::try_from(given) {
            Ok(0) => Ok(default),
            Ok(given) => Ok(given.min(max)),
            Err(_) => Err("invalid_limit".into()),
        },
    }
}

/// The page of `items` that the call's cursor points to, and `response_metadata`.
pub fn cut(call: &Call, items: Vec<Value>, limit: usize) -> Result<(Vec<Value>, Value), Refusal> {
    let start = match call.text("cursor") {
        None => 0,
        Some(cursor) => {
            decode(&cursor).filter(|&at| at <= items.len()).ok_or_else(|| Refusal::from("invalid_cursor"))?
        }
    };
    let total = items.len();
    let page: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    let end = start + page.len();
    let next = if end < total { encode(end) } else { String::new() };
    Ok((page, json!({"next_cursor": next})))
}

/// A cursor for a position.
pub fn encode(position: usize) -> String {
    format!("bmV4dDo{position:x}=")
}

/// The position behind a cursor.
pub fn decode(cursor: &str) -> Option<usize> {
    let digits = cursor.strip_prefix("bmV4dDo")?.strip_suffix('=')?;
    usize::from_str_radix(digits, 16).ok()
}
