-- What the fourteenth schema adds: examples of each source, one of which another counts for, judgements, tasks and bundles
-- that were no requests.
INSERT INTO examples VALUES (1, 'T_HOME', 'category', '["the invoice is wrong"]', 'billing', 0.3, 'accepted', 'user:alice', 1,
    '[1.0,0.5,0.25,0.75,2.0]', 1, NULL, 4900);
INSERT INTO examples VALUES (2, 'T_HOME', 'category', '["the invoice is wrong"]', 'bug', 1.0, 'person', 'team:U_TESS', 1,
    '[1.0,0.5,0.25,0.75,2.0]', 0, NULL, 4950);
UPDATE examples SET replaced_by = 2 WHERE id = 1;
INSERT INTO examples VALUES (3, 'T_HOME', 'category', '["lunch?","at twelve"]', '', 1.0, 'person', 'user:alice', 3, '', 0, NULL, 4960);
INSERT INTO examples VALUES (4, 'T_HOME', 'category', '["where is the money"]', 'billing', 1.0, 'imported', 'user:alice', NULL, '', 0, NULL, 4970);
INSERT INTO examples VALUES (5, 'T_HOME', 'priority', '["the invoice is wrong"]', 'high', 1.0, 'person', 'user:alice', 1, '', 0, NULL, 4980);
INSERT INTO judgements VALUES (1, 'T_HOME', 1, 1, 'billing', 0.5, 'rules', 0, 'billing', 0.61, 0.5, '[1.0,0.5,0.25,0.75,2.0]', 'bug', 'person', 4800);
INSERT INTO judgements VALUES (2, 'T_HOME', 3, 1, 'other', 0.15, 'rules', 1, '', 0.0, 0.0, '', '', '', 4810);
UPDATE tasks SET outcome = 'not_a_request' WHERE id = 3;
UPDATE bundles SET passed_over = 'not_a_request', passed_detail = '{"percent":97,"examples":3}' WHERE id = 3;
