//! Scenes that prove the simulator itself, with a raw client and tokio's paused clock.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use futures_util::{SinkExt, StreamExt};

use super::{Setup, Simulator};

mod control;
mod corpus;
mod interactive;
mod methods;
mod refusals;
mod socket_mode;
mod sockets;

/// An answer of the Web API.
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

fn start() -> Simulator {
    start_with(|_| ())
}

fn start_with(change: impl FnOnce(&mut Setup)) -> Simulator {
    let mut setup = Setup::default();
    change(&mut setup);
    Simulator::start("127.0.0.1:0".parse().unwrap(), setup).unwrap()
}

/// One HTTP exchange on a connection of its own; `None` when it is closed without an answer.
async fn http(sim: &Simulator, request: &str, headers: &str, body: &str) -> Option<Reply> {
    let mut stream = TcpStream::connect(sim.address()).await.unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(json!(body)) })
}

/// A Web API call as a form, with the bot token in the header.
async fn call(sim: &Simulator, method: &str, fields: &[(&str, &str)]) -> Reply {
    call_as(sim, &sim.bot_token(), method, fields).await.unwrap()
}

async fn call_as(sim: &Simulator, token: &str, method: &str, fields: &[(&str, &str)]) -> Option<Reply> {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    let headers =
        format!("authorization: Bearer {token}\r\ncontent-type: application/x-www-form-urlencoded\r\n");
    http(sim, &format!("POST /api/{method}"), &headers, &body.join("&")).await
}

/// A Web API call that must succeed.
async fn ok(sim: &Simulator, method: &str, fields: &[(&str, &str)]) -> Value {
    let reply = call(sim, method, fields).await;
    assert_eq!(reply.body["ok"], true, "{method}: {}", reply.body);
    reply.body
}

/// A Web API call that must fail; its error.
async fn error(sim: &Simulator, method: &str, fields: &[(&str, &str)]) -> String {
    let reply = call(sim, method, fields).await;
    assert_eq!(reply.body["ok"], false, "{method}: {}", reply.body);
    reply.body["error"].as_str().unwrap().to_owned()
}

/// One Socket Mode client.
struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// Connects without reading the first frame.
    async fn dial(sim: &Simulator) -> Self {
        let url = ticket(sim).await;
        Self { stream: connect_async(url).await.unwrap().0 }
    }

    /// Connects and takes the hello.
    async fn connect(sim: &Simulator) -> Self {
        let mut client = Self::dial(sim).await;
        assert_eq!(client.next().await["type"], "hello");
        client
    }

    /// The next text frame as JSON, or the code of a close frame, or `null` at the end.
    async fn next(&mut self) -> Value {
        loop {
            match timeout(Duration::from_secs(3600), self.stream.next())
                .await
                .expect("no frame within an hour")
            {
                Some(Ok(Frame::Text(text))) => {
                    return serde_json::from_str(&text).unwrap_or(json!(text.as_str()));
                }
                Some(Ok(Frame::Close(frame))) => return json!(frame.map(|frame| u16::from(frame.code))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Value::Null,
            }
        }
    }

    /// Whether no text frame comes within these seconds.
    async fn is_silent(&mut self, seconds: u64) -> bool {
        timeout(Duration::from_secs(seconds), self.next()).await.is_err()
    }

    async fn ack(&mut self, envelope: &Value) {
        self.ack_with(envelope, None).await;
    }

    async fn ack_with(&mut self, envelope: &Value, payload: Option<Value>) {
        let mut ack = json!({"envelope_id": envelope["envelope_id"]});
        if let Some(payload) = payload {
            ack["payload"] = payload;
        }
        self.stream.send(Frame::text(ack.to_string())).await.unwrap();
    }
}

async fn ticket(sim: &Simulator) -> String {
    let reply = call_as(sim, &sim.app_token(), "apps.connections.open", &[]).await.unwrap();
    reply.body["url"].as_str().unwrap().to_owned()
}
