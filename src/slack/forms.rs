//! Answers in the form Slack reads them inside an acknowledgement.

use serde_json::{Value, json};

/// That a menu has nothing to choose from [slack-facts 1.5].
pub fn no_options() -> Value {
    json!({ "options": [] })
}

/// A sentence that only the person who typed a slash command sees [slack-facts 1.5: `ephemeral` is the default].
pub fn whisper(text: &str) -> Value {
    json!({ "response_type": "ephemeral", "text": text })
}
