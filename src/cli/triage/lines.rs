//! `deskd triage export` and `import`: what people taught, as lines of text.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::json;

use super::super::call::{Call, Exit};
use super::super::client::Client;
use super::super::private;
use crate::web::taught::{ExamplesDocument, ImportedDocument, Lines};

/// How many wrong lines of a file are named; more would scroll away.
const MOST_NAMED: usize = 10;

/// Write out what people taught, one example per line
///
/// A line is the category, a tab and the text; ! stands for what is no request. In the text \n begins the next message
/// of the bundle, \r is a line break within a message and \\ a backslash.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// The file to write, readable only for you; without it, to the terminal.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Learn examples from a file as export writes it; what is there already stays as it is
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The file.
    file: PathBuf,
}

/// Writes out.
pub async fn export(args: &ExportArgs, call: &mut Call<'_>) -> Result<Exit> {
    let answer = Client::new(&call.sources)?.get("/v1/triage/examples", &[]).await?;
    let Some(file) = &args.output else {
        return call.show(&answer, |told: &ExamplesDocument, _| told.tsv.clone());
    };
    let told: ExamplesDocument = answer.read()?;
    private::write(file, &told.tsv)?;
    if call.json {
        call.print_json(&json!({ "ok": true, "file": file, "examples": told.examples }))?;
    } else {
        let (shown, count) = (file.display(), told.examples);
        writeln!(
            call.out,
            "{shown} holds {count} examples; hint: they are what people wrote, delete it when it is used"
        )?;
    }
    Ok(Exit::Done)
}

/// Brings in. Ends with 1 when a line could not be read.
pub async fn import(args: &ImportArgs, call: &mut Call<'_>) -> Result<Exit> {
    let shown = args.file.display();
    let tsv = std::fs::read_to_string(&args.file)
        .with_context(|| format!("cannot read {shown}; hint: is it a text in UTF-8?"))?;
    let answer = Client::new(&call.sources)?.post("/v1/triage/examples", &Lines { tsv }).await?;
    let told: ImportedDocument = answer.read()?;
    call.show(&answer, |told: &ImportedDocument, _| screen(told))?;
    Ok(if told.wrong.is_empty() { Exit::Done } else { Exit::Failed })
}

/// What an import did.
pub fn screen(told: &ImportedDocument) -> String {
    let ImportedDocument { ok: _, new, known, wrong, waiting, remark } = told;
    let mut text = format!("{new} examples are new, {known} were there\n");
    if !waiting.is_empty() {
        let names = waiting.join(", ");
        text.push_str(&format!(
            "not configured: {names}; their examples wait; hint: add a [[category]] of that name\n"
        ));
    }
    if !wrong.is_empty() {
        text.push_str(&format!("lines left out: {}\n", wrong.len()));
        let named = wrong.iter().take(MOST_NAMED);
        named.for_each(|wrong| text.push_str(&format!("  line {}: {}\n", wrong.line, wrong.why)));
        if let Some(more) = wrong.len().checked_sub(MOST_NAMED + 1) {
            text.push_str(&format!("  and {} more\n", more + 1));
        }
    }
    if let Some(remark) = remark {
        text.push_str(&format!("remark: {remark}\n"));
    }
    text
}
