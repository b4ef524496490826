//! `[[caller]]`, `[[heartbeat]]` and `[ping]`: who hands notices in, whose silence is told, and who hears that deskd is well.
//!
//! The tokens themselves are no part of the configuration: `Callers::load` reads them when the desk starts and at a reload.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::problem::{Problem, Problems, Spot};
use super::reader::{Reader, Section};
use super::show::short_hash;
use super::{Secret, check, projects, span};
use crate::domain::caller::{API, Caller, LOCAL, Pace};
use crate::domain::heartbeat::Promise;
use crate::domain::notice::Severity;
use crate::domain::project::Binding;

/// What a caller may hand in unless the file says otherwise: ten a second in the long run.
const PACE: Pace = Pace { per_minute: 600, burst: 100 };

/// How late a beat may be unless the file says otherwise: a busy machine and a retry fit in.
const GRACE: Duration = Duration::from_secs(60);

/// Shortest token, in characters: 32 hexadecimal ones are 128 bits.
const TOKEN_CHARS: usize = 24;

/// The three sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doors {
    /// `[[caller]]`.
    pub callers: Vec<CallerSettings>,
    /// `[[heartbeat]]`.
    pub heartbeats: Vec<Promise>,
    /// `[ping]`.
    pub ping: Ping,
}

/// One `[[caller]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerSettings {
    /// The caller.
    pub caller: Caller,
    /// File with its token.
    pub token_file: PathBuf,
}

/// `[ping]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// File with the address that is called while deskd is well; nothing is called without it.
    pub url_file: Option<PathBuf>,
    /// How often.
    pub every: Duration,
}

impl Default for Doors {
    fn default() -> Doors {
        let ping = Ping { url_file: None, every: Duration::from_secs(60) };
        Doors { callers: Vec::new(), heartbeats: Vec::new(), ping }
    }
}

/// Reads the three sections.
pub fn read(reader: &mut Reader<'_>) -> Doors {
    let mut doors = Doors::default();
    for (at, table) in reader.tables("caller").into_iter().enumerate() {
        let mut section = reader.element("caller", at + 1, &table);
        let taken: Vec<&str> = doors.callers.iter().map(|other| other.caller.name.as_str()).collect();
        let caller = caller(&mut section, &taken);
        doors.callers.extend(caller);
    }
    for (at, table) in reader.tables("heartbeat").into_iter().enumerate() {
        let mut section = reader.element("heartbeat", at + 1, &table);
        let taken: Vec<&str> = doors.heartbeats.iter().map(|other| other.name.as_str()).collect();
        let promise = promise(&mut section, &taken);
        doors.heartbeats.extend(promise);
    }
    let mut section = reader.section("ping");
    doors.ping =
        Ping { url_file: section.path("url_file"), every: section.duration("every", doors.ping.every) };
    doors
}

fn caller(section: &mut Section<'_, '_>, taken: &[&str]) -> Option<CallerSettings> {
    let name = name(section, "caller", taken);
    if name.as_deref().is_some_and(|name| [LOCAL, API].contains(&name)) {
        section.refuse("name", "this name stands for deskd's own callers", "choose another one");
    }
    let kinds = section.list("kinds").unwrap_or_default();
    for kind in kinds.iter().filter(|kind| kind.text.trim_end_matches('*').contains('*')) {
        section.refuse_item(kind, "a star can only stand at the end", "write for instance \"payment.*\"");
    }
    let caller = Caller {
        name: name.unwrap_or_default(),
        kinds: kinds.into_iter().map(|kind| kind.text.trim().to_owned()).collect(),
        pace: Pace {
            per_minute: section.integer("rate", 1..=1_000_000, PACE.per_minute),
            burst: section.integer("burst", 1..=100_000, PACE.burst),
        },
        allow_broad: section.switch("allow_broad", false),
        project: projects::binding(section),
    };
    if !section.is_set("token_file") {
        let hint = "make one with \"openssl rand -hex 32\", keep it in a file and name that file";
        section.refuse_table("a caller needs a token_file", hint);
    }
    Some(CallerSettings { caller, token_file: section.path("token_file")? })
}

fn promise(section: &mut Section<'_, '_>, taken: &[&str]) -> Option<Promise> {
    let name = name(section, "heartbeat", taken);
    if !section.is_set("every") {
        section.refuse_table(
            "a heartbeat needs to know how often it beats",
            "write for instance every = \"24h\"",
        );
    }
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    Some(Promise {
        every: section.duration("every", GRACE),
        grace: section.duration("grace", GRACE),
        severity: section.word("severity", &severities, Severity::Error),
        name: name?,
    })
}

/// A name that can stand in an address.
fn name(section: &mut Section<'_, '_>, what: &str, taken: &[&str]) -> Option<String> {
    let Some(name) = section.text("name") else {
        section.refuse_table(format!("a {what} needs a name"), format!("write name = \"my-{what}\""));
        return None;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        section.refuse("name", "this is no name", "write up to 64 letters, digits, dots, - and _");
        return None;
    }
    if taken.contains(&name.as_str()) {
        section.refuse("name", format!("there are two of the name {name}"), "rename one");
        return None;
    }
    Some(name)
}

/// The lines of the three sections for `deskd check`.
pub fn show(doors: &Doors, add: &mut impl FnMut(&str, String)) {
    let Doors { callers, heartbeats, ping } = doors;
    let Ping { url_file, every } = ping;
    let path = |path: &Path| path.display().to_string();
    add("ping.url_file", url_file.as_deref().map(path).unwrap_or_default());
    add("ping.every", span::show(*every));
    for CallerSettings { caller, token_file } in callers {
        let Caller { name, kinds, pace: Pace { per_minute, burst }, allow_broad, project } = caller;
        let key = |key: &str| format!("caller.{name}.{key}");
        add(&key("token_file"), path(token_file));
        add(&key("kinds"), kinds.join(", "));
        add(&key("rate"), per_minute.to_string());
        add(&key("burst"), burst.to_string());
        add(&key("allow_broad"), allow_broad.to_string());
        if let Some(Binding { name, workspace }) = project {
            add(&key("project"), name.0.clone());
            add(&key("workspace"), workspace.clone().unwrap_or_default());
        }
    }
    for Promise { name, every, grace, severity } in heartbeats {
        let key = |key: &str| format!("heartbeat.{name}.{key}");
        add(&key("every"), span::show(*every));
        add(&key("grace"), span::show(*grace));
        add(&key("severity"), severity.as_str().to_owned());
    }
}

/// The callers with what their tokens are known by. The tokens themselves are not kept.
#[derive(Clone, Default)]
pub struct Callers(Vec<Known>);

/// A caller, and what its token is known by.
type Known = (Arc<Caller>, [u8; 32]);

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// There is no caller of this name.
    Unknown,
    /// The token is another one.
    WrongToken,
}

impl Callers {
    /// Reads the tokens. All problems come back at once; none of them holds a token.
    pub fn load(settings: &[CallerSettings]) -> Result<Callers, Problems> {
        let (mut known, mut problems) = (Vec::<Known>::new(), Vec::new());
        for CallerSettings { caller, token_file } in settings {
            let read = token(&caller.name, token_file).and_then(|token| {
                let digest = digest(token.expose());
                match known.iter().find(|(_, other)| *other == digest) {
                    None => Ok(digest),
                    Some((other, _)) => {
                        let what = format!("{} and {} have the same token", other.name, caller.name);
                        Err(problem(&caller.name, token_file, what)
                            .hint("give each caller a token of its own"))
                    }
                }
            });
            match read {
                Ok(digest) => known.push((Arc::new(caller.clone()), digest)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Callers(known)) } else { Err(Problems(problems)) }
    }

    /// What shows that a caller has another token than before.
    pub fn lines(&self) -> impl Iterator<Item = (String, String)> {
        let line = |(caller, digest): &Known| {
            let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            (format!("caller.{}.token", caller.name), short_hash(&short))
        };
        self.0.iter().map(line)
    }

    /// Whose token this is. Looking takes the same time for every wrong one.
    pub fn of_token(&self, token: &str) -> Option<Arc<Caller>> {
        let given = digest(token);
        let mut found = None;
        for (caller, digest) in &self.0 {
            if same(&given, digest) {
                found = Some(caller.clone());
            }
        }
        found
    }

    /// The caller of this name, if the token is its own.
    pub fn admit(&self, name: &str, token: &str) -> Result<Arc<Caller>, Stranger> {
        let given = digest(token);
        let (caller, digest) =
            self.0.iter().find(|(caller, _)| caller.name == name).ok_or(Stranger::Unknown)?;
        if same(&given, digest) { Ok(caller.clone()) } else { Err(Stranger::WrongToken) }
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Compares in a time that does not depend on where the first difference is.
fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0_u8, |all, (one, other)| all | (one ^ other)) == 0
}

fn problem(name: &str, path: &Path, what: String) -> Problem {
    Problem::new(Spot::File(path.to_path_buf()), &format!("caller.{name}.token_file"), what)
}

/// A token that can stand in an address.
fn token(name: &str, path: &Path) -> Result<Secret, Problem> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        let hint = "check the path and that the user deskd runs as may read the file";
        problem(name, path, format!("cannot read the token: {error}")).hint(hint)
    })?;
    let token = Secret::new(&text);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if token.expose().len() < TOKEN_CHARS || !token.expose().chars().all(plain) {
        let what =
            format!("the token is shorter than {TOKEN_CHARS} characters, or has some that no address holds");
        return Err(problem(name, path, what).hint("make one with \"openssl rand -hex 32\""));
    }
    Ok(token)
}

/// Reads the address of `[ping]`.
pub fn ping_url(ping: &Ping) -> Result<Option<Secret>, Problem> {
    let Some(path) = &ping.url_file else { return Ok(None) };
    let wrong =
        |what: String, hint: &str| Problem::new(Spot::File(path.clone()), "ping.url_file", what).hint(hint);
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
        wrong(format!("cannot read the address: {error}"), "check the path and who may read the file")
    })?;
    let url = Secret::new(&text);
    if check::is_private_or_encrypted(url.expose()) {
        return Ok(Some(url));
    }
    let hint = "write the whole address, https://...; plain http is for this machine only";
    Err(wrong("the address is not one that may be called".to_owned(), hint))
}

#[cfg(test)]
mod tests {
    use super::{CallerSettings, Callers, Doors, Problems, Stranger};
    use crate::config::check::{Layers, check};
    use crate::config::file::Source;
    use crate::config::{Config, Places};
    use crate::domain::caller::{Caller, Pace};

    fn settings(name: &str, path: std::path::PathBuf) -> CallerSettings {
        let pace = Pace { per_minute: 1, burst: 1 };
        let caller =
            Caller { name: name.to_owned(), kinds: Vec::new(), pace, allow_broad: false, project: None };
        CallerSettings { caller, token_file: path }
    }

    #[test]
    fn a_caller_is_known_by_its_token_and_by_nobody_elses() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
            settings(name, folder.path().join(name))
        };
        let shop = file("shop", "0123456789abcdef0123456789abcdef\n");
        let mon = file("mon", "ffffffffffffffffffffffffffffffff");
        let callers = Callers::load(&[shop.clone(), mon]).expect("both are right");
        let name = |token: &str| callers.of_token(token).map(|caller| caller.name.clone());
        assert_eq!(name("0123456789abcdef0123456789abcdef").as_deref(), Some("shop"));
        assert_eq!(name("0123456789abcdef0123456789abcdee"), None);
        assert_eq!(name(""), None);
        assert_eq!(callers.admit("nobody", "").unwrap_err(), Stranger::Unknown);
        assert_eq!(
            callers.admit("mon", "0123456789abcdef0123456789abcdef").unwrap_err(),
            Stranger::WrongToken
        );
        let short = file("short", "hunter2");
        let twin = file("twin", "0123456789abcdef0123456789abcdef");
        let gone = settings("gone", folder.path().join("gone"));
        let told = Callers::load(&[shop, short, twin, gone]).err().expect("three are wrong").to_string();
        for part in ["3 problems", "shorter than", "shop and twin have the same token", "cannot read"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("hunter2") && !told.contains("0123"), "{told}");
        assert!(Doors::default().callers.is_empty());
    }

    fn read_text(text: &str) -> Result<Config, Problems> {
        let source = Source { path: "config.toml".into(), text: text.to_owned() };
        let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
        check(&layers, &Places::system())
    }

    #[test]
    fn callers_and_heartbeats_are_told_apart_by_names_that_stand_in_an_address() {
        let text = r##"
    [[caller]]
    name = "local"
    token_file = "a"
    kinds = ["pay*ment"]
    rate = 0
    [[caller]]
    name = "my shop"
    [[heartbeat]]
    name = "backup"
    every = "24h"
    [[heartbeat]]
    name = "backup"
    severity = "bad"
    "##;
        let told = read_text(text).expect_err("much is wrong").to_string();
        for part in [
            "caller[1].name: this name stands for deskd's own callers",
            "a star can only stand at the end",
            "caller[1].rate: not a whole number from 1 to 1000000",
            "caller[2].name: this is no name",
            "caller[2]: a caller needs a token_file",
            "heartbeat[2].name: there are two of the name backup",
            "heartbeat[2]: a heartbeat needs to know how often it beats",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let shown = include_str!("../../config.toml.example");
        let (_, shown) = shown.split_once("\n# [[caller]]").expect("one is shown");
        let shown = shown.split("\n\n").next().unwrap_or_default();
        let lines = shown
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.starts_with('[') || line.contains(" = "));
        let project = "[[project]]\nname = \"apollo\"\nworkspace = \"acme\"\nchannel = \"#apollo\"\n";
        let text = format!("{project}[[caller]]\n{}\n", lines.collect::<Vec<_>>().join("\n"));
        let doors = read_text(&text).expect("what the example shows is right").doors;
        assert_eq!((doors.callers.len(), doors.heartbeats.len()), (1, 1));
        assert!(doors.callers[0].caller.may("payment.failed") && !doors.callers[0].caller.may("alert"));
    }
}
