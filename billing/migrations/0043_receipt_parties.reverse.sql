DROP TRIGGER billing_payment_names_new_payer ON billing_payment;
DROP TRIGGER billing_payment_names_payer ON billing_payment;
DROP FUNCTION billing_payment_names_payer();
ALTER TABLE billing_payment DROP CONSTRAINT billing_payment_party_of_payer;
DROP INDEX billing_party_customer;
CREATE OR REPLACE FUNCTION billing_payment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.year, NEW.number, NEW.receipt, NEW.method, NEW.received_on, NEW.amount, NEW.source_key,
            NEW.recorded_at, NEW.into_account)
       = (OLD.id, OLD.year, OLD.number, OLD.receipt, OLD.method, OLD.received_on, OLD.amount, OLD.source_key,
            OLD.recorded_at, OLD.into_account)
       AND NEW.issuer_id IS NOT DISTINCT FROM OLD.issuer_id
       AND (NEW.reference = OLD.reference OR NEW.reference = '(erased)')
       AND (NEW.note = OLD.note OR NEW.note = '(erased)')
       AND (OLD.taken_back_on IS NULL OR (NEW.payer_id, NEW.taken_back_on)
            IS NOT DISTINCT FROM (OLD.payer_id, OLD.taken_back_on)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'payment % cannot be edited', OLD.receipt USING ERRCODE = 'integrity_constraint_violation';
END $$;

