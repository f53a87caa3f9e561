-- Archived sessions that these reports belong to, back among the running ones: their NAS was cut off for weeks, or
-- reports of long ago arrive at last. Parameters are arrays, one element a report: key, at, after; and the first
-- month to look into.
WITH missing AS (
    SELECT * FROM unnest(%(keys)s::uuid[], %(ats)s::bigint[], %(afters)s::bigint[]) AS r (key, at, after)
    WHERE NOT EXISTS (
        SELECT 1 FROM radius_session_live s WHERE s.key = r.key AND s.started_at <= to_timestamp(r.at)
    )
), found AS (
    SELECT DISTINCT ON (s.key) s.id, s.month,
           1 + COALESCE((SELECT max(incarnation) FROM radius_session_live l WHERE l.key = s.key), 0) AS place
    FROM missing r
    JOIN radius_session s ON s.key = r.key AND s.started_at <= to_timestamp(r.at)
    WHERE s.month >= %(month)s AND s.month < '9999-12-01'
      AND GREATEST(s.updated_at, s.stopped_at) >= to_timestamp(r.after)
    ORDER BY s.key, s.started_at DESC, s.id DESC
)
UPDATE radius_session s SET month = '9999-12-01', incarnation = found.place
FROM found
WHERE s.id = found.id AND s.month = found.month
