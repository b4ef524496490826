//! Everything that is held about one contact, row by row as it is stored: whoever asks what we know gets all of it, with
//! columns of later versions as well.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Params, Transaction};
use serde_json::{Map, Value};

use super::erasures::{BATCH, concerned, traces};
use super::error::StoreError;
use super::space::Space;
use crate::domain::ids::{ContactId, EventId};

/// The rows of each table that concern a contact; columns are named.
pub type Holdings = BTreeMap<String, Vec<Map<String, Value>>>;

/// The tables in which a contact is, and which of their rows (`?1`) are its own. The journal is looked through.
const TABLES: [(&str, &str); 13] = [
    ("contacts", "id = ?1"),
    ("contact_people", "contact = ?1"),
    ("people", "(workspace, person) IN (SELECT workspace, person FROM contact_people WHERE contact = ?1)"),
    (
        "group_members",
        "(workspace, person) IN (SELECT workspace, person FROM contact_people WHERE contact = ?1)",
    ),
    ("tasks", "contact = ?1"),
    ("examples", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("judgements", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("history", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("advice", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("model_calls", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("sends", "task IN (SELECT id FROM tasks WHERE contact = ?1)"),
    ("bundles", BUNDLES),
    ("messages", MESSAGES),
];

const BUNDLES: &str = "task IN (SELECT id FROM tasks WHERE contact = ?1)
    OR (workspace, person) IN (SELECT workspace, person FROM contact_people WHERE contact = ?1)";
const MESSAGES: &str =
    "bundle IN (SELECT b.id FROM bundles b JOIN tasks t ON t.id = b.task WHERE t.contact = ?1)
    OR (workspace, person) IN (SELECT workspace, person FROM contact_people WHERE contact = ?1)";

impl Space {
    /// Everything that is held about a contact; `None` when there is none with this number.
    pub async fn export_contact(&self, id: ContactId) -> Result<Option<Holdings>, StoreError> {
        self.read(move |tx, workspace| {
            let Some(traces) = traces(tx, workspace, id)? else { return Ok(None) };
            let mut holdings = Holdings::new();
            for (table, condition) in TABLES {
                let sql = format!("SELECT * FROM {table} WHERE {condition} ORDER BY 1, 2");
                holdings.insert(table.to_owned(), rows(tx, &sql, [id.0])?);
            }
            let (mut events, mut after) = (Vec::new(), EventId(0));
            loop {
                let found = concerned(tx, workspace, &traces, (after, Some(BATCH)))?;
                for event in found.events {
                    events.extend(rows(tx, EVENT, [event.0])?);
                }
                match found.last {
                    Some(last) => after = last,
                    None => break,
                }
            }
            holdings.insert("events".to_owned(), events);
            Ok(Some(holdings))
        })
        .await
    }
}

const EVENT: &str =
    "SELECT e.*, o.reason FROM events e LEFT JOIN outcomes o ON o.event = e.id WHERE e.id = ?";

fn rows<P: Params>(
    tx: &Transaction<'_>,
    sql: &str,
    params: P,
) -> Result<Vec<Map<String, Value>>, StoreError> {
    let mut query = tx.prepare_cached(sql)?;
    let names: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut found = query.query(params)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let mut columns = Map::new();
        for (at, name) in names.iter().enumerate() {
            columns.insert(name.clone(), value(row.get_ref(at)?));
        }
        rows.push(columns);
    }
    Ok(rows)
}

fn value(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => Value::from(format!("({} bytes)", bytes.len())),
    }
}
