"""Real objects for the arguments of a page, found by the model its view shows."""

from collections.abc import Callable
from datetime import date
from typing import Any

from billing.banking import importing as importing_statements
from billing.calls import importing as importing_calls
from billing.merging import merging
from billing.models import Account
from billing.runs.planning import Asked, plan
from billing.statements import mailing
from billing.statements.models import Who
from billing.statements.period import usual
from customers.models import Customer
from groups import removing
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Role
from radius.bundles import granting
from radius.models import AuthAttempt
from tests import builders
from tests.architecture.site import Page
from tests.billing import debiting
from tests.billing.paying import pay
from tests.customers import importing


def _taken_back() -> Any:
    return granting.void(builders.data_bundle(), now(), "by mistake")


def _run() -> Any:
    builders.recurring_line(customer=builders.customer())
    return plan(Asked(month_of(date(2026, 11, 1)), date(2026, 11, 1)), now(), actor=None)


def _import() -> Any:
    """A checked file with a row that cannot be imported."""
    group = builders.group()
    return importing.checked(importing.as_csv(["1", "Alice", group.title], ["2", "", group.title]))


def _merge() -> Any:
    survivor, loser = builders.customer(), builders.customer()
    return merging.merge(survivor, loser, {}, now(), actor=None)


def _bank_import() -> Any:
    statement = b"Date,Amount,Description\n2026-11-04,115.00,ALI001\n"
    return importing_statements.receive(statement, "nov.csv", now(), actor=None)


def _call_import() -> Any:
    """A preview of a file with one call."""
    calls = b"Caller,Called,Started,Seconds\n0215550100,0821234567,2026-11-03 09:15:00,60\n"
    return importing_calls.receive(calls, "nov.csv", now(), actor=None)


def _debit_row() -> Any:
    """A collection whose file was made."""
    payer = builders.customer()
    debiting.mandate(payer)
    builders.invoice(payer, on=debiting.due_invoice_day())
    return debiting.row_of(debiting.sent(), payer)


def _debit_result() -> Any:
    row = _debit_row()
    return debiting.told(("TDD", row, row.amount))


def _mailing() -> Any:
    builders.invoice(builders.customer())
    today = local_day(now())
    return mailing.draft(usual(today), Who.OPEN, Customer.objects.all(), now(), actor=None)


def _reject() -> Any:
    return AuthAttempt.objects.create(at=now(), username="nobody", code="UNKNOWN_USER")


#: model label -> how one is made.
MAKERS: dict[str, Callable[[], Any]] = {
    "core.User": lambda: builders.staff(Role.SUPPORT),
    "groups.CustomerGroup": lambda: (builders.group(), builders.group())[1],
    "groups.BillingGroup": lambda: _titled("groups.BillingGroup"),
    "groups.Category": lambda: _titled("groups.Category"),
    "groups.Label": lambda: _titled("groups.Label"),
    "groups.HighSite": lambda: _titled("groups.HighSite", "name"),
    "customers.Customer": builders.customer,
    "customers.Attachment": builders.attachment,
    "customers.CustomerImport": _import,
    "customers.Note": builders.note,
    "customers.CustomerRequest": builders.customer_request,
    "customers.ChangeRequest": builders.change_request,
    "customers.Rating": builders.rating,
    "customers.SubjectExport": builders.subject_export,
    "radius.Nas": builders.nas,
    "radius.Service": builders.service,
    "radius.Package": builders.package,
    "radius.TopupType": builders.topup_type,
    "radius.TopupGroup": lambda: builders.topup_type().group,
    "radius.DataAccount": builders.data_account,
    "radius.PackageChange": builders.package_change,
    "radius.DataBundle": builders.data_bundle,
    "radius.DataTransfer": builders.data_transfer,
    "radius.Session": builders.session,
    "radius.ReplyAttribute": lambda: builders.reply_attribute(service=builders.service()),
    "radius.ReplyAttribute of a line": lambda: builders.reply_attribute(data_account=builders.data_account()),
    "radius.AuthAttempt": _reject,
    "billing.AccountingExport": builders.accounting_export,
    "billing.Account": lambda: Account.objects.get(code="bank"),
    "billing.TopupSale": builders.topup_sale,
    "billing.PrepaidSwitch": builders.prepaid_switch,
    "billing.Document": lambda: builders.invoice(builders.customer()),
    "billing.InvoiceDraft": builders.draft,
    "billing.Payment": lambda: builders.payment(None),
    "billing.Checkout": builders.checkout,
    "billing.GatewayDelivery": lambda: builders.delivery(builders.checkout()),
    "billing.BankImport": _bank_import,
    "billing.CallImport": _call_import,
    "billing.PhoneCostingModel": builders.phone_model,
    "billing.PhoneRate": lambda: builders.phone_model(("27", "1.00")).rates.get(),
    "billing.PhoneNumber": builders.phone_number,
    "billing.DebitBatch": lambda: _debit_row().batch,
    "billing.DebitRow": _debit_row,
    "billing.Mandate": lambda: debiting.mandate(builders.customer()),
    "billing.ResultImport": _debit_result,
    "billing.Posting": lambda: pay(builders.customer(), "100", date(2026, 11, 1)),
    "billing.Product": builders.product,
    "billing.CostingModel": builders.costing_model,
    "billing.RecurringLine": lambda: builders.recurring_line(customer=builders.customer()),
    "billing.StatementMailing": _mailing,
    "customers.Merge": _merge,
    "billing.Run": _run,
    "billing.Simulation": builders.simulation,
    "billing.RunArchive": builders.run_archive,
    "notifications.Message": builders.message,
}
#: Arguments that are not the key of the view's model.
FIXED = {
    ("radius:access_action_edit", "code"): "SUSPENDED",
    ("core:logo", "digest"): "0" * 64,
    ("portal:update_answer", "token"): "1.guessed",
    ("portal:rating_answer", "token"): "1.guessed",
    ("portal:pay_checkout", "token"): "guessed",
    ("portal:pay_return", "token"): "guessed",
    ("portal:pay_cancelled", "token"): "guessed",
    ("portal:pay_again", "token"): "guessed",
    ("portal:pay_link", "token"): "d1.guessed",
    ("billing:gateway_edit", "name"): "payfast",
    ("gateways:notify", "name"): "payfast",
    ("notifications:rule_switch", "kind"): "invoice_issued",
    ("notifications:rule_switch", "channel"): "email",
}


def subject(page: Page, argument: str) -> Any:
    """The value of a URL argument: as fixed above, or the key of a fresh object of the view's model."""
    if (page.name, argument) in FIXED:
        return FIXED[page.name, argument]
    if page.name == "customers:group_restore":
        return builders.group(deleted_at=now()).pk
    if page.name == "radius:bundle_restore":
        return _taken_back().pk
    if page.name == "billing:document_take_back":
        return builders.adjustment().pk
    if page.name == "groups:removal_undo":
        return removing.delete(MAKERS["groups.Label"](), None, now(), actor=None).event.pk
    return MAKERS[model_label(page, argument)]().pk


def portal_subject(page: Page, mine: Any) -> int:
    """The key of something that this customer may see on a portal page."""
    if page.name == "portal:data_give":
        return int(builders.data_bundle(builders.data_account(customer=mine)).pk)
    if page.name == "portal:data_consent_withdraw":
        return int(builders.data_account(customer=mine).pk)
    if page.name.startswith("portal:topup"):
        line = builders.topup_line(customer=mine)
        return int(builders.topup_sale(line).pk if page.name == "portal:topup_bought" else line.pk)
    made = builders.payment(mine) if "payment" in page.name else builders.invoice(mine)
    return int(made.pk)


def model_label(page: Page, argument: str) -> str:
    """The model whose key the argument is. Raises KeyError where nothing says so."""
    if argument in ("customer", "survivor", "loser") or page.name.startswith("customers:customer_"):
        return "customers.Customer"
    queryset = getattr(page.view, "queryset", None)
    model = queryset.model if queryset is not None else getattr(page.view, "model", None)
    return str(model._meta.label) if model is not None else _GUESSES[page.name]


def _titled(label: str, field: str = "title") -> Any:
    from django.apps import apps

    return apps.get_model(label).objects.create(**{field: f"One {now().timestamp()}"})


_GUESSES = {
    "radius:data_account_detail": "radius.DataAccount",
    "radius:service_attribute_edit": "radius.ReplyAttribute",
    "radius:service_attribute_delete": "radius.ReplyAttribute",
    "radius:data_account_attribute_edit": "radius.ReplyAttribute of a line",
    "radius:data_account_attribute_delete": "radius.ReplyAttribute of a line",
    "billing:bank_import_detail": "billing.BankImport",
    "billing:debit_batch_detail": "billing.DebitBatch",
    "billing:debit_batch_left_out": "billing.DebitBatch",
    "billing:debit_result_detail": "billing.ResultImport",
    "billing:trial_account": "billing.Account",
    "portal:topup": "radius.DataAccount",
    "portal:topup_automatic": "radius.DataAccount",
    "portal:topup_automatic_off": "radius.DataAccount",
    "portal:topup_grace": "radius.DataAccount",
    "portal:topup_bought": "billing.TopupSale",
    "portal:document_detail": "billing.Document",
    "portal:document_pdf": "billing.Document",
    "portal:payment_pdf": "billing.Payment",
}
