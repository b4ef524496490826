//! The binary: a thin start.

use std::process::ExitCode;

use clap::Parser;
use deskd::app::memory;
use deskd::cli::{self, Cli};

/// Threads that run tasks: one for the sockets and one for the rest keeps a small machine busy.
const WORKERS: usize = 2;

/// Threads that wait for the disk and for name resolution: every worker may wait for its turn to write, and nothing
/// else may have to wait behind them. Idle ones end after 10 s.
const BLOCKING: usize = 24;

fn main() -> ExitCode {
    // Before any secret is read, by whatever command; "deskd run" says when it was not possible.
    let _ = memory::keep_to_itself();
    let cli = Cli::parse();
    // Fails only when a provider is installed already, and then there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(cli::execute(cli, &mut anstream::stdout(), &mut anstream::stderr())).into()
        }
        Err(problem) => {
            eprintln!(
                "error: cannot start: {problem}\n  hint: is the limit of threads or open files very low?"
            );
            cli::call::Exit::Failed.into()
        }
    }
}
