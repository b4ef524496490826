//! From nothing to an open WebSocket: ask Slack for an address, dial it at once. Each step has its time.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::TlsError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use super::super::api::{Api, SocketUrl};
use super::super::outcome::Failure;
use super::ending::Ending;

/// An open WebSocket.
pub type Ws = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Time for `apps.connections.open`, over its own limit of 10 s so that its clearer error wins.
const OPEN: Duration = Duration::from_secs(15);
/// Time for TCP, TLS and the WebSocket handshake.
const DIAL: Duration = Duration::from_secs(10);
/// What is read from the network at once, in bytes. The buffer is cleared before each read, so a large one costs time
/// at low load; this holds about 20 messages.
const READ_BUFFER: usize = 32 * 1024;
/// What is gathered before writing, in bytes: a few hundred acks.
const WRITE_BUFFER: usize = 32 * 1024;
/// The largest frame and message accepted, in bytes. The largest payload seen in the wild is 70 KB, views may have 250 kB;
/// generous all the same, because what is refused is never acknowledged and comes again and again.
const LARGEST_MESSAGE: usize = 16 << 20;

/// Asks for an address and dials it. One address is good for one connection, so a failure starts over.
pub async fn dial(api: &Api) -> Result<Ws, Ending> {
    let opened = timeout(OPEN, api.connections_open()).await;
    let late = || Failure::Unknown { what: "no answer in time".to_owned() };
    let url = opened.unwrap_or_else(|_| Err(late())).map_err(Ending::NotOpened)?;
    match timeout(DIAL, handshake(&url)).await {
        Ok(Ok(ws)) => Ok(ws),
        Ok(Err(error)) => Err(Ending::NotDialled { what: plain(&error) }),
        Err(_) => Err(Ending::NotDialled { what: "no answer in time".to_owned() }),
    }
}

async fn handshake(url: &SocketUrl) -> Result<Ws, Error> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    // Nagle's algorithm would hold back every ack but the first for 40 ms.
    let (ws, _) = connect_async_tls_with_config(url.expose(), Some(config), true, None).await?;
    Ok(ws)
}

/// The error without the address, whose ticket is a secret, and without anything the server wrote.
fn plain(error: &Error) -> String {
    match error {
        Error::Io(error) => error.kind().to_string(),
        Error::Tls(TlsError::InvalidDnsName) => "the address has no host name".to_owned(),
        Error::Tls(_) => "TLS failed".to_owned(),
        Error::Http(answer) => format!("HTTP {}", answer.status().as_u16()),
        Error::Url(_) | Error::HttpFormat(_) => "Slack gave an unusable address".to_owned(),
        Error::Protocol(_) => "the server does not speak WebSocket".to_owned(),
        _ => "the handshake failed".to_owned(),
    }
}
