//! A message for a webhook, which can only show: what somebody could press is left out, and a button that opens an address
//! becomes a link.

use serde_json::{Value, json};

use crate::domain::mrkdwn::escape;

/// Most blocks in a message [slack-facts 5.1].
const BLOCKS: usize = 50;
/// Longest text of a section, in characters [slack-facts 5.3].
const SECTION_CHARS: usize = 3000;
/// Between two links on one line.
const BETWEEN: &str = "  ·  ";

/// What is left of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Plain {
    /// The blocks, nothing in them to press.
    pub blocks: Value,
    /// How many things to press were left out, not counting those that became links.
    pub left_out: usize,
}

/// Leaves out of blocks what cannot work in a webhook's message: nobody hears of a click there.
pub fn plain_for_webhook(blocks: &Value) -> Plain {
    let given = blocks.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut made = Made { blocks: Vec::new(), left_out: 0, spare: BLOCKS.saturating_sub(given.len()) };
    given.iter().for_each(|block| made.add(block));
    Plain { blocks: Value::Array(made.blocks), left_out: made.left_out }
}

/// Whether somebody could press something in these blocks that a webhook's message cannot have.
pub fn is_interactive(blocks: &Value) -> bool {
    plain_for_webhook(blocks).left_out > 0
}

struct Made {
    blocks: Vec<Value>,
    left_out: usize,
    /// How many blocks there may be more than were given.
    spare: usize,
}

impl Made {
    fn add(&mut self, block: &Value) {
        let mut block = block.clone();
        let pressed = match kind(&block) {
            "actions" => {
                let elements = taken(&mut block, "elements");
                return self.link(&elements, None);
            }
            "input" | "context_actions" => {
                self.left_out += 1;
                return;
            }
            "section" if kind(&block["accessory"]) != "image" => taken(&mut block, "accessory"),
            "card" => taken(&mut block, "actions"),
            "carousel" => cards(&mut block),
            "container" => {
                let inner = plain_for_webhook(&block["child_blocks"]);
                self.left_out += inner.left_out;
                block["child_blocks"] = inner.blocks;
                Vec::new()
            }
            _ => Vec::new(),
        };
        let bare =
            kind(&block) == "card" && ["hero_image", "title", "body"].iter().all(|key| block[key].is_null());
        self.link(&pressed, (!bare).then_some(block));
    }

    /// Adds a block and the links that some things to press become.
    fn link(&mut self, pressed: &[Value], block: Option<Value>) {
        let mut links = Vec::new();
        for element in pressed {
            let found = links_of(element);
            self.left_out += usize::from(found.is_empty());
            links.extend(found);
        }
        // What takes the place of a block needs no room of its own.
        let mut room = self.spare + usize::from(block.is_none());
        let mut block = block;
        for line in lines(&links) {
            // Into the text that it stands beside, where there is room.
            if let Some(section) = block.as_mut().filter(|block| kind(block) == "section")
                && let Some(joined) = joined(section, &line)
            {
                section["text"]["text"] = Value::String(joined);
                continue;
            }
            self.blocks.extend(block.take());
            match room.checked_sub(1) {
                Some(left) => room = left,
                None => {
                    self.left_out += 1;
                    continue;
                }
            }
            self.blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": line } }));
        }
        self.spare = self.spare.min(room);
        self.blocks.extend(block);
    }
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or_default()
}

/// The element or elements under a key, taken out.
fn taken(block: &mut Value, key: &str) -> Vec<Value> {
    match block.as_object_mut().and_then(|block| block.remove(key)) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(elements)) => elements,
        Some(element) => vec![element],
    }
}

fn cards(block: &mut Value) -> Vec<Value> {
    let cards = block["elements"].as_array_mut();
    cards.into_iter().flatten().flat_map(|card| taken(card, "actions")).collect()
}

/// A text with a line of links behind it, if it is one that can have links and they fit.
fn joined(section: &Value, line: &str) -> Option<String> {
    let text = &section["text"];
    let joined = format!("{}\n{line}", text["text"].as_str()?);
    (kind(text) == "mrkdwn" && joined.chars().count() <= SECTION_CHARS).then_some(joined)
}

/// The links that an element becomes: one for a button with an address, one for each entry with an address of a menu.
fn links_of(element: &Value) -> Vec<String> {
    let one = |item: &Value| link(item["url"].as_str()?, item["text"]["text"].as_str().unwrap_or_default());
    match kind(element) {
        "button" => one(element).into_iter().collect(),
        "overflow" => element["options"].as_array().into_iter().flatten().filter_map(one).collect(),
        _ => Vec::new(),
    }
}

/// An address with its text, as Slack writes links; `None` for what is no address of the web, or too long for a section.
fn link(url: &str, text: &str) -> Option<String> {
    if !["https://", "http://"].iter().any(|scheme| url.starts_with(scheme)) {
        return None;
    }
    let mut safe = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '|' => safe.push_str("%7C"),
            '&' => safe.push_str("&amp;"),
            c if c.is_whitespace() || c.is_control() => safe.push_str("%20"),
            c => safe.push(c),
        }
    }
    let text = escape(&text.replace(|c: char| c.is_control() || c == '|', " "));
    let link = match text.trim() {
        "" => format!("<{safe}>"),
        text => format!("<{safe}|{text}>"),
    };
    (link.chars().count() <= SECTION_CHARS).then_some(link)
}

/// Links on as few lines as they fit on.
fn lines(links: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for link in links {
        match lines.last_mut() {
            Some(line)
                if line.chars().count() + BETWEEN.chars().count() + link.chars().count() <= SECTION_CHARS =>
            {
                line.push_str(BETWEEN);
                line.push_str(link);
            }
            Some(_) | None => lines.push(link.clone()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{is_interactive, plain_for_webhook};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// What nobody hears of when it is pressed.
    const PRESSED: [&str; 8] = [
        "\"actions\"",
        "\"button\"",
        "\"input\"",
        "\"overflow\"",
        "\"static_select\"",
        "\"datepicker\"",
        "\"checkboxes\"",
        "\"context_actions\"",
    ];

    fn button(text: &str, url: Option<&str>) -> Value {
        let mut button =
            json!({"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": text}});
        if let Some(url) = url {
            button["url"] = json!(url);
        }
        button
    }

    #[test]
    fn web_13_link_buttons_become_links_and_others_are_left_out() {
        let card = json!([
            {"type": "header", "text": {"type": "plain_text", "text": "Payment failed"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Globex*"},
             "accessory": button("Open <it>", Some("https://pay.example/1?a=b&c=d|e"))},
            {"type": "section", "text": {"type": "mrkdwn", "text": "logo"},
             "accessory": {"type": "image", "image_url": "https://x.example/y.png", "alt_text": "logo"}},
            {"type": "input", "label": {"type": "plain_text", "text": "Why?"}, "element": {"type": "plain_text_input"}},
            {"type": "actions", "elements": [
                button("Handled", None), button("Record", Some("https://crm.example/7")),
                {"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "More"}, "url": "https://m.example"}]},
                button("Script", Some("javascript:alert(1)")),
            ]},
        ]);
        let plain = plain_for_webhook(&card);
        assert_eq!(plain.left_out, 3, "the input, a button without an address, and one with a bad one");
        assert_eq!(
            plain.blocks,
            json!([
                {"type": "header", "text": {"type": "plain_text", "text": "Payment failed"}},
                {"type": "section", "text": {"type": "mrkdwn",
                 "text": "*Globex*\n<https://pay.example/1?a=b&amp;c=d%7Ce|Open &lt;it&gt;>"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "logo"},
                 "accessory": {"type": "image", "image_url": "https://x.example/y.png", "alt_text": "logo"}},
                {"type": "section", "text": {"type": "mrkdwn",
                 "text": "<https://crm.example/7|Record>  ·  <https://m.example|More>"}},
            ])
        );
        assert!(is_interactive(&card) && !is_interactive(&plain.blocks));
        assert_eq!(plain_for_webhook(&plain.blocks).blocks, plain.blocks, "once is enough");
    }

    #[test]
    fn blocks_within_blocks_are_looked_through_and_odd_ones_stay() {
        let nested = json!([
            {"type": "container", "title": {"type": "plain_text", "text": "x"},
             "child_blocks": [{"type": "actions", "elements": [button("a", None)]}, {"type": "divider"}]},
            {"type": "card", "title": {"type": "plain_text", "text": "x"}, "actions": [button("b", Some("https://b.example"))]},
            {"type": "card", "actions": [button("c", None)]},
            {"type": "brand_new", "x": 1},
            7,
        ]);
        let plain = plain_for_webhook(&nested);
        assert_eq!(plain.left_out, 2);
        assert_eq!(
            plain.blocks,
            json!([
                {"type": "container", "title": {"type": "plain_text", "text": "x"}, "child_blocks": [{"type": "divider"}]},
                {"type": "card", "title": {"type": "plain_text", "text": "x"}},
                {"type": "section", "text": {"type": "mrkdwn", "text": "<https://b.example|b>"}},
                {"type": "brand_new", "x": 1},
                7,
            ])
        );
        assert_eq!(plain_for_webhook(&json!("none")).blocks, json!([]));
    }

    fn element() -> impl Strategy<Value = Value> {
        let url = prop_oneof![
            Just(None),
            "https://[a-z|&<>]{1,40}".prop_map(Some),
            (2900_usize..3100).prop_map(|length| Some(format!("https://{}", "x".repeat(length))))
        ];
        prop_oneof![
            ("[a-z|<&]{0,75}", url).prop_map(|(text, url)| button(&text, url.as_deref())),
            Just(json!({"type": "datepicker", "action_id": "d"})),
            Just(
                json!({"type": "overflow", "options": [{"text": {"type": "plain_text", "text": "o"}, "url": "https://o.example"}]})
            ),
        ]
    }

    fn block() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!({"type": "divider"})),
            Just(json!({"type": "input"})),
            proptest::collection::vec(element(), 1..25).prop_map(|e| json!({"type": "actions", "elements": e})),
            ((1_usize..=3000).prop_map(|length| "x".repeat(length)), element(), prop_oneof![Just("mrkdwn"), Just("plain_text")]).prop_map(
                |(text, element, kind)| json!({"type": "section", "text": {"type": kind, "text": text}, "accessory": element})
            ),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_comes_in_nothing_is_left_to_press_and_slacks_limits_hold(
            blocks in proptest::collection::vec(block(), 0..=50)
        ) {
            let plain = plain_for_webhook(&Value::Array(blocks));
            let text = plain.blocks.to_string();
            for word in PRESSED {
                prop_assert!(!text.contains(&format!("\"type\":{word}")), "{word} in {text}");
            }
            let blocks = plain.blocks.as_array().expect("an array");
            prop_assert!(blocks.len() <= 50, "{} blocks", blocks.len());
            for block in blocks {
                let length = block["text"]["text"].as_str().unwrap_or_default().chars().count();
                prop_assert!(length <= 3000, "{length} characters");
            }
        }
    }
}
