//! What came of the conversation, counted in the workspace and in the database, and held against what the story tells.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;

use super::stage::Stage;
use super::story::REPLY;
use crate::domain::ids::{BundleId, EventId};
use crate::store::status::Standing;
use crate::store::tasks::{Task, TaskFilter};
use crate::store::why::Subject;

/// Author, channel, status, category and number of messages of every task that the story makes.
const TASKS: [(&str, &str, &str, &str, i64); 3] = [
    ("ada", "support", "done", "billing", 5),
    ("grace", "support", "open", "bug", 3),
    ("noor", "sales", "open", "sales", 1),
];

/// The endings of all events of the story, by their stored words.
const ENDINGS: [(&str, usize); 8] = [
    ("opened_bundle", 5),
    ("joined_bundle", 2),
    ("answered", 1),
    ("edited", 1),
    ("not_monitored", 1),
    ("bot", 1),
    ("duplicate", 1),
    ("ourselves", 1),
];

/// What came of it.
pub struct Summary {
    /// What people and other bots wrote.
    messages: usize,
    /// Envelopes acknowledged, and those Slack still waits for or gave up.
    acks: (u64, u64),
    /// How often the events ended in which way: by the stored word, with its sentence.
    endings: BTreeMap<String, (usize, String)>,
    bundles: usize,
    tasks: Vec<(String, Task)>,
    /// The desk's replies as the workspace has them: author of the thread's first message, text.
    replies: Vec<(String, String)>,
    /// What is not settled.
    standing: Standing,
    complaints: Vec<String>,
}

impl Summary {
    /// Reads it.
    pub async fn of(stage: &Stage) -> Result<Summary> {
        let store = &stage.front.store;
        let standing = store.standing().await?;
        let space = store.of(&stage.workspace);
        let trail = |subject| space.trail(subject);
        let mut endings: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for event in 1..=standing.recorded {
            for step in trail(Subject::Event(EventId(event))).await? {
                if step.reason != "recorded" {
                    endings.entry(step.reason).or_insert((0, step.sentence)).0 += 1;
                }
            }
        }
        let mut bundles = 0;
        while !trail(Subject::Bundle(BundleId(bundles + 1))).await?.is_empty() {
            bundles += 1;
        }
        let mut tasks = Vec::new();
        for task in store.of(&stage.workspace).tasks(TaskFilter::default()).await? {
            tasks.push((handle(stage, &task.contact.person.0), task));
        }
        let (messages, replies) = written(stage);
        let acks = (stage.slack.acks(), stage.slack.unacked() as u64 + stage.slack.lost());
        let bundles = usize::try_from(bundles)?;
        let complaints = stage.slack.complaints();
        Ok(Summary { messages, acks, endings, bundles, tasks, replies, standing, complaints })
    }

    /// What is not as the story tells, one sentence each.
    pub fn differences(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (author, channel, status, category, count) in TASKS {
            let told = format!("{status}, {category}, {} in #{channel}", messages(count));
            let is: Vec<String> =
                self.tasks.iter().filter(|(who, _)| who == author).map(|(_, task)| shown(task)).collect();
            if is != [told.clone()] {
                found.push(format!("{author} should have one task ({told}) and has {is:?}"));
            }
        }
        if self.tasks.len() != TASKS.len() {
            found.push(format!("there should be {} tasks and there are {}", TASKS.len(), self.tasks.len()));
        }
        for (word, count) in ENDINGS {
            let is = self.endings.get(word).map_or(0, |(count, _)| *count);
            if is != count {
                found.push(format!("{count} events should have ended as {word:?}, {is} did"));
            }
        }
        if self.replies != [("ada".to_owned(), REPLY.to_owned())] {
            found.push(format!("ada's thread should have one reply, and Slack has {:?}", self.replies));
        }
        found.extend(self.unsettled());
        found
    }

    fn unsettled(&self) -> Vec<String> {
        let Standing { pending, bundles_open, bundles_sealed, outbox, .. } = &self.standing;
        let mut found: Vec<String> = [
            ("events without an outcome", *pending),
            ("bundles still open", *bundles_open),
            ("bundles not triaged", *bundles_sealed),
        ]
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .map(|(what, count)| format!("{what}: {count}"))
        .collect();
        if !outbox.is_empty() {
            found.push(format!("sends that did not go out: {outbox:?}"));
        }
        if self.acks.1 != 0 {
            found.push(format!("envelopes that were not acknowledged: {}", self.acks.1));
        }
        found.extend(self.complaints.iter().map(|complaint| format!("Slack complains: {complaint}")));
        found
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (recorded, acknowledged) = (self.standing.recorded, self.acks.0);
        writeln!(
            f,
            "{} messages written, {recorded} events recorded, {acknowledged} acknowledged",
            self.messages
        )?;
        let ignored = self.endings.values().filter(|(_, sentence)| sentence.starts_with("ignored"));
        let count: usize = ignored.clone().map(|(count, _)| count).sum();
        let why: Vec<String> =
            ignored.map(|(count, sentence)| format!("{count} {}", &sentence["ignored: ".len()..])).collect();
        writeln!(f, "{count} events ignored: {}", why.join(", "))?;
        writeln!(f, "{} bundles, {} tasks", self.bundles, self.tasks.len())?;
        for (_, task) in &self.tasks {
            writeln!(f, "  task {} of {}: {}", task.number, task.contact.name, shown(task))?;
        }
        write!(f, "replies that arrived in Slack: {}", self.replies.len())
    }
}

fn messages(count: i64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn shown(task: &Task) -> String {
    let (status, category, count) = (task.status.as_str(), &task.category, task.message_count);
    format!("{status}, {category}, {} in #{}", messages(count), task.channel.1)
}

/// How many messages others wrote, and what the desk wrote to whom.
fn written(stage: &Stage) -> (usize, Vec<(String, String)>) {
    let desk = stage.slack.setup().app.bot_user_id;
    let mut messages = 0;
    let mut replies = Vec::new();
    for channel in stage.slack.channels() {
        for message in channel.messages.values() {
            if message.user.as_ref() != Some(&desk) {
                messages += 1;
                continue;
            }
            let parent = message.thread_ts.as_ref().and_then(|ts| channel.messages.get(ts));
            let author = parent.and_then(|parent| parent.user.as_deref()).unwrap_or_default();
            replies.push((handle(stage, author), message.text.clone()));
        }
    }
    (messages, replies)
}

fn handle(stage: &Stage, person: &str) -> String {
    stage.slack.person(person).map_or(person.to_owned(), |person| person.handle)
}

#[cfg(test)]
mod tests {
    use super::{ENDINGS, Stage, Summary, TASKS};
    use crate::domain::time::Timestamp;
    use crate::runtime::clock::Clock;

    #[tokio::test(start_paused = true)]
    async fn a_stage_on_which_nothing_happened_differs_in_everything_that_is_told() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::starting_at(Timestamp(1_767_603_600_000));
        let stage = Stage::open(clock).await.expect("it starts");
        let summary = Summary::of(&stage).await.expect("it is counted");
        stage.close().await;
        let found = summary.differences();
        // Every task is missing, their number is wrong, every ending is missing, and so is the reply.
        assert_eq!(found.len(), TASKS.len() + 1 + ENDINGS.len() + 1, "{found:#?}");
        assert!(
            found[0].starts_with("ada should have one task (done, billing, 5 messages in #support)"),
            "{found:#?}"
        );
    }
}
