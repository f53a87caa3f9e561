"""Masters and resellers are one level deep, and PostgreSQL says so whoever writes."""

from django.db import migrations, models

# FOR SHARE makes a link and an unmarking of the same master wait for each other, so one of them is refused.
GUARD = """
CREATE FUNCTION customers_check_relations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.master_id IS NOT NULL THEN
        PERFORM FROM customers_customer WHERE id = NEW.master_id AND is_master FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer % is not a master account', NEW.master_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_customer_master_is_one';
        END IF;
    END IF;
    IF NEW.reseller_id IS NOT NULL THEN
        PERFORM FROM customers_customer WHERE id = NEW.reseller_id AND is_reseller FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'customer % is not a reseller', NEW.reseller_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_customer_reseller_is_one';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION customers_check_unmarking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_master AND NOT NEW.is_master
        AND EXISTS (SELECT FROM customers_customer WHERE master_id = NEW.id) THEN
        RAISE EXCEPTION 'customer % has sub-accounts', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_customer_master_of_none';
    END IF;
    IF OLD.is_reseller AND NOT NEW.is_reseller
        AND EXISTS (SELECT FROM customers_customer WHERE reseller_id = NEW.id) THEN
        RAISE EXCEPTION 'customer % has customers as a reseller', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_customer_reseller_of_none';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customers_check_relations BEFORE INSERT OR UPDATE OF master_id, reseller_id ON customers_customer
    FOR EACH ROW WHEN (NEW.master_id IS NOT NULL OR NEW.reseller_id IS NOT NULL)
    EXECUTE FUNCTION customers_check_relations();
CREATE TRIGGER customers_check_unmarking BEFORE UPDATE OF is_master, is_reseller ON customers_customer
    FOR EACH ROW WHEN (OLD.is_master <> NEW.is_master OR OLD.is_reseller <> NEW.is_reseller)
    EXECUTE FUNCTION customers_check_unmarking();
"""
UNGUARD = """
DROP TRIGGER customers_check_unmarking ON customers_customer;
DROP TRIGGER customers_check_relations ON customers_customer;
DROP FUNCTION customers_check_unmarking();
DROP FUNCTION customers_check_relations();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_notes")]

    operations = [
        migrations.AlterField(
            model_name="customer",
            name="bill_all_to_master",
            field=models.BooleanField(
                default=False, help_text="Who pays is answered by relations.paying alone"
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_master", False), ("master__isnull", True), _connector="OR"),
                name="customers_customer_one_level",
                violation_error_message="A master account cannot itself be a sub-account.",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_reseller", False), ("reseller__isnull", True), _connector="OR"),
                name="customers_customer_one_reseller_level",
                violation_error_message="A reseller cannot belong to another reseller.",
            ),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
