"""Account codes of the package, exports of journals to it, and which posting went with which."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from billing.ledger.models import Account, Posting
from ispbilling.core.models import AccountingSystem, User


class Grouping(models.TextChoices):
    SUMMARY = "summary", "One journal per day"
    DETAIL = "detail", "One journal per posting"


class AccountingSettings(models.Model):
    """How journals are exported. One row; which package is chosen is `Provider.accounting_system`."""

    first_day = models.DateField(
        "minimum transaction date",
        null=True,
        blank=True,
        help_text="Nothing dated earlier is exported: the package has it already. Empty: everything is",
    )
    grouping = models.CharField(
        "journals", max_length=8, choices=Grouping, default=Grouping.SUMMARY, db_default=Grouping.SUMMARY
    )

    class Meta:
        verbose_name_plural = "accounting settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="billing_accountingsettings_one_row"),
            models.CheckConstraint(
                condition=Q(grouping__in=Grouping.values), name="billing_accountingsettings_grouping"
            ),
        ]

    def __str__(self) -> str:
        return "Accounting settings"

    @classmethod
    def get(cls) -> "AccountingSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class AccountCode(models.Model):
    """What one of our accounts is called in a package; income may differ by the GL code of what was sold."""

    system = models.CharField(max_length=20, choices=AccountingSystem)
    account = models.ForeignKey(Account, models.PROTECT, related_name="codes")
    gl_code = models.CharField("GL code", max_length=20, blank=True, default="")
    code = models.CharField("account code", max_length=60)
    tax_type = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        ordering = ["system", "account__code", "gl_code"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "account", "gl_code"], name="billing_accountcode_once_per_account"
            ),
            models.CheckConstraint(condition=~Q(code="") & ~Q(system=""), name="billing_accountcode_filled"),
        ]

    def __str__(self) -> str:
        return f"{self.account.code} {self.gl_code}".strip()


class ExportState(models.TextChoices):
    WAITING = "waiting", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    UNDONE = "undone", "Taken back"


class ExportQuerySet(models.QuerySet["AccountingExport"]):
    def visible_to(self, user: User) -> "ExportQuerySet":
        return self if user.is_provider_staff else self.none()


class AccountingExport(models.Model):
    """The journals of some days for one package: asked for, made in the background, kept for ever as it was.

    It covers the postings of those days up to seal `up_to` that no standing export for that package has.
    `codes` is the mapping as it was, so that the same file can be made again.
    """

    system = models.CharField(max_length=20, choices=AccountingSystem)
    number = models.IntegerField()
    since = models.DateField("from")
    until = models.DateField("to")
    grouping = models.CharField("journals", max_length=8, choices=Grouping)
    up_to = models.BigIntegerField(help_text="The last seal when it was asked for")
    codes = models.JSONField()
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    postings = models.IntegerField(default=0)
    lines = models.IntegerField(default=0)
    debit = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    credit = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    certificate = models.JSONField(default=dict)
    path = models.CharField(max_length=40, unique=True)
    files = models.IntegerField(default=0)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    error = models.CharField(max_length=300, blank=True, default="")

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["system", "number"], name="billing_accountingexport_number"),
            models.UniqueConstraint(
                fields=["system"], condition=Q(state="waiting"), name="billing_accountingexport_one_waiting"
            ),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="billing_accountingexport_days"),
            models.CheckConstraint(
                condition=Q(state__in=ExportState.values) & Q(grouping__in=Grouping.values),
                name="billing_accountingexport_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | (Q(made_at__isnull=False, debit=F("credit")) & ~Q(sha256="")),
                name="billing_accountingexport_ready",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()} export {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("billing:accounting_export", args=[self.pk])

    @property
    def days(self) -> tuple[date, date]:
        return self.since, self.until

    @property
    def file_name(self) -> str:
        """What the download is called."""
        ending = "csv" if self.files == 1 else "zip"
        return f"{self.system}-{self.number:04}-{self.since}-{self.until}.{ending}"


class AccountingExportPart(models.Model):
    """One month of an export, made in one go, so that a killed worker loses little."""

    pk = models.CompositePrimaryKey("export", "number")
    export = models.ForeignKey(AccountingExport, models.CASCADE, related_name="parts", db_index=False)
    number = models.IntegerField()
    since = models.DateField()
    until = models.DateField()
    path = models.CharField(max_length=40, unique=True)
    done_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"


class ExportedPosting(models.Model):
    """A posting that went to a package with an export: once, whatever is asked for how often."""

    pk = models.CompositePrimaryKey("system", "posting")
    system = models.CharField(max_length=20)
    posting = models.ForeignKey(Posting, models.PROTECT, related_name="exports", db_index=False)
    export = models.ForeignKey(AccountingExport, models.PROTECT, related_name="exported")

    def __str__(self) -> str:
        return f"{self.system} {self.posting_id}"
