//! The learner at work: models made of the examples beside the desk, which goes by its rules meanwhile.
//!
//! The examples are rows; what is in memory follows from them. New rows are learned one by one; where rows are gone or
//! changed, or the categories are others, the model is made anew. Nobody waits for it: whoever judges takes what is there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::domain::classify::{Classifier, Decision, Policy};
use crate::domain::ids::WorkspaceId;
use crate::domain::learn::{Basis, Knowledge, Lesson};
use crate::domain::time::Timestamp;
use crate::runtime::clock::Steady;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::examples::{About, Kept, Mark};

/// What was learned, shared by those who judge. Clones share it.
#[derive(Clone, Default)]
pub struct Mind(Arc<Shared>);

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    by_rules: AtomicU64,
    by_learner: AtomicU64,
    abstained: AtomicU64,
    passed_over: AtomicU64,
    rebuilds: AtomicU64,
    rebuild_us: AtomicU64,
    learned: AtomicU64,
    learn_us: AtomicU64,
    corrupt: AtomicU64,
}

#[derive(Default)]
struct Known {
    /// What each workspace has learned; nothing while that is being made anew.
    of: BTreeMap<WorkspaceId, Option<Arc<Knowledge>>>,
    /// What a workspace without examples knows.
    fresh: Option<Arc<Knowledge>>,
}

/// The learner in numbers, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Verdicts that the rules came to.
    pub by_rules: u64,
    /// Verdicts that the learner came to.
    pub by_learner: u64,
    /// Verdicts of which nobody was sure enough.
    pub abstained: u64,
    /// Bundles that were taken for no request.
    pub passed_over: u64,
    /// How often a model was made from all examples.
    pub rebuilds: u64,
    /// How long that took the last time, in seconds.
    pub rebuild_s: f64,
    /// Examples that were learned one by one.
    pub learned: u64,
    /// How long the last of them took, in seconds.
    pub learn_s: f64,
    /// Rows that cannot be read and were left out.
    pub corrupt: u64,
}

/// Rows as they are learned.
struct Lessons {
    all: Vec<Lesson>,
    /// Rows that cannot be read.
    corrupt: usize,
    /// Up to where these are the examples.
    mark: Mark,
}

impl Mind {
    /// What is known in a workspace; `None` while that is being worked out.
    pub fn of(&self, workspace: &WorkspaceId) -> Option<Arc<Knowledge>> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.of.get(workspace) {
            Some(own) => own.clone(),
            None => known.fresh.clone(),
        }
    }

    /// Counts a decision that was acted on.
    pub fn count(&self, decision: &Decision) {
        let add = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        if decision.passed_over.is_some() {
            add(&self.0.passed_over);
            return;
        }
        match decision.verdict.by {
            Classifier::Rules => add(&self.0.by_rules),
            Classifier::Learned => add(&self.0.by_learner),
            // A language model speaks later, and is counted where it does.
            Classifier::Model => 0,
        };
        if decision.verdict.abstained {
            add(&self.0.abstained);
        }
    }

    /// The numbers.
    pub fn counts(&self) -> Counts {
        let shared = &self.0;
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let seconds = |us: &AtomicU64| Duration::from_micros(of(us)).as_secs_f64();
        Counts {
            by_rules: of(&shared.by_rules),
            by_learner: of(&shared.by_learner),
            abstained: of(&shared.abstained),
            passed_over: of(&shared.passed_over),
            rebuilds: of(&shared.rebuilds),
            rebuild_s: seconds(&shared.rebuild_us),
            learned: of(&shared.learned),
            learn_s: seconds(&shared.learn_us),
            corrupt: of(&shared.corrupt),
        }
    }

    fn put(&self, workspace: &WorkspaceId, knowledge: Option<Arc<Knowledge>>) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.of.insert(workspace.clone(), knowledge);
    }

    /// What a workspace without examples knows; `None` while nothing is learned at all.
    fn fresh(&self) -> Option<Arc<Knowledge>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner).fresh.clone()
    }

    /// Forgets what was learned in workspaces that are not among these: they were left.
    fn keep(&self, workspaces: &[(WorkspaceId, Mark)]) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.of.retain(|workspace, _| workspaces.iter().any(|(there, _)| there == workspace));
    }

    /// Begins anew with what a workspace without examples knows, if anything.
    fn begin(&self, fresh: Option<Arc<Knowledge>>, workspaces: &[(WorkspaceId, Mark)]) {
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.of = workspaces.iter().map(|(workspace, _)| (workspace.clone(), None)).collect();
        known.fresh = fresh;
    }
}

/// Keeps what is known in step with the examples.
pub struct Learner {
    store: Store,
    basis: watch::Receiver<Arc<Basis>>,
    policy: watch::Receiver<Policy>,
    mind: Mind,
    /// What the models are made on; `None` while there are none.
    on: Option<Arc<Basis>>,
    /// Up to where each workspace's examples are learned, and how many rows of it cannot be read.
    done: BTreeMap<WorkspaceId, (Mark, usize)>,
}

impl Learner {
    /// A learner that begins with the newest of `basis` and is there for what the newest of `policy` says.
    pub fn new(store: Store, basis: watch::Receiver<Arc<Basis>>, policy: watch::Receiver<Policy>) -> Learner {
        Learner { store, basis, policy, mind: Mind::default(), on: None, done: BTreeMap::new() }
    }

    /// What it has learned, for those who judge.
    pub fn mind(&self) -> Mind {
        self.mind.clone()
    }

    /// Brings one workspace, whose examples stand at `mark`, up to date.
    async fn follow(&mut self, workspace: &WorkspaceId, mark: Mark, basis: &Basis) -> Result<()> {
        match (self.done.get(workspace).copied(), self.mind.of(workspace)) {
            (Some((done, _)), Some(_)) if done == mark => Ok(()),
            // Rows are numbered upwards: with fewer than before, those of a workspace that was left are gone, and the counts with them.
            (Some((done, corrupt)), Some(known))
                if done.unlearned == mark.unlearned && done.last <= mark.last =>
            {
                let new = self.lessons(workspace, basis, done.last).await?;
                if new.mark.unlearned != done.unlearned {
                    return self.rebuild(workspace, basis).await;
                }
                self.learn(workspace, known, new, corrupt).await
            }
            // Most workspaces of a desk that serves many: nothing was ever taught there.
            _ if mark.last == 0 && self.mind.fresh().is_some() => {
                self.mind.put(workspace, self.mind.fresh());
                self.note(workspace, mark, 0);
                Ok(())
            }
            _ => self.rebuild(workspace, basis).await,
        }
    }

    /// The rows behind `after`, about categories and about priorities.
    async fn lessons(&self, workspace: &WorkspaceId, basis: &Basis, after: i64) -> Result<Lessons> {
        let categories = self.store.of(workspace).examples(About::Category, after).await?;
        let priorities = self.store.of(workspace).examples(About::Priority, after).await?;
        // A row that came between the two readings is read again the next time, with those beside it.
        let last = categories.mark.last;
        let is_read = |kept: &Kept| kept.id <= last;
        let lesson = |kept: Kept| Lesson::new(basis.renamed(kept.example), kept.is_request);
        let of_category = categories.rows.into_iter().map(lesson);
        let of_priority =
            priorities.rows.into_iter().filter(is_read).map(|kept| Lesson::of_priority(kept.example));
        Ok(Lessons {
            all: of_category.chain(of_priority).collect(),
            corrupt: categories.corrupt + priorities.corrupt,
            mark: Mark { last, unlearned: categories.mark.unlearned },
        })
    }

    /// Learns new rows on top of what is known.
    async fn learn(
        &mut self,
        workspace: &WorkspaceId,
        known: Arc<Knowledge>,
        new: Lessons,
        corrupt: usize,
    ) -> Result<()> {
        let (lessons, count) = (new.all, new.corrupt);
        let started = Steady::start();
        let learned = lessons.len();
        if learned > 0 {
            let work = move || {
                let mut known = Arc::unwrap_or_clone(known);
                lessons.iter().for_each(|lesson| known.learn(lesson));
                Arc::new(known)
            };
            let known = tokio::task::spawn_blocking(work).await.context("cannot learn")?;
            self.mind.put(workspace, Some(known));
            self.mind.0.learned.fetch_add(learned as u64, Ordering::Relaxed);
            let each = started.elapsed() / u32::try_from(learned).unwrap_or(u32::MAX);
            self.mind.0.learn_us.store(micros(each), Ordering::Relaxed);
        }
        self.note(workspace, new.mark, corrupt + count);
        Ok(())
    }

    /// Makes a workspace's model from all of its examples; whoever judges meanwhile goes by the rules. Where there is none, it
    /// is that of all workspaces without examples: one for each would be a megabyte each.
    async fn rebuild(&mut self, workspace: &WorkspaceId, basis: &Basis) -> Result<()> {
        let Some(fresh) = self.mind.fresh() else { return Ok(()) };
        self.mind.put(workspace, None);
        self.done.remove(workspace);
        let Lessons { all: lessons, corrupt, mark } = self.lessons(workspace, basis, 0).await?;
        let count = lessons.len();
        let started = Steady::start();
        let work = move || if lessons.is_empty() { fresh } else { Arc::new(fresh.taught(&lessons)) };
        let known = tokio::task::spawn_blocking(work).await.context("cannot make the model")?;
        self.mind.put(workspace, Some(known));
        self.mind.0.rebuilds.fetch_add(1, Ordering::Relaxed);
        self.mind.0.rebuild_us.store(micros(started.elapsed()), Ordering::Relaxed);
        if count > 0 {
            info!(examples = count, "Made the model of triage from {count} examples");
        }
        self.note(workspace, mark, corrupt);
        Ok(())
    }

    fn note(&mut self, workspace: &WorkspaceId, mark: Mark, corrupt: usize) {
        let before = self.done.insert(workspace.clone(), (mark, corrupt)).map_or(0, |(_, corrupt)| corrupt);
        if corrupt > before {
            warn!(corrupt, "{corrupt} examples cannot be read and were left out");
        }
        let all: usize = self.done.values().map(|(_, corrupt)| corrupt).sum();
        self.mind.0.corrupt.store(all as u64, Ordering::Relaxed);
    }

    /// Nothing is known from here on until it is worked out again.
    async fn begin(&mut self, basis: Option<Arc<Basis>>, workspaces: &[(WorkspaceId, Mark)]) -> Result<()> {
        self.done.clear();
        let fresh = match basis.clone() {
            Some(basis) => {
                let work = move || Arc::new(Knowledge::fresh(&basis));
                Some(tokio::task::spawn_blocking(work).await.context("cannot make an empty model")?)
            }
            None => None,
        };
        self.mind.begin(fresh, workspaces);
        self.on = basis;
        Ok(())
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

impl Worker for Learner {
    fn name(&self) -> &'static str {
        "learn"
    }

    /// A hundred categories and tens of thousands of examples take seconds; a slow machine may take minutes.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(15 * 60)
    }

    async fn step(&mut self, _now: Timestamp) -> Result<Next> {
        let policy = *self.policy.borrow();
        if !policy.learns() {
            if self.on.is_some() {
                self.begin(None, &[]).await?;
            }
            return Ok(Next::Bell);
        }
        let basis = self.basis.borrow().clone();
        let workspaces = self.store.example_marks().await?;
        if self.on.as_ref() != Some(&basis) {
            self.begin(Some(basis.clone()), &workspaces).await?;
        }
        self.mind.keep(&workspaces);
        self.done.retain(|workspace, _| workspaces.iter().any(|(there, _)| there == workspace));
        for (workspace, mark) in &workspaces {
            self.follow(workspace, *mark, &basis).await?;
        }
        Ok(Next::Bell)
    }
}
