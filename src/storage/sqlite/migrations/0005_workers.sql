-- What a worker runs, from where, and whether it gets more.
ALTER TABLE worker ADD COLUMN kinds TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(kinds));
ALTER TABLE worker ADD COLUMN queues TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(queues));
ALTER TABLE worker ADD COLUMN slots INTEGER NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;
