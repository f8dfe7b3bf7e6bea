-- Claims go on after the place where the last one stopped, so their order is one that an index can be entered in.
DROP INDEX job_queued;
CREATE INDEX job_queued ON job (queue, (-priority), turn, id)
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL;
