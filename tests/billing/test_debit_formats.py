"""The files of debit orders: the days of banks, Netcash's batch file to the byte, and statements as they come."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.debiting import batching, days, formats, reasons
from billing.debiting.days import authorise_by, collects, first_day
from billing.debiting.formats.netcash import VENDOR_KEY, plain
from billing.debiting.models import DebitSettings, Outcome, Service
from customers.imports.errors import Unreadable
from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core.clock import now, zone
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders
from tests.billing import debiting

NETCASH = formats.FORMATS["netcash"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone())


def test_banks_are_closed_on_weekends_and_public_holidays() -> None:
    assert collects(date(2026, 12, 15), Service.TWO_DAY)
    assert not collects(date(2026, 12, 16), Service.TWO_DAY)  # Day of Reconciliation
    assert not collects(date(2027, 3, 22), Service.TWO_DAY)  # Human Rights Day fell on a Sunday
    assert not collects(date(2026, 12, 19), Service.TWO_DAY)
    assert collects(date(2026, 12, 19), Service.SAME_DAY)  # a Saturday
    assert not collects(date(2026, 12, 26), Service.SAME_DAY)  # a Saturday, and a holiday


def test_a_batch_is_authorised_two_business_days_before_or_by_eleven_on_the_day() -> None:
    # Thursday 17 December after the holiday: the second business day before it is Monday.
    assert authorise_by(date(2026, 12, 17), Service.TWO_DAY) == at("2026-12-14 23:59")
    assert authorise_by(date(2026, 12, 17), Service.SAME_DAY) == at("2026-12-17 10:59")
    assert authorise_by(date(2026, 12, 19), Service.SAME_DAY) == at("2026-12-18 23:59")
    assert first_day(at("2026-12-14 23:59"), Service.TWO_DAY) == date(2026, 12, 17)
    assert first_day(at("2026-12-15 00:01"), Service.TWO_DAY) == date(2026, 12, 18)
    assert first_day(at("2026-12-15 11:00"), Service.SAME_DAY) == date(2026, 12, 17)
    assert days.of_month(1, date(2026, 12, 2)) == date(2027, 1, 1)


@pytest.mark.django_db
def test_a_billing_group_is_collected_on_its_next_debit_day_that_can_be_reached() -> None:
    group = BillingGroup.objects.create(title="Netcash Run 1", debit_day=1)
    early = debiting.prepared(group, at=at("2027-02-10 09:00"))
    late = debiting.prepared(group, at=at("2027-02-27 09:00"))
    assert (early.action_on, late.action_on) == (date(2027, 3, 1), date(2027, 4, 1))


@pytest.mark.django_db
def test_an_action_day_moves_to_a_business_day_or_is_refused() -> None:
    early = at("2026-12-01 08:00").astimezone(UTC)
    moved = debiting.prepared(on=date(2026, 12, 16), at=early)
    assert (moved.asked_on, moved.action_on) == (date(2026, 12, 16), date(2026, 12, 17))
    DebitSettings.objects.update(forward=False)
    with pytest.raises(DomainError, match="Banks do not collect on Wednesday 2026-12-16"):
        debiting.prepared(on=date(2026, 12, 16), at=early)
    with pytest.raises(DomainError, match="The first action day now is 2026-12-17"):
        debiting.prepared(on=date(2026, 12, 15), at=at("2026-12-14 12:00"))


@pytest.mark.django_db
def test_the_file_is_netcashs_to_the_byte_and_the_same_again(alice: Customer) -> None:
    mandate = debiting.mandate(
        alice, holder="Zoë\tO'Hara van der Merwe-Liddell senior", bank="Capitec", branch_code="470010",
        account_number="1234567890", account_type="savings",
    )  # fmt: skip
    builders.invoice(alice, "100.00", "15.05", on=debiting.due_invoice_day())
    clerk = builders.staff()
    batch = debiting.sent()
    row, day = debiting.row_of(batch, alice), f"{batch.action_on:%Y%m%d}"
    expected = (
        f"H\t{debiting.SERVICE_KEY}\t1\tTwoDay\t{batch}\t{day}\t{VENDOR_KEY}\r\n"
        "K\t101\t102\t131\t132\t133\t134\t135\t136\t162\t301\r\n"
        f"T\t{mandate.reference}\tAlice Liddell\t1\tZoe O'Hara van der Merwe-Lidde\t2\t470010\t0\t1234567890"
        f"\t11505\t{row.reference}\r\n"
        "F\t1\t11505\t9999\r\n"
    )
    name, content = batching.hand_out(batch, now(), actor=clerk)
    assert (name, content.decode("ascii")) == (f"netcash-{batch}-{day}.txt", expected)
    DebitSettings.objects.update(service_key="11111111-5429-4663-85fb-2a64ca0fb9ef")
    batch.refresh_from_db()
    assert batching.hand_out(batch, now(), actor=clerk)[1] == content
    assert Event.objects.filter(kind="debit_batch.downloaded", actor=clerk).count() == 2


@pytest.mark.django_db
def test_no_file_without_a_service_key(alice: Customer) -> None:
    debiting.mandate(alice)
    builders.invoice(alice, on=debiting.due_invoice_day())
    batch = batching.approve(debiting.prepared(), now(), actor=None)
    with pytest.raises(DomainError, match="service key"):
        batching.send(batch, now(), actor=None)


def test_a_statement_says_what_was_paid_and_why_not() -> None:
    told = NETCASH.read(
        b"FH\t20261204\tkey\r\n"
        b"20261204\tOBL\t1\tOpening\t1,000.00\t+\t0\r\n"
        b"20261204\tTDD\t2\tALI001\t599.00\t+\t0.00\tD000000001\t\t\r\n"
        b"20261204\tDRU\t3\tBOB001 Code 04\t1,599.50\t-\t0.00\tD000000002\r\n"
        b"20261204\tSDD\t4\tCAR001\t10.00\t-\t0.00\r\n"
        b"20261204\tDRU\t5\tDAN001\t1e3\t-\t0.00\r\n"
        b"soon\tTDD\t6\tEVE001\t10.00\t+\t0.00\r\n"
        b"FF\t5\r\n"
    )
    assert [(line.outcome, line.amount, line.code, line.text) for line in told.lines] == [
        (Outcome.PAID, Decimal("599.00"), "", "ALI001 D000000001"),
        (Outcome.UNPAID, Decimal("1599.50"), "04", "BOB001 Code 04 D000000002"),
        (Outcome.UNPAID, Decimal("10.00"), "", "CAR001"),
    ]
    assert told.others == 1
    assert [problem.split(":")[0] for problem in told.problems] == [
        "Line 6", "Line 7 has no date, code and amount where a statement has them.",
    ]  # fmt: skip
    (quoted,) = NETCASH.read(b'20261204,TDD,2,"ALI001","1,599.00",+,0\n').lines
    assert quoted.amount == Decimal("1599.00")
    (cents,) = NETCASH.read(b"20261204;TDD;2;ALI001;59900;+;0\n").lines
    assert cents.amount == Decimal("599.00")
    for wrong in (b"", b"\x89PNG\x00\x00", b"name,age\nAlice,7\n", b"x" * (5 * 10**6 + 1)):
        with pytest.raises(Unreadable):
            NETCASH.read(wrong)


def test_reason_codes_are_found_in_what_banks_write() -> None:
    found = {
        "ALI001 Code 02": "02", "unpaid reason: 4": "04", "NOT PROVIDED FOR": "02", "ALI001 (12)": "12",
        "Account closed": "12", "R/D 145 x": "145", "ALI002": "", "cell 0821234567": "",
    }  # fmt: skip
    assert {text: reasons.find(text) for text in found} == found
    assert reasons.is_final("12")
    assert not reasons.is_final("2")
    assert not reasons.is_final("99")


def test_names_are_spelled_plainly() -> None:
    assert plain("Müller & Søn\t\r\nCC", 50) == "Muller & Sn CC"
