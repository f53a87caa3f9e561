"""The tabs of the edit dialog (EDT-1..EDT-20) and the small forms of the acts."""

from typing import Any

from crispy_forms.layout import Div, Layout
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from customers.accounts import positions
from customers.accounts.editing import ContactValues, mentions, sight
from customers.accounts.forms import (
    AccountForm,
    AddressForm,
    Fragment,
    PasswordByHand,
    emails_field,
    mobiles_field,
)
from customers.accounts.models import Contact, Customer, CustomerType, GateKind
from customers.relations.forms import CustomerField
from customers.relations.linking import COLUMNS, Links
from ispbilling.core import clock
from ispbilling.core.forms import DateInput, Form
from ispbilling.core.models import User


def masked(secret: str) -> str:
    """The last three characters behind dots; short ones wholly hidden."""
    return "•" * max(len(secret) - 3, 3) + (secret[-3:] if len(secret) > 5 else "") if secret else ""


class AccountEditForm(AccountForm):
    """Account Detail of a customer that exists; an empty ID number keeps the stored one."""

    seen = forms.CharField(widget=forms.HiddenInput)
    recode = forms.BooleanField(label="Yes, change the account code", required=False)
    forget_id_number = forms.BooleanField(label="Remove the stored ID number", required=False)
    discount = forms.DecimalField(
        label="Standard discount (%)", min_value=0, max_value=100, max_digits=5, decimal_places=2, required=False,
        help_text="Empty: that of the billing settings",
    )  # fmt: skip

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        self.customer = initial["customer"]
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["code"].required = True
        self.fields["code"].widget.alone = False
        self.fields["code"].help_text = "Stays when the name or the type changes"
        typed = self.data.get("code", self.customer.code).strip().upper()
        if typed in ("", self.customer.code):
            del self.fields["recode"]
        self.fields["email"].required = bool(initial["email"])
        stored = masked(self.customer.id_number)
        if stored:
            self.fields["id_number"].help_text = f"Stored: {stored}. Empty: it stays"
        else:
            del self.fields["forget_id_number"]

    def cell(self, name: str) -> Div:
        """The question whether to change the code comes with what carries the old one."""
        if name != "recode":
            return super().cell(name)
        return Div(Fragment("customers/_recode.html"), "recode", css_class="col-12 recode", role="group")

    @property
    def needs_number(self) -> bool:
        """A number that is not known is not asked for again when something else is edited."""
        return bool(self.initial["phone"] or self.initial["mobile"])

    @property
    def mentions(self) -> list[str]:
        return mentions(self.customer)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "recode" in self.fields and cleaned.get("code") and not cleaned.get("recode"):
            self.add_error("recode", f"Tick to change {self.customer.code} to {cleaned['code']}.")
        return cleaned

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        contact = customer.contacts.filter(primary=True).first()
        company = customer.type == CustomerType.COMPANY
        return {
            "customer": customer,
            "contact": contact.pk if contact else None,
            "seen": sight(customer),
            "group": customer.group_id,
            "billing_group": customer.billing_group_id,
            "type": customer.type,
            "company_name": customer.name if company else "",
            "contact_name": customer.contact_name or ("" if company else customer.name),
            "code": customer.code,
            "phone": customer.phone,
            "mobile": "\n".join(contact.mobiles) if contact else "",
            "email": "\n".join(contact.emails) if contact else "",
            "vat_number": customer.vat_number,
            "vip": customer.vip,
            "discount": customer.discount,
            "categories": list(customer.categories.values_list("pk", flat=True)),
            "labels": list(customer.labels.values_list("pk", flat=True)),
            "high_site": customer.high_site_id,
        }

    def columns(self) -> dict[str, Any]:
        """The columns to store."""
        apart = {"seen", "company_name", "mobile", "email", "id_number", "forget_id_number", "recode"}
        values = {name: value for name, value in self.cleaned_data.items() if name not in apart}
        if self.cleaned_data["id_number"]:
            values["id_number"] = self.cleaned_data["id_number"]
        elif self.cleaned_data.get("forget_id_number"):
            values["id_number"] = ""
        if values["type"] == CustomerType.INDIVIDUAL and not self.customer.contact_name:
            values["contact_name"] = ""  # the name says it already
        return values | {"name": self.name}

    def refresh(self) -> None:
        """After a clash: saving again means "keep what I see here"."""
        self.data = self.data.copy()
        self.data["seen"] = sight(self.customer)


class AddressEditForm(AddressForm):
    """Address Detail of a customer that exists."""

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        return {
            "physical_address": customer.physical_address,
            "postal_address": customer.postal_address,
            "gps": positions.show(customer.latitude, customer.longitude),
            "known": _known(customer),
        }


def _known(customer: Customer) -> str:
    """How the stored position came to be known, when and by whom."""
    if not customer.position_source:
        return ""
    how = f"The stored position: {customer.get_position_source_display()}"
    near = f" ({customer.get_position_accuracy_display().lower()})" if customer.position_accuracy else ""
    by = f" by {customer.position_set_by}" if customer.position_set_by else ""
    on = f" on {clock.local_day(customer.position_set_at)}" if customer.position_set_at else ""
    return f"{how}{near}{by}{on}."


class PrimaryInput(forms.CheckboxInput):
    """One choice over all rows: the radio buttons share a name and carry the number of their row."""

    input_type = "radio"
    template_name = "django/forms/widgets/input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        prefix, number, _ = name.split("-")
        context["widget"] |= {"name": f"{prefix}-primary", "value": number}
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> bool:
        prefix, number, _ = name.split("-")
        return bool(data.get(f"{prefix}-primary") == number)


class ContactRow(forms.Form):
    pk = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="Contact name", max_length=160)
    email = emails_field()
    mobile = mobiles_field(label="Mobile no")
    primary = forms.BooleanField(widget=PrimaryInput, required=False)

    def has_changed(self) -> bool:
        """A row in which only the choice of the primary was made is still an empty one."""
        return any(name not in ("primary", "DELETE") for name in self.changed_data)


ContactRows = forms.formset_factory(ContactRow, extra=0, can_delete=True, max_num=50)


class ContactsForm(Form):
    """Contacts: any number, exactly one primary; stored with the rest on Save Changes (EDT-8, EDT-9)."""

    layout = Layout(Fragment("customers/_contacts.html"))
    #: With more rows than this there is a box to search them.
    few = 6

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial=initial, **kwargs)
        data = self.data if self.is_bound and "contacts-TOTAL_FORMS" in self.data else None
        self.rows = ContactRows(data, initial=initial["contacts"], prefix="contacts")

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""

        def row(contact: Contact) -> dict[str, Any]:
            reached = {"email": "\n".join(contact.emails), "mobile": "\n".join(contact.mobiles)}
            return {"pk": contact.pk, "name": contact.name, "primary": contact.primary, **reached}

        return {"contacts": [row(contact) for contact in customer.contacts.all()]}

    @property
    def changed_data(self) -> list[str]:
        """Compared by contact, not by row: a colleague may have added or removed some since."""
        if not self.rows.is_valid():
            return ["contacts"]
        stored = {row["pk"]: ContactValues(**row) for row in self.initial["contacts"]}
        return [] if {contact.pk: contact for contact in self.contacts()} == stored else ["contacts"]

    def clean(self) -> dict[str, Any]:
        if not self.rows.is_valid():
            raise ValidationError("A contact is not complete: see the marked fields.")
        if sum(contact.primary for contact in self.contacts()) != 1:
            raise ValidationError("Exactly one contact is the primary contact; choose which.")
        return {}

    def contacts(self) -> list[ContactValues]:
        """The contacts that stay, in order."""
        wanted = [row.cleaned_data for row in self.rows.forms if row.cleaned_data.get("name")]
        names = ("pk", "name", "email", "mobile", "primary")
        return [
            ContactValues(**{name: row.get(name) for name in names})
            for row in wanted
            if not row.get("DELETE")
        ]

    def refresh(self) -> None:
        """After a clash: contacts that a colleague added join the rows, so that saving again keeps them."""
        data = self.data.copy()
        total = int(data["contacts-TOTAL_FORMS"])
        known = {data.get(f"contacts-{number}-pk") for number in range(total)}
        for row in self.initial["contacts"]:
            if str(row["pk"]) not in known:
                for name in ("pk", "name", "email", "mobile"):
                    data[f"contacts-{total}-{name}"] = str(row[name])
                total += 1
        data["contacts-TOTAL_FORMS"] = str(total)
        self.data, self.rows = data, ContactRows(data, initial=self.initial["contacts"], prefix="contacts")


class LoginForm(PasswordByHand):
    """Portal Login (EDT-10, EDT-11): the username, and a password set by hand."""

    username = forms.CharField(
        label="Client portal username", max_length=150, validators=[UnicodeUsernameValidator()]
    )
    change_password = forms.BooleanField(
        required=False, help_text="Better: send a Password Reset, so that only the customer knows it"
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        login = customer.portal_logins.select_related("user").first()
        return {"login": login, "username": login.user.username if login else customer.code.replace("/", "-")}

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        login = self.initial["login"]
        others = User.objects.exclude(pk=login.user_id if login else None)
        if others.filter(username__iexact=username).exists():
            raise ValidationError("This username is in use; choose another.")
        return username

    def user(self) -> User:
        login = self.initial["login"]
        return login.user if login else User(username=self.cleaned_data.get("username", ""))


def clean_last_day(day: Any) -> Any:
    """Today or later: the service of a past day was used and billed."""
    if day is not None and day < clock.local_day(clock.now()):
        raise ValidationError("The cancellation date has passed; pick today or a later day.")
    return day


class CancellationForm(Form):
    """Cancellation (EDT-15..EDT-18)."""

    last_day = forms.DateField(
        label="Account cancellation date",
        required=False,
        widget=DateInput,
        help_text="The last day of service. Empty it to clear the cancellation",
    )
    reason = forms.CharField(label="Reason for cancellation", max_length=300, required=False)
    layout = Layout(
        "last_day",
        Fragment("customers/_clear_cancellation.html"),
        "reason",
        Fragment("customers/_suspension.html"),
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        standing = {gate.kind: gate for gate in customer.gates.standing()}
        cancelled = standing.get(GateKind.CANCELLED)
        return {
            "customer": customer,
            "suspended": standing.get(GateKind.SUSPENDED),
            "last_day": cancelled.last_day if cancelled else None,
            "reason": cancelled.reason if cancelled else "",
        }

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        return day if day == self.initial["last_day"] else clean_last_day(day)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day = cleaned.get("last_day")
        if day and day != self.initial["last_day"] and not (cleaned.get("reason") or "").strip():
            self.add_error("reason", "Say why the customer leaves: it stays on the timeline.")
        return cleaned


class MasterForm(Form):
    """Master: sub-accounts and resellers (EDT-19); who pays for whom is `relations.paying`."""

    is_master = forms.BooleanField(
        label="Is master account", required=False, help_text="On: sub-accounts can be linked to it"
    )
    master = CustomerField(
        label="Sub-account of", among="master", required=False, help_text="Code or name of a master account"
    )
    bill_all_to_master = forms.BooleanField(
        label="Bill all to master account",
        required=False,
        help_text="On a sub-account: its master is invoiced for it. On a master: for all its sub-accounts."
        " Invoices already issued stay as they are",
    )
    is_reseller = forms.BooleanField(
        label="Is reseller", required=False, help_text="On: customers can be linked to it"
    )
    reseller = CustomerField(
        label="Belongs to reseller", among="reseller", required=False, help_text="Code or name of a reseller"
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        links = Links.of(customer)
        return {name: getattr(links, name) for name in COLUMNS}

    def links(self) -> Links:
        return Links(**self.cleaned_data)


class ReasonForm(Form):
    reason = forms.CharField(max_length=300)


class OptionalReasonForm(Form):
    reason = forms.CharField(max_length=300, required=False)


class DeleteOwingForm(ReasonForm):
    """Delete although money is open: said twice, with the reason (D-14)."""

    despite_balance = forms.BooleanField(
        label="Delete although the balance is not R 0.00",
        help_text="It stays open in the ledger until somebody settles it",
    )


class CancelForm(Form):
    last_day = forms.DateField(label="Last day of service", widget=DateInput)
    reason = forms.CharField(label="Reason for cancellation", max_length=300)

    def clean_last_day(self) -> Any:
        return clean_last_day(self.cleaned_data["last_day"])
