"""The event log and the provider's details, through their pages."""

import pytest
from django.test import Client

from ispbilling.core import events
from ispbilling.core.models import Event, Provider, Role
from tests import builders


def test_the_provider_edits_what_paper_says_and_the_change_is_on_record(as_manager: Client, manager) -> None:
    page = as_manager.get("/provider/")
    assert page.status_code == 200
    between = page.content.decode().partition("form-card")[2].partition("data-submit")[0]
    assert "</form>" not in between, "the button must be inside the form"
    sent = {"name": "Karoo Connect", "vat_number": "4123456789", "maps-geocoder": "none"}
    as_manager.post("/provider/", sent | builders.DATA_TAB)
    assert Provider.get().vat_number == "4123456789"
    event = Event.objects.filter(kind="provider.changed").get()
    assert (event.actor, event.data["changes"]["name"]) == (manager, ["My ISP", "Karoo Connect"])


def test_the_log_shows_what_changed_escaped(as_manager: Client, alice) -> None:
    events.record("customer.edited", alice, changes={"name": ["<b>old</b>", "new"]})
    page = as_manager.get("/events/").content.decode()
    assert "name: &lt;b&gt;old&lt;/b&gt; → new" in page
    assert "<b>old" not in page


@pytest.mark.parametrize(
    ("role", "status"), [(Role.SUPPORT, 403), (Role.OWNER, 200), (Role.FINANCIAL_MANAGER, 200)]
)
def test_the_log_is_for_those_who_may_see_it(db, role: Role, status: int) -> None:
    client = Client()
    client.force_login(builders.staff(role))
    assert client.get("/events/").status_code == status
