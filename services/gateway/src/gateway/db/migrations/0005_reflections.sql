-- Journals with settings of their own, and what is written back to an entry.

-- Only what differs from the defaults need be there.
ALTER TABLE journals ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';

CREATE TABLE reflections (
    entry_id uuid NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    version integer NOT NULL CHECK (version >= 1),
    -- The entry's revision that it speaks of; moves on with the entry until it is settled.
    revision integer NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'failed', 'withheld')),
    -- Somebody waits for it.
    interactive boolean NOT NULL,
    result jsonb,
    reason text,
    notice text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    reissues integer NOT NULL DEFAULT 0,
    reissued_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, version),
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (reason IS NOT NULL)),
    CHECK ((state = 'withheld') = (notice IS NOT NULL))
);
-- One at a time: who asks while one is being written gets that one.
CREATE UNIQUE INDEX reflections_pending ON reflections (entry_id) WHERE state = 'pending';
CREATE INDEX reflections_overdue ON reflections (reissued_at) WHERE state = 'pending';
ALTER TABLE reflections ALTER COLUMN result SET STATISTICS 0;
