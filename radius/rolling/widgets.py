"""What this slice shows on other pages: unused data on the customer's profile and the line's page, a settings tab."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from ispbilling.core import clock, events
from ispbilling.core.models import User
from ispbilling.core.parts import Button, Tab
from ispbilling.core.registries import Widget
from radius.accounts.models import DataAccount
from radius.bundles.models import STATES, DataBundle
from radius.rolling import consenting, expiring
from radius.rolling.expiring import Holds
from radius.rolling.forms import DataSettingsForm
from radius.rolling.models import DataSettings, NoticeChoice, OutOfBundleConsent
from radius.rolling.regulation import LEVELS
from radius.rolling.tables import CONSENT, EDIT, TRANSFER

MOST = 12


@dataclass(frozen=True, slots=True)
class Line:
    """A data account with what becomes of its unused data, and the bundles it holds."""

    holds: Holds
    bundles: Sequence[tuple[DataBundle, str, str, str]]
    consent: OutOfBundleConsent | None


class DataExpiryWidget(Widget):
    """Which data a customer holds and for how long, and what becomes of what is left (SET-1)."""

    name, title, icon = "data_expiry", "Data Expiry and Rollover", "hourglass"
    template_name = "radius/_data_expiry_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 25
    #: Not on the page of a line, which has a widget of them.
    shows_bundles = True

    def accounts(self) -> Any:
        return DataAccount.objects.filter(customer=self.obj)

    def customer(self) -> Any:
        return self.obj

    def shown(self) -> bool:
        return bool(self.accounts().exists())

    def context(self) -> Mapping[str, Any]:
        now, customer = clock.now(), self.customer()
        live = DataBundle.objects.live(now).order_by("expires_at", "origin_at", "pk")
        rows = self.accounts().select_related("package", "customer__group").order_by("username")
        accounts = list(rows.prefetch_related(Prefetch("bundles", live, to_attr="held"))[:MOST])
        said = consenting.standing(account.pk for account in accounts)
        choice = NoticeChoice.objects.filter(customer=customer).first()
        wanted = LEVELS if choice is None else choice.wanted
        return {
            "lines": [
                Line(
                    holds,
                    [
                        (one, *STATES[one.state(now)], expiring.until(one.expires_at))
                        for one in holds.line.held  # type: ignore[attr-defined]
                    ],
                    said.get(holds.line.pk),
                )
                for holds in expiring.holding(accounts, now)
            ],
            "more": self.accounts().count() - len(accounts),
            "notices": ", ".join(f"{level} %" for level in wanted) or "none",
            "may_transfer": TRANSFER,
            "shows_bundles": self.shows_bundles,
            "now": now,
        }

    def buttons(self) -> list[Button]:
        pk = self.customer().pk
        return [
            Button(
                "Edit", reverse("radius:data_expiry_edit", args=[pk]), "pencil", permission=EDIT, modal=True
            ),
            Button("Notices", reverse("radius:notices_edit", args=[pk]), "bell", permission=EDIT, modal=True),
        ]


class LineExpiryWidget(DataExpiryWidget):
    """The same for one data account, with what only a line has: consent, and a month counted again."""

    title = "Unused Data and Consent"
    column, weight = 1, 70
    shows_bundles = False

    def accounts(self) -> Any:
        return DataAccount.objects.filter(pk=self.obj.pk)

    def customer(self) -> Any:
        return self.obj.customer

    def buttons(self) -> list[Button]:
        pk = self.obj.pk
        said = consenting.consented(self.obj)
        verb = "Withdraw Consent" if said else "Record Consent"
        name = "consent_withdraw" if said else "consent_add"
        return [
            Button(verb, reverse(f"radius:{name}", args=[pk]), "file-check", permission=CONSENT, modal=True),
            Button(
                "Count Again",
                reverse("radius:month_recount", args=[pk]),
                "refresh",
                permission=EDIT,
                modal=True,
            ),
        ]


def instance(_: Any) -> DataSettings:
    """The row the tab edits, whatever the page is about."""
    return DataSettings.get()


def save(form: Any, _: Any, actor: User) -> None:
    """Store the tab and record what it changed."""
    old = DataSettings.get()
    names = [name for name in form.changed_data if name != "seen"]
    changed = events.changes(
        {name: getattr(old, name) for name in names}, {name: form.cleaned_data[name] for name in names}
    )
    form.save()
    if changed:
        events.record("data_settings.edited", form.instance, actor=actor, at=clock.now(), changes=changed)


SETTINGS = Tab("data", "Data", DataSettingsForm, weight=130, instance=instance, save=save)
