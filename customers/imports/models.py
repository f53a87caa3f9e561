"""An import of customers: the file, what its rows would do or did, and what is wrong with them."""

from datetime import timedelta

from django.db import models
from django.urls import reverse

from ispbilling.core.models import User
from ispbilling.core.secrets import SecretBytesField, SecretField

#: So long the file and its rows are kept after the last act, and so long an import can be undone.
KEEP = timedelta(days=30)


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", "Columns to be chosen"
    CHECKING = "checking", "Being checked"
    CHECKED = "checked", "Checked"
    APPLYING = "applying", "Being imported"
    APPLIED = "applied", "Imported"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"
    DISCARDED = "discarded", "Discarded"


class Action(models.TextChoices):
    CREATE = "create", "New"
    UPDATE = "update", "Changed"
    SAME = "same", "Unchanged"
    BAD = "bad", "Not possible"


class Outcome(models.TextChoices):
    """What undoing made of a row."""

    REMOVED = "removed", "Removed"
    HIDDEN = "hidden", "Deleted (hidden)"
    RESTORED = "restored", "Put back"
    KEPT = "kept", "Left as it is"


class CustomerImportQuerySet(models.QuerySet["CustomerImport"]):
    def visible_to(self, user: User) -> "CustomerImportQuerySet":
        return self if user.is_provider_staff else self.none()


class CustomerImport(models.Model):
    """One file on its way in: uploaded, checked, imported as a whole or not at all, undoable."""

    name = models.CharField("file", max_length=200)
    octets = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    shape = models.JSONField(default=dict, help_text="How the file is read: encoding, separator, in words")
    headings = models.JSONField(default=list)
    first_rows = SecretField(default="", blank=True, help_text="What is shown beside the columns; JSON")
    columns = models.JSONField(default=dict, help_text="Column number to field")
    defaults = models.JSONField(default=dict, help_text="Field to the value of all rows")
    create_titles = models.BooleanField(
        default=False, help_text="Groups and the like that are missing are added"
    )
    all_new = models.BooleanField(default=False, help_text="Every row is a new customer")
    welcome = models.BooleanField(default=False, help_text="Welcome mails are sent")
    total = models.PositiveIntegerField(default=0, help_text="Rows, without the headings")
    to_create = models.PositiveIntegerField(default=0)
    to_update = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    bad_columns = models.JSONField(default=dict, help_text="Heading to the number of rows it stops")
    new_titles = models.JSONField(default=dict, help_text="Field to the titles that would be added")
    done = models.PositiveIntegerField(default=0, help_text="Rows the worker has been through")
    work_since = models.DateTimeField(null=True)
    refusal = models.TextField(default="", blank=True, help_text="Why the last attempt came to nothing")
    checked_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(help_text="The last act; what is kept is kept from then")
    purged_at = models.DateTimeField(null=True)

    objects = CustomerImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=ImportState.values), name="customers_import_state_known"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("customers:import_detail", args=[self.pk])


class ImportPart(models.Model):
    """A stretch of the uploaded file, encrypted: any worker on any machine can read it."""

    pk = models.CompositePrimaryKey("of", "number")
    of = models.ForeignKey(CustomerImport, models.CASCADE, related_name="parts", db_index=False)
    number = models.IntegerField()
    content = SecretBytesField()

    def __str__(self) -> str:
        return f"{self.of_id} {self.number}"


class ImportRow(models.Model):
    """What one row of the file would do, did, and became of when undone. Its values are encrypted.

    `customer_id` is no foreign key: the row remembers which customer was removed again.
    """

    pk = models.CompositePrimaryKey("of", "number")
    of = models.ForeignKey(CustomerImport, models.CASCADE, related_name="lines", db_index=False)
    number = models.IntegerField(help_text="The row's number in a spreadsheet")
    action = models.CharField(max_length=6, choices=Action)
    customer_id = models.BigIntegerField(null=True)
    title = SecretField(default="", help_text="What it is called in lists; encrypted")
    content = SecretField(default="", help_text="JSON: values, changes as field: [old, new], problems")
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=Action.values), name="customers_importrow_action_known"
            )
        ]
        # Read by the report of an import, and by applying it in the order of the file.
        indexes = [models.Index(fields=["of", "action", "number"], name="customers_importrow_action")]

    def __str__(self) -> str:
        return f"{self.of_id} {self.number}"


class RememberedMapping(models.Model):
    """The columns a person last chose for a file with these headings."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    signature = models.CharField(max_length=64)
    columns = models.JSONField()
    defaults = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "signature"], name="customers_rememberedmapping_once")
        ]

    def __str__(self) -> str:
        return self.signature
