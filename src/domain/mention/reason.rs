//! Why a mention calls somebody or stays plain text.

/// What became of one mention. The text is the entry as it was written; an address is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MentionReason {
    /// Called; the text is the token that Slack gets.
    Called(String),
    /// The channel has had its broad mentions of the day.
    OverBudget(String),
    /// The workspace has neither a person nor a group like that.
    Unknown(String),
    /// Several people go by this name.
    Ambiguous(String),
    /// The person's account is closed.
    Gone(String),
    /// Called already by an entry before it, or by one that calls more.
    Repeated(String),
}

impl MentionReason {
    /// The stable word that is stored and counted.
    pub fn code(&self) -> &'static str {
        match self {
            MentionReason::Called(_) => "called",
            MentionReason::OverBudget(_) => "over_budget",
            MentionReason::Unknown(_) => "unknown",
            MentionReason::Ambiguous(_) => "ambiguous",
            MentionReason::Gone(_) => "gone",
            MentionReason::Repeated(_) => "repeated",
        }
    }

    /// The token, or the entry as it was written.
    pub fn detail(&self) -> &str {
        match self {
            MentionReason::Called(text)
            | MentionReason::OverBudget(text)
            | MentionReason::Unknown(text)
            | MentionReason::Ambiguous(text)
            | MentionReason::Gone(text)
            | MentionReason::Repeated(text) => text,
        }
    }

    /// Reads a stored reason back. `None` for a code that this version does not know.
    pub fn from_parts(code: &str, detail: &str) -> Option<MentionReason> {
        let detail = detail.to_owned();
        Some(match code {
            "called" => MentionReason::Called(detail),
            "over_budget" => MentionReason::OverBudget(detail),
            "unknown" => MentionReason::Unknown(detail),
            "ambiguous" => MentionReason::Ambiguous(detail),
            "gone" => MentionReason::Gone(detail),
            "repeated" => MentionReason::Repeated(detail),
            _ => return None,
        })
    }

    /// Whether the entry called somebody, be it by an entry before it.
    pub fn is_called(&self) -> bool {
        matches!(self, MentionReason::Called(_) | MentionReason::Repeated(_))
    }

    /// The reason as a person reads it.
    pub fn sentence(&self) -> String {
        match self {
            MentionReason::Called(token) => format!("called {token}"),
            MentionReason::OverBudget(who) => {
                format!("{who} is plain text: the channel has had its broad mentions of the day")
            }
            MentionReason::Unknown(who) => {
                format!("{who} is plain text: the workspace has no such person and no such group")
            }
            MentionReason::Ambiguous(who) => {
                format!("{who} is plain text: several people go by this name")
            }
            MentionReason::Gone(who) => format!("{who} is plain text: the account is closed"),
            MentionReason::Repeated(who) => format!("{who} was left out: it is called already"),
        }
    }
}
