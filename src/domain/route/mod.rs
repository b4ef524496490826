//! Routing: which deliveries a notice becomes, and why. One pure function decides; `route explain`, `route test`, `why` and the
//! daemon call the same.

pub mod destination;
pub mod hours;
pub mod lint;
pub mod matcher;
pub mod quiet;
pub mod rules;

use std::sync::Arc;
use std::time::Duration;

pub use destination::Destination;
pub use matcher::{Matcher, Miss, Subject};
pub use quiet::State;
pub use rules::{Route, Rules};

use super::ids::{ProblemId, ProjectName};
use super::mention::Mention;
use super::notice::problem::Effect;
use super::notice::{Content, Lane};
use super::project::{FIELD, Project};
use super::time::Timestamp;
use quiet::Muted;

/// The notice that is decided about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What it says.
    pub content: &'a Content,
    /// Who handed it in.
    pub source: &'a str,
    /// The project that it belongs to, because its caller does; `None` for a notice of the whole workspace.
    pub project: Option<&'a ProjectName>,
    /// Its problem; `None` when it is only a question.
    pub problem: Option<ProblemId>,
    /// What it is to its problem.
    pub effect: Effect,
    /// Whether anybody was told of the problem.
    pub told: bool,
}

/// What becomes of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where it goes.
    pub deliveries: Vec<Planned>,
    /// Each route that was looked at, in order, and what came of it.
    pub tried: Vec<Tried>,
    /// Why it goes nowhere; `None` when it goes somewhere.
    pub dropped: Option<Dropped>,
}

/// One delivery as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Where to.
    pub destination: Destination,
    /// The route that says so; empty when the caller did.
    pub route: String,
    /// Whom it wakes.
    pub mention: Vec<Mention>,
    /// When it may go.
    pub plan: Plan,
    /// How long it is worth reading, where the route says so.
    pub ttl: Option<Duration>,
}

/// When a delivery may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// At once.
    Now,
    /// Together with others of the same group, at the latest then.
    Hold {
        /// What it waits for.
        why: Held,
        /// Those that wait together: told as one message.
        group: String,
        /// When they go.
        until: Timestamp,
        /// How many of them go without waiting any longer; `None` for any number.
        most: Option<i64>,
    },
}

/// Why a delivery is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It came outside the active hours.
    OutsideHours,
    /// Its route gathers several into one message.
    Digest,
}

impl Held {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Held::OutsideHours => "outside_hours",
            Held::Digest => "digest",
        }
    }
}

/// A route that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its name.
    pub route: Arc<str>,
    /// What spoke against it; `None` when it took the notice.
    pub miss: Option<Miss>,
}

/// Why a notice goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No route takes it.
    NoRoute,
    /// A route takes it and has no destination.
    ByRoute,
    /// It repeats what its key has said.
    Repeats,
    /// It ends something that nobody told of.
    EndsNothing,
    /// It ends something that nobody was told of.
    NobodyTold,
    /// Something mutes it.
    Muted(Muted),
    /// The project it names is switched off.
    ProjectOff(String),
    /// It goes to the channel of its project, and names none that is known.
    NoProject,
    /// It belongs to a project, and its caller named a place that is not the project's channel any more.
    Elsewhere,
}

impl Dropped {
    /// The word that is stored, with what it is about behind a colon.
    pub fn word(&self) -> String {
        match self {
            Dropped::NoRoute => "no_route".to_owned(),
            Dropped::ByRoute => "dropped_by_route".to_owned(),
            Dropped::Repeats => "repeats".to_owned(),
            Dropped::EndsNothing => "ends_nothing".to_owned(),
            Dropped::NobodyTold => "nobody_was_told".to_owned(),
            Dropped::Muted(Muted::Silence(id)) => format!("silenced:{id}"),
            Dropped::Muted(Muted::Maintenance(name)) => format!("maintenance:{name}"),
            Dropped::Muted(Muted::Problem(id)) => format!("inhibited:{}", id.0),
            Dropped::ProjectOff(name) => format!("project_off:{name}"),
            Dropped::NoProject => "no_project".to_owned(),
            Dropped::Elsewhere => "elsewhere".to_owned(),
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Dropped> {
        let number = |text: &str| text.parse::<i64>().ok();
        if let Some((word, about)) = word.split_once(':') {
            return match word {
                "silenced" => number(about).map(|id| Dropped::Muted(Muted::Silence(id))),
                "inhibited" => number(about).map(|id| Dropped::Muted(Muted::Problem(ProblemId(id)))),
                "maintenance" => Some(Dropped::Muted(Muted::Maintenance(about.to_owned()))),
                "project_off" => Some(Dropped::ProjectOff(about.to_owned())),
                _ => None,
            };
        }
        let plain = [
            Dropped::NoRoute,
            Dropped::ByRoute,
            Dropped::Repeats,
            Dropped::EndsNothing,
            Dropped::NobodyTold,
            Dropped::NoProject,
            Dropped::Elsewhere,
        ];
        plain.into_iter().find(|dropped| dropped.word() == word)
    }

    /// The reason as people read it.
    pub fn sentence(&self) -> String {
        match self {
            Dropped::NoRoute => "no route takes it".to_owned(),
            Dropped::ByRoute => "its route has no destination".to_owned(),
            Dropped::Repeats => "it repeats what its key has said already".to_owned(),
            Dropped::EndsNothing => "it ends something that nobody told of".to_owned(),
            Dropped::NobodyTold => "it ends something that nobody was told of".to_owned(),
            Dropped::Muted(Muted::Silence(id)) => format!("silenced by {id}"),
            Dropped::Muted(Muted::Maintenance(name)) => format!("maintenance {name}"),
            Dropped::Muted(Muted::Problem(id)) => format!("inhibited by problem {}", id.0),
            Dropped::ProjectOff(name) => format!("the project {name} is switched off"),
            Dropped::NoProject => "it names no project that has a channel".to_owned(),
            Dropped::Elsewhere => "it was to go out of the channel of its project".to_owned(),
        }
    }
}

/// Decides what becomes of a notice.
pub fn decide(asked: &Asked<'_>, rules: &Rules, state: &State, now: Timestamp) -> Decision {
    let Asked { content, source, project, problem, effect, told } = *asked;
    match effect {
        Effect::Repeats => return nowhere(Dropped::Repeats),
        Effect::EndsNothing => return nowhere(Dropped::EndsNothing),
        Effect::Ends if !told => return nowhere(Dropped::NobodyTold),
        Effect::Begins | Effect::Adds | Effect::Ends => {}
    }
    let subject = rules.subject(content, source);
    // Who was told that something began is told that it is over, whatever has been muted since.
    if effect != Effect::Ends
        && let Some(muted) = quiet::muted(&subject, problem, (rules, state), now)
    {
        return nowhere(Dropped::Muted(muted));
    }
    match project {
        Some(owner) => match state.projects.get(owner) {
            None => nowhere(Dropped::NoProject),
            Some(owner) if !owner.enabled => nowhere(Dropped::ProjectOff(owner.name.0.clone())),
            Some(owner) if !content.to.is_empty() => {
                outright(content.to.iter().filter(|to| stays(to, owner)))
            }
            Some(owner) => of_project(&subject, rules, owner, now),
        },
        None if !content.to.is_empty() => outright(content.to.iter()),
        None => match content.fields.get(FIELD).and_then(|name| state.projects.get(name.as_str())) {
            Some(named) if !named.enabled => nowhere(Dropped::ProjectOff(named.name.0.clone())),
            named => by_routes(&subject, rules, (named, None), now),
        },
    }
}

/// Where its caller says, past all routes.
fn outright<'a>(to: impl Iterator<Item = &'a Destination>) -> Decision {
    let deliveries: Vec<Planned> = to.map(direct).collect();
    // What its caller named was the project's channel then, and is another one's now.
    let dropped = deliveries.is_empty().then_some(Dropped::Elsewhere);
    Decision { deliveries, tried: Vec::new(), dropped }
}

/// Whether a place named outright is the channel of a project.
fn stays(to: &Destination, owner: &Project) -> bool {
    *to == owner.channel
}

/// Whether a route may take what belongs to a project there: to its channel, and to what is not in Slack at all.
fn may_go(to: &Destination, owner: &Project) -> bool {
    match to {
        Destination::Channel(_) | Destination::Person(_) | Destination::Webhook(_) => *to == owner.channel,
        Destination::Endpoint(_) | Destination::Mail(_) => true,
    }
}

/// What belongs to a project goes to its channel: as a route says, and when none does, all the same.
fn of_project(subject: &Subject<'_>, rules: &Rules, owner: &Project, now: Timestamp) -> Decision {
    let mut decision = by_routes(subject, rules, (Some(owner), Some(owner)), now);
    if decision.dropped == Some(Dropped::NoRoute) {
        let mention = rules.usual_mention(subject);
        let route = format!("{PROJECT_ROUTE}{}", owner.name);
        decision.deliveries.push(Planned { route, mention, ..direct(&owner.channel) });
        decision.dropped = None;
    }
    decision
}

/// Tries the routes in their order, for a notice that names one project, or belongs to one.
fn by_routes(
    subject: &Subject<'_>,
    rules: &Rules,
    (named, owner): (Option<&Project>, Option<&Project>),
    now: Timestamp,
) -> Decision {
    let mut decision = nowhere(Dropped::NoRoute);
    decision.tried.reserve(rules.routes.len());
    for route in &rules.routes {
        let takes = route.matcher.takes(subject).and_then(|()| leads(route, owner));
        let missed = takes.is_err();
        decision.tried.push(Tried { route: route.name.clone(), miss: takes.err() });
        if missed {
            continue;
        }
        decision.dropped = Some(match route.to_project {
            true => Dropped::NoProject,
            false => Dropped::ByRoute,
        });
        let own = named.filter(|_| route.to_project).map(|project| &project.channel);
        let to = route.to.iter().filter(|to| owner.is_none_or(|owner| may_go(to, owner)));
        for to in to.chain(own) {
            // Two routes to one place are one message.
            if !decision.deliveries.iter().any(|planned| planned.destination == *to) {
                decision.deliveries.push(planned(to, route, rules.mention(route, subject), subject, now));
            }
        }
        if !route.goes_on {
            break;
        }
    }
    if !decision.deliveries.is_empty() {
        decision.dropped = None;
    }
    decision
}

/// Whether a route leads anywhere where a notice of its owner may go. One without a destination drops what it takes, whoever's
/// it is.
fn leads(route: &Route, owner: Option<&Project>) -> Result<(), Miss> {
    let Some(owner) = owner else { return Ok(()) };
    let drops = route.to.is_empty();
    match drops || route.to_project || route.to.iter().any(|to| may_go(to, owner)) {
        true => Ok(()),
        false => Err(Miss::Elsewhere(owner.name.clone())),
    }
}

fn nowhere(dropped: Dropped) -> Decision {
    Decision { deliveries: Vec::new(), tried: Vec::new(), dropped: Some(dropped) }
}

/// Where its caller says.
fn direct(to: &Destination) -> Planned {
    Planned { destination: to.clone(), route: String::new(), mention: Vec::new(), plan: Plan::Now, ttl: None }
}

fn planned(
    to: &Destination,
    route: &Route,
    mention: Vec<Mention>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Planned {
    let plan = plan(route, subject.content, now);
    Planned { destination: to.clone(), route: route.name.to_string(), mention, plan, ttl: route.ttl }
}

/// When what goes by a route may go.
fn plan(route: &Route, content: &Content, now: Timestamp) -> Plan {
    if let Some(hours) = route.hours.as_ref().filter(|_| content.severity < route.breaks_through)
        && let Some(until) = hours.closed_until(now)
    {
        return Plan::Hold { why: Held::OutsideHours, group: RECAP.to_owned(), until, most: None };
    }
    match &route.digest {
        Some(digest) if content.severity.lane() != Lane::Critical => Plan::Hold {
            why: Held::Digest,
            group: digest.group(&route.name, content),
            until: now.plus(digest.window),
            most: digest.most,
        },
        Some(_) | None => Plan::Now,
    }
}

/// What the route of a delivery is called that goes to its project's channel because no route takes it.
const PROJECT_ROUTE: &str = "project ";

/// The group of what came outside the active hours.
pub const RECAP: &str = "recap";
