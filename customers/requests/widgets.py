"""Open questions, asked-for changes and ratings on the profile."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Avg, Count
from django.urls import reverse

from customers.requests import fields
from customers.requests.models import Purpose
from customers.requests.tables import stars
from ispbilling.core import access, clock
from ispbilling.core.registries import Widget


class UpdateRequests(Widget):
    """The link that waits for an answer, and the answers that wait for a decision."""

    name, title, icon = "update_requests", "Update Requests", "user-edit"
    template_name = "customers/requests/_updates.html"
    permission = "customers.requests"
    column, weight = 1, 17
    most: ClassVar[int] = 3

    def shown(self) -> bool:
        return bool(self.obj.requests.filter(purpose=Purpose.UPDATE).exists())

    def context(self) -> Mapping[str, Any]:
        last = self.obj.requests.filter(purpose=Purpose.UPDATE).select_related("asked_by").first()
        changes = self.obj.change_requests.prefetch_related("fields")[: self.most]
        return {
            "last": last,
            "open": last is not None and last.is_open(clock.now()),
            "changes": [
                (change, ", ".join(fields.LABELS[one.name] for one in change.fields.all()))
                for change in changes
            ],
        }

    def view_all(self) -> str:
        return f"{reverse('customers:change_request_list')}?q={self.obj.code}"


class Ratings(Widget):
    """The average and the latest ratings."""

    name, title, icon = "ratings", "Ratings", "star"
    template_name = "customers/requests/_ratings.html"
    permission = "customers.requests"
    column, weight = 3, 80
    most: ClassVar[int] = 3

    def shown(self) -> bool:
        return bool(self.obj.requests.filter(purpose=Purpose.RATING).exists())

    def context(self) -> Mapping[str, Any]:
        last = self.obj.requests.filter(purpose=Purpose.RATING).select_related("asked_by").first()
        rows = self.obj.ratings.all()
        mine = access.may(self.request.user, "customers.requests")
        return {
            **rows.aggregate(average=Avg("score"), count=Count("pk")),
            "ratings": [(one, stars(one.score), one.waits and mine) for one in rows[: self.most]],
            "last": last,
            "open": last is not None and last.is_open(clock.now()),
        }

    def view_all(self) -> str:
        return f"{reverse('customers:rating_list')}?q={self.obj.code}"
