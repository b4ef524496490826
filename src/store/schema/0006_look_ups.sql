-- Where the look-up of a send goes on: Slack's cursor of the next page. Under a limit of one page a minute a look-up takes
-- minutes, and begun anew each time it would never end.
ALTER TABLE sends ADD COLUMN look_up_from TEXT NOT NULL DEFAULT '';
