"""Calls from a carrier's file to one line of the invoice: whose, at what price, once, and back again."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing import sweeps
from billing.calls import decks, importing, owning
from billing.calls.models import Call, CallBill, CallImport, CallImportState, PhoneNumber, PhoneRate
from billing.calls.owning import Held
from billing.calls.rating import Rate
from billing.calls.reading import amount, seconds
from billing.documents import charging_again, credit, verification
from billing.documents.charging_again import Cut
from billing.merging import merging
from billing.models import Document, DocumentLine, PhoneCostingModel, Run, RunException
from billing.recurring.dues import due
from billing.recurring.models import BillingSettings, Rounding
from billing.recurring.terms import Terms
from billing.runs import monthly, undoing
from billing.runs.planning import Asked, plan
from billing.simulating import simulator
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of, zone
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("SET-2")]

HEAD = "Caller,Called,Started,Seconds,Cost\n"
NOVEMBER = (
    HEAD
    + "021 555 0100,082 123 4567,2026-11-03 09:15:00,134,0.90\n"  # 2 min 14 s at 0.85: 1.8983
    + "021 555 0100,+44 20 7123 4567,2026-11-04 10:00:00,60,1.10\n"  # no rate
    + "021 555 0199,0821234567,2026-11-05 11:00:00,60,0.40\n"  # nobody knows it
    + "021 555 0100,0821234567,2026-11-05 12:00:00,0,\n"  # not answered
    + "021 555 0100,0821234567,2026-12-01 00:00:01,60,0.40\n"  # December
)
FIRST = date(2026, 1, 1)
ON = date(2026, 12, 1)
NOW = day_start(date(2026, 12, 2))


def uploaded(text: str = NOVEMBER, name: str = "nov.csv") -> CallImport:
    return importing.receive(text.encode(), name, NOW, actor=None)


def imported(text: str = NOVEMBER) -> CallImport:
    one = importing.start(uploaded(text), NOW, actor=None)
    sweeps.call_imports(NOW).apply(NOW)
    one.refresh_from_db()
    assert one.state == CallImportState.READ
    return one


def priced() -> None:
    sweeps.price_calls(NOW).apply(NOW)
    assert not PhoneNumber.objects.filter(stale=True).exists()


def states() -> list[str]:
    return list(Call.objects.order_by("started_at", "pk").values_list("state", flat=True))


def december() -> Run:
    return plan(Asked(month_of(ON), ON), NOW, actor=None)


def issued(run: Run) -> Run:
    monthly.approve(run, NOW, actor=None)
    sweeps.issue_runs(NOW).apply(NOW)
    run.refresh_from_db()
    return run


@transaction.atomic
def bill_without_calls(number: PhoneNumber, document: Document) -> None:
    CallBill.objects.create(
        number=number, month=date(2026, 12, 1), document=document, calls=1, seconds=60, amount=1
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def lines() -> list[tuple[str, Decimal, Decimal]]:
    return list(DocumentLine.objects.order_by("pk").values_list("description", "net", "total"))


@pytest.fixture
def model() -> PhoneCostingModel:
    made = builders.phone_model(("27", "1.00"), ("2782", "0.85"), title="Standard")
    decks.configure({"default_model": made, "country_code": "27", "gl_code": "4100"}, actor=None)
    return made


@pytest.fixture
def number(alice: Customer, model: PhoneCostingModel) -> PhoneNumber:
    made = owning.add(alice, Held("021 555 0100", "Reception", FIRST), actor=None)
    priced()
    return made


@pytest.fixture(autouse=True)
def the_books_hold_afterwards(db: Any) -> Any:
    yield
    assert list(verification.findings()) == []


def test_a_file_becomes_calls_with_an_owner_and_a_price(number: PhoneNumber) -> None:
    one = imported()
    assert (one.rows, one.added, one.known, one.unanswered, one.bad) == (5, 4, 0, 1, 0)
    assert not one.parts.exists()
    assert states() == ["rated", "unrated", "unknown", "rated"]
    first = Call.objects.earliest("started_at")
    assert (first.number, first.price, first.destination) == (number, Decimal("1.8983"), "To 2782")
    assert (first.caller, first.called, first.cost) == ("27215550100", "27821234567", Decimal("0.9000"))
    assert first.started_at == datetime(2026, 11, 3, 9, 15, tzinfo=zone())


def test_a_call_counts_once_whichever_files_it_stands_in(number: PhoneNumber) -> None:
    imported()
    again = imported()
    assert (again.added, again.known) == (0, 4)
    other = imported(
        "start;dst;src;billsec\n03/11/2026 09:15:00;27821234567;27215550100;0:02:14\n"
        "03/11/2026 09:16:00;27821234567;27215550100;1\n"
    )
    assert (other.added, other.known, Call.objects.count()) == (1, 1, 5)
    row = Call.objects.first()
    row.pk = None
    with pytest.raises(IntegrityError, match="digest"), transaction.atomic():
        row.save(force_insert=True)


def test_rows_that_are_no_calls_are_told_and_stop_nothing(number: PhoneNumber) -> None:
    one = imported(
        HEAD
        + "0215550100,0821234567,2026-11-03 09:15:00,sixty,\n"
        + ",0821234567,2026-11-03 09:15:00,60,\n"
        + "0215550100,0821234567,yesterday,60,\n"
        + "0215550100,0821234567,2031-01-01 00:00:00,60,\n"
        + "0215550100,0821234567,2026-11-03 09:15:00,60,-1\n"
        + "0215550100,0821234567,2026-11-03 09:15:00,60,1e3\n"
        + "0215550100,0821234567,2026-11-03 09:15:00,60,0.35\n"
    )
    assert (one.added, one.bad) == (1, 6)
    assert one.problems[0] == "Row 2: “sixty” is no number of seconds."
    assert one.problems[5] == "Row 7: “1e3” is no cost."


def test_a_number_or_a_rate_that_is_added_prices_what_waited(
    alice: Customer, bob: Customer, number: PhoneNumber, model: PhoneCostingModel
) -> None:
    imported()
    owning.add(bob, Held("+27 21 555 0199", "", FIRST), actor=None)
    decks.store_rate(model, Rate("44", "United Kingdom", Decimal("2.00")), actor=None)
    assert states() == ["rated", "unrated", "unknown", "rated"]
    priced()
    assert states() == ["rated"] * 4
    assert Call.objects.get(called="442071234567").price == 2
    assert Call.objects.get(caller="27215550199").number.customer == bob


def test_a_slip_in_a_rate_stops_its_calls_and_nothing_else(
    number: PhoneNumber, model: PhoneCostingModel
) -> None:
    decks.store_rate(model, Rate("278212", "Dear", Decimal("9999999999.9999")), actor=None)
    one = imported(HEAD + "0215550100,0821234567,2026-11-03 09:15:00,604800,999999999.99\n"
                   "0215550100,0115550100,2026-11-04 09:15:00,60,\n")  # fmt: skip
    assert (one.added, states()) == (2, ["unrated", "rated"])
    assert "that cannot be right" in Call.objects.earliest("started_at").reason
    decks.store(model, "Standard", Decimal(1000), actor=None)  # by the carrier's cost it is too much as well
    priced()
    assert states() == ["unrated", "rated"]


def test_a_customers_own_model_holds_for_its_calls_and_a_markup_for_those_with_a_cost(
    alice: Customer, number: PhoneNumber
) -> None:
    imported()
    wholesale = builders.phone_model(("27", "0.50"), markup=Decimal("20.00"), title="Wholesale")
    decks.give(alice, wholesale, actor=None)
    priced()
    prices = dict(Call.objects.filter(state="rated").values_list("day", "price"))
    assert prices == {
        date(2026, 11, 3): Decimal("1.0800"),
        date(2026, 11, 4): Decimal("1.3200"),
        date(2026, 12, 1): Decimal("0.4800"),
    }
    with pytest.raises(DomainError, match="the price list of 1 customer"):
        decks.remove(wholesale, actor=None)
    decks.give(alice, None, actor=None)
    priced()
    assert Call.objects.earliest("started_at").price == Decimal("1.8983")


def test_calls_between_numbers_of_one_customer_are_free(alice: Customer, number: PhoneNumber) -> None:
    owning.add(alice, Held("101", "Workshop", FIRST), actor=None)
    imported(HEAD + "0215550100,101,2026-11-03 09:15:00,60,\n")
    assert (Call.objects.get().price, Call.objects.get().destination) == (0, "Own number")


def test_the_month_is_one_line_of_the_next_invoice_with_the_customers_other_charges(
    alice: Customer, number: PhoneNumber
) -> None:
    builders.recurring_line(customer=alice, price=Decimal("115.00"))
    imported()
    run = december()
    (plan_,) = run.plans.all()
    assert plan_.lines[1]["description"] == "Calls 021 555 0100, November 2026, 1 call, 2 m"
    assert plan_.lines[1]["because"] == "November 2026, 1 call, 2 m: R 1.90 before VAT"
    issued(run)
    assert run.state == "issued"
    assert lines()[1] == ("Calls 021 555 0100, November 2026, 1 call, 2 m", Decimal("1.90"), Decimal("2.19"))
    bill = CallBill.objects.get()
    assert (bill.calls, bill.seconds, bill.amount) == (1, 134, Decimal("1.8983"))
    assert list(bill.of_calls.values_list("day", flat=True)) == [date(2026, 11, 3)]
    assert DocumentLine.objects.last().gl_code == "4100"


def test_a_customer_with_calls_alone_gets_an_invoice_and_one_without_any_gets_none(
    number: PhoneNumber, bob: Customer
) -> None:
    imported()
    issued(december())
    assert [document.customer.code for document in Document.objects.all()] == ["ALI001"]
    with pytest.raises(DomainError, match="nor a call"):
        december()


def test_late_calls_come_with_the_next_invoice_and_december_waits_until_it_is_over(
    number: PhoneNumber,
) -> None:
    imported()
    issued(december())
    imported(HEAD + "0215550100,0821234567,2026-11-30 23:59:00,60,\n")
    later = day_start(date(2027, 1, 2))
    run = plan(Asked(month_of(date(2027, 1, 1)), date(2027, 1, 1)), later, actor=None)
    assert [line["description"] for line in run.plans.get().lines] == [
        "Calls 021 555 0100, November 2026, 1 call, 1 m",
        "Calls 021 555 0100, December 2026, 1 call, 1 m",
    ]


def test_what_came_since_the_preview_parks_the_customer(number: PhoneNumber) -> None:
    imported()
    run = december()
    imported(HEAD + "0215550100,0821234567,2026-11-30 23:59:00,60,\n")
    issued(run)
    assert "Changed since the preview" in RunException.objects.get(run=run).reason
    assert not Document.objects.exists()


def test_calls_that_are_to_be_priced_again_are_not_billed_before(
    number: PhoneNumber, model: PhoneCostingModel
) -> None:
    imported()
    decks.store_rate(model, Rate("278212", "Dear", Decimal("9.00")), actor=None)
    run = december()
    assert "being priced again" in RunException.objects.get(run=run).reason
    monthly.discard(run, actor=None, now=NOW)
    priced()
    assert december().planned_total == Decimal("23.12")  # 134 s at 9.00: 20.10, and VAT


def test_undoing_the_run_frees_the_calls_and_they_are_billed_again(number: PhoneNumber) -> None:
    imported()
    run = issued(december())
    undoing.request(run, NOW, actor=None, reason="wrong month")
    sweeps.issue_runs(NOW).apply(NOW)
    assert not Call.objects.exclude(bill=None).exists()
    priced()
    issued(december())
    assert Document.objects.filter(kind="invoice").count() == 2
    assert Call.objects.exclude(bill=None).get().bill.document.corrections.count() == 0


def test_a_credited_invoice_frees_its_calls_at_the_prices_of_then(
    number: PhoneNumber, model: PhoneCostingModel
) -> None:
    imported()
    issued(december())
    decks.store_rate(model, Rate("278212", "Cheap", Decimal("0.60")), actor=None)
    priced()
    assert Call.objects.earliest("started_at").price == Decimal("1.8983")  # on an invoice: as it was
    credit.credit(Document.objects.get(), ON, NOW, actor=None, reason="too dear")
    priced()
    assert Call.objects.earliest("started_at").price == Decimal("1.3400")


def test_an_invoice_in_place_of_another_keeps_its_calls_and_leaves_later_ones(
    alice: Customer, number: PhoneNumber
) -> None:
    line = builders.recurring_line(customer=alice, price=Decimal("310.00"))
    imported()
    issued(december())
    imported(HEAD + "0215550100,0821234567,2026-11-30 23:59:00,60,\n")
    paper = Document.objects.get()
    again = charging_again.without(
        paper, [Cut(line.pk, date(2026, 12, 10))], NOW, actor=None, reason="left early"
    )
    assert again.given_back == Decimal("210.00")
    priced()
    kept_ = again.invoice.lines.get(recurring_line=None)
    assert (kept_.description, kept_.total) == lines()[1][::2]
    assert list(again.invoice.call_bills.values_list("calls", flat=True)) == [1]
    waiting = Call.objects.filter(bill=None, state="rated")
    assert sorted(waiting.values_list("day", flat=True)) == [
        date(2026, 11, 30),
        date(2026, 12, 1),
    ]


def test_the_database_lets_nobody_bill_a_call_twice_or_change_it_then(number: PhoneNumber) -> None:
    imported()
    issued(december())
    call = Call.objects.exclude(bill=None).get()
    bill = call.bill
    december_call = Call.objects.get(day=date(2026, 12, 1))
    for wrong in ({"price": Decimal(9)}, {"bill": None}, {"seconds": 1}, {"number": None}):
        with pytest.raises(IntegrityError, match="on an invoice|billing_call"), transaction.atomic():
            Call.objects.filter(pk=call.pk).update(**wrong)
    with pytest.raises(IntegrityError, match="on an invoice"), transaction.atomic():
        call.delete()
    with pytest.raises(IntegrityError, match="not those that were counted"), transaction.atomic():
        Call.objects.filter(pk=december_call.pk).update(bill=bill)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CallBill.objects.update(calls=2)
    with pytest.raises(IntegrityError, match="has not the calls"):
        bill_without_calls(number, bill.document)


def test_a_credit_note_that_left_its_calls_behind_is_found(number: PhoneNumber) -> None:
    imported()
    issued(december())
    invoice = Document.objects.get()
    call = Call.objects.exclude(bill=None).get()
    bill = call.bill
    credit.credit(invoice, ON, NOW, actor=None, reason="wrong")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        Call.objects.filter(pk=call.pk).update(bill=bill)
        assert list(verification.papers()) == [f"{invoice} charges other calls than it counted"]
        Call.objects.filter(pk=call.pk).update(bill=None)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_a_number_has_one_owner_a_day_and_passes_on(
    alice: Customer, bob: Customer, number: PhoneNumber
) -> None:
    with pytest.raises(DomainError, match="belongs to ALI001 Alice Liddell"):
        owning.add(bob, Held("0215550100", "", date(2026, 11, 1)), actor=None)
    with pytest.raises(IntegrityError, match="phonenumber_once"), transaction.atomic():
        builders.phone_number(number.identity, customer=bob)
    imported()
    owning.change(number, Held("021 555 0100", "Reception", FIRST, date(2026, 11, 30)), actor=None)
    owning.add(bob, Held("021 555 0100", "", date(2026, 12, 1)), actor=None)
    priced()
    assert Call.objects.get(day=date(2026, 12, 1)).number.customer == bob
    issued(december())
    with pytest.raises(DomainError, match="1 call outside of these days are on invoices"):
        owning.change(number, Held("021 555 0100", "", date(2026, 11, 4)), actor=None)
    with pytest.raises(DomainError, match="were billed"):
        owning.remove(number, actor=None)
    passed_on = PhoneNumber.objects.get(customer=bob)
    owning.remove(passed_on, actor=None)
    assert Call.objects.get(day=date(2026, 12, 1)).state == "unknown"
    assert Event.objects.filter(kind="phone_number.removed").count() == 1


def test_calls_that_are_left_out_are_not_billed_and_can_be_taken_in(number: PhoneNumber) -> None:
    imported()
    owning.leave_out_caller("27215550199", "a wrong trunk", actor=None)
    owning.leave_out(Call.objects.earliest("started_at"), "a test call", actor=None)
    with pytest.raises(DomainError, match="nor a call"):
        december()
    owning.take_in(Call.objects.earliest("started_at"), actor=None)
    assert states() == ["rated", "unrated", "left_out", "rated"]


@pytest.mark.feature("D-20")
def test_after_a_merge_calls_follow_the_survivors_model(
    alice: Customer, bob: Customer, number: PhoneNumber
) -> None:
    imported()
    decks.give(bob, builders.phone_model(("27", "3.00")), actor=None)
    merging.merge(bob, alice, {}, NOW, actor=None)
    priced()
    first = Call.objects.earliest("started_at")
    assert (first.number.customer, first.price) == (bob, Decimal("6.7000"))


def test_a_file_is_taken_out_again_unless_its_calls_are_billed(number: PhoneNumber) -> None:
    one = imported()
    importing.undo(one, NOW, actor=None)
    assert not Call.objects.exists()
    one = imported()
    issued(december())
    with pytest.raises(DomainError, match="1 call of it is on invoices"):
        importing.undo(one, NOW, actor=None)


def test_vat_once_per_document_counts_the_calls_in(alice: Customer, number: PhoneNumber) -> None:
    BillingSettings.objects.update(rounding=Rounding.DOCUMENT, prices_include_vat=False)
    builders.recurring_line(customer=alice, price=Decimal("0.03"))
    imported()
    (bill,) = due(Terms.of(month_of(ON), ON), NOW)
    assert [charge.price.net for charge in bill.charges] == [Decimal("0.03"), Decimal("1.90")]
    assert sum(charge.price.vat for charge in bill.charges) == Decimal("0.29")


@pytest.mark.feature("W-7")
def test_the_simulator_counts_calls_once_and_leaves_nothing(alice: Customer, number: PhoneNumber) -> None:
    builders.recurring_line(customer=alice, price=Decimal("115.00"))
    imported()
    totals = [one.total for one in simulator.invoices(alice.pk, None, NOW, most=3)]
    assert totals == [Decimal("117.19"), Decimal("115.98"), Decimal("115.00")]
    assert not Call.objects.exclude(bill=None).exists()


@given(st.integers(0, 7 * 86_400))
def test_seconds_are_read_as_they_are_written(number: int) -> None:
    hours, minutes = number // 3600, number % 3600 // 60
    assert seconds(str(number)) == seconds(f"{hours}:{minutes:02}:{number % 60:02}") == number


def test_costs_are_read_as_they_are_written() -> None:
    told = ("0.35", "R 1,234.5", "0,35", "12", "0.35429", "-1", "1e3", "NaN", "1,234,5", "")
    assert [amount(text) for text in told] == [
        Decimal("0.3500"), Decimal("1234.5000"), Decimal("0.3500"), Decimal("12.0000"), Decimal("0.3543"),
        None, None, None, None, None,
    ]  # fmt: skip


def test_a_deck_of_rates_is_taken_over_at_once(model: PhoneCostingModel) -> None:
    rates = [Rate("2782", "Vodacom", Decimal("0.80")), Rate("44", "UK", Decimal(2))]
    counts = decks.upload(model, rates, replace=True, actor=None)
    assert counts == {"added": 1, "changed": 1, "deleted": 1}
    assert list(PhoneRate.objects.values_list("prefix", flat=True)) == ["2782", "44"]
