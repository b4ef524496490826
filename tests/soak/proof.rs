//! The comparison of both sides: what Slack has with what the desk holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use deskd::simulator::{Message, Simulator};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::traffic::{PLACES, Reply, TEAM};

/// What was compared and what differs.
#[derive(Default)]
pub struct Proof {
    /// Messages that the desk has to have.
    pub messages: usize,
    /// Tasks.
    pub tasks: i64,
    /// Replies that the desk accepted.
    pub replies: usize,
    /// Messages that the desk does not have because Slack gave up delivering them.
    pub missed: usize,
    /// Messages and replies that are nowhere, though they should be.
    pub lost: usize,
    /// Messages and replies that are there more than once.
    pub doubled: usize,
    /// Rows that are not done.
    pub pending: i64,
    /// One line for each difference, without texts.
    pub differences: Vec<String>,
}

/// A stored message.
struct Row {
    role: String,
    text: String,
    deleted: bool,
    bundle: String,
    task: Option<i64>,
}

/// Compares; `strict` when the desk also fetches what Slack did not deliver.
pub fn compare(slack: &Simulator, database: &Path, replies: &[Reply], strict: bool) -> Result<Proof, String> {
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.map_err(|error| error.to_string())?;
    let mut judge = Judge { slack, database, given_up: given_up(slack), strict, proof: Proof::default() };
    judge.messages().map_err(|error| format!("reading the database: {error}"))?;
    judge.replies(replies).map_err(|error| format!("reading the database: {error}"))?;
    judge.rest().map_err(|error| format!("reading the database: {error}"))?;
    judge.proof.differences.extend(slack.complaints().into_iter().map(|what| format!("on a socket: {what}")));
    Ok(judge.proof)
}

/// What Slack gave up delivering, by what it was and (channel, ts) of the message.
fn given_up(slack: &Simulator) -> BTreeSet<(String, String, String)> {
    let payloads = slack.lost_payloads();
    let of = |payload: &Value| {
        let event = &payload["event"];
        let kind = event["subtype"].as_str().filter(|kind| kind.starts_with("message_")).unwrap_or("message");
        let ts = event["deleted_ts"].as_str().or(event["message"]["ts"].as_str()).or(event["ts"].as_str())?;
        Some((kind.to_owned(), event["channel"].as_str()?.to_owned(), ts.to_owned()))
    };
    payloads.iter().filter_map(of).collect()
}

struct Judge<'a> {
    slack: &'a Simulator,
    database: Connection,
    given_up: BTreeSet<(String, String, String)>,
    strict: bool,
    proof: Proof,
}

impl Judge<'_> {
    fn messages(&mut self) -> rusqlite::Result<()> {
        let mut stored = self.stored()?;
        let team: Vec<String> = TEAM.iter().filter_map(|one| self.slack.user_id(one).ok()).collect();
        for place in PLACES {
            let Ok(channel) = self.slack.channel_id(place) else { continue };
            let Ok(history) = self.slack.history(place) else { continue };
            let authors: HashMap<&str, &Message> = history.iter().map(|one| (one.ts.as_str(), one)).collect();
            for message in &history {
                let Some(user) = message.user.as_ref().filter(|_| message.bot_id.is_none()) else { continue };
                let is_team = team.contains(user);
                // What a teammate says outside a contact's thread is nobody's task.
                let root = message.thread_ts.as_ref().and_then(|ts| authors.get(ts.as_str()));
                let root_is_contact = root.is_some_and(|root| {
                    root.bot_id.is_none() && root.user.as_ref().is_some_and(|user| !team.contains(user))
                });
                if is_team && !(message.is_reply() && root_is_contact) {
                    continue;
                }
                self.proof.messages += 1;
                let rows = stored.remove(&(channel.clone(), message.ts.clone())).unwrap_or_default();
                self.one(&channel, message, is_team, &rows, root.copied());
            }
        }
        let strange: Vec<_> =
            stored.iter().filter(|(_, rows)| rows.iter().any(|row| row.role != "desk")).collect();
        for ((channel, ts), _) in strange {
            self.proof.differences.push(format!("{channel}/{ts}: kept, though nobody said it"));
        }
        Ok(())
    }

    fn one(&mut self, channel: &str, message: &Message, is_team: bool, rows: &[Row], root: Option<&Message>) {
        let name = format!("{channel}/{}", message.ts);
        let lost = |kind: &str| (kind.to_owned(), channel.to_owned(), message.ts.clone());
        let lost = |kind: &str| self.given_up.contains(&lost(kind));
        let [post_lost, edit_lost, delete_lost] = ["message", "message_changed", "message_deleted"].map(lost);
        // The answer to a message that was taken back belongs to nothing.
        let unasked = is_team && root.is_some_and(|root| root.deleted);
        if unasked && rows.is_empty() {
            return;
        }
        let [row] = rows else {
            if !rows.is_empty() {
                self.proof.doubled += 1;
                return self.differs(format!("{name}: kept {} times", rows.len()));
            }
            // An answer has no place while the message it answers is missing.
            let root_lost = is_team
                && root.is_some_and(|root| {
                    self.given_up.contains(&("message".to_owned(), channel.to_owned(), root.ts.clone()))
                        || root.deleted
                });
            if (post_lost || root_lost) && !self.strict {
                self.proof.missed += 1;
            } else if !message.deleted {
                self.proof.lost += 1;
                self.differs(format!("{name}: lost{}", if is_team { " (a teammate's answer)" } else { "" }));
            }
            return;
        };
        if message.deleted != row.deleted && !delete_lost {
            self.differs(format!("{name}: deleted in Slack {}, here {}", message.deleted, row.deleted));
        }
        let excused = message.deleted || row.deleted || edit_lost;
        if !excused && row.text != message.text {
            self.differs(format!("{name}: the text is not the last one"));
        }
        if (row.role == "team") != is_team {
            self.differs(format!("{name}: kept as {}", row.role));
        }
        let dropped = row.bundle == "dropped" && (row.deleted || unasked);
        if !dropped && (row.bundle != "triaged" || row.task.is_none()) {
            self.proof.lost += 1;
            self.differs(format!("{name}: in a {} bundle without a task", row.bundle));
        }
    }

    fn differs(&mut self, what: String) {
        self.proof.differences.push(what);
    }

    fn stored(&self) -> rusqlite::Result<BTreeMap<(String, String), Vec<Row>>> {
        let mut query = self.database.prepare(
            "SELECT m.channel, m.ts, m.role, m.text, m.deleted_at IS NOT NULL, b.state, b.task
             FROM messages m JOIN bundles b ON b.id = m.bundle",
        )?;
        let mut stored: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let kept = Row {
                role: row.get(2)?,
                text: row.get(3)?,
                deleted: row.get(4)?,
                bundle: row.get(5)?,
                task: row.get(6)?,
            };
            stored.entry((row.get(0)?, row.get(1)?)).or_default().push(kept);
        }
        Ok(stored)
    }

    fn replies(&mut self, replies: &[Reply]) -> rusqlite::Result<()> {
        let mut posts: Vec<(String, Message)> = Vec::new();
        for place in PLACES {
            if let (Ok(channel), Ok(ours)) = (self.slack.channel_id(place), self.slack.posts(place)) {
                posts.extend(ours.into_iter().map(|post| (channel.clone(), post)));
            }
        }
        for reply in replies {
            let there: Vec<_> = posts.iter().filter(|(_, post)| post.text.contains(&reply.marker)).collect();
            self.proof.replies += usize::from(reply.accepted);
            match (there.len(), reply.accepted) {
                // Its thread was taken back before it could be sent: a person is told, and that is its end.
                (0, true) if self.has_no_thread(&reply.marker)? => {}
                (0, true) => {
                    self.proof.lost += 1;
                    self.differs(format!("reply {} to task {}: lost", reply.marker, reply.task));
                }
                (0, false) => {}
                (1, _) => {
                    let home: (String, String) = self.database.query_row(
                        "SELECT channel, thread FROM tasks WHERE number = ?",
                        [reply.task],
                        |row| Ok((row.get(0)?, row.get(1)?)),
                    )?;
                    let (channel, post) = there[0];
                    if (channel, post.thread_ts.as_ref()) != (&home.0, Some(&home.1)) {
                        self.differs(format!(
                            "reply {} to task {}: in the wrong place",
                            reply.marker, reply.task
                        ));
                    }
                }
                (times, _) => {
                    self.proof.doubled += 1;
                    self.differs(format!(
                        "reply {} to task {}: stands {times} times",
                        reply.marker, reply.task
                    ));
                }
            }
        }
        let mut query = self.database.prepare("SELECT channel, ts FROM sends WHERE state = 'sent'")?;
        let sent: BTreeSet<(String, String)> =
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        drop(query);
        for (channel, post) in &posts {
            if !sent.contains(&(channel.clone(), post.ts.clone())) {
                self.proof.doubled += 1;
                self.differs(format!(
                    "{channel}/{}: stands in Slack, and no send is known to have made it",
                    post.ts
                ));
            }
        }
        if sent.len() != posts.len() {
            self.differs(format!("{} sends were made, {} posts stand in Slack", sent.len(), posts.len()));
        }
        Ok(())
    }

    /// Whether a reply stopped because the message that it answers was taken back.
    fn has_no_thread(&self, marker: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sends s JOIN messages m ON m.channel = s.channel AND m.ts = s.thread
                       WHERE s.state = 'failed' AND s.reason = 'thread_not_found' AND m.deleted_at IS NOT NULL
                         AND instr(s.text, ?) > 0)";
        self.database.query_row(sql, [marker], |row| row.get(0))
    }

    /// Nothing is under way, and nothing ended in a way that needs a person; but for answers to what was taken back.
    fn rest(&mut self) -> rusqlite::Result<()> {
        let one = |sql: &str| self.database.query_row(sql, [], |row| row.get::<_, i64>(0));
        self.proof.tasks = one("SELECT COUNT(*) FROM tasks")?;
        let pending = [
            (
                "events without an outcome",
                "SELECT COUNT(*) FROM events e LEFT JOIN outcomes o ON o.event = e.id WHERE o.event IS NULL",
            ),
            ("bundles not triaged", "SELECT COUNT(*) FROM bundles WHERE state IN ('open', 'sealed')"),
            (
                "sends not sent",
                "SELECT COUNT(*) FROM sends s WHERE state <> 'sent' AND NOT (state = 'failed' AND reason = 'thread_not_found' AND
                    EXISTS (SELECT 1 FROM messages m WHERE m.channel = s.channel AND m.ts = s.thread AND m.deleted_at IS NOT NULL))",
            ),
            ("events not decoded", "SELECT COUNT(*) FROM outcomes WHERE reason = 'undecodable'"),
            (
                "tasks without a bundle",
                "SELECT COUNT(*) FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM bundles WHERE task = t.id)",
            ),
            // While a bundle is open, answers in the threads of its messages may become tasks of their own.
            (
                "replies in another task than their thread's first message",
                "SELECT COUNT(*) FROM messages m JOIN bundles b ON b.id = m.bundle
              JOIN messages r ON r.channel = b.channel AND r.ts = b.thread AND r.workspace = b.workspace
              JOIN bundles rb ON rb.id = r.bundle
              WHERE b.thread <> '' AND b.task IS NOT NULL AND rb.task IS NOT NULL AND b.task <> rb.task
                AND b.opened_at > rb.due + 60000",
            ),
        ];
        let mut found = Vec::new();
        for (name, sql) in pending {
            let count = one(sql)?;
            if count > 0 {
                found.push(format!("{count} {name}"));
                self.proof.pending += count;
            }
        }
        self.proof.differences.extend(found);
        let check: String = self.database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if check != "ok" {
            self.proof.differences.push("the database is damaged".to_owned());
        }
        Ok(())
    }
}
