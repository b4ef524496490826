//! Which workspaces a payload names: the one it was seen through first, then those that may have the app.

use serde_json::Value;

use super::mend;

/// The ids of workspaces and organisations that a payload names, without doubles, the likeliest first [slack-facts 2.2,
/// 9.2]. None for what cannot be read. Asked only about payloads that do not name one of ours where they usually do.
pub fn origins(payload: &str) -> Vec<String> {
    read(payload).or_else(|| read(&mend::mended(payload)?)).unwrap_or_default()
}

fn read(payload: &str) -> Option<Vec<String>> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let mut named: Vec<String> = Vec::new();
    let mut add = |id: &Value| {
        if let Some(id) = id.as_str().filter(|id| !id.is_empty())
            && !named.iter().any(|other| other == id)
        {
            named.push(id.to_owned());
        }
    };
    add(&payload["team_id"]);
    add(&payload["team"]["id"]);
    for seen in payload["authorizations"].as_array().into_iter().flatten() {
        add(&seen["team_id"]);
        add(&seen["enterprise_id"]);
    }
    add(&payload["user"]["team_id"]);
    add(&payload["context_team_id"]);
    add(&payload["enterprise_id"]);
    add(&payload["enterprise"]["id"]);
    Some(named)
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
