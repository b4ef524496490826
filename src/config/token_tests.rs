//! Where tokens are looked for, and what is refused.

use super::tokens::{Look, Secrets, Token, look};
use crate::config::{Config, Environment, Places};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn env(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn config() -> Config {
    Config::defaults(&Places::system())
}

fn told(pairs: &[(&str, &str)]) -> String {
    Secrets::load(&config(), &env(pairs)).expect_err("a token is wrong").to_string()
}

#[test]
fn the_environment_goes_before_the_file_and_that_before_systemds_credential() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app");
    fs::write(&path, "xapp-file\n").expect("written");
    fs::write(folder.path().join("slack_app_token"), "xapp-credential").expect("written");
    let credentials = ("CREDENTIALS_DIRECTORY", folder.path().to_str().expect("a plain path"));
    let mut config = config();
    let found = |config: &Config, pairs: &[(&str, &str)]| match look(Token::App, config, &env(pairs)) {
        Look::Here { secret, .. } => secret.expose().to_owned(),
        other @ (Look::Missing(_) | Look::Wrong(_)) => panic!("{other:?}"),
    };
    assert_eq!(found(&config, &[credentials]), "xapp-credential");
    config.slack.app_token_file = Some(path);
    assert_eq!(found(&config, &[credentials]), "xapp-file");
    assert_eq!(found(&config, &[credentials, ("SLACK_APP_TOKEN", "xapp-env")]), "xapp-env");
}

#[test]
fn missing_tokens_are_told_with_all_places_looked_at() {
    insta::assert_snapshot!(told(&[("CREDENTIALS_DIRECTORY", "/run/credentials/deskd.service")]), @r#"
    2 problems in the configuration
    the app token is missing: SLACK_APP_TOKEN is not set, slack.app_token_file is not set, there is no /run/credentials/deskd.service/slack_app_token
      hint: copy it from the app's Basic Information, App-Level Tokens, with scope connections:write
    the bot token is missing: SLACK_BOT_TOKEN is not set, slack.bot_token_file is not set, there is no /run/credentials/deskd.service/slack_bot_token
      hint: copy the Bot User OAuth Token from the app's OAuth & Permissions, after installing it
    "#);
}

#[test]
fn swapped_tokens_are_refused_by_the_name_of_their_kind() {
    insta::assert_snapshot!(told(&[("SLACK_APP_TOKEN", "xoxb-1-zzz"), ("SLACK_BOT_TOKEN", "xapp-1-zzz")]), @r#"
    2 problems in the configuration
    environment variable SLACK_APP_TOKEN: this is a bot token (xoxb-), the app token begins with xapp-
      hint: the two tokens are swapped
    environment variable SLACK_BOT_TOKEN: this is an app token (xapp-), the bot token begins with xoxb-
      hint: the two tokens are swapped
    "#);
}

#[test]
fn no_token_of_another_kind_is_taken_and_none_is_ever_shown() {
    for (token, word) in [
        ("xoxp-1-zzz", "user token"),
        ("xoxe.xoxb-1-zzz", "rotating token"),
        ("zzz", "not a bot token"),
        ("xoxb-zzz zzz", "spaces"),
    ] {
        let told = told(&[("SLACK_APP_TOKEN", "xapp-1-zzz"), ("SLACK_BOT_TOKEN", token)]);
        assert!(told.starts_with("one problem"), "{told}");
        assert!(told.contains(word) && !told.contains("zzz"), "{told}");
    }
}

#[test]
fn a_token_file_that_cannot_be_read_or_is_empty_is_a_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.slack.bot_token_file = Some(folder.path().join("none"));
    let told = |config: &Config| {
        let env = env(&[("SLACK_APP_TOKEN", "xapp-1")]);
        Secrets::load(config, &env).expect_err("the file is of no use").to_string()
    };
    assert!(told(&config).contains("slack.bot_token_file: cannot read the bot token"), "{}", told(&config));
    fs::write(folder.path().join("none"), "\n").expect("written");
    assert!(told(&config).contains("there is no bot token in it"), "{}", told(&config));
}

#[test]
fn a_token_file_that_everybody_can_read_is_remarked_upon() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    fs::write(&path, "0123456789abcdef\n").expect("written");
    let mut config = config();
    config.api.listen = Some("127.0.0.1:8765".parse().expect("an address"));
    config.api.token_file = Some(path.clone());
    let env = env(&[("SLACK_APP_TOKEN", "xapp-1"), ("SLACK_BOT_TOKEN", "xoxb-1")]);
    for (mode, remarks) in [(0o644, 1), (0o640, 0)] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("set");
        let found = Secrets::load(&config, &env).expect("all tokens are there");
        assert_eq!(found.remarks.len(), remarks, "{mode:o}");
        assert_eq!(found.secrets.api_token.expect("it was asked for").expose(), "0123456789abcdef");
    }
}
