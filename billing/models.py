"""The app's tables, re-exported for Django and for the apps above; inside the app import from the slice."""

from billing.accounting.models import (
    AccountCode,
    AccountingExport,
    AccountingExportPart,
    AccountingSettings,
    ExportedPosting,
)
from billing.allocating.models import Pin
from billing.archives.models import RunArchive, RunArchivePart
from billing.banking.models import BankImport, BankLine
from billing.calls.models import (
    Call,
    CallBill,
    CallImport,
    CallImportPart,
    CallSettings,
    CustomerPhoneCosting,
    PhoneCostingModel,
    PhoneNumber,
    PhoneRate,
)
from billing.costing.models import CostingModel, CostingPrice, CustomerCosting
from billing.data_sales.models import AutoTopup, DataSalesSettings, PrepaidSwitch, TopupSale
from billing.debiting.models import (
    DebitBatch,
    DebitRow,
    DebitSettings,
    DebitSkip,
    Mandate,
    ResultImport,
    ResultLine,
)
from billing.documents.models import Document, DocumentLine, Issuer, NumberSequence, Party
from billing.drafts.models import InvoiceDraft, InvoiceDraftLine
from billing.gateways.models import Checkout, GatewayAccount, GatewayDelivery
from billing.ledger.models import Account, Balance, ChainHead, Line, Posting, Seal
from billing.payments.models import Payment, PaymentPosting
from billing.proving.models import Anchor, Verification
from billing.recurring.models import (
    BilledChange,
    BilledPeriod,
    BillingSettings,
    Product,
    RecurringLine,
    VatRate,
)
from billing.runs.models import Run, RunChunk, RunException, RunPlan
from billing.simulating.models import Simulation, SimulationPart
from billing.statements.models import StatementMailing, StatementRecipient

__all__ = [
    "Account",
    "AccountCode",
    "AccountingExport",
    "AccountingExportPart",
    "AccountingSettings",
    "Anchor",
    "AutoTopup",
    "Balance",
    "BankImport",
    "BankLine",
    "BilledChange",
    "BilledPeriod",
    "BillingSettings",
    "Call",
    "CallBill",
    "CallImport",
    "CallImportPart",
    "CallSettings",
    "ChainHead",
    "Checkout",
    "CostingModel",
    "CostingPrice",
    "CustomerCosting",
    "DataSalesSettings",
    "CustomerPhoneCosting",
    "DebitBatch",
    "DebitRow",
    "DebitSettings",
    "DebitSkip",
    "Document",
    "DocumentLine",
    "ExportedPosting",
    "GatewayAccount",
    "GatewayDelivery",
    "InvoiceDraft",
    "InvoiceDraftLine",
    "Issuer",
    "Line",
    "Mandate",
    "NumberSequence",
    "Party",
    "Payment",
    "PaymentPosting",
    "PhoneCostingModel",
    "PhoneNumber",
    "PhoneRate",
    "Pin",
    "Posting",
    "PrepaidSwitch",
    "Product",
    "RecurringLine",
    "ResultImport",
    "ResultLine",
    "Run",
    "RunArchive",
    "RunArchivePart",
    "RunChunk",
    "RunException",
    "RunPlan",
    "Seal",
    "Simulation",
    "SimulationPart",
    "StatementMailing",
    "StatementRecipient",
    "TopupSale",
    "VatRate",
    "Verification",
]
