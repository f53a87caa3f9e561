"""What is the same for every customer of a run: the period, the day, VAT, and how money is rounded."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from billing.recurring.models import BillingSettings, Rounding, VatRate
from billing.recurring.pricing import VERSION
from ispbilling.core.clock import Period
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO


@dataclass(frozen=True)
class Terms:
    """What is the same for every customer of a run."""

    period: Period
    issue_on: date
    vat_rate: Decimal
    prices_include_vat: bool
    due_days: int
    rounding: str = Rounding.LINE
    standard_discount: Decimal = ZERO

    @classmethod
    def of(cls, period: Period, issue_on: date) -> "Terms":
        """The settings as they stand. Raises DomainError when no VAT rate is valid on the invoice date."""
        settings_ = BillingSettings.get()
        return cls(
            period,
            issue_on,
            vat_rate(issue_on),
            settings_.prices_include_vat,
            settings_.due_days,
            settings_.rounding,
            settings_.standard_discount,
        )

    @cached_property
    def key(self) -> list[Any]:
        """What of it goes into every digest."""
        return [
            VERSION,
            self.period.start.isoformat(),
            self.period.end.isoformat(),
            self.issue_on.isoformat(),
            str(self.vat_rate),
            self.prices_include_vat,
            self.due_days,
            str(self.rounding),
            str(self.standard_discount),
        ]


def vat_rate(on: date) -> Decimal:
    """The VAT rate on a day, in percent. Raises DomainError when there is none yet."""
    rate = VatRate.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
    if rate is None:
        raise DomainError(f"No VAT rate is valid on {on}; add one under Billing Settings.")
    return rate.percent
