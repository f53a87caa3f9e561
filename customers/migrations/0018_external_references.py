from django.db import migrations

MOVE = """INSERT INTO core_externalreference (system, kind, object_id, external_id)
    SELECT 'sageone', 'customer', id, accounting_id FROM customers_customer WHERE accounting_id <> ''"""
BACK = """UPDATE customers_customer c SET accounting_id = r.external_id FROM core_externalreference r
    WHERE r.system = 'sageone' AND r.kind = 'customer' AND r.object_id = c.id"""


class Migration(migrations.Migration):
    """The id in the accounting system goes to the table that has one per system."""

    dependencies = [("customers", "0017_standard_discount"), ("groups", "0003_external_references")]

    operations = [
        migrations.RunSQL(MOVE, BACK),
        migrations.RemoveConstraint(model_name="customer", name="customers_customer_accounting_id"),
        migrations.RemoveField(model_name="customer", name="accounting_id"),
    ]
