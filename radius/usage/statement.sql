-- One round of accounting reports: sessions created or moved on, and the difference added to the days it fell on.
-- Counters only grow, so order and repetition do not matter. Parameters are arrays, one element a report, keys
-- distinct and sorted: two workers lock rows in the same order.
WITH report AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::inet[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
        $16::bigint[], $17::text[], $18::text[], $19::inet[], $20::inet[]
    ) AS r (
        key, nas_id, account_id, username, session_id, port, calling, called,
        framed_ip, began, at, after, stopped, seconds, upload, download, cause,
        applied, framed_prefix, delegated_prefix
    )
), placed AS (
    -- The incarnation that was running when the report was made; the next one when the report began after all
    -- that is known of it.
    SELECT report.*, known.incarnation AS running, COALESCE(after > known.until, false) AS succeeds
    FROM report
    LEFT JOIN LATERAL (
        SELECT s.incarnation,
               extract(epoch FROM GREATEST(s.updated_at, s.stopped_at)) AS until
        FROM radius_session_live s
        WHERE s.key = report.key AND s.started_at <= to_timestamp(report.at)
        ORDER BY s.started_at DESC, s.incarnation DESC
        LIMIT 1
    ) known ON true
), numbered AS (
    SELECT placed.*,
           CASE WHEN running IS NULL THEN 1
                WHEN succeeds THEN (
                    SELECT max(s.incarnation) + 1 FROM radius_session_live s WHERE s.key = placed.key
                )
                ELSE running END AS incarnation
    FROM placed
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
    SELECT key, incarnation, nas_id, account_id, username, session_id, port, calling,
           called, framed_ip, to_timestamp(began), to_timestamp(at), to_timestamp(stopped), seconds, upload,
           download, cause, applied, framed_prefix, delegated_prefix
    FROM numbered
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
        upload_octets = GREATEST(s.upload_octets, excluded.upload_octets),
        download_octets = GREATEST(s.download_octets, excluded.download_octets),
        -- A reported Stop stands. An end we concluded gives way to a Stop, and to an Interim-Update made later,
        -- which is proof of life (a repeated Start, without session time, is not).
        stopped_at = CASE
            WHEN s.stopped_at IS NOT NULL AND s.terminate_cause NOT IN ('Stale', 'Accounting-On', 'Superseded')
                THEN s.stopped_at
            WHEN excluded.stopped_at IS NOT NULL THEN excluded.stopped_at
            WHEN excluded.updated_at > s.stopped_at AND excluded.seconds > 0 THEN NULL
            ELSE s.stopped_at END,
        terminate_cause = CASE
            WHEN s.stopped_at IS NOT NULL AND s.terminate_cause NOT IN ('Stale', 'Accounting-On', 'Superseded')
                THEN s.terminate_cause
            WHEN excluded.stopped_at IS NOT NULL THEN excluded.terminate_cause
            WHEN excluded.updated_at > s.stopped_at AND excluded.seconds > 0 THEN ''
            ELSE s.terminate_cause END
    RETURNING new.data_account_id AS account_id,
              COALESCE(old.updated_at, new.started_at) AS since,
              new.updated_at AS until,
              new.upload_octets - COALESCE(old.upload_octets, 0) AS upload,
              new.download_octets - COALESCE(old.download_octets, 0) AS download,
              new.seconds - COALESCE(old.seconds, 0) AS seconds
), moved AS (
    SELECT *, (since AT TIME ZONE '{zone}')::date AS first_day, (until AT TIME ZONE '{zone}')::date AS last_day
    FROM written
    WHERE account_id IS NOT NULL AND (upload > 0 OR download > 0 OR seconds > 0)
), share AS (
    SELECT account_id, last_day AS day, upload, download, seconds FROM moved WHERE first_day >= last_day
    UNION ALL
    -- Across midnight: split by time; what rounding down leaves over falls to the last day, so nothing is lost.
    SELECT account_id, d.day,
           floor(upload * d.upper) - floor(upload * d.lower),
           floor(download * d.upper) - floor(download * d.lower),
           floor(seconds * d.upper) - floor(seconds * d.lower)
    FROM moved
    CROSS JOIN LATERAL (
        SELECT day::date AS day,
               GREATEST(0, extract(epoch FROM (day AT TIME ZONE '{zone}') - since))
                   / extract(epoch FROM until - since) AS lower,
               LEAST(1, extract(epoch FROM ((day + interval '1 day') AT TIME ZONE '{zone}') - since)
                   / extract(epoch FROM until - since)) AS upper
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
