-- name: today
-- When a client names no last day: in the time zone $2, else in that of the entry written last.
SELECT CASE
    WHEN $2::text IS NULL THEN (now() AT TIME ZONE 'UTC') + coalesce((
        SELECT make_interval(secs => written_at_offset_s) FROM entries WHERE journal = $1
        ORDER BY written_at DESC, id DESC LIMIT 1
    ), '0')
    ELSE now() AT TIME ZONE $2
END::date;

-- name: mood_timeline
-- When a client asks for moods over time. $2 is the first day, $3 the day after the last, both at a bucket's border; $4 is
-- day, week or month; $5 a time zone, or NULL for that of each entry's author. The index is used by the range of written_at:
-- no zone is off UTC by more than a day.
WITH found AS MATERIALIZED (
    SELECT
        date_trunc($4, here.moment)::date AS first_day,
        CASE
            WHEN mood.state = 'done' AND mood.result ->> 'label' IS NULL THEN 'abstained'
            ELSE coalesce(mood.state, 'pending')
        END AS state,
        mood.result ->> 'label' AS label,
        (mood.result ->> 'valence')::float8 AS valence,
        (mood.result ->> 'arousal')::float8 AS arousal,
        entry.own_mood IS NOT NULL AS has_own,
        entry.own_mood ->> 'label' AS own_label,
        (entry.own_mood ->> 'valence')::float8 AS own_valence,
        (entry.own_mood ->> 'arousal')::float8 AS own_arousal
    FROM entries AS entry
    LEFT JOIN enrichments AS mood
        ON mood.entry_id = entry.id AND mood.kind = 'mood' AND mood.revision = entry.revision
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN $5::text IS NULL
                THEN (entry.written_at AT TIME ZONE 'UTC') + make_interval(secs => entry.written_at_offset_s)
            ELSE entry.written_at AT TIME ZONE $5
        END
    ) AS here (moment)
    WHERE entry.journal = $1
      AND entry.written_at >= ($2::date - 1)::timestamp AT TIME ZONE 'UTC'
      AND entry.written_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
      AND here.moment >= $2::date AND here.moment < $3::date
), numbers AS (
    SELECT
        first_day,
        count(*) AS entries,
        count(*) FILTER (WHERE state = 'done') AS moods,
        count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'abstained') AS abstained,
        avg(valence) FILTER (WHERE state = 'done') AS valence_mean,
        min(valence) FILTER (WHERE state = 'done') AS valence_min,
        max(valence) FILTER (WHERE state = 'done') AS valence_max,
        avg(arousal) FILTER (WHERE state = 'done') AS arousal_mean,
        min(arousal) FILTER (WHERE state = 'done') AS arousal_min,
        max(arousal) FILTER (WHERE state = 'done') AS arousal_max,
        count(*) FILTER (WHERE has_own) AS own_moods,
        count(own_valence) AS own_valence_n,
        avg(own_valence) AS own_valence_mean,
        min(own_valence) AS own_valence_min,
        max(own_valence) AS own_valence_max,
        count(own_arousal) AS own_arousal_n,
        avg(own_arousal) AS own_arousal_mean,
        min(own_arousal) AS own_arousal_min,
        max(own_arousal) AS own_arousal_max
    FROM found
    GROUP BY first_day
), labels AS (
    SELECT first_day, jsonb_object_agg(label, n) AS labels
    FROM (SELECT first_day, label, count(*) AS n FROM found WHERE state = 'done' GROUP BY first_day, label) AS counted
    GROUP BY first_day
), own_labels AS (
    SELECT first_day, jsonb_object_agg(own_label, n) AS own_labels
    FROM (
        SELECT first_day, own_label, count(*) AS n FROM found WHERE own_label IS NOT NULL GROUP BY first_day, own_label
    ) AS counted
    GROUP BY first_day
)
SELECT bucket::date AS bucket, numbers.*, labels.labels, own_labels.own_labels
FROM generate_series($2::date::timestamp, $3::date - interval '1 day', ('1 ' || $4)::interval) AS bucket
LEFT JOIN numbers ON numbers.first_day = bucket::date
LEFT JOIN labels ON labels.first_day = bucket::date
LEFT JOIN own_labels ON own_labels.first_day = bucket::date
ORDER BY bucket;

-- name: page_moods
-- When a worker goes through the moods of a journal, oldest first. $4 and $5 are where the page before ended.
SELECT
    entry.id, entry.revision, entry.written_at, entry.written_at_offset_s, entry.own_mood,
    CASE
        WHEN mood.state = 'done' AND mood.result ->> 'label' IS NULL THEN 'abstained'
        ELSE coalesce(mood.state, 'pending')
    END AS state,
    mood.result ->> 'label' AS label,
    (mood.result ->> 'valence')::float8 AS valence,
    (mood.result ->> 'arousal')::float8 AS arousal
FROM entries AS entry
LEFT JOIN enrichments AS mood
    ON mood.entry_id = entry.id AND mood.kind = 'mood' AND mood.revision = entry.revision
WHERE entry.journal = $1
  AND ($2::timestamptz IS NULL OR entry.written_at >= $2)
  AND ($3::timestamptz IS NULL OR entry.written_at < $3)
  AND ($4::timestamptz IS NULL OR (entry.written_at, entry.id) > ($4, $5::uuid))
ORDER BY entry.written_at, entry.id
LIMIT $6;
