-- name: try_lock_key
-- First of all, when a request carries an idempotency key: false while another request with it is being worked on.
SELECT pg_try_advisory_xact_lock($1);

-- name: get_record
-- When a request carries a key: was it sent before?
SELECT request_hash, entry_id FROM idempotency_keys WHERE key_id = $1 AND journal = $2 AND idempotency_hash = $3;

-- name: insert_record
-- In the transaction that creates the entry.
INSERT INTO idempotency_keys (key_id, journal, idempotency_hash, request_hash, entry_id) VALUES ($1, $2, $3, $4, $5);

-- name: delete_expired_records
-- Now and then, by the reconciler. What an erasure has in hand goes with it: who waited for that here, holding what the
-- erasure waits for, would be ended with it.
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < now() - $1::interval FOR UPDATE SKIP LOCKED
));
