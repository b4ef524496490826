-- A desk at the first schema, in the middle of its day. T_HOME, C_SUPPORT, U_ADA, U_GRACE, U_TESS, TS_ROOT stand for ids.
INSERT INTO workspaces VALUES ('T_HOME', 'Acme', 'https://acme.slack.com/', 'U0DESKD', 'B0DESKD', 'A0DESKD', 'chat:write', 1000);
INSERT INTO channels VALUES ('T_HOME', 'C_SUPPORT', 'support', 0, 1, 0, 'monitor', 1000);
INSERT INTO channels VALUES ('T_HOME', 'C0OLD', 'old', 1, 0, 1, 'ignore', 1000);
INSERT INTO people VALUES ('T_HOME', 'U_ADA', 'ada', 'Ada', 'ada@globex.example', 'T_HOME', 0, 0, 2000);
INSERT INTO people VALUES ('T_HOME', 'U0STRANGER', '', '', '', '', 0, 0, NULL);
INSERT INTO teammates VALUES ('T_HOME', 'U_TESS', 'user:alice', 1500);
INSERT INTO contacts VALUES (1, 'T_HOME', 'Ada', 'ada@globex.example', 'Globex', 'slack', 3000, 3000, NULL);
INSERT INTO contacts VALUES (2, 'T_HOME', 'erased', '', '', 'slack', 3000, 1700000000000, 1700000000000);
INSERT INTO contacts VALUES (3, 'T_HOME', 'Imported', 'later@x.example', '', 'import', 3000, 3000, NULL);
INSERT INTO contact_people VALUES ('T_HOME', 'U_ADA', 1);
INSERT INTO contact_people VALUES ('T_HOME', 'U0GONE', 2);
INSERT INTO events VALUES (1, 'T_HOME', 'A0DESKD', 'events_api', 'message', 'EvOne', 11, 0, 4000, '{"one":"ä ''quoted'' 😀"}');
INSERT INTO events VALUES (2, 'T_HOME', 'A0DESKD', 'events_api', 'message', 'EvTwo', 22, 1, 5000, 'not even JSON');
INSERT INTO events VALUES (3, 'T_HOME', 'A0DESKD', 'events_api', 'reaction_added', 'EvThree', 33, 0, 6000,
    '{"type":"event_callback","event":{"type":"reaction_added"}}');
INSERT INTO outcomes VALUES (1, 'opened_bundle', 1, '', 4100);
INSERT INTO outcomes VALUES (2, 'undecodable', NULL, 'the payload is not valid JSON at line 1 column 2', 5100);
INSERT INTO tasks VALUES (1, 'T_HOME', 1, 'waiting', 'billing', 'desk', 'high', 'person',
    '{"category":"billing","priority":"normal","confidence":0.5,"runners_up":[],"reasons":[{"kind":"keyword","category":"billing","word":"invoice"}],"by":"rules"}',
    'U_TESS', 1, 'C_SUPPORT', 'TS_ROOT', NULL, 4500, 4200, 4500);
INSERT INTO tasks VALUES (2, 'T_HOME', 2, 'snoozed', 'bug', 'person', 'low', 'desk',
    '{"category":"bug","priority":"low","confidence":0.15,"runners_up":[["support",0.1]],"reasons":[],"by":"rules"}',
    '', 2, 'C_SUPPORT', '1699999000.000100', 4102444800000, NULL, 4300, 4600);
INSERT INTO tasks VALUES (3, 'T_HOME', 3, 'done', 'other', 'desk', 'normal', 'desk',
    '{"category":"other","priority":"normal","confidence":0.15,"runners_up":[],"reasons":[{"kind":"nothing_matched","fallback":"other"}],"by":"rules"}',
    '', 1, 'C_SUPPORT', '1699999100.000100', NULL, 4400, 4300, 4700);
INSERT INTO history VALUES (1, 'T_HOME', 1, 4200, 'deskd', '{"what":"opened","bundle":1}');
INSERT INTO history VALUES (2, 'T_HOME', 1, 4400, 'user:alice', '{"what":"prioritised","from":"normal","to":"high"}');
INSERT INTO history VALUES (3, 'T_HOME', 1, 4500, 'user:alice', '{"what":"replied","send":1}');
INSERT INTO bundles VALUES (1, 'T_HOME', 'C_SUPPORT', '', 'U_ADA', 'triaged', 1, 'c-1', 4000, 4100, 34100, 1);
INSERT INTO bundles VALUES (2, 'T_HOME', 'C_SUPPORT', '', 'U0GONE', 'triaged', 0, '', 4000, 4100, 34100, 2);
INSERT INTO bundles VALUES (3, 'T_HOME', 'C_SUPPORT', '', 'U_GRACE', 'dropped', 0, '', 4000, 4100, 34100, NULL);
INSERT INTO bundles VALUES (4, 'T_HOME', 'C_SUPPORT', 'TS_ROOT', 'U_GRACE', 'sealed', 0, '', 4000, 4100, 34100, NULL);
INSERT INTO bundles VALUES (5, 'T_HOME', 'C_SUPPORT', '', 'U_GRACE', 'open', 0, 'c-5', 4000, 4100, 34100, NULL);
INSERT INTO messages VALUES (1, 'T_HOME', 'C_SUPPORT', 'TS_ROOT', 'contact', 'U_ADA', 'the invoice is wrong', '["a.pdf"]', 1, 1, 1, 4000, 4050, NULL);
INSERT INTO messages VALUES (2, 'T_HOME', 'C_SUPPORT', '1699999000.000100', 'contact', 'U0GONE', '', '', 0, 2, NULL, 4000, NULL, 4600);
INSERT INTO messages VALUES (3, 'T_HOME', 'C_SUPPORT', '1699999200.000100', 'contact', 'U_GRACE', 'me, too', '', 0, 4, NULL, 4000, NULL, NULL);
INSERT INTO messages VALUES (4, 'T_HOME', 'C_SUPPORT', '1699999300.000100', 'contact', 'U_GRACE', 'how much is it?', '', 0, 5, NULL, 4000, NULL, NULL);
INSERT INTO messages VALUES (5, 'T_HOME', 'C_SUPPORT', '1699999400.000100', 'desk', 'user:alice', 'we look', '', 0, 1, NULL, 4500, NULL, NULL);
-- One answer in each state. 2 was being sent when the daemon ended; whether Slack has it is not known.
INSERT INTO sends VALUES (1, 'T_HOME', 'key-sent', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'we look', 'sent', 0, 1, 4500, 4500, '', '1699999400.000100', 4500, 4500);
INSERT INTO sends VALUES (2, 'T_HOME', 'key-sending', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'it was sending', 'sending', 0, 1, 4600, 4700, '', '', 4600, 4600);
INSERT INTO sends VALUES (3, 'T_HOME', 'key-waiting', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'it was waiting', 'waiting', 0, 0, NULL, 4700, '', '', 1760000000000, 4700);
INSERT INTO sends VALUES (4, 'T_HOME', 'key-failed', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'it failed', 'failed', 0, 1, 4600, 4700, 'is_archived', '', 4600, 4600);
INSERT INTO sends VALUES (5, 'T_HOME', 'key-dead', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'it is dead', 'dead', 0, 9, 4600, 4700, 'unreachable', '', 4600, 4600);
INSERT INTO sends VALUES (6, 'T_HOME', 'key-unknown', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'who knows', 'unknown', 1, 1, 4600, 4700, 'unknown_outcome', '', 4600, 4600);
INSERT INTO sends VALUES (7, 'T_HOME', 'key-dropped', 'reply', 1, 'user:alice', 'C_SUPPORT', 'TS_ROOT', 'never mind', 'dropped', 0, 0, NULL, 4700, 'dropped_by_person', '', 4600, 4600);
INSERT INTO limits VALUES ('T_HOME', 'chat.postMessage', 'C_SUPPORT', 4700);
