"""The checks, in the order in which one failure explains the next."""

import shutil
import smtplib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max
from twilio.base.exceptions import TwilioException

from billing.gateways import accounts
from billing.gateways.interface import Post, Unavailable
from billing.models import Anchor, BillingSettings, Posting
from ispbilling.celery import app
from ispbilling.core.clock import now
from ispbilling.core.secrets import SecretError
from ispbilling.doctor.findings import Finding
from ispbilling.doctor.radius import decisions, radius
from ispbilling.sweeping import HEARTBEAT
from notifications.channels.sms import Sms
from radius.models import DataAccount, Nas
from radius.server.spool import records, waiting


def examine() -> Iterator[Finding]:
    """Every finding; a check that breaks is itself a finding, so one fault never hides the others."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001 - the doctor reports, whatever happens
            yield Finding(
                check.__name__, False, f"{type(error).__name__}: {error}", "See the log; then ask again."
            )


def database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'), current_setting('fsync'), clock_timestamp()"
            )
            version, fsync, clock = cursor.fetchone()
    except DatabaseError as error:
        yield Finding("database", False, str(error).strip(), "Check DATABASE_URL and that PostgreSQL runs.")
        return
    waiting = MigrationExecutor(connection).migration_plan(
        MigrationExecutor(connection).loader.graph.leaf_nodes()
    )
    if waiting:
        yield Finding("database", False, f"{len(waiting)} migrations are not applied.", "./run migrate")
    else:
        yield Finding("database", True, f"PostgreSQL {version} answers; all migrations are applied.")
    if fsync != "on":
        remedy = "Set fsync = on: an acknowledged packet must survive a power cut."
        yield Finding("database", False, "fsync is off.", remedy)
    skew = abs((clock - datetime.now(UTC)).total_seconds())
    if skew > 2:
        yield Finding(
            "time", False, f"The database's clock differs by {skew:.0f} s.", "Run an NTP client on both."
        )
    else:
        yield Finding(
            "time",
            True,
            f"{now():%Y-%m-%d %H:%M} UTC here and there; business days are {settings.TIME_ZONE}.",
        )


def secrets() -> Iterator[Finding]:
    try:
        nases, lines = (model.objects.only("secret")[:100] for model in (Nas, DataAccount))
        count = len([row.secret for row in (*nases, *lines)])
    except SecretError as error:
        yield Finding(
            "secrets", False, str(error), "Put the key this database was used with into SECRETS_KEYS."
        )
        return
    yield Finding("secrets", True, f"{count} stored secrets were read with SECRETS_KEYS.")


def broker() -> Iterator[Finding]:
    cache.set("doctor", "here", 10)
    if cache.get("doctor") == "here":
        yield Finding("broker", True, "Redis (Valkey) answers.")
    else:
        yield Finding(
            "broker", False, "What was stored is not there.", "Check REDIS_URL and its memory limit."
        )


def worker() -> Iterator[Finding]:
    answers = app.control.inspect(timeout=3).ping() or {}
    if answers:
        yield Finding("worker", True, f"{len(answers)} Celery worker answers.")
    else:
        yield Finding(
            "worker",
            False,
            "No Celery worker answers.",
            "./run starts one; in production see the worker service.",
        )
    beat = cache.get(HEARTBEAT)
    if beat is None or now() - beat > timedelta(minutes=2):
        since = "never" if beat is None else f"last at {beat:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding(
            "beat", False, f"No sweep was run by beat lately ({since}).", "Start Celery beat, and a worker."
        )
    else:
        yield Finding("beat", True, f"The last sweep ran {(now() - beat).total_seconds():.0f} s ago.")


def mail() -> Iterator[Finding]:
    backend = settings.EMAIL_BACKEND
    if not backend.endswith("smtp.EmailBackend"):
        yield Finding(
            "mail",
            None,
            f"Mails are not sent ({backend.split('.')[-2]} backend).",
            "Set EMAIL_URL=smtp://...",
        )
        return
    try:
        mailer = get_connection(timeout=10)
        mailer.open()
        mailer.close()
    except (OSError, smtplib.SMTPException) as error:
        yield Finding("mail", False, f"{settings.EMAIL_HOST} refused: {error}", "Check EMAIL_URL.")
        return
    yield Finding("mail", True, f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} lets us in.")


def sms() -> Iterator[Finding]:
    client = Sms().client
    if client is None:
        yield Finding(
            "sms",
            None,
            "No SMS account is set.",
            "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM.",
        )
        return
    try:
        account = client.api.accounts(settings.TWILIO_ACCOUNT_SID).fetch()
    except (TwilioException, OSError) as error:
        yield Finding(
            "sms", False, f"Twilio refused: {error}", "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN."
        )
        return
    yield Finding("sms", True, f"Twilio account {account.friendly_name} is {account.status}.")


def paying_online() -> Iterator[Finding]:
    """Whether the gateway that is on can be asked, and can reach us."""
    gateway = accounts.offered()
    if gateway is None:
        remedy = "Billing, Online Payments, Settings."
        yield Finding("paying", None, "Paying online is switched off.", remedy)
        return
    try:
        gateway.confirm(Post(b"", ""))  # which it never sent
    except Unavailable as error:
        yield Finding("paying", False, str(error), f"Let this machine reach {gateway.origin}.")
        return
    if not settings.HTTPS and not settings.PAYFAST_BASE:
        remedy = "Set BASE_URL to the https:// address people reach."
        yield Finding("paying", False, f"{gateway.label} cannot tell {settings.BASE_URL}.", remedy)
        return
    where = " in its sandbox: no real money moves" if gateway.sandbox else ""
    yield Finding("paying", True, f"{gateway.label} answers{where}.")


def disk() -> Iterator[Finding]:
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 10**9
    if free < 2:
        yield Finding(
            "disk",
            False,
            f"Only {free:.1f} GB are free at {folder}.",
            "Make room: PostgreSQL stops when it is full.",
        )
    else:
        yield Finding("disk", True, f"{free:.0f} GB are free.")


def spool() -> Iterator[Finding]:
    """Accounting that waits on this machine's disk for PostgreSQL."""
    folder = Path(settings.RADIUS_SPOOL_DIR)
    found = waiting(folder)
    if not found.octets:
        yield Finding("spool", True, "No accounting packet waits on disk.")
        return
    since = datetime.fromtimestamp(found.since, UTC)
    yield Finding(
        "spool",
        False,
        f"{records(folder):,} accounting packets ({found.octets / 10**6:.1f} MB) wait on disk since"
        f" {since:%Y-%m-%d %H:%M} UTC.",
        "They are recorded by themselves when PostgreSQL takes them; see the log of radiusd if they stay.",
    )


def _upgraded() -> datetime:
    """When the newest migration was applied: in a new installation, when it was made."""
    applied = MigrationRecorder(connection).migration_qs.aggregate(last=Max("applied"))["last"]
    return applied or now()


def books() -> Iterator[Finding]:
    """Whether the ledger's end is written down every day, and somewhere its owner cannot rewrite."""
    if not Posting.objects.exists():
        yield Finding("books", True, "Nothing was posted yet.")
        return
    last = Anchor.objects.first()
    if last is None and now() - _upgraded() < timedelta(hours=2):
        yield Finding("books", True, "The ledger's first anchor is written within half an hour.")
        return
    if last is None or now() - last.at > timedelta(days=2):
        since = f"since {last.day}" if last else "at all"
        yield Finding(
            "books", False, f"No anchor of the ledger was written {since}.", "./run sweep anchor_ledger"
        )
        return
    elsewhere = [
        *BillingSettings.get().anchor_addresses,
        *([settings.LEDGER_ANCHOR_DIR] if settings.LEDGER_ANCHOR_DIR else []),
    ]
    if elsewhere:
        yield Finding("books", True, f"The anchor of {last.day} went to {', '.join(elsewhere)}.")
        return
    yield Finding(
        "books",
        None,
        "The ledger's anchors are kept nowhere but in the database.",
        "Set LEDGER_ANCHOR_DIR, or add addresses to the billing settings: they prove that nothing was cut off.",
    )


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    database,
    secrets,
    broker,
    worker,
    radius,
    decisions,
    mail,
    sms,
    paying_online,
    disk,
    spool,
    books,
)
