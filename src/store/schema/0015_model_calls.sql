-- What a language model is asked, what that costs, and what it wrote.

-- What a model wrote of a task; '' until it has. It goes with the task, and with its contact.
ALTER TABLE tasks ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE tasks ADD COLUMN summary TEXT NOT NULL DEFAULT '';

-- The queue: one row for each task that a model was wanted for. With each bundle that joins, `round` rises and it is asked
-- again; an answer to an earlier round is not used. While a call is under way next_at is when it is taken up after a crash.
CREATE TABLE advice (
    task       INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    workspace  TEXT NOT NULL,
    round      INTEGER NOT NULL,
    category   INTEGER NOT NULL CHECK (category IN (0, 1)),
    summary    INTEGER NOT NULL CHECK (summary IN (0, 1)),
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'asking', 'done', 'refused', 'failed', 'skipped')),
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX advice_due ON advice (next_at, task) WHERE state IN ('waiting', 'asking');

-- Each call with what came of it. Cost in millionths of the currency that the prices are in.
CREATE TABLE model_calls (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    task       INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    model      TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    tokens_in  INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost       INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX model_calls_by_task ON model_calls (task, id);

-- What a month has cost: kept apart, since a budget must not grow when a task and its calls are forgotten.
CREATE TABLE model_spending (
    workspace  TEXT NOT NULL,
    month      TEXT NOT NULL,
    calls      INTEGER NOT NULL,
    tokens_in  INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    cost       INTEGER NOT NULL,
    PRIMARY KEY (workspace, month)
) STRICT, WITHOUT ROWID;
