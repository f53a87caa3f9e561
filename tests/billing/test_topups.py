"""Top-ups that are sold: on account, paid online, undone; what they cover."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from billing import sweeps
from billing.data_sales import quoting, selling
from billing.data_sales.models import BilledWhen, DataSalesSettings, SaleState, SaleWay, TopupSale
from billing.data_sales.selling import Order
from billing.gateways import checkouts
from billing.models import Balance, BillingSettings, Document, RecurringLine
from billing.payments import returning
from billing.payments.returning import Why
from billing.runs import monthly, planning, undoing
from billing.runs.planning import Asked
from ispbilling.core.clock import month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius.bundles import counting, remaining
from radius.catalogue import offering as catalogue
from radius.changes import changing
from radius.changes.changing import Wanted
from radius.models import DataAccount, DataBundle, TopupType, UsageDay
from radius.topups import offering as topups
from tests import builders

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 12)


@pytest.fixture
def line() -> DataAccount:
    return builders.topup_line(customer=builders.customer(), package={"cap_octets": 100 * GB})


def use(line: DataAccount, octets: int, day: date = TODAY, now: datetime = NOW) -> None:
    """So much was used on a day, and counted."""
    UsageDay.objects.create(data_account=line, day=day, download_octets=octets, upload_octets=0, seconds=60)
    counting.count([line.pk], now, since=day)


def left(line: DataAccount, now: datetime = NOW) -> int | None:
    return remaining.left(line, now)


def order(line: DataAccount, source: str = "form:1", way: SaleWay = SaleWay.STAFF) -> Order:
    type_ = TopupType.objects.get()
    return Order(line, type_, way, source)


def owed(line: DataAccount) -> Decimal:
    row = Balance.objects.filter(customer=line.customer).first()
    return row.amount if row else Decimal(0)


@pytest.mark.feature("D-18", "USE-8")
def test_a_topup_is_invoiced_at_once_and_can_be_used(line: DataAccount) -> None:
    sale = selling.sell(order(line), NOW, actor=None)
    assert (sale.state, sale.total, sale.bundle.octets) == (SaleState.SOLD, Decimal("99.00"), 10 * GB)
    assert sale.bundle.expires_at == NOW + timedelta(days=30)
    assert (sale.document.total, sale.document.vat, sale.document.issued_on) == (
        Decimal(99),
        Decimal("12.91"),
        TODAY,
    )
    assert owed(line) == 99
    assert left(line) == 110 * GB
    assert Event.objects.get(kind="topup.sold").about_id == line.customer_id


def test_a_double_click_sells_once(line: DataAccount) -> None:
    first = selling.sell(order(line), NOW, actor=None)
    assert selling.sell(order(line), NOW, actor=None) == first
    assert (TopupSale.objects.count(), Document.objects.count(), owed(line)) == (1, 1, 99)
    other = builders.data_account(customer=line.customer, package=line.package)
    with pytest.raises(DomainError, match="This form was sent before"):
        selling.sell(order(other), NOW, actor=None)
    first.pk, first._state.adding, first.bundle = None, True, None
    with pytest.raises(IntegrityError, match="billing_topupsale_"), transaction.atomic():
        first.save(force_insert=True)


@pytest.mark.parametrize(("adds", "usable"), [(False, 6), (True, 10)])
def test_overusage_is_paid_first_or_added(line: DataAccount, adds: bool, usable: int) -> None:
    """2.9: a line that used 104 GB of 100 GB buys 10 GB."""
    line.package.add_overusage_on_topup = adds
    line.package.save(update_fields=["add_overusage_on_topup"])
    remaining.remaining([line.pk], NOW)
    selling.granting.ensure_monthly(line, TODAY, NOW)
    use(line, 104 * GB)
    assert quoting.quote(selling.lock(line), order(line).type, NOW).usable == usable * GB
    selling.sell(order(line), NOW, actor=None)
    assert left(line) == usable * GB


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"cap_kind": "uncapped", "cap_octets": None}, "is uncapped: there is nothing to top up"),
    ({"topup_group": None}, "has no top-ups: give the package a top-up group"),
])  # fmt: skip
@pytest.mark.feature("D-18")
def test_nothing_is_sold_without_a_cap_or_a_group(line: DataAccount, wrong: dict, sentence: str) -> None:
    type(line.package).objects.filter(pk=line.package_id).update(**wrong)
    with pytest.raises(DomainError, match=sentence):
        selling.sell(order(line), NOW, actor=None)
    assert not TopupSale.objects.exists()


def test_undoing_a_sale_ends_its_data_and_credits_its_invoice(line: DataAccount) -> None:
    sale = selling.sell(order(line), NOW, actor=None)
    use(line, 102 * GB)
    assert left(line) == 8 * GB
    undone = selling.undo(sale, NOW + timedelta(hours=1), actor=None, reason="Wrong line")
    assert (undone.state, owed(line)) == (SaleState.UNDONE, 0)
    assert left(line, NOW + timedelta(hours=1)) == 0
    assert Document.objects.get(kind="credit_note").corrects == sale.document
    assert Event.objects.get(kind="topup.undone").data["credit_note"].startswith("CN-")
    with pytest.raises(DomainError, match="is undone; it cannot be undone"):
        selling.undo(sale, NOW, actor=None, reason="Again")


def with_next_run(line: DataAccount) -> TopupSale:
    DataSalesSettings.objects.update(billed=BilledWhen.NEXT_RUN)
    builders.recurring_line(customer=line.customer, price=Decimal(500))
    return selling.sell(order(line), NOW, actor=None)


def issue(month: date, day: date) -> Document:
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    run = planning.plan(Asked(month_of(month), day), at, actor=None)
    monthly.approve(run, at, actor=None)
    sweeps.issue_runs(at).apply(at)
    return Document.objects.get(run=run)


def test_with_the_next_run_it_is_charged_once_at_its_price(line: DataAccount) -> None:
    with_next_run(line)
    assert owed(line) == 0
    first = issue(date(2026, 12, 1), date(2026, 11, 25))
    assert sorted(first.lines.values_list("total", flat=True)) == [Decimal(99), Decimal(500)]
    second = issue(date(2027, 1, 1), date(2026, 12, 25))
    assert [row.total for row in second.lines.all()] == [500]


def test_an_undone_sale_is_not_charged_or_comes_off_what_a_run_charged(line: DataAccount) -> None:
    sale = with_next_run(line)
    selling.undo(sale, NOW, actor=None, reason="Wrong line")
    assert not RecurringLine.objects.filter(price=99).exists()
    again = selling.sell(order(line, "form:2"), NOW, actor=None)
    invoice = issue(date(2026, 12, 1), date(2026, 11, 25))
    selling.undo(again, datetime(2026, 11, 26, tzinfo=UTC), actor=None, reason="Wrong line")
    note, rest = Document.objects.exclude(pk=invoice.pk).order_by("pk")
    assert (note.corrects, note.total, rest.total) == (invoice, -599, 500)
    assert owed(line) == 500
    assert [row.total for row in issue(date(2027, 1, 1), date(2026, 12, 25)).lines.all()] == [500]


def test_a_sale_whose_run_was_undone_is_undone_and_never_charged_again(line: DataAccount) -> None:
    sale = with_next_run(line)
    run = issue(date(2026, 12, 1), date(2026, 11, 25)).run
    later = datetime(2026, 11, 26, 8, tzinfo=UTC)
    undoing.request(run, later, actor=None, reason="Too early")
    sweeps.issue_runs(later).apply(later)
    selling.undo(sale, later, actor=None, reason="Wrong line")
    assert [row.total for row in issue(date(2026, 12, 1), date(2026, 11, 27)).lines.all()] == [500]
    assert [row.total for row in issue(date(2026, 11, 1), date(2026, 11, 28)).lines.all()] == [500]
    assert owed(line) == 1000


def prepaid(line: DataAccount) -> DataAccount:
    selling.granting.set_prepaid(line, NOW - timedelta(days=1))
    return selling.lock(line)


@pytest.mark.feature("DAT-5")
def test_a_prepaid_line_buys_from_what_is_in_credit(line: DataAccount) -> None:
    line = prepaid(line)
    with pytest.raises(DomainError, match="has nothing in credit; Top-up .* costs R 99.00"):
        selling.sell(order(line), NOW, actor=None)
    assert not DataBundle.objects.filter(kind="topup").exists()
    builders.payment(line.customer, "100.00", on=TODAY)
    sale = selling.sell(order(line), NOW, actor=None)
    assert (sale.document.due_on, owed(line), left(line)) == (TODAY, -1, 10 * GB)
    owing = selling.sell(order(line, "form:2"), NOW, actor=None, on_debt=True)
    assert (owing.total, owed(line)) == (99, 98)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("way", [SaleWay.STAFF, SaleWay.PORTAL])
def test_two_lines_do_not_spend_the_same_credit(line: DataAccount, way: SaleWay) -> None:
    """Prepaid lines by staff; monthly ones in a portal that sells nothing on account."""
    DataSalesSettings.objects.update(portal_on_account=False)
    other = builders.data_account(customer=line.customer, package=line.package)
    builders.payment(line.customer, "99.00", on=TODAY)
    with transaction.atomic():
        both = [prepaid(line), prepaid(other)] if way == SaleWay.STAFF else [line, other]

    def buy(one: DataAccount) -> str:
        try:
            return selling.sell(order(one, f"form:{one.pk}", way), NOW, actor=None).state
        except DomainError as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        refused, sold = sorted(pool.map(buy, both), key=len, reverse=True)
    assert sold == SaleState.SOLD
    assert "in credit" in refused
    assert owed(line) == 0


def test_a_bundle_of_a_prepaid_line_may_start_with_its_first_use(line: DataAccount) -> None:
    line = prepaid(line)
    line.package.bundle_starts = "first_use"
    line.package.save(update_fields=["bundle_starts"])
    bundle = selling.sell(order(line), NOW, actor=None, on_debt=True).bundle
    assert (bundle.starts_at, bundle.expires_at, bundle.valid_seconds) == (None, None, 30 * 86_400)
    assert left(line) == 10 * GB
    later = NOW + timedelta(days=3)
    use(line, 3 * GB, later.date(), later)
    bundle.refresh_from_db()
    assert bundle.starts_at is not None
    assert bundle.expires_at == bundle.starts_at + timedelta(days=30)
    assert left(line, later) == 7 * GB


@pytest.mark.parametrize("by_sweep", [True, False])
def test_what_is_paid_online_is_given_out_once_it_is_paid(line: DataAccount, by_sweep: bool) -> None:
    builders.gateway()
    line, token = prepaid(line), uuid4()
    sale = selling.order_online(order(line, way=SaleWay.PORTAL), token, NOW, actor=None)
    assert (sale.status, sale.checkout.amount, left(line)) == ("Waiting for payment", 99, 0)
    assert selling.order_online(order(line, way=SaleWay.PORTAL), token, NOW, actor=None) == sale
    assert selling.complete(sale, NOW).state == SaleState.WAITING
    checkouts.cancel(sale.checkout, NOW)
    TopupType.objects.update(active=False)  # it is not sold any more; who paid for it has it
    row = checkouts.locked(sale.checkout_id)
    checkouts.paid(row, builders.payment(line.customer, "99.00", on=TODAY), NOW)  # late money still pays it
    if by_sweep:
        assert sweeps.paid_topups(NOW).apply(NOW).applied == 1
    selling.complete(sale, NOW)
    selling.complete(sale, NOW)
    sale.refresh_from_db()
    assert (sale.state, left(line), owed(line)) == (SaleState.SOLD, 10 * GB, 0)
    assert Document.objects.count() == DataBundle.objects.filter(kind="topup").count() == 1


def paid_online(line: DataAccount) -> TopupSale:
    """Ordered, and then paid, after the type became something else."""
    builders.gateway()
    sale = selling.order_online(order(line, way=SaleWay.PORTAL), uuid4(), NOW, actor=None)
    TopupType.objects.update(price=Decimal(149), octets=5 * GB, title="Small")
    payment = builders.payment(line.customer, "99.00", on=TODAY)
    checkouts.paid(checkouts.locked(sale.checkout_id), payment, NOW)
    return sale


@pytest.mark.parametrize("includes_vat", [True, False])
def test_who_paid_gets_what_was_ordered_at_the_price_that_was_asked(
    line: DataAccount, includes_vat: bool
) -> None:
    BillingSettings.objects.update(prices_include_vat=includes_vat)
    TopupType.objects.update(price=Decimal("99.00") if includes_vat else Decimal("86.09"))
    title = TopupType.objects.get().title
    sale = selling.complete(paid_online(prepaid(line)), NOW)
    assert (sale.state, sale.bundle.octets, sale.bundle.title) == (SaleState.SOLD, 10 * GB, title)
    assert (sale.document.total, sale.document.vat, owed(line)) == (99, Decimal("12.91"), 0)


def test_what_was_paid_and_given_back_buys_nothing(line: DataAccount) -> None:
    sale = paid_online(prepaid(line))
    payment = checkouts.locked(sale.checkout_id).payment
    returning.take_back(payment, Why.RETURNED, TODAY, NOW, actor=None, reason="Refunded")
    assert sweeps.paid_topups(NOW).apply(NOW).applied == 1
    sale.refresh_from_db()
    assert (sale.state, sale.reason) == (SaleState.FAILED, "What was paid for it was given back.")
    assert (owed(line), left(line)) == (0, 0)


def test_what_was_paid_for_a_line_that_ended_stays_in_credit(line: DataAccount) -> None:
    builders.gateway()
    sale = selling.order_online(order(line, way=SaleWay.PORTAL), uuid4(), NOW, actor=None)
    DataAccount.objects.filter(pk=line.pk).update(ends_on=date(2026, 11, 1))
    checkouts.paid(
        checkouts.locked(sale.checkout_id), builders.payment(line.customer, "99.00", on=TODAY), NOW
    )
    assert selling.complete(sale, NOW).reason == f"{line} ended on 2026-11-01."
    assert (owed(line), Event.objects.filter(kind="topup.failed").count()) == (-99, 1)


def test_a_topup_that_was_sold_and_a_package_that_was_changed_are_not_deleted(line: DataAccount) -> None:
    selling.sell(order(line), NOW, actor=None)
    with pytest.raises(DomainError, match="1 top-up sale uses Top-up .* Stop selling it instead"):
        topups.delete_type(TopupType.objects.get(), NOW, actor=None)
    former, new = line.package, builders.package()
    changing.schedule(Wanted(line, new, TODAY), NOW, actor=None)
    with pytest.raises(DomainError, match="1 package change uses"):
        catalogue.delete(former, NOW, actor=None)


@pytest.mark.parametrize("wrong", [
    {"state": "sold", "document": None}, {"state": "failed"}, {"octets": 0}, {"total": -1}, {"source": ""},
    {"undone_at": NOW},
])  # fmt: skip
def test_the_database_refuses_a_sale_that_contradicts_itself(line: DataAccount, wrong: dict) -> None:
    sale = selling.sell(order(line), NOW, actor=None)
    with pytest.raises(IntegrityError, match="billing_topupsale_"), transaction.atomic():
        TopupSale.objects.filter(pk=sale.pk).update(**wrong)


def test_prices_follow_discount_and_vat_of_the_payer(line: DataAccount) -> None:
    BillingSettings.objects.update(prices_include_vat=False)
    line.customer.discount = Decimal(10)
    line.customer.save(update_fields=["discount"])
    assert selling.sell(order(line), NOW, actor=None).total == Decimal("102.47")
