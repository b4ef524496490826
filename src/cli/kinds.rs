//! `deskd kinds`: which kinds of notices there are, and what each wants to know. It reads the configuration alone.

use anyhow::Result;
use serde_json::{Value, json};

use super::call::{Call, Exit};
use crate::config::span;
use crate::domain::notice::Kind;
use crate::domain::notice::kind::{Field, RESERVED};

/// List the kinds of notices and their fields.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only kinds whose name or category begins like this.
    prefix: Option<String>,
    /// Include those that deskd alone hands in.
    #[arg(long)]
    all: bool,
}

/// Reads the configuration and prints them.
pub fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let is_meant = |kind: &&Kind| match &args.prefix {
        Some(prefix) => kind.name.starts_with(prefix) || kind.category.starts_with(prefix),
        None => args.all || !kind.name.starts_with(RESERVED),
    };
    let mut kinds: Vec<&Kind> = config.kinds.all().filter(is_meant).collect();
    kinds.sort_by(|a, b| (&a.category, &a.name).cmp(&(&b.category, &b.name)));
    if call.json {
        call.print_json(&Value::Array(kinds.into_iter().map(as_json).collect()))?;
    } else {
        write!(call.out, "{}", as_text(&kinds))?;
    }
    Ok(Exit::Done)
}

fn as_json(kind: &Kind) -> Value {
    // Destructured in full, so that what is new is thought of.
    let Kind { name, category, icon, title, open, severity, status, fields, fingerprint, ttl, template } =
        kind;
    let field = |field: &Field| json!({ "name": field.name, "form": field.form.as_str(), "required": field.required });
    json!({
        "name": name,
        "category": category,
        "icon": icon,
        "title": title,
        "open": open,
        "severity": severity.as_str(),
        "status": status.as_str(),
        "fields": fields.iter().map(field).collect::<Vec<_>>(),
        "fingerprint": fingerprint,
        "ttl_seconds": ttl.as_secs(),
        "template": !template.is_empty(),
    })
}

fn as_text(kinds: &[&Kind]) -> String {
    if kinds.is_empty() {
        return "no kind begins like this; hint: deskd kinds lists all\n".to_owned();
    }
    let mut text = String::new();
    let mut category = "";
    for kind in kinds {
        if kind.category != category {
            let gap = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}\n", kind.category));
            category = &kind.category;
        }
        let lasts = if kind.fingerprint.is_empty() { "" } else { ", lasts until resolved" };
        let ttl = span::show(kind.ttl);
        text.push_str(&format!("  {:<22} {}{lasts}, {ttl}\n", kind.name, kind.severity.as_str()));
        let fields: Vec<String> = kind.fields.iter().map(marked).collect();
        text.push_str(&format!("    {}\n", fields.join(", ")));
    }
    text.push_str(
        "\n! marks what a notice needs; text unless it says otherwise. Other fields are shown as they are.\n",
    );
    text
}

/// A field as people write it: `amount! (amount)`.
pub fn marked(field: &Field) -> String {
    let mark = if field.required { "!" } else { "" };
    match field.form.as_str() {
        "text" => format!("{}{mark}", field.name),
        form => format!("{}{mark} ({form})", field.name),
    }
}
