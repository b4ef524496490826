-- Which of our further apps a bundle was opened through, and which one speaks for a send; '' for the desk's own. An answer goes
-- back through the app that the question came by.
ALTER TABLE bundles ADD COLUMN app TEXT NOT NULL DEFAULT '';
ALTER TABLE sends ADD COLUMN app TEXT NOT NULL DEFAULT '';

-- What waits for one destination is looked at for each workspace by itself: the same channel id may stand in two.
DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_waiting ON deliveries (destination, workspace, lane, id) WHERE state = 'waiting';
