"""What decisions were made from, kept once for all that are alike; the traces that are there move into it."""

import django.db.models.deletion
from django.db import migrations, models


MOVE = """
INSERT INTO radius_decisionfacts (digest, policy, login, trace, answer, day)
SELECT md5(trace::text)::uuid, '', '{}', trace, '[]', max(at)::date FROM radius_authattempt GROUP BY trace;
UPDATE radius_authattempt SET facts_id = md5(trace::text)::uuid;
"""
MOVE_BACK = """
UPDATE radius_authattempt a SET trace = f.trace FROM radius_decisionfacts f WHERE f.digest = a.facts_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("radius", "0008_partitions"),
    ]

    operations = [
        migrations.AddField(
            model_name="authattempt",
            name="called_station_id",
            field=models.CharField(blank=True, max_length=253),
        ),
        migrations.AddField(
            model_name="authattempt",
            name="method",
            field=models.CharField(
                blank=True, help_text="How the password came: PAP, CHAP, ...", max_length=12
            ),
        ),
        migrations.AddField(
            model_name="authattempt",
            name="nas_port",
            field=models.CharField(blank=True, max_length=253, verbose_name="NAS port"),
        ),
        migrations.AddField(
            model_name="authattempt",
            name="session_timeout",
            field=models.PositiveIntegerField(help_text="Seconds an accept was given for", null=True),
        ),
        migrations.AlterField(
            model_name="authattempt",
            name="at",
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name="authattempt",
            name="code",
            field=models.CharField(blank=True, help_text="Reject code: the first closed gate", max_length=40),
        ),
        migrations.CreateModel(
            name="DecisionFacts",
            fields=[
                ("digest", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "policy",
                    models.CharField(
                        blank=True, help_text="Version of the policy that decided", max_length=12
                    ),
                ),
                ("facts", models.JSONField(help_text="The line; none: nobody has that username", null=True)),
                ("login", models.JSONField(default=dict, help_text="What the request added to the facts")),
                ("trace", models.JSONField(default=list, help_text="Every gate: name, open, code, detail")),
                (
                    "answer",
                    models.JSONField(default=list, help_text="What the NAS was told, by name, without keys"),
                ),
                ("day", models.DateField(db_index=True, help_text="The last day it was seen (UTC)")),
                (
                    "data_account",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="radius.dataaccount",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "decision facts",
            },
        ),
        migrations.AddField(
            model_name="authattempt",
            name="facts",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="attempts",
                to="radius.decisionfacts",
            ),
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        migrations.RemoveField(
            model_name="authattempt",
            name="trace",
        ),
        migrations.AddIndex(
            model_name="authattempt",
            index=models.Index(fields=["at"], include=("accepted", "code"), name="radius_authattempt_at"),
        ),
        migrations.AddIndex(
            model_name="authattempt",
            index=models.Index(fields=["code", "id"], name="radius_authattempt_code"),
        ),
        migrations.AddIndex(
            model_name="authattempt",
            index=models.Index(
                condition=models.Q(("accepted", True)), fields=["id"], name="radius_authattempt_accepted"
            ),
        ),
    ]
