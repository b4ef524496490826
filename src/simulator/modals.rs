//! What people put into views, and what the app's answer to a submission or command does.
//!
//! Values follow Slack's `state.values`: `values[block_id][action_id] = {"type": …, …}`.

use serde_json::{Map, Value, json};

use super::parcel::{Acked, Purpose};
use super::response_url::Target;
use super::workspace::Workspace;

/// The state of a view nobody has touched: initial values, or each element's empty form.
pub fn initial_values(content: &Value) -> Value {
    let mut values = Map::new();
    for block in content["blocks"].as_array().into_iter().flatten() {
        let mut actions = Map::new();
        for element in elements_of(block) {
            if let (Some(action_id), Some(value)) = (element["action_id"].as_str(), empty_value(element)) {
                actions.insert(action_id.to_owned(), value);
            }
        }
        if let (Some(block_id), false) = (block["block_id"].as_str(), actions.is_empty()) {
            values.insert(block_id.to_owned(), Value::Object(actions));
        }
    }
    Value::Object(values)
}

/// The interactive elements of a block.
pub fn elements_of(block: &Value) -> impl Iterator<Item = &Value> {
    let single = ["element", "accessory"].into_iter().filter_map(|key| block.get(key));
    let many = block["elements"].as_array().into_iter().flatten().filter(|_| block["type"] == "actions");
    single.chain(many)
}

/// The key that holds an element's value, and its value before anybody chose one.
fn empty_value(element: &Value) -> Option<Value> {
    let kind = element["type"].as_str()?;
    let initial = |key: &str| element.get(key).cloned().unwrap_or(Value::Null);
    let initial_list = |key: &str| element.get(key).cloned().unwrap_or_else(|| json!([]));
    let (key, value) = match kind {
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => {
            ("value", initial("initial_value"))
        }
        "static_select" | "external_select" | "radio_buttons" => {
            ("selected_option", initial("initial_option"))
        }
        "multi_static_select" | "multi_external_select" | "checkboxes" => {
            ("selected_options", initial_list("initial_options"))
        }
        "users_select" => ("selected_user", initial("initial_user")),
        "multi_users_select" => ("selected_users", initial_list("initial_users")),
        "conversations_select" => ("selected_conversation", initial("initial_conversation")),
        "multi_conversations_select" => ("selected_conversations", initial_list("initial_conversations")),
        "channels_select" => ("selected_channel", initial("initial_channel")),
        "multi_channels_select" => ("selected_channels", initial_list("initial_channels")),
        "datepicker" => ("selected_date", initial("initial_date")),
        "timepicker" => ("selected_time", initial("initial_time")),
        "datetimepicker" => ("selected_date_time", initial("initial_date_time")),
        "rich_text_input" => ("rich_text_value", initial("initial_value")),
        "file_input" => ("files", json!([])),
        _ => return None,
    };
    Some(json!({"type": kind, key: value}))
}

/// What a person put into an element, as Slack would say it: a full object is taken as it is, a
/// plain value goes where this kind of element keeps its value.
pub fn put_in(element: &Value, given: &Value) -> Value {
    if given.is_object() && given.get("type").is_some() {
        return given.clone();
    }
    let mut value = empty_value(element).unwrap_or_else(|| json!({"type": element["type"]}));
    let key = value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).find(|key| key != "type");
    let key = key.unwrap_or_else(|| "value".to_owned());
    value[&key] = match key.as_str() {
        "selected_option" => option_with(element, given),
        "selected_options" => {
            given.as_array().into_iter().flatten().map(|one| option_with(element, one)).collect()
        }
        _ => given.clone(),
    };
    value
}

/// The option of a menu with this value; options of other menus (external ones) are made up.
pub fn option_with(element: &Value, value: &Value) -> Value {
    if value.is_object() || value.is_null() {
        return value.clone();
    }
    let groups = element["option_groups"].as_array().into_iter().flatten();
    let grouped = groups.flat_map(|group| group["options"].as_array().into_iter().flatten());
    let mut all = element["options"].as_array().into_iter().flatten().chain(grouped);
    let made_up = || json!({"text": {"type": "plain_text", "text": value, "emoji": true}, "value": value});
    all.find(|option| option["value"] == *value).cloned().unwrap_or_else(made_up)
}

/// Input survives an update where `block_id` and `action_id` stay.
pub fn keep_input(values: &mut Value, before: &Value) {
    for (block_id, actions) in values.as_object_mut().into_iter().flatten() {
        for (action_id, value) in actions.as_object_mut().into_iter().flatten() {
            let old = &before[block_id][action_id];
            if old["type"] == value["type"] && !old.is_null() {
                value.clone_from(old);
            }
        }
    }
}

impl Workspace {
    /// Does what an ack asks for.
    pub fn take_answer(&mut self, acked: Acked) {
        match acked.purpose {
            Purpose::Nothing => {}
            Purpose::Command { user, channel } => {
                let Some(content) = acked.payload else { return };
                let content = if content.is_string() { json!({"text": content}) } else { content };
                let target = Target { channel, user, message_ts: None };
                if let Err(error) = self.respond(&target, &content) {
                    self.post.complaints.push(format!("the answer to a command is not valid: {error}"));
                }
            }
            Purpose::Submission { view } => {
                self.take_submission(&view, &acked.payload.unwrap_or(Value::Null))
            }
        }
    }

    /// An empty answer closes the view; others are errors, update, push and clear (docs: modals).
    fn take_submission(&mut self, id: &str, answer: &Value) {
        let Some(at) = self.views.iter().position(|view| view.id == id) else { return };
        match answer["response_action"].as_str() {
            None if answer.is_null() => self.views[at].is_open = false,
            Some("clear") => self.clear_views(at),
            Some("errors") => {
                self.complain_of_error_keys(at, &answer["errors"]);
                self.views[at].errors = Some(answer["errors"].clone());
            }
            Some("update") => match self.checked_view(answer["view"].clone()) {
                Ok(content) => self.replace_view(at, content),
                Err(_) => self.post.complaints.push("the view in an ack is not valid".to_owned()),
            },
            Some("push") => match self.checked_view(answer["view"].clone()) {
                Ok(content) => {
                    let (user, below) = (self.views[at].user.clone(), self.views[at].id.clone());
                    self.put_view(&user, content, Some(below));
                }
                Err(_) => self.post.complaints.push("the view in an ack is not valid".to_owned()),
            },
            // The person sees an error in the modal, which stays.
            Some(_) | None => self.post.complaints.push("the answer to a submission is not known".to_owned()),
        }
    }

    /// Keys must be block ids of input blocks.
    fn complain_of_error_keys(&mut self, at: usize, errors: &Value) {
        let blocks = self.views[at].content["blocks"].as_array().cloned().unwrap_or_default();
        let is_input =
            |key: &str| blocks.iter().any(|block| block["type"] == "input" && block["block_id"] == key);
        let wrong = errors.as_object().into_iter().flatten().any(|(key, _)| !is_input(key));
        if wrong {
            self.post.complaints.push("an error in an ack names no input block".to_owned());
        }
    }

    /// Closes the whole stack of a view.
    pub fn clear_views(&mut self, at: usize) {
        let root = self.views[at].root.clone();
        for view in self.views.iter_mut().filter(|view| view.root == root) {
            view.is_open = false;
        }
    }
}
