-- What debit orders promise, kept by PostgreSQL whatever program writes to them.

INSERT INTO billing_debitsettings (id, format, service_key, vendor_key, service, forward, smallest, collect_part, fee)
    VALUES (1, 'netcash', '', '', 'two_day', true, 1.00, true, 0.00);

-- 1. A mandate stays with its customer and is never deleted: collections rest on it ---------------------
CREATE FUNCTION billing_mandate_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.customer_id, NEW.created_at) = (OLD.id, OLD.customer_id, OLD.created_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'mandate % cannot be moved or deleted', OLD.reference
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_mandate_changed BEFORE UPDATE OR DELETE ON billing_mandate
    FOR EACH ROW EXECUTE FUNCTION billing_mandate_changed();

-- 2. A batch goes from preview to approved to sent to completed, or is cancelled; once approved it is locked, and its
--    file is made once: it may be encrypted anew or forgotten, its digest stays.
CREATE FUNCTION billing_debitbatch_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'debit batch % is no preview any more', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.state, NEW.state) NOT IN (
        ('draft', 'draft'), ('draft', 'approved'), ('approved', 'approved'), ('approved', 'sent'),
        ('approved', 'cancelled'), ('sent', 'sent'), ('sent', 'done'), ('sent', 'cancelled'), ('done', 'done'),
        ('done', 'sent'), ('cancelled', 'cancelled')) THEN
        RAISE EXCEPTION 'debit batch % goes not from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> 'draft' AND (NEW.action_on, NEW.asked_on, NEW.service, NEW.format, NEW.considered, NEW.due,
            NEW.created_at, NEW.approved_at) IS DISTINCT FROM
           (OLD.action_on, OLD.asked_on, OLD.service, OLD.format, OLD.considered, OLD.due,
            OLD.created_at, OLD.approved_at)
       OR NEW.digest <> OLD.digest AND NOT (OLD.state = 'approved' AND NEW.state = 'sent') THEN
        RAISE EXCEPTION 'debit batch % is locked', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state IN ('done', 'cancelled') AND OLD.state = 'sent' AND EXISTS (
        SELECT FROM billing_debitrow WHERE batch_id = OLD.id AND (
            NEW.state = 'done' AND state IN ('draft', 'sent')
            OR NEW.state = 'cancelled' AND state IN ('accepted', 'rejected', 'returned'))) THEN
        RAISE EXCEPTION 'debit batch % is not %', OLD.id, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_debitbatch_changed BEFORE UPDATE OR DELETE ON billing_debitbatch
    FOR EACH ROW EXECUTE FUNCTION billing_debitbatch_changed();

-- 3. A row is added to a preview alone, is sent with its batch, and then waits for one result; its money is recorded
--    as the payment that names it.
CREATE FUNCTION billing_debitrow_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- Not locked: the acts hold the batch, and a foreign key keeps it from going away.
    stands text := (SELECT state FROM billing_debitbatch WHERE id = coalesce(NEW.batch_id, OLD.batch_id));
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF stands = 'draft' OR stands IS NULL THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'debit row % was approved; it is not deleted', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF stands = 'draft' AND NEW.state = 'draft' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'debit rows are added to previews alone' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.id, NEW.batch_id, NEW.payer_id, NEW.mandate_id, NEW.due, NEW.amount)
       <> (OLD.id, OLD.batch_id, OLD.payer_id, OLD.mandate_id, OLD.due, OLD.amount) THEN
        RAISE EXCEPTION 'debit row % cannot be edited', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = OLD.state THEN
        IF NEW.payment_id IS DISTINCT FROM OLD.payment_id THEN
            RAISE EXCEPTION 'debit row % cannot be edited', OLD.id USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT ((OLD.state, NEW.state) = ('draft', 'sent') AND stands = 'sent'
            OR (OLD.state, NEW.state) = ('draft', 'cancelled')
            OR (OLD.state, NEW.state) = ('cancelled', 'draft') AND stands IN ('draft', 'approved')
            OR (OLD.state, NEW.state) = ('sent', 'cancelled') AND stands = 'cancelled'
            OR (OLD.state, NEW.state) IN (('sent', 'accepted'), ('sent', 'rejected'), ('accepted', 'returned'))
               AND stands IN ('sent', 'done')
            OR (OLD.state, NEW.state) = ('rejected', 'sent') AND stands = 'sent') THEN
        RAISE EXCEPTION 'debit row % goes not from % to % in a batch that is %', OLD.id, OLD.state, NEW.state, stands
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'accepted' AND NOT EXISTS (
        SELECT FROM billing_payment p
        WHERE p.id = NEW.payment_id AND p.amount = NEW.amount AND p.source_key = 'debit:' || NEW.id) THEN
        RAISE EXCEPTION 'debit row % is paid by another payment', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'returned' AND (NEW.payment_id IS DISTINCT FROM OLD.payment_id OR NOT EXISTS (
        SELECT FROM billing_payment p WHERE p.id = NEW.payment_id AND p.taken_back_on IS NOT NULL)) THEN
        RAISE EXCEPTION 'debit row % was returned, so its payment is taken back', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_debitrow_changed BEFORE INSERT OR UPDATE OR DELETE ON billing_debitrow
    FOR EACH ROW EXECUTE FUNCTION billing_debitrow_changed();
