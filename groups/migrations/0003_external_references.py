from django.db import migrations

MOVE = """INSERT INTO core_externalreference (system, kind, object_id, external_id)
    SELECT 'sageone', 'group', id, accounting_id FROM groups_customergroup WHERE accounting_id <> ''"""
BACK = """UPDATE groups_customergroup g SET accounting_id = r.external_id FROM core_externalreference r
    WHERE r.system = 'sageone' AND r.kind = 'group' AND r.object_id = g.id"""


class Migration(migrations.Migration):
    """The id in the accounting system goes to the table that has one per system."""

    dependencies = [("groups", "0002_accounting"), ("core", "0007_external_references")]

    operations = [
        migrations.RunSQL(MOVE, BACK),
        migrations.RemoveConstraint(model_name="customergroup", name="groups_customergroup_accounting_id"),
        migrations.RemoveField(model_name="customergroup", name="accounting_id"),
    ]
