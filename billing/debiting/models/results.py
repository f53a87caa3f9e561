"""Imported result files, and what their lines say."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from billing.debiting.models.batches import DebitRow
from ispbilling.core.models import User


class ResultState(models.TextChoices):
    PREVIEWED = "previewed", "Preview"
    POSTING = "posting", "Being recorded"
    POSTED = "posted", "Recorded"


class ResultImportQuerySet(models.QuerySet["ResultImport"]):
    def visible_to(self, user: User) -> "ResultImportQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class ResultImport(models.Model):
    """One file of results. Nothing is recorded before its preview is confirmed. Written by `results` alone."""

    name = models.CharField("file", max_length=200)
    format = models.CharField("from", max_length=12)
    state = models.CharField(max_length=10, choices=ResultState, default=ResultState.PREVIEWED)
    created_at = models.DateTimeField("uploaded")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    others = models.IntegerField(default=0, help_text="Lines about something else, left alone")
    problems = models.JSONField(default=list)

    objects = ResultImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ResultState.values), name="billing_resultimport_state"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("billing:debit_result_detail", args=[self.pk])


class Outcome(models.TextChoices):
    """What a line says of a collection."""

    PAID = "paid", "Paid"
    UNPAID = "unpaid", "Unpaid"


class LineState(models.TextChoices):
    NEW = "new", "To be recorded"
    KNOWN = "known", "Recorded before"
    UNKNOWN = "unknown", "Of no collection"
    DIFFERENT = "different", "Does not fit"
    POSTED = "posted", "Recorded"
    REFUSED = "refused", "Refused"


class ResultLine(models.Model):
    """What a file says of one collection. It is recorded once, however many files it stands in."""

    result_import = models.ForeignKey(ResultImport, models.CASCADE, related_name="lines", db_index=False)
    number = models.IntegerField("line")
    told_on = models.DateField("date")
    outcome = models.CharField(max_length=8, choices=Outcome)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    reference = models.CharField(max_length=140, blank=True)
    code = models.CharField("reason code", max_length=10, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    row = models.ForeignKey(DebitRow, models.PROTECT, null=True, related_name="result_lines")
    state = models.CharField(max_length=10, choices=LineState)
    remark = models.CharField(max_length=200, blank=True, help_text="Why it is not recorded")

    class Meta:
        ordering = ["number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["row", "outcome"],
                condition=Q(state="posted"),
                name="billing_resultline_recorded_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LineState.values, outcome__in=Outcome.values),
                name="billing_resultline_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["new", "posted"]) | Q(row__isnull=False),
                name="billing_resultline_row",
            ),
        ]
        indexes = [models.Index(fields=["result_import", "number"], name="billing_resultline_number")]

    def __str__(self) -> str:
        return f"{self.told_on} {self.reference}"
