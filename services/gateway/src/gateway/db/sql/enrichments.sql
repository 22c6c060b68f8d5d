-- name: await_enrichments
-- When an entry is created, replaced, or enriched again: the states start over, for the revision there is now.
INSERT INTO enrichments (entry_id, kind, state, revision)
SELECT entry_id, kind, 'pending', revision
FROM unnest($1::uuid[], $2::integer[]) AS entry (entry_id, revision), unnest($3::text[]) AS kind
ON CONFLICT (entry_id, kind) DO UPDATE
SET state = 'pending', revision = excluded.revision, result = NULL, reason = NULL, reissues = 0,
    requested_at = now(), updated_at = now()
RETURNING entry_id, kind, state, revision, result, reason, updated_at;

-- name: list_enrichments
-- When entries are shown.
SELECT entry_id, kind, state, revision, result, reason, updated_at
FROM enrichments WHERE entry_id = ANY ($1::uuid[]) ORDER BY kind;

-- name: record_enrichment
-- When a worker reports, with the entry's revision held still. Nothing comes back where nothing changed: the same
-- report came before, or a late failure would take back a result. Else for how long it was awaited, if it was.
WITH before AS (SELECT updated_at FROM enrichments WHERE entry_id = $1 AND kind = $2 AND state = 'pending')
INSERT INTO enrichments (entry_id, kind, state, revision, result, reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (entry_id, kind) DO UPDATE
SET state = excluded.state, revision = excluded.revision, result = excluded.result, reason = excluded.reason,
    updated_at = now()
WHERE (enrichments.state, enrichments.revision, enrichments.result, enrichments.reason)
      IS DISTINCT FROM (excluded.state, excluded.revision, excluded.result, excluded.reason)
  AND NOT (enrichments.state = 'done' AND excluded.state = 'failed' AND enrichments.revision = excluded.revision)
RETURNING (SELECT extract(epoch FROM clock_timestamp() - updated_at)::float8 FROM before) AS waited_s;

-- name: reissue_overdue
-- When the reconciler asks again for what nobody reported, the oldest first. The wait doubles each time, up to 64 times,
-- so that a worker which is away for a week does not find a week of repeats.
UPDATE enrichments AS enrichment
SET requested_at = now(), reissues = reissues + 1
FROM (
    SELECT entry_id, kind FROM enrichments
    WHERE state = 'pending' AND requested_at < now() - $1::interval * (1 << least(reissues, 6))
    ORDER BY requested_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
) AS overdue, entries AS entry
WHERE enrichment.entry_id = overdue.entry_id AND enrichment.kind = overdue.kind AND entry.id = overdue.entry_id
RETURNING entry.journal, entry.id AS entry_id, enrichment.revision, enrichment.kind;

-- name: span_lexicons
-- Before that, each time: the first and the last of the lexicons, by the two ends of an index. All are of one where both are.
SELECT min(coalesce(result ->> 'lexicon', '')) AS first, max(coalesce(result ->> 'lexicon', '')) AS last
FROM enrichments WHERE kind = 'embedding' AND state = 'done';

-- name: reissue_unworded
-- When the words of entries are not indexed as they should be: since before there was a lexicon, or under another key.
-- The results stay what they are meanwhile. Each entry is asked for at once, then ever more rarely.
UPDATE enrichments AS enrichment
SET requested_at = now(), reissues = reissues + 1
FROM (
    SELECT entry_id, kind FROM enrichments
    WHERE kind = 'embedding' AND state = 'done' AND coalesce(result ->> 'lexicon', '') <> $1
      AND (reissues = 0 OR requested_at < now() - $2::interval * (1 << least(reissues, 6)))
    ORDER BY requested_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
) AS unworded, entries AS entry
WHERE enrichment.entry_id = unworded.entry_id AND enrichment.kind = unworded.kind AND entry.id = unworded.entry_id
RETURNING entry.journal, entry.id AS entry_id, enrichment.revision, enrichment.kind;

-- name: pending_work
-- When metrics are collected: what workers have not reported yet, and since when the oldest is asked for. Only what is
-- pending is read, by its indexes.
SELECT kind, count(*) AS pending, extract(epoch FROM now() - min(updated_at))::float8 AS oldest_s
FROM enrichments WHERE state = 'pending' GROUP BY kind
UNION ALL
SELECT 'reflection', count(*), extract(epoch FROM now() - min(requested_at))::float8
FROM reflections WHERE state = 'pending'
UNION ALL
SELECT 'report', count(*), extract(epoch FROM now() - min(requested_at))::float8
FROM reports WHERE state IN ('pending', 'running');

-- name: count_unindexed
-- With each search. The newest first, and no more of them than $2, whatever the kind: with a backlog of others' entries a
-- search takes no longer, and what was just written is counted all the same.
SELECT count(*)
FROM (
    SELECT entry_id, kind FROM enrichments WHERE state = 'pending' ORDER BY requested_at DESC LIMIT $2
) AS newest
JOIN entries AS entry ON entry.id = newest.entry_id
WHERE newest.kind = 'embedding' AND entry.journal = $1;

-- name: try_lock_rounds
-- When a round of the reconciler begins: one gateway at a time is enough.
SELECT pg_try_advisory_xact_lock(4119051977);

-- name: count_pending
-- While an operator has enrichments made again, so that no more are in work than workers soon get to.
SELECT count(*) FROM enrichments WHERE state = 'pending' AND kind = ANY ($1::text[]);

-- name: read_clock
-- When that begins: by the database's clock, which dates orders.
SELECT now();

-- name: sum_embeddings
-- Before searches turn to the vectors of another model, of a name in $1 and digest $2: how many passages it has embedded, of how
-- many entries there is another's embedding or one is awaited, and of how many none is to come.
WITH found AS (
    SELECT state, (result ->> 'chunks')::integer AS passages,
        result #>> '{provenance,model}' = ANY ($1::text[]) AND result #>> '{provenance,model_digest}' = $2 AS by_it
    FROM enrichments WHERE kind = 'embedding'
)
SELECT
    coalesce(sum(passages) FILTER (WHERE by_it), 0)::bigint AS passages,
    count(*) FILTER (WHERE state = 'pending' OR NOT by_it) AS entries_left,
    count(*) FILTER (WHERE state = 'failed') AS entries_failed
FROM found;
