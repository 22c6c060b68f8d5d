-- What workers' tasks took, as they report it: the evidence beside which ADR 0001 is judged. Kept for a week.
CREATE TABLE task_evidence (
    worker uuid NOT NULL,
    sequence bigint NOT NULL,
    task text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    tasks bigint NOT NULL,
    busy_s double precision NOT NULL,
    bridge_s double precision NOT NULL,
    inference_s double precision NOT NULL,
    tasks_with_inference bigint NOT NULL,
    -- A report that comes twice is known by it.
    PRIMARY KEY (worker, sequence, task),
    CHECK (ended_at > began_at)
);
CREATE INDEX task_evidence_by_time ON task_evidence (ended_at);
