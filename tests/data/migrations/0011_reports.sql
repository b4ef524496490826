-- What the eleventh schema adds: a report that has run, and its chart.
INSERT INTO reports VALUES ('T_HOME', 'recap', '0 9 * * * UTC', 4900, 'made', 'on_time', 'made when it was due', 4900, 4901);
INSERT INTO charts VALUES (1, 'T_HOME', 'report-T_HOME-recap-4900-chart', 'recap', 8, 'C0OPS', 'Recap', x'', 'shared', 'F0CHART', 4902, 1, 4902,
    '', 4901, 4903);
