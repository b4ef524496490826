//! The trail of a notice: who handed it in, each route that was tried, each delivery and what became of it.

use std::collections::BTreeSet;

use super::error::StoreError;
use super::life::{self, Delivered};
use super::why::{Step, Trail};
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::notice::problem::Effect;
use crate::domain::outcome::{delivery_sentence, notice_sentence};
use crate::domain::time::Timestamp;

impl Trail<'_> {
    /// A notice with everything that became of it.
    pub(super) fn notice(&mut self, id: NoticeId) -> Result<(), StoreError> {
        let Some(life) = life::life(self.tx, self.workspace, id)? else { return Ok(()) };
        let (what, at) = (format!("notice {id}"), life.notice.received_at);
        let (source, effect, problem) = (&life.notice.source, life.effect, life.problem);
        let effect_told = match effect {
            Effect::Begins => format!("begins problem {problem}"),
            Effect::Adds => format!("adds to problem {problem}"),
            Effect::Ends => format!("ends problem {problem}"),
            Effect::Repeats => format!("says again what problem {problem} has said"),
            Effect::EndsNothing => "ends nothing that anybody was told of".to_owned(),
        };
        let kind = &life.notice.content.kind;
        let project = life.project.map(|name| format!(" for the project {name}")).unwrap_or_default();
        let sentence = format!("handed in by {source}{project} as {kind}; it {effect_told}");
        self.step(at, &what, effect.as_str(), sentence);
        if life.due_at > at {
            self.step(at, &what, "later", format!("to go out at {}", life.due_at));
        }
        let routed_at = life.deliveries.first().map_or(life.due_at, |first| first.created_at);
        for (route, miss) in &life.tried {
            let sentence = match miss {
                Some(miss) => format!("route {route} does not take it: {miss}"),
                None => format!("route {route} takes it"),
            };
            self.step(routed_at, &what, "tried", sentence);
        }
        let sentence = notice_sentence(&life.state, &life.reason);
        let reason = if life.reason.is_empty() { life.state } else { life.reason };
        self.step(routed_at, &what, &reason, sentence);
        let mut told_by = BTreeSet::new();
        for delivery in &life.deliveries {
            self.delivered(delivery)?;
            told_by.extend(delivery.merged_into);
        }
        // What tells it may belong to another notice.
        for into in told_by.into_iter().filter(|into| !life.deliveries.iter().any(|own| own.id.0 == *into)) {
            if let Some(into) = life::delivery(self.tx, self.workspace, DeliveryId(into))? {
                self.delivered(&into)?;
            }
        }
        Ok(())
    }

    /// A delivery with its notice.
    pub(super) fn delivery(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        match life::delivery(self.tx, self.workspace, id)? {
            Some(delivery) => self.notice(delivery.notice),
            None => Ok(()),
        }
    }

    fn delivered(&mut self, delivery: &Delivered) -> Result<(), StoreError> {
        let Delivered { id, destination, route, form, state, reason, merged_into, attempts, .. } = delivery;
        let (what, at) = (format!("delivery {id}"), delivery.created_at);
        // An e-mail address is nobody's business here.
        let (kind, place) = destination.split_once(':').unwrap_or(("", destination));
        let place = if kind == "mail" || place.contains('@') { "" } else { place };
        let by = if route.is_empty() { "as its caller said".to_owned() } else { format!("by route {route}") };
        let form = if form == "card" { String::new() } else { format!(" as a {form}") };
        self.step(at, &what, "planned", format!("to {kind} {place}{form}, {by}"));
        let sentence = match attempts {
            0 => delivery_sentence(state, reason, *merged_into),
            1 => format!("{}, 1 attempt", delivery_sentence(state, reason, *merged_into)),
            count => format!("{}, {count} attempts", delivery_sentence(state, reason, *merged_into)),
        };
        let reason = if reason.is_empty() { state } else { reason };
        self.step(delivery.updated_at, &what, reason, sentence);
        self.sends("delivery = ?1", id.0)
    }

    fn step(&mut self, at: Timestamp, what: &str, reason: &str, sentence: String) {
        self.steps.push(Step { at, what: what.to_owned(), reason: reason.to_owned(), sentence });
    }
}
