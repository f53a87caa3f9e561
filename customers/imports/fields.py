"""What a column of a file can be: one row per field of the table below, the only place that lists them.

A field reads the text of its cells into a plain value (text, list of texts, bool), or says in words what is
wrong with it. The headings other systems write are its synonyms. Pure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from customers.accounts import codes, idnumbers, reach
from customers.accounts.models import CustomerType

Value = str | bool | list[str]
Parser = Callable[[list[str]], Value]

_YES = {"yes", "y", "true", "t", "1", "x", "on", "ja", "j", "waar", "enabled", "active"}
_NO = {"no", "n", "false", "f", "0", "-", "off", "nee", "onwaar", "disabled", "inactive"}
_TYPES = {
    CustomerType.COMPANY: {
        "company", "business", "b", "c", "organisation", "organization", "corporate", "commercial", "2",
    },
    CustomerType.INDIVIDUAL: {
        "individual", "person", "private", "residential", "home", "personal", "p", "i", "1",
    },
}  # fmt: skip
_APART = re.compile(r"[;,\n]+")
_PHONE = re.compile(r"[0-9+()/.\-\sx]*[0-9][0-9+()/.\-\sx]*", re.IGNORECASE)


def _text(most: int) -> Parser:
    def parse(cells: list[str]) -> str:
        text = " ".join(" ".join(cells).split())
        if len(text) > most:
            raise ValueError(f"Longer than {most} characters")
        return text

    return parse


def _lines(cells: list[str]) -> str:
    """An address: each column and each comma-free line a line of its own."""
    lines = [line.strip() for cell in cells for line in cell.splitlines()]
    text = "\n".join(line for line in lines if line)
    if len(text) > 2000:
        raise ValueError("Longer than 2,000 characters")
    return text


def _each(one: Callable[[str], str]) -> Parser:
    """Several values, separated by comma or semicolon or in columns of their own; doubles fall out."""

    def parse(cells: list[str]) -> list[str]:
        parts = [part.strip() for cell in cells for part in _APART.split(cell)]
        found = list({text.casefold(): text for text in (one(part) for part in parts if part)}.values())
        if len(found) > reach.MOST:
            raise ValueError(f"More than {reach.MOST} in one cell")
        return found

    return parse


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError("This is no e-mail address") from None
    if len(text) > 254:
        raise ValueError("Longer than 254 characters")
    return text


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise ValueError("This is no telephone number")
    if len(text) > 40:
        raise ValueError("Longer than 40 characters")
    return text


def _title(most: int) -> Callable[[str], str]:
    def one(text: str) -> str:
        text = " ".join(text.split())
        if len(text) > most:
            raise ValueError(f"Longer than {most} characters")
        return text

    return one


def _yes_or_no(cells: list[str]) -> bool:
    word = cells[0].casefold()
    if word not in _YES | _NO:
        raise ValueError("Neither yes nor no")
    return word in _YES


def _type(cells: list[str]) -> str:
    for kind, words in _TYPES.items():
        if cells[0].casefold() in words:
            return kind.value
    raise ValueError("Neither individual nor company")


def _code(cells: list[str]) -> str:
    return codes.tidy(cells[0])


def _username(cells: list[str]) -> str:
    try:
        UnicodeUsernameValidator()(cells[0])
    except ValidationError:
        raise ValueError("A username has letters, digits and @ . + - _ only") from None
    if len(cells[0]) > 150:
        raise ValueError("Longer than 150 characters")
    return cells[0]


def _decimal(low: int, high: int, places: str) -> Parser:
    def parse(cells: list[str]) -> str:
        text = cells[0].replace(" ", "").removesuffix("%")
        if "," in text and "." not in text:
            text = text.replace(",", ".")
        try:
            number = Decimal(text)
            if not low <= number <= high:  # NaN raises here
                raise ValueError(f"This is not between {low} and {high}")
            return str(number.quantize(Decimal(places)))
        except InvalidOperation:
            raise ValueError("This is no number") from None

    return parse


def _days(cells: list[str]) -> str:
    if not (cells[0].isascii() and cells[0].isdigit() and int(cells[0][:4]) <= 365 and len(cells[0]) < 5):
        raise ValueError("This is no whole number of days from 0 to 365")
    return str(int(cells[0]))


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be imported. `many`: several columns may feed it, in the order of the file."""

    name: str
    label: str
    parse: Parser
    help: str
    example: str
    synonyms: tuple[str, ...] = ()
    many: bool = False


FIELDS = (
    Field(
        "external_id", "External ID", _text(64),
        "The customer's number in the old system. A second import of the same ID changes that customer.",
        "1047",
        ("id", "customer id", "client id", "external id", "old id", "customer number", "account id", "uid",
         "user id", "customerid", "clientid", "custom id", "user ident", "reference"),
    ),
    Field(
        "code", "Account code", _code,
        "Up to 20 of A-Z, 0-9, - / _. Empty: made from the name.",
        "ALI001",
        ("account code", "accounting code", "code", "account", "account number", "account no", "acc no",
         "acc code", "customer code", "client code", "accountno"),
    ),
    Field(
        "type", "Customer type", _type, "Individual or company.", "individual",
        ("type", "customer type", "category of person", "client type", "is company", "billing type"),
    ),
    Field(
        "name", "Name", _text(160),
        "The person's full name, or the company's. First name and surname may be two columns.",
        "Alice Liddell",
        ("name", "full name", "fullname", "customer name", "client name", "customer", "client", "first name",
         "firstname", "last name", "lastname", "surname", "client full name"),
        many=True,
    ),
    Field(
        "company_name", "Company name", _text(160),
        "Where it is filled in, the customer is a company of this name, and Name is its contact.",
        "",
        ("company", "company name", "companyname", "business name", "organisation", "organization"),
    ),
    Field(
        "contact_name", "Contact name", _text(160), "The person to speak to; empty: the name.",
        "Alice Liddell",
        ("contact", "contact name", "contact person", "contactname", "attention"),
        many=True,
    ),
    Field(
        "id_number", "ID number", lambda cells: idnumbers.tidy(cells[0]),
        "South African ID or passport number. Stored encrypted and shown masked.", "8001015009087",
        ("id number", "id no", "identity number", "contact id number", "passport", "rsa id", "idnumber"),
    ),
    Field(
        "vat_number", "VAT number", _text(20), "Of a company.", "4012345678",
        ("vat", "vat number", "vat no", "vat id", "tax id", "tax number", "company tax id", "vatnumber"),
    ),
    Field(
        "phone", "Primary tel no", lambda cells: _phone(cells[0]),
        "Digits, spaces, + ( ) - /. In Excel, make the column Text, or it loses the leading zero.",
        "021 555 0100",
        ("phone", "tel", "telephone", "primary tel no", "phone number", "telephone number", "tel no",
         "landline", "work phone", "home phone", "phonenumber", "contact number"),
    ),
    Field(
        "mobile", "Mobile no", _each(_phone),
        "Several are separated by comma or semicolon.", "082 555 0100",
        ("mobile", "mobile no", "cell", "cellphone", "cell no", "cell number", "mobile number", "sms",
         "contact phone", "sms number", "mobile phone"),
        many=True,
    ),
    Field(
        "email", "E-mail", _each(_email),
        "Several are separated by comma or semicolon; the first is that of the portal login.",
        "alice@example.com",
        ("email", "e-mail", "mail", "email address", "e-mail address", "primary email", "contact email",
         "billing email", "emails"),
        many=True,
    ),
    Field(
        "group", "Customer group", _text(80), "Title of the group; every customer is in exactly one.",
        "Home users",
        ("group", "customer group", "group title", "partner", "client group", "organization name"),
    ),
    Field(
        "billing_group", "Billing group", _text(80), "Title of the billing group.", "Netcash Run 1",
        ("billing group", "debit order group", "debit run", "billing run", "payment group"),
    ),
    Field(
        "categories", "Categories", _each(_title(60)), "Titles, separated by comma or semicolon.",
        "Fibre, Estate",
        ("category", "categories", "segment", "segments"),
        many=True,
    ),
    Field(
        "labels", "Labels", _each(_title(60)), "Titles, separated by comma or semicolon.", "Pays cash",
        ("label", "labels", "tag", "tags", "client tags", "customer labels"),
        many=True,
    ),
    Field(
        "vip", "VIP customer", _yes_or_no, "Yes or no.", "no", ("vip", "vip customer", "is vip"),
    ),
    Field(
        "physical_address", "Physical address", _lines,
        "Street, suburb, town and code may be columns of their own: each becomes a line.",
        "12 Rabbit Lane\nStellenbosch\n7600",
        ("address", "physical address", "street", "street 1", "street 2", "street1", "street2", "suburb",
         "city", "town", "zip", "zip code", "zipcode", "postal code", "postcode", "province", "state",
         "country", "installation address", "service address", "street address", "full address"),
        many=True,
    ),
    Field(
        "postal_address", "Postal address", _lines, "One part per line, or in columns of their own.",
        "PO Box 12\nStellenbosch\n7599",
        ("postal address", "mailing address", "invoice address", "billing address", "invoice street",
         "invoice street1", "invoice street2", "invoice city", "invoice zip code", "billing street",
         "billing city", "billing zip code", "po box"),
        many=True,
    ),
    Field(
        "latitude", "Latitude", _decimal(-90, 90, "0.000001"), "Degrees, south is negative.", "-33.934440",
        ("latitude", "lat", "gps lat", "gps latitude"),
    ),
    Field(
        "longitude", "Longitude", _decimal(-180, 180, "0.000001"), "Degrees, west is negative.", "18.869170",
        ("longitude", "lon", "lng", "long", "gps lon", "gps lng", "gps longitude"),
    ),
    Field(
        "high_site", "High site", _text(80), "Name of the high site the customer connects to.", "Papegaaiberg",
        ("high site", "highsite", "site", "tower", "location", "pop"),
    ),
    Field(
        "username", "Portal username", _username, "Empty: the account code.", "alice",
        ("username", "login", "portal login", "portal username", "client portal username", "user name"),
    ),
    Field(
        "discount", "Standard discount", _decimal(0, 100, "0.01"), "Percent. Empty: that of the billing settings.", "5",
        ("discount", "standard discount", "standard customer discount", "discount percent"),
    ),
    Field(
        "due_days", "Days till invoices due", _days,
        "Whole days. Empty: the group or billing settings decide.", "7",
        ("due days", "days till invoices due", "terms", "payment terms", "invoice maturity days", "billing due"),
    ),
    Field(
        "is_master", "Is a master account", _yes_or_no,
        "Yes or no. Master accounts come first, in a file of their own.",
        "no", ("is master", "is master account", "master account"),
    ),
    Field(
        "master", "Master's account code", _code, "Code of the master account this one belongs to.", "",
        ("master", "master code", "parent", "parent account", "master account code"),
    ),
    Field(
        "is_reseller", "Is a reseller", _yes_or_no, "Yes or no. Resellers come first, in a file of their own.",
        "no", ("is reseller", "is partner"),
    ),
    Field(
        "reseller", "Reseller's account code", _code, "Code of the reseller this customer belongs to.", "",
        ("reseller", "reseller code", "dealer", "agent"),
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
#: Fields whose values are titles of rows of their own, and how such a row is called.
TITLED = {
    "group": "customer group",
    "billing_group": "billing group",
    "categories": "category",
    "labels": "label",
    "high_site": "high site",
}


def read(field: Field, cells: Sequence[str]) -> Value | None:
    """The value of a field from its cells; None where they are empty. Raises ValueError with the reason."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return None
    value = field.parse(filled)
    return None if value in ("", []) else value
