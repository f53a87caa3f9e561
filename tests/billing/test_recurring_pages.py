"""Products, and the verbs of a recurring line, as staff meet them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing.models import Product, RecurringLine
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
from tests import builders

pytestmark = pytest.mark.django_db
ADD = {"description": "", "quantity": "1", "price": "", "discount": "0", "timing": "advance", "proration": "day",
       "starts_on": "2026-11-16", "frequency": ""}  # fmt: skip


def url(name: str, *args: Any) -> str:
    return reverse(f"billing:{name}", args=args)


def test_a_product_is_added_changed_and_no_longer_offered(as_manager: Client, alice: Customer) -> None:
    fields = {"title": "Static IP", "price": "50", "frequency": "1", "gl_code": "4020", "active": "on"}
    assert "Add Product" in as_manager.get(url("product_list")).content.decode()
    as_manager.post(url("product_add"), fields)
    product = Product.objects.get()
    as_manager.post(url("product_add"), fields | {"title": "STATIC IP"})
    assert Product.objects.count() == 1
    as_manager.post(url("product_edit", product.pk), fields | {"price": "60", "active": ""})
    product.refresh_from_db()
    assert (product.price, product.active) == (60, False)
    assert Event.objects.get(kind="product.changed").data["changes"]["price"] == ["50.0000", "60"]
    assert ">Static IP</option>" not in as_manager.get(url("recurring_add", alice.pk)).content.decode()
    for wrong in ("-5", "NaN", "1,000.00", "abc"):
        refused = as_manager.post(url("product_edit", product.pk), fields | {"price": wrong})
        assert refused.status_code == 200
    assert Product.objects.get().price == 60


def test_a_line_takes_title_price_and_period_from_its_product(as_manager: Client, alice: Customer) -> None:
    product = builders.product(title="Domain name", price=Decimal(240), frequency=12)
    as_manager.post(url("recurring_add", alice.pk), ADD | {"product": product.pk})
    line = RecurringLine.objects.get()
    assert (line.description, line.frequency, line.price, line.bill_from) == (
        "Domain name", 12, None, max(line.starts_on, local_day(now()).replace(day=1)),
    )  # fmt: skip
    shown = as_manager.get(url("recurring_list")).content.decode()
    for part in ("R 240.00", "Every 12 months", "Domain name"):
        assert part in shown
    monthly = as_manager.get(url("recurring_list"), {"frequency": 1}).content.decode()
    assert "R 240.00" not in monthly


def test_a_line_without_product_needs_a_description(as_manager: Client, alice: Customer) -> None:
    answer = as_manager.post(url("recurring_add", alice.pk), ADD | {"price": "10"})
    assert "Say what is charged" in answer.content.decode()
    assert not RecurringLine.objects.exists()


def test_a_product_without_a_price_asks_for_one(as_manager: Client, alice: Customer) -> None:
    product = builders.product(price=None)
    answer = as_manager.post(url("recurring_add", alice.pk), ADD | {"product": product.pk})
    assert "Give a price" in answer.content.decode()


def test_a_line_is_ended_with_credit_and_reopened(as_manager: Client, alice: Customer) -> None:
    line = builders.recurring_line(customer=alice)
    page = as_manager.get(url("recurring_end", line.pk)).content.decode()
    assert "charged by the day" in page
    as_manager.post(url("recurring_end", line.pk), {"last_day": "2026-11-20", "credit_unused": "on"})
    line.refresh_from_db()
    assert (line.ends_on, line.credit_unused) == (date(2026, 11, 20), True)
    assert "Reopen" in as_manager.get(url("recurring_list"), {"state": "all"}).content.decode()
    assert 'value="2026-11-21"' in as_manager.get(url("recurring_reopen", line.pk)).content.decode()
    early = as_manager.post(url("recurring_reopen", line.pk), {"first_day": "2026-11-20"})
    assert "choose a later day" in early.content.decode()
    as_manager.post(url("recurring_reopen", line.pk), {"first_day": "2026-11-21"})
    line.refresh_from_db()
    assert (line.ends_on, line.credit_unused, line.bill_from) == (None, False, date(2026, 11, 1))
    assert "open already" in as_manager.get(url("recurring_reopen", line.pk)).content.decode()


def test_a_price_changes_from_a_day_on(as_manager: Client, alice: Customer) -> None:
    line = builders.recurring_line(customer=alice)
    day = local_day(now()) + timedelta(days=3)
    form = {"day": day, "price": "799", "quantity": "1", "discount": "0", "description": "Faster fibre"}
    assert "ends the day before" in as_manager.get(url("recurring_replace", line.pk)).content.decode()
    as_manager.post(url("recurring_replace", line.pk), form)
    line.refresh_from_db()
    new = RecurringLine.objects.latest("pk")
    assert (line.ends_on, line.credit_unused) == (day - timedelta(days=1), True)
    assert (new.price, new.description, new.starts_on, new.ends_on) == (799, "Faster fibre", day, None)
    again = as_manager.post(url("recurring_replace", line.pk), form)
    assert "choose a day up to then" in again.content.decode()
    assert RecurringLine.objects.count() == 2


def test_accounts_staff_charge_products_but_do_not_price_them(alice: Customer) -> None:
    client = Client()
    client.force_login(builders.staff(Role.ACCOUNTS))
    product = builders.product()
    assert client.get(url("product_edit", product.pk)).status_code == 403
    assert client.get(url("recurring_add", alice.pk)).status_code == 200


@pytest.mark.parametrize(("values", "why"), [({"price": -1}, "price"), ({"frequency": 5}, "frequency")])
def test_postgresql_refuses_products_that_make_no_sense(values: dict[str, Any], why: str) -> None:
    builders.product(title="One")
    with pytest.raises(IntegrityError, match=f"billing_product_{why}"), transaction.atomic():
        Product.objects.update(**values)
    with pytest.raises(IntegrityError, match="title_ci"), transaction.atomic():
        builders.product(title="ONE")
