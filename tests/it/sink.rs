//! Something that is called, and keeps what it heard.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A listener on a port of this machine.
pub struct Sink {
    pub address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    /// Serves each connection with `serve`, which returns what it heard.
    pub async fn open<F, R>(serve: F) -> Sink
    where
        F: Fn(TcpStream) -> R + Send + Sync + 'static,
        R: Future<Output = Option<String>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(text) = serve(stream).await {
                    kept.lock().unwrap().push(text);
                }
            }
        });
        Sink { address, heard }
    }

    /// A web server that answers every request with the same line, for instance `204 X`.
    pub async fn answering(line: &'static str) -> Sink {
        Sink::open(move |stream| webhook(stream, line)).await
    }

    /// What it heard so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Takes one request whole and answers it with a status line.
pub async fn webhook(mut stream: TcpStream, line: &'static str) -> Option<String> {
    let text = request(&mut stream).await?;
    let answer = format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()?;
    Some(text)
}

/// Takes one request whole and never answers it.
pub async fn silence(mut stream: TcpStream) -> Option<String> {
    let text = request(&mut stream).await?;
    tokio::spawn(async move {
        std::future::pending::<()>().await;
        drop(stream);
    });
    Some(text)
}

/// Takes one request whole.
pub async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").and_then(|length| length.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(text);
        }
    }
}

/// A header of a request.
pub fn header(head: &str, name: &str) -> Option<String> {
    let line = |line: &str| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then(|| value.to_owned())
    };
    head.lines().find_map(line)
}

/// As much of a mail server as one mail needs.
pub async fn smtp(mut stream: TcpStream) -> Option<String> {
    let (reading, mut writing) = stream.split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 mail\r\n").await.ok()?;
    let (mut mail, mut in_data) = (String::new(), false);
    while let Some(line) = lines.next_line().await.ok()? {
        let answer: &[u8] = match (in_data, line.split(' ').next().unwrap_or_default()) {
            (true, ".") => {
                in_data = false;
                b"250 taken\r\n"
            }
            (true, _) => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            (false, "DATA") => {
                in_data = true;
                b"354 go on\r\n"
            }
            (false, "QUIT") => {
                writing.write_all(b"221 bye\r\n").await.ok()?;
                return Some(mail);
            }
            (false, _) => b"250 ok\r\n",
        };
        writing.write_all(answer).await.ok()?;
        if !mail.is_empty() && !in_data {
            return Some(mail);
        }
    }
    None
}

/// A mail with the same word in the place of the one that its parts are divided by, which is another each time.
pub fn without_boundary(mail: &str) -> String {
    let (_, rest) = mail.split_once("boundary=\"").unwrap();
    mail.replace(rest.split_once('"').unwrap().0, "BOUNDARY")
}
