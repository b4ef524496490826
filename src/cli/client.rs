//! The other end of the local API: one request to the daemon's unix socket, and what may be wrong with it.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use axum::http::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Exit;
use crate::config::{Problems, Sources};
use crate::domain::time::Timestamp;
use crate::web::NOW_HEADER;
use crate::web::errors::RefusalDocument;
use crate::web::whose::WORKSPACE_HEADER;

/// How long the daemon may take to be there. Under socket activation systemd holds the line while it starts.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take: a replay is the longest, and the daemon ends it itself.
const ANSWER: Duration = Duration::from_secs(660);

/// How long a patient caller waits for the daemon: a restart takes seconds, an update of the machine's packages some more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between its attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// The variable that names a workspace for every command, as `--workspace` does for one.
pub const WORKSPACE: &str = "DESKD_WORKSPACE";

/// A way to the daemon.
pub struct Client {
    http: reqwest::Client,
    socket: PathBuf,
    /// The workspace that requests are about; `None` for the only one.
    workspace: Option<HeaderValue>,
}

/// What the daemon answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The document.
    pub document: Value,
    /// What the daemon's clock showed; `None` when it did not say.
    pub now: Option<Timestamp>,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nobody listens on the socket.
    Stopped(PathBuf),
    /// This user may not use the socket; the text names the group that may.
    Forbidden(PathBuf, String),
    /// The call broke off, in a few plain words.
    Broken(&'static str),
    /// The daemon said no.
    Refused(RefusalDocument, u16),
}

impl Client {
    /// A way to the daemon whose socket `sources` name. Nothing is sent yet.
    pub fn new(sources: &Sources) -> anyhow::Result<Client> {
        let socket = socket(sources)?;
        let http = reqwest::Client::builder()
            .unix_socket(socket.clone())
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build()
            .context("cannot make a client for the unix socket")?;
        let workspace = sources.env.get(WORKSPACE).filter(|name| !name.trim().is_empty());
        let workspace = workspace.map(|name| HeaderValue::from_bytes(name.trim().as_bytes()));
        let workspace = workspace.transpose().context("this is no name of a workspace")?;
        Ok(Client { http, socket, workspace })
    }

    /// Asks for a document; `query` holds names and values.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let mut address = address(path)?;
        if !query.is_empty() {
            address.query_pairs_mut().extend_pairs(query);
        }
        self.hear(self.http.get(address)).await
    }

    /// Asks for something to be done.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Answer> {
        self.hear(self.http.post(address(path)?).json(body)).await
    }

    /// The same for a caller that must not fail while the daemon starts again: tries for 30 s as long as nothing was stored for
    /// certain. `repeatable` says that doing it twice is harmless; then a call that broke off is tried again, too.
    pub async fn post_patiently(
        &self,
        path: &str,
        body: &impl Serialize,
        repeatable: bool,
    ) -> anyhow::Result<Answer> {
        let mut left = PATIENCE.as_millis() / PAUSE.as_millis();
        loop {
            let problem = match self.post(path, body).await {
                Ok(answer) => return Ok(answer),
                Err(problem) => problem,
            };
            let again = match problem.downcast_ref::<NoAnswer>() {
                Some(NoAnswer::Stopped(_)) => true,
                Some(NoAnswer::Broken(_)) => repeatable,
                // It says so before it does anything, or undoes what it did.
                Some(NoAnswer::Refused(refusal, 429 | 503)) => refusal.retryable,
                Some(NoAnswer::Forbidden(..) | NoAnswer::Refused(..)) | None => false,
            };
            if !again || left == 0 {
                return Err(problem);
            }
            left -= 1;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn hear(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let request = match &self.workspace {
            Some(workspace) => request.header(WORKSPACE_HEADER, workspace.clone()),
            None => request,
        };
        let response = request.send().await.map_err(|problem| self.unheard(&problem))?;
        let status = response.status();
        let now =
            response.headers().get(NOW_HEADER).and_then(|value| value.to_str().ok()).and_then(read_time);
        let body = response.bytes().await.map_err(|problem| self.unheard(&problem))?;
        let foreign = NoAnswer::Broken("what answers there does not speak like deskd");
        if status.is_success() || is_health(&body) {
            let document = serde_json::from_slice(&body).map_err(|_| foreign)?;
            return Ok(Answer { document, now });
        }
        match serde_json::from_slice(&body) {
            Ok(refusal) => Err(NoAnswer::Refused(refusal, status.as_u16()).into()),
            Err(_) => Err(foreign.into()),
        }
    }

    fn unheard(&self, problem: &reqwest::Error) -> NoAnswer {
        match io_kind(problem) {
            Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                NoAnswer::Stopped(self.socket.clone())
            }
            Some(ErrorKind::PermissionDenied) => {
                NoAnswer::Forbidden(self.socket.clone(), group_of(&self.socket).unwrap_or_default())
            }
            _ if problem.is_timeout() => NoAnswer::Broken("deskd did not answer in time"),
            _ => NoAnswer::Broken("deskd broke off the answer"),
        }
    }
}

/// `/readyz` says no with a document of its own.
fn is_health(body: &[u8]) -> bool {
    serde_json::from_slice::<crate::web::health::HealthDocument>(body).is_ok()
}

impl Answer {
    /// The document as what it is.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.document).context(
            "the daemon's answer does not fit this deskd: are both of the same version? hint: deskd version",
        )
    }
}

impl NoAnswer {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            NoAnswer::Stopped(_) | NoAnswer::Broken(_) => Exit::TryAgain,
            NoAnswer::Forbidden(..) => Exit::Failed,
            NoAnswer::Refused(refusal, _) if refusal.retryable => Exit::TryAgain,
            NoAnswer::Refused(_, 400 | 413) => Exit::Usage,
            NoAnswer::Refused(..) => Exit::Failed,
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAnswer::Stopped(socket) => write!(
                f,
                "deskd is not running (no answer on {}); hint: systemctl start deskd, or deskd run",
                socket.display()
            ),
            NoAnswer::Forbidden(socket, group) if group.is_empty() => write!(
                f,
                "this user may not use {}; hint: ask for membership of the group it belongs to",
                socket.display()
            ),
            NoAnswer::Forbidden(socket, group) => write!(
                f,
                "this user may not use {}; hint: members of the group {group} may: usermod -aG {group} USER, then \
                 log in again",
                socket.display()
            ),
            NoAnswer::Broken(what) => write!(f, "{what}; hint: look at its log, then try again"),
            NoAnswer::Refused(refusal, _) => f.write_str(&refusal.message),
        }
    }
}

impl Error for NoAnswer {}

/// The socket: a flag stands on its own, so that a client needs no right to read the configuration.
fn socket(sources: &Sources) -> Result<PathBuf, Problems> {
    let flag = sources.flags.iter().rev().find(|flag| flag.section == "api" && flag.key == "socket");
    match flag {
        Some(flag) => Ok(PathBuf::from(&flag.value)),
        None => Ok(sources.load()?.config.api.socket),
    }
}

fn address(path: &str) -> anyhow::Result<reqwest::Url> {
    reqwest::Url::parse(&format!("http://localhost{path}")).context("cannot make an address of the request")
}

fn read_time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_millisecond()))
}

fn io_kind(problem: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut cause = Some(problem);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

/// The name of the group that a file belongs to, or of its folder's when the file cannot be seen.
fn group_of(path: &Path) -> Option<String> {
    let seen = std::fs::metadata(path).or_else(|_| std::fs::metadata(path.parent().unwrap_or(path))).ok()?;
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    group_name(&groups, seen.gid()).or_else(|| Some(seen.gid().to_string()))
}

fn group_name(groups: &str, gid: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(gid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{NoAnswer, RefusalDocument, group_name};

    #[test]
    fn the_exit_code_says_whether_trying_again_makes_sense() {
        let refused = |retryable, status| {
            let (code, message, trace_id) = ("x".to_owned(), "no; hint: go".to_owned(), String::new());
            NoAnswer::Refused(
                RefusalDocument { ok: false, code, message, retryable, trace_id, problems: Vec::new() },
                status,
            )
        };
        for (no_answer, exit) in [
            (NoAnswer::Stopped("/x".into()), 75),
            (NoAnswer::Broken("cut"), 75),
            (NoAnswer::Forbidden("/x".into(), "deskd".into()), 1),
            (refused(true, 503), 75),
            (refused(false, 400), 2),
            (refused(false, 404), 1),
        ] {
            assert_eq!(no_answer.exit().code(), exit, "{no_answer}");
            assert!(no_answer.to_string().contains("hint: "), "{no_answer}");
        }
    }

    #[test]
    fn a_group_number_becomes_the_name_it_has_in_the_systems_list() {
        let groups = "root:x:0:\ndeskd:x:991:ada,bob\n";
        assert_eq!(group_name(groups, 991).as_deref(), Some("deskd"));
        assert_eq!(group_name(groups, 5), None);
    }
}
