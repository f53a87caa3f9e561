"""Where two records of one customer differ: what is filled in by itself, what a person chooses (D-20). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.accounts.models import Customer

#: Columns a person may choose the value of, in the order of the page. Columns not named stay the survivor's.
CHOSEN = (
    "type",
    "name",
    "contact_name",
    "id_number",
    "vat_number",
    "phone",
    "physical_address",
    "postal_address",
    "group",
    "billing_group",
    "vip",
    "high_site",
    "discount",
    "due_days",
    "reseller",
)
#: Of them, those that are taken from the loser without asking where the survivor has nothing.
FILLED = frozenset(
    {
        "contact_name",
        "id_number",
        "vat_number",
        "phone",
        "physical_address",
        "postal_address",
        "billing_group",
    }
    | {"high_site"}
)
#: What goes where another column goes.
ALONG = {"physical_address": ("latitude", "longitude")}
_NOTHING = (None, "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One column in which the two differ. `asked`: a person chooses; else the survivor takes the loser's."""

    name: str
    label: str
    survivor: Any
    loser: Any
    asked: bool


def differences(survivor: Customer, loser: Customer) -> list[Difference]:
    """Every chosen column in which they differ and the loser has something to give."""
    found = []
    for name in CHOSEN:
        here, there = getattr(survivor, name), getattr(loser, name)
        if here == there or there in _NOTHING or (name == "reseller" and _no_reseller(survivor, there)):
            continue
        column: Any = Customer._meta.get_field(name)
        label = str(column.verbose_name)
        asked = not (name in FILLED and here in _NOTHING)
        found.append(Difference(name, label[:1].upper() + label[1:], here, there, asked))
    return found


def _no_reseller(survivor: Customer, reseller: Customer) -> bool:
    """A reseller belongs to no reseller, and nobody to themselves."""
    return survivor.is_reseller or reseller.pk == survivor.pk


def values(survivor: Customer, loser: Customer, choices: Mapping[str, str]) -> dict[str, Any]:
    """The columns the survivor takes from the loser: filled in, or chosen ("loser") by a person."""
    taken: dict[str, Any] = {}
    for one in differences(survivor, loser):
        if not one.asked or choices.get(one.name) == "loser":
            taken[one.name] = one.loser
            taken |= {name: getattr(loser, name) for name in ALONG.get(one.name, ())}
    return taken
