-- Heartbeats that are promised: since when, the last beat, and since when their silence has been told.
CREATE TABLE heartbeats (
    name      TEXT PRIMARY KEY,
    since     INTEGER NOT NULL,
    last_at   INTEGER,
    missed_at INTEGER
) STRICT, WITHOUT ROWID;

-- What is over is forgotten by its age, and a contact's traces are looked for in what is left.
CREATE INDEX notices_by_age ON notices (received_at, id) WHERE state <> 'waiting';
CREATE INDEX deliveries_failed ON deliveries (updated_at) WHERE state IN ('failed', 'dead', 'unknown');

-- A message that arrived finds its card, and a delivery its messages, however many there are.
CREATE INDEX cards_on_their_way ON cards (delivery) WHERE ts = '';
CREATE INDEX sends_by_delivery ON sends (delivery) WHERE delivery IS NOT NULL;
