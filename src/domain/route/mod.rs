//! Routing: which deliveries a notice becomes, and why. One pure function decides; `route explain`, `route test`, `why` and the
//! daemon call the same.

pub mod destination;
pub mod rules;

use std::time::Duration;

pub use destination::Destination;
pub use rules::{Matcher, Miss, Route, Rules};

use super::notice::Content;
use super::notice::problem::Effect;
use super::time::Timestamp;

/// What is known beside the rules when a notice is routed.
#[derive(Clone, Debug, Default)]
pub struct State {}

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
    pub mention: Vec<String>,
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
    pub route: String,
    /// What spoke against it; `None` when it took the notice.
    pub miss: Option<String>,
}

/// Why a notice goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// No route takes it.
    NoRoute,
    /// A route takes it and has no destination.
    ByRoute,
    /// It repeats what its key has said.
    Repeats,
    /// It ends something that nobody told of.
    EndsNothing,
}

impl Dropped {
    /// All of them.
    pub const ALL: [Dropped; 4] =
        [Dropped::NoRoute, Dropped::ByRoute, Dropped::Repeats, Dropped::EndsNothing];

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Dropped::NoRoute => "no_route",
            Dropped::ByRoute => "dropped_by_route",
            Dropped::Repeats => "repeats",
            Dropped::EndsNothing => "ends_nothing",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Dropped> {
        Dropped::ALL.into_iter().find(|dropped| dropped.as_str() == word)
    }

    /// The reason as people read it.
    pub fn sentence(self) -> &'static str {
        match self {
            Dropped::NoRoute => "no route takes it",
            Dropped::ByRoute => "its route has no destination",
            Dropped::Repeats => "it repeats what its key has said already",
            Dropped::EndsNothing => "it ends something that nobody told of",
        }
    }
}

/// Decides what becomes of a notice that is this to its problem.
pub fn decide(content: &Content, effect: Effect, rules: &Rules, _state: &State, _now: Timestamp) -> Decision {
    match effect {
        Effect::Repeats => return nowhere(Dropped::Repeats),
        Effect::EndsNothing => return nowhere(Dropped::EndsNothing),
        Effect::Begins | Effect::Adds | Effect::Ends => {}
    }
    if !content.to.is_empty() {
        let direct = |to: &Destination| planned(to, None);
        return Decision {
            deliveries: content.to.iter().map(direct).collect(),
            tried: Vec::new(),
            dropped: None,
        };
    }
    let mut decision = nowhere(Dropped::NoRoute);
    for route in &rules.routes {
        let miss = route.matcher.takes(content).err();
        decision.tried.push(Tried { route: route.name.clone(), miss: miss.as_ref().map(Miss::sentence) });
        if miss.is_some() {
            continue;
        }
        decision.dropped = Some(Dropped::ByRoute);
        for to in &route.to {
            // Two routes to one place are one message.
            if !decision.deliveries.iter().any(|planned| planned.destination == *to) {
                decision.deliveries.push(planned(to, Some(route)));
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

fn nowhere(dropped: Dropped) -> Decision {
    Decision { deliveries: Vec::new(), tried: Vec::new(), dropped: Some(dropped) }
}

fn planned(to: &Destination, route: Option<&Route>) -> Planned {
    Planned {
        destination: to.clone(),
        route: route.map(|route| route.name.clone()).unwrap_or_default(),
        mention: route.map(|route| route.mention.clone()).unwrap_or_default(),
        plan: Plan::Now,
        ttl: route.and_then(|route| route.ttl),
    }
}
