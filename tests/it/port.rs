//! The loopback port of a desk, as callers from other programs use it.

use deskd::config::Secret;
use deskd::config::callers::CallerSettings;
use deskd::domain::caller::{Caller, Pace};
use deskd::domain::heartbeat::Promise;
use deskd::simulator::Setup;
use deskd::web::serve_tcp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::World;

use crate::doors::{MON, SHOP};

/// A desk whose routes send everything to #support, with its loopback port and two callers: the shop, which is limited to
/// payments and to three at once, and the monitoring, which may say everything.
pub struct Port {
    pub world: World,
    pub http: reqwest::Client,
    pub base: String,
    pub stop: CancellationToken,
    _folder: TempDir,
}

/// An answer: status, the head `retry-after`, body.
type Heard = (u16, Option<String>, String);

impl Port {
    pub async fn open() -> Port {
        Port::with(Vec::new()).await
    }

    pub async fn with(heartbeats: Vec<Promise>) -> Port {
        let folder = tempfile::tempdir().unwrap();
        let caller = |name: &str, token: &str, kinds: &[&str], burst| {
            let token_file = folder.path().join(name);
            std::fs::write(&token_file, token).unwrap();
            let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
            let pace = Pace { per_minute: 60, burst };
            let caller = Caller { name: name.to_owned(), kinds, pace, allow_broad: false, project: None };
            CallerSettings { caller, token_file }
        };
        let callers = vec![caller("shop", SHOP, &["payment.*"], 3), caller("mon", MON, &[], 1000)];
        let toml = "[[route]]\nname = \"all\"\nto = [\"#support\"]\n";
        let routing = crate::notices::read(toml).routing;
        let world = World::with(Setup::default(), |config| {
            config.routing = routing;
            config.doors.callers = callers;
            config.doors.heartbeats = heartbeats;
        });
        let world = world.await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(serve_tcp(listener, world.desk().front(), Secret::new("api-token"), stop.clone()));
        world.pass(1).await;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Port { world, http, base, stop, _folder: folder }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Heard {
        let answer = request.send().await.unwrap();
        let again = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), again, answer.text().await.unwrap())
    }

    pub async fn json(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(token).json(body);
        let (status, _, body) = self.send(request).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    pub async fn plain(&self, path: &str, kind: &str, body: &str) -> Heard {
        let request = self.http.post(format!("{}{path}", self.base)).header("content-type", kind);
        self.send(request.body(body.to_owned())).await
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.world.finish().await;
    }
}
