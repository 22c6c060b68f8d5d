-- name: insert_journal
-- When a client makes a journal; nothing comes back if it is there.
INSERT INTO journals (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING name;

-- name: journal_exists
-- When something was not found, to say whether it was the journal or the entry.
SELECT EXISTS (SELECT FROM journals WHERE name = $1);

-- name: lock_journal
-- Before a journal is erased: waits for entries that are being added, and keeps new ones out.
SELECT name FROM journals WHERE name = $1 FOR UPDATE;

-- name: delete_journal
-- When a journal is erased, after its entries.
DELETE FROM journals WHERE name = $1;

-- name: list_journals
-- When a client asks which journals its key may touch. $1: all there are.
SELECT name, created_at FROM journals WHERE $1 OR name = ANY ($2::text[]) ORDER BY name;

-- name: get_settings
-- When a journal's settings are read, or needed for what is done with an entry.
SELECT settings FROM journals WHERE name = $1;

-- name: lock_settings
-- Before settings are changed: nobody changes others meanwhile.
SELECT settings FROM journals WHERE name = $1 FOR NO KEY UPDATE;

-- name: set_settings
-- When settings are changed.
UPDATE journals SET settings = $2 WHERE name = $1;
