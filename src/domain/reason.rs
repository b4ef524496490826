//! Why: the stored ending of every event, as a closed enum with details.
//!
//! A reason is made by a decision, stored as (code, subject, detail) and read back by `deskd why`. It never holds
//! message text: a detail is a Slack name (a subtype, an event type) or the position of a decoding problem.

use super::ids::{BundleId, ProblemId, TaskId};

/// What became of one stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventReason {
    /// The message is the first of a new bundle.
    OpenedBundle(BundleId),
    /// The message belongs to a bundle that was already open.
    JoinedBundle(BundleId),
    /// A teammate answered in a task's thread.
    Answered(TaskId),
    /// A teammate answered in the thread of a bundle that is no task yet.
    AnsweredBundle(BundleId),
    /// The `app_mention` twin of a stored message: the mention is noted, the message is not doubled.
    MentionKept,
    /// The same post again, under another event id.
    Duplicate,
    /// The same text again from the same client within one burst: a phantom double post.
    DoublePost,
    /// A person changed a message that we keep.
    Edited,
    /// Slack reported a change that left the text as it was: an unfurl, for instance.
    EditUnchanged,
    /// An older change of a message than the one that we know already.
    EditOvertaken,
    /// A message that we keep was taken back.
    Deleted,
    /// The last message of an open bundle was taken back, and the bundle with it.
    DroppedBundle(BundleId),
    /// An edit or deletion of a message that we do not keep.
    UnknownMessage,
    /// The channel is not monitored.
    NotMonitored,
    /// An app wrote it, and the app is not listed as trusted.
    Bot,
    /// We wrote it ourselves.
    Ourselves,
    /// A teammate wrote it, outside any task's thread.
    Teammate,
    /// It carries what a person wrote before they were erased; its content was taken out.
    Erased,
    /// A subtype that is not something a person said; the detail is Slack's name for it.
    Subtype(String),
    /// Neither text nor file.
    Empty,
    /// Nobody to attribute it to.
    NoAuthor,
    /// What we know of a channel was brought up to date.
    ChannelNoted,
    /// What we know of a person was brought up to date.
    PersonNoted,
    /// What we know of a user group was brought up to date.
    GroupNoted,
    /// The app is not installed in its workspace; its content was taken out.
    NotInstalled,
    /// It came for a further app of ours of which nobody knows yet where it is installed; looked at again once that is known.
    WorkspaceUnknown,
    /// The app has left the workspace, and everything of it goes; the detail is Slack's name for how.
    Departed(String),
    /// Slack says that the app has left; it is asked whether the present token is refused. The detail is its name for how.
    DepartureDoubted(String),
    /// Slack says that the app has left, of a time before it was installed again or got another token; the detail as above.
    DepartureOutdated(String),
    /// Slack said that the app has left, and takes its present token; the detail as above.
    StillInstalled(String),
    /// A person's token was revoked; it was deleted.
    UserTokenRevoked,
    /// A slash command, answered in the acknowledgement; the detail is the command.
    Command(String),
    /// Somebody marked a problem as handled.
    Handled(ProblemId),
    /// Somebody marked a problem as handled that was handled already.
    HandledAlready(ProblemId),
    /// Somebody marked a problem as handled that was over.
    HandledOver(ProblemId),
    /// Somebody clicked a button of a card whose problem is not kept any more.
    UnknownProblem(ProblemId),
    /// Somebody opened the record of a notice: Slack opened it, there is nothing to do.
    Opened,
    /// A click, shortcut or modal that nothing here is registered for; the detail is Slack's type.
    Interaction(String),
    /// Slack kept events back for a minute; what was said is read from the history.
    Withheld,
    /// A well-formed event that deskd has no use for; the detail is Slack's event type.
    Unused(String),
    /// The payload could not be decoded; the detail says where, never what. `deskd replay` tries again.
    Undecodable(String),
}

impl EventReason {
    /// The stable word that is stored and counted.
    pub fn code(&self) -> &'static str {
        match self {
            EventReason::OpenedBundle(_) => "opened_bundle",
            EventReason::JoinedBundle(_) => "joined_bundle",
            EventReason::Answered(_) => "answered",
            EventReason::AnsweredBundle(_) => "answered_bundle",
            EventReason::MentionKept => "mention_kept",
            EventReason::Duplicate => "duplicate",
            EventReason::DoublePost => "double_post",
            EventReason::Edited => "edited",
            EventReason::EditUnchanged => "edit_unchanged",
            EventReason::EditOvertaken => "edit_overtaken",
            EventReason::Deleted => "deleted",
            EventReason::DroppedBundle(_) => "dropped_bundle",
            EventReason::UnknownMessage => "unknown_message",
            EventReason::NotMonitored => "not_monitored",
            EventReason::Bot => "bot",
            EventReason::Ourselves => "ourselves",
            EventReason::Teammate => "internal",
            EventReason::Erased => "erased",
            EventReason::Subtype(_) => "subtype",
            EventReason::Empty => "empty",
            EventReason::NoAuthor => "no_author",
            EventReason::ChannelNoted => "channel_noted",
            EventReason::PersonNoted => "person_noted",
            EventReason::GroupNoted => "group_noted",
            EventReason::NotInstalled => "not_installed",
            EventReason::WorkspaceUnknown => "workspace_unknown",
            EventReason::Departed(_) => "departed",
            EventReason::DepartureDoubted(_) => "departure_doubted",
            EventReason::DepartureOutdated(_) => "departure_outdated",
            EventReason::StillInstalled(_) => "still_installed",
            EventReason::UserTokenRevoked => "user_token_revoked",
            EventReason::Command(_) => "command",
            EventReason::Handled(_) => "handled",
            EventReason::HandledAlready(_) => "handled_already",
            EventReason::HandledOver(_) => "handled_over",
            EventReason::UnknownProblem(_) => "unknown_problem",
            EventReason::Opened => "opened",
            EventReason::Interaction(_) => "interaction",
            EventReason::Withheld => "withheld",
            EventReason::Unused(_) => "unused",
            EventReason::Undecodable(_) => "undecodable",
        }
    }

    /// The row it speaks of: a bundle, a task or a problem, as the code says.
    pub fn subject(&self) -> Option<i64> {
        match self {
            EventReason::OpenedBundle(bundle)
            | EventReason::JoinedBundle(bundle)
            | EventReason::AnsweredBundle(bundle)
            | EventReason::DroppedBundle(bundle) => Some(bundle.0),
            EventReason::Answered(task) => Some(task.0),
            EventReason::Handled(problem)
            | EventReason::HandledAlready(problem)
            | EventReason::HandledOver(problem)
            | EventReason::UnknownProblem(problem) => Some(problem.0),
            _ => None,
        }
    }

    /// Slack's own name, or the place of the problem; empty for most.
    pub fn detail(&self) -> &str {
        match self {
            EventReason::Subtype(detail)
            | EventReason::Departed(detail)
            | EventReason::DepartureDoubted(detail)
            | EventReason::DepartureOutdated(detail)
            | EventReason::StillInstalled(detail)
            | EventReason::Command(detail)
            | EventReason::Interaction(detail)
            | EventReason::Unused(detail)
            | EventReason::Undecodable(detail) => detail,
            _ => "",
        }
    }

    /// Reads a stored reason back. `None` for a code that this version does not know.
    pub fn from_parts(code: &str, subject: Option<i64>, detail: &str) -> Option<EventReason> {
        let bundle = || subject.map(BundleId);
        let problem = || subject.map(ProblemId);
        let text = || detail.to_owned();
        Some(match code {
            "opened_bundle" => EventReason::OpenedBundle(bundle()?),
            "joined_bundle" => EventReason::JoinedBundle(bundle()?),
            "answered" => EventReason::Answered(TaskId(subject?)),
            "answered_bundle" => EventReason::AnsweredBundle(bundle()?),
            "mention_kept" => EventReason::MentionKept,
            "duplicate" => EventReason::Duplicate,
            "double_post" => EventReason::DoublePost,
            "edited" => EventReason::Edited,
            "edit_unchanged" => EventReason::EditUnchanged,
            "edit_overtaken" => EventReason::EditOvertaken,
            "deleted" => EventReason::Deleted,
            "dropped_bundle" => EventReason::DroppedBundle(bundle()?),
            "unknown_message" => EventReason::UnknownMessage,
            "not_monitored" => EventReason::NotMonitored,
            "bot" => EventReason::Bot,
            "ourselves" => EventReason::Ourselves,
            "internal" => EventReason::Teammate,
            "erased" => EventReason::Erased,
            "subtype" => EventReason::Subtype(text()),
            "empty" => EventReason::Empty,
            "no_author" => EventReason::NoAuthor,
            "channel_noted" => EventReason::ChannelNoted,
            "person_noted" => EventReason::PersonNoted,
            "group_noted" => EventReason::GroupNoted,
            "not_installed" => EventReason::NotInstalled,
            "workspace_unknown" => EventReason::WorkspaceUnknown,
            "departed" => EventReason::Departed(text()),
            "departure_doubted" => EventReason::DepartureDoubted(text()),
            "departure_outdated" => EventReason::DepartureOutdated(text()),
            "still_installed" => EventReason::StillInstalled(text()),
            "user_token_revoked" => EventReason::UserTokenRevoked,
            "command" => EventReason::Command(text()),
            "handled" => EventReason::Handled(problem()?),
            "handled_already" => EventReason::HandledAlready(problem()?),
            "handled_over" => EventReason::HandledOver(problem()?),
            "unknown_problem" => EventReason::UnknownProblem(problem()?),
            "opened" => EventReason::Opened,
            "interaction" => EventReason::Interaction(text()),
            "withheld" => EventReason::Withheld,
            "unused" => EventReason::Unused(text()),
            "undecodable" => EventReason::Undecodable(text()),
            _ => return None,
        })
    }

    /// The reason as a person reads it.
    pub fn sentence(&self) -> String {
        match self {
            EventReason::OpenedBundle(bundle) => format!("opened bundle {bundle}"),
            EventReason::JoinedBundle(bundle) => format!("joined bundle {bundle}"),
            EventReason::Answered(_) => "counted as a teammate's answer".to_owned(),
            EventReason::AnsweredBundle(bundle) => {
                format!("counted as a teammate's answer to bundle {bundle}")
            }
            EventReason::MentionKept => {
                "same message as one already stored; the mention was noted".to_owned()
            }
            EventReason::Duplicate => "ignored: same message as one already stored".to_owned(),
            EventReason::DoublePost => "ignored: the author's client posted it twice".to_owned(),
            EventReason::Edited => "the stored message was changed".to_owned(),
            EventReason::EditUnchanged => "ignored: the text did not change".to_owned(),
            EventReason::EditOvertaken => "ignored: a later change of the message came before it".to_owned(),
            EventReason::Deleted => "the stored message was taken back".to_owned(),
            EventReason::DroppedBundle(bundle) => {
                format!("the stored message was taken back, and bundle {bundle} with it")
            }
            EventReason::UnknownMessage => "ignored: concerns a message that is not kept".to_owned(),
            EventReason::NotMonitored => "ignored: channel not monitored".to_owned(),
            EventReason::Bot => "ignored: written by a bot that is not trusted".to_owned(),
            EventReason::Ourselves => "ignored: written by deskd itself".to_owned(),
            EventReason::Teammate => "ignored: written by a teammate, outside any task's thread".to_owned(),
            EventReason::Erased => "forgotten: its author was erased after writing it".to_owned(),
            EventReason::Subtype(subtype) => {
                format!("ignored: subtype {subtype} is not something a person said")
            }
            EventReason::Empty => "ignored: neither text nor file".to_owned(),
            EventReason::NoAuthor => "ignored: no author".to_owned(),
            EventReason::ChannelNoted => "channel brought up to date".to_owned(),
            EventReason::PersonNoted => "person brought up to date".to_owned(),
            EventReason::GroupNoted => "user group brought up to date".to_owned(),
            EventReason::NotInstalled => {
                "ignored: deskd is not installed in its workspace; its content was taken out".to_owned()
            }
            EventReason::WorkspaceUnknown => {
                "waits: Slack has not said yet which workspace the app that it came for is in".to_owned()
            }
            EventReason::Departed(how) => format!("the app has left the workspace ({how})"),
            EventReason::DepartureDoubted(how) => {
                format!("waits: Slack is asked whether it still takes the token ({how})")
            }
            EventReason::DepartureOutdated(how) => {
                format!("ignored: it was before the app was installed again or got another token ({how})")
            }
            EventReason::StillInstalled(how) => {
                format!("ignored: Slack takes the present token all the same ({how})")
            }
            EventReason::UserTokenRevoked => "a person's token was revoked, and was deleted".to_owned(),
            EventReason::Command(command) => format!("slash command {command} answered"),
            EventReason::Handled(problem) => format!("marked problem {problem} as handled"),
            EventReason::HandledAlready(problem) => {
                format!("ignored: problem {problem} was handled already")
            }
            EventReason::HandledOver(problem) => format!("ignored: problem {problem} was over already"),
            EventReason::UnknownProblem(problem) => {
                format!("ignored: problem {problem} is not kept any more")
            }
            EventReason::Opened => "ignored: Slack opened the address of the button".to_owned(),
            EventReason::Interaction(kind) => format!("ignored: nothing is registered for {kind}"),
            EventReason::Withheld => "Slack kept events back for a minute, so the history is read".to_owned(),
            EventReason::Unused(kind) => format!("ignored: no use for events of type {kind}"),
            EventReason::Undecodable(problem) => {
                format!("kept but not understood ({problem}); try again with \"deskd replay\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BundleId, EventReason, ProblemId, TaskId};

    #[test]
    fn every_reason_survives_its_way_through_the_store() {
        let all = [
            EventReason::OpenedBundle(BundleId(1)),
            EventReason::JoinedBundle(BundleId(2)),
            EventReason::Answered(TaskId(3)),
            EventReason::AnsweredBundle(BundleId(4)),
            EventReason::MentionKept,
            EventReason::Duplicate,
            EventReason::DoublePost,
            EventReason::Edited,
            EventReason::EditUnchanged,
            EventReason::EditOvertaken,
            EventReason::Deleted,
            EventReason::DroppedBundle(BundleId(5)),
            EventReason::UnknownMessage,
            EventReason::NotMonitored,
            EventReason::Bot,
            EventReason::Ourselves,
            EventReason::Teammate,
            EventReason::Erased,
            EventReason::Subtype("channel_topic".into()),
            EventReason::Empty,
            EventReason::NoAuthor,
            EventReason::ChannelNoted,
            EventReason::PersonNoted,
            EventReason::GroupNoted,
            EventReason::NotInstalled,
            EventReason::WorkspaceUnknown,
            EventReason::Departed("app_uninstalled".into()),
            EventReason::DepartureDoubted("app_uninstalled".into()),
            EventReason::DepartureOutdated("tokens_revoked".into()),
            EventReason::StillInstalled("tokens_revoked".into()),
            EventReason::UserTokenRevoked,
            EventReason::Command("/deskd".into()),
            EventReason::Handled(ProblemId(6)),
            EventReason::HandledAlready(ProblemId(7)),
            EventReason::HandledOver(ProblemId(8)),
            EventReason::UnknownProblem(ProblemId(9)),
            EventReason::Opened,
            EventReason::Interaction("shortcut".into()),
            EventReason::Withheld,
            EventReason::Unused("reaction_added".into()),
            EventReason::Undecodable("line 1 column 4".into()),
        ];
        for reason in all {
            let back = EventReason::from_parts(reason.code(), reason.subject(), reason.detail());
            assert_eq!(back, Some(reason.clone()), "{}", reason.sentence());
        }
    }
}
