-- Which entries speak of suicide or self-harm. NULL: not so, or not examined: the entry is older than this, or care is off.
ALTER TABLE entries ADD COLUMN care text CHECK (care IN ('suicide', 'self_harm'));
-- As the other columns that tell of a writer.
ALTER TABLE entries ALTER COLUMN care SET STATISTICS 0;
