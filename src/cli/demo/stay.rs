//! After the conversation: the workspace and the desk go on, and somebody may take part from a second terminal.

use anyhow::{Context, Result};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::narrator::Narrator;
use super::stage::Stage;
use crate::store::tasks::TaskFilter;
use crate::web;

/// Serves the local API and shows what happens, until the caller lets go of it.
pub async fn stay(stage: &Stage, narrator: &mut Narrator<'_>) -> Result<()> {
    let socket = stage.socket();
    let listener = UnixListener::bind(socket)
        .with_context(|| format!("cannot open {}; hint: set TMPDIR to a shorter path", socket.display()))?;
    narrator.paragraph(&invitation(stage).await?)?;
    tokio::select! {
        () = web::serve_unix(listener, stage.front.clone(), CancellationToken::new()) => Ok(()),
        ended = narrator.go_on() => ended,
    }
}

/// What to type, with the numbers and places of this very demo.
async fn invitation(stage: &Stage) -> Result<String> {
    let tasks = stage.front.store.of(&stage.workspace).tasks(TaskFilter::default()).await?;
    // The customer whose problem is still open, else anybody's.
    let task = tasks.iter().find(|task| task.status.as_str() == "open").or(tasks.first());
    let number = task.map_or(1, |task| task.number.0);
    let desk = format!("{} --socket {}", quoted(&program()), quoted(&stage.socket().display().to_string()));
    let base = stage.slack.address();
    Ok(format!(
        "The desk goes on working. In a second terminal, as the team:\n\
         \x20 {desk} task list\n\
         \x20 {desk} task show {number}\n\
         \x20 {desk} reply {number} \"We have found it and are mending it\"\n\
         \x20 {desk} why \"task {number}\"\n\
         \x20 {desk} triage explain \"The courier lost my box\"\n\
         \x20 {desk} status\n\
         As a customer, who is then quiet for a while:\n\
         \x20 curl -s http://{base}/sim/say -d '{{\"person\": \"ada\", \"channel\": \"support\", \"text\": \"The export fails\"}}'\n\
         Everything else that can happen in Slack: curl -s http://{base}/sim/\n\
         Ctrl-C ends it; nothing is kept."
    ))
}

/// How this program was called: what a person typed works from the same folder again.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "deskd".to_owned())
}

/// The word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_with_spaces_or_quotes_is_quoted_for_the_shell() {
        assert_eq!(quoted("target/release/deskd"), "target/release/deskd");
        assert_eq!(quoted("/home/o'hara/my desk"), "'/home/o'\\''hara/my desk'");
    }
}
