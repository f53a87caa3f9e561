"""A change that concerns many customers: what is asked, what it would do, and whom it may concern."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from billing.recurring.models import Product, RecurringLine
from billing.simulating import simulator
from billing.simulating.simulator import Change
from ispbilling.core.errors import DomainError
from ispbilling.core.money import format_money
from radius.models import Package


@dataclass(frozen=True, slots=True)
class Question:
    """Another price of a product or package, or another VAT rate, on a day."""

    kind: str
    subject: int
    amount: Decimal
    day: date

    def change(self) -> Change:
        """Raises DomainError when what it is about is gone."""
        if self.kind == "vat":
            return simulator.vat_percent(self.amount, self.day)
        if self.kind == "product":
            return simulator.product_price(self._about(Product), self.amount, self.day)
        return simulator.package_price(self._about(Package), self.amount, self.day)

    def concerned(self) -> QuerySet[Any]:
        """The ids of the customers whom it may concern, in order."""
        lines = RecurringLine.objects.order_by("customer")
        if self.kind == "product":
            lines = lines.filter(product=self.subject, price=None)
        elif self.kind == "package":
            lines = lines.filter(data_account__package=self.subject, price=None)
        return lines.values_list("customer", flat=True).distinct()

    def words(self) -> str:
        """`Home 20 for R 650.00 from 2026-12-01`."""
        if self.kind == "vat":
            return f"VAT of {self.amount.normalize():f} % from {self.day}"
        about = self._about(Product if self.kind == "product" else Package)
        return f"{about} for {format_money(self.amount)} from {self.day}"

    def _about(self, model: Any) -> Any:
        found = model.objects.filter(pk=self.subject).first()
        if found is None:
            raise DomainError("What this is about is not there any more.")
        return found
