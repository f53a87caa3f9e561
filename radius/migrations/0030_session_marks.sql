-- By month of the day, like usage days. No id: a row is asked for by its session.
CREATE TABLE radius_sessionmark (
    session_id bigint NOT NULL,
    day date NOT NULL,
    upload_octets bigint NOT NULL,
    download_octets bigint NOT NULL,
    seconds bigint NOT NULL,
    counted boolean NOT NULL,
    CONSTRAINT radius_sessionmark_pkey PRIMARY KEY (session_id, day),
    CONSTRAINT radius_sessionmark_octets CHECK (upload_octets >= 0 AND download_octets >= 0 AND seconds >= 0)
) PARTITION BY RANGE (day);
CREATE TABLE radius_sessionmark_default PARTITION OF radius_sessionmark DEFAULT;
DO $$
DECLARE
    first date;
BEGIN
    FOR first IN
        SELECT generate_series(date_trunc('month', now()), now() + interval '2 months', '1 month')::date
    LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF radius_sessionmark FOR VALUES FROM (%L) TO (%L)',
            'radius_sessionmark_' || to_char(first, 'YYYY_MM'), first, (first + interval '1 month')::date
        );
    END LOOP;
END $$;
