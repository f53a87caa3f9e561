"""Hours and limits of a service, more pools, more locks, and two IPv6 prefixes that nobody else has."""

import django.contrib.postgres.constraints
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.functions.comparison
from django.db import migrations, models


# Until now the length said which of the two it was.
APART = """
UPDATE radius_dataaccount SET delegated_ipv6_prefix = framed_ipv6_prefix, framed_ipv6_prefix = ''
WHERE framed_ipv6_prefix <> '' AND framed_ipv6_prefix NOT LIKE '%/64'
"""
TOGETHER = """
UPDATE radius_dataaccount SET framed_ipv6_prefix = delegated_ipv6_prefix WHERE framed_ipv6_prefix = ''
"""


# From here on the database refuses two lines with one prefix. Which of them keeps it is for people to say.
SHARED = """
DO $$
DECLARE
    line record;
    found text := '';
BEGIN
    FOR line IN SELECT username, framed_ipv6_prefix AS prefix FROM radius_dataaccount WHERE framed_ipv6_prefix <> '' LOOP
        BEGIN
            PERFORM line.prefix::inet;
        EXCEPTION WHEN data_exception THEN
            found := found || format(' %s: %s is no prefix.', line.username, line.prefix);
        END;
    END LOOP;
    IF found = '' THEN
        SELECT string_agg(format(' %s and %s: %s, %s.', a.username, b.username, a.prefix, b.prefix), '') INTO found
        FROM (SELECT id, username, framed_ipv6_prefix::inet AS prefix FROM radius_dataaccount
              WHERE framed_ipv6_prefix <> '') a
        JOIN (SELECT id, username, framed_ipv6_prefix::inet AS prefix FROM radius_dataaccount
              WHERE framed_ipv6_prefix <> '') b ON a.id < b.id AND a.prefix && b.prefix;
    END IF;
    IF found <> '' THEN
        RAISE EXCEPTION 'Static IPv6 prefixes of data accounts must be prefixes, one for each. Change these with the'
            ' former version, then migrate again.%', found;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0016_accounting"),
        ("radius", "0011_coa_requests"),
    ]

    operations = [
        migrations.RunSQL(SHARED, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="dataaccount",
            name="delegated_ipv6_prefix",
            field=models.CharField(
                blank=True,
                help_text="For the router behind the link; empty: from the package's pool",
                max_length=49,
                verbose_name="static delegated IPv6 prefix",
            ),
        ),
        migrations.AddField(
            model_name="dataaccount",
            name="port_lock",
            field=models.CharField(
                blank=True,
                help_text="NAS-Port-Id, or NAS-Port, it must come from",
                max_length=64,
                verbose_name="port lock",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="delegated_ipv6_pool",
            field=models.CharField(
                blank=True,
                help_text="The pool on the NAS for the prefix that is delegated to the subscriber's router",
                max_length=60,
                verbose_name="IPv6 delegation pool",
            ),
        ),
        migrations.AddField(
            model_name="package",
            name="framed_ipv6_pool",
            field=models.CharField(
                blank=True,
                help_text="The pool on the NAS for the link's own prefix",
                max_length=60,
                verbose_name="IPv6 pool",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="band_days",
            field=models.CharField(
                blank=True,
                help_text="Weekdays on which it is closed for some hours, 1 (Monday) to 7 (Sunday)",
                max_length=7,
                validators=[
                    django.core.validators.RegexValidator("^[1-7]*$", "Digits 1 (Monday) to 7 (Sunday).")
                ],
                verbose_name="closed on",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="band_from",
            field=models.TimeField(blank=True, null=True, verbose_name="closed from"),
        ),
        migrations.AddField(
            model_name="service",
            name="band_to",
            field=models.TimeField(blank=True, null=True, verbose_name="closed until"),
        ),
        migrations.AddField(
            model_name="service",
            name="limit_type",
            field=models.CharField(
                choices=[("daily", "A day"), ("monthly", "A calendar month"), ("once", "Once: never again")],
                default="daily",
                max_length=7,
                verbose_name="limit is for",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="time_limit",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Seconds online; 0: no limit",
                validators=[django.core.validators.MaxValueValidator(2147483647)],
            ),
        ),
        migrations.AlterField(
            model_name="dataaccount",
            name="framed_ipv6_prefix",
            field=models.CharField(
                blank=True,
                help_text="Empty: from the package's pool",
                max_length=49,
                verbose_name="static IPv6 prefix of the link",
            ),
        ),
        migrations.RunSQL(APART, TOGETHER),
        migrations.AddConstraint(
            model_name="dataaccount",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.comparison.Cast(
                                django.db.models.functions.comparison.NullIf(
                                    "framed_ipv6_prefix", models.Value("")
                                ),
                                models.GenericIPAddressField(),
                            ),
                            name="inet_ops",
                        ),
                        "&&",
                    )
                ],
                name="radius_dataaccount_framed_ipv6_prefix",
                violation_error_message="Another data account has this prefix or a part of it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dataaccount",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.comparison.Cast(
                                django.db.models.functions.comparison.NullIf(
                                    "delegated_ipv6_prefix", models.Value("")
                                ),
                                models.GenericIPAddressField(),
                            ),
                            name="inet_ops",
                        ),
                        "&&",
                    )
                ],
                name="radius_dataaccount_delegated_ipv6_prefix",
                violation_error_message="Another data account has this prefix or a part of it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("band_days", ""), ("band_from__isnull", True), ("band_to__isnull", True)),
                    models.Q(
                        models.Q(("band_days", ""), _negated=True),
                        ("band_from__isnull", False),
                        ("band_to__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="radius_service_band",
                violation_error_message="Hours when it is closed need days, a beginning and an end.",
            ),
        ),
    ]
