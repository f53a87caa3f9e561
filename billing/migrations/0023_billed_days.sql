-- Which days were billed, kept by PostgreSQL.

-- What was billed before days were kept counts as the whole month: nothing of it is charged again.
ALTER TABLE billing_billedperiod DISABLE TRIGGER billing_billedperiod_append_only;
UPDATE billing_billedperiod SET since = period, until = (period + interval '1 month')::date WHERE since IS NULL;
ALTER TABLE billing_billedperiod ENABLE TRIGGER billing_billedperiod_append_only;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE billing_billedperiod ALTER COLUMN since SET NOT NULL, ALTER COLUMN until SET NOT NULL;
ALTER TABLE billing_billedperiod ADD CONSTRAINT billing_billedperiod_month
    CHECK (until <= (period + interval '1 month')::date);

-- Credits are few: this finds them, and that there are none.
CREATE INDEX billing_billedperiod_credits ON billing_billedperiod (recurring_line_id, period) WHERE credit;

-- 1. More of a month is billed in turn, and never a day twice; a credit gives back no day that is not charged.
-- The first billing of a month needs no look: the primary key refuses another one.
CREATE OR REPLACE FUNCTION billing_periods_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    again record;
BEGIN
    IF NOT EXISTS (SELECT FROM added WHERE generation <> 0) THEN
        RETURN NULL;
    END IF;
    SELECT a.recurring_line_id AS line, a.period INTO again FROM added a
        WHERE a.generation <> 0 AND NOT EXISTS (
            SELECT FROM billing_billedperiod b
            WHERE b.recurring_line_id = a.recurring_line_id AND b.period = a.period
              AND b.generation = a.generation - 1)
        LIMIT 1;
    IF NOT FOUND THEN
        SELECT b.recurring_line_id AS line, b.period INTO again
        FROM (SELECT DISTINCT recurring_line_id, period FROM added WHERE generation <> 0) a
        JOIN billing_billedperiod b USING (recurring_line_id, period),
             generate_series(b.since, b.until - 1, interval '1 day') day
        WHERE NOT EXISTS (SELECT FROM billing_document c WHERE c.corrects_id = b.document_id)
        GROUP BY b.recurring_line_id, b.period, day
        HAVING sum(CASE WHEN b.credit THEN -1 ELSE 1 END) NOT IN (0, 1)
        LIMIT 1;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'recurring line % is billed for % already', again.line, again.period
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

-- 2. A document is not taken back while a later one has credited days of it: they would be given back twice.
CREATE FUNCTION billing_corrections_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    later record;
BEGIN
    IF NOT EXISTS (SELECT FROM added WHERE corrects_id IS NOT NULL)
       OR NOT EXISTS (SELECT FROM billing_billedperiod WHERE credit) THEN
        RETURN NULL;
    END IF;
    SELECT b.recurring_line_id AS line, b.period INTO later
    FROM (SELECT DISTINCT b.recurring_line_id, b.period FROM added a
          JOIN billing_billedperiod b ON b.document_id = a.corrects_id) a
    JOIN billing_billedperiod b USING (recurring_line_id, period),
         generate_series(b.since, b.until - 1, interval '1 day') day
    WHERE NOT EXISTS (SELECT FROM billing_document c WHERE c.corrects_id = b.document_id)
    GROUP BY b.recurring_line_id, b.period, day
    HAVING sum(CASE WHEN b.credit THEN -1 ELSE 1 END) NOT IN (0, 1)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'days of % of recurring line % were credited by a later document', later.period, later.line
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_document_corrections AFTER INSERT ON billing_document
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_corrections_added();
