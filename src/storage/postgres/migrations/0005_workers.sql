-- What a worker runs, from where, and whether it gets more.
ALTER TABLE worker ADD COLUMN kinds json NOT NULL DEFAULT '[]';
ALTER TABLE worker ADD COLUMN queues json NOT NULL DEFAULT '[]';
ALTER TABLE worker ADD COLUMN slots integer NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN draining boolean NOT NULL DEFAULT false;
