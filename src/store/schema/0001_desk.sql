-- The desk: what came in, what it means, what is to be done, what goes out.
-- Times are UTC milliseconds; '' stands for "none" where a column is part of a key; every row carries its workspace.

-- Who we are in each workspace, learnt from auth.test.
CREATE TABLE workspaces (
    workspace  TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    url        TEXT NOT NULL,
    person     TEXT NOT NULL,
    bot        TEXT NOT NULL,
    app        TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- The journal: raw payloads, written before they are acknowledged and never changed. Ids are dense and rise: the newest
-- event is never deleted, so none is given twice.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    workspace   TEXT NOT NULL,
    app         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    type        TEXT NOT NULL,
    event_id    TEXT NOT NULL,
    digest      INTEGER NOT NULL,
    retry       INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    payload     TEXT NOT NULL
) STRICT;
-- A repeated delivery has the same id and the same bytes. Another payload under a known id is kept rather than trusted.
CREATE UNIQUE INDEX events_by_event_id ON events (event_id, digest);

-- What became of each event. Events are taken in order, so the journal's backlog is what lies above the last row here.
CREATE TABLE outcomes (
    event   INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    reason  TEXT NOT NULL,
    subject INTEGER,
    detail  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE channels (
    workspace   TEXT NOT NULL,
    channel     TEXT NOT NULL,
    name        TEXT NOT NULL,
    is_private  INTEGER NOT NULL CHECK (is_private IN (0, 1)),
    is_member   INTEGER NOT NULL CHECK (is_member IN (0, 1)),
    is_archived INTEGER NOT NULL CHECK (is_archived IN (0, 1)),
    pick        TEXT NOT NULL CHECK (pick IN ('none', 'monitor', 'ignore')),
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel)
) STRICT, WITHOUT ROWID;

-- What Slack says of people. A row without fetched_at was made because we could not ask.
CREATE TABLE people (
    workspace  TEXT NOT NULL,
    person     TEXT NOT NULL,
    handle     TEXT NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    team       TEXT NOT NULL,
    is_bot     INTEGER NOT NULL CHECK (is_bot IN (0, 1)),
    deleted    INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    fetched_at INTEGER,
    PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE teammates (
    workspace TEXT NOT NULL,
    person    TEXT NOT NULL,
    added_by  TEXT NOT NULL,
    added_at  INTEGER NOT NULL,
    PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    company    TEXT NOT NULL,
    source     TEXT NOT NULL CHECK (source IN ('slack', 'import')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    erased_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX contacts_by_email ON contacts (workspace, email) WHERE email <> '';

-- Which people a contact is: usually one, more after a link.
CREATE TABLE contact_people (
    workspace TEXT NOT NULL,
    person    TEXT NOT NULL,
    contact   INTEGER NOT NULL REFERENCES contacts (id),
    PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_people_by_contact ON contact_people (contact);

CREATE TABLE tasks (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace         TEXT NOT NULL,
    number            INTEGER NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('open', 'waiting', 'snoozed', 'done')),
    category          TEXT NOT NULL,
    category_by       TEXT NOT NULL CHECK (category_by IN ('desk', 'person')),
    priority          TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    priority_by       TEXT NOT NULL CHECK (priority_by IN ('desk', 'person')),
    verdict           TEXT NOT NULL,
    assignee          TEXT NOT NULL,
    contact           INTEGER NOT NULL REFERENCES contacts (id),
    channel           TEXT NOT NULL,
    thread            TEXT NOT NULL,
    snoozed_until     INTEGER,
    first_response_at INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tasks_by_number ON tasks (workspace, number);
CREATE INDEX tasks_by_thread ON tasks (workspace, channel, thread);
CREATE INDEX tasks_by_status ON tasks (workspace, status, updated_at);
CREATE INDEX tasks_snoozed ON tasks (snoozed_until) WHERE status = 'snoozed';

CREATE TABLE history (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL,
    task      INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    change    TEXT NOT NULL
) STRICT;
CREATE INDEX history_by_task ON history (task, id);

CREATE TABLE bundles (
    id                 INTEGER PRIMARY KEY,
    workspace          TEXT NOT NULL,
    channel            TEXT NOT NULL,
    thread             TEXT NOT NULL,
    person             TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('open', 'sealed', 'triaged', 'dropped')),
    mentioned          INTEGER NOT NULL CHECK (mentioned IN (0, 1)),
    last_client_msg_id TEXT NOT NULL,
    opened_at          INTEGER NOT NULL,
    last_at            INTEGER NOT NULL,
    due                INTEGER NOT NULL,
    task               INTEGER REFERENCES tasks (id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX bundles_open ON bundles (workspace, channel, thread, person) WHERE state = 'open';
CREATE INDEX bundles_due ON bundles (due) WHERE state = 'open';
CREATE INDEX bundles_sealed ON bundles (id) WHERE state = 'sealed';
CREATE INDEX bundles_by_task ON bundles (task, id) WHERE task IS NOT NULL;

CREATE TABLE messages (
    id         INTEGER PRIMARY KEY,
    workspace  TEXT NOT NULL,
    channel    TEXT NOT NULL,
    ts         TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('contact', 'team', 'desk')),
    person     TEXT NOT NULL,
    text       TEXT NOT NULL,
    files      TEXT NOT NULL,
    mentioned  INTEGER NOT NULL CHECK (mentioned IN (0, 1)),
    bundle     INTEGER NOT NULL REFERENCES bundles (id) ON DELETE CASCADE,
    event      INTEGER,
    at         INTEGER NOT NULL,
    edited_at  INTEGER,
    deleted_at INTEGER
) STRICT;
-- `ts` first: it rises over all channels, so that new messages all go to the same edge of the index.
CREATE UNIQUE INDEX messages_by_ts ON messages (ts, channel, workspace);
CREATE INDEX messages_by_bundle ON messages (bundle, id);

-- The outbox. `lane` is what keeps its order: channel and thread.
CREATE TABLE sends (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL,
    key         TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('reply')),
    task        INTEGER REFERENCES tasks (id) ON DELETE CASCADE,
    author      TEXT NOT NULL,
    channel     TEXT NOT NULL,
    thread      TEXT NOT NULL,
    text        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dead', 'unknown', 'dropped')),
    look_up     INTEGER NOT NULL CHECK (look_up IN (0, 1)),
    attempts    INTEGER NOT NULL,
    claimed_at  INTEGER,
    next_at     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    ts          TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sends_due ON sends (next_at, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX sends_lane ON sends (channel, thread, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX sends_by_task ON sends (task, id);
CREATE INDEX sends_by_ts ON sends (channel, ts) WHERE ts <> '';

-- When the next call of a method would be due if calls came evenly spaced; channel '' is the method as a whole.
CREATE TABLE limits (
    workspace TEXT NOT NULL,
    method    TEXT NOT NULL,
    channel   TEXT NOT NULL,
    next_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, method, channel)
) STRICT, WITHOUT ROWID;
