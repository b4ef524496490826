//! Contacts: to look at, import, link to people in Slack, and erase.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::arguments::{Given, Numbered};
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::handling::Nothing;
use super::{Front, ourselves, people};
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::ContactId;
use crate::store::contacts::{Contact, ContactLine};
use crate::store::export::Holdings;

/// A contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContactDocument {
    /// Its number.
    pub id: i64,
    /// The name; the Slack id when nothing better is known.
    pub name: String,
    /// The address, when known.
    pub email: Option<String>,
    /// The company, when known.
    pub company: Option<String>,
    /// The Slack users it is.
    pub slack_user_ids: Vec<String>,
    /// Tasks it has, of any status.
    pub tasks: i64,
    /// Whether it was erased.
    pub erased: bool,
}

/// A contact that was erased.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErasedDocument {
    /// What is left of it.
    #[serde(flatten)]
    pub contact: ContactDocument,
    /// Raw events whose content was taken out.
    pub events: usize,
    /// Whether the write-ahead log is folded, too; otherwise that happens soon.
    pub log_folded: bool,
    /// Copies of the database beside it, which keep what they hold.
    pub copies: Vec<String>,
}

/// Everything that is held about a contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExportDocument {
    /// Its number.
    pub contact: i64,
    /// When it was asked.
    pub exported_at: String,
    /// The rows of each table.
    pub held: Holdings,
}

/// Contacts to be made or brought up to date, known by their address.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// One per contact.
    pub lines: Vec<ImportLine>,
}

/// One contact to be imported.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportLine {
    /// The name; the address stands for it when it is empty.
    pub name: String,
    /// The address.
    pub email: String,
    /// The company; may be empty.
    #[serde(default)]
    pub company: String,
}

/// What an import did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImportedDocument {
    /// Always true.
    pub ok: bool,
    /// New contacts.
    pub created: usize,
    /// Contacts that changed.
    pub updated: usize,
    /// Contacts that were like that already.
    pub unchanged: usize,
}

/// The Slack user who is this contact.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    person: String,
}

/// `GET /v1/contacts`, by name.
pub async fn list(front: Front) -> Result<Json<Vec<ContactDocument>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let contacts = front.store.of(&workspace).contacts().await?;
    Ok(Json(contacts.into_iter().map(document).collect()))
}

/// `GET /v1/contacts/3`.
pub async fn show(front: Front, Numbered(number): Numbered) -> Result<Json<ContactDocument>, Refusal> {
    one(&front, ContactId(number)).await.map(Json)
}

/// `POST /v1/contacts/import`: all lines or none.
pub async fn import(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Import { lines }): Given<Import>,
) -> Result<Json<ImportedDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    if let Some(at) = lines.iter().position(|line| !is_address(&line.email)) {
        let what = format!(
            "contact {} has no usable e-mail address, and nothing was imported; hint: every contact \
                            needs one, it is what contacts are known by",
            at + 1
        );
        return Err(Refusal::bad(what));
    }
    let lines = lines.into_iter().map(|ImportLine { name, email, company }| ContactLine {
        name: if name.trim().is_empty() { email.trim().to_owned() } else { name.trim().to_owned() },
        email: email.trim().to_owned(),
        company: company.trim().to_owned(),
    });
    let done =
        front.store.of(&workspace).import_contacts(lines.collect(), caller.actor(), (front.now)()).await?;
    let (created, updated, unchanged) = (done.created, done.updated, done.unchanged);
    Ok(Json(ImportedDocument { ok: true, created, updated, unchanged }))
}

/// `POST /v1/contacts/3/link`: the person's tasks move to the contact.
pub async fn link(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Link { person }): Given<Link>,
) -> Result<Json<ContactDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let id = ContactId(number);
    let person = people::find(&front, &workspace, &person).await?;
    if !front.store.of(&workspace).link_contact(id, person, caller.actor(), (front.now)()).await? {
        return Err(no_contact(id));
    }
    one(&front, id).await.map(Json)
}

/// `POST /v1/contacts/3/erase`: only the numbers of its tasks stay.
pub async fn erase(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<ErasedDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let id = ContactId(number);
    let done = front
        .store
        .of(&workspace)
        .erase_contact(id, caller.actor(), (front.now)())
        .await?
        .ok_or_else(|| no_contact(id))?;
    info!(contact = id.0, events = done.events, "Erased contact {id}");
    let copies = front.store.copies_beside().await?;
    Ok(Json(ErasedDocument {
        contact: one(&front, id).await?,
        events: done.events,
        log_folded: done.folded,
        copies: copies.into_iter().map(|path| path.display().to_string()).collect(),
    }))
}

/// `GET /v1/contacts/3/export`: every row that we hold about it.
pub async fn export(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
) -> Result<Json<ExportDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let id = ContactId(number);
    let space = front.store.of(&workspace);
    let held = space.export_contact(id).await?.ok_or_else(|| no_contact(id))?;
    // Noted before it is handed out.
    let act = Act::new(&caller.actor(), Deed::ContactExported, number.to_string());
    space.note(act, (front.now)()).await?;
    Ok(Json(ExportDocument { contact: number, exported_at: (front.now)().to_string(), held }))
}

/// Whether a text can be an e-mail address. Only mail itself could say more.
pub fn is_address(text: &str) -> bool {
    let text = text.trim();
    let parts = text.split_once('@');
    !text.contains(char::is_whitespace)
        && parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

async fn one(front: &Front, id: ContactId) -> Result<ContactDocument, Refusal> {
    let workspace = ourselves(front).await?.workspace;
    let found = front.store.of(&workspace).contact(id).await?;
    found.map(document).ok_or_else(|| no_contact(id))
}

fn no_contact(id: ContactId) -> Refusal {
    Refusal::new(Code::NoSuchContact, format!("there is no contact {id}; hint: deskd contact list"))
}

fn document(contact: Contact) -> ContactDocument {
    ContactDocument {
        id: contact.id.0,
        name: contact.name,
        email: (!contact.email.is_empty()).then_some(contact.email),
        company: (!contact.company.is_empty()).then_some(contact.company),
        slack_user_ids: contact.people.into_iter().map(|person| person.0).collect(),
        tasks: contact.tasks,
        erased: contact.erased,
    }
}
