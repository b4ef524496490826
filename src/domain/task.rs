//! Tasks: what somebody has to deal with, and how its status moves.

use serde::{Deserialize, Serialize};

use super::classify::Classifier;
use super::ids::{BundleId, MessageTs, SendId};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody has to act.
    Open,
    /// We answered; the contact's turn.
    Waiting,
    /// Put aside until a set time.
    Snoozed,
    /// Dealt with.
    Done,
}

impl Status {
    /// All of them, in the order of a task's life.
    pub const ALL: [Status; 4] = [Status::Open, Status::Waiting, Status::Snoozed, Status::Done];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Waiting => "waiting",
            Status::Snoozed => "snoozed",
            Status::Done => "done",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Who did something to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The contact, by writing.
    Contact,
    /// A teammate in Slack, by user id.
    Teammate(String),
    /// Somebody at the command line or the local API, by system user name.
    Operator(String),
    /// deskd itself.
    Desk,
}

impl Actor {
    /// The form that is stored: `contact`, `team:U…`, `user:alice`, `deskd`.
    pub fn word(&self) -> String {
        match self {
            Actor::Contact => "contact".to_owned(),
            Actor::Teammate(person) => format!("team:{person}"),
            Actor::Operator(name) => format!("user:{name}"),
            Actor::Desk => "deskd".to_owned(),
        }
    }
}

/// One entry of a task's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// The task was made from a bundle.
    Opened {
        /// The bundle.
        bundle: BundleId,
    },
    /// A later bundle joined it.
    Joined {
        /// The bundle.
        bundle: BundleId,
    },
    /// A teammate answered in Slack.
    Answered {
        /// The answer's `ts`.
        ts: MessageTs,
    },
    /// A reply was handed to the outbox.
    Replied {
        /// The first of its sends.
        send: SendId,
    },
    /// The status moved.
    Moved {
        /// From here.
        from: Status,
        /// To there.
        to: Status,
    },
    /// It was put aside.
    Snoozed {
        /// Until then, RFC 3339.
        until: String,
    },
    /// Somebody took it, or nobody has it any more.
    Assigned {
        /// The teammate's Slack id; empty for nobody.
        to: String,
    },
    /// The category was changed by a person.
    Labelled {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// The priority was changed by a person.
    Prioritised {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// Somebody closed it as no request at all.
    Dismissed,
    /// It became an example of a category; empty for one that is no request.
    Taught {
        /// The category.
        category: String,
    },
    /// It is no example of a category any more; empty for one that is no request.
    Untaught {
        /// The category.
        category: String,
    },
    /// It was classified again because something was added.
    Reclassified {
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// The category was changed by somebody who was asked after the task was made.
    Advised {
        /// Who.
        by: Classifier,
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// The priority was changed by them.
    AdvisedPriority {
        /// Who.
        by: Classifier,
        /// Before.
        from: String,
        /// Now.
        to: String,
    },
    /// It was given a title and a summary by them.
    Summarised {
        /// Who.
        by: Classifier,
    },
    /// A message in it was changed by its author.
    MessageEdited {
        /// The message's `ts`.
        ts: MessageTs,
    },
    /// A message in it was taken back by its author.
    MessageDeleted {
        /// The message's `ts`.
        ts: MessageTs,
    },
}

impl Change {
    /// The stable word for it, as stored.
    pub fn code(&self) -> &'static str {
        match self {
            Change::Opened { .. } => "opened",
            Change::Joined { .. } => "joined",
            Change::Answered { .. } => "answered",
            Change::Replied { .. } => "replied",
            Change::Moved { .. } => "moved",
            Change::Snoozed { .. } => "snoozed",
            Change::Assigned { .. } => "assigned",
            Change::Labelled { .. } => "labelled",
            Change::Prioritised { .. } => "prioritised",
            Change::Dismissed => "dismissed",
            Change::Taught { .. } => "taught",
            Change::Untaught { .. } => "untaught",
            Change::Reclassified { .. } => "reclassified",
            Change::Advised { .. } => "advised",
            Change::AdvisedPriority { .. } => "advised_priority",
            Change::Summarised { .. } => "summarised",
            Change::MessageEdited { .. } => "message_edited",
            Change::MessageDeleted { .. } => "message_deleted",
        }
    }

    /// What happened, as a person reads it; who did it is said by the caller.
    pub fn sentence(&self) -> String {
        match self {
            Change::Opened { bundle } => format!("opened from bundle {bundle}"),
            Change::Joined { bundle } => format!("bundle {bundle} joined"),
            Change::Answered { ts } => format!("answered in Slack ({ts})"),
            Change::Replied { send } => format!("replied (send {send})"),
            Change::Moved { from, to } => format!("moved from {} to {}", from.as_str(), to.as_str()),
            Change::Snoozed { until } => format!("put aside until {until}"),
            Change::Assigned { to } if to.is_empty() => "assigned to nobody".to_owned(),
            Change::Assigned { to } => format!("assigned to {to}"),
            Change::Labelled { from, to } => format!("category changed from {from} to {to}"),
            Change::Prioritised { from, to } => format!("priority changed from {from} to {to}"),
            Change::Dismissed => "closed as no request".to_owned(),
            Change::Taught { category } => format!("taught as {}", kind(category)),
            Change::Untaught { category } => format!("not taught as {} any more", kind(category)),
            Change::Reclassified { from, to } => format!("classified again, from {from} to {to}"),
            Change::Advised { by, from, to } => {
                format!("category changed from {from} to {to}, as the {by} says")
            }
            Change::AdvisedPriority { by, from, to } => {
                format!("priority changed from {from} to {to}, as the {by} says")
            }
            Change::Summarised { by } => format!("title and summary written by the {by}"),
            Change::MessageEdited { ts } => format!("message {ts} edited"),
            Change::MessageDeleted { ts } => format!("message {ts} deleted"),
        }
    }
}

fn kind(category: &str) -> String {
    if category.is_empty() { "no request".to_owned() } else { format!("an example of {category}") }
}

/// Where a task stands after the contact wrote again. Thanks alone do not bring a finished task back.
pub fn after_contact(status: Status, courtesy: bool) -> Status {
    match status {
        Status::Done if courtesy => Status::Done,
        Status::Open | Status::Waiting | Status::Snoozed | Status::Done => Status::Open,
    }
}

/// Where a task stands after the team answered.
pub fn after_answer(status: Status) -> Status {
    match status {
        Status::Open | Status::Waiting | Status::Snoozed => Status::Waiting,
        Status::Done => Status::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, after_answer, after_contact};

    #[test]
    fn what_the_contact_writes_moves_a_task() {
        let rows = [
            ("more on an open task keeps it open", Status::Open, false, Status::Open),
            ("an answer to our answer reopens", Status::Waiting, false, Status::Open),
            ("a message wakes a snoozed task", Status::Snoozed, false, Status::Open),
            ("a new question reopens a done task", Status::Done, false, Status::Open),
            ("thanks alone leave a done task done", Status::Done, true, Status::Done),
            ("thanks while we wait are still an answer", Status::Waiting, true, Status::Open),
        ];
        for (sentence, before, courtesy, after) in rows {
            assert_eq!(after_contact(before, courtesy), after, "{sentence}");
        }
    }

    #[test]
    fn what_the_team_answers_makes_a_task_wait() {
        for (before, after) in [
            (Status::Open, Status::Waiting),
            (Status::Waiting, Status::Waiting),
            (Status::Snoozed, Status::Waiting),
            (Status::Done, Status::Done),
        ] {
            assert_eq!(after_answer(before), after);
        }
    }

    #[test]
    fn every_status_reads_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.as_str()), Some(status));
        }
    }
}
