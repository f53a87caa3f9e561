DROP TRIGGER billing_document_corrections ON billing_document;
DROP FUNCTION billing_corrections_added();
DROP INDEX billing_billedperiod_credits;
ALTER TABLE billing_billedperiod DROP CONSTRAINT billing_billedperiod_month;
ALTER TABLE billing_billedperiod ALTER COLUMN since DROP NOT NULL, ALTER COLUMN until DROP NOT NULL;
CREATE OR REPLACE FUNCTION billing_periods_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    again record;
BEGIN
    SELECT a.recurring_line_id AS line, a.period INTO again FROM added a
        WHERE a.generation <> 0 AND NOT EXISTS (
            SELECT FROM billing_billedperiod b JOIN billing_document c ON c.corrects_id = b.document_id
            WHERE b.recurring_line_id = a.recurring_line_id AND b.period = a.period
              AND b.generation = a.generation - 1)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'recurring line % is billed for % already', again.line, again.period
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
