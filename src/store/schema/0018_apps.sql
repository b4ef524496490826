-- Further Slack apps of this desk, each in the workspace that its token belongs to: what it posts is ours.
-- '' stands for what Slack has not said yet.
CREATE TABLE apps (
    workspace  TEXT NOT NULL,
    app        TEXT NOT NULL,
    name       TEXT NOT NULL,
    person     TEXT NOT NULL,
    bot        TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace, app)
) STRICT, WITHOUT ROWID;
