-- The directory: everybody and every user group of the workspace as Slack lists them, and what reading that has come to.

-- The reading that last listed a person with an open account; 0 for those whom only an event or a look-up told us of.
ALTER TABLE people ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
-- Whom a mention may mean.
CREATE INDEX people_by_handle ON people (workspace, handle COLLATE NOCASE);
CREATE INDEX people_by_name ON people (workspace, name COLLATE NOCASE);
CREATE INDEX people_by_email ON people (workspace, email) WHERE email <> '';

-- User groups. One that was switched off stays until the next reading, so that older news of it does not bring it back. `round` is the reading that last listed one, `staffed` the one that last read who is in it.
CREATE TABLE user_groups (
    workspace  TEXT NOT NULL,
    user_group TEXT NOT NULL,
    handle     TEXT NOT NULL,
    name       TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    closed     INTEGER NOT NULL CHECK (closed IN (0, 1)),
    round      INTEGER NOT NULL,
    staffed    INTEGER NOT NULL,
    PRIMARY KEY (workspace, user_group)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_groups_by_handle ON user_groups (workspace, handle COLLATE NOCASE);

CREATE TABLE group_members (
    workspace  TEXT NOT NULL,
    user_group TEXT NOT NULL,
    person     TEXT NOT NULL,
    PRIMARY KEY (workspace, user_group, person),
    FOREIGN KEY (workspace, user_group) REFERENCES user_groups (workspace, user_group) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_members_by_person ON group_members (workspace, person);

-- How far reading has got: people page by page, then groups, then the members of each. A stop in between goes on there.
CREATE TABLE directory (
    workspace   TEXT PRIMARY KEY,
    state       TEXT NOT NULL CHECK (state IN ('resting', 'people', 'groups', 'members')),
    round       INTEGER NOT NULL,
    page        TEXT NOT NULL,
    wanted      INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    joined      INTEGER NOT NULL,
    gone        INTEGER NOT NULL,
    problem     TEXT NOT NULL,
    ended_at    INTEGER,
    complete_at INTEGER
) STRICT, WITHOUT ROWID;

-- How often a whole channel was called on its last such day.
CREATE TABLE broad_mentions (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    day       TEXT NOT NULL,
    used      INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel)
) STRICT, WITHOUT ROWID;
