"""The tabs that say who a customer is; adding and editing share them (EDT-2, EDT-3, ADD-10)."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crispy_forms.layout import Div, Layout
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.template.loader import render_to_string
from django.urls import reverse

from customers.accounts import codes, idnumbers, numbering, positions, reach
from customers.accounts.models import Customer, CustomerType
from customers.places import geocoding
from customers.places.models import Accuracy
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.forms import Form
from ispbilling.core.maps import look
from ispbilling.core.models import User


class Fragment:
    """A template inside a crispy layout; its context is the form."""

    def __init__(self, template: str) -> None:
        self.template = template

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        return render_to_string(self.template, {"form": form})


class CodeInput(forms.TextInput):
    """The account code with its Generate button; remembers which code was generated."""

    template_name = "customers/code_input.html"
    generated = ""
    #: Whether Generate replaces only this field: on a page of its own; a dialog is drawn again as a whole.
    alone = True

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        hidden = forms.HiddenInput().get_context("generated", self.generated, {})
        return {**super().get_context(name, value, attrs), "generated": hidden["widget"], "alone": self.alone}


class Several(forms.CharField):
    """E-mail addresses or numbers of one contact, one per line or separated by commas; each is checked."""

    def __init__(self, *, check: Callable[[str], None], kind: str, **kwargs: Any) -> None:
        box = forms.Textarea({"rows": 1, "class": "several", "inputmode": kind, "autocomplete": "off"})
        super().__init__(**{"widget": box, "required": False, "max_length": 1000, **kwargs})
        self.check = check

    def clean(self, value: Any) -> str:
        entries = reach.split(super().clean(value))
        if self.required and not entries:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(entries) > reach.MOST:
            raise ValidationError(f"At most {reach.MOST} are kept here; add a contact for the others.")
        for entry in entries:
            self.check(entry)
        return "\n".join(entries)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return reach.split(initial or "") != reach.split(data or "")


def check_email(entry: str) -> None:
    """Raises ValidationError naming the entry that is no address."""
    try:
        EmailValidator()(entry)
    except ValidationError:
        raise ValidationError(f"“{entry}” is not an e-mail address.") from None
    if len(entry) > 254:
        raise ValidationError("An e-mail address has at most 254 characters.")


def check_number(entry: str) -> None:
    """Raises ValidationError naming the entry that cannot be dialled."""
    if len(entry) > 40 or sum(map(str.isdigit, entry)) < 5:
        raise ValidationError(f"“{entry[:40]}” is not a telephone number.")


def emails_field(**kwargs: Any) -> Several:
    return Several(check=check_email, kind="email", **kwargs)


def mobiles_field(**kwargs: Any) -> Several:
    return Several(check=check_number, kind="tel", **kwargs)


#: What the hints beside the fields are worked out from.
ASKED_WITH = "type,company_name,contact_name,phone,mobile,email,id_number,customer"


class AccountForm(Form):
    """Account Detail. A person is called by its contact name, a company by its company name."""

    group = forms.ModelChoiceField(CustomerGroup.objects.none(), label="Customer group", empty_label=None)
    billing_group = forms.ModelChoiceField(BillingGroup.objects.none(), required=False)
    type = forms.ChoiceField(label="Customer type", choices=CustomerType.choices)
    company_name = forms.CharField(max_length=160, required=False)
    contact_name = forms.CharField(max_length=160, help_text="First name and surname")
    code = forms.CharField(
        label="Accounting code",
        max_length=20,
        required=False,
        widget=CodeInput,
        help_text="Leave empty to have it generated",
    )
    phone = forms.CharField(
        label="Primary tel no", max_length=40, required=False, help_text="This or a mobile number is needed"
    )
    mobile = mobiles_field(
        label="Mobile no(s)", help_text="Several: one per line, or commas; SMS use the first"
    )
    email = emails_field(
        label="Email(s)",
        required=True,
        help_text="Several: one per line, or commas; the portal uses the first",
    )
    id_number = forms.CharField(
        label="Contact ID number", max_length=40, required=False, help_text="Or passport; stored encrypted"
    )
    vat_number = forms.CharField(label="VAT number", max_length=20, required=False)
    vip = forms.BooleanField(label="VIP customer", required=False)
    categories = forms.ModelMultipleChoiceField(Category.objects.none(), required=False)
    labels = forms.ModelMultipleChoiceField(Label.objects.none(), required=False)
    high_site = forms.ModelChoiceField(HighSite.objects.none(), required=False)

    field_order = (
        "group", "billing_group", "type", "company_name", "contact_name", "code", "recode", "phone", "mobile",
        "email", "id_number", "forget_id_number", "vat_number", "categories", "labels", "high_site", "discount",
        "vip",
    )  # fmt: skip
    #: The customer an edit is about; None when adding.
    customer: Customer | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = CustomerGroup.objects.live()
        if self.customer is not None:
            live = live | CustomerGroup.objects.filter(pk=self.customer.group_id)
        for name, rows in (
            ("group", live),
            ("billing_group", BillingGroup.objects.all()),
            ("categories", Category.objects.all()),
            ("labels", Label.objects.all()),
            ("high_site", HighSite.objects.all()),
        ):
            self.fields[name].queryset = rows
            if name != "group" and not rows.exists():
                del self.fields[name]  # nothing to pick from: not asked
        for name in {"categories", "labels"} & set(self.fields):
            self.fields[name].widget.attrs["data-placeholder"] = f"Select one or more {name}"
        self.fields["code"].widget.generated = self.data.get("generated", "")
        if self.customer is None:
            self._ask(
                "customers:code_hint",
                "#code-hint",
                "input changed delay:300ms",
                "contact_name",
                "company_name",
            )
            self._ask("customers:code_hint", "#code-hint", "change", "type")
        self._ask(
            "customers:duplicate_hint", "#duplicates", "change", "phone", "mobile", "email", "id_number"
        )

    def _ask(self, url_name: str, target: str, when: str, *names: str) -> None:
        """Have the page ask the server while these fields are filled in; without JavaScript it does not."""
        who = json.dumps({"customer": self.customer.pk}) if self.customer else "{}"
        for name in names:
            self.fields[name].widget.attrs |= {
                "hx-post": reverse(url_name),
                "hx-trigger": when,
                "hx-target": target,
                "hx-swap": "innerHTML",
                "hx-include": "closest form",
                "hx-params": ASKED_WITH,  # never the passwords of the other tab
                "hx-vals": who,
                "hx-sync": "this:replace",
            }

    @property
    def layout(self) -> Layout:
        """Two columns where there is room."""
        unseen = [name for name, field in self.fields.items() if field.widget.is_hidden]
        cells = [self.cell(name) for name in self.fields if name not in unseen]
        reached = list(filter(lambda name: name not in unseen, self.fields)).index("email") + 1
        cells.insert(reached, Fragment("customers/_duplicates.html"))
        return Layout(*unseen, Div(*cells, css_class="row"))

    def cell(self, name: str) -> Div:
        """Where a field stands; the company's name is asked of companies only, and of them always."""
        if name == "company_name":
            return Div(name, css_class="col-md-6 is-required", data_when="type=company")
        return Div(name, css_class="col-md-6")

    def clean_id_number(self) -> str:
        try:
            return idnumbers.tidy(self.cleaned_data["id_number"])
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_code(self) -> str:
        typed = self.cleaned_data["code"]
        if not typed.strip():
            return ""
        try:
            code = codes.tidy(typed)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if code != self.data.get("generated") and numbering.is_taken(code, by_other_than=self.customer):
            raise ValidationError(f"Another customer has, or once had, the account code {code}.")
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("type") == CustomerType.COMPANY and not cleaned.get("company_name"):
            self.add_error("company_name", "A company needs its name.")
        if self.needs_number and not cleaned.get("phone") and not cleaned.get("mobile"):
            self.add_error("phone", "Give a telephone or a mobile number.")
        return cleaned

    @property
    def needs_number(self) -> bool:
        """Whether somebody has to be reachable by telephone."""
        return True

    @property
    def generated(self) -> bool:
        """Whether the code is the one Generate showed."""
        return bool(self.cleaned_data["code"]) and self.cleaned_data["code"] == self.data.get("generated")

    @property
    def name(self) -> str:
        """What the customer is called."""
        company = self.cleaned_data["type"] == CustomerType.COMPANY
        return self.cleaned_data["company_name" if company else "contact_name"]


class _Place:
    """Show on Map, the map with its pin, and the position as text: each works without the others."""

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        return render_to_string("customers/_locate.html", place_context(form))


def place_context(form: "AddressForm") -> dict[str, Any]:
    """What the map and the position beside it need."""
    latitude, longitude = positions.parse(form["gps"].value() or "") or ("", "")
    return {"form": form, "map": look(latitude, longitude, "Drag the pin to the spot", "id_gps")}


class AddressForm(Form):
    """Address Detail (EDT-3..EDT-7). A pure GPS position in the address box becomes the position (D-5)."""

    physical_address = forms.CharField(
        label="Physical address or GPS position",
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text="One part of the address per line, or a position such as (-34.06752, 18.82971)",
    )
    gps = forms.CharField(
        label="GPS position",
        required=False,
        max_length=80,
        widget=forms.TextInput({"autocomplete": "off", "data-gps": ""}),
        help_text="As (latitude, longitude); filled by the pin, or typed here",
    )
    pin = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)
    postal_address = forms.CharField(required=False, widget=forms.Textarea({"rows": 3}))
    layout = Layout("physical_address", _Place(), "postal_address")

    #: What Show on Map has to say: the meaning (working, attention) and the sentence.
    note: tuple[str, str] = ("", "")

    def clean_gps(self) -> positions.Position | None:
        text = self.cleaned_data["gps"].strip()
        position = positions.parse(text)
        if text and position is None:
            raise ValidationError("This is no position; one looks like (-34.06752, 18.82971).")
        return position

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        address = cleaned.get("physical_address") or ""
        written = positions.parse(address)
        if written and not ("gps" in self.changed_data and cleaned.get("gps")):
            cleaned["gps"] = written
        return cleaned

    def columns(self) -> dict[str, Any]:
        """The columns to store, with how the position came to be known."""
        cleaned = self.cleaned_data
        position, address = cleaned["gps"], cleaned["physical_address"]
        found = geocoding.remembered(address) if position and address else None
        latitude, longitude = position or (None, None)
        return {
            "physical_address": address,
            "postal_address": cleaned["postal_address"],
            "latitude": latitude,
            "longitude": longitude,
            **positions.origin(position, found, dragged=cleaned["pin"] == "pin"),
        }


def located(data: Any, now: datetime) -> tuple[Any, tuple[str, str]]:
    """What was typed with the position of its address filled in, and what there is to say about it."""
    data = data.copy()
    address = data.get("physical_address", "")
    if position := positions.parse(address):
        data["gps"] = positions.show(*position)
        return data, ("working", "The address box holds a position; the pin is there.")
    try:
        found = geocoding.locate(address, now)
    except geocoding.NotLocated as problem:
        return data, ("attention", str(problem))
    before, data["gps"] = data.get("gps", ""), positions.show(found.latitude, found.longitude)
    near = {
        Accuracy.BUILDING: "Found",
        Accuracy.STREET: "Only the street was found: drag the pin to the door",
    }
    words = near.get(Accuracy(found.accuracy), "Only the area was found: drag the pin to the door")
    moved = f" The position before was {before}." if before and before != data["gps"] else ""
    return data, ("working" if words == "Found" else "attention", f"{words}. {found.label}{moved}")


class PasswordByHand(Form):
    """A password that staff set; its fields come into sight with the tick."""

    change_password = forms.BooleanField(required=False)
    password1 = forms.CharField(
        label="New password",
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="New password again",
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    #: What stands above the tick.
    before: tuple[str, ...] = ("username",)

    @property
    def layout(self) -> Layout:
        both = [Div(name, css_class="col-md-6") for name in ("password1", "password2")]
        return Layout(
            *self.before, "change_password", Div(*both, css_class="row", data_when="change_password=on")
        )

    def user(self) -> User:
        """Whose password it would be: it must not resemble the name."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("change_password"):
            return cleaned
        if cleaned.get("password1") != cleaned.get("password2"):
            self.add_error("password2", "The two passwords differ.")
        else:
            try:
                validate_password(cleaned.get("password1") or "", self.user())
            except ValidationError as error:
                self.add_error("password1", error)
        return cleaned


class NewLoginForm(PasswordByHand):
    """Portal Login of a new customer: best set by the customer, through a link (D-4)."""

    username = forms.CharField(
        label="Client portal username",
        max_length=150,
        required=False,
        validators=[UnicodeUsernameValidator()],
        help_text="Leave empty to use the account code",
    )
    welcome = forms.BooleanField(
        label="Send the welcome mail",
        required=False,
        initial=True,
        help_text="It holds the username and a link to set a password",
    )
    change_password = forms.BooleanField(
        label="Set a password by hand",
        required=False,
        help_text="Better leave it to the link in the welcome mail, so that only the customer knows it",
    )
    before = ("username", "welcome")

    def clean_username(self) -> str:
        username = self.cleaned_data["username"].strip()
        if username and User.objects.filter(username__iexact=username).exists():
            raise ValidationError("This username is in use; choose another.")
        return username

    def user(self) -> User:
        return User(
            username=self.cleaned_data.get("username") or "", email=reach.first(self.data.get("email", ""))
        )
