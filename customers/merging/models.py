"""Which customer was merged into which, and all that is needed to take it back."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from customers.accounts.models import Customer
from ispbilling.core.models import User
from ispbilling.core.secrets import SecretField


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, user: User) -> "MergeQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def standing(self) -> "MergeQuerySet":
        """Those that were not undone."""
        return self.filter(undone_at__isnull=True)


class Merge(models.Model):
    """`loser` became a hidden alias of `survivor`. Written by `billing.merging` alone.

    `trace` names what was moved and what was changed, by keys and old values, so that undoing restores exactly
    that; the survivor's former ID number stands apart, encrypted like every ID number.
    """

    survivor = models.ForeignKey(Customer, models.PROTECT, related_name="merges")
    loser = models.ForeignKey(Customer, models.PROTECT, related_name="merged_away")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    trace = models.JSONField(default=dict)
    former_id_number = SecretField(blank=True, default="")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["loser"], condition=Q(undone_at__isnull=True), name="customers_merge_one_standing"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("loser")), name="customers_merge_two_customers"),
        ]
        indexes = [
            # Read by the page of what was merged, and by an undo that must come after later ones.
            models.Index(fields=["survivor", "-id"], name="customers_merge_survivor")
        ]

    def __str__(self) -> str:
        return f"{self.loser} into {self.survivor}"

    def get_absolute_url(self) -> str:
        return reverse("customers:customer_detail", args=[self.survivor_id])


def records_of(customer: Customer) -> list[int]:
    """The keys of this person's records: the customer and whatever was merged into it.

    Paper, messages and events stay with the record they were made for; who asks for those of a customer asks
    for all of its records.
    """
    found, latest = [customer.pk], [customer.pk]
    while latest:
        latest = list(Merge.objects.standing().filter(survivor__in=latest).values_list("loser", flat=True))
        found += latest
    return found


def merge_of(customer: Customer) -> Merge | None:
    """The merge that made this customer an alias, or None."""
    return Merge.objects.standing().filter(loser=customer).select_related("survivor", "by").first()


def why_not_undelete(customer: Customer) -> str | None:
    """An alias comes back by undoing its merge, not by undeleting it."""
    merge = merge_of(customer)
    if merge is None:
        return None
    return f"It was merged into {merge.survivor}; undo the merge instead (Merge Customers, Merges)."
