DROP TRIGGER billing_issuer_append_only ON billing_issuer;
ALTER TABLE billing_document DROP CONSTRAINT billing_document_issued_by;
CREATE OR REPLACE FUNCTION billing_party_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
       AND NEW.name = '(erased)' AND NEW.address = '' AND NEW.vat_number = ''
       AND (NEW.id, NEW.customer_id, NEW.digest) = (OLD.id, OLD.customer_id, OLD.digest) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'billing_party can only be erased' USING ERRCODE = 'integrity_constraint_violation';
END $$;
