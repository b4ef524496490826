//! `[[endpoint]]`: systems of the user's that are sent notices, as signed webhooks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;

use super::problem::{Problem, Spot};
use super::reader::{Reader, Section};
use super::secret_file::signing_file;
use super::show::short_hash;
use super::tokens::SHORTEST_SECRET;
use super::{Config, Environment, Secret, span};
use crate::domain::reach::Reach;

/// Longest name of an endpoint, in characters: it stands in a table's column.
const NAME_LENGTH: usize = 40;

/// How long a call may take when nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that may be said: a call must be over before its claim is.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// One `[[endpoint]]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What routes call it.
    pub name: String,
    /// Its address. Whoever knows it may be able to call it, so only its host is shown.
    pub url: String,
    /// File with the secret that calls are signed with; they are not signed without one.
    pub secret_file: Option<PathBuf>,
    /// Whether it may lie on this machine or in a private network.
    pub allow_private: bool,
    /// How long a call may take.
    pub timeout: Duration,
}

impl Endpoint {
    /// How far a call may reach; `None` for an address that may not be called.
    pub fn reach(&self) -> Option<Reach> {
        let uri: Uri = self.url.parse().ok()?;
        match uri.scheme_str()? {
            "https" => Reach::of(true, self.allow_private),
            "http" => Reach::of(false, self.allow_private),
            _ => None,
        }
    }

    /// The address without what may be secret in it.
    pub fn shown(&self) -> String {
        let uri: Option<Uri> = self.url.parse().ok();
        let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
        parts.map(|(scheme, host)| format!("{scheme}://{host}/\u{2026}")).unwrap_or_default()
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} at {})", self.name, self.shown())
    }
}

/// Reads every `[[endpoint]]`.
pub fn read(reader: &mut Reader<'_>) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (at, table) in reader.tables("endpoint").into_iter().enumerate() {
        let mut section = reader.element("endpoint", at + 1, &table);
        let Some(endpoint) = endpoint(&mut section) else { continue };
        if endpoints.iter().any(|other| other.name == endpoint.name) {
            section.refuse("name", format!("\"{}\" is there twice", endpoint.name), "rename one of them");
        }
        endpoints.push(endpoint);
    }
    endpoints
}

fn endpoint(section: &mut Section<'_, '_>) -> Option<Endpoint> {
    for (key, hint) in [("name", "routes call it by its name"), ("url", "write where it is called")] {
        if !section.is_set(key) {
            section.refuse_table(format!("an endpoint needs a {key}"), hint);
        }
    }
    let name = name(section);
    let allow_private = section.switch("allow_private", false);
    let url = url(section, allow_private);
    let secret_file = section.path("secret_file");
    let timeout = section.duration("timeout", TIMEOUT);
    if timeout > LONGEST_TIMEOUT {
        let what = format!("{} is too long", span::show(timeout));
        section.refuse(
            "timeout",
            what,
            "the other side should answer at once and work afterwards: 30s at most",
        );
    }
    Some(Endpoint { name: name?, url: url?, secret_file, allow_private, timeout })
}

fn name(section: &mut Section<'_, '_>) -> Option<String> {
    let name = section.text("name")?;
    let good = !name.is_empty()
        && name.chars().count() <= NAME_LENGTH
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if good {
        return Some(name);
    }
    section.refuse("name", "this is no name for an endpoint", "write up to 40 letters, digits, - and _");
    None
}

/// The address. What is wrong with it is told without repeating it.
fn url(section: &mut Section<'_, '_>, allow_private: bool) -> Option<String> {
    let text = section.text("url")?;
    let uri: Option<Uri> = text.parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?.as_str())));
    let (what, hint) = match parts {
        Some((_, authority)) if authority.contains('@') => {
            ("a password must not stand in the address", "sign the calls: write secret_file")
        }
        Some(("https", _)) => return Some(text),
        Some(("http", _)) if allow_private => return Some(text),
        Some(("http", _)) => (
            "notices must not travel unencrypted through the internet",
            "use https; inside a private network plain http is taken with allow_private = true",
        ),
        Some(_) | None => ("this is not an address that can be called", "write \"https://...\""),
    };
    section.refuse("url", what, hint);
    None
}

/// The secrets of all endpoints that have one, by name, with what is wrong and what should be said about their files.
pub fn secrets(config: &Config, env: &Environment) -> (BTreeMap<String, Secret>, Vec<Problem>, Vec<Problem>) {
    let (mut secrets, mut wrong, mut remarks) = (BTreeMap::new(), Vec::new(), Vec::new());
    for endpoint in &config.endpoints {
        let Some(path) = secret_file(endpoint, env) else { continue };
        let what = format!("secret of endpoint {}", endpoint.name);
        let key = format!("endpoint.{}.secret_file", endpoint.name);
        match signing_file(&what, &key, &path) {
            Ok((secret, remark)) => {
                secrets.insert(endpoint.name.clone(), secret);
                remarks.extend(remark);
            }
            Err(problem) => wrong.push(problem),
        }
    }
    (secrets, wrong, remarks)
}

/// The file that is named, else systemd's credential `endpoint_NAME`, if it was handed over.
fn secret_file(endpoint: &Endpoint, env: &Environment) -> Option<PathBuf> {
    let credential = || {
        let folder = env.get("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty())?;
        let path = Path::new(folder).join(format!("endpoint_{}", endpoint.name));
        path.exists().then_some(path)
    };
    endpoint.secret_file.clone().or_else(credential)
}

/// What to say of a secret that is no protection.
pub(super) fn too_short(what: &str, spot: Spot) -> Problem {
    let text = format!("the {what} has less than {SHORTEST_SECRET} characters and could be guessed");
    Problem::new(spot, "", text).hint("make one with \"openssl rand -hex 32\"")
}

/// The lines of the sections for `deskd check`.
pub fn show(endpoints: &[Endpoint], add: &mut impl FnMut(&str, String)) {
    for endpoint in endpoints {
        let Endpoint { name, url, secret_file, allow_private, timeout } = endpoint;
        let mut part = |key: &str, value: String| add(&format!("endpoint.{name}.{key}"), value);
        // Its hash, so that a change of what is not shown can be seen.
        part("url", format!("{} ({})", endpoint.shown(), short_hash(url)));
        part("secret_file", secret_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default());
        part("allow_private", allow_private.to_string());
        part("timeout", span::show(*timeout));
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::load_text;

    #[test]
    fn endpoints_are_read_and_only_their_hosts_are_shown() {
        let text = r#"
    [[endpoint]]
    name = "ledger"
    url = "https://ledger.example.com/hooks/zzz-token?x=zzz"
    secret_file = "ledger_secret"
    timeout = "3s"
    [[endpoint]]
    name = "crm"
    url = "http://crm.internal:8080/deskd"
    allow_private = true
    "#;
        let config = load_text(text).expect("nothing is wrong");
        let lines: Vec<String> = config
            .lines()
            .into_iter()
            .filter(|(key, _)| key.starts_with("endpoint."))
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        endpoint.ledger.url = https://ledger.example.com/… (81d622ec3534)
        endpoint.ledger.secret_file = /etc/deskd/ledger_secret
        endpoint.ledger.allow_private = false
        endpoint.ledger.timeout = 3s
        endpoint.crm.url = http://crm.internal:8080/… (19e22c187ab0)
        endpoint.crm.secret_file = 
        endpoint.crm.allow_private = true
        endpoint.crm.timeout = 10s
        ");
        assert!(!format!("{:?}", config.endpoints).contains("zzz"));
    }

    #[test]
    fn endpoints_that_cannot_be_called_are_refused_without_repeating_their_addresses() {
        let text = r#"
    [[endpoint]]
    name = "a b"
    url = "https://a.example/zzz"
    [[endpoint]]
    name = "plain"
    url = "http://b.example/zzz"
    [[endpoint]]
    name = "login"
    url = "https://user:zzz@c.example/"
    [[endpoint]]
    name = "none"
    url = "ftp://zzz"
    timeout = "2m"
    allow_private = "yes"
    secret = "zzz"
    [[endpoint]]
    name = "twice"
    url = "https://d.example/"
    [[endpoint]]
    name = "twice"
    url = "https://d.example/"
    [[endpoint]]
    "#;
        let told = load_text(text).expect_err("it has problems").to_string();
        assert!(!told.contains("zzz"), "{told}");
        insta::assert_snapshot!(told, @r#"
        10 problems in the configuration
        /etc/deskd/config.toml:3:12: endpoint[1].name: this is no name for an endpoint
          hint: write up to 40 letters, digits, - and _
        /etc/deskd/config.toml:7:11: endpoint[2].url: notices must not travel unencrypted through the internet
          hint: use https; inside a private network plain http is taken with allow_private = true
        /etc/deskd/config.toml:10:11: endpoint[3].url: a password must not stand in the address
          hint: sign the calls: write secret_file
        /etc/deskd/config.toml:13:11: endpoint[4].url: this is not an address that can be called
          hint: write "https://..."
        /etc/deskd/config.toml:14:15: endpoint[4].timeout: 2m is too long
          hint: the other side should answer at once and work afterwards: 30s at most
        /etc/deskd/config.toml:15:21: endpoint[4].allow_private: this is neither yes nor no
          hint: write true or false, without quotes
        /etc/deskd/config.toml:16:5: endpoint[4].secret: a token does not belong in the configuration
          hint: keep it in a file named by secret_file
        /etc/deskd/config.toml:21:12: endpoint[6].name: "twice" is there twice
          hint: rename one of them
        /etc/deskd/config.toml:23:5: endpoint[7]: an endpoint needs a name
          hint: routes call it by its name
        /etc/deskd/config.toml:23:5: endpoint[7]: an endpoint needs a url
          hint: write where it is called
        "#);
    }
}
