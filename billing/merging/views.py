"""Merge Customers (NAV-3, D-20): whom, what will happen, and the merges with their undo."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.merging import merging, undoing
from billing.merging import preview as previewing
from billing.merging.forms import MergeForm, PairForm, shown
from billing.merging.preview import Preview
from billing.merging.tables import MergeTable
from customers.models import Customer, Merge
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.parts import State, Tab
from ispbilling.core.views import ActionPage, FormPage, ListPage, scoped

PERMISSION = "customers.merge"
START = ("Merge Customers", "/customers/merge/")


class MergeStart(FormPage):
    """Whom to merge into whom; nothing happens before the preview is confirmed."""

    permission = PERMISSION
    title = "Merge Customers"
    form_class = PairForm
    submit_label = "Preview"
    submit_icon = "eye"
    template_name = "billing/merge_start.html"
    success_url_name = "merging:merge_list"

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        """A link from elsewhere may name one of the two, or both to swap them."""
        given = {name: self.request.GET.get(name, "") for name in ("survivor", "loser")}
        return {"initial": {name: code for name, code in given.items() if code}}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        pair = [form.cleaned_data[name].pk for name in ("survivor", "loser")]
        return self.go(reverse("merging:merge_preview", args=pair))


@dataclass(frozen=True, slots=True)
class Pair:
    """What the preview is about."""

    survivor: Customer
    loser: Customer

    def __str__(self) -> str:
        return f"{self.loser} into {self.survivor}"

    @property
    def pk(self) -> int:
        return self.survivor.pk

    def get_absolute_url(self) -> str:
        return self.survivor.get_absolute_url()


class MergePreview(ActionPage):
    """Everything that will move, change and stay, and a choice where both have a value."""

    permission = PERMISSION
    title = "Merge Customers"
    parents = (START,)
    submit_label = "Merge"
    submit_icon = "arrows-join"
    danger = True
    template_name = "billing/merge.html"

    def find(self) -> Pair:
        rows = scoped(Customer.objects.select_related("master", "reseller", "group"), self.actor)
        survivor, loser = (get_object_or_404(rows, pk=self.kwargs[name]) for name in ("survivor", "loser"))
        return Pair(survivor, loser)

    @cached_property
    def now(self) -> datetime:
        return clock.now()

    def look(self) -> Preview:
        return previewing.look(self.object.survivor, self.object.loser)

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", self.title, MergeForm)]

    def form_kwargs(self) -> dict[str, Any]:
        preview = self.look()
        return {
            "initial": {"seen": preview.seen},
            "asked": [one for one in preview.differences if one.asked],
            "codes": (self.object.survivor.code, self.object.loser.code),
        }

    def obstacles(self, obj: Pair) -> list[str]:
        return previewing.refusals(obj.survivor, obj.loser, self.now)

    def consequences(self, obj: Pair) -> list[str]:
        return previewing.consequences(obj.survivor, obj.loser, self.look(), self.now)

    def context(self, **extra: Any) -> dict[str, Any]:
        preview, pair = self.look(), self.object
        swap = reverse("merging:merge_preview", args=[pair.loser.pk, pair.survivor.pk])
        return super().context(
            **extra,
            pair=pair,
            swap=swap,
            filled=[(one.label, shown(one.name, one.loser)) for one in preview.differences if not one.asked],
            undo_days=undoing.days(),
        )

    def act(self, obj: Pair, form: Any, actor: User) -> Merge:
        values = form.cleaned_data
        try:
            return merging.merge(
                obj.survivor, obj.loser, form.choices(), clock.now(),
                actor=actor, reason=values["reason"], seen=values["seen"],
            )  # fmt: skip
        except DomainError:
            form.refresh(self.look().seen)
            raise

    def done(self, obj: Pair, result: Merge) -> str:
        return f"{obj.loser} is merged into {obj.survivor}. Undo is possible for {undoing.days()} days."

    def undo_url(self, obj: Pair, result: Merge) -> str:
        return reverse("merging:merge_undo", args=[result.pk])

    def success_url(self, obj: Pair, result: Merge) -> str:
        return obj.get_absolute_url()

    def came_from(self) -> str:
        """Always on to the survivor: the page before knows nothing of it."""
        return ""

    def close_url(self) -> str:
        codes = f"?survivor={self.object.survivor.code}&loser={self.object.loser.code}"
        return reverse("merging:merge_start") + codes


class MergeList(ListPage):
    """Who was merged into whom, and until when it can be undone."""

    table_class = MergeTable
    permission = PERMISSION
    title = "Merges"
    search_fields = ("survivor__code", "survivor__name", "loser__code", "loser__name", "reason")
    search_help = "Code, name or reason"
    states = (
        State("normal", "Standing", Q(undone_at__isnull=True)),
        State("undone", "Undone", Q(undone_at__isnull=False), "undone"),
    )
    add_url_name, add_permission, add_label = "merging:merge_start", PERMISSION, "Merge Customers"
    empty_title = "Nobody was merged yet"
    empty_text = (
        "Two records of the same customer become one: lines, contacts, notes and balance move together."
    )
    empty_icon = "arrows-join"

    def get_queryset(self) -> Any:
        return Merge.objects.select_related("survivor", "loser", "by")


class MergeUndo(ActionPage):
    """Take a merge back: what was moved and not changed since."""

    model = Merge
    permission = PERMISSION
    title = "Undo Merge"
    parents = (START,)
    submit_label = "Undo the Merge"
    submit_icon = "arrow-back-up"
    danger = True

    def get_queryset(self) -> Any:
        return Merge.objects.select_related("survivor", "loser")

    def obstacles(self, obj: Merge) -> list[str]:
        return undoing.refusals(obj, clock.now())

    def consequences(self, obj: Merge) -> list[str]:
        back = [(move, keys, left) for move, keys, left in undoing.goes_back(obj)]
        moved = ", ".join(move.words(len(keys)) for move, keys, _ in back if keys) or "nothing"
        stays = ", ".join(move.words(left) for move, _, left in back if left)
        found = [
            f"Back from {obj.survivor} to {obj.loser}: {moved}.",
            f"{obj.loser.code} is a customer of its own again, in the state it had.",
            "The transferred balance goes back in the ledger; what was paid or invoiced since stays where it is.",
            "Fields that were changed since the merge stay as they are.",
        ]
        if stays:
            found.append(f"Changed or moved on since, and left where it is: {stays}.")
        return found

    def act(self, obj: Merge, form: Any, actor: User) -> Merge:
        return undoing.undo(obj, clock.now(), actor=actor)

    def done(self, obj: Merge, result: Merge) -> str:
        return f"The merge of {obj.loser} into {obj.survivor} is undone."

    def success_url(self, obj: Merge, result: Merge) -> str:
        return obj.loser.get_absolute_url()

    def came_from(self) -> str:
        """To the customer that came back."""
        return ""

    def close_url(self) -> str:
        return reverse("merging:merge_list")
