//! `deskd contact`: whom the desk serves.

use std::path::{Path, PathBuf};

use anstyle::Style;
use std::io::IsTerminal;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::{Answer, Client};
use super::screen::{View, bold, dim, styled};
use crate::web::contacts::{
    ContactDocument, ErasedDocument, Import, ImportLine, ImportedDocument, is_address,
};

/// Look after contacts.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List contacts.
    List,
    /// Show one contact.
    Show {
        /// The contact's number.
        number: String,
    },
    /// Bring in contacts from a CSV file with the columns name, email and company.
    Import {
        /// The file; its first line names the columns.
        file: PathBuf,
    },
    /// Say that somebody in Slack is this contact.
    Link {
        /// The contact's number.
        number: String,
        /// @handle, Slack id or e-mail address.
        person: String,
    },
    /// Write out everything that is held about a contact, as JSON: messages, tasks, answers, raw events.
    Export {
        /// The contact's number.
        number: String,
        /// The file to write, readable only for you; without it, to the terminal.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Remove everything known of a contact; only the numbers of its tasks stay. What the person wrote before does not
    /// come back; what they write later is somebody new.
    Erase {
        /// The contact's number.
        number: String,
        /// Do it, also at a terminal.
        #[arg(long)]
        yes: bool,
    },
}

/// How many wrong lines of a file are named; more would scroll away.
const MOST_NAMED: usize = 10;

/// Does it.
pub async fn run(args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let client = Client::new(&call.sources)?;
    match &args.what {
        What::List => {
            let answer = client.get("/v1/contacts", &[]).await?;
            call.show(&answer, |contacts: &Vec<ContactDocument>, view| table(contacts, view))
        }
        What::Show { number } => {
            let answer = client.get(&path(number, ""), &[]).await?;
            call.show(&answer, |contact: &ContactDocument, _| screen(contact))
        }
        What::Import { file } => {
            let lines = read(file)?;
            let answer = client.post("/v1/contacts/import", &Import { lines }).await?;
            call.show(&answer, |done: &ImportedDocument, _| {
                let ImportedDocument { ok: _, created, updated, unchanged } = done;
                format!("{created} created, {updated} updated, {unchanged} as they were\n")
            })
        }
        What::Link { number, person } => {
            let answer = client.post(&path(number, "/link"), &json!({ "person": person })).await?;
            call.show(&answer, |contact: &ContactDocument, _| {
                format!("contact {} is {}\n", contact.id, contact.slack_user_ids.join(" and "))
            })
        }
        What::Export { number, output } => {
            let answer = client.get(&path(number, "/export"), &[]).await?;
            match output {
                Some(file) => export(&answer, file, call),
                None => {
                    call.print_json(&answer.document)?;
                    Ok(Exit::Done)
                }
            }
        }
        // A script means what it says; a person at a terminal may have mistyped the number.
        What::Erase { number, yes: false } if std::io::stdin().is_terminal() => bail!(
            "this removes the name, addresses and messages of contact {number} for good; hint: deskd contact erase \
             {number} --yes"
        ),
        What::Erase { number, yes: _ } => {
            let answer = client.post(&path(number, "/erase"), &json!({})).await?;
            call.show(&answer, |done: &ErasedDocument, _| erased(done))
        }
    }
}

fn erased(done: &ErasedDocument) -> String {
    let tasks = match done.contact.tasks {
        0 => "it had no tasks".to_owned(),
        1 => "its task stays as a number".to_owned(),
        count => format!("its {count} tasks stay as numbers"),
    };
    let mut text =
        format!("contact {} is erased; {tasks}, and backups keep what they hold\n", done.contact.id);
    text.push_str(&leftovers(done.log_folded, &done.copies));
    text
}

/// What still holds what was deleted: the write-ahead log for a moment, and copies until somebody deletes them.
pub(super) fn leftovers(is_folded: bool, copies: &[String]) -> String {
    let mut text = String::new();
    if !is_folded {
        text.push_str(
            "the write-ahead log still holds pages from before; it is folded as soon as nobody reads the database\n",
        );
    }
    if !copies.is_empty() {
        text.push_str(
            "these copies beside the database hold what was there before; delete them if you can:\n",
        );
        copies.iter().for_each(|copy| text.push_str(&format!("  {copy}\n")));
    }
    text
}

/// Writes the answer where only this user can read it.
fn export(answer: &Answer, file: &Path, call: &mut Call<'_>) -> Result<Exit> {
    let shown = file.display();
    super::private::write(file, &format!("{:#}\n", answer.document))?;
    if call.json {
        call.print_json(&json!({ "ok": true, "file": file }))?;
    } else {
        writeln!(
            call.out,
            "{shown} is written; hint: it holds messages and addresses, delete it when it is handed over"
        )?;
    }
    Ok(Exit::Done)
}

fn path(number: &str, verb: &str) -> String {
    super::task::numbered("/v1/contacts", number, verb)
}

/// The list.
pub fn table(contacts: &[ContactDocument], view: &View) -> String {
    if contacts.is_empty() {
        return "no contacts yet; they come with the first message, or hint: deskd contact import FILE.csv\n"
            .to_owned();
    }
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let row = |contact: &ContactDocument| {
        vec![
            contact.id.to_string(),
            contact.name.clone(),
            known(&contact.email),
            known(&contact.company),
            contact.slack_user_ids.join(" "),
            contact.tasks.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = contacts.iter().map(row).collect();
    view.table(&["ID", "NAME", "EMAIL", "COMPANY", "SLACK", "TASKS"], &rows, |at| match contacts.get(at) {
        Some(contact) if contact.erased => dim(),
        Some(_) | None => Style::new(),
    })
}

fn screen(contact: &ContactDocument) -> String {
    let mut text = format!("{}\n", styled(bold(), format!("Contact {}  {}", contact.id, contact.name)));
    let slack = (!contact.slack_user_ids.is_empty()).then(|| contact.slack_user_ids.join(" "));
    for (label, value) in [("email", &contact.email), ("company", &contact.company), ("slack", &slack)] {
        let value = value.as_deref().unwrap_or("-");
        text.push_str(&format!("  {}{value}\n", styled(dim(), format!("{label:<9}"))));
    }
    text.push_str(&format!("  {}{}\n", styled(dim(), format!("{:<9}", "tasks")), contact.tasks));
    text
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    name: String,
    #[serde(alias = "e-mail", alias = "mail")]
    email: String,
    #[serde(default)]
    company: String,
}

/// Reads the file whole: every wrong line is named before anything is sent.
fn read(file: &Path) -> Result<Vec<ImportLine>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {shown}; hint: is it a CSV file in UTF-8?"))?;
    parse(&text).map_err(|wrong| {
        let more = match wrong.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!("\n  and {more} more"),
        };
        let first: Vec<String> = wrong.into_iter().take(MOST_NAMED).collect();
        anyhow::anyhow!(
            "{shown} is not imported:\n  {}{more}; hint: the first line names the columns: name,email,company",
            first.join("\n  ")
        )
    })
}

/// The lines of a CSV text, or what is wrong with it, by line number.
fn parse(text: &str) -> Result<Vec<ImportLine>, Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = match text.lines().next().unwrap_or_default() {
        // Spreadsheets in much of Europe write semicolons.
        first if first.contains(';') && !first.contains(',') => b';',
        _ => b',',
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let names =
        reader.headers().map(|names| names.iter().map(str::to_lowercase).collect::<csv::StringRecord>());
    match names {
        Ok(names) if names.iter().any(|name| matches!(name, "email" | "e-mail" | "mail")) => {
            reader.set_headers(names)
        }
        Ok(_) => return Err(vec!["line 1: there is no column called email".to_owned()]),
        Err(_) => return Err(vec!["line 1: it is not CSV".to_owned()]),
    }
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let mut reader = reader.into_deserialize::<Line>();
    loop {
        let at = reader.reader().position().line();
        match reader.next() {
            None => break,
            Some(Ok(Line { name, email, company })) if is_address(&email) => {
                lines.push(ImportLine { name, email, company });
            }
            Some(Ok(_)) => wrong.push(format!("line {at}: no usable e-mail address")),
            Some(Err(_)) => wrong.push(format!("line {at}: it has more or fewer fields than the first line")),
        }
    }
    match (wrong.is_empty(), lines.is_empty()) {
        (true, true) => Err(vec!["there is no contact in it".to_owned()]),
        (true, false) => Ok(lines),
        (false, _) => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_file_is_read_by_its_column_names_and_all_wrong_lines_are_named() {
        let lines =
            parse("\u{feff}Company;Name;E-Mail\nAcme;Ada L.;ada@acme.example\n;;bob@acme.example\n").unwrap();
        let told: Vec<_> = lines.iter().map(|line| (&*line.name, &*line.email, &*line.company)).collect();
        assert_eq!(told, [("Ada L.", "ada@acme.example", "Acme"), ("", "bob@acme.example", "")]);
        for (text, wrong) in [
            ("name,company\nAda,Acme\n", "line 1: there is no column called email"),
            ("", "line 1: there is no column called email"),
            ("name,email\n", "there is no contact in it"),
            (
                "name,email\nAda,ada at acme\nBob\n\"Eve, E.\",eve@acme.example\n",
                "line 2: no usable e-mail address|line 3: it has more or fewer fields than the first line",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().join("|"), wrong, "{text:?}");
        }
    }
}
