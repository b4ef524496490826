//! Asking for a secret: typed without being shown, or piped in. Never an argument: those are in the shell's history and in
//! the list of processes.

use std::io::{IsTerminal, Stdin, Write};

use anyhow::{Context, Result, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::config::Secret;

/// Longest secret, in bytes.
const LONGEST: usize = 8192;

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const ENTER: [u8; 2] = [b'\r', b'\n'];

/// A secret from standard input: a line of a terminal, after `question`, or everything that is piped in.
pub async fn secret(question: &str) -> Result<Secret> {
    let question = question.to_owned();
    tokio::task::spawn_blocking(move || ask(&question)).await.context("the question broke off")?
}

fn ask(question: &str) -> Result<Secret> {
    let stdin = std::io::stdin();
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
    if stdin.is_terminal() {
        let mut err = std::io::stderr();
        write!(err, "{question}: ")?;
        err.flush()?;
        let typed = Quiet::begin(&stdin).and_then(|quiet| type_in(quiet.stdin, &mut text));
        writeln!(err)?;
        typed?;
    } else {
        while let Some(byte) = next(&stdin)? {
            push(&mut text, byte)?;
        }
    }
    let text = std::str::from_utf8(&text).context("what came in is not text; hint: paste it again")?;
    Ok(Secret::new(text))
}

/// A terminal that does not show what is typed, and hands Ctrl-C to us, so that it is never left like that.
struct Quiet<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn begin(stdin: &'a Stdin) -> Result<Quiet<'a>> {
        let before = tcgetattr(stdin).context("cannot ask the terminal")?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(stdin, OptionalActions::Now, &quiet).context("cannot keep the terminal quiet")?;
        Ok(Quiet { stdin, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Where that fails the terminal is gone.
        let _ = tcsetattr(self.stdin, OptionalActions::Now, &self.before);
    }
}

fn type_in(stdin: &Stdin, text: &mut Zeroizing<Vec<u8>>) -> Result<()> {
    while let Some(byte) = next(stdin)? {
        match byte {
            INTERRUPT => bail!("given up; nothing was changed"),
            byte if ENTER.contains(&byte) || byte == END => break,
            byte if BACKSPACE.contains(&byte) => drop(text.pop()),
            byte => push(text, byte)?,
        }
    }
    Ok(())
}

fn push(text: &mut Zeroizing<Vec<u8>>, byte: u8) -> Result<()> {
    if text.len() == LONGEST {
        bail!("this is too long for a secret; hint: give the address and nothing else");
    }
    text.push(byte);
    Ok(())
}

/// One byte, past every buffer: what is read here is not to lie about.
fn next(stdin: &Stdin) -> Result<Option<u8>> {
    let mut byte = [0_u8];
    loop {
        match rustix::io::read(stdin, &mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(rustix::io::Errno::INTR) => {}
            Err(problem) => return Err(problem).context("cannot read standard input"),
        }
    }
}
