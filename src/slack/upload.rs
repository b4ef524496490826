//! Files into a channel, in Slack's three steps: an address for the bytes, the bytes, the channel [slack-facts 4.8].
//!
//! Until the third step nobody sees anything, and what was begun is thrown away by Slack. The third works once for a file
//! id, and the id is found in the channel's history: that is how a step of unknown outcome is settled.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::api::{Api, lenient, missing};
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::rooms::More;
use crate::domain::ids::ChannelId;
use crate::domain::time::Timestamp;

/// Hosts of Slack's that take bytes; the address comes from Slack and is never built.
const HOSTS: [&str; 3] = [".slack.com", ".slack-gov.com", ".slack-files.com"];
/// Messages a page of a history.
const PAGE: &str = "200";
/// The most pages read: 2,000 messages since the file was shared.
const MOST_PAGES: usize = 10;
/// How much before the sharing to begin: Slack's clock is not ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(15 * 60);

/// A file to be uploaded.
pub struct File<'a> {
    /// Its name with its extension.
    pub name: &'a str,
    /// What it shows, for whoever cannot see it.
    pub alt: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// Where a file is shared.
pub struct Share<'a> {
    /// Slack's id of the file.
    pub file: &'a str,
    /// Its title.
    pub title: &'a str,
    /// The channel.
    pub channel: &'a ChannelId,
    /// What is said with it, as Slack encodes it.
    pub comment: &'a str,
}

impl Api {
    /// The first two steps. The file id that comes back is good for one [`Api::share_file`]; nobody sees anything yet, so
    /// whatever went wrong, it may be done again.
    pub async fn upload_file(&self, file: &File<'_>) -> Result<String, Failure> {
        let length = file.bytes.len().to_string();
        let form = [("filename", file.name), ("length", &length), ("alt_txt", file.alt)];
        let done = self.write("files.getUploadURLExternal", &form).await?;
        let answer: Place<'_> = lenient(&done.body);
        let id = loose::filled(&answer.file_id).ok_or_else(|| missing("file id"))?;
        let url = loose::filled(&answer.upload_url).ok_or_else(|| missing("address for the file"))?;
        let url = self.upload_address(&url).ok_or_else(|| missing("address of Slack's for the file"))?;
        self.bring(url, file.bytes.to_vec()).await?;
        Ok(id)
    }

    /// The third step: the file is in the channel, with a comment.
    pub async fn share_file(&self, share: &Share<'_>) -> Result<(), Failure> {
        let files = json!([{ "id": share.file, "title": share.title }]).to_string();
        let form =
            [("files", files.as_str()), ("channel_id", &share.channel.0), ("initial_comment", share.comment)];
        self.write("files.completeUploadExternal", &form).await.map(|_| ())
    }

    /// Whether a message of the channel carries the file. `Ok(false)` only when everything since `since` was read.
    pub async fn find_file(
        &self,
        channel: &ChannelId,
        file: &str,
        since: Timestamp,
    ) -> Result<bool, Failure> {
        let oldest = format!("{}.000000", since.minus(CLOCKS_DIFFER).unix_seconds());
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut form = vec![("channel", channel.0.as_str()), ("limit", PAGE), ("oldest", &oldest)];
            form.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let done = self.read("conversations.history", &form).await?;
            let page: Page<'_> = serde_json::from_slice(&done.body).map_err(|_| unread())?;
            let Loose::List(messages) = page.messages else { return Err(unread()) };
            if messages.iter().filter_map(Loose::object).any(|message| message.carries(file)) {
                return Ok(true);
            }
            match page.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor)) {
                Some(next) => cursor = next,
                None => return Ok(false),
            }
        }
        Err(unread())
    }
}

/// An address for bytes, if it is one of Slack's, or of `local`, a simulator's base on this machine.
pub(super) fn address(url: &str, local: Option<&str>) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(url).ok()?;
    let slacks = url.scheme() == "https"
        && url.host_str().is_some_and(|host| HOSTS.iter().any(|end| host.ends_with(end)));
    let simulated = local.and_then(|base| reqwest::Url::parse(base).ok());
    let simulated = simulated.is_some_and(|base| base.origin() == url.origin());
    (slacks || simulated).then_some(url)
}

fn unread() -> Failure {
    Failure::Unknown { what: "the channel's history could not be read to its end".to_owned() }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    upload_url: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    file_id: Text<'a>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    messages: Loose<'a, Carrier<'a>>,
    #[serde(borrow, default)]
    response_metadata: Loose<'a, More<'a>>,
}

#[derive(Deserialize)]
struct Carrier<'a> {
    #[serde(borrow, default)]
    files: Loose<'a, Carried<'a>>,
}

#[derive(Deserialize)]
struct Carried<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
}

impl Carrier<'_> {
    fn carries(&self, file: &str) -> bool {
        match &self.files {
            Loose::List(files) => {
                files.iter().filter_map(Loose::object).any(|carried| loose::or_empty(&carried.id) == file)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn bytes_go_to_slacks_own_hosts_only() {
        assert!(address("https://files.slack.com/upload/v1/x", None).is_some());
        assert!(address("https://files.slack-gov.com/upload/v1/x", None).is_some());
        assert!(address("http://127.0.0.1:9/upload/v1/x", Some("http://127.0.0.1:9/api")).is_some());
        for stranger in [
            "http://files.slack.com/upload/v1/x",
            "https://files.slack.com.example/x",
            "https://notslack.com/x",
            "https://files.slack.com@evil.example/x",
            "http://127.0.0.1:9/x",
        ] {
            assert!(address(stranger, None).is_none(), "{stranger}");
        }
    }
}
