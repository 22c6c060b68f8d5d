-- name: insert_evidence
-- When a worker reports: one row a kind of task. Nothing comes back for a report that is known.
INSERT INTO task_evidence (
    worker, sequence, began_at, ended_at, task, tasks, busy_s, bridge_s, inference_s, tasks_with_inference
)
SELECT $1, $2, $3, $4, kinds.*
FROM unnest($5::text[], $6::bigint[], $7::float8[], $8::float8[], $9::float8[], $10::bigint[]) AS kinds
ON CONFLICT DO NOTHING
RETURNING task;

-- name: sum_evidence
-- When an administrator asks how the decision stands: each kind of task over the window $1, by name. A kind's peak is the
-- highest sum of the rates of reports that overlap: a report adds its rate where it begins and takes it off where it ends.
WITH reported AS (
    SELECT *, tasks / extract(epoch FROM ended_at - began_at)::float8 AS rate
    FROM task_evidence WHERE ended_at > now() - $1::interval
), turns AS (
    SELECT task, began_at AS at, rate AS turn FROM reported
    UNION ALL
    SELECT task, ended_at, -rate FROM reported
), rates AS (
    -- At one moment those that end come first: a worker's next report begins where its last one ended.
    SELECT task, sum(turn) OVER (PARTITION BY task ORDER BY at, turn) AS rate FROM turns
), peaks AS (
    SELECT task, max(rate) AS rate_peak FROM rates GROUP BY task
)
SELECT
    task, sum(tasks)::bigint AS tasks, sum(busy_s) AS busy_s, sum(bridge_s) AS bridge_s, sum(inference_s) AS inference_s,
    sum(tasks_with_inference)::bigint AS tasks_with_inference, max(rate_peak) AS rate_peak
FROM reported JOIN peaks USING (task) GROUP BY task ORDER BY task;

-- name: delete_expired_evidence
-- Now and then, by the reconciler.
DELETE FROM task_evidence WHERE ended_at < now() - $1::interval;
