-- name: get_key
-- At every request.
SELECT id, name, key_hash, scopes, journals FROM api_keys WHERE id = $1 AND revoked_at IS NULL;

-- name: upsert_key
-- By `gateway keys ensure`. Nothing comes back where the id belongs to another key.
INSERT INTO api_keys (id, name, key_hash, scopes, journals) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, scopes = excluded.scopes, journals = excluded.journals, revoked_at = NULL
WHERE api_keys.key_hash = excluded.key_hash
RETURNING id;
