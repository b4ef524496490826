//! The configuration as an operator meets it: a file, variables and flags in, settings or a list of problems out.

use std::path::Path;
use std::time::Duration;

use super::check::{Layers, check};
use super::file::{Source, line_of};
use super::settings::{LogLevel, Monitor};
use super::{Config, Environment, Flag, Places, Problems, Sources, unknown_channels};
use crate::domain::ids::ChannelId;
use crate::domain::rules::CategoryRule;

fn env(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Config, Problems> {
    let source = Source { path: "/etc/deskd/config.toml".into(), text: text.to_owned() };
    let env = env(pairs);
    check(&Layers { source: Some(&source), env: &env, flags: &[] }, &Places::system())
}

/// What a file alone comes to; the tests of the sections use it, too.
pub(super) fn load_text(text: &str) -> Result<Config, Problems> {
    load(text, &[])
}

fn problems(text: &str, pairs: &[(&str, &str)]) -> String {
    load(text, pairs).expect_err("it has problems").to_string()
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = load("", &[]).expect("nothing is wrong");
    assert_eq!(config.lines(), Config::defaults(&Places::system()).lines());
    assert_eq!(config.inbox.quiet, Duration::from_secs(30));
    assert_eq!(config.rules.fallback, "other");
}

#[test]
fn every_key_of_the_file_arrives() {
    let text = r##"
[slack]
api_url = "http://127.0.0.1:9000/api"
sockets = 4
app_token_file = "tokens/app"
[inbox]
quiet = "10s"
max_wait = "1m"
trusted_bots = ["A012345", "B0ABCDE"]
monitor = "joined"
fallback = "question"
[store]
path = "/srv/desk.db"
keep_events = "7d"
[api]
listen = "127.0.0.1:8765"
token_file = "/srv/token"
[outbox]
give_up = "2h"
[log]
level = "debug"
[priority]
urgent = ["on fire"]
[[category]]
name = "refund"
keywords = ["refund"]
patterns = ['(?i)order \d+']
channels = ["#money", "C0123456789"]
domains = ["Example.COM"]
weight = 2
"##;
    let config = load(text, &[]).expect("nothing is wrong");
    assert_eq!(config.slack.api_url, "http://127.0.0.1:9000/api/");
    assert_eq!(config.slack.app_token_file.as_deref(), Some(Path::new("/etc/deskd/tokens/app")));
    assert_eq!(config.inbox.monitor, Monitor::Joined);
    assert_eq!(config.rules.priority.urgent, ["on fire"]);
    let own = config.rules.categories.last().expect("it was added");
    assert_eq!((own.name.as_str(), own.weight), ("refund", 2.0));
    assert_eq!(own.domains, ["example.com"]);
    let lines: String = config.lines().iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    assert!(lines.contains("inbox.fallback=question\n") && lines.contains("outbox.give_up=2h\n"), "{lines}");
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let source =
        Source { path: "c.toml".into(), text: "[log]\nlevel = \"warn\"\n[inbox]\nquiet = \"5s\"".to_owned() };
    let env =
        env(&[("DESKD_LOG__LEVEL", "error"), ("DESKD_INBOX__QUIET", "7s"), ("DESKD_OUTBOX__GIVE_UP", "")]);
    let flag = Flag { name: "--log-level", section: "log", key: "level", value: "debug".to_owned() };
    let layers = Layers { source: Some(&source), env: &env, flags: &[flag] };
    let config = check(&layers, &Places::system()).expect("nothing is wrong");
    assert_eq!(config.log.level, LogLevel::Debug);
    assert_eq!(config.inbox.quiet, Duration::from_secs(7));
    assert_eq!(config.outbox.give_up, Duration::from_secs(86_400), "an empty variable counts as not set");
}

#[test]
fn lists_in_variables_are_separated_by_commas() {
    let pairs =
        [("DESKD_INBOX__TRUSTED_BOTS", "A012345, B012345,"), ("DESKD_PRIORITY__LOW", "no rush,later")];
    let config = load("", &pairs).expect("nothing is wrong");
    assert_eq!(config.inbox.trusted_bots, ["A012345", "B012345"]);
    assert_eq!(config.rules.priority.low, ["no rush", "later"]);
}

#[test]
fn every_scalar_key_has_its_variable() {
    let values = [
        ("SLACK__API_URL", "https://slack.example/api/"),
        ("SLACK__SOCKETS", "3"),
        ("SLACK__APP_TOKEN_FILE", "/a"),
        ("SLACK__BOT_TOKEN_FILE", "/b"),
        ("INBOX__QUIET", "11s"),
        ("INBOX__MAX_WAIT", "11m"),
        ("INBOX__MONITOR", "joined"),
        ("INBOX__FALLBACK", "bug"),
        ("STORE__PATH", "/c"),
        ("STORE__KEEP_EVENTS", "11d"),
        ("STORE__KEEP_TASKS", "12d"),
        ("STORE__KEEP_DELIVERIES", "13d"),
        ("API__SOCKET", "/d"),
        ("API__LISTEN", "[::1]:8765"),
        ("API__TOKEN_FILE", "/e"),
        ("OUTBOX__GIVE_UP", "11h"),
        ("LOG__FORMAT", "json"),
        ("LOG__LEVEL", "trace"),
    ];
    let env = values.map(|(name, value)| (format!("DESKD_{name}"), value));
    let pairs: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let config = load("", &pairs).expect("nothing is wrong");
    let lines = config.lines();
    for (name, value) in values {
        let key = name.replace("__", ".").to_lowercase();
        assert!(lines.contains(&(key.clone(), value.to_owned())), "{key} is not {value}");
    }
}

/// A file in which nearly everything is wrong.
const WRONG: &str = r##"[slack]
api_url = "http://slack.com/api/"
sockets = 11
bot_token = "xoxb-1-secret"

[inbox]
quite = "30s"
max_wait = 300
trusted_bots = ["A012345", 7, "zapier"]
monitor = "join"
fallback = "otter"
level = "info"

[store]
keep_events = "90 days ago"
keep_task = "1y"

[api]
listen = "0.0.0.0:8765"

[[category]]
name = "refund"
patterns = ["(oops", "fine"]
channels = ["Support", "#ok"]
domains = ["@example.com"]
weight = -1

[[category]]
keyword = ["x"]

[[category]]
name = "void"

[inbux]
x = 1
[triage]
learn = "off"
"##;

#[test]
fn all_problems_of_a_file_are_told_at_once_with_their_places() {
    insta::assert_snapshot!(problems(WRONG, &[]), @r##"
    21 problems in the configuration
    /etc/deskd/config.toml:2:11: slack.api_url: tokens must not travel unencrypted over a network
      hint: use https; plain http is for a simulator on 127.0.0.1
    /etc/deskd/config.toml:3:11: slack.sockets: not a whole number from 1 to 10
      hint: 2 is usual
    /etc/deskd/config.toml:4:1: slack.bot_token: a token does not belong in the configuration
      hint: keep it in a file named by bot_token_file, or in SLACK_BOT_TOKEN
    /etc/deskd/config.toml:7:1: inbox.quite: unknown key
      hint: did you mean "quiet"?
    /etc/deskd/config.toml:8:12: inbox.max_wait: a span of time needs a unit
      hint: write "300s" for seconds, or m, h, d
    /etc/deskd/config.toml:9:28: inbox.trusted_bots[2]: text is needed here, not a whole number
      hint: put it in quotes
    /etc/deskd/config.toml:9:31: inbox.trusted_bots[3]: "zapier" is not the id of an app or a bot
      hint: give the app id (A…) or bot id (B…) from the app's page in Slack
    /etc/deskd/config.toml:10:11: inbox.monitor: "join" is not one of the words for this
      hint: did you mean "joined"? It can be "picked", "joined"
    /etc/deskd/config.toml:11:12: inbox.fallback: there is no category "otter"
      hint: did you mean "other"? There are bug, billing, sales, feature, support, question, other, refund, void
    /etc/deskd/config.toml:12:1: inbox.level: unknown key
      hint: "level" stands under [log]
    /etc/deskd/config.toml:15:15: store.keep_events: "90 days ago" is not a span of time above zero
      hint: write for instance "30s", "5m", "24h" or "90d"
    /etc/deskd/config.toml:16:1: store.keep_task: unknown key
      hint: did you mean "keep_tasks"?
    /etc/deskd/config.toml:19:10: api.listen: deskd listens on this machine only
      hint: write "127.0.0.1:8765"; let a reverse proxy face the network
    /etc/deskd/config.toml:23:13: category[1].patterns[1]: bad regular expression: unclosed group
      hint: write it in single quotes, so that TOML leaves its backslashes alone
    /etc/deskd/config.toml:24:13: category[1].channels[1]: "Support" is neither a channel's name nor its id
      hint: write "#support" (channel names are lower case) or "C0123456789"
    /etc/deskd/config.toml:25:12: category[1].domains[1]: "@example.com" is not an e-mail domain
      hint: write what stands behind the @, for instance "example.com"
    /etc/deskd/config.toml:26:10: category[1].weight: not a number from 0 to 100
      hint: 1.0 is usual, 0 counts nothing
    /etc/deskd/config.toml:28:1: category[2]: a category needs a name
      hint: write for instance name = "billing"
    /etc/deskd/config.toml:29:1: category[2].keyword: unknown key
      hint: did you mean "keywords"?
    /etc/deskd/config.toml:32:8: category[3].name: nothing can ever be "void"
      hint: give it keywords, phrases, patterns, channels or domains
    /etc/deskd/config.toml:34:2: inbux: unknown section
      hint: did you mean [inbox]?
    "##);
}

#[test]
fn problems_from_the_environment_and_from_flags_name_the_variable_and_the_flag() {
    let pairs = [
        ("DESKD_INBOX__QUITE", "30s"),
        ("DESKD_SLACK__SOCKETS", "many"),
        ("DESKD_SLACK__APP_TOKEN", "xapp-1-secret"),
        ("DESKD_PAYLOADS", "left alone: it is no setting"),
        ("DESKD_INBOX__QUIET", "10m"),
    ];
    insta::assert_snapshot!(problems("", &pairs), @r##"
    4 problems in the configuration
    environment variable DESKD_INBOX__QUIET: inbox.quiet: max_wait (5m) is shorter than quiet (10m)
      hint: a bundle waits at least the quiet period: raise max_wait or lower quiet
    environment variable DESKD_INBOX__QUITE: this variable sets nothing
      hint: did you mean DESKD_INBOX__QUIET?
    environment variable DESKD_SLACK__APP_TOKEN: this variable sets nothing
      hint: keep it in a file named by app_token_file, or in SLACK_APP_TOKEN
    environment variable DESKD_SLACK__SOCKETS: slack.sockets: not a whole number from 1 to 10
      hint: 2 is usual
    "##);
    let empty = Environment::new();
    let flag = Flag { name: "--log-level", section: "log", key: "level", value: "loud".to_owned() };
    let told = check(&Layers { source: None, env: &empty, flags: &[flag] }, &Places::system());
    let told = told.expect_err("the level does not exist").to_string();
    assert!(told.contains("flag --log-level: log.level: \"loud\""), "{told}");
}

#[test]
fn a_slip_of_syntax_does_not_hide_the_other_problems() {
    let told = problems("[inbox]\nquiet = 30 s\n[log]\nlevel = \"inform\"\n", &[]);
    assert!(told.starts_with("2 problems"), "{told}");
    assert!(told.contains("config.toml:2:") && told.contains("config.toml:4:9: log.level"), "{told}");
    assert!(told.contains("did you mean \"info\"?"), "{told}");
}

#[test]
fn a_file_cut_off_anywhere_gives_settings_or_problems_with_their_places() {
    for text in [WRONG, &example(|_| true)] {
        for (end, _) in text.char_indices() {
            let told = load(&text[..end], &[]).err();
            let lines = text[..end].matches('\n').count() + 1;
            for problem in told.iter().flat_map(|problems| &problems.0) {
                assert!((1..=lines).contains(&line_of(&problem.spot)), "{problem} in {lines} lines");
            }
        }
    }
}

#[test]
fn a_token_never_appears_in_a_problem() {
    let inline = "[slack]\napp_token = \"xapp-1-secret\"\nbot_token = xoxb-secret\n";
    let as_path = "[slack]\nbot_token_file = \"xoxb-1-secret\"\n";
    let elsewhere = "[inbox]\nquiet = \"xapp-1-secret\"\nmonitor = \"xoxe.xoxb-1-secret\"\n";
    for (text, word) in [(inline, "SLACK_APP_TOKEN"), (as_path, "this is a token"), (elsewhere, "\"xapp-…\"")]
    {
        let told = problems(text, &[]);
        assert!(told.contains(word) && !told.contains("secret"), "{told}");
    }
}

#[test]
fn an_own_category_changes_the_built_in_one_key_by_key_and_others_are_added() {
    let before = Config::defaults(&Places::system()).rules.categories;
    let text = r##"
[[category]]
name = "sales"
channels = ["#sales"]
keywords = []
[[category]]
name = "legal"
keywords = ["gdpr"]
[[category]]
name = "feature"
weight = 0
"##;
    let after = load(text, &[]).expect("nothing is wrong").rules.categories;
    let find = |rules: &[CategoryRule], name: &str| {
        let at = rules.iter().position(|rule| rule.name == name).expect("it is there");
        (at, rules[at].clone())
    };
    let ((old_at, old), (at, sales)) = (find(&before, "sales"), find(&after, "sales"));
    assert_eq!((at, &sales.channels, &sales.keywords), (old_at, &vec!["#sales".to_owned()], &Vec::new()));
    assert_eq!((sales.phrases, sales.weight), (old.phrases, old.weight), "what is not given stays");
    let (_, feature) = find(&after, "feature");
    assert_eq!((feature.weight, feature.keywords), (0.0, find(&before, "feature").1.keywords));
    assert_eq!(find(&after, "legal").0, before.len(), "a new one comes last");
}

#[test]
fn the_hash_follows_what_holds_and_not_where_it_was_set() {
    let file = load("[inbox]\nquiet = \"60s\"\n", &[]).expect("nothing is wrong");
    let variable = load("", &[("DESKD_INBOX__QUIET", "1m")]).expect("nothing is wrong");
    let default = load("", &[]).expect("nothing is wrong");
    assert_eq!(file.hash(), variable.hash());
    assert_ne!(file.hash(), default.hash());
    assert_eq!(default.hash().len(), 12);
}

#[test]
fn a_channel_the_workspace_does_not_have_is_told_with_its_place() {
    let text = "[[category]]\nname = \"legal\"\nchannels = [\"#suport\", \"#law\", \"C0123456789\"]\n";
    let config = load(text, &[]).expect("nothing is wrong");
    let known =
        [("C0000000001".to_owned(), "support".to_owned()), ("C0000000002".to_owned(), "law".to_owned())];
    let told = Problems(unknown_channels(&config, &known)).to_string();
    insta::assert_snapshot!(told, @r##"
    2 problems in the configuration
    /etc/deskd/config.toml:3:13: category[1].channels[1]: no channel #suport is known
      hint: did you mean "#support"?
    /etc/deskd/config.toml:3:32: category[1].channels[3]: no channel C0123456789 is known
      hint: see "deskd channels list"; a private channel is known once the bot is in it
    "##);
}

#[test]
fn a_canary_needs_a_channel_that_exists_and_time_to_come_back() {
    let told = load("[canary]\nchannel = \"Support\"\nevery = \"10s\"\n", &[]).expect_err("both are wrong");
    insta::assert_snapshot!(told.to_string(), @r##"
    2 problems in the configuration
    /etc/deskd/config.toml:2:11: canary.channel: "Support" is neither a channel's name nor its id
      hint: write "#deskd-canary" (names are lower case) or "C0123456789"
    /etc/deskd/config.toml:3:9: canary.every: 10s is too often
      hint: a canary gets 30s to come back: write 1m or more
    "##);
    let config = load("[canary]\nchannel = \"#canray\"\n", &[]).expect("the form is right");
    assert_eq!(config.canary.every, Duration::from_secs(300));
    let told = Problems(unknown_channels(&config, &[("C1".to_owned(), "canary".to_owned())])).to_string();
    insta::assert_snapshot!(told, @r##"
    one problem in the configuration
    /etc/deskd/config.toml:2:11: canary.channel: no channel #canray is known
      hint: did you mean "#canary"?
    "##);
    assert_eq!(load("", &[]).expect("nothing is wrong").canary.channel, None, "off by default");
}

/// The example with its settings switched on: a line `#key = value` is a setting, `# Words` are a comment.
fn example(keep: impl Fn(&str) -> bool) -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with([' ', '#']) && !rest.is_empty() && keep(rest) => rest.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    include_str!("../../config.toml.example").lines().map(|text| line(text) + "\n").collect()
}

/// Keys that hold nothing unless they are set: in the example they stand with a value to imitate.
///
/// The priority words have defaults, but those are hundreds of words in a dozen languages: no reading for an example.
const WITHOUT_DEFAULT: &str = "url;name = ;category = {;fallback = \"C0;channel;app_token_file;bot_token_file;signing_secret_file;previous_signing_secret_file;\
    listen;token_file;urgent;high;low;command;webhook_file;email;backup_older_than;server;from;user;password_file;ca_file;\
    webhook_secret_file;key_file;zone;monthly_;price_;client_;redirect_url;scopes;user_scopes";

#[test]
fn the_example_says_every_key_with_its_default() {
    let has_default = |setting: &str| !WITHOUT_DEFAULT.split(';').any(|key| setting.starts_with(key));
    let text = example(has_default);
    let config = load(&text, &[]).expect("the example is right");
    let defaults = Config::defaults(&Places::system());
    assert_eq!(config.lines(), defaults.lines());
    let listed = |key: &str| key.starts_with("category.") || key.starts_with("kind.");
    for (key, _) in defaults.lines().iter().filter(|(key, _)| !listed(key)) {
        let (section, key) = key.split_once('.').expect("section and key");
        let all = example(|_| true);
        let body = all.split(&format!("\n[{section}]\n")).nth(1).expect("the section is there");
        let body = body.split("\n[").next().unwrap_or_default();
        assert!(
            body.lines().any(|line| line.starts_with(&format!("{key} = "))),
            "{section}.{key} is not in it"
        );
    }
}

#[test]
fn the_example_is_right_as_it_is_and_with_everything_switched_on() {
    assert_eq!(
        load(&example(|_| false), &[]).expect("as it is").hash(),
        load("", &[]).expect("defaults").hash()
    );
    let all = load(&example(|_| true), &[]).expect("with everything switched on");
    assert!(all.api.listen.is_some() && all.slack.app_token_file.is_some());
    let (_, category) =
        include_str!("../../config.toml.example").split_once("\n# [[category]]").expect("one is shown");
    let category = format!("[[category]]{}", category.replace("\n# ", "\n"));
    let shown = load(&category, &[]).expect("the category shown is right").rules.categories;
    assert!(shown.last().expect("it was added").patterns[0].is_match("my Order 123456 is late"));
}

#[test]
fn the_routes_of_the_example_are_right() {
    let example = include_str!("../../config.toml.example");
    let (_, rest) = example.split_once("\n# [[hours]]").expect("they begin with hours");
    let (block, _) = rest.split_once("\n# End of the routes").expect("they have an end");
    let crm = "[[endpoint]]\nname = \"crm\"\nurl = \"https://crm.example.com/notices\"\n";
    let text = format!("{crm}[[hours]]{}", block.replace("\n# ", "\n").replace("\n#\n", "\n\n"));
    let config = load(&text, &[]).expect("they are right");
    assert_eq!(config.remarks, Vec::new(), "each is reached, and the last takes the rest");
    let routing = config.routing;
    assert_eq!((routing.routes.len(), routing.projects.len()), (4, 1));
    assert_eq!((routing.maintenance.len(), routing.inhibitions.len()), (2, 1));
}

#[test]
fn fallbacks_are_channels_by_id_and_each_channel_has_one() {
    let text = r#"
[outbox]
fallback = "C0000000001"
[[destination]]
channel = "C0000000002"
fallback = "C0000000003"
"#;
    let config = load(text, &[]).expect("it is right");
    assert_eq!(unknown_channels(&config, &[("C0000000001".to_owned(), "ops".to_owned())]).len(), 2);
    let fallbacks = config.outbox.fallbacks;
    let of = |channel: &str| fallbacks.of(&ChannelId(channel.to_owned())).map(|id| id.0.clone());
    assert_eq!(of("C0000000002").as_deref(), Some("C0000000003"));
    assert_eq!(of("C0000000009").as_deref(), Some("C0000000001"));
    let wrong = r##"
[outbox]
fallback = "#ops"
[[destination]]
channel = "C0000000002"
[[destination]]
channel = "C0000000002"
fallback = "C0000000002"
[[destination]]
channel = "C0000000004"
fallback = "C0000000005"
[[destination]]
channel = "C0000000004"
fallback = "C0000000006"
"##;
    insta::assert_snapshot!(problems(wrong, &[]), @r##"
    4 problems in the configuration
    /etc/deskd/config.toml:3:12: outbox.fallback: "#ops" is not the id of a channel
      hint: write the id, for instance "C0123456789": "deskd channels list" shows it
    /etc/deskd/config.toml:4:1: destination[1]: a destination needs a fallback
      hint: say where to go instead
    /etc/deskd/config.toml:8:12: destination[2].fallback: a channel cannot stand in for itself
      hint: name another channel
    /etc/deskd/config.toml:13:11: destination[4].channel: C0000000004 is there twice
      hint: join the two
    "##);
}

#[test]
fn a_file_that_was_named_must_be_there_and_the_usual_one_need_not() {
    let home = tempfile::tempdir().expect("a folder");
    let env = env(&[("HOME", home.path().to_str().expect("a plain path"))]);
    let usual = Sources { config: None, env, flags: Vec::new(), root: false };
    let own = usual.places().config.starts_with(home.path());
    assert!(!own || usual.load().expect("defaults hold").file.is_none());
    let named = Sources { config: Some(home.path().join("no.toml")), ..usual };
    assert!(named.load().expect_err("it is not there").to_string().contains("deskd init"));
}
