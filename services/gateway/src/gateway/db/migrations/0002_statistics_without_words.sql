-- ANALYZE copies frequent values of a column into pg_statistic, where a writer's words would outlive their entry. No query
-- of ours is planned by what these columns hold.
ALTER TABLE entries ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE entries ALTER COLUMN metadata SET STATISTICS 0;
ALTER TABLE entries ALTER COLUMN tags SET STATISTICS 0;
ALTER TABLE enrichments ALTER COLUMN result SET STATISTICS 0;
