"""Takes the demonstration away: the one place that may cut into append-only tables, and only before real paper.

As long as every issued document belongs to the demonstration, the ledger, the numbers and the chain start anew
from nothing. Once a real invoice was issued nothing may be cut any more, and this refuses.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import Q

from billing.calls.models import CallState
from billing.models import (
    AccountingExport,
    AccountingExportPart,
    AutoTopup,
    Call,
    CallImport,
    CallSettings,
    ChainHead,
    Checkout,
    Document,
    GatewayAccount,
    GatewayDelivery,
    Payment,
    PhoneCostingModel,
    PrepaidSwitch,
    Product,
    Run,
    RunArchive,
    RunArchivePart,
    TopupSale,
)
from customers.models import Attachment, CodeCounter, Customer, Merge, SubjectExport
from groups.models import BillingGroup, Category, CustomerGroup, HighSite
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import Event, Provider, User
from ispbilling.demo import calling, content, paying
from radius.history.models import FactHistory
from radius.models import DataAccount, Nas, Package, PackageChange, Service, TopupGroup, TopupType
from radius.nas.models import Stranger

#: Emptied whole: with the last document of the demonstration gone they describe nothing.
MONEY = (
    "billing_anchor",
    "billing_verification",
    "billing_exportedposting",
    "billing_accountingexportpart",
    "billing_accountingexport",
    "billing_bankline",
    "billing_bankimport",
    "billing_gatewaydelivery",
    "billing_checkout",
    "billing_resultline",
    "billing_resultimport",
    "billing_debitskip",
    "billing_debitrow",
    "billing_debitbatch",
    "billing_paymentposting",
    "billing_payment",
    "billing_pin",
    "billing_statementrecipient",
    "billing_statementmailing",
    "billing_billedchange",
    "billing_callbill",
    "billing_billedperiod",
    "billing_documentline",
    "billing_line",
    "billing_posting",
    "billing_document",
    "billing_party",
    "billing_issuer",
    "billing_seal",
    "billing_balance",
    "billing_numbersequence",
    "billing_runexception",
    "billing_runplan",
    "billing_runchunk",
    "billing_runarchivepart",
    "billing_runarchive",
    "billing_run",
)


def remove(now: datetime) -> int:
    """Delete the demonstration; returns how many customers went. Raises DomainError when real paper exists."""
    with transaction.atomic():
        theirs = Customer.objects.filter(demonstration=True)
        count = theirs.count()
        with _unguarded(
            [
                *MONEY,
                "billing_call",
                "billing_mandate",
                "billing_chainhead",
                "core_event",
                "customers_visit",
                "radius_outofbundleconsent",
            ]
        ) as cursor:
            # Asked once the tables are locked: a run that is being issued has ended by then, or waits.
            if _is_real(theirs):
                raise DomainError(
                    "Invoices of real customers have been issued, or payments received, so "
                    "the ledger cannot start anew. "
                    "Delete the demonstration's customers in the customer list; their paper stays."
                )
            _delete_data_sales(cursor, theirs)
            _empty_the_books(cursor)
            _delete_people(cursor, theirs)
        _delete_catalogue()
        _forget_provider(now)
    return count


def _is_real(theirs: models.QuerySet[Customer]) -> bool:
    """Whether there is paper, or money, of anybody else."""
    payments = Payment.objects.exclude(source_key__startswith=paying.SOURCE).exclude(payer__in=theirs)
    begun = Checkout.objects.exclude(payer__in=theirs)
    return Document.objects.exclude(customer__in=theirs).exists() or payments.exists() or begun.exists()


class _unguarded:  # noqa: N801 - reads as a phrase where it is used
    """Within it the named tables take changes; their foreign keys still hold."""

    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = list(tables)

    def __enter__(self) -> Any:
        self.cursor = connection.cursor()
        for table in self.tables:
            self.cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return self.cursor

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self.cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in self.tables:
                self.cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _delete_data_sales(cursor: Any, theirs: models.QuerySet[Customer]) -> None:
    """What they bought, which points at paper, and what they agreed to."""
    accounts = DataAccount.objects.filter(customer__in=theirs)
    for model in (TopupSale, AutoTopup, PrepaidSwitch):
        model.objects.filter(data_account__in=accounts).delete()
    cursor.execute(
        "DELETE FROM radius_outofbundleconsent WHERE data_account_id = ANY(%s)",
        [list(accounts.values_list("pk", flat=True))],
    )


def _empty_the_books(cursor: Any) -> None:
    cursor.execute("DELETE FROM notifications_message WHERE document_id IS NOT NULL")
    for made in (RunArchive, RunArchivePart, AccountingExport, AccountingExportPart):
        keeping.discard_after_commit(list(made.objects.values_list("path", flat=True)))
    cursor.execute(
        "DELETE FROM billing_call WHERE imported_from_id IN (SELECT id FROM billing_callimport"
        " WHERE name LIKE %s)",
        [calling.FILE.format("%")],
    )
    for table in MONEY:
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the list above
    ChainHead.objects.update(seq=0, hash=bytes(32))


def _delete_people(cursor: Any, theirs: models.QuerySet[Customer]) -> None:
    """Everything that points at the customers, table by table from the top of the chain down."""
    ids = list(theirs.values_list("pk", flat=True))
    users = list(User.objects.filter(portal_login__customer__in=ids).values_list("pk", flat=True))
    accounts = list(theirs.values_list("data_accounts", flat=True))
    _delete_network(cursor, accounts)
    rows = (
        "radius.SpeedTest",
        "radius.CustomerDataExpiry",
        "radius.NoticeChoice",
        "notifications.Message",
        "billing.Mandate",
        "billing.InvoiceDraft",
        "billing.CustomerCosting",
        "billing.CustomerPhoneCosting",
        "billing.PhoneNumber",
        "billing.RecurringLine",
    )
    # What was imported for them since waits for a customer again.
    Call.objects.filter(number__customer__in=ids).update(
        state=CallState.UNKNOWN, number=None, price=None, destination="", reason=""
    )
    for label in rows:
        apps.get_model(label).objects.filter(customer__in=ids).delete()
    _with_history(PackageChange.objects.filter(data_account__in=accounts))
    DataAccount.objects.filter(pk__in=accounts).delete()
    Merge.objects.filter(survivor__in=ids).delete()
    theirs.update(master=None, reseller=None)
    _delete_events(theirs, ids, users)
    for stored in (Attachment, SubjectExport):
        paths = stored.objects.filter(customer__in=ids).exclude(path="").values_list("path", flat=True)
        keeping.discard_after_commit(list(paths))
    theirs.delete()
    cursor.execute(
        "DELETE FROM radius_facthistory WHERE origin IN ('radius_dataaccount', 'radius_meter') AND row_id = ANY(%s)"
        " OR origin = 'customers_customer' AND row_id = ANY(%s)",
        [accounts, ids],
    )
    if not Customer.objects.exists():  # nobody was ever told one of these codes
        CodeCounter.objects.all().delete()
    User.objects.filter(pk__in=users).delete()


def _delete_network(cursor: Any, accounts: list[int]) -> None:
    """What their lines and the demonstration's routers did: sessions of nobody came from these too."""
    nases = list(Nas.objects.filter(demonstration=True).values_list("pk", flat=True))
    theirs = "(s.data_account_id = ANY(%(accounts)s) OR s.nas_id = ANY(%(nases)s))"
    asked = {"accounts": accounts, "nases": nases}
    for table in ("radius_coaattempt", "radius_coarequest", "radius_sessionmark"):
        cursor.execute(
            f"DELETE FROM {table} USING radius_session s WHERE session_id = s.id AND {theirs}",  # noqa: S608
            asked,
        )
    for table in ("radius_session", "radius_authattempt"):
        cursor.execute(f"DELETE FROM {table} s WHERE {theirs}", asked)  # noqa: S608
    _delete_rolling(cursor, accounts)
    for table in ("usageday", "draw", "databundle", "usagemark", "meteredspan", "meter"):
        cursor.execute(f"DELETE FROM radius_{table} WHERE data_account_id = ANY(%s)", [accounts])  # noqa: S608
    cursor.execute("DELETE FROM radius_quarantinedpacket WHERE nas_id = ANY(%s)", [nases])
    cursor.execute(
        "DELETE FROM radius_decisionfacts f WHERE data_account_id = ANY(%s)"
        " OR NOT EXISTS (SELECT FROM radius_authattempt WHERE facts_id = f.digest)",
        [accounts],
    )
    Stranger.objects.filter(address__in=[address for address, *_ in content.STRANGERS]).delete()


def _delete_rolling(cursor: Any, accounts: list[int]) -> None:
    """What points at their bundles; data that was given to somebody real stays with them, of unknown origin."""
    theirs = "SELECT id FROM radius_databundle WHERE data_account_id = ANY(%(accounts)s)"
    asked = {"accounts": accounts}
    cursor.execute(f"DELETE FROM radius_bundlenotice WHERE bundle_id IN ({theirs})", asked)  # noqa: S608
    cursor.execute(
        f"DELETE FROM radius_datatransfer WHERE from_bundle_id IN ({theirs}) OR to_bundle_id IN ({theirs})",  # noqa: S608
        asked,
    )
    cursor.execute(
        "UPDATE radius_databundle SET parent_id = NULL WHERE kind = 'transfer' AND parent_id IN"  # noqa: S608
        f" ({theirs}) AND NOT data_account_id = ANY(%(accounts)s)",
        asked,
    )


def _delete_events(theirs: models.QuerySet[Customer], ids: list[int], users: list[int]) -> None:
    kinds = ContentType.objects.get_for_models(Run, Document, Payment, Checkout, GatewayDelivery)
    theirs_too = Q(about_type=ContentType.objects.get_for_model(theirs.model), about_id__in=ids)
    papers = Q(subject_type__in=kinds.values())
    Event.objects.filter(theirs_too | papers | Q(actor__in=users))._raw_delete("default")


def _delete_catalogue() -> None:
    """What the demonstration brought and nobody else uses by now."""
    Nas.objects.filter(demonstration=True).delete()
    titles = [title for title, *_ in content.PACKAGES]
    products = [title for title, *_ in content.PRODUCTS]
    Product.objects.filter(title__in=products, recurring_lines=None).delete()
    price_lists = PhoneCostingModel.objects.filter(
        title__in=[title for title, *_ in calling.MODELS], customers=None
    )
    CallSettings.objects.filter(default_model__in=price_lists).update(default_model=None, gl_code="")
    price_lists.delete()
    CallImport.objects.filter(name__startswith=calling.FILE.split("{")[0], calls=None).delete()
    _with_history(Package.objects.filter(title__in=titles, data_accounts=None))
    TopupType.objects.filter(
        group__in=TopupGroup.objects.filter(title=content.TOPUP_GROUP, packages=None)
    ).delete()
    TopupGroup.objects.filter(title=content.TOPUP_GROUP, packages=None, types=None).delete()
    codes = [code for code, *_ in content.SERVICES]
    _with_history(Service.objects.filter(code__in=codes, packages=None, packages_once_capped=None))
    titles = [title for title, *_ in content.GROUPS]
    _with_history(CustomerGroup.objects.filter(title__in=titles, customers=None))
    BillingGroup.objects.filter(
        title__in=[title for title, _ in content.BILLING_GROUPS], customers=None
    ).delete()
    Category.objects.filter(title__in=[title for title, _ in content.CATEGORIES], customers=None).delete()
    sites = HighSite.objects.filter(name__in=[name for name, *_ in content.HIGH_SITES])
    sites.filter(customers=None, nases=None).delete()


def _with_history(rows: models.QuerySet[Any]) -> None:
    """Delete rows whose former facts are kept, and those."""
    ids = list(rows.values_list("pk", flat=True))
    rows.delete()
    FactHistory.objects.filter(origin=rows.model._meta.db_table, row_id__in=ids).delete()


def _forget_provider(now: datetime) -> None:
    GatewayAccount.objects.filter(merchant_id=paying.MERCHANT["merchant_id"]).update(
        enabled=False, merchant_id="", merchant_key="", passphrase=""
    )
    provider = Provider.get()
    blank = Provider(pk=1)
    for name, value in content.PROVIDER.items():
        if getattr(provider, name) == value:  # what was edited since is the real provider's
            setattr(provider, name, getattr(blank, name))
    provider.demonstration = False
    provider.save(update_fields=[*content.PROVIDER, "demonstration"])
    events.record("demo.removed", provider, at=now)
