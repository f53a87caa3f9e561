"""Our accounts as those of the package: what has to be mapped, storing it, and reading it for an export.

A GL code is the income account of the books already (`Product.gl_code`): unless somebody maps it to another, it goes
out as it is, with the tax type of revenue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import transaction

from billing.accounting.models import AccountCode
from billing.accounting.packages import Package
from billing.ledger.models import Account
from billing.ledger.posting import REVENUE
from billing.recurring.models import Product, RecurringLine
from ispbilling.core import events
from ispbilling.core.models import Provider, User


@dataclass(frozen=True, slots=True)
class Pot:
    """One of our accounts, or the part of our income with one GL code."""

    account: str
    gl_code: str = ""

    @property
    def key(self) -> str:
        return f"{self.account}:{self.gl_code}"


@dataclass(frozen=True, slots=True)
class Target:
    """An account of the package."""

    code: str
    tax_type: str


@dataclass(frozen=True, slots=True)
class Codes:
    """The whole mapping. Pure; `find` says where something goes."""

    targets: Mapping[Pot, Target]

    def find(self, pot: Pot) -> Target | None:
        """Where it goes; None where nobody said so yet."""
        if found := self.targets.get(pot):
            return found
        income = self.targets.get(Pot(REVENUE))
        if pot.gl_code and income is not None:
            return Target(pot.gl_code, income.tax_type)
        return None

    def told(self) -> list[list[str]]:
        """As an export keeps it."""
        return sorted(
            [pot.account, pot.gl_code, target.code, target.tax_type] for pot, target in self.targets.items()
        )

    @classmethod
    def of(cls, told: Iterable[Iterable[str]]) -> "Codes":
        return cls({Pot(account, gl): Target(code, tax) for account, gl, code, tax in told})


def codes(package: Package) -> Codes:
    """The mapping as it is now."""
    rows = AccountCode.objects.filter(system=package.system).select_related("account")
    return Codes({Pot(row.account.code, row.gl_code): Target(row.code, row.tax_type) for row in rows})


def pots(package: Package) -> list[tuple[Pot, str]]:
    """What can be mapped, with what it is called: every account, then every GL code that is in use."""
    titles = dict(Product.objects.exclude(income_account="").values_list("gl_code", "income_account"))
    known = AccountCode.objects.filter(system=package.system).exclude(gl_code="")
    used = chain(
        Product.objects.exclude(gl_code="").values_list("gl_code", flat=True).distinct(),
        RecurringLine.objects.exclude(gl_code="").values_list("gl_code", flat=True).distinct(),
        known.values_list("gl_code", flat=True),
    )
    accounts = [(Pot(account.code), account.name) for account in Account.objects.order_by("code")]
    income = [(Pot(REVENUE, gl), titles.get(gl) or "Income with this GL code") for gl in sorted(set(used))]
    return accounts + income


def store(package: Package, wanted: Mapping[Pot, Target | None], now: datetime, *, actor: User | None) -> int:
    """Store the mapping of these; None takes it away. The number of those that changed, which an event tells."""
    accounts = {account.code: account for account in Account.objects.all()}
    changed: dict[str, list[str]] = {}
    with transaction.atomic():
        provider = Provider.objects.select_for_update(no_key=True).get(pk=1)
        before = codes(package).targets
        for pot, target in wanted.items():
            old = before.get(pot)
            if old == target:
                continue
            row: dict[str, Any] = {
                "system": package.system,
                "account": accounts[pot.account],
                "gl_code": pot.gl_code,
            }
            if target is None:
                AccountCode.objects.filter(**row).delete()
            else:
                AccountCode.objects.update_or_create(
                    **row, defaults={"code": target.code, "tax_type": target.tax_type}
                )
            changed[pot.key.rstrip(":")] = [old.code if old else "", target.code if target else ""]
        if changed:
            events.record(
                "accounting.mapped", provider, actor=actor, at=now, system=package.title, changes=changed
            )
    return len(changed)
