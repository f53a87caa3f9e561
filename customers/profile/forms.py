"""The tabs of the edit dialog (EDT-1..EDT-20) and the small forms of the acts."""

from typing import Any

from crispy_forms.layout import HTML, Div, Layout
from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from customers.accounts import positions
from customers.accounts.editing import ContactValues, fingerprint, mentions
from customers.accounts.forms import AccountForm, AddressForm, PasswordByHand, emails_field, mobiles_field
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
        label="Standard discount (%)", min_value=0, max_value=100, max_digits=5, decimal_places=2
    )

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        self.customer = initial["customer"]
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["code"].required = True
        self.fields["code"].widget.alone = False
        self.fields["code"].help_text = "Stays when the name or the type changes"
        typed = self.data.get("code", self.customer.code).strip().upper()
        if typed in ("", self.customer.code):
            del self.fields["recode"]
        # A number that is not known is not asked for again when something else is edited.
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
        facts = format_html_join("", "<li>{}</li>", ((line,) for line in mentions(self.customer)))
        old = format_html("<strong>{} is a new account code.</strong>", self.data["code"].strip().upper())
        return Div(
            HTML(format_html("{}<ul>{}</ul>", old, facts)), "recode", css_class="col-12 recode", role="group"
        )

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
            "seen": fingerprint(customer),
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
        self.data["seen"] = fingerprint(self.customer)


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


class ContactRow(forms.Form):
    pk = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="Contact name", max_length=160)
    email = emails_field()
    mobile = mobiles_field(label="Mobile no")
    primary = forms.BooleanField(required=False)


ContactRows = forms.formset_factory(ContactRow, extra=1, can_delete=True, max_num=50)


class _Rows:
    """Draws the contacts of a ContactsForm inside its crispy layout."""

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        return render_to_string("customers/_contacts.html", {"rows": form.rows})


class ContactsForm(Form):
    """Contacts: any number, exactly one primary; stored with the rest on Save Changes (EDT-8, EDT-9)."""

    layout = Layout(_Rows())

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial=initial, **kwargs)
        data = self.data if self.is_bound else None
        self.rows = ContactRows(data, initial=initial["contacts"], prefix="contacts")

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        def row(contact: Contact) -> dict[str, Any]:
            reached = {"email": "\n".join(contact.emails), "mobile": "\n".join(contact.mobiles)}
            return {"pk": contact.pk, "name": contact.name, "primary": contact.primary, **reached}

        return {"contacts": [row(contact) for contact in customer.contacts.all()]}

    @property
    def changed_data(self) -> list[str]:
        return ["contacts"] if self.rows.has_changed() else []

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
        "reason",
        HTML(
            '<div class="alert alert-info"><ul class="mb-0">'
            "<li>Use the last day of a month as cancellation date.</li>"
            "<li>All data accounts stop after this date.</li>"
            "<li>Recurring billing entries after this date are not billed.</li>"
            "</ul></div>"
        ),
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        gate = customer.gates.standing().filter(kind=GateKind.CANCELLED).first()
        return (
            {"last_day": gate.last_day, "reason": gate.reason} if gate else {"last_day": None, "reason": ""}
        )

    def clean_last_day(self) -> Any:
        day = self.cleaned_data["last_day"]
        return day if day == self.initial["last_day"] else clean_last_day(day)


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
