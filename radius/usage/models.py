"""Sessions and usage. Written by `radius.usage.recording` and `closing` alone, archived by `partitions`."""

from datetime import date

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse

from radius.accounts.models import DataAccount
from radius.nas.models import Nas

#: The month of every session that runs or ended only days ago: the hot partition.
LIVE = date(9999, 12, 1)


class SessionQuerySet(models.QuerySet["Session"]):
    def open(self) -> "SessionQuerySet":
        """Sessions that run now; PostgreSQL reads the hot partition alone."""
        return self.filter(month=LIVE, stopped_at__isnull=True)


class BareMac(models.Func):
    """A MAC address without what stands between its digits, in small letters, as `gates.bare_mac` makes it."""

    template = "translate(lower(%(expressions)s), ':-. ', '')"
    output_field = models.CharField()


class Session(models.Model):
    """One accounting session as its NAS last reported it; octets are what it moved since it started.

    `key` is the digest of NAS, Acct-Session-Id, User-Name and port; `incarnation` tells sessions apart that
    reuse an id after a close or a reboot. No database constraint on the two links: accounting of a device or
    line that is gone must still be kept.

    The table is partitioned: `month` is LIVE until `partitions` moves the session into the month of its end, and
    the two constraints below hold within a partition. Nothing but `partitions` and `recording` need know.
    """

    month = models.DateField(default=LIVE, db_default=LIVE, editable=False)
    key = models.UUIDField()
    incarnation = models.PositiveIntegerField(default=1)
    nas = models.ForeignKey(
        Nas, models.DO_NOTHING, db_constraint=False, null=True, related_name="sessions", db_index=False
    )
    data_account = models.ForeignKey(
        DataAccount,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="sessions",
        db_index=False,
    )
    username = models.CharField(max_length=253)
    acct_session_id = models.CharField(max_length=253)
    nas_port = models.CharField(max_length=253, blank=True)
    calling_station_id = models.CharField(max_length=253, blank=True)
    called_station_id = models.CharField(max_length=253, blank=True)
    framed_ip = models.GenericIPAddressField(null=True)
    framed_ipv6_prefix = models.GenericIPAddressField(null=True)
    delegated_ipv6_prefix = models.GenericIPAddressField(null=True)
    applied = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Fingerprint of the reply the session was given",
    )
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    seconds = models.BigIntegerField(default=0)
    upload_octets = models.BigIntegerField(default=0, help_text="Acct-Input-Octets: from the subscriber")
    download_octets = models.BigIntegerField(default=0, help_text="Acct-Output-Octets: to the subscriber")
    # What was counted before the NAS's own counters started over within the session, and when that was.
    upload_carried = models.BigIntegerField(default=0, db_default=0)
    download_carried = models.BigIntegerField(default=0, db_default=0)
    carried_at = models.DateTimeField(null=True)
    terminate_cause = models.CharField(max_length=40, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["key", "incarnation"], name="radius_session_key_incarnation"),
            models.CheckConstraint(
                condition=Q(month=LIVE) | Q(stopped_at__isnull=False), name="radius_session_archived_is_over"
            ),
        ]
        indexes = [
            models.Index(fields=["data_account", "-started_at"], name="radius_session_account"),
            # Read by the active-sessions page, reconcile and stale_sessions.
            models.Index(fields=["nas"], condition=Q(stopped_at__isnull=True), name="radius_session_open"),
            # Read by the look-up of who had an address. Archived months have these, the hot partition has not.
            models.Index(fields=["framed_ip", "started_at"], name="radius_session_ip"),
            models.Index(
                fields=["framed_ipv6_prefix"],
                condition=Q(framed_ipv6_prefix__isnull=False),
                name="radius_session_prefix",
            ),
            models.Index(
                fields=["delegated_ipv6_prefix"],
                condition=Q(delegated_ipv6_prefix__isnull=False),
                name="radius_session_delegated",
            ),
            models.Index(BareMac("calling_station_id"), "started_at", name="radius_session_mac"),
        ]

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("radius:session_detail", args=[self.pk])


class UsageDay(models.Model):
    """Octets and online time of a data account on one local day: what every page, threshold and charge reads.

    Partitioned by month of `day`. Kept when raw sessions are forgotten: it is the evidence of what was billed.
    """

    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, related_name="usage_days", db_index=False
    )
    day = models.DateField()
    upload_octets = models.BigIntegerField(default=0)
    download_octets = models.BigIntegerField(default=0)
    seconds = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["data_account", "day"], name="radius_usageday_account_day")
        ]
        # Written in the order of the days, and lists of a month want all lines of some days.
        indexes = [BrinIndex("day", name="radius_usageday_day", autosummarize=True, pages_per_range=32)]

    def __str__(self) -> str:
        return f"{self.day} {self.data_account_id}"


class SessionMark(models.Model):
    """What a session had moved by the end of a local day, written when it goes on into the next one.

    Between its marks, and from the last of them to its totals, lies what each day got of it: `shares` reads so
    the sessions behind a `UsageDay`, to the octet. `counted` is off for what it moved before its line was known.
    Partitioned by month of `day`; dropped a month after the sessions.
    """

    pk = models.CompositePrimaryKey("session", "day")
    session = models.ForeignKey(
        Session, models.DO_NOTHING, db_constraint=False, related_name="marks", db_index=False
    )
    day = models.DateField()
    upload_octets = models.BigIntegerField()
    download_octets = models.BigIntegerField()
    seconds = models.BigIntegerField()
    counted = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(upload_octets__gte=0, download_octets__gte=0, seconds__gte=0),
                name="radius_sessionmark_octets",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.session_id}"
