//! Which workspaces a payload names: the one it was seen through first, then those that may have the app.

use serde::Deserialize;

use super::loose::{self, Loose, Text};
use super::mend;

/// The ids of workspaces and organisations that a payload names, without doubles, the likeliest first [slack-facts 2.2,
/// 9.2]. None for what cannot be read.
pub fn origins(payload: &str) -> Vec<String> {
    read(payload).or_else(|| read(&mend::mended(payload)?)).unwrap_or_default()
}

fn read(payload: &str) -> Option<Vec<String>> {
    let slip = serde_json::from_str::<Loose<'_, Slip<'_>>>(payload).ok()?;
    let Loose::Object(slip) = slip else { return Some(Vec::new()) };
    let mut named = Vec::new();
    let mut add = |id: Option<String>| {
        if let Some(id) = id.filter(|id| !named.contains(id)) {
            named.push(id);
        }
    };
    add(loose::filled(&slip.team_id));
    add(slip.team.object().and_then(|team| loose::filled(&team.id)));
    for seen in &slip.authorizations {
        add(loose::filled(&seen.team_id));
        add(loose::filled(&seen.enterprise_id));
    }
    add(slip.user.object().and_then(|user| loose::filled(&user.team_id)));
    add(loose::filled(&slip.context_team_id));
    add(loose::filled(&slip.enterprise_id));
    add(slip.enterprise.object().and_then(|organisation| loose::filled(&organisation.id)));
    Some(named)
}

#[derive(Deserialize)]
struct Slip<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team_id: Text<'a>,
    #[serde(borrow, default)]
    team: Loose<'a, Id<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::objects")]
    authorizations: Vec<Seen<'a>>,
    #[serde(borrow, default)]
    user: Loose<'a, Member<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    context_team_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    enterprise_id: Text<'a>,
    #[serde(borrow, default)]
    enterprise: Loose<'a, Id<'a>>,
}

/// One of the installations that can see the event.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    enterprise_id: Text<'a>,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
}

#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    team_id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::origins;

    #[test]
    fn a_payload_names_the_workspace_it_was_seen_through_first() {
        for (payload, named) in [
            (r#"{"team_id":"T1"}"#, vec!["T1"]),
            (
                r#"{"team_id":"T2","context_team_id":"T1","authorizations":[{"team_id":"T1","enterprise_id":null}]}"#,
                vec!["T2", "T1"],
            ),
            (r#"{"team":null,"user":{"id":"U1","team_id":"T3"},"enterprise":{"id":"E1"}}"#, vec!["T3", "E1"]),
            (r#"{"team_id":"T1","enterprise_id":"E1"}"#, vec!["T1", "E1"]),
            ("[1]", vec![]),
            ("broken", vec![]),
        ] {
            assert_eq!(origins(payload), named, "{payload}");
        }
    }
}
