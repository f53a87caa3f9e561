"""How a paid state is shown in lists."""

from typing import Any

from billing.allocating.states import MEANINGS, PaidState
from ispbilling.core.tables import Column, badge


class StateColumn(Column):
    """A `PaidState` as a coloured word; exported as the word."""

    def render(self, value: PaidState) -> Any:
        return badge(value.label, MEANINGS.get(value, "off"))

    def value(self, value: PaidState) -> str:
        return value.label
