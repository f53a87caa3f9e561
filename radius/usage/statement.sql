-- One round of accounting reports: sessions created or moved on, and the difference added to the days it fell on.
-- What a session has moved only grows, so order and repetition do not matter. Parameters are arrays, one element a
-- report, keys distinct and sorted: two workers lock rows in the same order.
WITH report AS (
    SELECT key, nas_id, account_id, username, session_id, port, calling, called, framed_ip,
           to_timestamp(began) AS began, to_timestamp(at) AS at, to_timestamp(after) AS after,
           to_timestamp(stopped) AS stopped, seconds, upload, download, cause, applied, framed_prefix,
           delegated_prefix
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::inet[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
        $16::bigint[], $17::text[], $18::text[], $19::inet[], $20::inet[]
    ) AS r (
        key, nas_id, account_id, username, session_id, port, calling, called,
        framed_ip, began, at, after, stopped, seconds, upload, download, cause,
        applied, framed_prefix, delegated_prefix
    )
), placed AS (
    -- The session that ran when the report was made (its start may have been estimated a little late); another one
    -- when the report began after all that is known of that, or was made before all that is known.
    SELECT report.*, running, COALESCE(after > until, false) AS succeeds,
           running IS NULL AND highest IS NOT NULL AS precedes,
           CASE WHEN running IS NULL OR after > until THEN COALESCE(highest, 0) + 1 ELSE running END AS incarnation
    FROM report
    LEFT JOIN LATERAL (
        SELECT s.incarnation AS running, GREATEST(s.updated_at, s.stopped_at) AS until
        FROM radius_session_live s
        WHERE s.key = report.key AND s.started_at <= report.at + interval '{slack} s'
        ORDER BY s.started_at <= report.at DESC, s.started_at DESC
        LIMIT 1
    ) known ON true
    CROSS JOIN LATERAL (
        SELECT max(s.incarnation) AS highest FROM radius_session_live s WHERE s.key = report.key
    ) numbers
), superseded AS (
    UPDATE radius_session_live s
    SET stopped_at = s.updated_at, terminate_cause = 'Superseded'
    FROM placed
    WHERE placed.succeeds AND s.key = placed.key AND s.incarnation = placed.running
      AND s.stopped_at IS NULL
), written AS (
    INSERT INTO radius_session_live AS s (
        key, incarnation, nas_id, data_account_id, username, acct_session_id, nas_port, calling_station_id,
        called_station_id, framed_ip, started_at, updated_at, stopped_at, seconds, upload_octets,
        download_octets, terminate_cause, applied, framed_ipv6_prefix, delegated_ipv6_prefix
    )
    SELECT key, incarnation, nas_id, account_id, username, session_id, port, calling, called, framed_ip, began, at,
           CASE WHEN precedes THEN COALESCE(stopped, at) ELSE stopped END, seconds, upload, download,
           CASE WHEN precedes AND stopped IS NULL THEN 'Superseded' ELSE cause END,
           applied, framed_prefix, delegated_prefix
    FROM placed
    ORDER BY key
    ON CONFLICT (key, incarnation) DO UPDATE SET
        data_account_id = COALESCE(s.data_account_id, excluded.data_account_id),
        framed_ip = CASE WHEN excluded.updated_at >= s.updated_at
                         THEN COALESCE(excluded.framed_ip, s.framed_ip)
                         ELSE COALESCE(s.framed_ip, excluded.framed_ip) END,
        framed_ipv6_prefix = CASE WHEN excluded.updated_at >= s.updated_at
                                  THEN COALESCE(excluded.framed_ipv6_prefix, s.framed_ipv6_prefix)
                                  ELSE COALESCE(s.framed_ipv6_prefix, excluded.framed_ipv6_prefix) END,
        delegated_ipv6_prefix = CASE WHEN excluded.updated_at >= s.updated_at
                                     THEN COALESCE(excluded.delegated_ipv6_prefix, s.delegated_ipv6_prefix)
                                     ELSE COALESCE(s.delegated_ipv6_prefix, excluded.delegated_ipv6_prefix) END,
        -- A NAS repeats the Class of the log-in for ever; what a CoA gave since then stands here.
        applied = COALESCE(NULLIF(s.applied, ''), excluded.applied),
        started_at = LEAST(s.started_at, excluded.started_at),
        updated_at = GREATEST(s.updated_at, excluded.updated_at),
        seconds = GREATEST(s.seconds, excluded.seconds),
        -- The NAS's counters started over when both fell below half while the session went on: what was counted is
        -- carried. One that fell far alone (2^29, no imprecision) has 32 bits and no Gigawords: past the top.
        -- A report from before that (`early`) can only add to what is carried.
        (upload_octets, download_octets, upload_carried, download_carried, carried_at) = (
            SELECT CASE WHEN early AND s.upload_carried > 0
                            THEN s.upload_octets + GREATEST(excluded.upload_octets - s.upload_carried, 0)
                        WHEN over THEN s.upload_octets + excluded.upload_octets
                        WHEN up_wrapped THEN s.upload_carried + 4294967296 + excluded.upload_octets
                        ELSE GREATEST(s.upload_octets, s.upload_carried + excluded.upload_octets) END,
                   CASE WHEN early AND s.download_carried > 0
                            THEN s.download_octets + GREATEST(excluded.download_octets - s.download_carried, 0)
                        WHEN over THEN s.download_octets + excluded.download_octets
                        WHEN down_wrapped THEN s.download_carried + 4294967296 + excluded.download_octets
                        ELSE GREATEST(s.download_octets, s.download_carried + excluded.download_octets) END,
                   CASE WHEN early AND s.upload_carried > 0
                            THEN GREATEST(s.upload_carried, excluded.upload_octets)
                        WHEN over THEN s.upload_octets
                        WHEN up_wrapped THEN s.upload_carried + 4294967296
                        ELSE s.upload_carried END,
                   CASE WHEN early AND s.download_carried > 0
                            THEN GREATEST(s.download_carried, excluded.download_octets)
                        WHEN over THEN s.download_octets
                        WHEN down_wrapped THEN s.download_carried + 4294967296
                        ELSE s.download_carried END,
                   CASE WHEN over OR up_wrapped OR down_wrapped THEN excluded.updated_at ELSE s.carried_at END
            FROM (
                SELECT later AND 2 * excluded.upload_octets <= up AND 2 * excluded.download_octets <= down
                             AND excluded.upload_octets + excluded.download_octets > 0 AS over,
                       later AND up < 4294967296 AND up - excluded.upload_octets > 536870912
                             AND excluded.download_octets >= down AS up_wrapped,
                       later AND down < 4294967296 AND down - excluded.download_octets > 536870912
                             AND excluded.upload_octets >= up AS down_wrapped,
                       early
                FROM (
                    SELECT s.upload_octets - s.upload_carried AS up,
                           s.download_octets - s.download_carried AS down,
                           excluded.updated_at > s.updated_at AND excluded.seconds >= s.seconds AS later,
                           excluded.updated_at < s.carried_at AS early
                ) last
            ) fallen
        ),
        -- A reported Stop stands. An end we concluded gives way to a Stop, and to an Interim-Update made later,
        -- which is proof of life (a repeated Start, without session time, is not), of the last session of an id.
        stopped_at = CASE
            WHEN s.stopped_at IS NOT NULL AND s.terminate_cause NOT IN ('Stale', 'Accounting-On', 'Superseded')
                THEN s.stopped_at
            WHEN excluded.terminate_cause NOT IN ('', 'Superseded') THEN excluded.stopped_at
            WHEN excluded.updated_at > s.stopped_at AND excluded.seconds > 0 AND NOT EXISTS (
                SELECT 1 FROM radius_session_live l WHERE l.key = s.key AND l.started_at > s.started_at
            ) THEN NULL
            ELSE s.stopped_at END,
        terminate_cause = CASE
            WHEN s.stopped_at IS NOT NULL AND s.terminate_cause NOT IN ('Stale', 'Accounting-On', 'Superseded')
                THEN s.terminate_cause
            WHEN excluded.terminate_cause NOT IN ('', 'Superseded') THEN excluded.terminate_cause
            WHEN excluded.updated_at > s.stopped_at AND excluded.seconds > 0 AND NOT EXISTS (
                SELECT 1 FROM radius_session_live l WHERE l.key = s.key AND l.started_at > s.started_at
            ) THEN ''
            ELSE s.terminate_cause END
    RETURNING new.data_account_id AS account_id, new.id AS session_id,
              COALESCE(old.updated_at, new.started_at) AS since,
              new.updated_at AS until,
              new.upload_octets - COALESCE(old.upload_octets, 0) AS upload,
              new.download_octets - COALESCE(old.download_octets, 0) AS download,
              new.seconds - COALESCE(old.seconds, 0) AS seconds,
              COALESCE(old.upload_octets, 0) AS upload_before,
              COALESCE(old.download_octets, 0) AS download_before,
              COALESCE(old.seconds, 0) AS seconds_before,
              old.id IS NOT NULL AND old.data_account_id IS NULL AS adopted
), dated AS (
    SELECT *, (since AT TIME ZONE '{zone}')::date AS first_day, (until AT TIME ZONE '{zone}')::date AS last_day
    FROM written
    WHERE account_id IS NOT NULL
), marked AS (
    -- Where a session passes midnight: what it had moved by then, so that every day's octets can be laid at the
    -- sessions they came from. What it moved before its line was known was counted for nobody.
    INSERT INTO radius_sessionmark (session_id, day, upload_octets, download_octets, seconds, counted)
    SELECT session_id, d.day,
           upload_before + floor(upload * d.upper / span), download_before + floor(download * d.upper / span),
           seconds_before + floor(seconds * d.upper / span), true
    FROM dated
    CROSS JOIN LATERAL (
        SELECT day::date AS day, extract(epoch FROM until - since) AS span,
               extract(epoch FROM ((day + interval '1 day') AT TIME ZONE '{zone}') - since) AS upper
        FROM generate_series(first_day::timestamp, last_day::timestamp - interval '1 day', interval '1 day') AS day
    ) d
    WHERE first_day < last_day
      AND upload_before + upload + download_before + download + seconds_before + seconds > 0
    UNION ALL
    SELECT session_id, LEAST(first_day, last_day) - 1, upload_before, download_before, seconds_before, false
    FROM dated
    WHERE adopted AND upload_before + download_before + seconds_before > 0
    ON CONFLICT (session_id, day) DO NOTHING
), moved AS (
    SELECT * FROM dated WHERE upload > 0 OR download > 0 OR seconds > 0
), share AS (
    SELECT account_id, last_day AS day, upload, download, seconds FROM moved WHERE first_day >= last_day
    UNION ALL
    -- Across midnight: split by time; what rounding down leaves over falls to the last day, so nothing is lost.
    SELECT account_id, d.day,
           floor(upload * d.upper / span) - floor(upload * d.lower / span),
           floor(download * d.upper / span) - floor(download * d.lower / span),
           floor(seconds * d.upper / span) - floor(seconds * d.lower / span)
    FROM moved
    CROSS JOIN LATERAL (
        SELECT day::date AS day, extract(epoch FROM until - since) AS span,
               GREATEST(0, extract(epoch FROM (day AT TIME ZONE '{zone}') - since)) AS lower,
               LEAST(extract(epoch FROM until - since),
                     extract(epoch FROM ((day + interval '1 day') AT TIME ZONE '{zone}') - since)) AS upper
        FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') AS day
    ) d
    WHERE first_day < last_day
)
INSERT INTO radius_usageday AS u (data_account_id, day, upload_octets, download_octets, seconds)
SELECT account_id, day, sum(upload), sum(download), sum(seconds)
FROM share
GROUP BY account_id, day
HAVING sum(upload) + sum(download) + sum(seconds) > 0
ORDER BY account_id, day
ON CONFLICT (data_account_id, day) DO UPDATE SET
    upload_octets = u.upload_octets + excluded.upload_octets,
    download_octets = u.download_octets + excluded.download_octets,
    seconds = u.seconds + excluded.seconds
