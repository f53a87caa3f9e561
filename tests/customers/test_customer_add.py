"""Adding a customer through the page: Generate, errors that lose nothing, the way to the profile."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts.models import Customer
from groups.models import CustomerGroup
from ispbilling.core.models import Event, Role
from tests import builders

ADD = "/customers/add/"


@pytest.fixture
def sent(db: None) -> dict[str, Any]:
    home = builders.group(title="Home")
    return {
        "group": home.pk, "type": "individual", "contact_name": "Frikkie Visser", "code": "", "generated": "",
        "phone": "021 555 0000", "mobile": "+27821234567", "email": "f@example.test", "vip": "on",
        "physical_address": "(-34.06752, 18.829709999999977)", "username": "", "welcome": "on",
    }  # fmt: skip


@pytest.mark.feature("ADD-2")
@pytest.mark.feature("ADD-5")
@pytest.mark.feature("ADD-6")
@pytest.mark.feature("D-5")
def test_it_adds_a_person_and_goes_to_the_profile(as_manager: Client, sent: dict[str, Any]) -> None:
    response = as_manager.post(ADD, sent)
    made = Customer.objects.get()
    assert response.url == made.get_absolute_url()
    assert (made.code, made.name, made.vip, str(made.latitude)) == (
        "FRI001",
        "Frikkie Visser",
        True,
        "-34.067520",
    )
    assert Event.objects.get(kind="portal_login.added").data["welcome"] is True
    assert "FRI001" in as_manager.get(response.url).content.decode()


@pytest.mark.feature("ADD-10")
def test_it_adds_a_company_under_its_company_name(as_manager: Client, sent: dict[str, Any]) -> None:
    as_manager.post(ADD, sent | {"type": "company", "company_name": "2D Consulting"})
    made = Customer.objects.get()
    assert (made.code, made.name, made.contact_name) == ("2DC001", "2D Consulting", "Frikkie Visser")


@pytest.mark.feature("ADD-8")
def test_it_stays_silent_when_the_welcome_mail_is_not_ticked(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    del sent["welcome"]
    as_manager.post(ADD, sent)
    assert Event.objects.get(kind="portal_login.added").data["welcome"] is False


@pytest.mark.feature("ADD-10")
def test_it_marks_every_missing_field_and_keeps_what_was_typed(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    wrong = sent | {"type": "company", "email": "", "phone": "", "mobile": "", "postal_address": "PO Box 12"}
    page = as_manager.post(ADD, wrong)
    lines = {line.label for line in page.context["error_lines"]}
    assert lines == {"Email(s)", "Company name", "Primary tel no"}
    body = page.content.decode()
    assert "Frikkie Visser" in body
    assert "PO Box 12" in body
    assert not Customer.objects.exists()


@pytest.mark.feature("ACC-10")
def test_generate_fills_the_code_and_checks_nothing_else(as_manager: Client, sent: dict[str, Any]) -> None:
    page = as_manager.post(ADD, sent | {"generate": "1", "email": "", "postal_address": "kept"})
    body = page.content.decode()
    assert 'value="FRI001"' in body
    assert "kept" in body
    assert page.context["error_lines"] == []
    assert not Customer.objects.exists()
    again = as_manager.post(ADD, sent | {"generate": "1"}).content.decode()
    assert 'value="FRI001"' in again


@pytest.mark.feature("ACC-10")
def test_generate_needs_the_name_first(as_manager: Client, sent: dict[str, Any]) -> None:
    page = as_manager.post(ADD, sent | {"generate": "1", "contact_name": ""}).content.decode()
    assert "Enter the contact name first" in page


@pytest.mark.feature("ACC-5")
def test_generate_asks_for_the_first_name_where_it_is_missing(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    page = as_manager.post(ADD, sent | {"generate": "1", "contact_name": "Mr. Slabbert"}).content.decode()
    assert 'value="SLA001"' in page
    assert "get the first name" in page


@pytest.mark.feature("ACC-10")
def test_it_takes_the_next_code_when_somebody_was_quicker_and_says_so(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    builders.customer(code="FRI001")
    page = as_manager.post(ADD, sent | {"code": "FRI001", "generated": "FRI001"}, follow=True)
    assert "FRI001 was taken meanwhile, so the account code is FRI002" in page.content.decode()


@pytest.mark.feature("ADD-4")
def test_it_refuses_a_typed_code_or_username_in_use(as_manager: Client, sent: dict[str, Any]) -> None:
    builders.portal_user(builders.customer(code="FRI001"))
    page = as_manager.post(ADD, sent | {"code": "fri001", "username": "FRI001"})
    assert {line.label for line in page.context["error_lines"]} == {
        "Accounting code",
        "Client portal username",
    }
    assert Customer.objects.count() == 1


@pytest.mark.feature("GRP-1")
def test_it_offers_no_deleted_group(as_manager: Client, sent: dict[str, Any]) -> None:
    CustomerGroup.objects.update(deleted_at="2026-01-01T00:00:00Z")
    builders.group(title="Open")
    assert as_manager.post(ADD, sent).status_code == 200
    assert not Customer.objects.exists()


def test_it_is_for_those_who_may_add(client: Client, sent: dict[str, Any]) -> None:
    client.force_login(builders.staff(Role.READ_ONLY))
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, sent).status_code == 403
    assert Client(enforce_csrf_checks=True).post(reverse("customers:customer_add"), sent).status_code == 403
