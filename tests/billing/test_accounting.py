"""Journals for the accounting package: each posting once, in total what the ledger says, the same bytes for ever."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.accounting import making, mapping
from billing.accounting.mapping import Pot, Target
from billing.accounting.packages import PACKAGES, Package
from billing.documents import credit, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import DocumentKind
from billing.models import (
    AccountCode,
    AccountingExport,
    AccountingSettings,
    ExportedPosting,
    Line,
    Posting,
    Product,
)
from billing.trial import figures
from customers.models import Customer
from ispbilling.core import external
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import AccountingSystem, Event, ExternalKind, Provider, Role
from ispbilling.core.money import ZERO
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("EDT-14", "D-22")]
FIRST, LAST = date(2026, 9, 1), date(2026, 11, 20)


@pytest.fixture(autouse=True)
def disk(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def books(alice: Customer, bob: Customer) -> None:
    """Three months: invoices, a credit note, payments, one that nobody is known for, an adjustment."""
    first = builders.invoice(alice, on=date(2026, 9, 1))
    builders.invoice(bob, "200.00", "30.00", on=date(2026, 9, 30))
    builders.payment(alice, "100.00", on=date(2026, 10, 5))
    credit.credit(first, date(2026, 11, 2), now(), actor=None, reason="wrong")
    builders.payment(None, "70.00", on=date(2026, 11, 3))
    builders.adjustment(bob, "12.34", on=date(2026, 11, 20))


def export(package: Package, since: date = FIRST, until: date = LAST) -> AccountingExport:
    made = making.ask(package, since, until, now(), actor=None)
    making.plan(now()).apply(now())
    made.refresh_from_db()
    assert made.error == ""
    return made


def rows(made: AccountingExport) -> list[dict[str, str]]:
    """What the package would read."""
    content = keeping.place(made.path).read_bytes()
    texts = [content]
    if made.files != 1:
        with ZipFile(io.BytesIO(content)) as bundle:
            texts = [bundle.read(name) for name in bundle.namelist()]
    return [row for text in texts for row in csv.DictReader(io.StringIO(text.decode(), newline=""))]


def nets(found: Iterable[dict[str, str]]) -> dict[str, Decimal]:
    """By account code of Xero, what the journals say."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in found:
        sums[row["*AccountCode"]] += Decimal(row["*Amount"])
    return {code: amount for code, amount in sums.items() if amount}


def ledger(since: date, until: date) -> dict[str, Decimal]:
    """The same from the lines, summed up in Python: an oracle that shares nothing with the export."""
    codes = dict(AccountCode.objects.values_list("account_id", "code"))
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for account, amount in Line.objects.filter(posted_on__range=(since, until)).values_list(
        "account_id", "amount"
    ):
        sums[codes[account]] += amount
    return {code: amount for code, amount in sums.items() if amount}


@pytest.mark.parametrize("grouping", ["summary", "detail"])
def test_it_ties_to_the_trial_balance(books: None, grouping: str) -> None:
    AccountingSettings.objects.update(grouping=grouping)
    made = export(builders.chart())
    found = rows(made)
    assert nets(found) == ledger(FIRST, LAST)
    trial = {row.account.code: row for row in figures.trial_balance(FIRST, LAST)}
    for account, debit, credited, in_file in made.certificate["accounts"]:
        assert (Decimal(debit), Decimal(credited)) == (trial[account].debit, trial[account].credit)
        assert Decimal(in_file) == Decimal(debit) - Decimal(credited)
    journals: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in found:
        journals[row["*Narration"] + row["*Date"]] += Decimal(row["*Amount"])
    assert set(journals.values()) == {ZERO}
    assert (made.postings, len(journals)) == (6, 6)
    assert made.debit == made.credit == sum(max(Decimal(row["*Amount"]), ZERO) for row in found)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, (LAST - FIRST).days), max_size=4), again=st.booleans())
def test_any_split_into_periods_adds_up_to_the_movement(books: None, cuts: set[int], again: bool) -> None:
    package = builders.chart()
    with transaction.atomic():
        starts = [FIRST, *(FIRST + timedelta(days=n) for n in sorted(cuts))]
        ends = [*(start - timedelta(days=1) for start in starts[1:]), LAST]
        found: list[dict[str, str]] = []
        for since, until in zip(starts, ends, strict=True):
            if not Posting.objects.filter(posted_on__range=(since, until)).exists():
                continue
            made = export(package, since, until)
            if again:  # taken back, and exported with everything that is left
                making.undo(made, now(), actor=None)
            else:
                found += rows(made)
        if again:
            found = rows(export(package))
        assert nets(found) == ledger(FIRST, LAST)
        assert ExportedPosting.objects.count() == Posting.objects.count()
        transaction.set_rollback(True)


def test_a_posting_goes_once_and_what_comes_later_goes_next(books: None, alice: Customer) -> None:
    package = builders.chart()
    first = export(package)
    with pytest.raises(DomainError, match="exported already"):
        making.ask(package, FIRST, LAST, now(), actor=None)
    late = builders.payment(alice, "1.00", on=date(2026, 9, 15))
    second = export(package)
    assert (second.number, second.postings, sorted(nets(rows(second)).values())) == (
        2,
        1,
        [Decimal(-1), Decimal(1)],
    )
    assert {row["*Date"] for row in rows(second)} == {"15/09/2026"}
    assert making.first_waiting(package) is None
    posting = late.postings.get().posting
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportedPosting.objects.create(system="xero", posting=posting, export=first)
    with pytest.raises(IntegrityError, match="the export is made"), transaction.atomic():
        ExportedPosting.objects.create(system="sageone", posting=posting, export=first)
    with pytest.raises(IntegrityError, match="the export stands"), transaction.atomic():
        ExportedPosting.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError, match="is not edited"), transaction.atomic():
        AccountingExport.objects.filter(pk=first.pk).update(debit=0, credit=0)
    # Another package has its own count: nothing went to it yet.
    assert export(builders.chart(AccountingSystem.SAGEONE)).postings == 7


def test_it_is_taken_back_while_it_is_the_newest_and_the_file_stays(books: None) -> None:
    package = builders.chart()
    first = export(package, FIRST, date(2026, 9, 30))
    content = keeping.place(first.path).read_bytes()
    second = export(package)
    with pytest.raises(DomainError, match="Xero export 2 is newer"):
        making.undo(first, now(), actor=None)
    making.undo(second, now(), actor=None, reason="wrong month")
    with pytest.raises(DomainError, match="taken back"):
        making.undo(second, now(), actor=None)
    making.undo(first, now(), actor=None)
    assert ExportedPosting.objects.count() == 0
    again = export(package, FIRST, date(2026, 9, 30))
    assert (again.number, again.postings) == (3, 2)
    # The same postings make the same journals, but for the number that tells the two apart.
    assert keeping.place(again.path).read_bytes() == content.replace(b"xero-1-", b"xero-3-")
    told = Event.objects.filter(kind="accounting_export.undone").order_by("pk").first()
    assert (told.data["postings"], told.data["reason"]) == (4, "wrong month")


def test_income_is_split_by_the_gl_codes_of_the_paper(alice: Customer) -> None:
    package = builders.chart()
    Product.objects.create(title="Fibre", gl_code="4100", income_account="Fibre income", price=Decimal(100))
    one, items = Decimal(1), (("Fibre", "100", "4100"), ("Router", "50", "4200"), ("Call-out", "20", ""))
    draft = Draft(
        kind=DocumentKind.INVOICE,
        customer_id=alice.pk,
        payer_id=alice.pk,
        party=PartyDraft(alice.pk, alice.name, "", "", alice.code),
        due_on=date(2026, 11, 8),
        items=tuple(
            Item(name, one, Decimal(net), ZERO, Decimal(net), ZERO, gl_code=gl) for name, net, gl in items
        ),
        source_key="test:gl",
    )
    with transaction.atomic():
        issued = issuing.issue([draft], date(2026, 11, 1), now())[0]
    codes = {row.account.code: row.code for row in AccountCode.objects.select_related("account")}
    mapping.store(package, {Pot("revenue", "4200"): Target("4999", "Sales")}, now(), actor=None)
    assert ("4100", "Fibre income") in [(pot.gl_code, name) for pot, name in mapping.pots(package)]
    found = nets(rows(export(package)))
    assert (found["4100"], found["4999"], found[codes["revenue"]]) == (
        Decimal("-100.00"),
        Decimal("-50.00"),
        Decimal("-20.00"),
    )
    assert sum(found.values()) == 0
    # Where paper was changed behind the books' back, what leaves is still what the ledger says.
    credit.credit(issued, date(2026, 11, 2), now(), actor=None, reason="x")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE billing_documentline SET net = net + 5, total = total + 5 WHERE gl_code = '4100'"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
    found = nets(rows(export(package)))
    assert sum(found.get(code, ZERO) for code in ("4100", "4999", codes["revenue"])) == Decimal("170.00")


def test_every_account_with_movement_is_mapped_first(books: None) -> None:
    package = builders.chart()
    AccountCode.objects.filter(account__code="suspense").delete()
    with pytest.raises(DomainError, match=r"Say first what these accounts are in Xero: suspense\."):
        making.ask(package, FIRST, LAST, now(), actor=None)
    assert export(package, FIRST, date(2026, 10, 31)).postings == 3  # by then nothing was in suspense


def test_nothing_before_the_minimum_transaction_date(books: None) -> None:
    package = builders.chart()
    AccountingSettings.objects.update(first_day=date(2026, 10, 1))
    with pytest.raises(DomainError, match="before 2026-10-01"):
        making.ask(package, FIRST, LAST, now(), actor=None)
    assert making.first_waiting(package) == date(2026, 10, 5)
    assert export(package, date(2026, 10, 1)).postings == 4


def test_sage_reads_its_own_columns_and_a_package_gets_no_more_than_it_takes(
    books: None, alice: Customer
) -> None:
    made = export(builders.chart(AccountingSystem.SAGEONE))
    found = rows(made)
    assert set(found[0]) >= {"Reference", "Date", "Ledger Account Number", "Debit", "Credit"}
    assert (
        sum(Decimal(row["Debit"]) for row in found)
        == sum(Decimal(row["Credit"]) for row in found)
        == made.debit
    )
    AccountingSettings.objects.update(grouping="detail")
    for _ in range(101):
        builders.invoice(alice, on=date(2026, 10, 10))
    made = export(builders.chart())
    with ZipFile(keeping.place(made.path)) as bundle:
        counts = [bundle.read(name).count(b"\r\n") - 1 for name in bundle.namelist()]
    assert (made.files, max(counts) <= 300, sum(counts)) == (
        4,
        True,
        made.lines,
    )  # a month each, October in two


def test_a_file_that_would_be_wrong_is_not_made(books: None) -> None:
    package = builders.chart()
    made = making.ask(package, FIRST, LAST, now(), actor=None)
    AccountingExport.objects.update(codes=[])
    making.plan(now()).apply(now())
    made.refresh_from_db()
    assert (made.state, ExportedPosting.objects.count()) == ("failed", 0)
    assert "is not mapped" in made.error
    assert export(package).number == 2


def client(role: Role) -> Client:
    made = Client()
    made.force_login(builders.staff(role))
    return made


def test_the_pages_lead_from_the_codes_to_the_file(books: None) -> None:
    money = client(Role.FINANCIAL_MANAGER)
    here, codes = reverse("billing:accounting_list"), reverse("billing:accounting_codes")
    assert "Choose under Settings" in money.get(here).content.decode()
    assert "Choose first which" in money.get(codes, follow=True).content.decode()
    chosen = {"system": "xero", "first_day": "2026-09-01", "grouping": "summary"}
    money.post(reverse("billing:accounting_settings"), chosen)
    assert Provider.get().accounting_system == "xero"
    pots = mapping.pots(PACKAGES["xero"])
    typed = {f"code_{n}": f"{n}00" for n in range(len(pots))} | {
        f"tax_{n}": "No VAT" for n in range(len(pots))
    }
    page = money.post(codes, typed | {"code_0": "=1+1"}).content.decode()
    assert "begins with a letter or a digit" in page
    money.post(codes, typed)
    assert AccountCode.objects.count() == len(pots)
    add = reverse("billing:accounting_export_add")
    assert 'value="2026-09-01"' in money.get(add).content.decode()
    assert (
        "before the first" in money.post(add, {"since": "2026-11-02", "until": "2026-11-01"}).content.decode()
    )
    page = money.post(add, {"since": "2026-09-01", "until": "2026-11-20"}, follow=True).content.decode()
    assert "Waiting for a worker" in page
    assert "Xero export 1" in money.get(reverse("running")).content.decode()
    assert (
        "is being made; wait"
        in money.post(add, {"since": "2026-09-01", "until": "2026-11-20"}).content.decode()
    )
    making.plan(now()).apply(now())
    made = AccountingExport.objects.get()
    page = money.get(made.get_absolute_url()).content.decode()
    assert "Every posting of these days is exported" in page
    assert page.count('state-working">Ties<') == len(made.certificate["accounts"])
    download = reverse("billing:accounting_export_download", args=[made.pk])
    twice = [b"".join(money.get(download).streaming_content) for _ in range(2)]
    assert twice[0] == twice[1] == keeping.place(made.path).read_bytes()
    reader = client(Role.READ_ONLY)
    assert download not in reader.get(made.get_absolute_url()).content.decode()
    assert reader.get(download).status_code == 403
    undo = reverse("billing:accounting_export_undo", args=[made.pk])
    assert "can be exported again" in money.get(undo).content.decode()
    money.post(undo, {"reason": "wrong"})
    page = money.get(made.get_absolute_url()).content.decode()
    assert "It was taken back" in page
    assert "Taken back" in money.get(here, {"state": "all"}).content.decode()


def test_contacts_of_synced_groups_leave_with_their_id_there(alice: Customer, bob: Customer) -> None:
    builders.chart()
    external.put(ExternalKind.CUSTOMER, alice, "X-1", now(), actor=None)
    builders.customer(name="=HYPERLINK()", group=builders.group())
    builders.customer(name="Not synced", group=builders.group(sync_to_accounting=False))
    money, url = client(Role.FINANCIAL_MANAGER), reverse("billing:accounting_contacts")
    assert "3 customers" in money.get(url).content.decode()
    assert "Confirm this" in money.post(url, {"purpose": "set up"}).content.decode()
    answer = money.post(url, {"purpose": "set up", "understood": "on"})
    text = b"".join(answer.streaming_content).decode()
    found = {row["*ContactName"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert found["Alice Liddell"]["AccountNumber"] == "X-1"
    assert found[bob.name]["AccountNumber"] == bob.code
    assert "'=HYPERLINK()" in found
    assert len(found) == 3
    assert Event.objects.get(kind="accounting.contacts_exported").data["customers"] == 3
