//! What can be wrong with deskd itself, a closed list, and how much each matters.

pub use super::notice::Severity;

/// A trouble of deskd's own. The subject of a trouble says which channel, worker or send it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Own {
    /// No socket to Slack is open.
    NoSocket,
    /// Slack does not accept a token, or Socket Mode is switched off: an operator has to act.
    NotAllowed,
    /// Slack counts more sockets of this app than we have: another consumer, or ghosts of broken connections.
    ForeignSockets,
    /// The canary was posted and its event did not come back.
    CanaryMissed,
    /// The database cannot be written.
    NotWritable,
    /// Recorded events wait too long to be decoded.
    JournalLagging,
    /// Messages wait too long to be sent.
    OutboxLagging,
    /// A message was given up, refused, or its outcome is unknown: a person decides.
    DeadLetter,
    /// A channel no longer takes messages: archived, deleted, or the bot was removed.
    DestinationBroken,
    /// A notice was refused by its destination for good.
    DeliveryFailed,
    /// Notices were not worth reading any more when their destination could be reached.
    NoticesExpired,
    /// The template of a kind of notices does not work; its cards are plain.
    TemplateFailed,
    /// Gap recovery cannot read a channel.
    RecoveryFailed,
    /// The last backup is too old.
    BackupOld,
    /// A worker's step has been running for too long.
    WorkerStuck,
}

impl Own {
    /// All of them.
    pub const ALL: [Own; 15] = [
        Own::NoSocket,
        Own::NotAllowed,
        Own::ForeignSockets,
        Own::CanaryMissed,
        Own::NotWritable,
        Own::JournalLagging,
        Own::OutboxLagging,
        Own::DeadLetter,
        Own::DestinationBroken,
        Own::DeliveryFailed,
        Own::NoticesExpired,
        Own::TemplateFailed,
        Own::RecoveryFailed,
        Own::BackupOld,
        Own::WorkerStuck,
    ];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Own::NoSocket => "no_socket",
            Own::NotAllowed => "not_allowed",
            Own::ForeignSockets => "foreign_sockets",
            Own::CanaryMissed => "canary_missed",
            Own::NotWritable => "not_writable",
            Own::JournalLagging => "journal_lagging",
            Own::OutboxLagging => "outbox_lagging",
            Own::DeadLetter => "dead_letter",
            Own::DestinationBroken => "destination_broken",
            Own::DeliveryFailed => "delivery_failed",
            Own::NoticesExpired => "notices_expired",
            Own::TemplateFailed => "template_failed",
            Own::RecoveryFailed => "recovery_failed",
            Own::BackupOld => "backup_old",
            Own::WorkerStuck => "worker_stuck",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Own> {
        Own::ALL.into_iter().find(|own| own.as_str() == word)
    }

    /// How much it matters.
    pub fn severity(self) -> Severity {
        match self {
            Own::NoSocket
            | Own::NotAllowed
            | Own::CanaryMissed
            | Own::NotWritable
            | Own::JournalLagging
            | Own::OutboxLagging
            | Own::WorkerStuck => Severity::Critical,
            Own::ForeignSockets
            | Own::DeadLetter
            | Own::DestinationBroken
            | Own::DeliveryFailed
            | Own::NoticesExpired
            | Own::TemplateFailed
            | Own::RecoveryFailed
            | Own::BackupOld => Severity::Warning,
        }
    }
}

/// A trouble as it is raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// What it tells of.
    pub own: Own,
    /// Which one: a channel id, a worker's name, a send's number; empty when there is only one.
    pub subject: String,
    /// What is known of it: codes and numbers, never texts, names or addresses.
    pub detail: String,
}
