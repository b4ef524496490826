INSERT INTO projects VALUES ('T0ACME00001', 'apollo', 1, 'channel:#apollo', 1, 1700000000000);
