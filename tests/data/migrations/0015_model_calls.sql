-- What the fifteenth schema adds: a task with a summary, one whose question waits, and what was spent.
UPDATE tasks SET title = 'Wrong invoice', summary = 'Ada says that an invoice is wrong.' WHERE id = 1;
INSERT INTO advice VALUES (1, 'T_HOME', 2, 1, 1, 'done', 1, 4600, '', 4500, 4600);
INSERT INTO advice VALUES (2, 'T_HOME', 1, 1, 0, 'asking', 1, 4700, 'under_way', 4500, 4600);
INSERT INTO model_calls VALUES (1, 'T_HOME', 1, 4600, 'small-1', 'answered', 210, 40, 1200, 900);
INSERT INTO model_spending VALUES ('T_HOME', '2026-11', 1, 210, 40, 1200);
