-- name: insert_erasures
-- When entries are erased: ids alone stay, to tell an erased entry from one that never was.
INSERT INTO erasures (entry_id, journal, revision)
SELECT entry_id, $1, revision FROM unnest($2::uuid[], $3::integer[]) AS erased (entry_id, revision);
