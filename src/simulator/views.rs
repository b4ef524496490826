//! Modals and Home tabs: `views.open/push/update/publish` and what people have on their screens.
//!
//! What an ack of a submission does to a modal is in `modals.rs`.

use serde_json::{Value, json};

use super::blocks;
use super::call::{Call, Refusal, Reply};
use super::workspace::Workspace;

/// A modal stack holds three views (docs: modals).
const STACK_MAX: usize = 3;
/// Over this a view is refused with `view_too_large` (docs).
const VIEW_MAX_BYTES: usize = 250_000;

/// A modal or Home tab as the workspace keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// View id.
    pub id: String,
    /// Whose screen it is on.
    pub user: String,
    /// The first view of its stack.
    pub root: String,
    /// The view below it.
    pub previous: Option<String>,
    /// Changes with every update.
    pub hash: String,
    /// What the app gave: type, title, blocks, `callback_id` and so on, ids filled in.
    pub content: Value,
    /// Still on the screen.
    pub is_open: bool,
    /// Errors shown under its inputs, from the last submission.
    pub errors: Option<Value>,
    /// What people put in so far, as `state.values`.
    pub values: Value,
}

impl View {
    /// The `callback_id`, empty if none.
    pub fn callback_id(&self) -> &str {
        self.content["callback_id"].as_str().unwrap_or_default()
    }
}

impl Workspace {
    /// The view object of the Web API and of payloads.
    pub fn show_view(&self, view: &View) -> Value {
        let app = &self.setup.app;
        let text = |key: &str| view.content[key].as_str().unwrap_or_default().to_owned();
        let flag = |key: &str| view.content[key].as_bool().unwrap_or(false);
        json!({
            "id": view.id, "team_id": self.setup.team_id, "type": view.content["type"], "hash": view.hash,
            "title": view.content["title"], "submit": view.content["submit"], "close": view.content["close"],
            "blocks": view.content["blocks"], "callback_id": text("callback_id"), "external_id": text("external_id"),
            "private_metadata": text("private_metadata"), "clear_on_close": flag("clear_on_close"),
            "notify_on_close": flag("notify_on_close"), "submit_disabled": false, "state": {"values": view.values},
            "root_view_id": view.root, "previous_view_id": view.previous, "app_id": app.id, "bot_id": app.bot_id,
            "app_installed_team_id": self.setup.team_id,
        })
    }

    /// Checks a view given by the app.
    pub fn checked_view(&mut self, mut content: Value) -> Result<Value, Refusal> {
        if content.to_string().len() > VIEW_MAX_BYTES {
            return Err("view_too_large".into());
        }
        let problems = blocks::check_view(&content);
        if !problems.is_empty() {
            return Err(Refusal::with_messages("invalid_arguments", &problems));
        }
        let filled = blocks::fill_ids(content["blocks"].take(), &mut self.ids);
        content["blocks"] = filled;
        Ok(content)
    }

    fn given_view(&mut self, call: &Call) -> Result<Value, Refusal> {
        let content = call.nested("view", "invalid_arguments")?;
        let missing = || {
            Refusal::with_messages("invalid_arguments", &["[ERROR] missing required field: view".to_owned()])
        };
        let content = self.checked_view(content.ok_or_else(missing)?)?;
        let external = content["external_id"].as_str().unwrap_or_default();
        let target = call.text("view_id");
        let taken = self.views.iter().any(|view| {
            let same = view.is_open && view.content["external_id"].as_str() == Some(external);
            same && target.as_ref() != Some(&view.id) && call.text("external_id").as_deref() != Some(external)
        });
        if taken && !external.is_empty() { Err("duplicate_external_id".into()) } else { Ok(content) }
    }

    fn new_hash(&mut self) -> String {
        format!("{}.{}", self.clock.now_ms() / 1000, self.ids.hex(8))
    }

    /// Puts a view on a user's screen, above `previous` if given.
    pub fn put_view(&mut self, user: &str, content: Value, previous: Option<String>) -> usize {
        let id = self.ids.next("V");
        let below = previous.as_ref().and_then(|id| self.views.iter().find(|view| view.id == *id));
        let root = below.map_or_else(|| id.clone(), |view| view.root.clone());
        let hash = self.new_hash();
        let values = super::modals::initial_values(&content);
        let user = user.to_owned();
        let view = View { id, user, root, previous, hash, content, is_open: true, errors: None, values };
        self.views.push(view);
        self.views.len() - 1
    }

    /// Replaces what a view shows; input stays where ids stay (docs: modals).
    pub fn replace_view(&mut self, at: usize, content: Value) {
        let mut values = super::modals::initial_values(&content);
        super::modals::keep_input(&mut values, &self.views[at].values);
        let hash = self.new_hash();
        let view = &mut self.views[at];
        view.content = content;
        view.values = values;
        view.hash = hash;
        view.errors = None;
    }

    /// Open views of the stack that `root` began.
    pub fn stack_size(&self, root: &str) -> usize {
        self.views.iter().filter(|view| view.is_open && view.root == root).count()
    }

    fn shown(&self, at: usize) -> Reply {
        Ok(json!({"view": self.show_view(&self.views[at])}))
    }
}

/// `views.open`
pub fn open(workspace: &mut Workspace, call: &Call) -> Reply {
    let content = workspace.given_view(call)?;
    let trigger = exchange(workspace, call)?;
    let at = workspace.put_view(&trigger.user, content, None);
    workspace.shown(at)
}

/// `views.push`: needs a trigger from inside a modal.
pub fn push(workspace: &mut Workspace, call: &Call) -> Reply {
    let content = workspace.given_view(call)?;
    let trigger = exchange(workspace, call)?;
    let below = trigger.view.and_then(|id| workspace.views.iter().find(|view| view.id == id && view.is_open));
    let Some(below) = below else { return Err("not_found".into()) };
    if workspace.stack_size(&below.root) >= STACK_MAX {
        return Err("push_limit_reached".into());
    }
    let previous = below.id.clone();
    let at = workspace.put_view(&trigger.user, content, Some(previous));
    workspace.shown(at)
}

/// `views.update`: by view id or external id, guarded by `hash` if given.
pub fn update(workspace: &mut Workspace, call: &Call) -> Reply {
    let content = workspace.given_view(call)?;
    let (id, external) = (call.text("view_id"), call.text("external_id"));
    let at = workspace.views.iter().position(|view| {
        let same_external = external.is_some() && view.content["external_id"].as_str() == external.as_deref();
        view.is_open && (id.as_ref() == Some(&view.id) || same_external)
    });
    let Some(at) = at else { return Err("not_found".into()) };
    if call.text("hash").is_some_and(|hash| hash != workspace.views[at].hash) {
        return Err("hash_conflict".into());
    }
    workspace.replace_view(at, content);
    workspace.shown(at)
}

/// `views.publish`: one Home tab per user.
pub fn publish(workspace: &mut Workspace, call: &Call) -> Reply {
    let user = call.need("user_id")?;
    let content = workspace.given_view(call)?;
    if workspace.person(&user).is_err() {
        return Err("invalid_arguments".into());
    }
    let home = workspace.views.iter().position(|view| view.user == user && view.content["type"] == "home");
    let at = match home {
        Some(at) if call.text("hash").is_some_and(|hash| hash != workspace.views[at].hash) => {
            return Err("hash_conflict".into());
        }
        Some(at) => {
            workspace.replace_view(at, content);
            at
        }
        None => workspace.put_view(&user, content, None),
    };
    workspace.shown(at)
}

fn exchange(workspace: &mut Workspace, call: &Call) -> Result<super::triggers::Trigger, Refusal> {
    let id = call.need("trigger_id").map_err(|_| Refusal::from("invalid_trigger_id"))?;
    let now_ms = workspace.clock.now_ms();
    workspace.triggers.exchange(&id, now_ms)
}
