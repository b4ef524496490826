//! Checks block elements: buttons, menus, inputs, images.
//!
//! Lengths are those of Slack's documentation; where sources disagree, the smaller one.

use serde_json::Value;

use super::blocks::Findings;
use super::ids::Ids;

/// Checks the elements of an `actions` block: each one, and that no `action_id` comes twice.
pub fn check_actions(findings: &mut Findings, at: &str, list: &[Value]) {
    let mut seen = Vec::new();
    for (index, element) in list.iter().enumerate() {
        let at = format!("{at}/elements/{index}");
        check(findings, &at, element);
        if let Some(id) = element["action_id"].as_str().filter(|id| !id.is_empty()) {
            if seen.contains(&id) {
                findings.add(&format!("{at}/action_id"), format!("`action_id` must be unique: {id}"));
            }
            seen.push(id);
        }
    }
}

/// Checks one element.
pub fn check(findings: &mut Findings, at: &str, element: &Value) {
    findings.text(at, element, "action_id", 255);
    findings.plain(at, element, "placeholder", 150);
    if let Some(confirm) = element.get("confirm").filter(|given| !given.is_null()) {
        check_confirm(findings, &format!("{at}/confirm"), confirm);
    }
    match element["type"].as_str() {
        None => findings.add(at, "missing required field: type"),
        Some("button") => check_button(findings, at, element),
        Some("static_select" | "multi_static_select") => {
            if element["option_groups"].is_null() {
                check_options(findings, at, element, (1, 100));
            } else {
                for (index, group) in findings.list(at, element, "option_groups", (1, 100)).iter().enumerate()
                {
                    let at = format!("{at}/option_groups/{index}");
                    findings.need_text(&at, group, "label", 75);
                    check_options(findings, &at, group, (1, 100));
                }
            }
        }
        Some("overflow") => check_options(findings, at, element, (1, 5)),
        Some("checkboxes" | "radio_buttons") => check_options(findings, at, element, (1, 10)),
        Some("image") => check_image(findings, at, element),
        Some("plain_text_input") => {
            for (key, least) in [("min_length", 0), ("max_length", 1)] {
                if element[key].as_i64().is_some_and(|length| !(least..=3000).contains(&length)) {
                    findings.add(&format!("{at}/{key}"), format!("must be between {least} and 3000"));
                }
            }
        }
        Some("number_input") => {
            if !element["is_decimal_allowed"].is_boolean() {
                findings.add(at, "missing required field: is_decimal_allowed");
            }
        }
        Some("workflow_button") => findings.need_text(at, element, "text", 75),
        Some(
            "external_select"
            | "multi_external_select"
            | "users_select"
            | "multi_users_select"
            | "conversations_select"
            | "multi_conversations_select"
            | "channels_select"
            | "multi_channels_select"
            | "datepicker"
            | "timepicker"
            | "datetimepicker"
            | "email_text_input"
            | "url_text_input"
            | "rich_text_input"
            | "file_input"
            | "feedback_buttons"
            | "icon_button",
        ) => {}
        Some(other) => findings.add(&format!("{at}/type"), format!("unsupported type: {other}")),
    }
}

/// Checks an image, as a block or an element.
pub fn check_image(findings: &mut Findings, at: &str, image: &Value) {
    if image["image_url"].is_null() && image["slack_file"].is_null() {
        findings.add(at, "missing required field: image_url");
    }
    findings.text(at, image, "image_url", 3000);
    if image["alt_text"].is_null() {
        findings.add(at, "missing required field: alt_text");
    }
    findings.text(at, image, "alt_text", 2000);
}

fn check_button(findings: &mut Findings, at: &str, button: &Value) {
    findings.need_text(at, button, "text", 75);
    if button["text"]["type"] == "mrkdwn" {
        findings.plain(at, button, "text", 75);
    }
    findings.text(at, button, "value", 2000);
    findings.text(at, button, "url", 3000);
    findings.text(at, button, "accessibility_label", 75);
    if button["style"].as_str().is_some_and(|style| !["primary", "danger", "default"].contains(&style)) {
        findings.add(&format!("{at}/style"), "must be a valid enum value");
    }
}

fn check_confirm(findings: &mut Findings, at: &str, confirm: &Value) {
    findings.text(at, confirm, "title", 100);
    findings.need_text(at, confirm, "text", 300);
    findings.text(at, confirm, "confirm", 30);
    findings.text(at, confirm, "deny", 30);
}

fn check_options(findings: &mut Findings, at: &str, holder: &Value, size: (usize, usize)) {
    for (index, option) in findings.list(at, holder, "options", size).iter().enumerate() {
        let at = format!("{at}/options/{index}");
        findings.need_text(&at, option, "text", 75);
        findings.text(&at, option, "description", 75);
        findings.text(&at, option, "value", 75);
        findings.text(&at, option, "url", 3000);
    }
}

/// Gives an interactive element the `action_id` it lacks.
pub fn fill_id(element: &mut Value, ids: &mut Ids) {
    let Some(fields) = element.as_object_mut() else { return };
    let interactive = fields.get("type").is_some_and(|kind| kind != "image");
    if interactive && fields.get("action_id").and_then(Value::as_str).is_none_or(str::is_empty) {
        fields.insert("action_id".to_owned(), Value::String(ids.hex(5)));
    }
}
