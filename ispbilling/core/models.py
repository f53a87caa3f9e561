"""Users and roles, the event log, the provider's own details, and what each user arranged: columns, pages."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse


class Role(models.TextChoices):
    """What a user is. What a role may do is one table: `ispbilling/core/access.py`."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    FINANCIAL_MANAGER = "financial_manager", "Financial manager"
    ACCOUNTS = "accounts", "Accounts"
    SUPPORT = "support", "Support"
    READ_ONLY = "read_only", "Read-only"
    RESELLER = "reseller", "Reseller"
    CUSTOMER = "customer", "Customer"

    @classmethod
    def staff(cls) -> list["Role"]:
        """The roles that use the staff pages; the others use the portal."""
        return [role for role in cls if role not in (cls.RESELLER, cls.CUSTOMER)]


class StaffQuerySet(models.QuerySet["User"]):
    def staff(self) -> "StaffQuerySet":
        return self.filter(role__in=Role.staff())


class StaffManager(UserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    pass


class User(AbstractUser):
    """A person who can log in, through the staff door or the portal. E-mail addresses may be shared (D-6)."""

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.READ_ONLY)
    email = models.EmailField(blank=True)
    mfa_required_from = models.DateTimeField(
        null=True, blank=True, help_text="Second factor demanded from then on"
    )

    objects: ClassVar[StaffManager] = StaffManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.UniqueConstraint(Lower("username"), name="core_user_username_ci"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="core_user_role_known"),
        ]

    @property
    def is_provider_staff(self) -> bool:
        """Uses the staff pages (Django's own `is_staff` is not used: there is no admin site)."""
        return self.role in Role.staff()

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, subject: models.Model) -> "EventQuerySet":
        """What happened to the object itself."""
        return self.filter(
            subject_type=ContentType.objects.get_for_model(subject, for_concrete_model=True),
            subject_id=subject.pk,
        )

    def about(self, party: models.Model) -> "EventQuerySet":
        """The timeline of a party: everything that happened to it and to what belongs to it."""
        return self.filter(
            about_type=ContentType.objects.get_for_model(party, for_concrete_model=True), about_id=party.pk
        )

    def unannounced(self) -> "EventQuerySet":
        return self.filter(announced_at__isnull=True)


class Event(models.Model):
    """One thing that happened: the audit trail, the timeline and the source of notifications are this table.

    Written by `core.events.record` alone and append-only in the database; `announced_at` is the one column
    that may change, when `notifications` has turned the event into messages.
    """

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=60)
    subject_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    about_type = models.ForeignKey(ContentType, models.PROTECT, null=True, related_name="+")
    about_id = models.BigIntegerField(null=True)
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Empty: the system"
    )
    label = models.CharField(max_length=200, blank=True, help_text="The subject as it was called then")
    data = models.JSONField(default=dict)
    announced_at = models.DateTimeField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "-id"], name="core_event_subject"),
            models.Index(fields=["about_type", "about_id", "-id"], name="core_event_about"),
            # Read by the `announce` sweep only.
            models.Index(
                fields=["id"], condition=models.Q(announced_at__isnull=True), name="core_event_unannounced"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label}"


class AccountingSystem(models.TextChoices):
    """The system the books are kept in besides ours; its ids of customers and groups appear where one is chosen."""

    NONE = "", "None"
    SAGEONE = "sageone", "Sage Business Cloud Accounting (SageOne)"
    XERO = "xero", "Xero"

    @property
    def short(self) -> str:
        """What staff call it: the title of its tab and of its ids."""
        return {"sageone": "SageOne", "xero": "Xero"}.get(self.value, "Accounting")


class Logo(models.Model):
    """A picture for paper, known by its content: what was printed with it is printed with it for ever.

    Kept in the database, where the paper is, and not on a disk that may be another one. Written by
    `core.provider.logos` alone; PostgreSQL refuses to change it, and a picture under another's digest.
    """

    digest = models.CharField(max_length=64, primary_key=True, editable=False, help_text="SHA-256 of `data`")
    content_type = models.CharField(max_length=20)
    width = models.PositiveSmallIntegerField(help_text="In pixels")
    height = models.PositiveSmallIntegerField(help_text="In pixels")
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(content_type__in=["image/png", "image/jpeg"]),
                name="core_logo_content_type",
            ),
            models.CheckConstraint(condition=models.Q(width__gt=0, height__gt=0), name="core_logo_sides"),
        ]

    def __str__(self) -> str:
        return f"{self.width} x {self.height} pixels"

    def get_absolute_url(self) -> str:
        return reverse("core:logo", args=[self.digest])


class Provider(models.Model):
    """The provider itself, as printed on paper and mails. One row."""

    name = models.CharField("trading name", max_length=120, default="My ISP")
    legal_name = models.CharField(max_length=160, blank=True)
    registration_number = models.CharField(max_length=40, blank=True)
    vat_number = models.CharField("VAT number", max_length=20, blank=True)
    address = models.TextField(blank=True, help_text="One part per line")
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    bank_details = models.TextField(blank=True, help_text="Printed on every invoice; one part per line")
    invoice_note = models.TextField(blank=True, help_text="Printed at the foot of every invoice")
    accounting_system = models.CharField(
        max_length=20,
        choices=AccountingSystem,
        blank=True,
        default="",
        db_default="",
        help_text="Chosen: customers and groups carry the id they have there",
    )
    logo = models.ForeignKey(Logo, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    demonstration = models.BooleanField(default=False, help_text="Pages are marked as a demonstration")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="core_provider_one_row")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def get(cls) -> "Provider":
        """The one row (made by the first migration), its logo without the picture itself."""
        return cls.objects.select_related("logo").defer("logo__data").get(pk=1)


class ExternalKind(models.TextChoices):
    """What has an id of its own in an accounting system."""

    CUSTOMER = "customer", "Customer"
    GROUP = "group", "Customer group"
    BILLING_GROUP = "billing_group", "Billing group"
    PRODUCT = "product", "Product"
    ACCOUNT = "account", "Account"
    DOCUMENT = "document", "Document"


class ExternalReference(models.Model):
    """What one of our rows is called in an accounting system: one id each way. Written by `core.external` alone."""

    system = models.CharField(max_length=20, choices=AccountingSystem)
    kind = models.CharField(max_length=20, choices=ExternalKind)
    object_id = models.BigIntegerField()
    external_id = models.CharField("ID there", max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "kind", "object_id"], name="core_externalreference_one_per_object"
            ),
            models.UniqueConstraint(
                fields=["system", "kind", "external_id"], name="core_externalreference_one_per_id"
            ),
            models.CheckConstraint(
                condition=~models.Q(external_id="") & ~models.Q(system=""),
                name="core_externalreference_filled",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=ExternalKind.values), name="core_externalreference_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class ColumnChoice(models.Model):
    """Which columns of a list a user wants to see (LST-9: remembered per user)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="column_choices")
    table = models.CharField(max_length=80)
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "table"], name="core_columnchoice_one_per_table")
        ]

    def __str__(self) -> str:
        return self.table


class FileKind(models.TextChoices):
    """What a stored file is by its content; only pictures and PDFs are ever shown, as pictures we made."""

    PICTURE = "picture", "Picture"
    PDF = "pdf", "PDF"
    OTHER = "other", "File"


class StoredFile(models.Model):
    """A file somebody handed in, kept by `core.files.keeping` and served by `core.files.views` alone.

    Abstract: each app has its own table with real foreign keys, and says who may see a row.
    """

    name = models.CharField("file name", max_length=150)
    path = models.CharField(max_length=40, unique=True, editable=False)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, editable=False)
    kind = models.CharField(max_length=8, choices=FileKind)
    content_type = models.CharField(max_length=100)
    pages = models.PositiveIntegerField(null=True)
    previewed = models.BooleanField(default=False)
    remark = models.CharField(max_length=100, blank=True, help_text="Why there is no preview")
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    removed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class PageLayout(models.Model):
    """How a user arranged the parts of a detail page (PRO-15). Written by `core.layouts` alone."""

    user = models.ForeignKey(User, models.CASCADE, related_name="page_layouts")
    page = models.CharField(max_length=80, help_text="URL name of the page")
    columns = models.JSONField(default=list, help_text="Names of the parts, by column")
    hidden = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "page"], name="core_pagelayout_one_per_page")]

    def __str__(self) -> str:
        return self.page


class SweepRun(models.Model):
    """One run of a sweep that did something or failed: what staff read when they ask "did it run?"."""

    name = models.CharField(max_length=60)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    applied = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["name", "-id"], name="core_sweeprun_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.started_at:%Y-%m-%d %H:%M}"
