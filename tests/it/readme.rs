//! What the README shows is true: the configuration is right, the test command is the one that is run, links lead somewhere.

use std::path::Path;

use deskd::config::{Environment, Sources};

const README: &str = include_str!("../../README.md");

/// The text of the first fenced block that begins with this line.
fn block(fence: &str) -> &'static str {
    let (_, rest) = README.split_once(fence).expect("the README has such a block");
    rest.split_once("```").expect("the block ends").0
}

#[test]
fn the_configuration_in_the_readme_is_right_and_changes_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, block("```toml\n")).unwrap();
    let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(path), env, flags: Vec::new(), root: false };
    let config = sources.load().map_err(|problems| problems.to_string()).unwrap().config;
    assert_eq!(config.inbox.quiet.as_secs(), 45);
    let rule = |name: &str| config.rules.categories.iter().find(|rule| rule.name == name).unwrap();
    assert_eq!(rule("billing").channels, ["#billing"]);
    assert!(!rule("billing").keywords.is_empty(), "the built-in words stay");
    assert_eq!(rule("refund").keywords, ["refund", "chargeback"]);
}

#[test]
fn the_page_about_routing_is_a_configuration_that_is_right() {
    let page = include_str!("../../docs/routing.md");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let text: String = blocks.filter(|block| !block.starts_with("[[case]]")).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(path), env, flags: Vec::new(), root: false };
    let routing = sources.load().map_err(|problems| problems.to_string()).unwrap().config.routing;
    assert_eq!(routing.routes.len(), 4);
    assert!(routing.routes[3].digest.is_some() && routing.routes[3].gather_over == Some(20));
}

#[test]
fn the_test_command_of_the_readme_is_cargo_test() {
    assert_eq!(block("<!-- test command -->\n```sh\n"), "cargo test\n");
}

#[test]
fn every_relative_link_of_the_documentation_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/operations.md",
        "docs/architecture.md",
        "docs/errors.md",
        "docs/http-mode.md",
        "docs/routing.md",
        "docs/simulator.md",
        "docs/webhooks.md",
    ] {
        let page = root.join(page);
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = page.parent().unwrap().join(link.split('#').next().unwrap());
            if !link.starts_with("http") && !target.exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links to nowhere:\n{}", broken.join("\n"));
}
