CREATE TRIGGER billing_anchor_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_anchor
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

CREATE FUNCTION billing_check_anchor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing_seal WHERE seq = NEW.seq AND hash = NEW.hash) THEN
        RAISE EXCEPTION 'seal % has not this hash', NEW.seq USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_anchor_of_seal AFTER INSERT ON billing_anchor
    FOR EACH ROW EXECUTE FUNCTION billing_check_anchor();
