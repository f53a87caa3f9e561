-- Who issued paper is written once. What was issued before this was kept has none, so the old rows are not looked at.
CREATE TRIGGER billing_issuer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_issuer
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
ALTER TABLE billing_document ADD CONSTRAINT billing_document_issued_by CHECK (issuer_id IS NOT NULL) NOT VALID;

-- The account code of a party stays when the person is erased, as the code itself does.
CREATE OR REPLACE FUNCTION billing_party_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
       AND NEW.name = '(erased)' AND NEW.address = '' AND NEW.vat_number = ''
       AND (NEW.id, NEW.customer_id, NEW.code, NEW.digest) = (OLD.id, OLD.customer_id, OLD.code, OLD.digest) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'billing_party can only be erased' USING ERRCODE = 'integrity_constraint_violation';
END $$;
