//! `deskd secret`: the key of the secrets in the database: made, and changed. A key is never shown.
//!
//! A change may end at any instant: the key file holds both keys from before the first secret has the new one until after
//! the last has it, so that whatever is in the database can be opened with what is in the file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;
use zeroize::Zeroizing;

use super::call::{Call, Exit};
use super::screen::plural;
use crate::config::keys::{self, VARIABLE};
use crate::config::{Config, Problem, Spot};
use crate::domain::seal::{AGAIN, KEY_BYTES, Key, Keyring, Locked};
use crate::runtime::clock::Clock;
use crate::store::occupy;
use crate::store::sealed::{self, Shut};
use crate::web::caller::Caller;

/// Make or change the key of the secrets that deskd keeps in its database.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Make a key, in a file that only its owner can read. A file that is there is left as it is.
    Init {
        /// The key file: not in the folder of the database.
        file: PathBuf,
    },
    /// Make a new key and encrypt every secret anew with it. deskd must not be running.
    Rotate {
        /// The key file; without it the one that [secrets] key_file names.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    match &args.what {
        What::Init { file } => init(file, call),
        What::Rotate { file } => rotate(file.as_deref(), call).await,
    }
}

fn init(file: &Path, call: &mut Call<'_>) -> Result<Exit> {
    // Without a configuration it is not known yet where the database will be.
    let config = call.sources.load().map(|loaded| loaded.config).ok();
    if file.exists() {
        bail!("will not overwrite {}; hint: \"deskd secret rotate\" changes a key", file.display());
    }
    make(file, &lines(&Keyring::new(fresh()?))).map_err(|problem| not_made(file, &problem))?;
    if let Some(problem) = config.and_then(|config| keys::file(file, &config.store.path).err()) {
        fs::remove_file(file)?;
        return Err(told(&problem));
    }
    let path = fs::canonicalize(file)?;
    if call.json {
        call.print_json(&json!({ "ok": true, "file": path }))?;
    } else {
        write!(
            call.out,
            "made {path}, which only its owner can read\n\
             Keep a copy where no copy of the database is: without the key the secrets in it are lost.\n  \
             hint: under systemd, LoadCredential=deskd_key:{path} in deskd.service; else key_file = {path:?} under \
             [secrets]. Then start deskd again\n",
            path = path.display(),
        )?;
    }
    Ok(Exit::Done)
}

async fn rotate(file: Option<&Path>, call: &mut Call<'_>) -> Result<Exit> {
    let config = call.sources.load()?.config;
    let database = config.store.path.clone();
    if !database.exists() {
        bail!("there is no database at {} yet; hint: deskd run makes one", database.display());
    }
    // Held until the end: a daemon that starts meanwhile would go on with the old key.
    let alone = occupy(&database)?;
    let change = Change::prepare(file, &config, call.sources.env.get(VARIABLE).map(String::as_str))?;
    // Each one is opened before the key file is touched: what fails later would leave two keys in it.
    let shut = sealed::shut(database.clone(), change.before.clone()).await?;
    if !shut.is_empty() {
        return Err(refusal(&shut));
    }
    change.begin()?;
    let by = (Caller::of_this_process().actor(), Clock::Wall.now());
    let count = sealed::reseal(database, change.after(), by, &alone).await.map_err(|problem| {
        anyhow!(
            "not every secret has the new key: {problem}\n  deskd works with both meanwhile: rotate again"
        )
    })?;
    change.finish()?;
    if call.json {
        call.print_json(&json!({ "ok": true, "secrets": count }))?;
    } else {
        let secrets = plural(i64::try_from(count).unwrap_or(i64::MAX), "secret");
        writeln!(
            call.out,
            "encrypted anew with the new key: {secrets}\nBackups from before still need the old key.\n  hint: systemctl \
             start deskd"
        )?;
    }
    Ok(Exit::Done)
}

/// Which secrets do not open, and what to do about each.
fn refusal(shut: &[Shut]) -> anyhow::Error {
    const MOST: usize = 10;
    let secrets = plural(i64::try_from(shut.len()).unwrap_or(i64::MAX), "secret");
    let mut text = format!("{secrets} cannot be opened with this key, so nothing is changed:");
    for Shut { what, why, .. } in shut.iter().take(MOST) {
        let why = why.to_string();
        let why = why.split("; hint").next().unwrap_or_default().to_owned();
        text.push_str(&format!("\n  {what}: {why}"));
    }
    if shut.len() > MOST {
        text.push_str(&format!("\n  and {} more", shut.len() - MOST));
    }
    let hint = match shut {
        _ if shut.iter().any(|shut| shut.why == Locked::OtherKey) => format!(
            "put the old key back, as a second line of the key file; or start deskd and give it each of them again: {AGAIN}"
        ),
        _ if shut.iter().any(|shut| shut.why == Locked::Newer) => {
            "install the newer version again".to_owned()
        }
        _ => {
            let again: Vec<&str> = shut.iter().take(MOST).map(|shut| shut.again.as_str()).collect();
            format!("start deskd and give it each of them again, then rotate: {}", again.join("; "))
        }
    };
    anyhow!("{text}; hint: {hint}")
}

fn not_made(file: &Path, problem: &std::io::Error) -> anyhow::Error {
    let hint = match problem.kind() {
        ErrorKind::NotFound => {
            let folder = file.parent().unwrap_or(Path::new("/"));
            format!("make its folder first: mkdir -p -m 0750 {}", folder.display())
        }
        ErrorKind::PermissionDenied => "do it as root: sudo deskd secret init FILE".to_owned(),
        _ => "name another file, outside the folder of the database".to_owned(),
    };
    anyhow!("cannot make {}: {problem}; hint: {hint}", file.display())
}

/// A change of the key, in steps that each leave a desk that works.
struct Change {
    /// The key file; `None` where the environment holds the keys, and somebody has put the new one in front.
    file: Option<PathBuf>,
    before: Keyring,
    /// The new key; `None` where it stands in front already.
    fresh: Option<Key>,
}

impl Change {
    fn prepare(file: Option<&Path>, config: &Config, variable: Option<&str>) -> Result<Change> {
        if let Some(file) = file.or(config.secrets.key_file.as_deref()) {
            let before = keys::file(file, &config.store.path).map_err(|problem| told(&problem))?;
            // The file itself is replaced, not a link to it.
            let file = fs::canonicalize(file)?;
            // A change that was not finished is finished with the key that it brought.
            let is_begun = before.keys().count() > 1 && old(&file).exists();
            let fresh = if is_begun { None } else { Some(fresh()?) };
            return Ok(Change { file: Some(file), before, fresh });
        }
        let given = variable.filter(|text| !text.trim().is_empty());
        let parsed = given.map(|text| {
            Keyring::parse(text).ok_or_else(|| keys::no_key(Spot::Variable(VARIABLE.to_owned())))
        });
        match parsed.transpose().map_err(|problem| told(&problem))? {
            Some(before) if before.keys().count() > 1 => Ok(Change { file: None, before, fresh: None }),
            Some(_) => bail!(
                "a new key has to stand in front of the old one; hint: {VARIABLE}=\"NEW,OLD\" deskd secret rotate, and \
                 from then on {VARIABLE}=NEW"
            ),
            None => bail!(
                "it is not known where the key is; hint: deskd secret rotate --file /etc/deskd/deskd_key"
            ),
        }
    }

    /// The keys that open whatever there is, the new one first.
    fn after(&self) -> Keyring {
        match &self.fresh {
            Some(fresh) => self.before.clone().behind(fresh.clone()),
            None => self.before.clone(),
        }
    }

    fn begin(&self) -> Result<()> {
        let (Some(file), Some(_)) = (&self.file, &self.fresh) else { return Ok(()) };
        replace(&old(file), file, &self.before)?;
        replace(file, file, &self.after())
    }

    fn finish(&self) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        replace(file, file, &Keyring::new(self.after().first().clone()))?;
        fs::remove_file(old(file)).with_context(|| format!("cannot remove {}", old(file).display()))
    }
}

/// The old key beside the new one, until no secret needs it.
pub fn old(file: &Path) -> PathBuf {
    beside(file, ".old")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Puts keys into a file, with the owner of `like`: whole on the disk before it has its name.
fn replace(file: &Path, like: &Path, ring: &Keyring) -> Result<()> {
    let tried = || format!("cannot write {}", file.display());
    let partial = beside(file, ".new");
    if partial.exists() {
        fs::remove_file(&partial).with_context(tried)?;
    }
    let owner = fs::metadata(like).with_context(tried)?;
    let made = make(&partial, &lines(ring)).with_context(tried)?;
    if owner.uid() != made.metadata()?.uid() {
        fchown(&made, Some(owner.uid()), Some(owner.gid())).with_context(tried)?;
    }
    fs::rename(&partial, file).with_context(tried)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).with_context(tried)
}

/// A new file that only its owner can read.
fn make(file: &Path, text: &str) -> std::io::Result<File> {
    const MODE: u32 = 0o600;
    let mut made = OpenOptions::new().write(true).create_new(true).mode(MODE).open(file)?;
    made.set_permissions(Permissions::from_mode(MODE))?;
    made.write_all(text.as_bytes())?;
    made.sync_all()?;
    Ok(made)
}

fn lines(ring: &Keyring) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(ring.keys().count() * (2 * KEY_BYTES + 1)));
    for key in ring.keys() {
        text.push_str(&key.to_line());
        text.push('\n');
    }
    text
}

fn fresh() -> Result<Key> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| anyhow!("the system gives no random numbers"))?;
    Ok(Key::new(bytes))
}

fn told(problem: &Problem) -> anyhow::Error {
    let hint = problem.hint.as_deref().unwrap_or("see docs/operations.md");
    anyhow!("{}: {}; hint: {hint}", problem.spot, problem.what)
}
