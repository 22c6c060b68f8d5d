-- name: insert_events
-- In the transaction of the change that the events tell of. The notification reaches the relays with the commit.
WITH stored AS (
    INSERT INTO outbox (event_id, subject, event, entry_id, traceparent)
    SELECT *, $5::text FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
)
SELECT pg_notify('daybook_outbox', '');

-- name: claim_events
-- When a relay takes a batch: oldest first, and none that another relay has in hand.
SELECT position, event_id, subject, event, created_at, traceparent FROM outbox
ORDER BY position
LIMIT $1
FOR UPDATE SKIP LOCKED;

-- name: delete_events
-- After JetStream has acknowledged them.
DELETE FROM outbox WHERE position = ANY ($1::bigint[]);

-- name: delete_events_of_entries
-- When entries are erased: nobody needs to hear of what became of them before.
DELETE FROM outbox WHERE entry_id = ANY ($1::uuid[]);

-- name: outbox_state
-- When metrics are collected: how many wait, and since when, in seconds.
SELECT count(*) AS events, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS lag_s FROM outbox;
