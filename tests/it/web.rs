//! The least that can stand for Slack's Web API: one request a connection, answered by a closure of the scene.

use std::sync::Arc;

use deskd::config::Secret;
use deskd::slack::api::Api;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An answer: status, further headers, body. Status 0 means none at all, status 1 that the connection is cut.
pub type Answer = (u16, &'static str, String);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method's name, what follows `/api/`.
    pub method: String,
    /// The head, header names in lower case.
    pub head: String,
    /// The form, decoded, one `name=value` a line.
    pub form: Vec<String>,
}

/// Serves with `answer`, and returns an `Api` that calls it.
pub async fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Api {
    serve_at(answer).await.0
}

/// The same, with the address.
pub async fn serve_at(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Api, String) {
    // Fails when another scene was first, which is just as well.
    crate::world::crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("a listener has an address"));
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move { serve_one(stream, &*answer).await });
        }
    });
    let api = Api::new(&base, &Secret::new("xoxb-1"), &Secret::new("xapp-1")).expect("the address is good");
    (api, base)
}

async fn serve_one(mut stream: TcpStream, answer: &(impl Fn(&Request) -> Answer + Sync)) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let (status, headers, body) = answer(&request);
    match status {
        0 => {
            // Until the other side has given up.
            let _ = stream.read(&mut [0]).await;
        }
        1 => {}
        _ => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
            );
            let _ = stream.write_all((head + &body).as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_owned();
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let method = head.split(' ').nth(1)?.trim_start_matches("/api/").to_owned();
        return Some(Request { method, head: head.clone(), form: form(body) });
    }
}

fn form(body: &str) -> Vec<String> {
    body.split('&').filter(|pair| !pair.is_empty()).map(decoded).collect()
}

fn decoded(pair: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = pair.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).expect("a form is UTF-8")
}
