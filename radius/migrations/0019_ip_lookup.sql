-- Who had an address: asked a few times a year about months of sessions, which each get these indexes. ON ONLY leaves
-- the hot partition without them: every session begins there, and days of sessions are read in a moment.
CREATE INDEX radius_session_ip ON ONLY radius_session (framed_ip, started_at);
CREATE INDEX radius_session_prefix ON ONLY radius_session (framed_ipv6_prefix) WHERE framed_ipv6_prefix IS NOT NULL;
CREATE INDEX radius_session_delegated ON ONLY radius_session (delegated_ipv6_prefix)
    WHERE delegated_ipv6_prefix IS NOT NULL;
CREATE INDEX radius_session_mac ON ONLY radius_session (translate(lower(calling_station_id), ':-. ', ''), started_at);
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN
        SELECT inhrelid::regclass FROM pg_inherits
        WHERE inhparent = 'radius_session'::regclass AND inhrelid <> 'radius_session_live'::regclass
    LOOP
        -- Detached and attached again, a partition is given what its parent has.
        EXECUTE format('ALTER TABLE radius_session DETACH PARTITION %s', part);
        EXECUTE format(
            'ALTER TABLE radius_session ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', part,
            to_date(right(part::text, 7), 'YYYY_MM'), (to_date(right(part::text, 7), 'YYYY_MM') + interval '1 month')::date
        );
    END LOOP;
END $$;
