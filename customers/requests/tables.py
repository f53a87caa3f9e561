"""The lists of what customers asked for and how they rate."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html

from customers.requests import fields
from customers.requests.models import ChangeRequest, Rating
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, DateTimeColumn, LinkColumn, Table, badge

STARS = "★★★★★☆☆☆☆☆"


def stars(score: int) -> str:
    """4 as ★★★★☆."""
    return STARS[5 - score : 10 - score]


class ChangeRequestTable(Table):
    customer = LinkColumn(verbose_name="Customer", order_by=("customer__code",))
    changes = tables.Column(verbose_name="Asks to change", orderable=False, empty_values=())
    comment = tables.Column(verbose_name="Comment", orderable=False)
    received_at = DateTimeColumn(verbose_name="Received")
    decided_at = DateTimeColumn(verbose_name="Decided")
    default_columns = ("customer", "changes", "comment", "received_at")

    class Meta(Table.Meta):
        model = ChangeRequest
        fields = ()

    def row_off(self, record: ChangeRequest) -> bool:
        return record.decided_at is not None

    def render_changes(self, record: ChangeRequest) -> str:
        return ", ".join(fields.LABELS[one.name] for one in record.fields.all())

    value_changes = render_changes


class RatingTable(Table):
    score = tables.Column(verbose_name="Rating")
    customer = LinkColumn(
        url=lambda rating: rating.customer.get_absolute_url(),
        verbose_name="Customer",
        order_by=("customer__code",),
    )
    comment = tables.Column(verbose_name="Comment", orderable=False)
    state = tables.Column(verbose_name="State", orderable=False, empty_values=())
    received_at = DateTimeColumn(verbose_name="Received")
    actions = ActionsColumn(
        lambda rating: [
            Button(
                "Dealt with", reverse("customers:rating_handle", args=[rating.pk]), "check",
                permission="customers.requests", modal=True,
            )
        ]
        if rating.waits
        else []
    )  # fmt: skip
    default_columns = ("score", "customer", "comment", "state", "received_at")

    class Meta(Table.Meta):
        model = Rating
        fields = ()

    def row_url(self, record: Rating) -> str:
        return str(record.customer.get_absolute_url())

    def render_score(self, value: int) -> Any:
        return format_html(
            '<span class="stars" role="img" aria-label="{} of 5">{}</span>', value, stars(value)
        )

    def value_score(self, value: int) -> int:
        return value

    def render_state(self, record: Rating) -> Any:
        if record.waits:
            return badge("Needs someone", "attention")
        return badge("Dealt with", "off") if record.handled_at else ""

    def value_state(self, record: Rating) -> str:
        return "Needs someone" if record.waits else "Dealt with" if record.handled_at else ""
