"""Data costing models: what packages cost some customers, in the run as on the page."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing.costing import pricing
from billing.models import CostingModel, CostingPrice, CustomerCosting, RecurringLine
from billing.recurring.charges import due
from billing.recurring.terms import Terms
from customers.models import Customer
from ispbilling.core.clock import day_start, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from radius.models import DataAccount
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("SET-2")]
NOVEMBER = month_of(date(2026, 11, 1))


@pytest.fixture
def account(alice: Customer) -> DataAccount:
    made = builders.data_account(customer=alice, package=builders.package(price=Decimal(500)))
    builders.recurring_line(customer=alice, data_account=made)
    return made


@pytest.fixture
def wholesale(account: DataAccount) -> CostingModel:
    return pricing.store(CostingModel(), "Wholesale", {account.package_id: Decimal(400)}, actor=None)


def charged() -> Decimal:
    (bill,) = due(Terms.of(NOVEMBER, NOVEMBER.start), day_start(NOVEMBER.start))
    assert RecurringLine.objects.listed().get().unit_price == bill.total
    return bill.total


def test_a_package_costs_what_the_customers_price_list_says(
    account: DataAccount, alice: Customer, wholesale: CostingModel
) -> None:
    assert charged() == 500
    pricing.give(alice, wholesale, actor=None)
    assert charged() == 400
    DataAccount.objects.filter(pk=account.pk).update(custom_price=Decimal(350))
    assert charged() == 350
    pricing.give(alice, None, actor=None)
    DataAccount.objects.filter(pk=account.pk).update(custom_price=None)
    assert charged() == 500
    told = Event.objects.filter(kind="customer.edited").values_list("data", flat=True)
    assert [one["changes"]["data_costing_model"] for one in told.order_by("pk")] == [
        [None, "Wholesale"],
        ["Wholesale", None],
    ]


def test_a_package_it_does_not_name_costs_what_it_costs_anyway(
    account: DataAccount, alice: Customer, wholesale: CostingModel
) -> None:
    pricing.give(alice, wholesale, actor=None)
    pricing.store(wholesale, "Wholesale", {account.package_id: None}, actor=None)
    assert charged() == 500


def test_it_is_made_edited_chosen_and_deleted_on_its_pages(
    as_manager: Client, account: DataAccount, alice: Customer
) -> None:
    field = f"price_{account.package_id}"
    assert "Wholesale" not in as_manager.get(reverse("billing:costing_list")).content.decode()
    as_manager.post(reverse("billing:costing_add"), {"title": "Wholesale", field: "400"})
    model = CostingModel.objects.get()
    again = as_manager.post(reverse("billing:costing_add"), {"title": "wholesale", field: "300"})
    assert "with this title already" in again.content.decode()
    as_manager.post(reverse("billing:costing_edit", args=[model.pk]), {"title": "Trade", field: "410"})
    assert CostingPrice.objects.get().price == 410
    assert Event.objects.get(kind="costingmodel.changed").data["changes"]["title"] == ["Wholesale", "Trade"]

    edit = reverse("customers:customer_edit", args=[alice.pk])
    assert "Data costing model" in as_manager.get(edit).content.decode()
    pricing.give(alice, model, actor=None)
    delete = reverse("billing:costing_delete", args=[model.pk])
    assert "the price list of 1 customer" in as_manager.get(delete).content.decode()
    as_manager.post(delete)
    assert CostingModel.objects.exists()
    pricing.give(alice, None, actor=None)
    assert "is deleted" in as_manager.post(delete, follow=True).content.decode()
    assert not CostingModel.objects.exists()


def test_what_is_in_use_or_makes_no_sense_is_refused(
    account: DataAccount, alice: Customer, wholesale: CostingModel
) -> None:
    pricing.give(alice, wholesale, actor=None)
    with pytest.raises(DomainError, match="the price list of 1 customer"):
        pricing.remove(wholesale, actor=None)
    with pytest.raises(IntegrityError, match="costingprice_once"), transaction.atomic():
        CostingPrice.objects.create(model=wholesale, package=account.package, price=Decimal(1))
    with pytest.raises(IntegrityError, match="costingprice_price"), transaction.atomic():
        CostingPrice.objects.update(price=Decimal(-1))
    with pytest.raises(IntegrityError, match="title_ci"), transaction.atomic():
        CostingModel.objects.create(title="WHOLESALE")
    assert CustomerCosting.objects.count() == 1
