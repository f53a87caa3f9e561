"""Pages of the bundles: what each line holds, what was drawn from it, and taking one back."""

from functools import cached_property
from typing import Any

from django.db.models import F, Q
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Attr, Button, Panel, State
from ispbilling.core.units import format_octets
from ispbilling.core.views import ActionPage, DetailPage, ListPage
from radius.bundles import granting
from radius.bundles.filters import BundleFilter
from radius.bundles.forms import ReasonForm
from radius.bundles.models import STATES, BundleKind, DataBundle
from radius.bundles.tables import EDIT, BundleTable, takeable

VIEW = "radius.accounts.view"


def _full() -> Any:
    return DataBundle.objects.select_related("data_account__customer", "parent", "created_by")


class BundleList(ListPage):
    """What lines hold: with `?username=` what one line does."""

    table_class = BundleTable
    filterset_class = BundleFilter
    permission = VIEW
    title = "Bundles"
    confidential = "usernames and the names of their customers, with what they bought"
    search_fields = ("data_account__username", "data_account__customer__code", "title")
    search_help = "Username, code or bundle"
    empty_icon = "database"
    empty_text = (
        "A bundle is data that a capped or prepaid line holds for some time: its monthly cap, a top-up, what rolled"
        " over. What it uses is drawn from the one that expires first. Capped packages grant theirs by themselves."
    )

    def get_queryset(self) -> Any:
        return _full().order_by("-pk")

    @cached_property
    def states(self) -> tuple[State, ...]:  # type: ignore[override]
        now = clock.now()
        over = Q(voided_at__isnull=False) | Q(expires_at__lte=now)
        used = Q(drawn_octets__gte=F("octets"))
        return (
            State("usable", "With Data Left", ~over & ~used),
            State("used", "Used Up", used & Q(voided_at__isnull=True)),
            State("expired", "Expired Unused", Q(expires_at__lte=now, voided_at__isnull=True) & ~used),
            State("void", "Taken Back", Q(voided_at__isnull=False)),
            State("all", "All"),
        )


class BundleDetail(DetailPage):
    model = DataBundle
    permission = VIEW
    panels = (
        Panel(
            "Bundle",
            (
                Attr("data_account", "Data Account", kind="link"),
                Attr("data_account.customer", "Customer", kind="link"),
                Attr("get_kind_display", "Kind"),
                Attr("octets", "Data", kind="octets"),
                Attr("drawn_octets", "Drawn", kind="octets"),
                Attr("left_octets", "Left", kind="octets"),
                Attr("price", "Price", kind="money"),
                Attr("promotional", "Promotional", kind="yes"),
                Attr("starts_at", "Starts", kind="datetime", empty="when it is first used"),
                Attr("expires_at", "Expires", kind="datetime", empty="never"),
                Attr(
                    lambda bundle: bundle.draws_from if bundle.draws_from != bundle.starts_at else None,
                    "Covers Use Since",
                    kind="datetime",
                    empty="its start",
                    help="What was used over the cap before it began, and no other bundle covered",
                ),
            ),
            icon="database",
        ),
        Panel(
            "Where It Comes From",
            (
                Attr("source", kind="mono"),
                Attr("parent", "Rolled Over From", kind="link", empty="nothing"),
                Attr("created_at", "Granted", kind="datetime"),
                Attr("created_by", "Granted By", empty="the system"),
            ),
            icon="git-branch",
            weight=60,
        ),
    )

    def get_queryset(self) -> Any:
        return _full()

    def crumbs(self) -> list[tuple[str, str]]:
        line = self.object.data_account
        return [("Bundles", reverse("radius:bundle_list")), (str(line), line.get_absolute_url())]

    def heading(self) -> str:
        return str(self.object.title)

    def subtitle(self) -> str:
        return f"{STATES[self.object.state(clock.now())][0]} · {self.object.data_account}"

    def banners(self) -> list[tuple[str, str]]:
        if self.object.voided_at is None:
            return []
        return [("stopped", f"Taken back: {self.object.voided_reason}")]

    def buttons(self) -> list[Button]:
        one = self.object
        line = reverse("radius:bundle_list") + f"?state=all&username={one.data_account.username}"
        found = [Button("All Bundles of the Line", line, "list")]
        if takeable(one):
            url = reverse("radius:bundle_void", args=[one.pk])
            give = reverse("radius:bundle_transfer", args=[one.pk])
            found.append(
                Button(
                    "Transfer", give, "arrows-right-left", permission="radius.bundles.transfer", modal=True
                )
            )
            found.append(Button("Take Back", url, "arrow-back-up", "danger", EDIT, True))
        elif (
            one.kind != BundleKind.MONTHLY
            and one.voided_at is not None
            and (one.expires_at is None or one.expires_at > clock.now())
        ):
            url = reverse("radius:bundle_restore", args=[one.pk])
            found.append(Button("Give Again", url, "arrow-forward-up", "secondary", EDIT, True))
        return found


class _OnBundle:
    """What the pages of acts share."""

    model = DataBundle
    permission = EDIT

    def get_queryset(self) -> Any:
        return _full()

    def about(self, obj: DataBundle) -> Customer:
        return obj.data_account.customer


class BundleVoid(_OnBundle, ActionPage):
    title = "Take Back Data"
    submit_label = "Take Back"
    submit_icon = "arrow-back-up"
    danger = True
    form_class = ReasonForm

    def obstacles(self, obj: DataBundle) -> list[str]:
        if obj.kind == BundleKind.MONTHLY:
            return [granting.MONTHLY_STAYS]
        return ["It was taken back before."] if obj.voided_at is not None else []

    def consequences(self, obj: DataBundle) -> list[str]:
        left = granting.left_without(obj, clock.now())
        return [
            f"Of its {format_octets(obj.octets)} the {format_octets(obj.left_octets)} that are left cannot be used any"
            f" more; the {format_octets(obj.drawn_octets)} that were used stay used.",
            f"{obj.data_account} has {format_octets(left)} left then."
            if left
            else f"{obj.data_account} has nothing left then: it is slowed down or cut off at once.",
            "No money moves: what was paid for it is credited on the customer's documents.",
        ]

    def act(self, obj: DataBundle, form: Any, actor: User) -> DataBundle:
        return granting.void(obj, clock.now(), form.cleaned_data["reason"], actor=actor)

    def done(self, obj: DataBundle, result: DataBundle) -> str:
        return f"{obj} was taken back."

    def undo_url(self, obj: DataBundle, result: DataBundle) -> str:
        return reverse("radius:bundle_restore", args=[obj.pk])


class BundleRestore(_OnBundle, ActionPage):
    title = "Give Data Again"
    submit_label = "Give Again"
    submit_icon = "arrow-forward-up"

    def consequences(self, obj: DataBundle) -> list[str]:
        return [
            f"The {format_octets(obj.left_octets)} that were left of it can be used again until it expires."
        ]

    def act(self, obj: DataBundle, form: Any, actor: User) -> DataBundle:
        return granting.restore(obj, clock.now(), actor=actor)

    def done(self, obj: DataBundle, result: DataBundle) -> str:
        return f"{obj} is there again."
