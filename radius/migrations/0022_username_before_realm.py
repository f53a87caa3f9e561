"""Find usernames that are alike before their realm: with the realm, all 100,000 of a provider are alike."""

from django.db import migrations

INDEX = """
CREATE INDEX radius_dataaccount_before_realm ON radius_dataaccount
USING gin (split_part(upper(username), '@', 1) gin_trgm_ops)
"""


class Migration(migrations.Migration):
    dependencies = [("radius", "0021_history_of_rows_that_come_and_go")]

    operations = [migrations.RunSQL(INDEX, "DROP INDEX radius_dataaccount_before_realm")]
