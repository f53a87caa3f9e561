"""The customer list, adding a customer, and what happens to the members of a group."""

from functools import cached_property
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from customers.accounts import editing, finding, listing, numbering, regroup
from customers.accounts.filters import CustomerFilter
from customers.accounts.forms import AccountForm, AddressForm, NewLoginForm, located
from customers.accounts.models import Customer, CustomerType
from customers.accounts.onboarding import NewCustomer, add_customer
from customers.accounts.tables import CustomerTable
from groups.models import CustomerGroup
from ispbilling.core import clock
from ispbilling.core.forms import Form, NoFields, Tabs
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.views import ActionPage, AddPage, FormPage, ListPage


class CustomerList(ListPage):
    table_class = CustomerTable
    filterset_class = CustomerFilter
    permission = "customers.view"
    title = "Customers"
    search_fields = ("code", "name")  # how they are searched: accounts.finding
    search_help = "Code, name, number or e-mail"
    rows = 15
    keys_first = True
    confidential = "the names, addresses, telephone numbers, e-mail addresses and balances of customers"
    add_url_name, add_permission, add_label = "customers:customer_add", "customers.add", "Add Customer"
    empty_title = "No customers yet"
    empty_icon = "users"

    @cached_property
    def now(self) -> Any:
        return clock.now()

    @cached_property
    def states(self) -> tuple[State, ...]:  # type: ignore[override]
        return listing.states(self.now)

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        if CustomerGroup.objects.live().exists():
            return "People and companies who buy from you; each belongs to a customer group."
        return "Every customer belongs to a customer group, so a group comes first."

    def get_queryset(self) -> Any:
        return listing.with_row(Customer.objects.all(), self.now)

    def beginning(self, rows: Any) -> Any:
        """Sorted by balance, the first pages come from the index on it."""
        sort = self.request.GET.getlist("sort")
        if len(sort) != 1 or sort[0].lstrip("-") != "balance":
            return None
        return listing.ends_of_balance(rows, descending=sort[0].startswith("-"))

    def search(self, rows: Any, text: str) -> Any:
        """The address is searched only while its column is shown (LST-4)."""
        if not hasattr(self, "_found"):  # asked again for the count of what the state hides
            self._found = finding.keys(text, addresses="physical_address" in self.shown_columns())
        return finding.among(rows, self._found)


class CustomerAdd(AddPage):
    """Add a customer (ADD-2..ADD-10). Without a customer group it sends there first (GRP-1)."""

    model = Customer
    permission = "customers.add"
    title = "Add Customer"
    submit_label = "Add Customer"
    tabs = (
        Tab("account", "Account Detail", AccountForm),
        Tab("address", "Address Detail", AddressForm),
        Tab("login", "Portal Login", NewLoginForm),
    )
    success_url_name = "customers:customer_list"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not CustomerGroup.objects.live().exists():
            button = Button(
                "Add Group",
                reverse("groups:group_add") + f"?next={request.path}",
                "plus",
                "primary",
                "groups.add",
            )
            return self.answer(
                "customers/no_group.html", add_group=next(iter(self.permitted([button])), None)
            )
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        for name, fill in FILLS.items():
            if name in request.POST:
                self.object = self.find()
                return self.show(fill(self))
        return super().post(request, *args, **kwargs)

    def act(self, obj: Any, form: Any, actor: User) -> Customer:
        account = form["account"]
        known = NewCustomer.__dataclass_fields__
        typed = {k: v for k, v in form.cleaned_data.items() if k in known and v is not None}
        values = typed | form["address"].columns()
        new = NewCustomer(**values | {"name": account.name, "generated": account.generated})
        self.asked_code, now = new.code, clock.now()
        customer = add_customer(new, now, actor=actor)
        if form.cleaned_data["change_password"]:
            login = customer.portal_logins.get()
            editing.set_password(login, form.cleaned_data["password1"], now, actor=actor)
        return customer

    def done(self, obj: Any, result: Any) -> str:
        other = self.asked_code and self.asked_code != result.code
        taken = (
            f" {self.asked_code} was taken meanwhile, so the account code is {result.code}." if other else ""
        )
        return f"{result} is added.{taken}"

    def success_url(self, obj: Any, result: Any) -> str:
        return str(result.get_absolute_url())

    def came_from(self) -> str:
        return ""  # after adding, the new customer's profile is where the work goes on


def with_generated_code(page: FormPage) -> Tabs:
    """The form as typed so far with the next code filled in; nothing is checked yet but the name."""
    data = page.request.POST.copy()
    company = data.get("type") == CustomerType.COMPANY
    proposal = numbering.propose(data.get("company_name" if company else "contact_name", ""), company=company)
    if proposal.code:
        data["code"] = data["generated"] = proposal.code
    form = unchecked(page, data)
    if proposal.problem:
        form["account"].add_error("code", proposal.problem)
    elif proposal.hint:
        form["account"].fields["code"].help_text = proposal.hint
    return form


def with_position(page: FormPage) -> Tabs:
    """The form as typed so far with the position of its address; how Show on Map works without JavaScript."""
    data, note = located(page.request.POST, clock.now())
    form = unchecked(page, data, tab="address")
    form["address"].note = note
    return form


def unchecked(page: FormPage, data: Any, tab: str = "") -> Tabs:
    """The form filled with the data and not checked: a button other than Save was pressed on that tab."""
    page.request.POST = data
    if tab:
        page.request.GET = page.request.GET.copy()
        page.request.GET["tab"] = tab
    form = page.form()
    for _, part in form:
        part._errors, part.cleaned_data = ErrorDict(), {}
    return form


#: The buttons inside the form of a customer, by the name they send.
FILLS = {"generate": with_generated_code, "locate": with_position}


class GroupAct(ActionPage):
    """What the acts on a customer group share."""

    queryset = CustomerGroup.objects.live()
    success_url_name = "groups:group_list"


class TargetForm(Form):
    """The group that takes the members."""

    target = forms.ModelChoiceField(
        CustomerGroup.objects.none(), label="Move the customers to", empty_label=None
    )

    def __init__(
        self, *args: Any, group: CustomerGroup, picked: CustomerGroup | None, dialog: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].queryset = regroup.targets(group)
        self.fields["target"].initial = picked
        # Another choice, other differences: the page is asked for again, as a page or as the dialog it is.
        whole_page = {"hx-target": "#main", "hx-select": "#main", "hx-swap": "outerHTML"}
        self.fields["target"].widget.attrs |= {
            "hx-get": reverse("customers:group_delete", args=[group.pk]),
            "hx-trigger": "change",
            **({"hx-target": "#dialog-content"} if dialog else whole_page),
        }


class GroupDelete(GroupAct):
    """Delete a group; its members move to another (GRP-13, D-1)."""

    permission = "groups.delete"
    title = "Delete Group"
    submit_label = "Delete Group"
    danger = True
    form_class = TargetForm

    def form_kwargs(self) -> dict[str, Any]:
        return {
            "group": self.object,
            "picked": self.picked(),
            "dialog": self.partial == "dialog-content",
        }

    def picked(self) -> CustomerGroup | None:
        """The group chosen so far, else the first listed one (D-1)."""
        targets = regroup.targets(self.object)
        asked = self.request.POST.get("target") or self.request.GET.get("target") or ""
        return (
            targets.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
        ) or targets.first()

    def obstacles(self, obj: CustomerGroup) -> list[str]:
        if regroup.targets(obj).exists():
            return []
        return ["This is the last group, and every customer needs one: add another group first."]

    def consequences(self, obj: CustomerGroup) -> list[str]:
        count = obj.customers.count()
        deleted = Customer.objects.deleted(clock.now()).filter(group=obj).count()
        target = self.picked()
        lines = [
            f"{count:,} customer{' moves' if count == 1 else 's move'} to {target}, or to the group you pick."
        ]
        lines += [
            f"{d.setting[:1].upper()}{d.setting[1:]} changes from {d.here} to {d.there} for them in {target}."
            for d in regroup.differences(obj, target)
        ] or [f"{target} has the same settings."]
        if deleted:
            lines.insert(
                1, f"{deleted} of them {'is' if deleted == 1 else 'are'} deleted and not in the list."
            )
        return [*lines, "Nobody is notified. Undo brings the group and its customers back."]

    def act(self, obj: CustomerGroup, form: Any, actor: User) -> int:
        return regroup.delete_group(obj, form.cleaned_data["target"], clock.now(), actor=actor)

    def done(self, obj: CustomerGroup, result: int) -> str:
        return f"{obj} is deleted; {result} customer{'' if result == 1 else 's'} moved."

    def undo_url(self, obj: CustomerGroup, result: int) -> str:
        return reverse("customers:group_restore", args=[obj.pk])


class GroupRestore(GroupAct):
    """Undo of a deletion (D-1)."""

    queryset = CustomerGroup.objects.filter(deleted_at__isnull=False)
    permission = "groups.delete"
    title = "Restore Group"
    submit_label = "Restore Group"

    def consequences(self, obj: CustomerGroup) -> list[str]:
        return ["The group comes back with those customers that have not been moved elsewhere since."]

    def act(self, obj: CustomerGroup, form: Any, actor: User) -> int:
        return regroup.restore_group(obj, clock.now(), actor=actor)

    def done(self, obj: CustomerGroup, result: int) -> str:
        return f"{obj} is back, with {result} customer{'' if result == 1 else 's'}."


class GroupDisable(GroupAct):
    """Close the group's gate (GRP-16, D-2)."""

    permission = "groups.edit"
    title = "Disable Group"
    submit_label = "Disable Group"
    danger = True

    def consequences(self, obj: CustomerGroup) -> list[str]:
        count = Customer.objects.not_deleted(clock.now()).filter(group=obj).count()
        return [
            f"No data account of its {count:,} customer{'' if count == 1 else 's'} can authenticate.",
            "Who is online is disconnected.",
            "Billing does not stop, and nobody is notified.",
        ]

    def act(self, obj: CustomerGroup, form: Any, actor: User) -> None:
        regroup.disable_group(obj, clock.now(), actor=actor)

    def done(self, obj: CustomerGroup, result: Any) -> str:
        return f"{obj} is disabled."

    def undo_url(self, obj: CustomerGroup, result: Any) -> str:
        return reverse("customers:group_reopen", args=[obj.pk])


class MembersTooForm(Form):
    members_too = forms.BooleanField(
        label="Also enable the customers that were disabled one by one", required=False, initial=True
    )


class GroupEnable(GroupAct):
    """Open the group's gate and, unless told otherwise, its disabled members' (GRP-15, D-2)."""

    permission = "groups.edit"
    title = "Enable Group"
    submit_label = "Enable Group"
    form_class: Any = MembersTooForm

    def own_tabs(self) -> list[Tab]:
        """The tick-box only where it would do something."""
        if not regroup.disabled_members(self.object, clock.now()).exists():
            return [Tab("main", self.title, NoFields)]
        return super().own_tabs()

    def consequences(self, obj: CustomerGroup) -> list[str]:
        now = clock.now()
        count = Customer.objects.not_deleted(now).filter(group=obj).count()
        disabled = regroup.disabled_members(obj, now).count()
        one_by_one = f"{disabled:,} of them {'was' if disabled == 1 else 'were'} disabled one by one"
        return [
            f"The data accounts of its {count:,} customer{'' if count == 1 else 's'} can authenticate again.",
            *([f"{one_by_one}; the tick decides."] if disabled else []),
            "Suspended and cancelled customers and blocked packages stay as they are.",
        ]

    def act(self, obj: CustomerGroup, form: Any, actor: User) -> int:
        members_too = form.cleaned_data.get("members_too", False)
        return regroup.enable_group(obj, clock.now(), actor=actor, members_too=members_too)

    def done(self, obj: CustomerGroup, result: int) -> str:
        return f"{obj} is enabled" + (f", and {result} of its customers." if result else ".")


class GroupReopen(GroupEnable):
    """Undo of disabling: only the group's own gate opens, members stay as they were."""

    form_class = None

    def consequences(self, obj: CustomerGroup) -> list[str]:
        return super().consequences(obj)[:1]

    def act(self, obj: CustomerGroup, form: Any, actor: User) -> int:
        return regroup.enable_group(obj, clock.now(), actor=actor, members_too=False)
