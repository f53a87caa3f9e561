"""The outbox and the switches of who is told what. `announce` writes messages, `deliver` sends them."""

from django.db import models
from django.db.models import Q

from billing.models import Document
from customers.models import Customer
from ispbilling.core.models import Event, User


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    SMS = "sms", "SMS"


class MessageState(models.TextChoices):
    QUEUED = "queued", "Queued"
    FAILED = "failed", "Failed, will be tried again"
    SENT = "sent", "Sent"
    GIVEN_UP = "given_up", "Given up"


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> "MessageQuerySet":
        """Staff see all; the portal shows no messages."""
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def waiting(self) -> "MessageQuerySet":
        """Still to be sent, whether or not their turn has come."""
        return self.filter(state__in=[MessageState.QUEUED, MessageState.FAILED])


class Message(models.Model):
    """One message to one address: composed once from an event, then sent until it is sent or given up.

    `dedupe_key` (event, kind, addressee, channel) makes "once" a constraint rather than a query. One-time
    links are secrets and are not stored: `links` maps the random markers in the bodies to users (a number) or
    to questions asked of a customer ("request:" and a number), and
    `deliver` puts a fresh link in the place of each marker at the moment of sending. PDFs are rendered then,
    too.
    """

    dedupe_key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="messages")
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="messages")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="messages")
    to_address = models.CharField("to", max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body_text = models.TextField("text")
    body_html = models.TextField(blank=True)
    links = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=MessageState, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=MessageState.values), name="notifications_message_state_known"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="notifications_message_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=False, state="sent")
                | (Q(sent_at__isnull=True) & ~Q(state="sent")),
                name="notifications_message_sent_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "failed"])
                | (Q(next_attempt_at__isnull=False) & ~Q(to_address="")),
                name="notifications_message_waiting_can_be_sent",
            ),
        ]
        indexes = [
            # Read by the `deliver` sweep only.
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["queued", "failed"]),
                name="notifications_message_queue",
            ),
            models.Index(fields=["customer", "-id"], name="notifications_message_customer"),
        ]

    def __str__(self) -> str:
        return self.subject or self.body_text[:60]

    @property
    def preview(self) -> str:
        """The text as it will read, one-time links left out: they are made when it is sent."""
        text = self.body_text
        for marker in self.links:
            text = text.replace(marker, "(one-time link, made when the message is sent)")
        return text


class Rule(models.Model):
    """A switch that differs from the catalogue: whether a kind goes out by a channel (kinds.py has the
    defaults)."""

    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel)
    enabled = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "channel"], name="notifications_rule_one_per_channel"),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="notifications_rule_channel_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}"
