-- name: insert_entry
-- When a client creates an entry. Nothing comes back if the journal is not there.
INSERT INTO entries (id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care)
SELECT $1, name, 1, $3, $4, $5, $6, $7, $8, $9 FROM journals WHERE name = $2 FOR KEY SHARE
RETURNING id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at;

-- name: get_entry
-- When a client or a worker reads one entry.
SELECT id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at
FROM entries WHERE journal = $1 AND id = $2;

-- name: get_entries
-- When hits of a search become readable. Those that moved on meanwhile are sorted out by revision afterwards.
SELECT id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at
FROM entries WHERE journal = $1 AND id = ANY ($2::uuid[]);

-- name: list_entries
-- When a client pages through a journal, newest first. $5 and $6 are where the page before ended.
SELECT id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at
FROM entries
WHERE journal = $1
  AND ($2::timestamptz IS NULL OR written_at >= $2)
  AND ($3::timestamptz IS NULL OR written_at < $3)
  AND ($4::text[] = '{}' OR tags @> $4)
  AND ($5::timestamptz IS NULL OR (written_at, id) < ($5, $6::uuid))
ORDER BY written_at DESC, id DESC
LIMIT $7;

-- name: find_by_mood
-- Before a search within moods. The writer's own word about a mood counts before the inferred one.
SELECT entry.id FROM entries AS entry
LEFT JOIN enrichments AS mood
  ON mood.entry_id = entry.id AND mood.kind = 'mood' AND mood.state = 'done' AND mood.revision = entry.revision
WHERE entry.journal = $1
  AND ($2::timestamptz IS NULL OR entry.written_at >= $2)
  AND ($3::timestamptz IS NULL OR entry.written_at < $3)
  AND ($4::text[] = '{}' OR entry.tags @> $4)
  AND ($5::text[] = '{}' OR coalesce(entry.own_mood ->> 'label', mood.result ->> 'label') = ANY ($5))
  AND ($6::float8 IS NULL OR coalesce(entry.own_mood ->> 'valence', mood.result ->> 'valence')::float8 >= $6)
  AND ($7::float8 IS NULL OR coalesce(entry.own_mood ->> 'valence', mood.result ->> 'valence')::float8 <= $7);

-- name: lock_entry
-- Before an entry is replaced, erased or enriched again: what is decided on its revision holds until the commit.
SELECT id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at
FROM entries WHERE journal = $1 AND id = $2 FOR UPDATE;

-- name: share_revision
-- Before a result is recorded: keeps the revision from moving on, without holding up the result of another kind.
SELECT revision FROM entries WHERE journal = $1 AND id = $2 FOR SHARE;

-- name: replace_entry
-- When a client replaces an entry that it has locked.
UPDATE entries
SET revision = revision + 1, body = $2, written_at = $3, written_at_offset_s = $4, tags = $5, metadata = $6,
    own_mood = $7, care = $8, updated_at = now()
WHERE id = $1
RETURNING id, journal, revision, body, written_at, written_at_offset_s, tags, metadata, own_mood, care, created_at,
    updated_at;

-- name: mark_entry
-- When an entry is examined again. It is no change of the entry.
UPDATE entries SET care = $2 WHERE id = $1 AND care IS DISTINCT FROM $2;

-- name: delete_entries
-- When entries are erased. Their enrichments and idempotency records go with them, by their foreign keys.
DELETE FROM entries WHERE id = ANY ($1::uuid[]);

-- name: list_revisions
-- When a whole journal is enriched again, in pages by id; or erased.
SELECT id, revision FROM entries WHERE journal = $1 AND id > $2 ORDER BY id LIMIT $3 FOR UPDATE;

-- name: list_unordered
-- When an operator has enrichments made again, in pages by id over all journals ($1 NULL) or some. What was ordered at or
-- after $4 is left out: a run that was cut off is taken up where it was.
SELECT entry.id, entry.journal, entry.revision FROM entries AS entry
WHERE entry.id > $2 AND ($1::text[] IS NULL OR entry.journal = ANY ($1))
  AND EXISTS (
      SELECT FROM unnest($3::text[]) AS kind
      WHERE NOT EXISTS (
          SELECT FROM enrichments AS ordered
          WHERE ordered.entry_id = entry.id AND ordered.kind = kind AND ordered.requested_at >= $4
      )
  )
ORDER BY entry.id
LIMIT $5
FOR UPDATE OF entry;

-- name: get_revisions
-- When the index is compared with what there is.
SELECT id, journal, revision FROM entries WHERE id = ANY ($1::uuid[]);
