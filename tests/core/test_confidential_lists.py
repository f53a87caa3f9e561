"""A list of personal data is handed out only to who has read what it is and said what for (LST-10)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling.core import confidential
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from tests import builders

CSV = "/customers/?export=csv&q=liddell"
DIALOG = {"HX-Request": "true", "HX-Target": "dialog-content"}
SAID = {"purpose": "Statements to the auditor", "understood": "on"}


@pytest.fixture
def accountant(client: Client, alice: Customer, bob: Customer) -> Client:
    client.force_login(builders.staff(Role.FINANCIAL_MANAGER))
    return client


@pytest.mark.feature("LST-10")
def test_the_first_export_is_a_notice_and_takes_nothing_out(accountant: Client) -> None:
    page = accountant.get(CSV).content.decode()
    assert "names, addresses, telephone numbers" in page
    assert "1 row" in page
    assert "Search: liddell" in page
    assert "Account Code" in page
    assert "alice@example.test" not in page
    assert not Event.objects.exists()


@pytest.mark.feature("LST-10")
def test_who_names_a_purpose_gets_the_file_and_it_is_recorded(accountant: Client) -> None:
    answer = accountant.post(CSV, SAID)
    assert (answer.status_code, answer["Location"]) == (302, CSV)
    lines = b"".join(accountant.get(CSV).streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert "alice@example.test" in lines[1]
    data = Event.objects.get(kind="list.exported").data
    assert (data["list"], data["format"], data["rows"], data["purpose"]) == (
        "Customers", "csv", 1, "Statements to the auditor",
    )  # fmt: skip
    assert data["conditions"] == ["State: Normal", "Search: liddell"]
    assert "Email" in data["columns"]


@pytest.mark.feature("LST-10")
@pytest.mark.parametrize(
    "sent", [{}, {"purpose": "x"}, {"understood": "on"}, {"purpose": "  ", "understood": "on"}]
)
def test_without_purpose_and_confirmation_nothing_leaves(accountant: Client, sent: dict[str, str]) -> None:
    assert accountant.post(CSV, sent).status_code == 200
    assert accountant.get(CSV)["Content-Type"].startswith("text/html")
    assert not Event.objects.exists()


def test_the_dialog_tells_the_page_to_fetch_the_file(accountant: Client) -> None:
    dialog = accountant.get(CSV, headers=DIALOG).content.decode()
    assert "<html" not in dialog
    assert "hx-post" in dialog
    answer = accountant.post(CSV, SAID, headers=DIALOG)
    assert answer.status_code == 204
    assert answer["HX-Trigger"] == '{"exportConfirmed": {"format": "csv"}}'
    assert "data-must-confirm" not in accountant.get("/customers/").content.decode()


def test_it_asks_per_list_per_session_and_again_after_an_hour(accountant: Client) -> None:
    accountant.post(CSV, SAID)
    assert "data-must-confirm" in accountant.get(reverse("radius:data_account_list")).content.decode()
    request = accountant.get("/customers/").wsgi_request
    name = next(iter(request.session["confidential"]))
    assert confidential.purpose(request, name, now() + timedelta(minutes=59))
    assert not confidential.purpose(request, name, now() + timedelta(minutes=61))
    accountant.logout()
    accountant.force_login(builders.staff(Role.FINANCIAL_MANAGER))
    assert "data-must-confirm" in accountant.get("/customers/").content.decode()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.ACCOUNTS, Role.READ_ONLY])
def test_who_may_not_export_is_not_even_asked(client: Client, alice: Customer, role: Role) -> None:
    client.force_login(builders.staff(role))
    assert "data-export" not in client.get("/customers/").content.decode()
    assert client.get(CSV).status_code == 403
    assert client.post(CSV, SAID).status_code == 403
