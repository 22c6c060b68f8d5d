-- Somebody waits for the present edition of the report. Apart from `scheduled`, which tells for ever how it came about: one
-- that is made by itself may come to be waited for, and one that was asked for may be made again with nobody waiting.
ALTER TABLE reports ADD COLUMN interactive boolean NOT NULL DEFAULT false;
UPDATE reports SET interactive = true WHERE NOT scheduled AND edition = 1 AND state IN ('pending', 'running');
