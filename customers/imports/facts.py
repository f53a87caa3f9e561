"""What the database knows that decides about rows of a file; loaded for a stretch of rows at a time."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower

from customers.accounts import reach
from customers.accounts.models import CodeAlias, Contact, Customer, Gate, GateKind, PortalLogin
from customers.accounts.onboarding import usual_username
from customers.imports.fields import TITLED, Value
from customers.imports.mapping import Parsed
from customers.merging.models import Merge
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.models import User

#: Columns of the customer that are fields of the same name and hold text.
TEXTS = (
    "external_id", "type", "name", "contact_name", "id_number", "vat_number", "phone", "physical_address",
    "postal_address",
)  # fmt: skip
#: Columns whose text is that of a number, empty for none.
NUMBERS = ("latitude", "longitude", "discount", "due_days")
FLAGS = ("vip", "is_master", "is_reseller")
#: field -> (model, the column that is its title)
TITLE_MODELS: Mapping[str, tuple[Any, str]] = {
    "group": (CustomerGroup, "title"),
    "billing_group": (BillingGroup, "title"),
    "categories": (Category, "title"),
    "labels": (Label, "title"),
    "high_site": (HighSite, "name"),
}
assert set(TITLE_MODELS) == set(TITLED)  # noqa: S101 - two tables of the same fields


@dataclass(frozen=True, slots=True)
class Titles:
    """The rows that titles stand for: field -> folded title -> id."""

    ids: Mapping[str, Mapping[str, int]]

    @classmethod
    def load(cls) -> "Titles":
        found = {}
        for name, (model, column) in TITLE_MODELS.items():
            rows = model.objects.live() if name == "group" else model.objects.all()
            found[name] = {title.casefold(): pk for pk, title in rows.values_list("pk", column)}
        return cls(found)

    def unknown(self, name: str, value: Value) -> list[str]:
        """The titles in a value that no row has."""
        return [title for title in _listed(value) if title.casefold() not in self.ids[name]]

    def id(self, name: str, title: Value) -> int | None:
        """The id of one title; None for an empty one. Raises KeyError."""
        return self.ids[name][str(title).casefold()] if title else None

    def all_ids(self, name: str, value: Value) -> list[int]:
        return [self.ids[name][title.casefold()] for title in _listed(value)]


def _listed(value: Value) -> list[str]:
    return value if isinstance(value, list) else [str(value)] if value else []


@dataclass(frozen=True, slots=True)
class Existing:
    """A customer as the fields of a file would describe it."""

    pk: int
    code: str
    deleted: bool
    values: Mapping[str, Value]
    #: The code of the customer it was merged into, if it was.
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """A customer that a row names as its master or reseller."""

    pk: int
    is_master: bool
    is_reseller: bool
    is_sub: bool


@dataclass(slots=True)
class Facts:
    """Everything a decision about these rows needs."""

    titles: Titles
    by_external: dict[str, Existing] = field(default_factory=dict)
    by_code: dict[str, Existing] = field(default_factory=dict)
    #: Former codes, and whose.
    aliases: dict[str, int] = field(default_factory=dict)
    #: Folded username -> the customer it logs in to, None for staff.
    usernames: dict[str, int | None] = field(default_factory=dict)
    others: dict[str, Other] = field(default_factory=dict)


def load(rows: Collection[Parsed], titles: Titles) -> Facts:
    """The facts about a stretch of rows, in a number of queries that does not depend on its length."""
    facts = Facts(titles)
    externals, codes = _texts(rows, "external_id"), _texts(rows, "code")
    for existing in existing_customers(Q(external_id__in=externals) | Q(code__in=codes)):
        facts.by_code[existing.code] = existing
        if external := str(existing.values["external_id"]):
            facts.by_external[external] = existing
    facts.aliases = dict(CodeAlias.objects.filter(code__in=codes).values_list("code", "customer"))
    names = {name.casefold() for name in _texts(rows, "username")}
    names |= {usual_username(code).casefold() for code in codes}
    facts.usernames = taken_usernames(names)
    linked = _texts(rows, "master") | _texts(rows, "reseller")
    for pk, code, master, reseller, above in Customer.objects.filter(code__in=linked).values_list(
        "pk", "code", "is_master", "is_reseller", "master"
    ):
        facts.others[code] = Other(pk, master, reseller, above is not None)
    return facts


def taken_usernames(folded: Collection[str]) -> dict[str, int | None]:
    """Which of the usernames (folded) are in use, and by whose login."""
    found = User.objects.annotate(folded=Lower("username")).filter(folded__in=folded)
    return dict(found.values_list("folded", "portal_login__customer"))


def existing_customers(where: Q) -> Iterable[Existing]:
    """The customers of a condition with all that a file may say of them."""
    rows = Customer.objects.filter(where).select_related(
        "group", "billing_group", "high_site", "master", "reseller"
    )
    return map(
        _existing,
        rows.order_by("pk").prefetch_related(
            "categories",
            "labels",
            Prefetch("contacts", Contact.objects.order_by("-primary", "id")),
            Prefetch("portal_logins", PortalLogin.objects.select_related("user")),
            Prefetch("merged_away", Merge.objects.standing().select_related("survivor")),
            Prefetch("gates", Gate.objects.standing().filter(kind=GateKind.DELETED)),
        ),
    )


def _existing(row: Customer) -> Existing:
    values: dict[str, Value] = {}
    for name in TEXTS:
        values[name] = str(getattr(row, name) or "")
    for name in NUMBERS:
        number = getattr(row, name)
        values[name] = "" if number is None else str(number)
    values |= {name: bool(getattr(row, name)) for name in FLAGS}
    for name in ("group", "billing_group", "high_site"):
        values[name] = str(getattr(row, name) or "")
    values["categories"] = [one.title for one in row.categories.all()]
    values["labels"] = [one.title for one in row.labels.all()]
    contact = next(iter(row.contacts.all()), None)
    values["email"] = [contact.email, *reach.split(contact.more_emails)] if contact else [""]
    values["mobile"] = [contact.mobile, *reach.split(contact.more_mobiles)] if contact else [""]
    login = next(iter(row.portal_logins.all()), None)
    values["username"] = login.user.username if login else ""
    values["master"] = row.master.code if row.master else ""
    values["reseller"] = row.reseller.code if row.reseller else ""
    merge = next(iter(row.merged_away.all()), None)
    into = merge.survivor.code if merge else ""
    return Existing(row.pk, row.code, bool(row.gates.all()), values, into)


def _texts(rows: Collection[Parsed], name: str) -> set[str]:
    return {str(value) for row in rows if (value := row.values.get(name))}


def customer_type() -> ContentType:
    """The content type under which events are about customers."""
    return ContentType.objects.get_for_model(Customer)
