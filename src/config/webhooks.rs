//! Which incoming webhooks the configuration names, and what should be said about that. The webhooks themselves are in the
//! database.

use std::collections::BTreeSet;

use super::Config;
use super::problem::{Problem, Spot, nearest};
use crate::domain::route::{Destination, Route};

/// The names of the webhooks that a route posts to. Such a webhook keeps its name.
pub fn names_in_use(config: &Config) -> BTreeSet<String> {
    config.routing.routes.iter().flat_map(webhooks).map(str::to_owned).collect()
}

/// Every webhook that a route names and that is not there.
pub fn unknown(config: &Config, known: &[String]) -> Vec<Problem> {
    let missing = |route: &Route, name: &str| {
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"webhook:{near}\"?"),
            None => format!("deskd webhook add {name}, or take it out of the route"),
        };
        Problem::new(Spot::Nowhere, &place(route), format!("no webhook {name} is there")).hint(hint)
    };
    let routes = config.routing.routes.iter();
    let named = routes.flat_map(|route| webhooks(route).map(move |name| (route, name)));
    named
        .filter(|(_, name)| !known.iter().any(|known| known == name))
        .map(|(route, name)| missing(route, name))
        .collect()
}

/// What a webhook cannot do and a card would: said once for each route that posts to one.
pub fn remarks(config: &Config) -> Vec<Problem> {
    let posting = config.routing.routes.iter().filter(|route| webhooks(route).next().is_some());
    posting
        .map(|route| {
            let what = "what a webhook shows cannot be marked as handled, changed or answered: its cards come without \
                        buttons, and links in their place";
            Problem::new(Spot::Nowhere, &place(route), what)
                .hint("invite the bot and name the channel, where people shall act")
        })
        .collect()
}

fn place(route: &Route) -> String {
    format!("route \"{}\".to", route.name)
}

fn webhooks(route: &Route) -> impl Iterator<Item = &str> {
    route.to.iter().filter_map(|to| match to {
        Destination::Webhook(name) => Some(name.as_str()),
        Destination::Channel(_)
        | Destination::Person(_)
        | Destination::Endpoint(_)
        | Destination::Mail(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{names_in_use, remarks, unknown};
    use crate::config::{Config, Environment, Sources};

    fn config(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).expect("written");
        let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
        let sources = Sources { config: Some(path), env, flags: Vec::new(), root: true };
        sources.load().map(|loaded| loaded.config).map_err(|problems| problems.to_string())
    }

    const ROUTES: &str = "[[route]]\nname = \"money\"\nkind = [\"payment.*\"]\nto = [\"webhook:ops\", \"#money\"]\n\
                          [[route]]\nname = \"rest\"\nto = [\"#general\", \"webhook:partner\", \"webhook:ops\"]\n\
                          [[route]]\nname = \"own\"\nto = [\"#general\"]\n";

    #[test]
    fn web_08_a_route_to_a_webhook_that_is_gone_is_a_problem() {
        let config = config(ROUTES).expect("right");
        assert_eq!(names_in_use(&config).into_iter().collect::<Vec<_>>(), ["ops", "partner"]);
        let told = |known: &[&str]| -> Vec<String> {
            let known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
            unknown(&config, &known).iter().map(ToString::to_string).collect()
        };
        assert!(told(&["ops", "partner"]).is_empty());
        insta::assert_snapshot!(told(&["opps"]).join("\n"), @r#"
        route "money".to: no webhook ops is there
          hint: did you mean "webhook:opps"?
        route "rest".to: no webhook partner is there
          hint: deskd webhook add partner, or take it out of the route
        route "rest".to: no webhook ops is there
          hint: did you mean "webhook:opps"?
        "#);
    }

    #[test]
    fn web_13_a_route_to_a_webhook_is_remarked_upon_because_nobody_can_act_there() {
        let told: Vec<String> =
            remarks(&config(ROUTES).expect("right")).iter().map(|remark| remark.key.clone()).collect();
        assert_eq!(told, ["route \"money\".to", "route \"rest\".to"]);
        let text = remarks(&config(ROUTES).expect("right"))[0].to_string();
        assert!(text.contains("without buttons") && text.contains("hint: "), "{text}");
    }

    #[test]
    fn web_11_an_address_in_the_configuration_is_refused_without_being_repeated() {
        for address in [
            "https://hooks.slack.com/services/T01/B02/0123456789abcdef",
            "webhook:https://hooks.slack.com/services/T01/B02/0123456789abcdef",
            "hooks.slack-gov.com/services/T01/B02/0123456789abcdef",
        ] {
            let told = config(&format!("[[route]]\nto = [\"{address}\"]\n")).expect_err("it is an address");
            assert!(!told.contains("0123456789abcdef") && told.contains("webhook add"), "{told}");
        }
    }
}
