//! Asks a language model about tasks that are there already: one question at a time, within the month's budget. Whatever comes
//! of a call, the task stays what it was or becomes better.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use prometheus_client::metrics::histogram::Histogram;
use regex::Regex;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::domain::advice::Wish;
use crate::domain::advice::answer::read;
use crate::domain::advice::budget::{Budget, Usage};
use crate::domain::advice::pace::{Again, Effort, after};
use crate::domain::advice::question::{Question, offered, question};
use crate::domain::redact::{Patterns, Veil};
use crate::domain::rules::Rules;
use crate::domain::time::Timestamp;
use crate::llm::{Failed, Model, Said};
use crate::runtime::clock::Clock;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::advice::{Call, Changed, Claim, Claimed, Ending};

/// Longest time a question is claimed for: longer than any call may take.
const LEASE: Duration = Duration::from_secs(180);

/// Reason of a question that the month's budget has nothing left for.
const NO_BUDGET: &str = "budget";

/// Reason of a question that nobody wants answered any more.
const OFF: &str = "off";

/// Reason of a question with nothing in it that a model could read.
const NOTHING_SAID: &str = "nothing_said";

/// Upper bounds of the histogram in seconds: hosted models answer in one to five, those of one's own take longer.
const BOUNDS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0];

/// What calls came to since the start. Clones share it.
#[derive(Clone, Debug)]
pub struct Advice(Arc<Mutex<Counts>>, Histogram);

/// Numbers of calls since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls by what came of them: `answered`, `refused_` and `failed_` with the reason.
    pub calls: BTreeMap<String, u64>,
    /// Tokens.
    pub usage: Usage,
    /// Money, in millionths.
    pub cost: u64,
    /// Questions that were not asked, by the reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// How long the last call took.
    pub last_took: Option<Duration>,
}

impl Default for Advice {
    fn default() -> Advice {
        Advice(Arc::default(), Histogram::new(BOUNDS))
    }
}

impl Advice {
    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long calls took.
    pub fn histogram(&self) -> Histogram {
        self.1.clone()
    }

    fn count(&self, call: Option<&Call>, ending: &Ending) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ending::Skipped(why) = ending {
            *counts.skipped.entry(why).or_default() += 1;
        }
        let Some(call) = call else { return };
        let word = match ending {
            Ending::Answered { .. } | Ending::Skipped(_) => "answered".to_owned(),
            Ending::Refused(why) => format!("refused_{why}"),
            Ending::Again { why, .. } | Ending::Failed(why) => format!("failed_{}", why.class()),
        };
        *counts.calls.entry(word).or_default() += 1;
        counts.usage.tokens_in += call.usage.tokens_in;
        counts.usage.tokens_out += call.usage.tokens_out;
        counts.cost += call.cost;
        let took = Duration::from_millis(call.took_ms);
        counts.last_took = Some(took);
        self.1.observe(took.as_secs_f64());
    }
}

/// How the model is asked.
pub struct Manner {
    /// The model; without it nothing is asked.
    pub model: Option<Model>,
    /// Attempts of one question.
    pub attempts: u32,
    /// The month's budget.
    pub budget: Budget,
    /// What is taken out of texts.
    pub patterns: Patterns,
}

impl Manner {
    /// How `attempts`, `budget` and the user's own patterns say; patterns that do not compile were refused with the configuration.
    pub fn new(model: Option<Model>, attempts: u32, budget: Budget, redact: &[String]) -> Manner {
        let own = redact.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect();
        Manner { model, attempts, budget, patterns: Patterns::new(own) }
    }
}

/// Asks.
pub struct Adviser {
    store: Store,
    manner: Manner,
    wish: watch::Receiver<Wish>,
    rules: watch::Receiver<Arc<Rules>>,
    clock: Clock,
    advice: Advice,
    /// The other side has asked for a pause until then.
    quiet_until: Option<Timestamp>,
}

impl Adviser {
    /// An adviser that asks in this manner, with the newest of `rules` as the categories and the newest `wish`.
    pub fn new(
        store: Store,
        manner: Manner,
        (wish, rules): (watch::Receiver<Wish>, watch::Receiver<Arc<Rules>>),
        clock: Clock,
    ) -> Adviser {
        Adviser { store, manner, wish, rules, clock, advice: Advice::default(), quiet_until: None }
    }

    /// What calls came to.
    pub fn advice(&self) -> Advice {
        self.advice.clone()
    }

    /// Makes the call for a claimed question, unless it is not to be made.
    async fn deal_with(&mut self, claimed: Claimed, now: Timestamp) -> Result<()> {
        let (wish, rules) = (*self.wish.borrow(), self.rules.borrow().clone());
        let Some(model) = self.manner.model.clone().filter(|_| wish != Wish::default()) else {
            return self.finish(claimed, None, Ending::Skipped(OFF), now).await;
        };
        // The borrow of the patterns must not last over the call.
        let patterns = self.manner.patterns.clone();
        let mut veil = Veil::new(&patterns, claimed.people.clone());
        let Some(asked) = question(&claimed.asked(), claimed.wanted, &rules, &mut veil) else {
            return self.finish(claimed, None, Ending::Skipped(NOTHING_SAID), now).await;
        };
        let guessed = Usage::guessed(size(&asked));
        let spent = self.store.of(&claimed.workspace).model_spending(now).await?;
        if !self.manner.budget.affords(&spent, guessed) {
            return self.finish(claimed, None, Ending::Skipped(NO_BUDGET), now).await;
        }
        let said = model.ask(&asked).await;
        let done = self.clock.now();
        let ending = match &said {
            Ok(said) => heard(said, &claimed, &rules, &veil),
            Err(failed) => self.failed(*failed, &claimed, done),
        };
        let usage = match &said {
            Ok(said) => said.usage.unwrap_or(guessed),
            Err(failed) => lost(failed, guessed),
        };
        let took_ms = u64::try_from(done.since(now).as_millis()).unwrap_or(u64::MAX);
        let call =
            Call { model: model.name().to_owned(), usage, cost: self.manner.budget.price(usage), took_ms };
        self.finish(claimed, Some(call), ending, done).await
    }

    fn failed(&mut self, failed: Failed, claimed: &Claimed, now: Timestamp) -> Ending {
        let Failed { why, retry_after } = failed;
        let effort = Effort { attempts: claimed.attempts, most: self.manner.attempts, since: claimed.since };
        match after(why, retry_after, &effort, now) {
            Again::At { at, counts } => {
                if !counts {
                    self.quiet_until = Some(at);
                }
                Ending::Again { why, at, counts }
            }
            Again::Never => Ending::Failed(why),
        }
    }

    async fn finish(
        &self,
        claimed: Claimed,
        call: Option<Call>,
        ending: Ending,
        now: Timestamp,
    ) -> Result<()> {
        self.advice.count(call.as_ref(), &ending);
        let task = claimed.number;
        let told = ending.clone();
        let changed = self.store.finish_advice(claimed, call, ending, now).await?;
        match told {
            Ending::Answered { .. } => tell(task.0, &changed),
            Ending::Refused(why) => {
                warn!(task = task.0, %why, "The language model's answer about task {task} is not used: {}", why.sentence());
            }
            Ending::Again { why, at, .. } => {
                info!(task = task.0, %why, "The language model is asked about task {task} again at {at}: {why}");
            }
            Ending::Failed(why) => {
                warn!(task = task.0, %why, "The language model cannot be asked about task {task}: {why}")
            }
            Ending::Skipped(why) => {
                info!(task = task.0, why, "The language model is not asked about task {task}: {why}")
            }
        }
        Ok(())
    }
}

fn tell(task: i64, changed: &Changed) {
    let Changed { category, priority, summary } = changed;
    info!(task, category, priority, summary, "The language model has answered about task {task}");
}

/// What an answer is worth; names come back into title and summary.
fn heard(said: &Said, claimed: &Claimed, rules: &Rules, veil: &Veil<'_>) -> Ending {
    let answer = said.answer.clone().and_then(|text| read(&text, claimed.wanted, &offered(rules)));
    match answer {
        Ok(mut answer) => {
            answer.title = answer.title.map(|title| veil.lift(&title));
            answer.summary = answer.summary.map(|summary| veil.lift(&summary));
            Ending::Answered { answer, fallback: rules.fallback.clone() }
        }
        Err(why) => Ending::Refused(why),
    }
}

/// What a call without an answer may have come to: nothing when it was refused or never arrived.
fn lost(failed: &Failed, guessed: Usage) -> Usage {
    use crate::domain::advice::pace::Failure;
    match failed.why {
        Failure::Timeout | Failure::Cut | Failure::TooLarge => guessed,
        Failure::Unreachable
        | Failure::NoTls
        | Failure::NoAddress
        | Failure::NotAllowed
        | Failure::Http(_) => Usage::default(),
    }
}

fn size(question: &Question) -> usize {
    question.instructions.len() + question.data.len() + question.schema.to_string().len()
}

impl Worker for Adviser {
    fn name(&self) -> &'static str {
        "advise"
    }

    fn longest_step(&self) -> Duration {
        LEASE
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        if let Some(until) = self.quiet_until.filter(|until| *until > now) {
            return Ok(Next::NotBefore(until));
        }
        self.quiet_until = None;
        match self.store.claim_advice(now.plus(LEASE), now).await? {
            Claim::Here(claimed) => {
                self.deal_with(*claimed, now).await?;
                Ok(Next::Again)
            }
            Claim::At(at) => Ok(Next::At(at)),
            Claim::Idle => Ok(Next::Bell),
        }
    }
}
