-- name: get_key
-- At every request, and every few seconds of a stream.
SELECT id, name, key_hash, scopes, journals FROM api_keys WHERE id = $1 AND revoked_at IS NULL;

-- name: upsert_key
-- By `gateway keys ensure`. Nothing comes back where the id belongs to another key, or the key was revoked: a file that
-- is still mounted somewhere does not bring it back.
INSERT INTO api_keys (id, name, key_hash, scopes, journals) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, scopes = excluded.scopes, journals = excluded.journals
WHERE api_keys.key_hash = excluded.key_hash AND api_keys.revoked_at IS NULL
RETURNING id;

-- name: list_keys
-- By `gateway keys list`, the oldest first.
SELECT id, name, scopes, journals, created_at, revoked_at FROM api_keys ORDER BY created_at, id;

-- name: revoke_key
-- By `gateway keys revoke`. What it was revoked at first stays.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING id;
