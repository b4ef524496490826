//! Every way in which anything over HTTP says no: one registry, a number, a word, a status and a meaning for each.
//!
//! `/v1` answers with the word and a message of its own, `/slack` and `/api/slack` with the number and the meaning.
//! `docs/errors.md` is this table; numbers and words never change, and what is no longer used keeps its number.

use axum::http::StatusCode;

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What programs compare under `/slack` and `/api/slack`.
    pub number: u32,
    /// What programs compare under `/v1`.
    pub word: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What went wrong, without anything of the request in it.
    pub meaning: &'static str,
}

/// The enum, the list of all and the rows out of one table.
macro_rules! registry {
    ($($name:ident $number:literal $word:literal $status:ident $retryable:literal $meaning:literal;)*) => {
        /// What went wrong, as a number and a stable word that programs may compare.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// Its row.
            pub fn row(self) -> Row {
                match self {
                    $(Code::$name => Row {
                        number: $number,
                        word: $word,
                        status: StatusCode::$status,
                        retryable: $retryable,
                        meaning: $meaning,
                    },)*
                }
            }
        }
    };
}

registry! {
    BadRequest 1001 "bad_request" BAD_REQUEST false "an argument is missing, of the wrong type, or means nothing";
    TooMany 1002 "too_many" BAD_REQUEST false "there are more notices in one request than are taken at once";
    InvalidNotice 1003 "invalid_notice" BAD_REQUEST false "a notice cannot be taken as it is";
    UnknownKind 1004 "unknown_kind" BAD_REQUEST false "there is no such kind of notice";
    NoSuchCategory 1005 "no_such_category" BAD_REQUEST false "there is no such category";
    WrongState 1006 "wrong_state" CONFLICT false "what is asked for does not fit the present state";
    WhichWorkspace 1007 "which_workspace" BAD_REQUEST false "there are several workspaces, and it was not said which is meant";
    WrongToken 1008 "wrong_token" BAD_REQUEST false "this is no bot token";
    MissingScopes 1009 "missing_scopes" CONFLICT false "the token is not allowed what nothing works without";
    NothingKnown 1010 "nothing_known" NOT_FOUND false "the reference points at nothing that is stored";
    NoSuchTask 1011 "no_such_task" NOT_FOUND false "there is no task with this number";
    NoSuchChannel 1012 "no_such_channel" NOT_FOUND false "there is no such channel";
    NoSuchContact 1013 "no_such_contact" NOT_FOUND false "there is no such contact";
    NoSuchPerson 1014 "no_such_person" NOT_FOUND false "there is no such person in Slack";
    NoSuchSend 1015 "no_such_send" NOT_FOUND false "there is no such row in the outbox";
    NoSuchReport 1016 "no_such_report" NOT_FOUND false "there is no such report";
    NoSuchNotice 1017 "no_such_notice" NOT_FOUND false "there is no such notice";
    NoSuchHeartbeat 1018 "no_such_heartbeat" NOT_FOUND false "there is no such heartbeat";
    NoSuchWebhook 1019 "no_such_webhook" NOT_FOUND false "there is no webhook of this name";
    NoSuchWorkspace 1020 "no_such_workspace" NOT_FOUND false "there is no workspace of this name";
    Unauthorised 2001 "unauthorised" UNAUTHORIZED false "the bearer token is missing or wrong";
    WrongHost 2002 "wrong_host" FORBIDDEN false "the Host header does not name this machine";
    ForbiddenKind 2003 "forbidden_kind" FORBIDDEN false "this caller may not use this kind or this address";
    BadSignature 2004 "bad_signature" UNAUTHORIZED false "the signature is not valid";
    TooLarge 2005 "too_large" PAYLOAD_TOO_LARGE false "the body is larger than any request of this kind should be";
    NoSuchRoute 2006 "no_such_route" NOT_FOUND false "there is no such address";
    BadMethod 2007 "bad_method" METHOD_NOT_ALLOWED false "the address does not take this method";
    RateLimited 2008 "rate_limited" TOO_MANY_REQUESTS true "there were too many requests in a short time";
    TooLate 2009 "too_late" REQUEST_TIMEOUT true "the request did not arrive in time";
    Malformed 2010 "malformed" BAD_REQUEST false "the request is not HTTP as it should be, or was cut off";
    HeadTooLarge 2011 "head_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE false "the headers are too large";
    AddressTooLong 2012 "address_too_long" URI_TOO_LONG false "the address is too long";
    OtherProject 2013 "other_project" FORBIDDEN false "this belongs to another project, or leads out of the caller's own";
    NotRecorded 3001 "not_recorded" SERVICE_UNAVAILABLE true "the event could not be recorded in time";
    Busy 3002 "busy" SERVICE_UNAVAILABLE true "there is too much at once";
    NotConfigured 3003 "provider_not_configured" INTERNAL_SERVER_ERROR false
        "PROVIDER_NOT_CONFIGURED: this app is not set up completely on this server";
    NoWorkspace 3004 "no_workspace" SERVICE_UNAVAILABLE true "it is not known yet which workspace this is";
    SlackRefused 3005 "slack_refused" BAD_GATEWAY false "Slack said no";
    SlackAway 3006 "slack_away" SERVICE_UNAVAILABLE true "Slack could not be reached, or asked to wait";
    SecretsLocked 3007 "secrets_locked" CONFLICT false "the key of the secrets is missing or another one";
    DatabaseAway 3008 "database_away" SERVICE_UNAVAILABLE true "the database could not do it now";
    DatabaseBroken 3009 "database_broken" INTERNAL_SERVER_ERROR false "the database cannot do it";
    TooSlow 3010 "too_slow" GATEWAY_TIMEOUT true "it took too long";
    Internal 3011 "internal" INTERNAL_SERVER_ERROR false "something went wrong inside; the log has it under the trace id";
    NotConnected 3012 "not_configured" CONFLICT false "this workspace was disconnected";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_has_a_number_and_a_word_of_its_own_in_rising_order() {
        let rows: Vec<_> = Code::ALL.iter().map(|code| code.row()).collect();
        for pair in rows.windows(2) {
            assert!(pair[0].number < pair[1].number, "{} {}", pair[0].number, pair[1].number);
        }
        for (at, row) in rows.iter().enumerate() {
            assert!(rows[..at].iter().all(|other| other.word != row.word), "{} is there twice", row.word);
            assert!(row.status.is_client_error() || row.status.is_server_error(), "{}", row.word);
        }
    }
}
