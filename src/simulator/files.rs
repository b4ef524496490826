//! Files that apps upload, in three steps: `files.getUploadURLExternal`, the bytes, `files.completeUploadExternal`.
//!
//! An upload that is never completed shows nowhere, and one is completed once. Faults for the bytes are added under the
//! method name `upload`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::faults::Fault;
use super::messages::Message;
use super::server::{self, Cut, Shared};
use super::workspace::{CallRecord, Workspace};

/// Uploads that were begun, by file id.
#[derive(Debug, Default)]
pub struct Uploads(BTreeMap<String, Upload>);

#[derive(Debug)]
struct Upload {
    path: String,
    name: String,
    length: usize,
    bytes: Option<Vec<u8>>,
    shared: bool,
}

impl Uploads {
    /// The bytes of a file that was shared.
    pub fn shared(&self, id: &str) -> Option<Vec<u8>> {
        self.0.get(id).filter(|upload| upload.shared).and_then(|upload| upload.bytes.clone())
    }

    fn put(&mut self, path: &str, body: &[u8]) -> Result<usize, StatusCode> {
        let upload = self.0.values_mut().find(|upload| upload.path == path).ok_or(StatusCode::NOT_FOUND)?;
        // Slack's answer to another length is not known; a refusal is what a client must be ready for.
        if body.len() != upload.length {
            return Err(StatusCode::BAD_REQUEST);
        }
        upload.bytes = Some(body.to_vec());
        Ok(body.len())
    }
}

/// `files.getUploadURLExternal`
pub fn upload_url(workspace: &mut Workspace, call: &Call) -> Reply {
    let name = call.need("filename")?;
    let length = call.number("length").and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length > 0).ok_or_else(|| Refusal::from("missing_argument"))?;
    let (id, secret) = (workspace.ids.next("F"), workspace.ids.hex(24));
    let path = format!("upload/v1/{secret}");
    let url = format!("{}/{path}", workspace.base_url);
    let upload = Upload { path, name, length, bytes: None, shared: false };
    workspace.uploads.0.insert(id.clone(), upload);
    Ok(json!({ "upload_url": url, "file_id": id }))
}

/// The bytes, at the address of the first step. No token is needed.
pub async fn take(shared: &Arc<Shared>, path: &str, body: &[u8]) -> Result<Response<Body>, Cut> {
    let fault = shared.lock().faults.next("upload", None);
    let put = || {
        shared.act(|workspace, at_ms| {
            let put = workspace.uploads.put(path, body);
            let outcome = if put.is_ok() { "ok" } else { "refused" }.to_owned();
            let app = workspace.setup.app.id.clone();
            let record = CallRecord { at_ms, outcome, args: Value::Null, app };
            workspace.calls.entry("upload".to_owned()).or_default().push(record);
            match put {
                Ok(length) => server::plain(StatusCode::OK, format!("OK - {length}")),
                Err(status) => server::plain(status, "no"),
            }
        })
    };
    match fault {
        None => Ok(put()),
        Some(Fault::Slow(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(put())
        }
        Some(Fault::Drop) => Err(Cut),
        Some(Fault::Stall) => match server::never().await {},
        Some(Fault::AcceptThenCut) => {
            drop(put());
            Err(Cut)
        }
        Some(Fault::AcceptThenStall) => {
            drop(put());
            match server::never().await {}
        }
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Ok(server::plain(status, "<html>no</html>"))
        }
        Some(Fault::RateLimited(_)) => Ok(server::plain(StatusCode::TOO_MANY_REQUESTS, "rate_limited")),
        Some(Fault::Error(error)) => Ok(server::plain(StatusCode::BAD_REQUEST, error)),
    }
}

/// `files.completeUploadExternal`: one file into one channel, or into none, where it stays private.
pub fn complete(workspace: &mut Workspace, call: &Call) -> Reply {
    let files =
        call.nested("files", "invalid_arguments")?.ok_or_else(|| Refusal::from("invalid_arguments"))?;
    let file = files.get(0).cloned().unwrap_or_default();
    let id = file["id"].as_str().unwrap_or_default().to_owned();
    let ready = workspace.uploads.0.get(&id).is_some_and(|upload| upload.bytes.is_some() && !upload.shared);
    if !ready {
        return Err("file_not_found".into());
    }
    let place = match call.text("channel_id") {
        Some(channel) => {
            let at = workspace.channel_by_id(&channel).ok_or_else(|| Refusal::from("channel_not_found"))?;
            if !workspace.bot_is_in(at) {
                return Err("not_in_channel".into());
            }
            if workspace.channels[at].is_archived {
                return Err("is_archived".into());
            }
            Some(at)
        }
        None => None,
    };
    let title = file["title"].as_str().unwrap_or_default().to_owned();
    let Some(upload) = workspace.uploads.0.get_mut(&id) else { return Err("file_not_found".into()) };
    upload.shared = true;
    let (name, size) = (upload.name.clone(), upload.length);
    if let Some(at) = place {
        let me = workspace.setup.app.bot_user_id.clone();
        let mut shown = workspace.file(&name, &me);
        shown["id"] = json!(id);
        shown["title"] = json!(title);
        shown["size"] = json!(size);
        let message = Message {
            text: call.text("initial_comment").unwrap_or_default(),
            thread_ts: call.text("thread_ts"),
            files: vec![shown],
            subtype: Some("file_share".to_owned()),
            ..workspace.message_by_bot()
        };
        workspace.publish(at, message);
    }
    Ok(json!({ "files": [{ "id": id, "title": title }] }))
}
