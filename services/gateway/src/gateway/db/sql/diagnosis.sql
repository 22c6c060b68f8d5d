-- name: describe_server
-- When `gateway doctor` looks at the database.
SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size_bytes,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes;

-- name: count_given_up
-- When `gateway doctor` looks for what failed for good, and may be made again.
SELECT kind, reason, count(*) AS number FROM enrichments WHERE state = 'failed' GROUP BY kind, reason
ORDER BY number DESC;

-- name: count_enrich_keys
-- When `gateway doctor` looks whether a worker's key can exist.
SELECT count(*) FROM api_keys WHERE 'enrich' = ANY (scopes) AND revoked_at IS NULL;
