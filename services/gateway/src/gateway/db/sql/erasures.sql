-- name: insert_erasures
-- When entries are erased: ids alone stay, to tell an erased entry from one that never was.
INSERT INTO erasures (entry_id, journal, revision)
SELECT entry_id, $1, revision FROM unnest($2::uuid[], $3::integer[]) AS erased (entry_id, revision);

-- name: list_erasures
-- By `gateway erasures`, for a list that is kept beside backups: in pages by id.
SELECT entry_id, journal, erased_at FROM erasures WHERE entry_id > $1 ORDER BY entry_id LIMIT $2;
