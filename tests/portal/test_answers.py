"""The pages behind the links customers are sent: no log-in, one answer, and nothing told to whoever guesses."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from customers.models import Customer, CustomerRequest, Purpose
from customers.requests import asking
from ispbilling import sweeping
from ispbilling.core.clock import now
from notifications.deliver import outgoing
from notifications.errors import DeliveryError
from notifications.models import Message
from portal import limits
from tests import builders

pytestmark = pytest.mark.feature("PRO-5")


@pytest.fixture(autouse=True)
def nobody_tried_yet() -> None:
    cache.clear()


def link(asked: CustomerRequest) -> str:
    name = "update_answer" if asked.purpose == Purpose.UPDATE else "rating_answer"
    return reverse(f"portal:{name}", args=[asking.token(asked)])


def form(client: Client, page: str) -> dict[str, str]:
    """What the page's form would send untouched."""
    shown = client.get(page).context["form"]
    return {name: shown[name].value() or "" for name in shown.fields}


def test_a_customer_puts_the_details_right_without_a_login(client: Client, alice: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087", phone="021 555 0100")
    page = link(builders.customer_request(customer=alice))
    answer = client.get(page)
    text = answer.content.decode()
    assert "021 555 0100" in text
    assert "8001015009087" not in text
    assert "ALI001" not in text
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]
    data = {**form(client, page), "phone": "021 555 0199", "comment": "We moved"}
    done = client.post(page, data, follow=True)
    assert "has received your answer" in done.content.decode()
    change = alice.change_requests.get()
    assert [(one.name, one.old, one.new) for one in change.fields.all()] == [
        ("phone", "021 555 0100", "021 555 0199")
    ]
    assert change.comment == "We moved"
    assert client.post(page, data).status_code == 404
    assert alice.change_requests.count() == 1


def test_what_staff_change_while_the_page_is_open_is_not_asked_back(client: Client, alice: Customer) -> None:
    page = link(builders.customer_request(customer=alice))
    data = form(client, page)
    Customer.objects.filter(pk=alice.pk).update(phone="021 555 0777")
    client.post(page, {**data, "postal_address": "PO Box 1"})
    assert [one.name for one in alice.change_requests.get().fields.all()] == ["postal_address"]


def test_a_mistake_keeps_what_was_typed(client: Client, alice: Customer) -> None:
    page = link(builders.customer_request(customer=alice))
    found = client.post(
        page, {**form(client, page), "email": "nonsense", "phone": "9" * 41, "comment": "hello"}
    )
    text = found.content.decode()
    assert "valid email address" in text
    assert "at most 40 characters" in text
    assert "hello" in text
    assert not alice.change_requests.exists()


def test_a_tampered_memory_of_the_page_counts_for_nothing(client: Client, alice: Customer) -> None:
    page = link(builders.customer_request(customer=alice))
    client.post(page, {**form(client, page), "seen": "forged", "phone": "1"})
    assert alice.change_requests.get().fields.get().old == ""


def test_a_customer_rates_with_one_tap(client: Client, alice: Customer) -> None:
    page = link(builders.customer_request(Purpose.RATING, customer=alice))
    assert "Choose 1 to 5." in client.post(page, {"comment": "x"}).content.decode()
    assert client.post(page, {"score": "6"}).status_code == 200
    client.post(page, {"score": "2", "comment": "Slow at night"})
    rating = alice.ratings.get()
    assert (rating.score, rating.comment, rating.waits) == (2, "Slow at night", True)
    assert client.get(page).status_code == 404


def test_every_dead_link_says_the_same_and_nothing_of_anybody(
    client: Client, alice: Customer, bob: Customer
) -> None:
    used = builders.customer_request(customer=alice)
    page = link(used)
    client.post(page, form(client, page))
    revoked = builders.customer_request(customer=bob)
    asking.revoke(revoked, now(), actor=builders.staff())
    expired = builders.customer_request(customer=alice, at=now() - timedelta(days=15))
    answers = [client.get(where) for where in (page, link(revoked), link(expired), "/portal/update/1.guess/")]
    assert {answer.status_code for answer in answers} == {404}
    texts = {answer.content for answer in answers}
    assert len(texts) == 1
    assert not {b"Alice", b"Bob", b"ALI001"} & set(texts.pop().split())


def test_guessing_is_slowed_down(client: Client) -> None:
    answers = [client.get("/portal/rate/1.guess/").status_code for _ in range(limits.TRIES + 2)]
    assert answers == [404] * limits.TRIES + [429] * 2


@pytest.mark.parametrize("purpose", Purpose)
def test_the_link_is_made_when_the_message_leaves_and_stored_nowhere(
    client: Client, alice: Customer, purpose: Purpose
) -> None:
    asked = builders.customer_request(purpose, customer=alice)
    sweeping.run("announce", now())
    message = Message.objects.get(kind=f"{purpose}_request")
    token = asking.token(asked)
    assert message.to_address == "alice@example.test"
    assert token not in message.body_text + message.body_html + str(message.links)
    sent = outgoing(message, now())
    assert token in sent.text
    assert token in sent.html
    path = next(word for word in sent.text.split() if token in word).partition("/portal/")[2]
    assert client.get(f"/portal/{path}").status_code == 200
    asking.revoke(asked, now(), actor=builders.staff())
    with pytest.raises(DeliveryError, match="taken back"):
        outgoing(message, now())
