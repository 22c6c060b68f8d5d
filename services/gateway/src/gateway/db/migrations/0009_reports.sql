-- Reports on a period of a journal.

CREATE TABLE reports (
    id uuid PRIMARY KEY,
    journal text NOT NULL REFERENCES journals (name) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('period', 'weekly', 'monthly')),
    first_day date NOT NULL,
    last_day date NOT NULL,
    time_zone text NOT NULL,
    scheduled boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed')),
    -- Counts up when it is made again: what workers of an older edition tell is refused.
    edition integer NOT NULL DEFAULT 1,
    progress jsonb,
    -- What a worker needs to go on with it: holds words of entries, and is gone when the report is settled.
    draft jsonb,
    result jsonb,
    reason text,
    -- The heaviest mark of the entries that it is about.
    care text CHECK (care IN ('suicide', 'self_harm')),
    requested_at timestamptz NOT NULL DEFAULT now(),
    reissues integer NOT NULL DEFAULT 0,
    reissued_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (first_day <= last_day),
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (reason IS NOT NULL)),
    CHECK (draft IS NULL OR state IN ('pending', 'running'))
);
-- Lists go from the one asked for last; id breaks ties.
CREATE INDEX reports_by_time ON reports (journal, requested_at DESC, id DESC);
CREATE INDEX reports_unsettled ON reports (journal) WHERE state IN ('pending', 'running');
CREATE INDEX reports_overdue ON reports (reissued_at) WHERE state IN ('pending', 'running');
-- As the other columns that hold a writer's words or tell of one.
ALTER TABLE reports ALTER COLUMN draft SET STATISTICS 0;
ALTER TABLE reports ALTER COLUMN result SET STATISTICS 0;
ALTER TABLE reports ALTER COLUMN care SET STATISTICS 0;

-- What a worker was given for a report, stored before it is given: nothing of an erased entry stays in a report.
CREATE TABLE report_entries (
    report_id uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    entry_id uuid NOT NULL,
    PRIMARY KEY (report_id, entry_id)
);
CREATE INDEX report_entries_by_entry ON report_entries (entry_id);

-- Up to which period reports were made by themselves. Apart from the reports: an erased one is not made again.
CREATE TABLE report_schedules (
    journal text NOT NULL REFERENCES journals (name) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('weekly', 'monthly')),
    first_day date NOT NULL,
    PRIMARY KEY (journal, kind)
);
