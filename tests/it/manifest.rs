//! The app's manifest, and how the app that there is differs from it, as people see both.

use deskd::simulator::Setup;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::api_door::{Ended, deskd};
use crate::workspaces::{acme, connect, globex};
use crate::world::World;

/// A token with these scopes, and a configuration that finds it.
async fn with_scopes(scopes: &[&str]) -> (World, tempfile::TempDir) {
    let mut setup = Setup::default();
    setup.app.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let world = World::without_desk(setup, |_| {});
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, token) in [("bot", world.slack.bot_token()), ("app", world.slack.app_token())] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(at(name), token).unwrap();
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let text = format!(
        "[slack]\napi_url = {:?}\nbot_token_file = {:?}\napp_token_file = {:?}\n[store]\npath = {:?}\n",
        world.slack.api_url(),
        at("bot"),
        at("app"),
        at("deskd.db")
    );
    std::fs::write(at("config.toml"), text).unwrap();
    (world, folder)
}

async fn diff(folder: &tempfile::TempDir, more: &[&str]) -> Ended {
    let config = folder.path().join("config.toml").display().to_string();
    let words = ["deskd", "--config", &config, "manifest", "diff"];
    deskd(words.into_iter().chain(more.iter().copied())).await
}

const INBOX: [&str; 5] =
    ["channels:history", "channels:read", "chat:write", "users:read", "users:read.email"];

#[tokio::test(start_paused = true)]
async fn oau_02_oau_03_a_profile_asks_only_for_what_it_takes() {
    let inbox = deskd(["deskd", "manifest", "--profile", "inbox"]).await;
    let manifest: Value = serde_json::from_str(&inbox.out).unwrap();
    assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(INBOX));
    assert!(!inbox.out.contains("group_") && !inbox.out.contains("subteam_"), "{}", inbox.out);
    let http = deskd(["deskd", "manifest", "--http", "https://desk.example.com"]).await;
    let manifest: Value = serde_json::from_str(&http.out).unwrap();
    let settings = &manifest["settings"];
    assert_eq!(settings["socket_mode_enabled"], json!(false));
    assert_eq!(settings["event_subscriptions"]["request_url"], "https://desk.example.com/slack/events");
    let plain = deskd(["deskd", "manifest"]).await;
    let full: Value = serde_json::from_str(&plain.out).unwrap();
    assert_eq!(full["settings"]["socket_mode_enabled"], json!(true));
    assert!(full["oauth_config"]["scopes"]["bot"].as_array().unwrap().len() > INBOX.len());
}

#[tokio::test(start_paused = true)]
async fn oau_14_oau_15_missing_scopes_are_named_and_so_is_the_reinstallation() {
    let (_world, folder) = with_scopes(&INBOX).await;
    let same = diff(&folder, &["--profile", "inbox"]).await;
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    assert_snapshot!(same.out, @"the token has just the 5 scopes of the profile inbox");
    let less = diff(&folder, &["--profile", "notify"]).await;
    assert_eq!(less.code, 1);
    assert_snapshot!(less.out, @r#"
    the token lacks scopes of the profile notify
      missing   files:write, to upload the charts of reports
      missing   groups:read, to know the names and members of private channels it is in
      missing   usergroups:read, to know the user groups that a notice may mention
      needless  channels:history
      hint: put the manifest that "deskd manifest" prints into the app's settings (App Manifest), then reinstall the app (Install App): a token keeps its scopes until then
    "#);
    let json = diff(&folder, &["--json"]).await;
    let document: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&document["ok"], &document["profile"]), (&json!(false), &json!("full")));
    assert!(document["hint"].as_str().unwrap().contains("reinstall the app"), "{document}");
    let missing = document["missing"].as_array().unwrap();
    assert!(
        missing.iter().any(|one| one["scope"] == "usergroups:read" && one["what_for"] != ""),
        "{document}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_app_of_a_smaller_profile_is_well_and_one_that_fits_none_is_not() {
    for (scopes, level, told) in [
        (&INBOX[..], "ok", "all scopes of the profile inbox, and not app_mentions:read"),
        (&INBOX[..4], "problem", "lacks the scope users:read.email"),
    ] {
        let (_world, folder) = with_scopes(scopes).await;
        let config = folder.path().join("config.toml").display().to_string();
        let ended = deskd(["deskd", "--json", "--config", &config, "doctor"]).await;
        let document: Value = serde_json::from_str(&ended.out).unwrap();
        let found = document["findings"].as_array().unwrap().iter();
        let about: Vec<&Value> = found.filter(|finding| finding["check"] == "scopes").collect();
        assert!(!about.is_empty() && about.iter().all(|finding| finding["level"] == level), "{about:?}");
        assert!(about.iter().any(|finding| finding["what"].as_str().unwrap().contains(told)), "{about:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn oau_15_the_difference_is_told_of_the_workspace_that_is_named_and_where_no_token_is_configured() {
    let (world, door) = acme(Setup::default()).await;
    let mut setup = globex();
    setup.app.scopes = INBOX.iter().map(|&scope| scope.to_owned()).collect();
    let other = world.slack.add_workspace(setup);
    connect(&world, &door, &other).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, format!("[slack]\napi_url = {:?}\n", world.slack.api_url())).unwrap();
    let config = config.display().to_string();
    let words = ["--config", config.as_str(), "manifest", "diff", "--profile", "inbox"];
    let there = door.deskd(&[&words[..], &["--workspace", "Globex"]].concat()).await;
    assert_eq!(there.code, 0, "{}{}", there.out, there.err);
    assert_snapshot!(there.out, @"Globex: the token has just the 5 scopes of the profile inbox");
    let home = door.deskd(&[&words[..], &["--workspace", "Acme"]].concat()).await;
    assert!(
        home.out.contains("Acme: the token has all scopes of the profile inbox, and more"),
        "{}",
        home.out
    );
    // Two are connected, and no token is configured: the daemon asks which one is meant.
    let neither = door.deskd(&words).await;
    assert!(neither.err.contains("Acme, Globex") && neither.err.contains("--workspace"), "{}", neither.err);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_for_an_organisation_says_so_in_its_manifest() {
    for (words, whole) in [(vec!["deskd", "manifest"], false), (vec!["deskd", "manifest", "--org"], true)] {
        let printed = deskd(words).await;
        let manifest: Value = serde_json::from_str(&printed.out).unwrap();
        assert_eq!(manifest["settings"]["org_deploy_enabled"], json!(whole));
    }
}
