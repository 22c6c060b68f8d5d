-- name: describe_server
-- When `gateway doctor` looks at the database.
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes;

-- name: count_given_up
-- When `gateway doctor` looks for what failed for good, and may be made again. What was asked for once more since does not
-- count: of a reflection a newer version, of a report another one on the same days.
SELECT kind, reason, count(*) AS number FROM (
    SELECT kind, reason FROM enrichments WHERE state = 'failed'
    UNION ALL
    SELECT 'reflection', reason FROM reflections AS it WHERE state = 'failed' AND NOT EXISTS (
        SELECT FROM reflections AS newer WHERE newer.entry_id = it.entry_id AND newer.version > it.version
    )
    UNION ALL
    SELECT 'report', reason FROM reports AS it WHERE state = 'failed' AND NOT EXISTS (
        SELECT FROM reports AS newer WHERE newer.journal = it.journal AND newer.kind = it.kind
            AND newer.first_day = it.first_day AND newer.last_day = it.last_day AND newer.requested_at > it.requested_at
    )
) AS given_up GROUP BY kind, reason ORDER BY number DESC, kind, reason;

-- name: list_given_up
-- By `gateway given-up`: the same, the newest first.
SELECT journal, id, kind, reason, since FROM (
    SELECT entries.journal, entry_id AS id, kind, reason, enrichments.updated_at AS since
    FROM enrichments JOIN entries ON entries.id = entry_id WHERE state = 'failed'
    UNION ALL
    SELECT entries.journal, it.entry_id, 'reflection', reason, it.updated_at
    FROM reflections AS it JOIN entries ON entries.id = it.entry_id WHERE state = 'failed' AND NOT EXISTS (
        SELECT FROM reflections AS newer WHERE newer.entry_id = it.entry_id AND newer.version > it.version
    )
    UNION ALL
    SELECT journal, id, 'report', reason, updated_at FROM reports AS it WHERE state = 'failed' AND NOT EXISTS (
        SELECT FROM reports AS newer WHERE newer.journal = it.journal AND newer.kind = it.kind
            AND newer.first_day = it.first_day AND newer.last_day = it.last_day AND newer.requested_at > it.requested_at
    )
) AS given_up ORDER BY since DESC, id LIMIT $1;

-- name: last_reports
-- When `gateway doctor` looks whether workers' keys are accepted: a worker reports after its tasks, whatever became of them.
SELECT split_part(task, '.', 1) || '-worker' AS worker, extract(epoch FROM now() - max(ended_at))::float8 AS ago_s
FROM task_evidence WHERE ended_at > now() - interval '1 day' GROUP BY 1;

-- name: count_enrich_keys
-- When `gateway doctor` looks whether a worker's key can exist.
SELECT count(*) FROM api_keys WHERE 'enrich' = ANY (scopes) AND revoked_at IS NULL;
