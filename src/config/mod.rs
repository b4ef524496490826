//! TOML in, checked `Config` out, all problems at once. Secrets are read here and nowhere else.
//!
//! In reading order: `settings` is the result and its defaults; `places` says where files lie; `file` turns text into
//! a tree with lines and columns; `reader` reads single keys through flag, environment, file and default; `check` and
//! `categories` say which keys there are and how they must agree; `unknown` finds the rest; `problem` is what is told;
//! `apps`, `callers`, `mentions` and `report` hold sections of their own; `alarm`, `mail` and `endpoint` hold the ways that do not lead
//! through Slack; `kinds`, `routes`, `hours` and `quiet` are about notices, `webhooks` says which ones routes name; `keys` finds
//! the key of the secrets in the database; `model` is the language model and how far calls of it may go; `triage` says how far the learner may go; `show` is the effective configuration as lines and as a hash; `tokens` finds the
//! secrets, apart from all this, and `secret_file` reads the files that they are in.
//!
//! Nothing here reads the environment or the process by itself except `Sources::of_process`.

pub mod alarm;
pub mod apps;
pub mod callers;
pub mod categories;
pub mod check;
pub mod endpoint;
pub mod file;
pub mod hours;
pub mod keys;
pub mod kinds;
pub mod mail;
pub mod mentions;
pub mod model;
pub mod oauth;
pub mod places;
pub mod problem;
pub mod projects;
pub mod quiet;
pub mod reader;
pub mod report;
pub mod routes;
mod secret_file;
pub mod settings;
pub mod show;
pub mod span;
pub mod tokens;
pub mod triage;
pub mod unknown;
pub mod webhooks;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use crate::domain::secret::Secret;
pub use check::unknown_channels;
pub use mentions::MentionNamed;
pub use places::Places;
pub use problem::{Problem, Problems, Spot};
pub use settings::Config;
pub use tokens::{Secrets, WaySecrets};

/// The environment variables, handed in so that a test has its own.
pub type Environment = BTreeMap<String, String>;

/// A flag of the command line that sets a key.
#[derive(Clone, Debug)]
pub struct Flag {
    /// How the flag is called, for instance `--log-level`.
    pub name: &'static str,
    /// The section it sets a key of, for instance `log`.
    pub section: &'static str,
    /// That key, for instance `level`.
    pub key: &'static str,
    /// Its value.
    pub value: String,
}

/// Where a process takes its configuration from. Kept by the daemon for the next reload. Its `Debug` shows no value of the
/// environment: tokens may be in it.
#[derive(Clone)]
pub struct Sources {
    /// The file given with `--config`; without it the usual place is looked at.
    pub config: Option<PathBuf>,
    /// The environment variables.
    pub env: Environment,
    /// The flags that set keys.
    pub flags: Vec<Flag>,
    /// Whether the process runs as root.
    pub root: bool,
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    /// The file it was read from; `None` when there is none and defaults hold.
    pub file: Option<PathBuf>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sources { config, env, flags, root } = self;
        let names: Vec<&String> = env.keys().collect();
        f.debug_struct("Sources")
            .field("config", config)
            .field("env", &names)
            .field("flags", flags)
            .field("root", root)
            .finish()
    }
}

impl Sources {
    /// The sources of this process.
    pub fn of_process(config: Option<PathBuf>, flags: Vec<Flag>) -> Sources {
        // A variable that is not Unicode cannot be one of ours.
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Sources { config, env: env.collect(), flags, root: rustix::process::geteuid().is_root() }
    }

    /// Where files lie for this process.
    pub fn places(&self) -> Places {
        let who = places::Who { root: self.root, config: self.config.as_deref(), exists: Path::exists };
        Places::choose(&who, &self.env)
    }

    /// Reads and checks everything. A file given with `--config` must be there; the usual one may be missing.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let places = self.places();
        let wanted = self.config.is_some() || places.config.exists();
        let source = match wanted.then(|| file::Source::read(&places.config)).transpose() {
            Ok(source) => source,
            Err(problem) => return Err(Problems(vec![problem])),
        };
        let layers = check::Layers { source: source.as_ref(), env: &self.env, flags: &self.flags };
        let config = check::check(&layers, &places)?;
        Ok(Loaded { config, file: source.map(|source| source.path) })
    }
}

#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;
