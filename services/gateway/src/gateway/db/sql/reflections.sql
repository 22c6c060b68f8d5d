-- name: insert_reflection
-- When one is asked for, with the entry locked. Nothing comes back while one is pending.
INSERT INTO reflections (entry_id, version, revision, state, interactive, notice)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5 FROM reflections WHERE entry_id = $1
HAVING count(*) FILTER (WHERE state = 'pending') = 0
RETURNING entry_id, version, revision, state, interactive, result, reason, notice, requested_at, updated_at;

-- name: get_pending_reflection
-- When one was asked for while another is pending.
SELECT entry_id, version, revision, state, interactive, result, reason, notice, requested_at, updated_at
FROM reflections WHERE entry_id = $1 AND state = 'pending';

-- name: hasten_reflection
-- When somebody asks for the one that waits behind those who do not. Nothing comes back where somebody has before. One that
-- a worker has in hand, or had, is not ordered anew for that: when it counts as overdue stays as it was.
UPDATE reflections
SET interactive = true, reissued_at = CASE WHEN updated_at > requested_at THEN reissued_at ELSE now() END
WHERE entry_id = $1 AND version = $2 AND state = 'pending' AND NOT interactive
RETURNING entry_id, version, revision, state, interactive, result, reason, notice, requested_at, updated_at;

-- name: begin_reflection
-- When a worker begins to write: it speaks of the entry as it is now. Nothing comes back if it is settled, or gone.
UPDATE reflections SET revision = $3, updated_at = now()
WHERE entry_id = $1 AND version = $2 AND state = 'pending'
RETURNING entry_id, version, revision, state, interactive, result, reason, notice, requested_at, updated_at;

-- name: withhold_reflection
-- When a worker is about to write of an entry that has come to speak of suicide or self-harm, or is writing of one that is
-- marked only now.
UPDATE reflections SET state = 'withheld', notice = $3, updated_at = now()
WHERE entry_id = $1 AND version = $2 AND state = 'pending';

-- name: withhold_reflections_of
-- When a revision that is marked is replaced: its mark goes with it, and what a model wrote of it must not come back.
UPDATE reflections SET state = 'withheld', notice = $3, result = NULL, updated_at = now()
WHERE entry_id = $1 AND revision = $2 AND state = 'done';

-- name: record_reflection
-- When a worker reports. What is settled stays: an attempt that came back after another changes nothing.
UPDATE reflections
SET state = $3, revision = $4, result = $5, reason = $6, updated_at = now()
WHERE entry_id = $1 AND version = $2 AND state = 'pending'
RETURNING extract(epoch FROM clock_timestamp() - requested_at)::float8 AS waited_s;

-- name: get_reflection
-- When one version is read, or a live stream asks whether it is settled.
SELECT reflection.entry_id, reflection.version, reflection.revision, reflection.state, reflection.interactive,
    reflection.result, reflection.reason, reflection.notice, reflection.requested_at, reflection.updated_at,
    CASE WHEN entry.revision = reflection.revision THEN entry.care END AS care
FROM reflections AS reflection JOIN entries AS entry ON entry.id = reflection.entry_id
WHERE entry.journal = $1 AND entry_id = $2 AND version = $3;

-- name: list_reflections
-- When the versions are read, the newest first.
SELECT reflection.entry_id, reflection.version, reflection.revision, reflection.state, reflection.interactive,
    reflection.result, reflection.reason, reflection.notice, reflection.requested_at, reflection.updated_at,
    CASE WHEN entry.revision = reflection.revision THEN entry.care END AS care
FROM reflections AS reflection JOIN entries AS entry ON entry.id = reflection.entry_id
WHERE entry.journal = $1 AND entry_id = $2
ORDER BY version DESC
LIMIT $3;

-- name: reissue_overdue_reflections
-- When the reconciler asks again for what nobody reported; the wait doubles each time, up to 64 times.
UPDATE reflections AS reflection
SET reissued_at = now(), reissues = reissues + 1
FROM (
    SELECT entry_id, version FROM reflections
    WHERE state = 'pending' AND reissued_at < now() - $1::interval * (1 << least(reissues, 6))
    ORDER BY reissued_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS overdue, entries AS entry
WHERE reflection.entry_id = overdue.entry_id AND reflection.version = overdue.version AND entry.id = overdue.entry_id
RETURNING entry.journal, reflection.entry_id, reflection.version, reflection.revision, reflection.state,
    reflection.interactive, reflection.result, reflection.reason, reflection.notice, reflection.requested_at,
    reflection.updated_at;
