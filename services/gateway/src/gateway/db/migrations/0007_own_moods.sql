-- The mood that an entry's writer gave: label, valence, arousal, word, each where given. The inferred one stands in
-- `enrichments`.
ALTER TABLE entries ADD COLUMN own_mood jsonb;
-- As the other columns that hold a writer's words.
ALTER TABLE entries ALTER COLUMN own_mood SET STATISTICS 0;
