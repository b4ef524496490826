//! Sealed bundles become tasks: who wrote is asked once, `domain::classify` judges by rules and by what `learn` knows, the
//! store finishes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::info;

use super::bundle::Habits;
use super::learn::Mind;
use super::people::{Asked, Directory};
use crate::domain::advice::{Wish, wanted};
use crate::domain::classify::{Bundled, Compiled, Policy, decide};
use crate::domain::courtesy::is_courtesy;
use crate::domain::ids::WorkspaceId;
use crate::domain::mrkdwn::plain;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::triage::{Outcome, SealedBundle, Triaged};

/// Bundles looked at in one step.
const BATCH: u32 = 32;

/// How long a task may wait for its contact's name. After that it is made with what is known: people wait for answers,
/// not for names.
const PATIENCE: Duration = Duration::from_secs(60);

/// So much of a reply stands in the notice about it.
const PREVIEW_CHARS: usize = 500;

/// Makes tasks of sealed bundles.
pub struct Triage {
    store: Store,
    directory: Directory,
    rules: watch::Receiver<Arc<Compiled>>,
    learned: Option<Learned>,
    replies: Option<Replies>,
    advice: Option<Advice>,
}

/// The language model that may be asked about what becomes of bundles.
struct Advice {
    wish: watch::Receiver<Wish>,
    /// Rung when there is a question.
    ask: Bell,
}

/// What was learned, and how far that may go.
struct Learned {
    mind: Mind,
    policy: watch::Receiver<Policy>,
}

/// Notices of what contacts add to their tasks.
struct Replies {
    habits: watch::Receiver<Habits>,
    /// Rung when there is a notice to route.
    route: Bell,
}

impl Triage {
    /// A triage that judges by the newest of `rules`.
    pub fn new(store: Store, directory: Directory, rules: watch::Receiver<Arc<Compiled>>) -> Triage {
        Triage { store, directory, rules, learned: None, replies: None, advice: None }
    }

    /// The same, judging by what `mind` knows as well, as far as the newest of `policy` lets it.
    pub fn learning(self, mind: Mind, policy: watch::Receiver<Policy>) -> Triage {
        Triage { learned: Some(Learned { mind, policy }), ..self }
    }

    /// The same, raising notices of replies while the newest of `habits` says so, and ringing `route` for them.
    pub fn notifying(self, habits: watch::Receiver<Habits>, route: Bell) -> Triage {
        Triage { replies: Some(Replies { habits, route }), ..self }
    }

    /// The same, wanting of a language model what the newest `wish` says, and ringing `ask` for it.
    pub fn advised(self, wish: watch::Receiver<Wish>, ask: Bell) -> Triage {
        Triage { advice: Some(Advice { wish, ask }), ..self }
    }

    /// When the bundle has to wait for Slack's word on its author, until when.
    async fn waits(&self, bundle: &SealedBundle, now: Timestamp) -> Result<Option<Timestamp>> {
        if bundle.profile.is_some() || now.since(bundle.last_at) > PATIENCE {
            return Ok(None);
        }
        match self.directory.ask(&bundle.workspace, &bundle.person, now).await? {
            Asked::Answered => Ok(None),
            Asked::Later(at) => Ok(Some(at)),
        }
    }

    /// Asks about everybody whom we do not know; the answer is when to go on with those that wait.
    async fn meet(&self, bundles: &[SealedBundle], now: Timestamp) -> Result<Vec<Option<Timestamp>>> {
        let mut waits: Vec<Option<Timestamp>> = Vec::with_capacity(bundles.len());
        let mut later: BTreeMap<&WorkspaceId, Timestamp> = BTreeMap::new();
        for (place, bundle) in bundles.iter().enumerate() {
            let same = bundles[..place]
                .iter()
                .position(|earlier| earlier.workspace == bundle.workspace && earlier.person == bundle.person);
            let wait = match (same, later.get(&bundle.workspace).copied()) {
                (Some(same), _) => waits[same],
                // Slack cannot be asked at the moment: not for the others either.
                (None, Some(at)) if bundle.profile.is_none() && now.since(bundle.last_at) <= PATIENCE => {
                    Some(at)
                }
                (None, _) => self.waits(bundle, now).await?,
            };
            if let Some(at) = wait {
                later.entry(&bundle.workspace).or_insert(at);
            }
            waits.push(wait);
        }
        Ok(waits)
    }

    /// Whether notices of replies are wanted.
    fn is_told(&self) -> bool {
        self.replies.as_ref().is_some_and(|replies| replies.habits.borrow().notify_replies)
    }

    fn judge(&self, bundle: &SealedBundle) -> Triaged {
        let compiled = self.rules.borrow().clone();
        let learned = self.learned.as_ref();
        let policy = learned.map_or_else(Policy::default, |learned| *learned.policy.borrow());
        let known = learned.and_then(|learned| learned.mind.of(&bundle.workspace));
        let decision = asked(bundle, |bundled| decide(bundled, &compiled, known.as_deref(), &policy));
        if let Some(learned) = learned {
            learned.mind.count(&decision);
        }
        let courtesy = bundle.files == 0 && bundle.texts.iter().all(|text| is_courtesy(text));
        let wish = self.advice.as_ref().map(|advice| *advice.wish.borrow()).unwrap_or_default();
        Triaged {
            bundle: bundle.id,
            wanted: wanted(wish, &decision.verdict, courtesy),
            verdict: decision.verdict,
            opinion: decision.opinion,
            passed_over: decision.passed_over,
            reply: self.is_told().then(|| preview(bundle)),
            courtesy,
        }
    }
}

/// The beginning of what a contact wrote, as people read it.
fn preview(bundle: &SealedBundle) -> String {
    let whole = plain(&bundle.texts.join("\n"), &|_| None);
    let kept: String = whole.chars().take(PREVIEW_CHARS).collect();
    if kept.len() < whole.len() { format!("{kept}…") } else { kept }
}

/// Asks about a bundle together with the task that it joins.
pub fn asked<T>(bundle: &SealedBundle, question: impl FnOnce(&Bundled<'_>) -> T) -> T {
    let texts: Vec<&str> = bundle.earlier.iter().chain(&bundle.texts).map(String::as_str).collect();
    let bundled = Bundled {
        texts: &texts,
        channel: &bundle.channel.0,
        channel_name: Some(bundle.channel_name.as_str()).filter(|name| !name.is_empty()),
        email: bundle.profile.as_ref().and_then(|profile| profile.email.as_deref()),
        mentioned: bundle.mentioned,
        continues: bundle.continues,
        files: bundle.files,
    };
    question(&bundled)
}

impl Worker for Triage {
    fn name(&self) -> &'static str {
        "triage"
    }

    /// Each author of a batch is asked about, and each call may take 10 s.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(u64::from(BATCH) * 10 + 60)
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let woken = self.store.next_wake(now).await?;
        let mut bundles = self.store.sealed(BATCH).await?;
        let full = bundles.len() == BATCH as usize;
        let waits = self.meet(&bundles, now).await?;
        let again = waits.iter().flatten().min().copied();
        if waits.iter().any(Option::is_none) {
            // What Slack has just told us about the authors.
            bundles = self.store.sealed(BATCH).await?;
        }
        let waiting = |bundle: &SealedBundle, wait: &Option<Timestamp>| {
            wait.is_some() && bundle.profile.is_none() && now.since(bundle.last_at) <= PATIENCE
        };
        let ready = bundles.iter().zip(&waits).filter(|(bundle, wait)| !waiting(bundle, wait));
        let judged: Vec<Triaged> = ready.map(|(bundle, _)| self.judge(bundle)).collect();
        let done = judged.len();
        let asks = judged.iter().any(|triaged| triaged.wanted.is_some());
        for outcome in self.store.finish_triage(judged, now).await? {
            match outcome {
                Outcome::Opened(task) => info!(task = task.0, "Opened task {task}"),
                Outcome::Joined(task) => {
                    info!(task = task.0, "Added to task {task}");
                    if let Some(replies) = &self.replies {
                        replies.route.ring();
                    }
                }
                Outcome::PassedOver(bundle) => {
                    info!(
                        bundle = bundle.0,
                        "Took bundle {bundle} for no request; hint: deskd why \"bundle {bundle}\""
                    );
                }
                Outcome::Gone => {}
            }
        }
        if let Some(advice) = self.advice.as_ref().filter(|_| asks) {
            advice.ask.ring();
        }
        Ok(match (full && done > 0, again.into_iter().chain(woken).min()) {
            (true, _) => Next::Again,
            (false, Some(at)) => Next::At(at),
            (false, None) => Next::Bell,
        })
    }
}
