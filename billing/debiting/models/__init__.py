"""The tables of debit orders, by what they are about."""

from billing.debiting.models.batches import (
    LIVE,
    BatchState,
    DebitBatch,
    DebitRow,
    DebitSettings,
    DebitSkip,
    RowState,
    Service,
)
from billing.debiting.models.mandates import (
    AccountType,
    Mandate,
    MandateState,
)
from billing.debiting.models.results import (
    LineState,
    Outcome,
    ResultImport,
    ResultLine,
    ResultState,
)

__all__ = [
    "AccountType",
    "BatchState",
    "DebitBatch",
    "DebitRow",
    "DebitSettings",
    "DebitSkip",
    "LIVE",
    "LineState",
    "Mandate",
    "MandateState",
    "Outcome",
    "ResultImport",
    "ResultLine",
    "ResultState",
    "RowState",
    "Service",
]
