-- A receipt names for ever who paid as they were when they were credited; it changes with the payer alone. What was
-- received before this was kept names nobody, so the old rows are not looked at.
CREATE OR REPLACE FUNCTION billing_payment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.year, NEW.number, NEW.receipt, NEW.method, NEW.received_on, NEW.amount, NEW.source_key,
            NEW.recorded_at, NEW.into_account)
       = (OLD.id, OLD.year, OLD.number, OLD.receipt, OLD.method, OLD.received_on, OLD.amount, OLD.source_key,
            OLD.recorded_at, OLD.into_account)
       AND NEW.issuer_id IS NOT DISTINCT FROM OLD.issuer_id
       AND (NEW.party_id IS NOT DISTINCT FROM OLD.party_id OR NEW.payer_id IS DISTINCT FROM OLD.payer_id)
       AND (NEW.reference = OLD.reference OR NEW.reference = '(erased)')
       AND (NEW.note = OLD.note OR NEW.note = '(erased)')
       AND (OLD.taken_back_on IS NULL OR (NEW.payer_id, NEW.taken_back_on)
            IS NOT DISTINCT FROM (OLD.payer_id, OLD.taken_back_on)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'payment % cannot be edited', OLD.receipt USING ERRCODE = 'integrity_constraint_violation';
END $$;


-- The party is one of the payer.
CREATE UNIQUE INDEX billing_party_customer ON billing_party (id, customer_id);
ALTER TABLE billing_payment ADD CONSTRAINT billing_payment_party_of_payer
    FOREIGN KEY (party_id, payer_id) REFERENCES billing_party (id, customer_id) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION billing_payment_names_payer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment % does not say who paid', NEW.receipt
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_payment_names_payer BEFORE INSERT ON billing_payment
    FOR EACH ROW WHEN (NEW.payer_id IS NOT NULL AND NEW.party_id IS NULL)
    EXECUTE FUNCTION billing_payment_names_payer();
CREATE TRIGGER billing_payment_names_new_payer BEFORE UPDATE OF payer_id ON billing_payment
    FOR EACH ROW WHEN (NEW.payer_id IS NOT NULL AND NEW.payer_id IS DISTINCT FROM OLD.payer_id
        AND NEW.party_id IS NULL)
    EXECUTE FUNCTION billing_payment_names_payer();
