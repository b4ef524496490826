//! The program of a report: run without a shell, what it prints read as JSON. Nothing of it is logged.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::domain::report::{Broken, Program};

/// The most that is read, in bytes: a table of some thousand rows.
const MOST_BYTES: u64 = 1 << 20;
/// How often we look whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);
/// How long what it printed may take to arrive after its end: the pipe is closed by then, unless a child of its own holds it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs it. On the blocking pool, so that nothing else waits.
pub async fn run(program: &Program) -> Result<Value, Broken> {
    let program = program.clone();
    tokio::task::spawn_blocking(move || run_now(&program)).await.unwrap_or(Err(Broken::NotRun))
}

fn run_now(program: &Program) -> Result<Value, Broken> {
    let Some((path, arguments)) = program.command.split_first() else { return Err(Broken::NotRun) };
    // Our environment may hold tokens: the program gets a bare one. Its own group, so that its children end with it.
    let spawned = Command::new(path)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = spawned.map_err(|problem| match problem.kind() {
        std::io::ErrorKind::NotFound => Broken::NotFound,
        std::io::ErrorKind::PermissionDenied => Broken::NotExecutable,
        _ => Broken::NotRun,
    })?;
    let (tell, printed) = mpsc::channel();
    if let Some(pipe) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = pipe.take(MOST_BYTES + 1).read_to_end(&mut bytes);
            let _ = tell.send(read.map(|_| bytes));
        });
    }
    let ended = wait(&mut child, program.patience);
    let printed = match ended {
        Some(_) => printed.recv_timeout(LAST_WORDS),
        None => Err(mpsc::RecvTimeoutError::Timeout),
    };
    end(&mut child);
    let (Some(status), Ok(printed)) = (ended, printed) else { return Err(Broken::TooSlow) };
    judge(status, &printed.map_err(|_| Broken::NotRun)?)
}

fn judge(status: ExitStatus, printed: &[u8]) -> Result<Value, Broken> {
    // Checked first: a program whose pipe was closed ends badly for that alone.
    if printed.len() as u64 > MOST_BYTES {
        return Err(Broken::TooMuch);
    }
    match status.code() {
        Some(0) => serde_json::from_slice(printed).map_err(|_| Broken::NotJson),
        Some(code) => Err(Broken::Exit(code)),
        None => Err(Broken::Killed),
    }
}

/// Waits for the end; `None` when it takes too long.
fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    for _ in 0..patience.as_millis().div_ceil(GLANCE.as_millis()) {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(GLANCE),
            Err(_) => return None,
        }
    }
    None
}

/// Ends what is left of it: itself, and children that it left behind.
fn end(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::run;
    use crate::domain::report::{Broken, Program};

    async fn sh(script: &str) -> Result<Value, Broken> {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        run(&Program { command, patience: Duration::from_millis(800) }).await
    }

    #[tokio::test]
    async fn what_a_program_prints_is_json_or_a_reason() {
        assert_eq!(sh("echo '{\"profit\": 12.5}'").await, Ok(json!({"profit": 12.5})));
        assert_eq!(sh("test -z \"$HOME$CARGO_MANIFEST_DIR\" && echo 1").await, Ok(json!(1)));
        for (script, broken) in [
            ("echo nonsense", Broken::NotJson),
            ("true", Broken::NotJson),
            ("echo 1; exit 3", Broken::Exit(3)),
            ("kill -9 $$", Broken::Killed),
            ("sleep 60", Broken::TooSlow),
            ("sleep 60 & echo 1", Broken::TooSlow),
            ("yes", Broken::TooMuch),
        ] {
            assert_eq!(sh(script).await, Err(broken), "{script}");
        }
        let none = Program { command: vec!["/nonexistent/profit".into()], patience: Duration::from_secs(1) };
        assert_eq!(run(&none).await, Err(Broken::NotFound));
        let folder = Program { command: vec!["/".into()], patience: Duration::from_secs(1) };
        assert_eq!(run(&folder).await, Err(Broken::NotExecutable));
    }
}
