-- What does not go through Slack's Web API is carried: a delivery that is 'sending' without a row of the outbox has a call
-- under way, which is over at next_at at the latest. unsure: an attempt may have arrived, and nothing can tell.
ALTER TABLE deliveries ADD COLUMN unsure INTEGER NOT NULL DEFAULT 0 CHECK (unsure IN (0, 1));
CREATE INDEX deliveries_carried ON deliveries (next_at) WHERE state = 'sending' AND send IS NULL;

-- A door outside Slack that is left alone for a while: one endpoint, one webhook, or the mail server. failures: attempts in
-- a row that said something is wrong with it; since: the first of them. A door that works has no row.
CREATE TABLE doors (
    workspace TEXT NOT NULL,
    door      TEXT NOT NULL,
    failures  INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    since     INTEGER NOT NULL,
    next_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, door)
) STRICT, WITHOUT ROWID;
