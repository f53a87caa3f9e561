"""Adding a customer through the page: Generate, errors that lose nothing, the way to the profile."""

from typing import Any

import pytest
from django.core import mail as django_mail
from django.test import Client
from django.urls import reverse

from customers.accounts.models import CodeCounter, Customer, PortalLogin
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from notifications.announce import announce
from notifications.deliver import deliver
from notifications.models import Message
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


@pytest.mark.feature("ADD-1", "ADD-2", "ADD-5", "ADD-6", "ADD-9", "D-5")
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


@pytest.mark.feature("ADD-2")
def test_the_list_and_the_menu_lead_to_it(as_manager: Client, db: None) -> None:
    page = as_manager.get("/customers/").content.decode()
    assert page.count(f'href="{ADD}"') >= 2
    assert "Add Customer" in page


@pytest.mark.feature("ADD-3")
def test_it_asks_for_all_that_is_known_and_stores_it(as_manager: Client, sent: dict[str, Any]) -> None:
    run = BillingGroup.objects.create(title="Netcash Run 1")
    category, label = Category.objects.create(title="Topup"), Label.objects.create(title="Tower 3")
    site = HighSite.objects.create(name="Kop")
    more = {
        "billing_group": run.pk, "categories": [category.pk], "labels": [label.pk], "high_site": site.pk,
        "id_number": "8001015009087", "vat_number": "4123456789", "postal_address": "PO Box 12",
    }  # fmt: skip
    assert as_manager.post(ADD, sent | more).status_code == 302
    made = Customer.objects.get()
    assert (made.billing_group, made.high_site, made.id_number) == (run, site, "8001015009087")
    assert (made.vat_number, made.postal_address) == ("4123456789", "PO Box 12")
    assert [*made.categories.all(), *made.labels.all()] == [category, label]


@pytest.mark.feature("ADD-9")
def test_the_address_is_not_compulsory(as_manager: Client, sent: dict[str, Any]) -> None:
    assert as_manager.post(ADD, sent | {"physical_address": ""}).status_code == 302
    assert Customer.objects.get().latitude is None


@pytest.mark.feature("ADD-5", "D-4")
def test_staff_may_set_a_password_by_hand_but_a_weak_one_is_refused(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    by_hand = sent | {"change_password": "on", "password1": "FRI001", "password2": "FRI001"}
    assert "too short" in as_manager.post(ADD, by_hand).content.decode()
    by_hand |= {"password1": "rabbit-hole-9", "password2": "rabbit-hole-9"}
    assert as_manager.post(ADD, by_hand).status_code == 302
    login = Customer.objects.get().portal_logins.get()
    assert login.user.check_password("rabbit-hole-9")
    assert "rabbit-hole-9" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.feature("ADD-8", "D-4")
def test_the_welcome_mail_has_the_username_and_a_link_and_never_a_password(
    as_manager: Client, sent: dict[str, Any]
) -> None:
    by_hand = {"change_password": "on", "password1": "rabbit-hole-9", "password2": "rabbit-hole-9"}
    as_manager.post(ADD, sent | by_hand)
    announce(now()).apply(now())
    deliver(now()).apply(now())
    mail = django_mail.outbox[0]
    assert mail.to == ["f@example.test"]
    assert "FRI001" in mail.body
    assert "/account/password/reset/key/" in mail.body
    assert "rabbit-hole-9" not in mail.body + Message.objects.get().body_text


@pytest.mark.feature("ADD-7", "PWD-1")
def test_afterwards_the_edit_dialog_mails_a_reset_link(as_manager: Client, sent: dict[str, Any]) -> None:
    as_manager.post(ADD, sent)
    made = Customer.objects.get()
    found = as_manager.get("/customers/?q=Frikkie").content.decode()
    edit = reverse("customers:customer_edit", args=[made.pk])
    assert edit in found
    reset = reverse("customers:customer_password_reset", args=[made.pk])
    assert reset in as_manager.get(edit).content.decode()
    as_manager.post(reset)
    assert Event.objects.get(kind="portal_login.reset_requested").data["email"] == "f@example.test"


@pytest.mark.feature("ACC-12")
def test_the_code_is_proposed_for_the_name_so_far(as_manager: Client, db: None) -> None:
    def hint(**data: str) -> str:
        return as_manager.post("/customers/hints/code/", data).content.decode()

    page = as_manager.get(ADD) if builders.group() else None
    assert 'hx-post="/customers/hints/code/"' in page.content.decode()
    assert 'data-code="FRI001"' in hint(type="individual", contact_name="Frik")
    builders.customer(code="FRI001")
    assert 'data-code="FRI002"' in hint(type="individual", contact_name="Frikkie Visser")
    assert 'data-code="2DC001"' in hint(type="company", company_name="2D Consulting", contact_name="Frik")
    assert "get the first name" in hint(type="individual", contact_name="Mr. Slabbert")
    assert 'data-code=""></span>' in hint(type="individual", contact_name=" ")
    assert "letters or digits" in hint(type="company", company_name="@@@")
    assert not CodeCounter.objects.exists()


@pytest.mark.feature("ACC-13", "ADD-5")
def test_the_username_is_the_code_unless_another_is_given(as_manager: Client, sent: dict[str, Any]) -> None:
    as_manager.post(ADD, sent | {"code": "JEN/002"})
    as_manager.post(ADD, sent | {"code": "JEN003", "username": "JEN004"})
    logins = PortalLogin.objects.order_by("customer__code").values_list("customer__code", "user__username")
    assert list(logins) == [("JEN/002", "JEN-002"), ("JEN003", "JEN004")]
