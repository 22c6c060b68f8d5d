-- name: insert_report
-- When one is asked for, with the journal's settings locked, and no other of the same days is being made.
INSERT INTO reports (id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, NOT $7, 'pending')
RETURNING id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at;

-- name: get_unsettled_report
-- Before one is asked for: who asks for days that are being reported on gets that report.
SELECT id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at
FROM reports
WHERE journal = $1 AND kind = $2 AND first_day = $3 AND last_day = $4 AND time_zone = $5
  AND state IN ('pending', 'running')
ORDER BY requested_at DESC, id DESC
LIMIT 1;

-- name: hasten_report
-- When somebody asks for one that waits behind those who do not. Nothing comes back where somebody has before, or where a
-- worker has it in hand, which tells how far it is: ordered once more, it would be made twice at a time. One whose next turn
-- has waited for longer does wait behind others.
UPDATE reports SET interactive = true, reissued_at = now()
WHERE id = $1 AND NOT interactive
    AND (state = 'pending' OR (state = 'running' AND updated_at < now() - interval '2 minutes'))
RETURNING id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at;

-- name: get_report
-- When one is read.
SELECT id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at
FROM reports WHERE journal = $1 AND id = $2;

-- name: glance_at_report
-- When somebody watches one being made. Draft and result are heavy and stay away.
SELECT id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, reason, care,
    requested_at, updated_at, NULL::jsonb AS draft, NULL::jsonb AS result
FROM reports
WHERE journal = $1 AND id = $2;

-- name: list_reports
-- When a client pages through them. $2 and $3 are where the page before ended. Results are heavy and stay away.
SELECT id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, reason, care,
    requested_at, updated_at, NULL::jsonb AS draft, NULL::jsonb AS result
FROM reports
WHERE journal = $1 AND ($2::timestamptz IS NULL OR (requested_at, id) < ($2, $3::uuid))
ORDER BY requested_at DESC, id DESC
LIMIT $4;

-- name: delete_report
-- When a client erases one.
DELETE FROM reports WHERE journal = $1 AND id = $2 RETURNING id;

-- name: begin_report
-- When a worker begins, or goes on. Nothing comes back if it is settled, gone, or there is a newer edition.
UPDATE reports SET state = 'running', reissued_at = now(), updated_at = now()
WHERE journal = $1 AND id = $2 AND edition = $3 AND state IN ('pending', 'running')
RETURNING id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at;

-- name: give_entries
-- When a worker is given entries, those that are still there. They stay until the transaction ends: who erases one then
-- finds it here. The report itself is not locked, as who erases locks the entry first.
WITH there AS (
    SELECT id FROM entries WHERE journal = $2 AND id = ANY ($3::uuid[]) ORDER BY id FOR KEY SHARE
), given AS (
    INSERT INTO report_entries (report_id, entry_id) SELECT $1, id FROM there ON CONFLICT DO NOTHING
)
SELECT id FROM there;

-- name: mark_report
-- When a worker is given entries some of which speak of suicide or self-harm. The heavier mark stays.
UPDATE reports SET care = $3
WHERE id = $1 AND edition = $2 AND state = 'running' AND (care IS NULL OR $3 = 'suicide');

-- name: save_report
-- When a worker tells how far it is. That it tells keeps the reconciler from asking another. A draft that is not given
-- stays.
UPDATE reports SET progress = $4, draft = coalesce($5, draft), reissued_at = now(), updated_at = now()
WHERE journal = $1 AND id = $2 AND edition = $3 AND state = 'running'
RETURNING id;

-- name: record_report
-- When a worker reports. What is settled stays.
UPDATE reports
SET state = $4, result = $5, reason = $6, draft = NULL, progress = NULL, updated_at = now()
WHERE journal = $1 AND id = $2 AND edition = $3 AND state IN ('pending', 'running')
RETURNING extract(epoch FROM clock_timestamp() - requested_at)::float8 AS waited_s;

-- name: renew_reports
-- When an entry was erased, or entries were marked, in the same transaction: each report that was made of them starts over,
-- and nothing of what it said is kept. Locked in one order, as the next entry to be erased may be in the same ones.
WITH made_of AS (
    SELECT id AS report_id FROM reports
    WHERE id IN (SELECT report_id FROM report_entries WHERE entry_id = ANY ($1::uuid[]))
    ORDER BY id
    FOR NO KEY UPDATE
)
UPDATE reports
SET state = 'pending', edition = edition + 1, progress = NULL, draft = NULL, result = NULL, reason = NULL, care = NULL,
    interactive = false, reissues = 0, reissued_at = now(), updated_at = now()
FROM made_of
WHERE id = report_id
RETURNING id, journal, kind, first_day, last_day, time_zone, scheduled, interactive, state, edition, progress, draft,
    result, reason, care, requested_at, updated_at;

-- name: forget_entries
-- After that: the next edition is given its own.
DELETE FROM report_entries WHERE report_id = ANY ($1::uuid[]);

-- name: reissue_overdue_reports
-- When the reconciler asks again for what nobody has told anything about; the wait doubles each time, up to 64 times.
UPDATE reports AS report
SET reissued_at = now(), reissues = reissues + 1
FROM (
    SELECT id FROM reports
    WHERE state IN ('pending', 'running') AND reissued_at < now() - $1::interval * (1 << least(reissues, 6))
    ORDER BY reissued_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS overdue
WHERE report.id = overdue.id
RETURNING report.id, report.journal, report.kind, report.first_day, report.last_day, report.time_zone,
    report.scheduled, report.interactive, report.state, report.edition, report.progress, report.draft,
    report.result, report.reason, report.care, report.requested_at, report.updated_at;

-- name: claim_schedule
-- When a period has ended: the first who comes makes the report. Nothing comes back for the others, at whatever time.
INSERT INTO report_schedules (journal, kind, first_day) VALUES ($1, $2, $3)
ON CONFLICT (journal, kind) DO UPDATE SET first_day = excluded.first_day
WHERE report_schedules.first_day < excluded.first_day
RETURNING journal;

-- name: list_scheduled
-- When it is looked for periods that have ended. $1: all journals there are. A journal that is erased meanwhile waits for
-- the end of the transaction.
SELECT name, settings FROM journals
WHERE ($1 OR name = ANY ($2::text[])) AND jsonb_array_length(coalesce(settings -> 'reports', '[]')) > 0
ORDER BY name
FOR KEY SHARE;

-- name: any_written
-- Before a report is made by itself: an empty week has nothing to report.
SELECT EXISTS (SELECT FROM entries WHERE journal = $1 AND written_at >= $2 AND written_at < $3);
