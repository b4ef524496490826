//! What the demo shows, line by line: on the left what is new in the workspace, indented what is new in the database.
//!
//! Nothing is told here that was not read there; only ids of people become their names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};
use anyhow::Result;

use super::stage::{GLANCE, Stage};
use crate::domain::ids::{BundleId, EventId};
use crate::domain::time::Timestamp;
use crate::simulator::{Kind, Message};
use crate::store::tasks::{Task, TaskFilter};
use crate::store::why::{Step, Subject};

const PERSON: Style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
const TYPED: Style = AnsiColor::Magenta.on_default();
const MADE: Style = AnsiColor::Green.on_default();
const TASK: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const FAINT: Style = Style::new().dimmed();
const HEADING: Style = Style::new().bold();
const WRONG: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);

/// How far the lines of the desk are indented.
const INDENT: usize = 10;

/// Columns that a sentence of the desk may take before it goes on in the next line: all fits into a hundred.
const COLUMNS: usize = 70;

/// Watches both sides and writes down what is new.
pub struct Narrator<'a> {
    stage: &'a Stage,
    out: &'a mut dyn Write,
    began: Timestamp,
    looked: Timestamp,
    /// Text by channel and `ts`, as shown last; none when it was taken back.
    messages: BTreeMap<(String, String), Option<String>>,
    /// Events and bundles are numbered without gaps: the next of each.
    next_event: i64,
    open_bundles: BTreeSet<i64>,
    next_bundle: i64,
    /// Steps of tasks and sends that were shown: what, when, as what.
    steps: BTreeSet<(String, i64, String)>,
    /// Tasks as shown last.
    tasks: BTreeMap<i64, String>,
}

impl<'a> Narrator<'a> {
    /// A narrator who has seen nothing yet.
    pub fn new(stage: &'a Stage, out: &'a mut dyn Write) -> Narrator<'a> {
        Narrator {
            stage,
            out,
            began: stage.now(),
            looked: stage.now(),
            messages: BTreeMap::new(),
            next_event: 1,
            open_bundles: BTreeSet::new(),
            next_bundle: 1,
            steps: BTreeSet::new(),
            tasks: BTreeMap::new(),
        }
    }

    /// Says where we are.
    pub fn introduce(&mut self) -> Result<()> {
        let setup = self.stage.slack.setup();
        let sockets = self.stage.slack.sockets();
        writeln!(
            self.out,
            "A desk at work in {HEADING}{}{HEADING:#}, a Slack workspace in this very process: {sockets} sockets \
             are open.\nOn the left what people do, {MADE}indented what deskd makes of it{MADE:#}, in its own words.",
            setup.team_name
        )?;
        Ok(())
    }

    /// Begins a new part.
    pub fn heading(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "\n{HEADING}{text}{HEADING:#}")?;
        Ok(())
    }

    /// Shows a command; the caller does what it says.
    pub fn typed(&mut self, command: &str) -> Result<()> {
        let at = self.offset(self.stage.now());
        writeln!(self.out, "{at}  {TYPED}$ {command}{TYPED:#}")?;
        Ok(())
    }

    /// Shows what a command answered.
    pub fn answered(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "{:1$}{MADE}{text}{MADE:#}", "", INDENT)?;
        Ok(())
    }

    /// Shows the steps that became of something.
    pub fn steps(&mut self, steps: Vec<Step>) -> Result<()> {
        for step in steps {
            let at = self.offset(step.at);
            writeln!(self.out, "{at}  {}", told(MADE, &step.what, &self.names(&step.sentence)))?;
        }
        Ok(())
    }

    /// Writes several lines with an empty one before them.
    pub fn paragraph(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "\n{}", text.trim_end())?;
        Ok(())
    }

    /// Says what was not as told.
    pub fn wrong(&mut self, text: &str) -> Result<()> {
        writeln!(self.out, "{WRONG}not as told:{WRONG:#} {text}")?;
        Ok(())
    }

    /// Watches until nobody listens any more.
    pub async fn go_on(&mut self) -> Result<()> {
        loop {
            self.glance().await?;
        }
    }

    /// Watches for a while.
    pub async fn watch(&mut self, span: Duration) -> Result<()> {
        let until = self.stage.now().plus(span);
        while self.stage.now() < until {
            self.glance().await?;
        }
        Ok(())
    }

    /// Waits a moment and looks.
    pub async fn glance(&mut self) -> Result<()> {
        tokio::time::sleep(GLANCE).await;
        self.look().await
    }

    /// Shows what is new on both sides. The desk is read first, so that no effect is seen before its cause.
    pub async fn look(&mut self) -> Result<()> {
        let mut made = self.new_events().await?;
        made.extend(self.new_bundles().await?);
        made.extend(self.new_tasks().await?);
        let mut lines = self.new_messages();
        lines.append(&mut made);
        // Stable: at the same instant what people do stands before what came of it.
        lines.sort_by_key(|(at, _)| *at);
        for (at, line) in lines {
            writeln!(self.out, "{}  {line}", self.offset(at))?;
        }
        self.looked = self.stage.now();
        Ok(self.out.flush()?)
    }

    fn new_messages(&mut self) -> Vec<(Timestamp, String)> {
        let mut lines = Vec::new();
        for channel in self.stage.slack.channels() {
            let place = match channel.kind {
                Kind::Im(_) => "direct message".to_owned(),
                Kind::Public | Kind::Private | Kind::Mpim => format!("#{}", channel.name),
            };
            for message in channel.messages.into_values() {
                let key = (channel.id.clone(), message.ts.clone());
                let text = (!message.deleted).then(|| message.text.clone());
                let before = self.messages.insert(key, text.clone());
                if before.as_ref() != Some(&text) {
                    lines.push(self.said(&place, &message, before.is_some()));
                }
            }
        }
        lines
    }

    fn said(&self, place: &str, message: &Message, known: bool) -> (Timestamp, String) {
        let author = match (&message.user, &message.username) {
            (Some(user), _) => self.stage.slack.person(user).map_or(user.clone(), |person| person.handle),
            (None, Some(name)) => name.clone(),
            (None, None) => "somebody".to_owned(),
        };
        let text = self.names(&message.text);
        let (at, does) = match (&message.edited, known) {
            // Slack does not say when, so it happened just after we looked.
            _ if message.deleted => (None, " takes a message back".to_owned()),
            (Some((_, ts)), true) => (instant(ts), format!(" edits: {text}")),
            (None, true) => (None, format!(" now: {text}")),
            (_, false) => (instant(&message.ts), format!(": {text}")),
        };
        let thread = if message.is_reply() { ", in a thread" } else { "" };
        (at.unwrap_or(self.looked), format!("{PERSON}{place}{thread}  {author}{PERSON:#}{does}"))
    }

    async fn new_events(&mut self) -> Result<Vec<(Timestamp, String)>> {
        let mut lines = Vec::new();
        loop {
            let steps = self.trail(Subject::Event(EventId(self.next_event))).await?;
            // It was recorded; the other step is what became of it.
            let Some(outcome) =
                steps.iter().find(|step| step.reason != "recorded" && step.reason != "pending")
            else {
                return Ok(lines);
            };
            let style = if outcome.sentence.starts_with("ignored") { FAINT } else { MADE };
            lines.push((outcome.at, told(style, &outcome.what, &outcome.sentence)));
            self.next_event += 1;
        }
    }

    async fn new_bundles(&mut self) -> Result<Vec<(Timestamp, String)>> {
        while !self.trail(Subject::Bundle(BundleId(self.next_bundle))).await?.is_empty() {
            self.open_bundles.insert(self.next_bundle);
            self.next_bundle += 1;
        }
        let mut lines = Vec::new();
        for bundle in self.open_bundles.clone() {
            let what = format!("bundle {bundle}");
            let steps = self.trail(Subject::Bundle(BundleId(bundle))).await?;
            let closed =
                |step: &&Step| step.what == what && matches!(step.reason.as_str(), "triaged" | "dropped");
            if let Some(step) = steps.iter().find(closed) {
                self.open_bundles.remove(&bundle);
                lines.push((step.at, told(MADE, &step.what, &step.sentence)));
            }
        }
        Ok(lines)
    }

    async fn new_tasks(&mut self) -> Result<Vec<(Timestamp, String)>> {
        let mut lines = Vec::new();
        let (store, workspace) = (&self.stage.front.store, self.stage.workspace.clone());
        let mut tasks = store.of(&workspace).tasks(TaskFilter::default()).await?;
        tasks.sort_by_key(|task| task.number);
        for task in tasks {
            for step in self.trail(Subject::Task(task.number)).await? {
                let key = (step.what.clone(), step.at.0, step.reason.clone());
                // A send on its way is not news; one that has arrived or that failed is.
                if !matches!(step.reason.as_str(), "waiting" | "sending") && self.steps.insert(key) {
                    lines.push((step.at, told(MADE, &step.what, &self.names(&step.sentence))));
                }
            }
            let line = summary(&task);
            if self.tasks.insert(task.number.0, line.clone()).as_ref() != Some(&line) {
                let what = format!("task {}", task.number);
                lines.push((task.updated_at, told(TASK, &what, &format!("is now {line}"))));
            }
        }
        Ok(lines)
    }

    async fn trail(&self, subject: Subject) -> Result<Vec<Step>> {
        Ok(self.stage.front.store.of(&self.stage.workspace).trail(subject).await?)
    }

    /// The text with people's names for their ids, and without Slack's escapes.
    fn names(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for person in self.stage.slack.people() {
            let name = format!("@{}", person.handle);
            text = text.replace(&format!("<@{}>", person.id), &name).replace(&person.id, &name);
        }
        let text = dates(&text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        // Further lines of a message stand under its beginning.
        text.replace('\n', &format!("\n{:1$}", "", INDENT))
    }

    fn offset(&self, at: Timestamp) -> String {
        let seconds = at.since(self.began).as_secs_f64();
        format!("{FAINT}{seconds:>5.1} s{FAINT:#}")
    }
}

/// Slack shows an instant in each reader's own zone; here it is the text that goes along with it.
fn dates(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!date^") {
        shown.push_str(before);
        let (date, behind) = after.split_once('>').unwrap_or((after, ""));
        shown.push_str(date.rsplit('|').next().unwrap_or_default());
        rest = behind;
    }
    shown + rest
}

/// A line of the desk, wrapped under its own beginning.
fn told(style: Style, what: &str, sentence: &str) -> String {
    let mut line = format!("{:INDENT$}{style}{what:<9}{style:#}", "");
    let mut column = 0;
    for word in sentence.split(' ') {
        if column + word.len() > COLUMNS {
            line.push_str(&format!("\n{:1$}", "", INDENT + 20));
            column = 0;
        }
        line.push(' ');
        line.push_str(word);
        column += word.len() + 1;
    }
    line
}

fn summary(task: &Task) -> String {
    let contact = match task.contact.email.as_str() {
        "" => task.contact.name.clone(),
        email => format!("{} <{email}>", task.contact.name),
    };
    let (status, category, channel) = (task.status.as_str(), &task.category, &task.channel.1);
    let messages = if task.message_count == 1 { "message" } else { "messages" };
    let count = task.message_count;
    format!("{status}: {category}, {}, {contact} in #{channel}, {count} {messages}", task.priority)
}

/// The instant of a Slack `ts`.
fn instant(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.')?;
    let micros: i64 = fraction.parse().ok()?;
    Some(Timestamp(seconds.parse::<i64>().ok()? * 1000 + micros / 1000))
}
