-- What the step adds: a bundle that came by a further app, and a send that it speaks.
UPDATE bundles SET app = 'A0NOTIFY' WHERE id = 1;
UPDATE sends SET app = 'A0NOTIFY' WHERE id = 1;
