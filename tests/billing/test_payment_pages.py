"""The staff pages of payments."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from billing.models import Balance, Document, Payment
from billing.payments.models import PaymentState
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role
from tests import builders

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"billing:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, name: str, *args: object, **data: object) -> Any:
    return client.post(reverse(f"billing:{name}", args=args), data, follow=True)


def typed(**changed: object) -> dict[str, object]:
    return {
        "token": "one", "payer": "ALI001", "amount": "115.00", "received_on": local_day(now()), "method": "eft",
        "reference": "ali001 nov", "note": "", "mail": "on", **changed,
    }  # fmt: skip


def test_a_payment_is_added_once_however_often_the_button_is_pressed(
    as_manager: Client, alice: Customer
) -> None:
    builders.invoice(alice)
    for _ in range(2):
        done = send(as_manager, "payment_add", **typed())
        assert "R 115.00 from ALI001 Alice Liddell. ALI001 owes R 0.00." in done.content.decode()
    assert Payment.objects.count() == 1


def test_the_form_of_a_profile_knows_the_customer(as_manager: Client, alice: Customer) -> None:
    assert "ALI001 Alice Liddell" in page(as_manager, "payment_add", customer="ALI001")
    profile = as_manager.get(reverse("customers:customer_detail", args=[alice.pk]), {"widget": "payments"})
    assert reverse("billing:payment_add") + "?customer=ALI001" in profile.content.decode()


@pytest.mark.parametrize(
    "amount", ["1e3", "NaN", "-5", "1,000.00", "1 000", "", "0", "1.005", "R5", "9" * 20]
)
def test_an_amount_that_may_mean_something_else_is_a_field_error(
    as_manager: Client, alice: Customer, amount: str
) -> None:
    refused = send(as_manager, "payment_add", **typed(amount=amount))
    assert refused.context["form"].first.errors.keys() == {"amount"}
    assert "ali001 nov" in refused.content.decode()  # nothing typed is lost
    assert not Payment.objects.exists()


def test_tomorrows_money_and_unknown_customers_are_refused(as_manager: Client, alice: Customer) -> None:
    tomorrow = local_day(now()) + timedelta(days=1)
    assert "in the future" in send(as_manager, "payment_add", **typed(received_on=tomorrow)).content.decode()
    assert "No customer has" in send(as_manager, "payment_add", **typed(payer="ZZZ999")).content.decode()
    assert not Payment.objects.exists()


def test_the_same_amount_on_the_same_day_is_asked_about(as_manager: Client, alice: Customer) -> None:
    assert "It is another payment" not in page(as_manager, "payment_add")
    send(as_manager, "payment_add", **typed())
    asked = send(as_manager, "payment_add", **typed(token="two")).content.decode()
    assert "REC-2026-000001 of R 115.00" in asked
    assert Payment.objects.count() == 1
    send(as_manager, "payment_add", **typed(token="two", again="on"))
    assert Payment.objects.count() == 2


def test_money_for_a_sub_account_goes_to_its_master(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True)
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    send(as_manager, "payment_add", **typed(payer="BOB001"))
    assert Payment.objects.get().payer == alice
    builders.invoice(bob)  # from before its master paid for it
    send(as_manager, "payment_add", **typed(payer="BOB001", token="two"))
    assert Payment.objects.filter(payer=bob).exists()


def test_unknown_money_is_proposed_assigned_moved_and_put_back(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    done = send(as_manager, "payment_add", **typed(payer="", reference="fibre ali001"))
    assert "waits under Unallocated" in done.content.decode()
    paid = Payment.objects.get()
    listed = page(as_manager, "payment_unallocated")
    assert "Alice Liddell" in listed
    assert "account code ALI001" in listed
    form = page(as_manager, "payment_assign", paid.pk)
    assert 'value="ALI001 Alice Liddell"' in form
    fields = {"payer": "ALI001", "on": paid.received_on, "mail": "on"}
    done = send(as_manager, "payment_assign", paid.pk, **fields)
    assert "ALI001 has R 115.00 in credit" in done.content.decode()
    assert "Nothing is unallocated" in page(as_manager, "payment_unallocated")
    send(as_manager, "payment_assign", paid.pk, **{**fields, "payer": "BOB001"})
    assert dict(Balance.objects.values_list("customer__code", "amount")) == {
        "ALI001": Decimal(0), "BOB001": Decimal("-115.00"),
    }  # fmt: skip
    send(as_manager, "payment_release", paid.pk, reason="not his")
    paid.refresh_from_db()
    assert paid.state == PaymentState.UNALLOCATED
    shown = page(as_manager, "payment_detail", paid.pk)
    for part in ("REC-2026-000001 received", "not his", "Nobody is credited"):
        assert part in shown


def test_taking_back_asks_first_and_is_for_the_financial_manager(alice: Customer) -> None:
    paid = builders.payment(alice)
    accounts, finance = Client(), Client()
    accounts.force_login(builders.staff(Role.ACCOUNTS))
    finance.force_login(builders.staff(Role.FINANCIAL_MANAGER))
    assert "Take Back" not in page(accounts, "payment_detail", paid.pk)
    assert send(accounts, "payment_take_back", paid.pk, why="returned").status_code == 403
    assert "ALI001 Alice Liddell owes R 100.00 again" in page(finance, "payment_take_back", paid.pk)
    fields = {"why": "returned", "on": local_day(now()), "reason": "no funds", "fee": "23.00"}
    early = send(finance, "payment_take_back", paid.pk, **{**fields, "on": "2026-11-01"})
    assert "cannot be before 2026-11-10" in early.content.decode()
    done = send(finance, "payment_take_back", paid.pk, **fields).content.decode()
    assert "REC-2026-000001 is taken back. ALI001 owes R 23.00." in done
    assert Document.objects.get().total == Decimal("23.00")
    assert "It was taken back on" in page(finance, "payment_take_back", paid.pk)
    assert "taken back not shown" in page(finance, "payment_list")
    assert "REC-2026-000001" in page(finance, "payment_list", state="taken_back")


def test_payments_are_found_by_receipt_customer_and_reference(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    builders.payment(alice, reference="thanks for the fish")
    builders.payment(bob)
    for text in ("REC-2026-000001", "rec2026 1", "alice", "fish"):
        found = page(as_manager, "payment_list", q=text)
        assert "REC-2026-000001" in found, text
        assert "REC-2026-000002" not in found, text
    assert "REC-2026-000002" not in page(as_manager, "payment_list", customer="ali001")
    assert "Unallocated" in page(as_manager, "payment_list")
    search = as_manager.get("/search/", {"q": "REC-2026-000002"})
    assert "Bob Plumbing" in search.content.decode()


def test_the_receipt_is_paper_and_the_same_every_time(as_manager: Client, alice: Customer) -> None:
    paid = builders.payment(alice, reference="ali001 nov")
    url = reverse("billing:payment_pdf", args=[paid.pk])
    first, second = (as_manager.get(url) for _ in range(2))
    assert first.content == second.content
    assert first["Content-Disposition"] == 'inline; filename="REC-2026-000001.pdf"'
    text = PdfReader(io.BytesIO(first.content)).pages[0].extract_text()
    for part in ("Receipt", "REC-2026-000001", "Alice Liddell", "ALI001", "R 100.00", "ali001 nov"):
        assert part in text
