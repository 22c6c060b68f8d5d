-- The first tables: what is stored, what became of it, and what has to be told.

CREATE TABLE journals (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE entries (
    id uuid PRIMARY KEY,
    journal text NOT NULL REFERENCES journals (name),
    revision integer NOT NULL CHECK (revision >= 1),
    body text NOT NULL,
    written_at timestamptz NOT NULL,
    -- timestamptz forgets the zone it came in: this keeps the author's.
    written_at_offset_s integer NOT NULL,
    tags text[] NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Lists go through a journal from its newest entry; id breaks ties, so that a cursor never skips one.
CREATE INDEX entries_by_time ON entries (journal, written_at DESC, id DESC);
CREATE INDEX entries_by_tag ON entries USING gin (tags);

CREATE TABLE enrichments (
    entry_id uuid NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    revision integer NOT NULL,
    result jsonb,
    reason text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    -- How often the reconciler has asked again since: it waits longer each time.
    reissues integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, kind),
    CHECK ((state = 'done') = (result IS NOT NULL)),
    CHECK ((state = 'failed') = (reason IS NOT NULL))
);
CREATE INDEX enrichments_overdue ON enrichments (requested_at) WHERE state = 'pending';

-- Events that JetStream has not acknowledged yet. Ids only, never a word of an entry (ADR 0002).
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    subject text NOT NULL,
    -- text, not jsonb: what is published is byte for byte what was written.
    event text NOT NULL,
    entry_id uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_by_entry ON outbox (entry_id);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    name text NOT NULL,
    -- sha256 of the whole key. The key itself is stored nowhere.
    key_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    journals text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE TABLE idempotency_keys (
    key_id text NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    journal text NOT NULL,
    -- Hashes: what clients choose as a key, and what they sent, is not kept.
    idempotency_hash bytea NOT NULL,
    request_hash bytea NOT NULL,
    entry_id uuid NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key_id, journal, idempotency_hash)
);
CREATE INDEX idempotency_keys_by_entry ON idempotency_keys (entry_id);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What is left of an erased entry.
CREATE TABLE erasures (
    entry_id uuid PRIMARY KEY,
    journal text NOT NULL,
    revision integer NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now()
);
