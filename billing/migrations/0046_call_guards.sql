-- What bills of calls promise, kept by PostgreSQL whatever program writes to it.

-- 1. What a document charged for calls is never changed.
CREATE TRIGGER billing_callbill_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_callbill
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- 2. A billed call stays as it is. It is freed when its invoice was credited, and billed anew by another one; who
-- called whom may be blanked (erasure of a person).
CREATE FUNCTION billing_call_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.started_at, NEW.day, NEW.seconds, NEW.cost, NEW.number_id, NEW.price, NEW.state, NEW.bill_id)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.started_at, OLD.day, OLD.seconds, OLD.cost, OLD.number_id, OLD.price, OLD.state, OLD.bill_id)
        THEN
            RETURN NEW;
        END IF;
        IF NEW.bill_id IS NULL AND EXISTS (
            SELECT FROM billing_callbill b JOIN billing_document c ON c.corrects_id = b.document_id
            WHERE b.id = OLD.bill_id)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'call % is on an invoice', OLD.id USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_call_stays BEFORE UPDATE OR DELETE ON billing_call
    FOR EACH ROW WHEN (OLD.bill_id IS NOT NULL) EXECUTE FUNCTION billing_call_stays();
CREATE TRIGGER billing_call_kept BEFORE TRUNCATE ON billing_call
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- 3. The calls of a bill are its number's, of its month, as many and as dear as it says: those that came or were
-- priced anew since it was counted are not billed with it, and nobody adds one later.
CREATE FUNCTION billing_calls_billed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong bigint;
BEGIN
    SELECT b.id INTO wrong
    FROM (SELECT DISTINCT n.bill_id FROM new_rows n JOIN old_rows o ON o.id = n.id
          WHERE n.bill_id IS NOT NULL AND n.bill_id IS DISTINCT FROM o.bill_id) a
    JOIN billing_callbill b ON b.id = a.bill_id
    JOIN billing_call k ON k.bill_id = b.id
    GROUP BY b.id
    HAVING (count(*), sum(k.seconds), sum(k.price)) IS DISTINCT FROM (b.calls::bigint, b.seconds, b.amount)
        OR bool_or(k.number_id <> b.number_id OR date_trunc('month', k.day)::date <> b.month)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the calls of bill % are not those that were counted', wrong
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_calls_billed AFTER UPDATE ON billing_call
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION billing_calls_billed();

-- 4. No bill without its calls, and no call that was billed when it came.
CREATE FUNCTION billing_callbill_complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM billing_call WHERE bill_id = NEW.id) <> NEW.calls
       AND NOT EXISTS (SELECT FROM billing_document WHERE corrects_id = NEW.document_id) THEN
        RAISE EXCEPTION 'bill % of calls has not the calls it counts', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_callbill_complete AFTER INSERT ON billing_callbill
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_callbill_complete();

CREATE FUNCTION billing_calls_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added WHERE bill_id IS NOT NULL) THEN
        RAISE EXCEPTION 'a call is imported before it is billed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_calls_added AFTER INSERT ON billing_call
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_calls_added();

-- 5. What the system counts on.
INSERT INTO billing_callsettings (id, country_code, gl_code) VALUES (1, '27', '');
