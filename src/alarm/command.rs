//! The program of `[alarm] command`: run without a shell, the trouble on its standard input, nothing of it logged.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ways::Untold;

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often we look whether it has ended.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs it. On the blocking pool, so that nothing else waits; when the caller is dropped the program is killed.
pub async fn run(command: &[String], input: String) -> Result<(), Untold> {
    let Some((program, arguments)) = command.split_first() else { return Err(Untold::new("not_configured")) };
    let (program, arguments) = (program.clone(), arguments.to_vec());
    let abandoned = Abandoned(Arc::new(AtomicBool::new(false)));
    let flag = abandoned.0.clone();
    let done = tokio::task::spawn_blocking(move || run_now(&program, &arguments, &input, &flag)).await;
    drop(abandoned);
    done.unwrap_or_else(|_| Err(Untold::new("not_run")))
}

struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn run_now(program: &str, arguments: &[String], input: &str, abandoned: &AtomicBool) -> Result<(), Untold> {
    // Our environment may hold tokens: the program gets a bare one.
    let spawned = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = spawned.map_err(|problem| match problem.kind() {
        std::io::ErrorKind::NotFound => Untold::new("no_such_program"),
        std::io::ErrorKind::PermissionDenied => Untold::new("not_executable"),
        _ => Untold::new("not_run"),
    })?;
    // A page of JSON fits into the pipe, and a program that does not read it has its reasons.
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(input.as_bytes());
    }
    wait(&mut child, abandoned)
}

fn wait(child: &mut Child, abandoned: &AtomicBool) -> Result<(), Untold> {
    let glances = PATIENCE.as_millis() / GLANCE.as_millis();
    for _ in 0..glances {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                return Err(match status.code() {
                    Some(code) => Untold(format!("exit_{code}")),
                    None => Untold::new("killed"),
                });
            }
            Ok(None) if abandoned.load(Ordering::Relaxed) => break,
            Ok(None) => std::thread::sleep(GLANCE),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(Untold::new("timeout"))
}

#[cfg(test)]
mod tests {
    use super::{Untold, run};

    async fn sh(script: &str, input: &str) -> Result<(), Untold> {
        run(&["/bin/sh".into(), "-c".into(), script.into()], input.into()).await
    }

    #[tokio::test]
    async fn a_program_reads_the_notice_and_its_exit_code_counts() {
        assert_eq!(sh("read line && test \"$line\" = hello", "hello\n").await, Ok(()));
        assert_eq!(sh("exit 3", "").await, Err(Untold::new("exit_3")));
        let none = run(&["/nonexistent/page".into()], String::new()).await;
        assert_eq!(none, Err(Untold::new("no_such_program")));
    }

    #[tokio::test]
    async fn a_program_sees_nothing_of_our_environment() {
        assert_eq!(sh("test -z \"$HOME$CARGO_MANIFEST_DIR\"", "").await, Ok(()));
    }
}
