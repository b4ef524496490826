//! What people do: customers write, edit and take back; teammates answer in Slack and through the desk.

use std::time::Duration;

use deskd::simulator::Simulator;
use fastrand::Rng;
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::talk::Talk;

/// Those whom the desk serves.
pub const CUSTOMERS: [&str; 5] = ["ada", "grace", "linus", "noor", "sven"];
/// Those who work at the desk.
pub const TEAM: [&str; 2] = ["tess", "omar"];
/// Where they meet; the last two are direct messages with the bot.
pub const PLACES: [&str; 5] = ["general", "support", "sales", "@ada", "@grace"];
/// Of the places, those that everybody is in.
const ROOMS: usize = 3;

const WORDS: [&str; 8] = [
    "the invoice is wrong",
    "it does not start",
    "please help",
    "thanks",
    "outage!",
    "how do I pay?",
    "ok",
    "a bug, I think",
];

/// A message as its author remembers it.
#[derive(Clone)]
struct Said {
    place: &'static str,
    ts: String,
    root: String,
}

/// A reply that the desk was asked to send.
pub struct Reply {
    /// What stands in its text and nowhere else.
    pub marker: String,
    /// The task it was for.
    pub task: i64,
    /// Whether the desk said that it has it. If not, it may or may not stand in Slack.
    pub accepted: bool,
}

/// Writes about `rate` messages a second until told to stop.
pub async fn people(slack: Simulator, seed: u64, rate: f64, stop: CancellationToken) {
    let mut crowd = Crowd { slack, rng: Rng::with_seed(seed), recent: Vec::new(), count: 0 };
    while !stop.is_cancelled() {
        // Bursts and pauses, so many messages a second all in all.
        let burst = 1 + crowd.rng.usize(..5);
        let person = CUSTOMERS[crowd.rng.usize(..CUSTOMERS.len())];
        for _ in 0..burst {
            crowd.act(person);
            if crowd.rng.bool() {
                sleep(Duration::from_millis(crowd.rng.u64(..60))).await;
            }
        }
        let pause = 2.0 * crowd.rng.f64() * burst as f64 / rate;
        sleep(Duration::from_secs_f64(pause)).await;
    }
}

struct Crowd {
    slack: Simulator,
    rng: Rng,
    recent: Vec<Said>,
    count: u64,
}

impl Crowd {
    fn act(&mut self, person: &'static str) {
        match self.rng.u32(..100) {
            0..52 => self.say(person),
            52..72 => self.answer_in_thread(person),
            72..77 => self.answer_in_thread(TEAM[0]),
            77..82 => self.answer_in_thread(TEAM[1]),
            82..89 => self.change(),
            89..92 => self.take_back(),
            92..94 => self.remember_file(person),
            94..96 => self.other_noise(person),
            96..98 => drop(self.slack.say_as_bot("pagerbot", "support", "disk almost full")),
            _ => drop(self.slack.say(TEAM[0], "general", "lunch?")),
        }
    }

    fn text(&mut self) -> String {
        self.count += 1;
        let words = WORDS[self.rng.usize(..WORDS.len())];
        let mention = if self.rng.u32(..12) == 0 { "<@U0DESKBOT01> " } else { "" };
        let tail = if self.rng.u32(..40) == 0 { " and so on".repeat(300) } else { String::new() };
        format!("{mention}m{} {words}{tail}", self.count)
    }

    fn place(&mut self, person: &str) -> &'static str {
        match person {
            "ada" if self.rng.u32(..5) == 0 => "@ada",
            "grace" if self.rng.u32(..5) == 0 => "@grace",
            _ => PLACES[self.rng.usize(..ROOMS)],
        }
    }

    fn say(&mut self, person: &'static str) {
        let (place, text) = (self.place(person), self.text());
        if let Ok(ts) = self.slack.say(person, place, &text) {
            self.remember(Said { place, root: ts.clone(), ts });
        }
    }

    fn remember_file(&mut self, person: &'static str) {
        let text = if self.rng.bool() { self.text() } else { String::new() };
        if let Ok(ts) = self.slack.share_file(person, "support", "screen.png", &text) {
            self.remember(Said { place: "support", root: ts.clone(), ts });
        }
    }

    fn answer_in_thread(&mut self, person: &'static str) {
        let Some(said) = self.some() else { return self.say(CUSTOMERS[0]) };
        if said.place.starts_with('@') && said.place.trim_start_matches('@') != person {
            return;
        }
        let text = self.text();
        let answered = match self.rng.u32(..15) {
            0 => self.slack.broadcast(person, said.place, &said.root, &text),
            _ => self.slack.say_in_thread(person, said.place, &said.root, &text),
        };
        if let Ok(ts) = answered
            && CUSTOMERS.contains(&person)
        {
            self.remember(Said { ts, ..said });
        }
    }

    fn change(&mut self) {
        let text = self.text();
        if let Some(said) = self.some() {
            let _ = self.slack.edit(said.place, &said.ts, &text);
        }
    }

    fn take_back(&mut self) {
        let Some(said) = self.some() else { return };
        // Who takes back a thread's first message takes away what its answers hang on; people rarely do.
        if said.ts != said.root || self.rng.u32(..4) == 0 {
            let _ = self.slack.delete(said.place, &said.ts);
            self.recent.retain(|one| one.root != said.ts && one.ts != said.ts);
        }
    }

    fn other_noise(&mut self, person: &'static str) {
        if let Some(said) = self.some() {
            let _ = match self.rng.bool() {
                true => self.slack.unfurl(said.place, &said.ts),
                false => self.slack.react(person, said.place, &said.ts, "eyes"),
            };
        }
    }

    /// One of the last messages, most often one of the very last.
    fn some(&mut self) -> Option<Said> {
        let far = if self.rng.bool() { 5 } else { 60 };
        let back = self.rng.usize(..far).min(self.recent.len().checked_sub(1)?);
        self.recent.get(self.recent.len() - 1 - back).cloned()
    }

    fn remember(&mut self, said: Said) {
        self.recent.push(said);
        if self.recent.len() > 200 {
            self.recent.drain(..100);
        }
    }
}

/// Answers tasks through the command line and the local API until told to stop; what was asked for.
pub async fn team(talk: Talk, seed: u64, stop: CancellationToken) -> Vec<Reply> {
    let mut rng = Rng::with_seed(seed ^ 0x5eed);
    let mut replies = Vec::new();
    while !stop.is_cancelled() {
        sleep(Duration::from_millis(rng.u64(200..1_400))).await;
        let Ok(status) = talk.get("/v1/status").await else { continue };
        let tasks: i64 =
            status["tasks"].as_object().map_or(0, |all| all.values().filter_map(|n| n.as_i64()).sum());
        if tasks == 0 {
            continue;
        }
        let task = tasks - rng.i64(0..tasks.min(40));
        let marker = format!("[r{}.]", replies.len());
        let long = if rng.u32(..25) == 0 { "\n\nand further more".repeat(400) } else { String::new() };
        let text = format!("{marker} we look into it{long}");
        let accepted = match rng.u32(..3) {
            0 => talk.post(&format!("/v1/tasks/{task}/reply"), &json!({"text": text})).await.is_ok(),
            _ => talk.run(&["reply", &task.to_string(), &text]).await.is_ok(),
        };
        replies.push(Reply { marker, task, accepted });
        if rng.u32(..6) == 0 {
            let verb = ["close", "reopen"][rng.usize(..2)];
            let _ = talk.run(&["task", verb, &task.to_string()]).await;
        }
    }
    replies
}
