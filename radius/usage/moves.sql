-- The common case: the next report of a session that runs, in order and within one local day. Returns the places
-- (counted from 1) of the reports that are something else; `statement.sql` knows what. Parameters are arrays, one
-- element a report, keys distinct and sorted, no account twice; then the first instant of the day and the day.
WITH report AS (
    SELECT key, account_id, framed_ip, to_timestamp(began) AS began, to_timestamp(at) AS at,
           to_timestamp(after) AS after, to_timestamp(stopped) AS stopped, seconds, upload, download, cause,
           framed_prefix, delegated_prefix, place
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::inet[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::text[], $12::inet[], $13::inet[]
    ) WITH ORDINALITY AS r (
        key, account_id, framed_ip, began, at, after, stopped, seconds, upload, download, cause, framed_prefix,
        delegated_prefix, place
    )
), moved AS (
    UPDATE radius_session_live s SET
        framed_ip = COALESCE(r.framed_ip, s.framed_ip),
        framed_ipv6_prefix = COALESCE(r.framed_prefix, s.framed_ipv6_prefix),
        delegated_ipv6_prefix = COALESCE(r.delegated_prefix, s.delegated_ipv6_prefix),
        updated_at = r.at,
        stopped_at = r.stopped,
        seconds = r.seconds,
        upload_octets = s.upload_carried + r.upload,
        download_octets = s.download_carried + r.download,
        terminate_cause = r.cause
    FROM report r
    WHERE s.key = r.key AND s.stopped_at IS NULL AND s.data_account_id IS NOT DISTINCT FROM r.account_id
      AND s.started_at <= r.began AND s.updated_at BETWEEN GREATEST(r.after, $14) AND r.at
      AND s.seconds <= r.seconds AND s.upload_octets <= s.upload_carried + r.upload
      AND s.download_octets <= s.download_carried + r.download
    RETURNING r.place, s.data_account_id AS account_id,
              new.upload_octets - old.upload_octets AS upload,
              new.download_octets - old.download_octets AS download,
              new.seconds - old.seconds AS seconds
), counted AS (
    INSERT INTO {days} AS u (data_account_id, day, upload_octets, download_octets, seconds)
    SELECT account_id, $15, upload, download, seconds
    FROM moved
    WHERE account_id IS NOT NULL AND (upload > 0 OR download > 0 OR seconds > 0)
    ORDER BY account_id
    ON CONFLICT (data_account_id, day) DO UPDATE SET
        upload_octets = u.upload_octets + excluded.upload_octets,
        download_octets = u.download_octets + excluded.download_octets,
        seconds = u.seconds + excluded.seconds
)
SELECT place FROM report WHERE place NOT IN (SELECT place FROM moved)
