-- A pin joins a credit and a debit of one payer, and never more than either holds.

-- Whose record it is now: the survivor of the merges above it.
CREATE FUNCTION billing_payer_of(record bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above (id, depth) AS (
        SELECT record, 0
        UNION ALL
        SELECT m.survivor_id, a.depth + 1 FROM above a
        JOIN customers_merge m ON m.loser_id = a.id AND m.undone_at IS NULL WHERE a.depth < 100
    )
    SELECT id FROM above ORDER BY depth DESC LIMIT 1
$$;

CREATE FUNCTION billing_check_pin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holds record;
BEGIN
    -- Locked, so that two transactions cannot each take the same rest.
    PERFORM FROM billing_posting WHERE id IN (NEW.credit_id, NEW.debit_id) ORDER BY id FOR NO KEY UPDATE;
    SELECT -c.amount AS credit, d.amount AS debit INTO holds
        FROM billing_line c JOIN billing_line d ON billing_payer_of(d.customer_id) = billing_payer_of(c.customer_id)
        JOIN billing_account k ON k.code = 'receivable' AND k.id = c.account_id AND k.id = d.account_id
        WHERE c.posting_id = NEW.credit_id AND c.amount < 0 AND d.posting_id = NEW.debit_id AND d.amount > 0
        LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a pin joins a credit and a debit of one payer, not % and %', NEW.credit_id, NEW.debit_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (SELECT sum(amount) FROM billing_pin WHERE credit_id = NEW.credit_id) > holds.credit THEN
        RAISE EXCEPTION 'credit % holds no more than %', NEW.credit_id, holds.credit
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (SELECT sum(amount) FROM billing_pin WHERE debit_id = NEW.debit_id) > holds.debit THEN
        RAISE EXCEPTION 'debit % holds no more than %', NEW.debit_id, holds.debit
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_pin_checked AFTER INSERT OR UPDATE ON billing_pin
    FOR EACH ROW EXECUTE FUNCTION billing_check_pin();
