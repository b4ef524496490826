//! Where files lie: the system's places, or the XDG places of a user without root. Decides, creates nothing.

use std::path::{Path, PathBuf};

use super::Environment;

/// The places of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// `config.toml`.
    pub config: PathBuf,
    /// The database, unless the configuration says otherwise.
    pub database: PathBuf,
    /// The unix socket, unless the configuration says otherwise.
    pub socket: PathBuf,
}

/// What the choice of places depends on besides the environment.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Whether deskd runs as root.
    pub root: bool,
    /// The file given with `--config`.
    pub config: Option<&'a Path>,
    /// Tells whether a file exists.
    pub exists: fn(&Path) -> bool,
}

impl Places {
    /// The places of an installation by root.
    pub fn system() -> Places {
        Places {
            config: PathBuf::from("/etc/deskd/config.toml"),
            database: PathBuf::from("/var/lib/deskd/deskd.db"),
            socket: PathBuf::from("/run/deskd/deskd.sock"),
        }
    }

    /// The XDG places, or `None` when the environment does not even name a home.
    pub fn user(env: &Environment) -> Option<Places> {
        let absolute = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let under =
            |name: &str, rest: &str| absolute(name).or_else(|| home.as_ref().map(|home| home.join(rest)));
        let data = under("XDG_DATA_HOME", ".local/share")?.join("deskd");
        let config = under("XDG_CONFIG_HOME", ".config")?.join("deskd");
        let socket = match absolute("XDG_RUNTIME_DIR") {
            Some(runtime) => runtime.join("deskd/deskd.sock"),
            None => data.join("deskd.sock"),
        };
        Some(Places { config: config.join("config.toml"), database: data.join("deskd.db"), socket })
    }

    /// Chooses for this process.
    ///
    /// Root, a service of systemd (`STATE_DIRECTORY`) and a file under `/etc/deskd` mean the system's places. Others
    /// get their own, unless they have no configuration and the system has one: then they are people of that desk.
    pub fn choose(who: &Who<'_>, env: &Environment) -> Places {
        let system = Places::system();
        let mut places = match Places::user(env) {
            Some(user) if !is_system(who, env, &user, &system) => user,
            Some(_) | None => system,
        };
        if let Some(state) = env.get("STATE_DIRECTORY").and_then(|dirs| dirs.split(':').next()) {
            places.database = Path::new(state).join("deskd.db");
        }
        if let Some(config) = who.config {
            places.config = config.to_path_buf();
        }
        places
    }
}

fn is_system(who: &Who<'_>, env: &Environment, user: &Places, system: &Places) -> bool {
    if who.root || env.contains_key("STATE_DIRECTORY") {
        return true;
    }
    match who.config {
        Some(config) => config.parent() == system.config.parent(),
        None => !(who.exists)(&user.config) && (who.exists)(&system.config),
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Who};
    use crate::config::Environment;
    use std::path::Path;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_user_without_root_gets_the_xdg_places() {
        let home = env(&[("HOME", "/home/ada"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
        let who = Who { root: false, config: None, exists: |_| false };
        let places = Places::choose(&who, &home);
        assert_eq!(places.config, Path::new("/home/ada/.config/deskd/config.toml"));
        assert_eq!(places.database, Path::new("/home/ada/.local/share/deskd/deskd.db"));
        assert_eq!(places.socket, Path::new("/run/user/1000/deskd/deskd.sock"));
    }

    #[test]
    fn a_user_of_the_systems_desk_talks_to_the_systems_socket() {
        let home = env(&[("HOME", "/home/ada")]);
        let installed = Who { root: false, config: None, exists: |path| path.starts_with("/etc") };
        assert_eq!(Places::choose(&installed, &home), Places::system());
        let own_too = Who { root: false, config: None, exists: |_| true };
        assert_eq!(
            Places::choose(&own_too, &home).socket,
            Path::new("/home/ada/.local/share/deskd/deskd.sock")
        );
    }

    #[test]
    fn the_service_keeps_its_database_in_the_state_directory() {
        let service = env(&[("HOME", "/"), ("STATE_DIRECTORY", "/var/lib/deskd")]);
        let who = Who { root: false, config: Some(Path::new("/srv/c.toml")), exists: |_| false };
        let places = Places::choose(&who, &service);
        assert_eq!(places.database, Path::new("/var/lib/deskd/deskd.db"));
        assert_eq!(places.socket, Path::new("/run/deskd/deskd.sock"));
        assert_eq!(places.config, Path::new("/srv/c.toml"));
    }

    #[test]
    fn root_and_a_process_without_a_home_get_the_systems_places() {
        let root = Who { root: true, config: None, exists: |_| false };
        assert_eq!(Places::choose(&root, &env(&[("HOME", "/root")])), Places::system());
        let homeless = Who { root: false, config: None, exists: |_| false };
        assert_eq!(Places::choose(&homeless, &env(&[])), Places::system());
    }
}
