-- What paying online promises, kept by PostgreSQL whatever program writes to it.

INSERT INTO billing_gatewayaccount (name, enabled, sandbox, merchant_id, merchant_key, passphrase)
    VALUES ('payfast', false, true, '', '', '');

-- 1. Without its secrets an account is not on: anybody could say that somebody paid ---------------------------
ALTER TABLE billing_gatewayaccount ADD CONSTRAINT billing_gatewayaccount_secrets
    CHECK (NOT enabled OR (octet_length(merchant_key) > 0 AND octet_length(passphrase) > 0));

-- 2. What was told is not edited, and nothing of it goes away --------------------------------------------------
CREATE TRIGGER billing_gatewaydelivery_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_gatewaydelivery
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
CREATE TRIGGER billing_checkout_append_only BEFORE DELETE OR TRUNCATE ON billing_checkout
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- 3. A checkout stays what it is about; what waits ends, money pays it whatever it was, and then it is final ----
CREATE FUNCTION billing_checkout_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.token, NEW.gateway, NEW.sandbox, NEW.payer_id, NEW.amount, NEW.created_at)
       = (OLD.id, OLD.token, OLD.gateway, OLD.sandbox, OLD.payer_id, OLD.amount, OLD.created_at)
       AND NEW.document_id IS NOT DISTINCT FROM OLD.document_id
       AND (OLD.state = 'open' OR (OLD.state <> 'paid' AND NEW.state = 'paid')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'checkout % cannot be edited', OLD.id USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_checkout_changed BEFORE UPDATE ON billing_checkout
    FOR EACH ROW EXECUTE FUNCTION billing_checkout_changed();
