"""The pages that close the books and open them again."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from billing.closing import closing
from billing.closing.forms import CloseForm, ReopenForm
from billing.recurring.models import BillingSettings
from ispbilling.core import clock
from ispbilling.core.views import ActionPage


class BooksPage(ActionPage):
    """What both share: they are about the billing settings, and lead back there."""

    queryset = BillingSettings.objects.all()
    success_url_name = "billing:settings_edit"

    def find(self) -> BillingSettings:
        return BillingSettings.get()

    def close_url(self) -> str:
        return self.came_from() or reverse("billing:settings_edit")

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Billing Settings", reverse("billing:settings_edit"))]


class BooksClose(BooksPage):
    permission = "billing.books.close"
    form_class = CloseForm
    title = "Close Books"
    submit_label, submit_icon = "Close Books", "lock"

    def form_kwargs(self) -> dict[str, Any]:
        """The month that ended last."""
        today = clock.local_day(clock.now())
        return {"initial": {"until": today.replace(day=1) - timedelta(days=1)}}

    def consequences(self, obj: BillingSettings) -> list[str]:
        now = (
            f"The books are closed up to {obj.closed_until} now."
            if obj.closed_until
            else "All days are open now."
        )
        return [
            now,
            "Invoices, credit notes, adjustments, write-offs, payments and everything else in the ledger can then "
            "only be dated later.",
            "Nothing that exists changes, and nobody is told.",
            "An owner or financial manager can open the books again.",
        ]

    def act(self, obj: BillingSettings, form: Any, actor: Any) -> BillingSettings:
        asked = form.cleaned_data
        return closing.close(asked["until"], clock.now(), actor=actor, reason=asked["reason"])

    def done(self, obj: BillingSettings, result: BillingSettings) -> str:
        return f"The books are closed up to {result.closed_until}."


class BooksReopen(BooksPage):
    permission = "billing.books.reopen"
    form_class = ReopenForm
    title = "Reopen Books"
    submit_label, submit_icon = "Reopen Books", "lock-open"
    danger = True

    def obstacles(self, obj: BillingSettings) -> list[str]:
        return [] if obj.closed_until else ["The books are open."]

    def consequences(self, obj: BillingSettings) -> list[str]:
        return [
            f"The books are closed up to {obj.closed_until} now.",
            "What was reported of the days that are opened, a VAT return for one, may then no longer be what the "
            "ledger says of them.",
        ]

    def act(self, obj: BillingSettings, form: Any, actor: Any) -> BillingSettings:
        asked = form.cleaned_data
        return closing.reopen(asked["until"], clock.now(), actor=actor, reason=asked["reason"])

    def done(self, obj: BillingSettings, result: BillingSettings) -> str:
        if result.closed_until is None:
            return "The books are open for every day."
        return f"The books are closed up to {result.closed_until}; later days are open again."
