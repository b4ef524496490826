//! The feeder: lets deliveries into the outbox, a few of each destination at a time, and draws what they look like.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{info, warn};
use uuid::Uuid;

use crate::domain::card::template::{Broken, Templates};
use crate::domain::card::{self, draw};
use crate::domain::feed::{Step, step};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::mention::{self, Mention};
use crate::domain::notice::problem::Effect;
use crate::domain::notice::{Content, Kinds, Lane, Status};
use crate::domain::own::{Own, Raised};
use crate::domain::report::{Report, taking};
use crate::domain::route::Rules;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::blocks::{self, Message};
use crate::slack::passed;
use crate::store::Store;
use crate::store::feed::{Head, Parcel, Place};
use crate::store::held::Taker;
use crate::store::mentions::Calling;

/// How many deliveries one digest takes in at most.
const MOST_GATHERED: i64 = 500;

/// How soon it is looked again at what was left to a recap.
const LEAVE: Duration = Duration::from_secs(1);

/// How long a destination may be unknown: a desk that has just started learns its channels and people from Slack.
const INTRODUCTION: Duration = Duration::from_secs(120);

/// Feeds the outbox.
pub struct Feeder {
    store: Store,
    kinds: watch::Receiver<Arc<Kinds>>,
    rules: watch::Receiver<Arc<Rules>>,
    /// Whose recaps tell what is held; nobody's unless said.
    reports: watch::Receiver<Arc<Vec<Report>>>,
    /// Rung when there is something to send.
    send: Bell,
    /// Rung when something is freed that may not go through the outbox.
    carry: Bell,
    /// The templates of the kinds, made once for each configuration.
    templates: Templates,
    /// Whether the template of a kind worked when it was tried last.
    worked: BTreeMap<String, bool>,
}

impl Feeder {
    /// A feeder that draws by `kinds` and gathers by `rules`, which may change while it runs.
    pub fn new(
        store: Store,
        kinds: watch::Receiver<Arc<Kinds>>,
        rules: watch::Receiver<Arc<Rules>>,
        send: Bell,
    ) -> Feeder {
        let (_, reports) = watch::channel(Arc::default());
        let (templates, worked, carry) = (Templates::new(&kinds.borrow()), BTreeMap::new(), Bell::new());
        Feeder { store, kinds, rules, reports, send, carry, templates, worked }
    }

    /// The same, waking whoever carries what does not go through the outbox.
    pub fn waking(self, carry: Bell) -> Feeder {
        Feeder { carry, ..self }
    }

    /// Leaves what is held to the recaps among `reports` when they are due.
    pub fn leaving(self, reports: watch::Receiver<Arc<Vec<Report>>>) -> Feeder {
        Feeder { reports, ..self }
    }

    /// The recaps that are due now and may tell what is held for their channels.
    fn takers(&self, now: Timestamp) -> Vec<Taker> {
        let reports = self.reports.borrow();
        let taker = |report: &Report| {
            let due = taking(report, now)?;
            Some(Taker { report: report.name.clone(), due, channel: report.channel.clone() })
        };
        reports.iter().filter_map(taker).collect()
    }

    /// Feeds one place; says whether something went.
    async fn feed(&mut self, place: Place, now: Timestamp) -> Result<bool> {
        let critical = place.lane == Lane::Critical;
        let gather_over = self.rules.borrow().route(&place.route).and_then(|route| route.gather_over);
        match step(critical, place.in_outbox, place.waiting, gather_over) {
            Step::Full => return Ok(false),
            Step::Gather => return Ok(self.store.gather_deliveries(place, MOST_GATHERED, now).await? > 1),
            Step::Next => {}
        }
        let Some(channel) = place.channel else {
            let reason =
                if place.destination.starts_with("person:") { "unknown_person" } else { "unknown_channel" };
            let id = place.head;
            if self.store.give_up_delivery(id, reason, INTRODUCTION, now).await? {
                warn!(delivery.id = id.0, reason, "Delivery {id} has a destination that is not known");
            }
            return Ok(true);
        };
        let Some(head) = self.store.head(place.head).await? else { return Ok(true) };
        let mention = self.called(&head, &place.workspace, &channel, now).await?;
        let (parcels, rendered) = self.parcels(&head, &channel, &mention);
        if let Some(rendered) = rendered {
            self.note(&head, rendered, now).await?;
        }
        self.store.hand_over(head, place.destination, parcels, now).await?;
        self.send.ring();
        Ok(true)
    }

    /// Whom a card calls, as it stands in front of it. Only a new message wakes anybody, and counts against the day's budget.
    async fn called(
        &self,
        head: &Head,
        workspace: &WorkspaceId,
        channel: &ChannelId,
        now: Timestamp,
    ) -> Result<String> {
        let mentions: Vec<Mention> =
            head.mention.iter().filter_map(|word| mention::parse(word).ok()).collect();
        if mentions.is_empty() || !head.listed.is_empty() {
            return Ok(String::new());
        }
        if head.card.is_some() {
            let found = self.store.of(workspace).look_up_mentions(mentions).await?;
            return Ok(found.into_iter().map(|one| one.prefix).collect::<Vec<_>>().join(" "));
        }
        let budget = self.rules.borrow().mentions.budget.clone();
        let calling = Calling { channel: channel.clone(), mentions, budget };
        Ok(self.store.of(workspace).resolve_mentions(calling, now).await?.prefix)
    }

    /// The messages of a delivery: a new card; or a changed card and a line in its thread; or a list. Beside them whether the
    /// template of the kind worked, where it has one.
    fn parcels(
        &self,
        head: &Head,
        channel: &ChannelId,
        mention: &str,
    ) -> (Vec<Parcel>, Option<Result<(), Broken>>) {
        let kinds = self.kinds.borrow().clone();
        let content = &head.notice.content;
        if !head.listed.is_empty() {
            return (vec![parcel(channel, gathered(head))], None);
        }
        if let Some(passed) = passed::message(content, mention) {
            return (shown(head, channel, passed), None);
        }
        let kind = kinds.get(&content.kind);
        let mut drawn = draw(content, kind, &head.standing, mention);
        let rendered = kind.and_then(|kind| self.templates.render(content, kind, &head.standing));
        let rendered = rendered.map(|rendered| rendered.map(|text| drawn.drawn = Some(text)));
        (shown(head, channel, blocks::card(&drawn)), rendered)
    }

    /// Somebody is told once that the template of a kind does not work, and when it does again.
    async fn note(&mut self, head: &Head, rendered: Result<(), Broken>, now: Timestamp) -> Result<()> {
        let kind = head.notice.content.kind.clone();
        let workspace = self.store.workspace_of(head.id).await?;
        let works = rendered.is_ok();
        // What failed once is told until the configuration changes, though other notices may have what it needs.
        if matches!(self.worked.get(&kind), Some(worked) if works || !worked) {
            return Ok(());
        }
        self.worked.insert(kind.clone(), works);
        match rendered {
            Ok(()) => drop(self.store.of(&workspace).resolve(Own::TemplateFailed, kind, now).await?),
            Err(Broken { line, what }) => {
                warn!(kind, what, "The template of {kind} does not work: its cards are plain");
                let detail = line.map(|line| format!("{what} in line {line}")).unwrap_or(what);
                let raised = Raised { own: Own::TemplateFailed, subject: kind, detail };
                self.store.of(&workspace).raise(raised, now).await?;
            }
        }
        Ok(())
    }
}

/// A new card, or a changed one with lines in its thread.
fn shown(head: &Head, channel: &ChannelId, drawn: Message) -> Vec<Parcel> {
    let content = &head.notice.content;
    let Some(shown) = &head.card else { return vec![parcel(channel, drawn)] };
    let more =
        if head.told > 1 { format!(" ({} times since the last line)", head.told) } else { String::new() };
    let handled = head.standing.handled_by.as_ref().filter(|_| head.handled).map(blocks::handled);
    let news =
        (head.told > 0).then(|| blocks::list(&format!("{}{more}", card::line(content, head.effect)), &[], 0));
    let change = Parcel { target: Some(shown.ts.clone()), ..parcel(&shown.channel, drawn) };
    let replies = handled
        .into_iter()
        .chain(news)
        .map(|line| Parcel { thread: Some(shown.ts.clone()), ..parcel(&shown.channel, line) });
    std::iter::once(change).chain(replies).collect()
}

/// Many notices as one list.
fn gathered(head: &Head) -> Message {
    let lines: Vec<String> = head.listed.iter().map(listed).collect();
    let shown = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let title = match head.is_recap {
        true => format!("While you were away: {} notices", head.told),
        false => format!("{} notices", head.told),
    };
    blocks::list(&title, &lines, head.problems - shown)
}

/// The newest notice of a problem as a line of a list.
fn listed(content: &Content) -> String {
    let over = content.status == Status::Resolved;
    card::line(content, if over { Effect::Ends } else { Effect::Begins })
}

fn parcel(channel: &ChannelId, message: Message) -> Parcel {
    Parcel {
        key: Uuid::now_v7().to_string(),
        channel: channel.clone(),
        thread: None,
        target: None,
        text: message.text,
        blocks: message.parts.to_string(),
    }
}

impl Worker for Feeder {
    fn name(&self) -> &'static str {
        "feed"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        if self.kinds.has_changed().unwrap_or(false) {
            self.templates = Templates::new(&self.kinds.borrow_and_update());
            self.worked.clear();
        }
        for (destination, count) in self.store.expire_deliveries(now).await? {
            let kind = destination.split(':').next().unwrap_or_default();
            warn!(count, kind, "Gave up on {count} deliveries to a {kind}: nobody needs them any more");
        }
        let takers = self.takers(now);
        let groups = self.store.release_held(takers, now).await?;
        let mut moved = groups > 0;
        if groups > 0 {
            self.carry.ring();
            info!(groups, "Freed {groups} groups of held notices");
        }
        let mut places = self.store.places(now).await?;
        places.sort_by_key(|place| place.lane);
        for place in places {
            moved |= self.feed(place, now).await?;
        }
        if moved {
            return Ok(Next::Again);
        }
        // What is left to a recap is due already: looking again at once would find the same.
        let next = self.store.next_feed(now).await?;
        let next = next.map(|at| if at > now { at } else { now.plus(LEAVE) });
        Ok(next.map_or(Next::Bell, Next::At))
    }
}
