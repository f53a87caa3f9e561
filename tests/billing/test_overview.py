"""The billing overview: every number is that of the ledger, and of the list it leads to."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from billing.ageing.bars import by_age
from billing.banking import importing
from billing.documents import credit
from billing.models import Line
from billing.overview import figures, waiting
from billing.overview.charts import by_method, by_month, nice, short
from billing.payments import returning
from billing.payments.models import Method
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role
from ispbilling.core.money import format_money
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def books(alice: Customer, bob: Customer) -> None:
    """A month with all that moves money: paid, part-paid, late, credited, returned, unknown."""
    today = local_day(now())
    month = today.replace(day=1)
    paid = builders.invoice(alice, on=month)
    builders.payment(alice, str(paid.total), on=month)
    builders.invoice(bob, on=today - timedelta(days=75))
    builders.payment(bob, "40.00", on=month, method=Method.CASH)
    wrong = builders.invoice(bob, on=today)
    credit.credit(wrong, today, now(), actor=None, reason="twice")
    bounced = builders.payment(alice, "70.00", on=today)
    returning.take_back(bounced, Why.RETURNED, today, now(), actor=None, reason="no funds")
    builders.payment(builders.customer(), "12.50", on=today)
    builders.payment(None, "99.00", on=today, reference="who knows")
    builders.adjustment(alice, "-5.00", on=today)


def ledger(account: str, **where: Any) -> Decimal:
    return sum(
        Line.objects.filter(account__code=account, **where).values_list("amount", flat=True), Decimal(0)
    )


def foot(client: Client, url: str) -> list[str]:
    """The words at the foot of the list behind a number."""
    cells = re.findall(r"<td[^>]*>(.*?)</td>", client.get(url).content.decode().partition("<tfoot>")[2], re.S)
    return [unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in cells]


def test_every_number_is_that_of_the_ledger_and_of_its_list(books: None, as_manager: Client) -> None:
    found, owed = figures.turnover(now()), figures.make_owed(now())
    assert owed is not None
    billed = -ledger("revenue") - ledger("vat")
    assert sum(month.billed for month in found.months) == billed == Decimal("230.00")
    assert sum(month.collected for month in found.months) == ledger("bank")
    assert owed.ages.balance == ledger("receivable")
    assert (owed.ages.credit, owed.ages.days60) == (Decimal("-17.50"), Decimal("75.00"))
    assert sum(total for _, _, total in found.methods) == found.month.collected == ledger("bank")

    columns = by_month(found.months, collected=True)
    rows = [*by_age(owed.ages), *by_method(found), *(bar for _, bars in columns.groups for bar in bars)]
    empty = format_money(Decimal(0))
    for bar in rows:
        if bar.text != empty:
            assert bar.text in foot(as_manager, bar.url), bar
    assert by_age(owed.ages)[-1].text == "-R 17.50"
    held = format_money(-ledger("suspense"))
    assert [one.value for one in waiting.of(as_manager_user(as_manager))] == [held]
    assert held in foot(as_manager, "/billing/payments/unallocated/")

    page = as_manager.get("/billing/").content.decode()
    shown = (format_money(found.month.billed), format_money(owed.ages.balance), held, "BOB001 Bob Plumbing")
    for text in shown:
        assert text in page, text
    assert format_money(owed.ages.balance) in as_manager.get("/").content.decode()


def as_manager_user(client: Client) -> Any:
    return client.get("/billing/").wsgi_request.user


def test_what_waits_is_what_its_page_lists(alice: Customer, as_manager: Client) -> None:
    user = as_manager_user(as_manager)
    assert waiting.of(user) == []
    assert "is prepared on" in waiting.next_run(now().replace(day=2)).text
    builders.draft(alice)
    importing.receive(
        b"Date,Amount,Description\n2026-11-04,115.00,ALI001\n2026-11-05,5.00,x\n",
        "nov.csv",
        now(),
        actor=None,
    )
    run = builders.run()
    told = {one.value: one for one in waiting.of(user)}
    assert set(told) == {"1", "R 120.00", "1 customer"}
    assert "R 120.00" in foot(as_manager, told["R 120.00"].url)
    assert told["1 customer"].url == run.get_absolute_url()
    assert as_manager.get(told["1"].url).context["table"].paginator.count == 1


def test_figures_are_kept_until_the_ledger_moves_or_somebody_asks(
    alice: Customer, as_manager: Client
) -> None:
    at = now()
    first = figures.turnover(at)
    assert figures.turnover(at + timedelta(minutes=9)) == first
    builders.invoice(alice, on=local_day(at))
    assert figures.turnover(at + timedelta(seconds=30)) == first
    assert figures.turnover(at + timedelta(seconds=61)).month.billed == Decimal("115.00")
    builders.invoice(alice, on=local_day(at))
    assert as_manager.get("/billing/?refresh").status_code == 302
    assert "R 230.00" in as_manager.get("/billing/").content.decode()


def test_who_owes_what_is_added_up_after_the_page_by_one_at_a_time(books: None, as_manager: Client) -> None:
    assert "is being added up" in as_manager.get("/billing/").content.decode()
    asked = {"HX-Request": "true", "HX-Target": "owed"}
    cache.add("billing:overview:making", True, 60)
    assert "is being added up" in as_manager.get("/billing/", headers=asked).content.decode()
    cache.delete("billing:overview:making")
    for url, names in (("/billing/", True), ("/billing/?brief", False)):
        page = as_manager.get(url, headers=asked).content.decode()
        assert ("BOB001 Bob Plumbing" in page) == names, url
        assert "R 75.00" in page, url
    assert "is being added up" not in as_manager.get("/").content.decode()


def test_each_sees_what_the_role_may_see(books: None) -> None:
    for role, runs in ((Role.ACCOUNTS, True), (Role.READ_ONLY, True), (Role.SUPPORT, False)):
        client = Client()
        client.force_login(builders.staff(role))
        page = client.get("/billing/").content.decode()
        assert ("Next run" in page) == runs, role
        assert "/billing/settings/" not in page, role
        assert "draft invoice" not in page.partition("<main")[2], role


@pytest.mark.parametrize(
    ("amount", "top", "words"),
    [("0", "100", "R 100"), ("99", "100", "R 100"), ("101", "200", "R 200"), ("3001", "4000", "R 4k"),
     ("250000", "400000", "R 400k"), ("1200000", "2000000", "R 2M"), ("5000000", "5000000", "R 5M")],
)  # fmt: skip
def test_a_scale_ends_with_a_round_number(amount: str, top: str, words: str) -> None:
    assert nice(Decimal(amount)) == Decimal(top)
    assert short(nice(Decimal(amount))) == words
