-- What the ledger and the paper promise, kept by PostgreSQL whatever program writes to it.
-- A superuser can switch triggers off: that is what the digests and seals are for (billing/ledger).

-- 1. Append-only ------------------------------------------------------------------------------------
CREATE FUNCTION billing_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER billing_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_posting
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_line
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_document_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_document
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_documentline_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_documentline
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_billedperiod_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_billedperiod
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_seal
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_party_append_only BEFORE DELETE OR TRUNCATE ON billing_party
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_numbersequence_kept BEFORE DELETE OR TRUNCATE ON billing_numbersequence
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_chainhead_kept BEFORE DELETE OR TRUNCATE ON billing_chainhead
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- A party may be erased, once, and changed in no other way; its digest stays.
CREATE FUNCTION billing_party_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
       AND NEW.name = '(erased)' AND NEW.address = '' AND NEW.vat_number = ''
       AND (NEW.id, NEW.customer_id, NEW.digest) = (OLD.id, OLD.customer_id, OLD.digest) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'billing_party can only be erased' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_party_erase_only BEFORE UPDATE ON billing_party
    FOR EACH ROW EXECUTE FUNCTION billing_party_erase_only();

-- Numbers and the chain only go on.
CREATE FUNCTION billing_numbers_go_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.kind, NEW.year) = (OLD.kind, OLD.year) AND NEW.last >= OLD.last THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'numbers of % % only go on from %', OLD.kind, OLD.year, OLD.last
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_numbersequence_goes_on BEFORE UPDATE ON billing_numbersequence
    FOR EACH ROW EXECUTE FUNCTION billing_numbers_go_on();

CREATE FUNCTION billing_chain_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq = OLD.seq + 1 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the chain goes on from % to %, not to %', OLD.seq, OLD.seq + 1, NEW.seq
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_chainhead_goes_on BEFORE UPDATE ON billing_chainhead
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION billing_chain_goes_on();

-- 2. The lines of a posting sum to zero ---------------------------------------------------------------
-- Statement triggers look at what a statement added, as a set; only postings that are not complete within
-- their statement are queued, and looked at again at COMMIT. Bulk work writes lines before postings and queues
-- nothing. Without the index a large queue costs minutes (every row is looked up and deleted by posting).
CREATE TABLE billing_pending (posting_id bigint NOT NULL);
CREATE INDEX billing_pending_posting ON billing_pending (posting_id);

CREATE FUNCTION billing_lines_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed bigint;
BEGIN
    -- A posting of an earlier transaction is sealed: not even a balanced pair may join it.
    SELECT a.posting_id INTO sealed FROM added a JOIN billing_posting p ON p.id = a.posting_id
        WHERE age(p.xmin) > age(pg_current_xact_id()::xid) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % is sealed', sealed USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO billing_pending SELECT posting_id FROM added GROUP BY posting_id HAVING sum(amount) <> 0;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_line_sums AFTER INSERT ON billing_line
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_lines_added();

CREATE FUNCTION billing_postings_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing_pending
        SELECT a.id FROM added a WHERE NOT EXISTS (SELECT FROM billing_line l WHERE l.posting_id = a.id);
    RETURN NULL;
END $$;
CREATE TRIGGER billing_posting_complete AFTER INSERT ON billing_posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_postings_added();

CREATE FUNCTION billing_check_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM billing_line WHERE posting_id = NEW.posting_id) IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION 'posting % is empty or its lines do not sum to zero', NEW.posting_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    DELETE FROM billing_pending WHERE posting_id = NEW.posting_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_pending_checked AFTER INSERT ON billing_pending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_pending();

-- 3. A period is billed again only after its last document was corrected ------------------------------
CREATE FUNCTION billing_periods_added() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER billing_billedperiod_generations AFTER INSERT ON billing_billedperiod
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_periods_added();

-- 4. Rows that are updated once per chunk leave room for it ----------------------------------------------
ALTER TABLE billing_numbersequence SET (fillfactor = 50);
ALTER TABLE billing_chainhead SET (fillfactor = 50);

-- 5. What the system counts on --------------------------------------------------------------------------
INSERT INTO billing_account (code, name) VALUES
    ('receivable', 'Trade receivables'), ('revenue', 'Revenue'), ('vat', 'VAT output'), ('bank', 'Bank');
INSERT INTO billing_chainhead (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
INSERT INTO billing_billingsettings (id, due_days, invoice_prefix, credit_note_prefix, prices_include_vat,
    financial_year_end_month, month_end_day, issue_automatically) VALUES (1, 7, 'INV', 'CN', true, 2, 25, false);
INSERT INTO billing_vatrate (percent, valid_from) VALUES (14.00, '1993-04-07'), (15.00, '2018-04-01');
