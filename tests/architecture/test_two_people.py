"""Several people press the same button at the same moment: one of them did it, the others are told."""

from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.banking import importing
from billing.models import BankImport
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
from radius.models import ReplyAttribute
from tests import builders
from tests.billing import debiting

PEOPLE = 4


def bank_import() -> BankImport:
    return importing.receive(b"Date,Amount,Description\n2026-11-04,5.00,x\n", "nov.csv", now(), actor=None)


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
    payer = builders.customer()
    debiting.mandate(payer)
    builders.invoice(payer, on=debiting.due_invoice_day())
    for act, subject, data, kind in (
        (
            "billing:document_credit",
            invoice,
            {"on": local_day(now()), "reason": "twice"},
            "credit_note.issued",
        ),
        (
            "billing:payment_take_back",
            builders.payment(customer),
            {"why": "returned", "on": local_day(now()), "reason": "no funds"},
            "payment.returned",
        ),
        ("billing:bank_import_post", bank_import(), {}, "bank_import.asked"),
        (
            "billing:checkout_settle",
            builders.checkout(customer),
            {"external_id": "1", "on": local_day(now()), "reason": "seen there"},
            "checkout.settled",
        ),
        ("billing:debit_batch_approve", debiting.prepared(), {}, "debit_batch.approved"),
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
    mandate = {"reference": "DEB-00001", "holder": "B", "bank": "FNB", "account_number": "62000000123",
               "account_type": "current", "signed_on": local_day(now()), "valid_from": local_day(now())}  # fmt: skip
    for url, data, kind in (
        (reverse("radius:nas_add"), nas, "nas.added"),
        (reverse("radius:data_account_add", args=[customer.pk]), line, "data_account.added"),
        (reverse("billing:mandate_add", args=[customer.pk]), mandate, "mandate.added"),
    ):
        assert press(url, data) == [200, 200, 200, 302], url
        assert Event.objects.filter(kind=kind).count() == 1


def filled(page: Any) -> dict[str, Any]:
    """What a browser would send from an edit page that nobody touched."""
    form = page.context["form"]
    fields = {one.add_prefix(name): one[name].value() for _tab, one in form for name in one.fields}
    return {name: value for name, value in fields.items() if value is not None and value is not False}


@pytest.mark.django_db
def test_who_saves_a_form_that_is_out_of_date_is_told_and_overwrites_nothing(client: Client) -> None:
    client.force_login(builders.staff(Role.OWNER))
    service, nas = builders.service(), builders.nas()
    package, line = builders.package(service=service), builders.data_account()
    action = reverse("radius:access_action_edit", args=["SUSPENDED"])
    charge, person = builders.recurring_line(), builders.staff(Role.SUPPORT)
    attribute = ReplyAttribute.objects.create(service=service, name="Idle-Timeout", value="60")
    for url, theirs, mine in (
        (reverse("radius:nas_edit", args=[nas.pk]), {"name": "Tower 9"}, {"coa_port": 1700}),
        (reverse("radius:service_edit", args=[service.pk]), {"title": "Quick"}, {"up_kbps": "7"}),
        (reverse("radius:package_edit", args=[package.pk]), {"price": "77.00"}, {"title": "Best"}),
        (reverse("radius:data_account_edit", args=[line.pk]), {"medium": "lte"}, {"port_lock": "ether7"}),
        (reverse("radius:service_attribute_edit", args=[attribute.pk]), {"value": "70"}, {"value": "80"}),
        (reverse("billing:recurring_edit", args=[charge.pk]), {"description": "Fibre"}, {"gl_code": "4100"}),
        (
            reverse("billing:product_edit", args=[builders.product().pk]),
            {"title": "Router"},
            {"gl_code": "4200"},
        ),
        (
            reverse("billing:costing_edit", args=[builders.costing_model().pk]),
            {"title": "Trade"},
            {f"price_{package.pk}": "9.00"},
        ),
        (
            reverse("billing:phone_costing_edit", args=[builders.phone_model().pk]),
            {"title": "Calls"},
            {"markup": "9.00"},
        ),
        (
            reverse("billing:phone_rate_edit", args=[builders.phone_model(("27", "1.00")).rates.get().pk]),
            {"destination": "SA"},
            {"per_minute": "2.0000"},
        ),
        (
            reverse("billing:phone_number_edit", args=[builders.phone_number().pk]),
            {"description": "Reception"},
            {"ends_on": "2027-01-31"},
        ),
        (reverse("billing:settings_edit"), {"due_days": "9"}, {"overdue_days": "3"}),
        (reverse("core:provider_edit"), {"phone": "023 1"}, {"address": "12 Main Road"}),
        (reverse("core:staff_edit", args=[person.pk]), {"first_name": "Ann"}, {"last_name": "Bee"}),
        (action, {"kind": "garden", "address_list": "walled"}, {"kind": "garden", "address_list": "late"}),
    ):
        opened = filled(client.get(url))
        assert client.post(url, {**opened, **theirs}).status_code == 302, url
        page = client.post(url, {**opened, **mine})
        assert page.status_code == 200, url
        text = page.content.decode()
        assert " changed the " in text, url
        assert 'name="seen"' in text, url
        now_stored = filled(client.get(url))
        assert {name: str(now_stored[name]) for name in theirs} == theirs, url
        assert client.post(url, filled(page)).status_code == 302, url
        now_stored = filled(client.get(url))
        assert {name: str(now_stored[name]) for name in mine} == {n: str(v) for n, v in mine.items()}, url
