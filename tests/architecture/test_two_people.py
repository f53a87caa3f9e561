"""Several people press the same button at the same moment: one of them did it, the others are told."""

from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
from tests import builders

PEOPLE = 4


def press(url: str, data: dict[str, Any]) -> list[int]:
    """The status of the answer to each of them, sorted."""
    people, answers = [Client() for _ in range(PEOPLE)], []
    for person in people:
        person.force_login(builders.staff(Role.OWNER))

    def one(person: Client) -> None:
        answers.append(person.post(url, data).status_code)
        connection.close()

    threads = [Thread(target=one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_press_at_once_one_is_done_and_the_rest_are_refused() -> None:
    customer = builders.customer()
    invoice, run = builders.invoice(customer), builders.run()
    change, rating = builders.change_request(), builders.rating()
    for act, subject, data, kind in (
        (
            "billing:document_credit",
            invoice,
            {"on": local_day(now()), "reason": "twice"},
            "credit_note.issued",
        ),
        ("customers:customer_suspend", customer, {"reason": "unpaid"}, "customer.suspended"),
        ("billing:run_approve", run, {}, "run.approved"),
        ("customers:change_request_decide", change, {"phone": "approved"}, "change_request.decided"),
        ("customers:rating_handle", rating, {"note": "called"}, "rating.handled"),
        ("protection:export_add", customer, {"reason": "asked"}, "subject_export.asked"),
    ):
        assert press(reverse(act, args=[subject.pk]), data) == [200, 200, 200, 302], act
        assert Event.objects.filter(kind=kind).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_add_the_same_at_once_one_does_and_the_rest_are_told() -> None:
    """Each form found it free; the database says that it is not any more, and that is no error page."""
    customer, package = builders.customer(), builders.package()
    nas = {"name": "Tower", "address": "10.9.9.9", "secret": "correct-horse-42", "kind": "mikrotik",
           "message_authenticator": "auto", "enabled": "on"}  # fmt: skip
    line = {"username": "bob@isp.test", "secret": "wire-secret", "package": package.pk, "medium": "fibre",
            "starts_on": local_day(now())}  # fmt: skip
    for url, data, kind in (
        (reverse("radius:nas_add"), nas, "nas.added"),
        (reverse("radius:data_account_add", args=[customer.pk]), line, "data_account.added"),
    ):
        assert press(url, data) == [200, 200, 200, 302], url
        assert Event.objects.filter(kind=kind).count() == 1
