"""The profile, its edit dialog and its timeline."""

from dataclasses import replace
from functools import cached_property
from typing import Any

import django_tables2 as tables
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html_join

from customers.accounts import editing, gates, listing, onboarding
from customers.accounts.models import Customer, Gate, GateKind
from customers.accounts.views import FILLS, unchecked
from customers.profile import banners, timeline
from customers.profile.forms import (
    AccountEditForm,
    AddressEditForm,
    CancellationForm,
    ContactsForm,
    LoginForm,
    MasterForm,
)
from customers.protection import visits
from customers.relations import linking, paying
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Tabs
from ispbilling.core.models import Event, User
from ispbilling.core.parts import Button, Tab
from ispbilling.core.tables import DateTimeColumn, Table, url_or_none
from ispbilling.core.views import DetailPage, EditPage, ListPage, scoped


def button(
    customer: Customer, label: str, name: str, icon: str, permission: str, look: str = "secondary"
) -> Button:
    """A verb on the customer, as a dialog."""
    url = reverse(f"customers:{name}", args=[customer.pk])
    return Button(label, url, icon, look, permission, modal=True)


class CustomerDetail(DetailPage):
    """The profile (PRO-1..PRO-5, PRO-15): higher apps register their widgets under this page's URL name."""

    permission = "customers.view"
    template_name = "customers/profile.html"

    @cached_property
    def now(self) -> Any:
        return clock.now()

    def get_queryset(self) -> Any:
        return (
            listing.with_row(Customer.objects.all(), self.now)
            .defer(None)
            .select_related("group", "billing_group", "high_site", "master", "reseller")
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().get(request, *args, **kwargs)
        visits.note(self.object, self.actor, self.now)
        return response

    def heading(self) -> str:
        return str(self.object.name)

    def crumbs(self) -> Any:
        return (("Customers", reverse("customers:customer_list")),)

    @cached_property
    def standing(self) -> dict[str, Gate]:
        """The gates that are closed or about to close, by kind."""
        return {gate.kind: gate for gate in self.object.gates.standing().select_related("closed_by")}

    def context(self, **extra: Any) -> dict[str, Any]:
        customer = self.object
        summary = {
            "state": self.state(),
            "balance": listing.balance(customer),
            "payer": paying.payer(customer),
        }
        return super().context(**extra, summary=summary)

    def state(self) -> list[tuple[str, str]]:
        """Its state in one sentence with the reason, worst first, and in a word what else holds."""
        closed = [kind for kind, _ in listing.status(self.object)]
        sentence = gates.state_sentence(self.standing.values(), self.now)
        cancelling = not closed and GateKind.CANCELLED in self.standing
        worst = next((kind for kind in gates.WORST_FIRST if kind.label in closed), None)
        meaning = listing.MEANINGS[worst] if worst else "attention" if cancelling else "working"
        others = [word for word in closed if worst is None or word != worst.label]
        found = [(sentence, meaning)]
        if others:
            found.append((f"Also {', '.join(others).lower()}", "off"))
        if not self.object.group.enabled:
            found.append(("Group disabled", "stopped"))
        return found

    def banners(self) -> list[tuple[str, str]]:
        """What must be seen before anything else (PRO-4, USE-6)."""
        return banners.of(self.object, self.standing.values(), self.now)

    def buttons(self) -> list[Button]:
        found = [button(self.object, "Edit", "customer_edit", "pencil", "customers.edit", "primary")]
        if GateKind.DELETED in self.standing:
            return [
                *found,
                button(self.object, "Undelete", "customer_undelete", "restore", "customers.delete"),
                *person_buttons(self.object),
            ]
        # Disable and Enable are in the dialog that the list opens (D-12).
        verbs = life_buttons(self.object, set(self.standing))
        shown = (verb for verb in verbs if verb.label not in ("Disable", "Enable"))
        return [*found, *person_buttons(self.object), *shown]


def person_buttons(customer: Customer) -> list[Button]:
    """What concerns the person behind the account (PRO-3); the pages are of higher apps, shown where they are."""
    found = [button(customer, "Verify Customer ID", "customer_verify", "id-badge", "customers.verify")]
    if there := url_or_none("protection:subject", customer.pk):
        found.append(Button("Data Protection", there, "shield-lock", permission="customers.protection"))
    return found


def life_buttons(customer: Customer, standing: set[str]) -> list[Button]:
    """The verbs that open and close its gates; of each pair the one that applies."""

    def of(label: str, name: str, icon: str, permission: str, look: str = "secondary") -> Button:
        return button(customer, label, name, icon, permission, look)

    suspended, disabled = GateKind.SUSPENDED in standing, GateKind.DISABLED in standing
    cancelled = GateKind.CANCELLED in standing
    return [
        of("Password Reset", "customer_password_reset", "mail-forward", "customers.password"),
        of("Un-suspend", "customer_unsuspend", "player-play", "customers.suspend")
        if suspended
        else of("Suspend Now", "customer_suspend", "player-pause", "customers.suspend"),
        of("Enable", "customer_enable", "plug-connected", "customers.disable")
        if disabled
        else of("Disable", "customer_disable", "plug-connected-x", "customers.disable"),
        of("Clear Cancellation", "customer_cancel_clear", "calendar-check", "customers.suspend")
        if cancelled
        else of("Cancel Service", "customer_cancel", "calendar-x", "customers.suspend"),
        of("Delete", "customer_delete", "trash", "customers.delete", "danger"),
    ]


class CustomerEdit(EditPage):
    """The edit dialog: nothing is stored until Save Changes (NAV-10); other parts register further tabs.

    In the order of the guide: Billing (50) and the accounting system (60) come before Cancellation.
    """

    queryset = Customer.objects.select_related("group", "master", "reseller")
    permission = "customers.edit"
    tabs = (
        Tab("account", "Account Detail", AccountEditForm, weight=10, instance=AccountEditForm.of),
        Tab("address", "Address Detail", AddressEditForm, weight=20, instance=AddressEditForm.of),
        Tab("contacts", "Contacts", ContactsForm, weight=30, instance=ContactsForm.of),
        Tab("login", "Portal Login", LoginForm, "customers.password", 40, instance=LoginForm.of),
        Tab(
            "cancellation",
            "Cancellation",
            CancellationForm,
            "customers.suspend",
            weight=70,
            instance=CancellationForm.of,
        ),
        Tab("master", "Master", MasterForm, weight=80, instance=MasterForm.of),
    )

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = f"Edit Customer #{self.object.pk} - {self.object.name}"
        return super().context(**extra)

    def buttons(self) -> list[Button]:
        """EDT-20; Disable and Enable only where the dialog was opened from the list (D-12)."""
        standing = set(self.object.gates.standing().values_list("kind", flat=True))
        wanted = {"Password Reset", "Delete"}
        if self.request.GET.get("from") == "list":
            wanted |= {"Disable", "Enable"}
        if GateKind.DELETED in standing:
            return [button(self.object, "Undelete", "customer_undelete", "restore", "customers.delete")]
        return [b for b in life_buttons(self.object, standing) if b.label in wanted]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """It shows what the profile shows, so opening it from the list is written down, too."""
        response = super().get(request, *args, **kwargs)
        visits.note(self.object, self.actor, clock.now())
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Buttons inside the form only fill in fields; Save Changes decides (NAV-10, ACC-11)."""
        for name, fill in (FILLS | EDIT_FILLS).items():
            if name in request.POST:
                self.object = self.find()
                return self.show(fill(self))
        return super().post(request, *args, **kwargs)

    def act(self, obj: Customer, form: Any, actor: User) -> Customer:
        now, account, contacts = clock.now(), form["account"], form["contacts"]
        values = account.columns() | form["address"].columns()
        try:
            customer = editing.edit(
                obj,
                values,
                now,
                actor=actor,
                contacts=self.contacts(account, contacts),
                seen=account.cleaned_data["seen"],
            )
        except editing.ChangedMeanwhile:
            account.refresh()
            contacts.refresh()
            raise
        if "login" in form.forms:
            self.store_login(customer, form["login"], now, actor)
        if "cancellation" in form.forms and form["cancellation"].has_changed():
            self.store_cancellation(customer, form["cancellation"].cleaned_data, now, actor)
        linking.link(customer, form["master"].links(), now, actor=actor)
        return customer

    def contacts(self, account: Any, contacts: Any) -> list[editing.ContactValues] | None:
        """The contacts; mobile and e-mail of the first tab are those of who was the primary contact so far."""
        own = {
            name: account.cleaned_data[name] for name in ("mobile", "email") if name in account.changed_data
        }
        if not own and not contacts.has_changed():
            return None
        values = contacts.contacts()
        shown = next((v for v in values if v.pk is not None and v.pk == account.initial["contact"]), None)
        return [
            self.with_own(v, own, account) if v is shown or (v.primary and not shown) else v for v in values
        ]

    def with_own(self, primary: editing.ContactValues, own: dict[str, str], account: Any) -> Any:
        """The primary contact as the first tab has it. Raises DomainError where both tabs were changed apart."""
        for name, value in own.items():
            here = getattr(primary, name)
            if here not in (value, account.initial[name]):
                label = account.fields[name].label
                raise DomainError(
                    f"{label} of the primary contact differ on Account Detail and on Contacts: "
                    "make them the same, so that nothing you typed is lost."
                )
        return replace(primary, **own)

    def store_login(self, customer: Customer, form: Any, now: Any, actor: User) -> None:
        values, login = form.cleaned_data, form.initial["login"]
        if login is None:
            if not form.has_changed():
                return
            contact = customer.contacts.filter(primary=True).first()
            email = contact.email if contact else ""
            login = onboarding.open_login(customer, values["username"], email, now, actor=actor)
        editing.rename_login(login, values["username"], now, actor=actor)
        if values["change_password"]:
            editing.set_password(login, values["password1"], now, actor=actor)

    def store_cancellation(self, customer: Customer, values: dict[str, Any], now: Any, actor: User) -> None:
        if values["last_day"] is None:
            gates.open_(customer, GateKind.CANCELLED, now, actor=actor)
        else:
            gates.refuse_taken_over(customer, GateKind.CANCELLED)
            gates.cancel(customer, values["last_day"], now, actor=actor, reason=values["reason"])


def with_another_contact(page: Any) -> Tabs:
    """The form as typed so far with an empty row more; how Add works without JavaScript."""
    data = page.request.POST.copy()
    data["contacts-TOTAL_FORMS"] = str(len(page.form()["contacts"].rows.forms) + 1)
    return unchecked(page, data, tab="contacts")


def with_stored_contacts(page: Any) -> Tabs:
    """The form as typed so far, the contacts as they are stored now."""
    data = page.request.POST.copy()
    for name in [name for name in data if name.startswith("contacts-")]:
        del data[name]
    return unchecked(page, data, tab="contacts")


def without_cancellation(page: Any) -> Tabs:
    """The form as typed so far without a cancellation date; Save Changes then clears it (EDT-15)."""
    data = page.request.POST.copy()
    data["last_day"] = data["reason"] = ""
    return unchecked(page, data, tab="cancellation")


EDIT_FILLS = {
    "add_contact": with_another_contact,
    "refresh_contacts": with_stored_contacts,
    "clear_cancellation": without_cancellation,
}


class TimelineTable(Table):
    at = DateTimeColumn(verbose_name="When", orderable=False)
    kind = tables.Column(verbose_name="What", orderable=False)
    label = tables.Column(verbose_name="To what", orderable=False, empty_values=())
    data = tables.Column(verbose_name="Details", orderable=False, empty_values=())
    actor = tables.Column(verbose_name="By", orderable=False, default="System")
    fixed_columns = ()

    class Meta(Table.Meta):
        model = Event
        fields = ()

    def render_kind(self, record: Event) -> str:
        return timeline.what(record)

    def render_label(self, record: Event) -> str:
        return timeline.subject(record)

    def render_data(self, record: Event) -> Any:
        return format_html_join("", "<div>{}</div>", ((line,) for line in timeline.details(record)))

    def value_data(self, record: Event) -> str:
        return "; ".join(timeline.details(record))


class CustomerTimeline(ListPage):
    """Everything that happened to a customer, newest first."""

    table_class = TimelineTable
    permission = "customers.view"
    search_fields = ("kind", "label")
    search_help = "What happened"
    empty_title = "Nothing has happened yet"

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"Timeline of {self.customer}"

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get_queryset(self) -> Any:
        return timeline.events_of(self.customer).select_related("actor")
