//! The key of the secrets in the database: systemd's credential, then the file that `secrets.key_file` names, then the
//! environment. Never part of `Config`, and never beside the database: who copies the one must not have the other with it.
//!
//! Not having one is no mistake until there is a secret; see `domain::seal::locked`.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::problem::{Problem, Spot};
use super::reader::Section;
use super::settings::Store;
use super::{Config, Environment};
use crate::domain::seal::Keyring;

/// The name of systemd's credential.
pub const CREDENTIAL: &str = "deskd_key";
/// The variable that is looked at last.
pub const VARIABLE: &str = "DESKD_KEY";
/// The file that the unit makes that credential of.
pub const USUAL: &str = "/etc/deskd/deskd_key";
/// What stands for no key in the unit, with a line end.
const NONE: &str = "none\n";
/// What those who are not the owner may do with the file: nothing.
const OTHERS: u32 = 0o077;
/// Longest text that is read: more keys than anybody has at once.
const LONGEST: u64 = 64 * 1024;

/// `[secrets]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretsKey {
    /// File with the key, outside the folder of the database.
    pub key_file: Option<PathBuf>,
}

/// What looking for the key came to.
#[derive(Clone, Debug)]
pub enum KeyLook {
    /// It was found.
    Here {
        /// The keys: usually one.
        ring: Keyring,
        /// Where.
        spot: Spot,
    },
    /// It is nowhere; the problem names the places looked at.
    Missing(Problem),
    /// There is something, and it cannot be used.
    Wrong(Problem),
}

impl KeyLook {
    /// The keys, if they were found.
    pub fn ring(&self) -> Option<&Keyring> {
        match self {
            KeyLook::Here { ring, .. } => Some(ring),
            KeyLook::Missing(_) | KeyLook::Wrong(_) => None,
        }
    }

    /// Why there are none.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            KeyLook::Here { .. } => None,
            KeyLook::Missing(problem) | KeyLook::Wrong(problem) => Some(problem),
        }
    }
}

/// Reads `[secrets]`. A key file that anybody can see to lie with the database is a mistake of the configuration.
pub fn secrets(section: &mut Section<'_, '_>, store: &Store) -> SecretsKey {
    let key_file = section.path("key_file");
    if key_file.as_deref().is_some_and(|path| path.starts_with(folder_of(&store.path))) {
        let what = "the key lies in the folder of the database, and would be copied with it";
        section.refuse("key_file", what, "keep it elsewhere, for instance as /etc/deskd/deskd_key");
    }
    SecretsKey { key_file }
}

/// Looks for the key in all its places; the first that has something decides.
pub fn look(config: &Config, env: &Environment) -> KeyLook {
    let set = |name: &str| env.get(name).filter(|value| !value.trim().is_empty());
    let credential = set("CREDENTIALS_DIRECTORY").map(|folder| Path::new(folder).join(CREDENTIAL));
    if let Some(path) = credential.as_deref().filter(|path| is_given(path)) {
        return read(path).map_or_else(KeyLook::Wrong, |ring| here(ring, Spot::File(path.to_path_buf())));
    }
    if let Some(path) = &config.secrets.key_file {
        return file(path, &config.store.path)
            .map_or_else(KeyLook::Wrong, |ring| here(ring, Spot::File(path.clone())));
    }
    match set(VARIABLE) {
        Some(text) => {
            let spot = Spot::Variable(VARIABLE.to_owned());
            match Keyring::parse(text) {
                Some(ring) => here(ring, spot),
                None => KeyLook::Wrong(no_key(spot)),
            }
        }
        None => KeyLook::Missing(missing(credential)),
    }
}

/// Reads a key file that must be nobody else's, and not lie with the database.
pub fn file(path: &Path, database: &Path) -> Result<Keyring, Problem> {
    let wrong = |what: &str, hint: String| Problem::new(Spot::File(path.to_path_buf()), "", what).hint(hint);
    let real = std::fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
    if folders_of(database).iter().any(|folder| real.starts_with(folder)) {
        let what = "the key lies in the folder of the database, and would be copied with it";
        return Err(wrong(what, "move it elsewhere, for instance to /etc/deskd/deskd_key".to_owned()));
    }
    // What is looked at is what is read, whatever the name stands for a moment later.
    let file = File::open(&real).map_err(|error| unreadable(path, &error))?;
    let found = file.metadata().map_err(|error| unreadable(path, &error))?;
    if found.permissions().mode() & OTHERS != 0 {
        let what = "others than its owner can read the key";
        return Err(wrong(what, format!("chmod 0600 {}", path.display())));
    }
    if !owners(database).contains(&found.uid()) {
        let what = "the key belongs to another user, who could put another one there";
        return Err(wrong(
            what,
            format!("chown root {}, or give it to the user deskd runs as", path.display()),
        ));
    }
    parse(path, file)
}

/// Who may own a key: root, we, and the user that the database belongs to, for whom root looks.
fn owners(database: &Path) -> Vec<u32> {
    let of_database = std::fs::metadata(database).or_else(|_| std::fs::metadata(folder_of(database)));
    let ours = rustix::process::geteuid().as_raw();
    [0, ours].into_iter().chain(of_database.ok().map(|found| found.uid())).collect()
}

/// The folder of the database as it is named, and the one where the file really is.
fn folders_of(database: &Path) -> Vec<PathBuf> {
    let named = std::fs::canonicalize(folder_of(database)).ok();
    let real = std::fs::canonicalize(database).ok().map(|file| folder_of(&file).to_path_buf());
    named.into_iter().chain(real).collect()
}

/// Whether systemd has a key for us. The unit hands over the word "none" where there is no file.
fn is_given(credential: &Path) -> bool {
    std::fs::metadata(credential).is_ok_and(|found| found.len() > NONE.len() as u64)
}

fn read(path: &Path) -> Result<Keyring, Problem> {
    parse(path, File::open(path).map_err(|error| unreadable(path, &error))?)
}

fn parse(path: &Path, file: File) -> Result<Keyring, Problem> {
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    Keyring::parse(&text).ok_or_else(|| no_key(Spot::File(path.to_path_buf())))
}

fn here(ring: Keyring, spot: Spot) -> KeyLook {
    KeyLook::Here { ring, spot }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    let hint =
        "check the path and that the user deskd runs as may read it; \"deskd secret init FILE\" makes one";
    let what = format!("cannot read the key of the secrets: {error}");
    Problem::new(Spot::File(path.to_path_buf()), "", what).hint(hint)
}

/// What to say of something that is no key.
pub fn no_key(spot: Spot) -> Problem {
    Problem::new(spot, "", "this is not a key: 32 bytes in hexadecimal or base64 are one")
        .hint("\"deskd secret init FILE\" makes one")
}

fn missing(credential: Option<PathBuf>) -> Problem {
    let credential = match credential {
        Some(path) => format!("there is no {}", path.display()),
        None => format!("systemd gave no credential {CREDENTIAL}"),
    };
    let what = format!(
        "the key of the secrets is missing: {credential}, secrets.key_file is not set, {VARIABLE} is not set"
    );
    let hint =
        "make one with \"deskd secret init /etc/deskd/deskd_key\", or put the old one back where it was";
    Problem::new(Spot::Nowhere, "", what).hint(hint)
}

fn folder_of(database: &Path) -> &Path {
    database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::{CREDENTIAL, KeyLook, VARIABLE, look};
    use crate::config::{Config, Environment, Places};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn write(path: &Path, byte: &str, mode: u32) {
        fs::write(path, format!("{}\n", byte.repeat(32))).expect("written");
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
    }

    fn told(look: &KeyLook) -> String {
        match look {
            KeyLook::Here { ring, spot } => format!("{}… from {spot}", &ring.first().to_line()[..2]),
            KeyLook::Missing(problem) => format!("missing: {problem}"),
            KeyLook::Wrong(problem) => format!("wrong: {problem}"),
        }
    }

    #[test]
    fn the_key_comes_from_the_credential_then_the_file_then_the_environment() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let mut config = Config::defaults(&Places::system());
        let mut env = Environment::new();
        let missing = told(&look(&config, &env));
        assert!(
            missing.contains("no credential deskd_key") && missing.contains("deskd secret init"),
            "{missing}"
        );
        env.insert(VARIABLE.to_owned(), "aa".repeat(32));
        assert_eq!(told(&look(&config, &env)), "aa… from environment variable DESKD_KEY");
        config.secrets.key_file = Some(at("key"));
        assert!(told(&look(&config, &env)).contains("cannot read the key"), "no silent second choice");
        write(&at("key"), "bb", 0o600);
        assert!(told(&look(&config, &env)).starts_with("bb… from "));
        env.insert("CREDENTIALS_DIRECTORY".to_owned(), folder.path().display().to_string());
        assert!(told(&look(&config, &env)).starts_with("bb… from "), "systemd gave other credentials");
        fs::write(at(CREDENTIAL), "none").expect("written");
        assert!(told(&look(&config, &env)).starts_with("bb… from "), "the unit has none to give");
        fs::remove_file(at(CREDENTIAL)).expect("removed");
        write(&at(CREDENTIAL), "cc", 0o400);
        assert!(told(&look(&config, &env)).starts_with("cc… from "));
    }

    #[test]
    fn a_key_that_others_read_or_that_lies_with_the_database_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("made");
        let mut config = Config::defaults(&Places::system());
        config.store.path = data.join("deskd.db");
        let mut seen = |path: &Path| {
            config.secrets.key_file = Some(path.to_path_buf());
            told(&look(&config, &Environment::new()))
        };
        let outside = folder.path().join("key");
        for mode in [0o640, 0o604, 0o660] {
            write(&outside, "aa", mode);
            let told = seen(&outside);
            assert!(told.contains("others than its owner") && told.contains("chmod 0600"), "{mode:o} {told}");
        }
        write(&data.join("key"), "aa", 0o600);
        assert!(seen(&data.join("key")).contains("lies in the folder of the database"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(data.join("key"), &link).expect("linked");
        assert!(seen(&link).contains("lies in the folder of the database"), "by another name");
        write(&outside, "aa", 0o600);
        assert!(seen(&outside).starts_with("aa… from "));
        fs::write(&outside, "my password").expect("written");
        let told = seen(&outside);
        assert!(told.contains("not a key") && !told.contains("password"), "{told}");
    }
}
