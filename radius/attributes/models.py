"""Attributes added to replies."""

from typing import Any

from django.db import models
from django.db.models import Q

from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.catalogue.models import Service


class ReplyAttributeQuerySet(models.QuerySet["ReplyAttribute"]):
    def visible_to(self, user: User) -> "ReplyAttributeQuerySet":
        return self if user.is_provider_staff else self.none()


class ReplyAttribute(models.Model):
    """One attribute of every Access-Accept for a service's lines, or for one line. A name may occur again."""

    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="attributes")
    data_account = models.ForeignKey(DataAccount, models.CASCADE, null=True, related_name="attributes")
    name = models.CharField(max_length=64)
    value = models.CharField(max_length=253)

    objects = ReplyAttributeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(service__isnull=True, data_account__isnull=False)
                | Q(service__isnull=False, data_account__isnull=True),
                name="radius_replyattribute_one_owner",
            ),
            models.UniqueConstraint(
                fields=["service", "data_account", "name", "value"],
                nulls_distinct=False,
                name="radius_replyattribute_once",
                violation_error_message="It is there already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"

    def get_absolute_url(self) -> str:
        return str(self.owner.get_absolute_url())

    @property
    def owner(self) -> Any:
        """The service or data account whose replies carry it."""
        return self.service or self.data_account

    @property
    def noun(self) -> str:
        """What events call its owner."""
        return "service" if self.service_id is not None else "data_account"
