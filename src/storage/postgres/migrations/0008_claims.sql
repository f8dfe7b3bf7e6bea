-- Claims go on after the place where the last one stopped, so their order is one that an index can be entered in.
DROP INDEX job_queued;
CREATE INDEX job_queued ON job (queue, (-priority), turn, id)
    WHERE state = 'queued' AND kind <> 'external' AND limit_key IS NULL;

-- There are as many leases as jobs run: a beat looks at all of them, and every claim has an index less to keep.
DROP INDEX job_lease_of_worker;

-- The same as before, by the new order of job_queued.
CREATE OR REPLACE FUNCTION millrace_enqueue(kind text, input json, owner uuid, queue text DEFAULT 'default', priority integer DEFAULT 0,
                                 run_at timestamptz DEFAULT NULL, type text DEFAULT 'processing',
                                 attempts_max integer DEFAULT 3)
RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := clock_timestamp();
    -- UUIDv7: 48 bits of milliseconds, version, random.
    new_id uuid := encode(overlay(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6)
        PLACING substring(set_byte('\x00', 0, (get_byte(uuid_send(gen_random_uuid()), 0) & 15) | 112) FROM 1 FOR 1) FROM 7 FOR 1), 'hex')::uuid;
    new_state text := CASE WHEN run_at > at THEN 'scheduled' ELSE 'queued' END;
    shard text := 'sql-' || floor(random() * 64)::int;
    org_id uuid;
    served bigint;
    last bigint;
BEGIN
    SELECT account.org_id INTO org_id FROM account WHERE account.id = millrace_enqueue.owner;
    IF org_id IS NULL THEN
        RAISE EXCEPTION 'millrace_enqueue: there is no user %', owner USING ERRCODE = 'foreign_key_violation';
    END IF;
    SELECT j.turn INTO served FROM job AS j
    WHERE j.state = 'queued' AND j.kind <> 'external' AND j.limit_key IS NULL AND j.queue = millrace_enqueue.queue
      AND -j.priority = -millrace_enqueue.priority
    ORDER BY j.turn LIMIT 1;
    SELECT max(j.turn) INTO last FROM job AS j
    WHERE j.owner = millrace_enqueue.owner AND j.completed_at IS NULL AND j.queue = millrace_enqueue.queue
      AND j.priority = millrace_enqueue.priority;
    INSERT INTO queue (name, updated_at) VALUES (queue, at) ON CONFLICT (name) DO NOTHING;
    INSERT INTO job (id, kind, type, state, progress, stage, message, queue, priority, attempt, attempts_max, losses, crashes,
                     run_at, owner, org_id, input, metadata, filename, error_code, error_message, created_at, updated_at, turn)
    VALUES (new_id, kind, type, new_state, 0, '', '', queue, priority, 0, attempts_max, 0, 0, coalesce(run_at, at), owner, org_id,
            input, '{}', '', '', '', at, at, greatest(coalesce(served, 0), coalesce(last, 0)) + 1);
    INSERT INTO job_count (queue, state, server, number) VALUES (queue, new_state, shard, 1)
    ON CONFLICT ON CONSTRAINT job_count_pkey DO UPDATE SET number = job_count.number + 1;
    INSERT INTO job_stat (minute, queue, kind, outcome, server, number, wait_us, run_us)
    VALUES (date_trunc('minute', at), queue, kind, 'created', shard, 1, 0, 0)
    ON CONFLICT ON CONSTRAINT job_stat_pkey DO UPDATE SET number = job_stat.number + 1;
    RETURN new_id;
END $$;
