-- The other common case: sessions that begin, under ids that no running or lately ended session has. Returns the
-- places (counted from 1) of the reports whose id is known already; `statement.sql` knows what those are.
-- Parameters are arrays, one element a report, keys distinct and sorted.
WITH report AS (
    SELECT key, nas_id, account_id, username, session_id, port, calling, called, framed_ip,
           to_timestamp(began) AS began, to_timestamp(at) AS at, applied, framed_prefix, delegated_prefix, place
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::inet[], $10::bigint[], $11::bigint[], $12::text[], $13::inet[], $14::inet[]
    ) WITH ORDINALITY AS r (
        key, nas_id, account_id, username, session_id, port, calling, called, framed_ip, began, at, applied,
        framed_prefix, delegated_prefix, place
    )
), begun AS (
    INSERT INTO radius_session_live (
        key, incarnation, nas_id, data_account_id, username, acct_session_id, nas_port, calling_station_id,
        called_station_id, framed_ip, started_at, updated_at, seconds, upload_octets, download_octets,
        terminate_cause, applied, framed_ipv6_prefix, delegated_ipv6_prefix
    )
    SELECT key, 1, nas_id, account_id, username, session_id, port, calling, called, framed_ip, began, at, 0, 0, 0,
           '', applied, framed_prefix, delegated_prefix
    FROM report
    WHERE NOT EXISTS (SELECT FROM radius_session_live s WHERE s.key = report.key)
    ORDER BY key
    ON CONFLICT (key, incarnation) DO NOTHING
    RETURNING key
)
SELECT place FROM report WHERE key NOT IN (SELECT key FROM begun)
