"""What-if questions about many customers: answered part by part in the background, as one page would."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from billing import sweeps
from billing.models import Product, Simulation
from billing.simulating import working
from billing.simulating.question import Question
from billing.simulating.simulator import effect
from ispbilling import sweeping
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-7")]


@pytest.fixture
def question() -> Question:
    """Five customers: four follow the product, one has a price of its own."""
    product = builders.product(title="Router", price=Decimal(100))
    for n in range(5):
        price = Decimal(80) if n == 4 else None
        builders.recurring_line(customer=builders.customer(), product=product, price=price, quantity=n + 1)
    return Question("product", product.pk, Decimal("110.00"), local_day(now()))


def test_the_parts_together_say_what_one_would(question: Question, as_manager: Client) -> None:
    at = now()
    one = working.ask(question, at, actor=None, chunk=2)
    assert [(part.number, part.done_at) for part in one.parts.all()] == [(0, None), (1, None)]
    assert "waiting for a worker" in as_manager.get(one.get_absolute_url()).content.decode()
    assert sweeps.simulations(at).apply(at).failed == []
    one.refresh_from_db()
    found, whole = working.answer(one), effect(question.change(), list(question.concerned()), at)
    assert found is not None
    assert (found.before, found.after, found.customers, found.more) == (
        whole.before,
        whole.after,
        whole.customers,
        whole.more,
    )
    assert found.after - found.before == Decimal(100)
    assert sorted(found.differing) == sorted(whole.differing)
    assert Product.objects.get().price == 100
    page = as_manager.get(one.get_absolute_url()).content.decode()
    assert "R 100.00" in page
    assert as_manager.get(f"/billing/simulator/many/{one.pk}/progress/")["HX-Refresh"] == "true"


def test_many_are_asked_about_from_the_simulator(
    question: Question, as_manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "AT_ONCE", 3)
    asked = {"what": f"product:{question.subject}", "amount": "110.00", "day": question.day.isoformat()}
    page = as_manager.get("/billing/simulator/", asked).content.decode()
    assert "4 customers may be concerned" in page
    assert Simulation.objects.count() == 0
    there = as_manager.post("/billing/simulator/many/", asked)
    one = Simulation.objects.get()
    assert there["Location"] == one.get_absolute_url()
    assert str(one) == f"Router for R 110.00 from {question.day}"
    assert "Simulation of Router" in as_manager.get("/running/").content.decode()
    refused = as_manager.post("/billing/simulator/many/", {**asked, "amount": "1e3"})
    assert refused.status_code == 200
    assert Simulation.objects.count() == 1


def test_what_is_gone_is_said_and_an_answer_is_forgotten(question: Question, as_manager: Client) -> None:
    one = working.ask(question, now(), actor=None)
    Simulation.objects.update(subject=question.subject + 99)
    sweeping.run("simulations", now())
    one.refresh_from_db()
    assert "not there any more" in one.problem
    sweeping.run("simulations", now() + timedelta(hours=25))
    assert Simulation.objects.count() == 0
    with pytest.raises(DomainError, match="Nobody has"):
        working.ask(Question("package", 0, Decimal(1), date(2026, 12, 1)), now(), actor=None)
