INSERT INTO billing_accountingsettings (id) VALUES (1);

-- A posting is exported to the system of its export, and to no other.
ALTER TABLE billing_accountingexport ADD CONSTRAINT billing_accountingexport_system UNIQUE (id, system);
ALTER TABLE billing_exportedposting ADD CONSTRAINT billing_exportedposting_system FOREIGN KEY (export_id, system)
    REFERENCES billing_accountingexport (id, system) DEFERRABLE INITIALLY DEFERRED;

-- Which posting went with an export is settled while that is made; it is free again once that is taken back.
CREATE FUNCTION billing_exported_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added a JOIN billing_accountingexport e ON e.id = a.export_id WHERE e.state <> 'waiting') THEN
        RAISE EXCEPTION 'the export is made' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_exportedposting_added AFTER INSERT ON billing_exportedposting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_exported_added();

CREATE FUNCTION billing_exported_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM removed r JOIN billing_accountingexport e ON e.id = r.export_id WHERE e.state = 'ready') THEN
        RAISE EXCEPTION 'the export stands' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billing_exportedposting_removed AFTER DELETE ON billing_exportedposting
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION billing_exported_removed();
CREATE TRIGGER billing_exportedposting_kept BEFORE UPDATE OR TRUNCATE ON billing_exportedposting
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();

-- An export that was made says for ever what it said; it can be taken back, once.
CREATE FUNCTION billing_export_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may text[] := ARRAY['state', 'undone_at', 'undone_by_id'];
BEGIN
    IF OLD.state = 'waiting' OR (OLD.state = 'ready' AND NEW.state = 'undone' AND NEW.undone_at IS NOT NULL
                                 AND to_jsonb(OLD) - may = to_jsonb(NEW) - may) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an export that was made is not edited' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_accountingexport_changed BEFORE UPDATE ON billing_accountingexport
    FOR EACH ROW EXECUTE FUNCTION billing_export_changed();
CREATE TRIGGER billing_accountingexport_kept BEFORE DELETE OR TRUNCATE ON billing_accountingexport
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_change();
