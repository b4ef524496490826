//! The conversation: what people do in Slack and what the team types. What comes of it is for the desk to say.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::narrator::Narrator;
use super::stage::{QUIET, Stage};
use crate::domain::bundle::Pick;
use crate::domain::ids::{ChannelId, PersonId, TaskNumber};
use crate::domain::task::Actor;
use crate::store::tasks::{Doing, Handling, Task, TaskFilter};

/// Who types the commands of the demo.
const OPERATOR: &str = "demo";

/// Between one thing and the next: long enough to be read.
const BREATH: Duration = Duration::from_millis(400);

/// How long something that has to come may take, beyond the quiet period.
const PATIENCE: Duration = Duration::from_secs(8);

/// Text of the reply that is typed.
pub const REPLY: &str = "Sorry! One of the two charges is on its way back to you.";

struct Story<'a, 'b> {
    stage: &'a Stage,
    narrator: &'a mut Narrator<'b>,
}

/// Plays it from beginning to end; about a dozen seconds.
pub async fn play(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<()> {
    let mut story = Story { stage, narrator };
    story.prepare().await?;
    let (ada, grace) = story.burst().await?;
    story.answers(&grace).await?;
    story.afterwards(&ada, &grace).await
}

impl Story<'_, '_> {
    /// Two channels for the desk, two teammates; #general stays out of it.
    async fn prepare(&mut self) -> Result<()> {
        self.narrator.heading("The team gives the desk two channels and says who works here")?;
        for channel in ["support", "sales"] {
            self.narrator.typed(&format!("deskd channels monitor '#{channel}'"))?;
            let id = ChannelId(self.stage.slack.channel_id(channel)?);
            let workspace = self.stage.workspace.clone();
            self.stage
                .front
                .store
                .of(&workspace)
                .pick_channel(id, Pick::Monitor, operator(), self.stage.now())
                .await?;
        }
        for person in ["tess", "omar"] {
            self.narrator.typed(&format!("deskd team add @{person}"))?;
            let id = PersonId(self.stage.slack.user_id(person)?);
            let (store, workspace) = (&self.stage.front.store, self.stage.workspace.clone());
            store.of(&workspace).add_teammate(id, operator(), self.stage.now()).await?;
        }
        self.breathe().await
    }

    /// Two customers write into each other, one in several messages; others write what is not for the desk. What belongs
    /// together comes early and close together: a busy machine must not make a pause of it that closes the bundle.
    async fn burst(&mut self) -> Result<(String, String)> {
        self.narrator.heading("Customers write, and so do others")?;
        let ada = self.say("ada", "support", "Hi, invoice 4711 was charged twice").await?;
        let second = self.say("ada", "support", "that is 240 EUR to much").await?;
        let grace = self.say("grace", "support", "How do I add a second user?").await?;
        self.say("ada", "support", "can you refund one of them, please?").await?;
        self.say_as_bot("pagerbot", "support", "db-2: CPU at 93 %").await?;
        self.stage.slack.edit("support", &second, "that is 240 EUR too much")?;
        self.breathe().await?;
        self.say("omar", "general", "Lunch at one?").await?;
        let bot = self.stage.slack.setup().app.bot_user_id;
        self.say("noor", "sales", &format!("<@{bot}> what does the enterprise plan cost?")).await?;
        self.narrator.heading(&format!(
            "Whoever is quiet for {} seconds has said it all: the bundle closes and becomes a task",
            QUIET.as_secs()
        ))?;
        for person in ["ada", "grace", "noor"] {
            self.task_of(person, |_| true)
                .await
                .with_context(|| format!("no task came of {person}'s words"))?;
        }
        Ok((ada, grace))
    }

    /// One teammate answers in Slack, another from the command line.
    async fn answers(&mut self, grace: &str) -> Result<()> {
        self.narrator.heading("The team answers: in Slack, and from the command line")?;
        self.say_in_thread("tess", grace, "Settings, Team, Invite. Tell me if it does not work").await?;
        let task = self.task_of("ada", |_| true).await?.number;
        self.narrator.typed(&format!("deskd reply {task} \"{REPLY}\""))?;
        let (outgoing, workspace) = (&self.stage.front.outgoing, self.stage.workspace.clone());
        outgoing.reply(workspace, task, REPLY, operator(), self.stage.now()).await?;
        self.arrived(task).await.context("the reply did not arrive in Slack")?;
        self.narrator.typed(&format!("deskd task close {task}"))?;
        let (store, workspace) = (&self.stage.front.store, self.stage.workspace.clone());
        let doing = Doing { handling: Handling::Close, actor: operator(), teaches: true };
        store.of(&workspace).handle_task(task, doing, self.stage.now()).await?;
        self.breathe().await
    }

    /// Thanks leave a closed task closed; a new problem opens one again.
    async fn afterwards(&mut self, ada: &str, grace: &str) -> Result<()> {
        self.narrator.heading("Thanks do not open a closed task again, a new problem does")?;
        self.say_in_thread("ada", ada, "Thanks a lot! :pray:").await?;
        self.say_in_thread("grace", grace, "I did, and I get an error 500").await?;
        // The messages of the burst, the reply or answer, and what was said now.
        self.task_of("ada", |task| task.message_count == 5).await.context("ada's thanks joined no task")?;
        self.task_of("grace", |task| task.message_count == 3)
            .await
            .context("grace's error joined no task")?;
        self.breathe().await
    }

    async fn say(&mut self, person: &str, channel: &str, text: &str) -> Result<String> {
        let ts = self.stage.slack.say(person, channel, text)?;
        self.breathe().await?;
        Ok(ts)
    }

    async fn say_as_bot(&mut self, bot: &str, channel: &str, text: &str) -> Result<()> {
        self.stage.slack.say_as_bot(bot, channel, text)?;
        self.breathe().await
    }

    async fn say_in_thread(&mut self, person: &str, thread: &str, text: &str) -> Result<()> {
        self.stage.slack.say_in_thread(person, "support", thread, text)?;
        self.breathe().await
    }

    /// Lets a moment pass and shows what happened in it.
    async fn breathe(&mut self) -> Result<()> {
        self.narrator.watch(BREATH).await
    }

    /// Waits for a person's task to be as wanted.
    async fn task_of(&mut self, handle: &str, wanted: impl Fn(&Task) -> bool) -> Result<Task> {
        let person = self.stage.slack.user_id(handle)?;
        let until = self.stage.now().plus(QUIET + PATIENCE);
        while self.stage.now() < until {
            let workspace = self.stage.workspace.clone();
            let tasks = self.stage.front.store.of(&workspace).tasks(TaskFilter::default()).await?;
            if let Some(task) = tasks.into_iter().find(|task| task.contact.person.0 == person && wanted(task))
            {
                self.narrator.look().await?;
                return Ok(task);
            }
            self.narrator.glance().await?;
        }
        bail!("waited {:?} for it", QUIET + PATIENCE)
    }

    /// Waits until nothing is left to be sent for a task.
    async fn arrived(&mut self, task: TaskNumber) -> Result<()> {
        let until = self.stage.now().plus(PATIENCE);
        while self.stage.now() < until {
            self.narrator.glance().await?;
            let standing = self.stage.front.store.standing().await?;
            if standing.outbox.is_empty() {
                return self.breathe().await;
            }
        }
        bail!("task {task} still has sends that wait")
    }
}

fn operator() -> Actor {
    Actor::Operator(OPERATOR.to_owned())
}
