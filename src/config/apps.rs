//! `[[slack.app]]`: further Slack apps beside the one of `[slack]`, each with tokens and secrets of its own, and what every
//! app signs its requests with. Of each app two signing secrets may be good at once, so that one can be replaced without a
//! refused request.

use std::path::PathBuf;

use super::check::{is_id, token_file};
use super::problem::{Problem, Problems};
use super::reader::{Reader, Section};
use super::settings::Mode;
use super::show::short_hash;
use super::tokens::{Look, Token, Where, look_in};
use super::{Config, Environment, Secret};

/// Names that an address under `/slack/` has already, or may get.
const TAKEN: [&str; 6] = ["events", "interactive", "options", "commands", "install", "oauth"];
/// How no name may end: the secret of such an app would be looked for where the one before the present secret of another is.
const BEFORE: &str = "previous";
/// Longest name of an app, in characters.
const NAME_LENGTH: usize = 40;

/// One `[[slack.app]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// What it is called here; its addresses are `/slack/NAME/...`.
    pub name: String,
    /// Slack's id of it (`A…`).
    pub id: String,
    /// How its events come in.
    pub mode: Mode,
    /// How many sockets are held for it.
    pub sockets: u8,
    /// File with its app-level token.
    pub app_token_file: Option<PathBuf>,
    /// File with its bot token.
    pub bot_token_file: Option<PathBuf>,
    /// File with its signing secret.
    pub signing_secret_file: Option<PathBuf>,
    /// File with the signing secret before that one, which is good, too.
    pub previous_signing_secret_file: Option<PathBuf>,
}

/// An app as requests and sockets know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppId {
    /// Its name; none for the app of `[slack]`.
    pub name: Option<String>,
    /// Slack's id of it, where that is configured.
    pub id: Option<String>,
}

/// The tokens of a further app.
#[derive(Clone, Debug)]
pub struct AppTokens {
    /// Which app.
    pub app: AppId,
    /// How many sockets are held for it; none where its events come over HTTP alone.
    pub sockets: u8,
    /// Its app-level token, where sockets are held.
    pub app_token: Option<Secret>,
    /// Its bot token, where there is one: with it we learn who its bot is.
    pub bot_token: Option<Secret>,
}

/// What each app that has addresses here signs its requests with.
#[derive(Clone, Debug, Default)]
pub struct Signing(Vec<(AppId, Vec<Secret>)>);

impl Signing {
    /// The app of `[slack]` alone, with these secrets.
    pub fn of(secrets: Vec<Secret>) -> Signing {
        Signing(vec![(AppId::default(), secrets)])
    }

    /// The same with a further app.
    #[must_use]
    pub fn and(mut self, app: AppId, secrets: Vec<Secret>) -> Signing {
        self.0.push((app, secrets));
        self
    }

    /// The apps.
    pub fn apps(&self) -> impl Iterator<Item = &AppId> {
        self.0.iter().map(|(app, _)| app)
    }

    /// What shows that an app has other signing secrets than before.
    pub fn lines(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(app, secrets)| {
            let all: Vec<String> = secrets.iter().map(|secret| short_hash(secret.expose())).collect();
            let key = match &app.name {
                None => "slack.signing_secret".to_owned(),
                Some(name) => format!("slack.app.{name}.signing_secret"),
            };
            (key, all.join(" "))
        })
    }

    /// The secrets of one app, the newest first; empty when there is none.
    pub fn secrets(&self, app: &AppId) -> &[Secret] {
        let found = self.0.iter().find(|(other, _)| other.name == app.name);
        found.map(|(_, secrets)| secrets.as_slice()).unwrap_or_default()
    }

    /// The secrets as configuration and environment say; what is wrong with any of them comes back instead. That one is
    /// missing is a remark: until it is there, its app's requests are refused and everything else works.
    pub fn load(config: &Config, env: &Environment) -> Result<(Signing, Vec<Problem>), Problems> {
        let mut search = Search { env, problems: Vec::new(), remarks: Vec::new() };
        let mut signing = Signing::default();
        let slack = &config.slack;
        if slack.mode.has_http() {
            let now = search.find(Token::Signing, &Where::of(Token::Signing, config), false);
            let before = search.find(Token::Signing, &previous(config), true);
            signing.0.push((AppId::default(), now.into_iter().chain(before).collect()));
        }
        for (at, app) in slack.apps.iter().enumerate().filter(|(_, app)| app.mode.has_http()) {
            let place = |name: &str, file| place(&slack.apps, at, name, file);
            let now = place("signing_secret", app.signing_secret_file.as_deref());
            let now = search.find(Token::Signing, &now, false);
            let before = place("previous_signing_secret", app.previous_signing_secret_file.as_deref());
            let before = search.find(Token::Signing, &before, true);
            signing.0.push((app.app_id(), now.into_iter().chain(before).collect()));
        }
        search.end(signing)
    }
}

impl App {
    /// As requests and sockets know it.
    pub fn app_id(&self) -> AppId {
        AppId { name: Some(self.name.clone()), id: Some(self.id.clone()) }
    }
}

/// The tokens of all further apps.
pub fn tokens(config: &Config, env: &Environment) -> Result<(Vec<AppTokens>, Vec<Problem>), Problems> {
    let mut search = Search { env, problems: Vec::new(), remarks: Vec::new() };
    let mut all = Vec::new();
    for (at, app) in config.slack.apps.iter().enumerate() {
        let has_sockets = app.mode.has_sockets();
        let place = |name: &str, file| place(&config.slack.apps, at, name, file);
        let app_place = place("app_token", app.app_token_file.as_deref());
        let bot_place = place("bot_token", app.bot_token_file.as_deref());
        let app_token = if has_sockets { search.need(Token::App, &app_place) } else { None };
        let bot_token = search.find(Token::Bot, &bot_place, true);
        let sockets = if has_sockets { app.sockets } else { 0 };
        all.push(AppTokens { app: app.app_id(), sockets, app_token, bot_token });
    }
    search.end(all)
}

/// Where a token of a further app may be: `SLACK_NAME_BOT_TOKEN`, its file, the credential `slack_NAME_bot_token`. What
/// belongs to the second app of all is also taken from `SLACK_HELPER_...`, unless an app is called so.
fn place<'a>(apps: &[App], at: usize, what: &str, file: Option<&'a std::path::Path>) -> Where<'a> {
    let app = &apps[at];
    let own = app.name.to_uppercase().replace('-', "_");
    let upper = what.to_uppercase();
    let mut variables = vec![format!("SLACK_{own}_{upper}")];
    if at == 0 && apps.iter().all(|app| app.name != "helper") {
        variables.push(format!("SLACK_HELPER_{upper}"));
    }
    Where {
        of: Some(app.name.clone()),
        variables,
        key: format!("slack.app[{}].{what}_file", at + 1),
        file,
        credential: format!("slack_{}_{what}", app.name.replace('-', "_")),
    }
}

/// Where the signing secret before the present one may be.
fn previous(config: &Config) -> Where<'_> {
    Where {
        of: None,
        variables: vec!["SLACK_PREVIOUS_SIGNING_SECRET".to_owned()],
        key: "slack.previous_signing_secret_file".to_owned(),
        file: config.slack.previous_signing_secret_file.as_deref(),
        credential: "slack_previous_signing_secret".to_owned(),
    }
}

/// Looking for several secrets; what is wrong is gathered.
struct Search<'a> {
    env: &'a Environment,
    problems: Vec<Problem>,
    remarks: Vec<Problem>,
}

impl Search<'_> {
    /// A secret that may be missing, which is remarked upon unless it is optional.
    fn find(&mut self, token: Token, place: &Where<'_>, optional: bool) -> Option<Secret> {
        match look_in(token, place, self.env) {
            Look::Here { secret, remark, .. } => {
                self.remarks.extend(remark);
                return Some(secret);
            }
            Look::Missing(_) if optional => {}
            Look::Missing(problem) => self.remarks.push(problem),
            Look::Wrong(problem) => self.problems.push(problem),
        }
        None
    }

    /// A secret that must be there.
    fn need(&mut self, token: Token, place: &Where<'_>) -> Option<Secret> {
        match look_in(token, place, self.env) {
            Look::Here { secret, remark, .. } => {
                self.remarks.extend(remark);
                return Some(secret);
            }
            Look::Missing(problem) | Look::Wrong(problem) => self.problems.push(problem),
        }
        None
    }

    fn end<T>(self, found: T) -> Result<(T, Vec<Problem>), Problems> {
        if self.problems.is_empty() { Ok((found, self.remarks)) } else { Err(Problems(self.problems)) }
    }
}

/// Reads every `[[slack.app]]`.
pub fn read(reader: &mut Reader<'_>) -> Vec<App> {
    let mut apps: Vec<App> = Vec::new();
    for (at, table) in reader.tables("slack.app").into_iter().enumerate() {
        let mut section = reader.element("slack.app", at + 1, &table);
        let Some(app) = app(&mut section) else { continue };
        if apps.iter().any(|other| other.name == app.name) {
            section.refuse("name", format!("there are two of the name {}", app.name), "rename one");
        }
        if apps.iter().any(|other| other.id == app.id) {
            section.refuse("id", format!("{} is there twice", app.id), "name each app once");
        }
        apps.push(app);
    }
    apps
}

fn app(section: &mut Section<'_, '_>) -> Option<App> {
    for (key, hint) in [
        ("name", "its addresses are /slack/NAME/..."),
        ("id", "copy the App ID from the app's Basic Information"),
    ] {
        if !section.is_set(key) {
            section.refuse_table(format!("an app needs its {key}"), hint);
        }
    }
    let (name, id) = (name(section), id(section));
    let mode = section.word("mode", Mode::WORDS, Mode::Socket);
    let app = App {
        name: name.clone().unwrap_or_default(),
        id: id.clone().unwrap_or_default(),
        mode,
        sockets: section.integer("sockets", 1..=10, 2),
        app_token_file: token_file(section, "app_token_file"),
        bot_token_file: token_file(section, "bot_token_file"),
        signing_secret_file: token_file(section, "signing_secret_file"),
        previous_signing_secret_file: token_file(section, "previous_signing_secret_file"),
    };
    (name.is_some() && id.is_some()).then_some(app)
}

fn name(section: &mut Section<'_, '_>) -> Option<String> {
    let name = section.text("name")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > NAME_LENGTH || !name.chars().all(plain) {
        section.refuse(
            "name",
            "this is no name for an app",
            "write up to 40 lower-case letters, digits and -",
        );
        return None;
    }
    if name == BEFORE || name.ends_with(&format!("-{BEFORE}")) {
        let what = "its secret would be looked for where an app's previous one is";
        section.refuse("name", what, "choose a name that does not end in \"previous\"");
        return None;
    }
    if TAKEN.contains(&name.as_str()) {
        section.refuse("name", format!("/slack/{name} is an address already"), "choose another name");
        return None;
    }
    Some(name)
}

fn id(section: &mut Section<'_, '_>) -> Option<String> {
    let id = section.text("id")?;
    if is_id(&id, &['A']) {
        return Some(id);
    }
    let hint = "copy the App ID (A...) from the app's Basic Information";
    section.refuse("id", format!("\"{id}\" is not the id of an app"), hint);
    None
}

/// The lines of the sections for `deskd check`.
pub fn show(apps: &[App], add: &mut impl FnMut(&str, String)) {
    let path =
        |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    for app in apps {
        let App { name, id, mode, sockets, app_token_file, bot_token_file, .. } = app;
        let App { signing_secret_file, previous_signing_secret_file, .. } = app;
        let mut part = |key: &str, value: String| add(&format!("slack.app.{name}.{key}"), value);
        part("id", id.clone());
        part("mode", format!("{mode:?}").to_lowercase());
        part("sockets", sockets.to_string());
        part("app_token_file", path(app_token_file));
        part("bot_token_file", path(bot_token_file));
        part("signing_secret_file", path(signing_secret_file));
        part("previous_signing_secret_file", path(previous_signing_secret_file));
    }
}

#[cfg(test)]
mod tests {
    use super::{Signing, tokens};
    use crate::config::Environment;
    use crate::config::tests::load_text;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const TWO: &str = r#"
    [slack]
    mode = "http"
    [[slack.app]]
    name = "notifications"
    id = "A0NOTIFY"
    mode = "both"
    "#;

    #[test]
    fn sec_11_each_app_has_its_own_signing_secret_and_may_have_two() {
        let config = load_text(TWO).expect("nothing is wrong");
        let env = env(&[
            ("SLACK_SIGNING_SECRET", "one"),
            ("SLACK_PREVIOUS_SIGNING_SECRET", "before"),
            ("SLACK_HELPER_SIGNING_SECRET", "two"),
        ]);
        let (signing, remarks) = Signing::load(&config, &env).expect("all are there");
        let told: Vec<String> = signing
            .apps()
            .map(|app| {
                let secrets: Vec<&str> = signing.secrets(app).iter().map(|secret| secret.expose()).collect();
                format!("{:?} {}", app.name, secrets.join(","))
            })
            .collect();
        assert_eq!(told, ["None one,before", "Some(\"notifications\") two"]);
        assert!(remarks.is_empty(), "{remarks:?}");
    }

    #[test]
    fn a_signing_secret_that_is_missing_is_remarked_upon_and_one_that_is_wrong_refused() {
        let config = load_text(TWO).expect("nothing is wrong");
        let (signing, remarks) = Signing::load(&config, &env(&[])).expect("nothing is wrong");
        assert!(signing.apps().all(|app| signing.secrets(app).is_empty()));
        let told: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("the signing secret is missing"), "{told:?}");
        assert!(told[1].contains("the signing secret of notifications is missing"), "{told:?}");
        let swapped = env(&[("SLACK_NOTIFICATIONS_SIGNING_SECRET", "xoxb-1-zzz")]);
        let told = Signing::load(&config, &swapped).expect_err("it is a token").to_string();
        assert!(told.contains("not the signing secret") && !told.contains("zzz"), "{told}");
    }

    #[test]
    fn no_app_is_opened_by_the_secret_of_another() {
        let app = |name: &str, id: &str| {
            format!("[[slack.app]]\nname = \"{name}\"\nid = \"{id}\"\nmode = \"http\"\n")
        };
        let text =
            format!("[slack]\nmode = \"http\"\n{}{}", app("notifications", "A0ONE"), app("helper", "A0TWO"));
        let config = load_text(&text).expect("nothing is wrong");
        let here = env(&[
            ("SLACK_SIGNING_SECRET", "one"),
            ("SLACK_NOTIFICATIONS_SIGNING_SECRET", "two"),
            ("SLACK_HELPER_SIGNING_SECRET", "three"),
        ]);
        let (signing, _) = Signing::load(&config, &here).expect("nothing is wrong");
        let told: Vec<Vec<&str>> = signing
            .apps()
            .map(|app| signing.secrets(app).iter().map(|secret| secret.expose()).collect())
            .collect();
        assert_eq!(told, [["one"], ["two"], ["three"]]);
        let (signing, _) =
            Signing::load(&config, &env(&[("SLACK_HELPER_SIGNING_SECRET", "three")])).expect("well");
        let has: Vec<bool> = signing.apps().map(|app| !signing.secrets(app).is_empty()).collect();
        assert_eq!(has, [false, false, true], "helper's is helper's alone");
        for name in ["previous", "notifications-previous"] {
            let told = load_text(&app(name, "A0ONE")).expect_err("it could open another").to_string();
            assert!(told.contains("where an app's previous one is"), "{told}");
        }
    }

    #[test]
    fn an_app_with_sockets_needs_its_own_app_token() {
        let config = load_text(TWO).expect("nothing is wrong");
        let told = tokens(&config, &env(&[])).expect_err("it is missing").to_string();
        assert!(told.contains("SLACK_NOTIFICATIONS_APP_TOKEN is not set"), "{told}");
        let here = env(&[("SLACK_HELPER_APP_TOKEN", "xapp-2"), ("SLACK_NOTIFICATIONS_BOT_TOKEN", "xoxb-2")]);
        let (found, _) = tokens(&config, &here).expect("both are there");
        assert_eq!((found.len(), found[0].sockets, found[0].bot_token.is_some()), (1, 2, true));
    }

    #[test]
    fn the_app_of_the_example_is_right_and_says_every_key() {
        let (_, shown) =
            include_str!("../../config.toml.example").split_once("\n# [[slack.app]]").expect("one is shown");
        let shown = shown.split("\n\n").next().unwrap_or_default().replace("\n# ", "\n");
        let config = load_text(&format!("[[slack.app]]{shown}")).expect("it is right");
        let app = &config.slack.apps[0];
        assert_eq!((app.name.as_str(), app.id.as_str()), ("notifications", "A0123456789"));
        let lines = config.lines();
        let said = lines.iter().filter_map(|(key, _)| key.strip_prefix("slack.app.notifications."));
        said.for_each(|key| assert!(shown.contains(&format!("\n{key} = ")), "{key} is not in it"));
    }

    #[test]
    fn apps_are_told_apart_by_names_that_stand_in_an_address() {
        let text = r#"
    [[slack.app]]
    name = "events"
    id = "A0ONE"
    [[slack.app]]
    name = "My App"
    id = "B0TWO"
    [[slack.app]]
    secret = "zzz"
    [[slack.app]]
    name = "twice"
    id = "A0THREE"
    [[slack.app]]
    name = "twice"
    id = "A0THREE"
    "#;
        insta::assert_snapshot!(load_text(text).expect_err("much is wrong"), @r#"
        8 problems in the configuration
        /etc/deskd/config.toml:3:12: slack.app[1].name: /slack/events is an address already
          hint: choose another name
        /etc/deskd/config.toml:6:12: slack.app[2].name: this is no name for an app
          hint: write up to 40 lower-case letters, digits and -
        /etc/deskd/config.toml:7:10: slack.app[2].id: "B0TWO" is not the id of an app
          hint: copy the App ID (A...) from the app's Basic Information
        /etc/deskd/config.toml:8:5: slack.app[3]: an app needs its id
          hint: copy the App ID from the app's Basic Information
        /etc/deskd/config.toml:8:5: slack.app[3]: an app needs its name
          hint: its addresses are /slack/NAME/...
        /etc/deskd/config.toml:9:5: slack.app[3].secret: a token does not belong in the configuration
          hint: keep it in a file named by signing_secret_file
        /etc/deskd/config.toml:14:12: slack.app[5].name: there are two of the name twice
          hint: rename one
        /etc/deskd/config.toml:15:10: slack.app[5].id: A0THREE is there twice
          hint: name each app once
        "#);
    }
}
