//! What leaves deskd, to whom, and for what: the one list of it. `deskd privacy` joins it with the configuration; tests compare
//! it with what really leaves.
//!
//! There is nothing else: no figures about use, no look for a newer version, no reports of crashes.

use super::advice::question::{ENVELOPE, Field, INSTRUCTIONS};
use super::handout;

/// Somebody outside whom deskd tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Slack, whose messages the desk is made of.
    Slack,
    /// A workspace behind one of Slack's incoming webhooks, which may be somebody else's.
    Webhook,
    /// The language model.
    Model,
    /// A system of the user's that is sent notices.
    Endpoint,
    /// The mail server that notices to e-mail addresses and mails of the alarm go through.
    Mail,
    /// The alarm's webhook or program.
    Alarm,
    /// The outside address that hears that deskd is well.
    Ping,
    /// A program that makes the figures of a report.
    Program,
}

/// Something that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// The field, or the kind of thing.
    pub name: String,
    /// What is in it.
    pub what: &'static str,
}

impl Receiver {
    /// All of them.
    pub const ALL: [Receiver; 8] = [
        Receiver::Slack,
        Receiver::Webhook,
        Receiver::Model,
        Receiver::Endpoint,
        Receiver::Mail,
        Receiver::Alarm,
        Receiver::Ping,
        Receiver::Program,
    ];

    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Receiver::Slack => "slack",
            Receiver::Webhook => "webhook",
            Receiver::Model => "model",
            Receiver::Endpoint => "endpoint",
            Receiver::Mail => "mail",
            Receiver::Alarm => "alarm",
            Receiver::Ping => "ping",
            Receiver::Program => "program",
        }
    }

    /// What it is for.
    pub fn purpose(self) -> &'static str {
        match self {
            Receiver::Slack => "the desk itself: reading what is written, answering, telling",
            Receiver::Webhook => {
                "notices and reports for channels that the bot is not in, also in other workspaces"
            }
            Receiver::Model => "sorting tasks and writing their titles and summaries",
            Receiver::Endpoint => "notices that a route or a caller sends there",
            Receiver::Mail => "notices that go to an e-mail address, and mails of the alarm",
            Receiver::Alarm => "deskd's own troubles",
            Receiver::Ping => "a sign of life, so that somebody notices when there is none",
            Receiver::Program => "figures for a report, made by a program of yours",
        }
    }

    /// Everything that leaves.
    pub fn leaves(self) -> Vec<Leaving> {
        let one = |name: &str, what: &'static str| Leaving { name: name.to_owned(), what };
        match self {
            Receiver::Slack => vec![
                one("replies", "what teammates answer with deskd, in the contact's thread"),
                one(
                    "notices, reports and charts",
                    "what systems hand in and what reports are made of, in the channels of the configuration",
                ),
                one("answers to commands", "what a teammate asks for in Slack, shown to that teammate"),
                one(
                    "questions",
                    "ids of people, channels and groups, to learn their names and what was said in a gap",
                ),
                one("tokens", "the app's own, with each call"),
            ],
            Receiver::Webhook => vec![
                one("cards", "title, text, fields, link and time of a notice, without buttons"),
                one("address", "the webhook's own, which is its password"),
            ],
            Receiver::Model => {
                let fields = Field::ALL.into_iter().map(|field| one(field.name(), field.sentence()));
                fields.chain([one("instructions", INSTRUCTIONS), one("envelope", ENVELOPE)]).collect()
            }
            Receiver::Endpoint => {
                let fields =
                    handout::FIELDS.into_iter().map(|field| one(field, "of the notice, as it was handed in"));
                fields
                    .chain([one("signature", "made with the endpoint's secret; the secret itself stays")])
                    .collect()
            }
            Receiver::Mail => vec![
                one(
                    "letters",
                    "title, text, fields, link and time of a notice, or the sentence of a trouble",
                ),
                one("addresses", "the sender's and the receiver's"),
                one("login", "user and password of the mail server, encrypted"),
            ],
            Receiver::Alarm => vec![one(
                "troubles",
                "kind, subject, sentence and times of deskd's own trouble: codes and numbers, never what people wrote",
            )],
            Receiver::Ping => vec![one("calls", "nothing but the call itself")],
            Receiver::Program => vec![one(
                "a start",
                "the arguments of the configuration and an empty standard input; no token, no text, a bare environment",
            )],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Receiver};

    #[test]
    fn agt_14_each_field_of_a_question_is_declared() {
        let declared: Vec<String> =
            Receiver::Model.leaves().into_iter().map(|leaving| leaving.name).collect();
        for field in Field::ALL {
            assert!(declared.contains(&field.name().to_owned()), "{field:?}");
        }
        assert!(
            Receiver::ALL
                .iter()
                .all(|receiver| !receiver.leaves().is_empty() && !receiver.purpose().is_empty())
        );
    }
}
